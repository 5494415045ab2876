"""The trials of a session that can become samples: one each, or one for each part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.dataset.fitness import mark_of
from emer_studio.labels.consensus import Consensus
from emer_studio.labels.units import Span, Units
from emer_studio.recording.reader import Recording, ShownClip
from emer_studio.schema.dataset import SampleRow
from emer_studio.schema.decisions import Decisions, left_out

__all__ = ["Trial", "felt_in", "sample_row", "trials_of"]

_FELT_KINDS = ("sam", "slider", "choice")  # the pages that say what was felt


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial as the journal has it.

    Attributes
    ----------
    number : int
    clip : str
    onset_s, end_s : float
        Of the clip, recorder's LSL clock.
    ratings : tuple of dict
        The journal's, the last of each page.
    marked : str
        Why it was not presented as it is meant to be; empty for most.
    spans : tuple of Span
        What its samples are; empty where it cannot have one.
    spanless : str
        Why not.
    remark : str
        What is odd about its label unit; empty for most.
    """

    number: int
    clip: str
    onset_s: float
    end_s: float
    ratings: tuple[dict[str, Any], ...] = ()
    marked: str = ""
    spans: tuple[Span, ...] = ()
    spanless: str = ""
    remark: str = ""


def trials_of(recording: Recording, decisions: Decisions, units: Units) -> list[Trial]:
    """Return the finished trials that count, with their ratings, in order of time.

    What was shown again is one of them only where a person decided so.
    """
    found = [
        _trial(recording, units, shown)
        for shown in recording.whole_clips
        if shown.done and not (shown.repeated and left_out(decisions.get(shown.trial), "-"))
    ]
    return sorted(found, key=lambda trial: trial.onset_s)


def _trial(recording: Recording, units: Units, shown: ShownClip) -> Trial:
    spans: tuple[Span, ...] = ()
    spanless = ""
    try:
        spans = units.of(shown)
    except BadInputError as problem:
        spanless = problem.message
    return Trial(
        number=shown.trial,
        clip=shown.clip,
        onset_s=shown.onset_s,
        end_s=shown.end_s,
        ratings=tuple(r for r in recording.ratings if r["trial"] == shown.trial),
        marked=mark_of(recording, shown),
        spans=spans,
        spanless=spanless,
        remark=units.remark,
    )


def sample_row(
    session: str,
    participant: str,
    trial: Trial,
    span: Span,
    fer: Consensus | None,
    reason: str,
) -> SampleRow:
    """Return the sample's names and labels: ER from the participant, FER from experts.

    Parameters
    ----------
    session, participant : str
    trial : Trial
    span : Span
        The sample, one of the trial's. What the participant said is weak for a part.
    fer : Consensus or None
        Of the experts, on this very span; None where nobody labelled the face.
    reason : str
        Why it is excluded; empty when it is not.
    """
    felt = felt_in(trial)
    seen: dict[str, Any] = {}
    if fer is not None:
        seen = {"fer_emotion": fer.category, "fer_intensity": fer.intensity}
        seen |= {"fer_valence": fer.valence, "fer_arousal": fer.arousal}
    return SampleRow(
        sample_id=span.item,
        participant=participant,
        session=session,
        stimulus=trial.clip,
        trial=trial.number,
        unit=span.kind,
        from_s=round(span.start_s - span.onset_s, 6),
        start_s=span.start_s,
        end_s=span.end_s,
        excluded=bool(reason),
        reason=reason,
        er_weak=bool(felt) and not span.whole,
        **felt,
        **seen,
    )


def felt_in(trial: Trial) -> dict[str, Any]:
    """Return the ER labels of a trial, which the participant gave to the whole clip."""
    felt: dict[str, Any] = {}
    for rating in trial.ratings:
        mapped, value = rating.get("mapped"), rating.get("value")
        if rating.get("kind", "choice") not in _FELT_KINDS:
            continue  # an item called "arousal", a text that says "fear"
        if isinstance(mapped, dict):
            axes = ("valence", "arousal")
            felt |= {f"er_{axis}": mapped[axis] for axis in axes if axis in mapped}
        elif value in EMOTIONS:
            felt["er_emotion"] = value
    return felt

"""The table of trials: when, what was shown, what was felt, what experts saw."""

from __future__ import annotations

from typing import Any

from emer_studio.core.emotions import EMOTIONS
from emer_studio.dataset.export.answers import answer_columns, answers_of
from emer_studio.dataset.export.columns import Column, Table
from emer_studio.dataset.export.gather import Gathered, OutSession
from emer_studio.dataset.trials import Trial, felt_in
from emer_studio.labels.consensus import Consensus

__all__ = ["SEEN_COLUMNS", "said_of", "trial_table"]

_SEVEN = {name: name for name in EMOTIONS}
_FELT, _SEEN = "the participant's answers", "consensus of the experts' labels"
_YES_NO = {"yes": "yes", "no": "no"}

_ABOUT = (
    Column("participant", "code", source="the export"),
    Column("session", "number of the session", source="session.json", dtype="Int64"),
    Column("trial", "number of the trial", source="journal", dtype="Int64"),
    Column(
        "onset_s",
        "when the clip's first picture was submitted, from the session's zero",
        "s",
        "journal",
    ),
    Column("duration_s", "from there to the clip's end", "s", "journal"),
    Column(
        "stimulus", "id of the clip; the clip itself is never exported", source="protocol"
    ),
    Column("stimulus_sha256", "of the clip's file as it was shown", source="session.json"),
    Column("stimulus_from_s", "where in its file the clip begins", "s", "clip manifest"),
    Column(
        "stimulus_to_s", "where it ends; missing at the file's end", "s", "clip manifest"
    ),
    Column(
        "target_emotion",
        "what the clip is meant to make people feel",
        source="clip manifest",
        levels=_SEVEN,
    ),
)
SEEN_COLUMNS = (
    Column(
        "fer_emotion", "what the face showed; missing on a tie", source=_SEEN, levels=_SEVEN
    ),
    Column("fer_intensity", "how strongly, 0 to 3", "1", _SEEN),
    Column("fer_valence", "shown, -1 unpleasant to 1 pleasant", "1", _SEEN),
    Column("fer_arousal", "shown, -1 calm to 1 excited", "1", _SEEN),
    Column("fer_raters", "how many experts labelled the face", "1", _SEEN, dtype="Int64"),
)
_LABELS = (
    Column("er_valence", "felt, -1 unpleasant to 1 pleasant", "1", _FELT),
    Column("er_arousal", "felt, -1 calm to 1 excited", "1", _FELT),
    Column("er_emotion", "what was felt", source=_FELT, levels=_SEVEN),
    *SEEN_COLUMNS,
    Column(
        "as_planned",
        "whether the clip was presented as it is meant to be",
        source="journal",
        levels=_YES_NO,
    ),
    Column(
        "decision",
        "what a person decided about using the trial; missing for most",
        source="decisions.jsonl",
        levels={"keep": "use it", "exclude": "leave it out"},
    ),
)
_WORDS = (
    Column("not_as_planned_because", "why not", source="journal"),
    Column("decision_reason", "in the person's words", source="decisions.jsonl"),
)


def trial_table(gathered: Gathered, sessions: list[OutSession] | None = None) -> Table:
    """Return one row for each finished trial.

    Parameters
    ----------
    gathered : Gathered
    sessions : list of OutSession, optional
        Only of these.
    """
    some = gathered.sessions if sessions is None else sessions
    release = gathered.names.release
    words = () if release else _WORDS
    columns = (*_ABOUT, *answer_columns(some, release=release), *_LABELS, *words)
    rows = [_row(gathered, one, trial) for one in some for trial in one.trials]
    return Table("trials", columns, rows)


def said_of(seen: Consensus | None) -> dict[str, Any]:
    """Return what the experts saw, by the names of its columns."""
    if seen is None:
        return {}
    return {
        "fer_emotion": seen.category,
        "fer_intensity": seen.intensity,
        "fer_valence": seen.valence,
        "fer_arousal": seen.arousal,
        "fer_raters": seen.raters,
    }


def _row(gathered: Gathered, one: OutSession, trial: Trial) -> dict[str, Any]:
    release = gathered.names.release
    clip = one.clips.get(trial.clip)
    decision = one.decisions.get(trial.number)
    seen = gathered.labels.get(f"{one.session.name}/trial-{trial.number}")
    row: dict[str, Any] = {
        "participant": gathered.names.person(one.code),
        "session": one.session.manifest.session,
        "trial": trial.number,
        "onset_s": round(trial.onset_s - one.zero_s, 4),
        "duration_s": round(trial.end_s - trial.onset_s, 4),
        "stimulus": trial.clip,
        "stimulus_sha256": one.session.manifest.clips_sha256.get(trial.clip),
        **felt_in(trial),
        **said_of(seen),
        "as_planned": "no" if trial.marked else "yes",
        "decision": decision.decision if decision else None,
        **answers_of(one, trial, release=release),
    }
    if clip is not None:
        row |= {
            "stimulus_from_s": clip.trim_in_s,
            "stimulus_to_s": clip.trim_out_s,
            "target_emotion": clip.emotion,
        }
    if not release:
        row["not_as_planned_because"] = trial.marked or None
        row["decision_reason"] = decision.reason if decision else None
    return row

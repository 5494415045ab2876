"""Putting the worked-out pieces together: which trial becomes a sample, and why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan
from typing import Any

from emer_studio.core.emotions import EMOTIONS
from emer_studio.dataset.blind import BLIND_HEAD, BlindPass
from emer_studio.dataset.cache import CacheWriter
from emer_studio.dataset.eye_work import EyeWork, TrialEyes, trial_eyes
from emer_studio.dataset.face_work import FaceWork
from emer_studio.dataset.fitness import doubt, nothing_of
from emer_studio.dataset.jobs import Work
from emer_studio.dataset.pieces import Arrays
from emer_studio.dataset.remarks import face_remarks
from emer_studio.dataset.trials import Trial, sample_row
from emer_studio.features.trial_measures import TRIAL_MEASURES
from emer_studio.labels.consensus import Consensus
from emer_studio.labels.units import Span
from emer_studio.schema.decisions import Decisions, left_out
from emer_studio.schema.exclusion import ExclusionRules
from emer_studio.study.folder import Session

__all__ = ["TRIAL_COLUMNS", "Assembly", "BuildReport", "Planned", "measures_row"]

TRIAL_COLUMNS = (
    "session",
    "trial",
    "part",
    "clip",
    "used",
    "reason",
    "remarks",
    "face_share",
    "several_faces_share",
    "gaze_share",
    "gaze_covered",
    "gaze_elsewhere",
)
"""Of ``trials.csv``: every trial, or every window or peak of it, whether it is used (yes,
excluded, left out) and why not, what is odd about it, and what was measured: shares from 0
to 1, empty where unknown."""


@dataclass
class BuildReport:
    """What was built and what was left out.

    Attributes
    ----------
    units : list of str
        What the samples are, in words.
    trials : int
        Of which there are samples: several of one are not independent of each other.
    weak : int
        Samples that have a felt label of the whole clip, of which they are a part.
    not_said_blind : int
        Samples with imported labels that do not say that they were made blind.
    worked_out : int
        Pieces that were not kept from an earlier build.
    left_out, excluded : list of dict
        ``{"session", "trial", "reason"}`` and, of a part, ``"part"``; what was excluded is
        in the dataset, marked, and never used for training.
    kept : list of dict
        The same, with ``"because"``: what a person decided to use all the same.
    """

    samples: int = 0
    units: list[str] = field(default_factory=list)
    trials: int = 0
    weak: int = 0
    not_said_blind: int = 0
    frames: int = 0
    faces: int = 0
    detector: str = ""
    worked_out: int = 0
    left_out: list[dict[str, Any]] = field(default_factory=list)
    excluded: list[dict[str, Any]] = field(default_factory=list)
    kept: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Planned:
    """A session, its trials and the work that they need.

    Attributes
    ----------
    session : Session
    decisions : dict
        What a person decided about its trials.
    unit : str
        What its samples are, in words.
    trials : tuple of Trial
    faces : tuple of FaceWork
        One for each trial.
    eyes : EyeWork
        Of all trials.
    """

    session: Session
    decisions: Decisions
    unit: str
    trials: tuple[Trial, ...]
    faces: tuple[FaceWork, ...]
    eyes: EyeWork


class Assembly:
    """Adds sessions to a dataset.

    Parameters
    ----------
    writer : CacheWriter
    rules : ExclusionRules
        Of the study.
    labels : mapping of str to Consensus
        Of the experts, by sample, in the end.
    unled : BlindPass
        From the blind pass alone.
    problems : mapping of work to str
        Why a piece could not be worked out.
    report : BuildReport
        Is added to.

    Attributes
    ----------
    table : list of list of str
        The rows of ``trials.csv``, its head first.
    measures : list of list of str
        The rows of ``measures.csv``, a sample each: what the eyes did.
    blind : list of list of str
        The rows of ``blind.csv``: what experts agreed on before any suggestion.
    votes : list of list of str
        The rows of ``votes.csv``: how many experts chose each emotion, where any did.
    people : set of str
        Participants with a sample.
    """

    def __init__(
        self,
        writer: CacheWriter,
        rules: ExclusionRules,
        labels: Mapping[str, Consensus],
        unled: BlindPass,
        problems: Mapping[Work, str],
        report: BuildReport,
    ) -> None:
        self._writer, self._rules = writer, rules
        self._labels, self._unled = labels, unled
        self._problems, self._report = problems, report
        self.table: list[list[str]] = [list(TRIAL_COLUMNS)]
        self.measures: list[list[str]] = [["sample_id", *TRIAL_MEASURES]]
        self.votes: list[list[str]] = [["sample_id", *EMOTIONS]]
        self.blind: list[list[str]] = [BLIND_HEAD]
        self.people: set[str] = set()

    def add(self, plan: Planned) -> None:
        """Add the trials of one session."""
        eyes = None if plan.eyes in self._problems else plan.eyes.piece.load()
        for trial, work in zip(plan.trials, plan.faces, strict=True):
            faces = None if work in self._problems else work.piece.load()
            if faces is None or eyes is None:
                lost = work if faces is None else plan.eyes
                self._leave_out(plan, trial, "", self._problems.get(lost) or _DAMAGED)
                continue
            if not trial.spans:
                self._leave_out(plan, trial, "", trial.spanless)
            added = [
                self._add(plan, trial, span, _cut(faces, span), trial_eyes(eyes, span.name))
                for span in trial.spans
            ]
            self._report.trials += any(added)

    def _add(
        self, plan: Planned, trial: Trial, span: Span, faces: Arrays, eyes: TrialEyes
    ) -> bool:
        """Add one sample; return whether it can be one."""
        lacking = nothing_of(len(faces["crops"]), eyes.seen)
        if lacking:
            self._leave_out(plan, trial, span.part, lacking)
            return False
        share = float(faces["valid"].mean())
        rated = bool(trial.ratings)
        doubted = doubt(trial.marked, share, eyes.seen, self._rules, rated=rated)
        reason = self._decided(plan, trial, span.part, doubted)
        session, participant = plan.session.name, plan.session.manifest.participant
        fer = self._labels.get(span.item)
        row = sample_row(session, participant, trial, span, fer, reason)
        if fer is not None:
            votes = (str(fer.votes.get(emotion, 0)) for emotion in EMOTIONS)
            self.votes.append([row.sample_id, *votes])
        band = self._writer.manifest.dead_band
        if (blind := self._unled.row(row.sample_id, span.item, band)) is not None:
            self.blind.append(blind)
            self._report.not_said_blind += blind[-1] != "0"
        self._writer.add(
            row,
            faces["crops"],
            faces["valid"],
            faces["times_s"],
            eyes.rows,
            eyes.times_s,
            eyes.maps,
        )
        self.measures.append(measures_row(row.sample_id, eyes.measures))
        self.people.add(participant)
        self._report.samples += 1
        self._report.weak += row.er_weak
        self._report.frames += len(faces["crops"])
        self._report.faces += int(faces["valid"].sum())
        seen = eyes.seen
        measured = (share, faces["several"].mean(), seen.seen, seen.covered, seen.elsewhere)
        remarks = [*eyes.remarks, *face_remarks(faces["several"])]
        remarks += self._label_remarks(trial, span, session)
        used = "excluded" if reason else "yes"
        self._tell(plan, trial, span.part, used, reason, remarks, measured)
        return True

    def _label_remarks(self, trial: Trial, span: Span, session: str) -> list[str]:
        """Return what is odd about a sample's unit; labels of another unit are not its."""
        found = [trial.remark] if trial.remark else []
        if span.part and f"{session}/trial-{trial.number}" in self._labels:
            found.append("experts labelled the whole clip: that is no label of its parts")
        fer = self._labels.get(span.item)
        if fer is not None and fer.category is None:
            found.append(f"experts labelled it, without a consensus: {fer.state}")
        return found

    def _decided(self, plan: Planned, trial: Trial, part: str, doubted: str) -> str:
        """Return why the trial is excluded, which is a person's to decide in the end."""
        decision = plan.decisions.get(trial.number)
        reason = left_out(decision, doubted)
        about = _about(plan, trial, part)
        if reason:
            self._report.excluded.append({**about, "reason": reason})
        elif decision is not None and doubted:
            why = {"reason": doubted, "because": decision.reason}
            self._report.kept.append({**about, **why})
        return reason

    def _leave_out(self, plan: Planned, trial: Trial, part: str, reason: str) -> None:
        self._report.left_out.append({**_about(plan, trial, part), "reason": reason})
        self._tell(plan, trial, part, "left out", reason)

    def _tell(
        self,
        plan: Planned,
        trial: Trial,
        part: str,
        used: str,
        reason: str,
        remarks: Sequence[str] = (),
        measured: tuple[float, ...] = (),
    ) -> None:
        cells = [f"{share:.3f}" for share in measured] or [""] * 5
        name, number = plan.session.name, str(trial.number)
        told = [used, reason, "; ".join(remarks)]
        self.table.append([name, number, part, trial.clip, *told, *cells])


def _about(plan: Planned, trial: Trial, part: str) -> dict[str, Any]:
    about = {"session": plan.session.name, "trial": trial.number}
    return {**about, "part": part} if part else about


def _cut(faces: Arrays, span: Span) -> Arrays:
    """Return the part of a clip's frames that lies in a span, timed from its start."""
    if span.whole:
        return faces
    from_s, to_s = span.start_s - span.onset_s, span.end_s - span.onset_s
    times_s = faces["times_s"]
    inside = (times_s >= from_s) & (times_s < to_s)
    cut = {name: array[inside] for name, array in faces.items()}
    return {**cut, "times_s": cut["times_s"] - from_s}


def measures_row(sample_id: str, measures: Mapping[str, float]) -> list[str]:
    """Return a row of ``measures.csv``; an empty cell is what could not be measured."""
    cells = (measures[name] for name in TRIAL_MEASURES)
    return [sample_id, *("" if isnan(value) else f"{value:.6g}" for value in cells)]


_DAMAGED = "what was kept of it is damaged: delete derived/dataset of the session"

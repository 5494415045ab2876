"""From recorded sessions to a dataset: one sample per trial, everything cut to the clip.

A trial that cannot become a sample is told with its reason; the rest is built.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import numpy.typing as npt

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.dataset.cache import CacheWriter
from emer_studio.dataset.fitness import doubt, gaze_in, gaze_of, mark_of, nothing_of
from emer_studio.features.eye_table import eye_table
from emer_studio.features.eyes import eyes_of
from emer_studio.features.faces import (
    FaceDetector,
    align_crop,
    open_detector,
    pick_main_face,
)
from emer_studio.labels.consensus import Consensus, consensus
from emer_studio.labels.store import LabelStore
from emer_studio.recording.reader import Recording
from emer_studio.schema.dataset import FACE_SIZE, SampleRow
from emer_studio.schema.decisions import Decisions, left_out
from emer_studio.study.decisions import decisions_of
from emer_studio.study.demographics import Demographics
from emer_studio.study.folder import Study

__all__ = ["BuildReport", "build_dataset"]


@dataclass
class BuildReport:
    """What was built and what was left out.

    Attributes
    ----------
    left_out, excluded : list of dict
        ``{"session", "trial", "reason"}``; what was excluded is in the dataset, marked, and
        never used for training.
    kept : list of dict
        The same, with ``"because"``: what a person decided to use all the same.
    """

    samples: int = 0
    frames: int = 0
    faces: int = 0
    detector: str = ""
    left_out: list[dict[str, Any]] = field(default_factory=list)
    excluded: list[dict[str, Any]] = field(default_factory=list)
    kept: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Trial:
    """One trial as the journal has it."""

    number: int
    clip: str
    onset_s: float
    end_s: float
    ratings: tuple[dict[str, Any], ...]
    marked: str = ""


def build_dataset(
    study: Study, out: Path, *, on_trial: Callable[[int, int], None] = lambda _d, _t: None
) -> BuildReport:
    """Build a dataset from every finished trial of a study.

    Parameters
    ----------
    study : Study
        The study.
    out : Path
        Folder to create; one that holds something is refused.
    on_trial : callable
        Called with the number of trials done and their total.

    Raises
    ------
    BadInputError
        When the study has no trial that can become a sample.
    """
    sessions = [(s, _open(s.folder)) for s in study.sessions()]
    total = sum(len(recording.events("trial_done")) for _, recording in sessions)
    if not total:
        raise BadInputError(
            f"The study {study.folder} has no finished trial.",
            fix="Record a session first.",
        )
    labels = _consensus_of(study)
    report = BuildReport()
    detector = open_detector()
    report.detector = detector.name
    report.left_out += [{"session": name, "reason": why} for name, why in study.damaged()]
    simulated = any(session.manifest.simulated for session, _ in sessions)
    imported = any(session.manifest.imported for session, _ in sessions)
    notes = _notes(simulated=simulated, imported=imported)
    done, people = 0, set[str]()
    with CacheWriter(
        out, name=study.file.name, simulated=simulated, imported=imported, notes=notes
    ) as writer:
        for session, recording in sessions:
            manifest = session.manifest
            try:
                gaze, decisions = gaze_of(recording), decisions_of(session.folder)
            except BadInputError as problem:
                report.left_out.append({"session": session.name, "reason": problem.message})
                continue
            eyes = eyes_of(gaze)
            for trial, crops, valid, times_s in _faces(recording, decisions, detector):
                done += 1
                on_trial(done, total)
                item = f"{session.name}/trial-{trial.number}"
                inside = (gaze.times_s >= trial.onset_s) & (gaze.times_s < trial.end_s)
                seen = gaze_in(gaze, trial.onset_s, trial.end_s)
                about = {"session": session.name, "trial": trial.number}
                lacking = nothing_of(len(crops), seen)
                if lacking:
                    report.left_out.append({**about, "reason": lacking})
                    continue
                decision = decisions.get(trial.number)
                doubted = doubt(trial.marked, float(valid.mean()), seen)
                reason = left_out(decision, doubted)
                if decision is not None and doubted and not reason:
                    why = {"reason": doubted, "because": decision.reason}
                    report.kept.append({**about, **why})
                if reason:
                    report.excluded.append({**about, "reason": reason})
                row = _row(
                    item, manifest.participant, session.name, trial, labels.get(item)
                )
                row = row.model_copy(update={"excluded": bool(reason), "reason": reason})
                writer.add(
                    row,
                    crops,
                    valid,
                    times_s - trial.onset_s,
                    eye_table(eyes, trial.onset_s, trial.end_s),
                    gaze.times_s[inside] - trial.onset_s,
                )
                people.add(manifest.participant)
                report.samples += 1
                report.frames += len(crops)
                report.faces += int(valid.sum())
        if not report.samples:
            reasons = sorted({entry["reason"].rstrip(".") for entry in report.left_out})
            raise BadInputError(
                f"No trial could become a sample: {'; '.join(reasons)}.",
                fix="emer-studio check SESSION tells more about each recording.",
            )
        writer.add_table("participants.csv", _participants(study, people))
    return report


def _notes(*, simulated: bool, imported: bool) -> str:
    simulation = "Contains simulated recordings. Not data about people."
    elsewhere = "Contains recordings from elsewhere, timed as they were given."
    return " ".join([simulation] * simulated + [elsewhere] * imported)


def _participants(study: Study, people: set[str]) -> list[list[str]]:
    """Return the table of the people in a dataset, with what the protocols asked them."""
    known = Demographics(study.folder).all()
    items = list(
        dict.fromkeys(item for code in sorted(people) for item in known.get(code, {}))
    )
    rows = [
        [code, *(known.get(code, {}).get(item, "") for item in items)] for code in people
    ]
    return [["participant", *items], *sorted(rows)]


def _open(folder: Path) -> Recording:
    return Recording(folder)


def _consensus_of(study: Study) -> dict[str, Consensus]:
    path = study.folder / "labels.sqlite"
    if not path.is_file():
        return {}
    store = LabelStore(path)
    try:
        return consensus(store.events())
    finally:
        store.close()


def _trials(recording: Recording, decisions: Decisions) -> list[_Trial]:
    """Return the finished trials that count, with their ratings.

    What was shown again is one of them only where a person decided so.
    """
    ratings = recording.ratings
    return [
        _Trial(
            number=shown.trial,
            clip=shown.clip,
            onset_s=shown.onset_s,
            end_s=shown.end_s,
            ratings=tuple(r for r in ratings if r["trial"] == shown.trial),
            marked=mark_of(recording, shown),
        )
        for shown in recording.whole_clips
        if shown.done and not (shown.repeated and left_out(decisions.get(shown.trial), "-"))
    ]


_FELT_KINDS = ("sam", "slider", "choice")  # the pages that say what was felt
Picture = npt.NDArray[np.uint8]
_Faces = tuple[
    _Trial, npt.NDArray[np.uint8], npt.NDArray[np.uint8], npt.NDArray[np.float64]
]


def _faces(
    recording: Recording, decisions: Decisions, detector: FaceDetector
) -> Iterator[_Faces]:
    """Yield each trial with its face crops (RGB), their validity and stamps.

    The videos are decoded once, front to back; only frames inside a trial are looked at.
    """
    trials = sorted(_trials(recording, decisions), key=lambda trial: trial.onset_s)
    pending = list(trials)
    crops: list[npt.NDArray[np.uint8]] = []
    valid: list[int] = []
    stamps: list[float] = []
    for t_s, picture in _pictures(recording):
        while pending and t_s >= pending[0].end_s:
            yield _packed(pending.pop(0), crops, valid, stamps)
            crops, valid, stamps = [], [], []
        if not pending:
            return
        if t_s < pending[0].onset_s:
            continue
        bgr = cast("Picture", picture.to_ndarray(format="bgr24"))
        face = pick_main_face(detector.detect(bgr))
        crop = np.zeros((FACE_SIZE, FACE_SIZE, 3), np.uint8)
        if face is not None:
            crop[:] = align_crop(bgr, face, FACE_SIZE)[:, :, ::-1]
        crops.append(crop)
        valid.append(face is not None)
        stamps.append(t_s)
    for trial in pending:
        yield _packed(trial, crops, valid, stamps)
        crops, valid, stamps = [], [], []


def _pictures(recording: Recording) -> Iterator[tuple[float, av.VideoFrame]]:
    for video in recording.videos:
        times_s = recording.frame_times(video)
        with av.open(str(video)) as container:
            # An index without a frame, or a frame without an index, ends at the shorter.
            yield from zip(times_s.tolist(), container.decode(video=0), strict=False)


def _packed(
    trial: _Trial, crops: list[npt.NDArray[np.uint8]], valid: list[int], stamps: list[float]
) -> _Faces:
    pictures = (
        np.stack(crops) if crops else np.empty((0, FACE_SIZE, FACE_SIZE, 3), np.uint8)
    )
    return trial, pictures, np.array(valid, np.uint8), np.array(stamps, np.float64)


def _row(
    item: str, participant: str, session: str, trial: _Trial, fer: Consensus | None
) -> SampleRow:
    """Return the sample's names and labels: ER from the participant, FER from experts."""
    felt: dict[str, Any] = {}
    for rating in trial.ratings:
        mapped, value = rating.get("mapped"), rating.get("value")
        if rating.get("kind", "choice") not in _FELT_KINDS:
            continue  # an item called "arousal", a text that says "fear"
        if isinstance(mapped, dict):
            felt |= {
                f"er_{key}": mapped[key] for key in ("valence", "arousal") if key in mapped
            }
        elif value in EMOTIONS:
            felt["er_emotion"] = value
    seen: dict[str, Any] = {}
    if fer is not None:
        seen = {"fer_emotion": fer.category, "fer_intensity": fer.intensity}
    return SampleRow(
        sample_id=item,
        participant=participant,
        session=session,
        stimulus=trial.clip,
        trial=trial.number,
        start_s=trial.onset_s,
        end_s=trial.end_s,
        **felt,
        **seen,
    )

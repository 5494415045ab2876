"""A lab's own copy of EMER as a dataset of ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from emer_studio.core.errors import BadInputError
from emer_studio.dataset.cache import CacheWriter
from emer_studio.dataset.emer_eyes import EyeSheets, open_sheets
from emer_studio.dataset.emer_labels import EmerLabels, read_labels
from emer_studio.dataset.emer_layout import (
    EmerFiles,
    frames_of,
    open_emer,
    participant_of,
)
from emer_studio.dataset.sets import SETS_FILE
from emer_studio.schema.dataset import FACE_SIZE, SampleRow

__all__ = ["FACE_HZ", "EmerImport", "import_emer"]

FACE_HZ = 30.0
"""Frames a second where nobody says. Inferred: 300 frames a sample are 10 s of a webcam;
the true rate is not public."""
_NOTE = (
    "EMER, imported from a lab's own copy; its licence forbids passing it on. Inferred, not"
    " stated by its authors: the participant is the number before the first underscore of"
    " an ID, the rest is the stimulus; frames are {hz:g} a second.{more} Faces are as"
    " delivered (aligned), resized to 112 x 112. sets.csv holds the official folds."
)


@dataclass
class EmerImport:
    """What became of the samples.

    Attributes
    ----------
    left_out : list of dict
        ``{"sample", "reason"}``.
    doubts : list of str
        What was odd and did not keep a sample out.
    """

    samples: int = 0
    frames: int = 0
    columns: int = 0
    left_out: list[dict[str, str]] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


def import_emer(
    folder: Path,
    out: Path,
    *,
    face_hz: float = FACE_HZ,
    display_px: tuple[float, float] | None = None,
    view: str = "",
    on_sample: Callable[[int, int], None] = lambda _done, _total: None,
) -> EmerImport:
    """Make a dataset of a folder in EMER's layout; nothing in it is changed.

    Parameters
    ----------
    folder, out : Path
        Source, and the folder to create.
    face_hz : float
        Frames a second; times are frame numbers over it.
    display_px : tuple of float, optional
        Width and height of the display that gaze in pixels refers to; without it, gaze
        stays in pixels.
    view : {"", "er", "fer"}
        What label columns without a prefix are about (`emer_labels.read_labels`).
    on_sample : callable
        Called with the number of samples done and their total.

    Raises
    ------
    BadInputError
        When it is not that layout, or no sample can be built.
    """
    found = open_emer(folder)
    labels = read_labels(found.labels, view)
    report = EmerImport(doubts=[*found.doubts, *labels.doubts])
    known = {files.sample for files in found.samples}
    for sample in sorted(labels.by_sample.keys() - known):
        _leave_out(report, sample, "it has labels, and neither frames nor an eye sheet")
    sheets = _sheets(found.samples, display_px)
    report.columns = len(sheets.columns)
    if sheets.dropped:
        report.doubts.append(
            f"columns without numbers are left out: {', '.join(sheets.dropped)}"
        )
    rows = [["sample_id", "set"]]
    timed = " Eye rows without a time stamp are spread evenly over the frames."
    notes = _NOTE.format(hz=face_hz, more=timed)
    with CacheWriter(out, name="EMER", eye_columns=sheets.columns, notes=notes) as writer:
        for done, files in enumerate(found.samples, start=1):
            try:
                report.frames += _add(writer, files, labels, sheets, face_hz, report)
                rows.append([files.sample, str(files.set_number or "")])
                report.samples += 1
            except BadInputError as problem:
                _leave_out(report, files.sample, problem.message)
            on_sample(done, len(found.samples))
        if not report.samples:
            first = report.left_out[0] if report.left_out else {}
            raise BadInputError(
                f"{folder}: none of {len(found.samples)} samples could be read; the first,"
                f" {first.get('sample')}: {first.get('reason')}."
            )
        writer.add_table(SETS_FILE, rows)
    return report


def _leave_out(report: EmerImport, sample: str, reason: str) -> None:
    report.left_out.append({"sample": sample, "reason": reason.rstrip(".")})


def _sheets(
    samples: tuple[EmerFiles, ...], display_px: tuple[float, float] | None
) -> EyeSheets:
    """Return how sheets are read, told from the first one that can be."""
    problem: BadInputError | None = None
    for files in samples:
        if files.eyes is not None:
            try:
                return open_sheets(files.eyes, display_px)
            except BadInputError as found:
                problem = problem or found
    raise problem or BadInputError("There is no eye sheet in the folder eye/.")


def _add(
    writer: CacheWriter,
    files: EmerFiles,
    labels: EmerLabels,
    sheets: EyeSheets,
    face_hz: float,
    report: EmerImport,
) -> int:
    """Add one sample; return its number of frames."""
    if files.frames is None:
        raise BadInputError("there is no folder of frames")
    if files.eyes is None:
        raise BadInputError("there is no eye sheet")
    if not labels.by_sample.get(files.sample):
        raise BadInputError("there are no labels")
    faces, valid, times_s = _faces(files.frames, face_hz)
    if not valid.all():
        report.doubts.append(
            f"{files.sample}: {int((~valid).sum())} of {len(valid)} frames cannot be read"
        )
    eyes, told_s = sheets.read(files.eyes)
    end_s = float(times_s[-1]) + 1 / face_hz
    even_s = np.arange(len(eyes), dtype=np.float64) * (end_s / len(eyes))
    eye_times_s = even_s if told_s is None else told_s
    participant = participant_of(files.sample)
    sample = SampleRow(
        sample_id=files.sample,
        participant=participant,
        stimulus=files.sample.removeprefix(f"{participant}_") or files.sample,
        start_s=0.0,
        end_s=max(end_s, float(eye_times_s[-1])),
        **labels.by_sample[files.sample],
    )
    writer.add(sample, faces, valid, times_s, eyes, eye_times_s)
    return len(faces)


def _faces(
    folder: Path, face_hz: float
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    paths, numbers = frames_of(folder)
    if not paths:
        raise BadInputError("its folder of frames is empty")
    faces = np.zeros((len(paths), FACE_SIZE, FACE_SIZE, 3), np.uint8)
    valid = np.zeros(len(paths), bool)
    for index, path in enumerate(paths):
        raw = np.frombuffer(path.read_bytes(), np.uint8)
        bgr = cv2.imdecode(raw, cv2.IMREAD_COLOR) if len(raw) else None
        if bgr is not None:
            small = cv2.resize(bgr, (FACE_SIZE, FACE_SIZE), interpolation=cv2.INTER_AREA)
            faces[index] = small[:, :, ::-1]
            valid[index] = True
    if not valid.any():
        raise BadInputError(f"none of its {len(paths)} frames can be read")
    times_s = (np.array(numbers, np.float64) - numbers[0]) / face_hz
    return faces, valid, times_s

"""Pre-labels a video or a picture: every frame gets a row, with a face or without."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from emer_studio import __version__
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import sha256_file
from emer_studio.features.faces import FaceDetector
from emer_studio.fer.calibration import Mixing
from emer_studio.fer.facefile import FaceFile
from emer_studio.fer.frames import Source
from emer_studio.fer.items import ItemSums, frames_of_items
from emer_studio.fer.look import look
from emer_studio.fer.panel import Panel
from emer_studio.fer.runs import Place, run_of, show, shown_place, simulated, write_about
from emer_studio.fer.table import rows_of, write_table
from emer_studio.schema.predictions import PredictedItems, PrelabelSummary

__all__ = ["DETECTION_WIDTH_PX", "prelabel_file", "prelabel_recording"]

Progress = Callable[[int, int, float], None]
"""Called with frames done, frames expected and frames per second."""
DETECTION_WIDTH_PX = 320
"""Faces are looked for in pictures of this width. Chosen by us for 1280 px: 4 ms a frame
against 9 at 640 and 34 at 1280, every face found and the box no more restless
(`tests/benchmarks/bench_prelabel.py`)."""


def prelabel_file(
    path: Path,
    panel: Panel,
    detector: FaceDetector,
    table: Path,
    *,
    anew: bool = False,
    progress: Progress | None = None,
) -> PrelabelSummary:
    """Pre-label one video or picture that belongs to no session.

    Faces are kept beside the table as they are found, so what was broken off goes on
    there, if the file, the models and the detector are still the same.

    Parameters
    ----------
    path : Path
        The file; decoded once.
    panel, detector
        What looks at it.
    table : Path
        The CSV to write.
    anew : bool
        Look again also at what was seen before it was broken off.
    progress : callable, optional

    Raises
    ------
    BadInputError
        When the file is missing or nothing in it can be decoded.
    """
    work = _Work(path, panel, detector, Place(table), {}, anew=anew)
    work.look(progress)
    summary = work.write()
    work.faces.remove()
    return summary


def prelabel_recording(
    video: Path,
    panel: Panel,
    detector: FaceDetector,
    *,
    temperatures: Mapping[str, float] | None = None,
    again: bool = False,
    progress: Progress | None = None,
) -> tuple[Path, PrelabelSummary, bool]:
    """Pre-label a session's recording into ``derived/prelabel`` of that session.

    Parameters
    ----------
    video : Path
        ``face_*.mkv`` in a session folder.
    panel, detector
        What looks at it.
    temperatures : mapping of str to float, optional
        Calibration by name, see `PrelabelSummary`. With another one than before the table
        is made anew from the faces that are known.
    again : bool
        Do it even when a result of the same video, model and detector is there.
    progress : callable, optional

    Returns
    -------
    table : Path
        The CSV that everybody reads (`runs`); the summary lies beside it as JSON.
    summary : PrelabelSummary
        Its summary.
    fresh : bool
        False when an up-to-date result was found and kept.
    """
    place = run_of(video, panel.name)
    known = {n: t for n, t in (temperatures or {}).items() if n in panel.names}
    work = _Work(video, panel, detector, place, known, anew=again)
    fresh = work.look(progress)
    summary = None if fresh else place.found()
    if summary is None or not work.made(summary):
        summary, fresh = work.write(of_session=True), True
    fresh |= show(video, panel.name)
    return shown_place(video).table, summary, fresh


class _Work:
    """One video, what looks at it, and where the result goes."""

    def __init__(
        self,
        video: Path,
        panel: Panel,
        detector: FaceDetector,
        place: Place,
        temperatures: dict[str, float],
        *,
        anew: bool,
    ) -> None:
        if not video.is_file():
            Source(video)  # says so
        self._video, self._panel, self._detector = video, panel, detector
        self._place, self._temperatures = place, temperatures
        self._sha256 = sha256_file(video)
        made_of: dict[str, Any] = {
            "app_version": __version__,
            "source": self._sha256,
            "models": [[model.name, model.entry.sha256] for model in panel.models],
            "detector": [detector.name, detector.sha256, detector.width_px],
        }
        if panel.heads:
            made_of["heads"] = panel.heads
        self.faces = FaceFile(place.faces, made_of, len(panel.models), anew=anew)

    def look(self, progress: Progress | None) -> bool:
        """Look at the frames that nobody has looked at; false when there are none."""
        if self.faces.end:
            return False
        source = Source(self._video, self.faces.frames, self.faces.last_pts)
        try:
            self._look(source, progress or _unheard)
        except BadInputError:
            self.faces.remove()
            raise
        return True

    def _look(self, source: Source, progress: Progress) -> None:
        faces, before, began_s = self.faces, self.faces.frames, time.perf_counter()
        fps = 0.0
        for records in look(source, self._panel, self._detector):
            faces.append(records)
            fps = (faces.frames - before) / (time.perf_counter() - began_s)
            progress(faces.frames, max(source.expected, faces.frames + 1), fps)
        progress(faces.frames, faces.frames, fps)
        faces.finish(fps=round(fps, 1), damaged=source.damaged)

    def write(self, *, of_session: bool = False) -> PrelabelSummary:
        """Make the table of the faces, and with a session what stands beside it."""
        items = ItemSums(frames_of_items(self._video) if of_session else {})
        mixing = Mixing.of(self._panel, self._temperatures)
        sums = write_table(self._place.table, rows_of(self.faces, mixing.mix), items.add)
        items.close()
        about: dict[str, Any] = {
            "app_version": __version__,
            "table": self._place.table.name,
            "model": self._panel.name,
            "model_sha256": self._panel.sha256,
            "temperatures": self._temperatures,
        }
        summary = PrelabelSummary(
            **about,
            source=self._video.name,
            source_sha256=self._sha256,
            detector=self._detector.name,
            detector_sha256=self._detector.sha256,
            frames=sums.frames,
            faces=sums.faces,
            frames_with_face=sums.with_face,
            frames_multi=sums.multi,
            mean_p=sums.mean_p,
            fps=self.faces.end["fps"],
            damaged=self.faces.end["damaged"],
            simulated=simulated(self._video.parent) if of_session else None,
            remark=_who_spoke(self._panel),
        )
        if of_session:
            write_about(self._place, summary, PredictedItems(**about, items=items.found))
        return summary

    def made(self, summary: PrelabelSummary) -> bool:
        """Tell whether a result is what `write` would write."""
        ours = (
            *(__version__, self._sha256, self._panel.sha256, self._detector.sha256),
            self._temperatures,
        )
        theirs = (
            *(summary.app_version, summary.source_sha256, summary.model_sha256),
            *(summary.detector_sha256, summary.temperatures),
        )
        return ours == theirs


def _who_spoke(panel: Panel) -> str:
    told = [f"{name} through {head}" for name, head in panel.heads.items()]
    return f"{', '.join(told)}, which never learned from this person" if told else ""


def _unheard(done: int, total: int, fps: float) -> None:
    """Nobody wants to know."""

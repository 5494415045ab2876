"""One camera to video files, with the frame index on LSL and a table beside each file.

Threads: the device and its watch (`recording.camera_source`), the encoder, the caller. The
queue between device and encoder is bounded: a frame that does not fit is dropped and
counted, never waited for. A camera that was opened again, or changed its size, goes on in
a new file; the stream goes on as it is.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from emer_studio.core.ring import RingWriter
from emer_studio.devices.camera import CameraFacts, Opener
from emer_studio.recording.camera_look import CameraLook
from emer_studio.recording.camera_outlet import STREAM_NAME, CameraOutlet, outlet_spec
from emer_studio.recording.camera_source import ABANDON_S, CameraSource, Shot
from emer_studio.recording.codecs import Codec
from emer_studio.recording.face_file import FaceFile, WriterMaker, next_video
from emer_studio.recording.frame_counts import FrameCounts
from emer_studio.recording.video import VideoWriter

__all__ = ["STREAM_NAME", "CameraJob"]

logger = logging.getLogger(__name__)
# Frames that may wait for the encoder. Chosen by us: at least a second of a webcam, and up
# to four where that costs little memory (30 frames of 1080p are 187 MB).
_QUEUE_LEAST, _QUEUE_MOST, _QUEUE_BYTES = 30, 120, 128 * 2**20
_PREVIEW_WIDTH = 480
_PREVIEW_EVERY_S = 1 / 15
_OUTAGES_KEPT = 100
_SLOW, _JUDGED_EVERY = 0.8, 90  # chosen by us: a fifth too slow, looked at every 3 s


class _Queued(NamedTuple):
    shot: Shot
    dropped_before: int


class CameraJob:
    """Capture from `open` on; write from `begin` to `end`.

    Parameters
    ----------
    opener : callable
        Opens the camera, see `devices.camera.camera_opener`.
    path : Path
        The first video to create; ``.frames.csv`` is put beside it. A camera that had to
        be opened again goes on in the next free number.
    on_event : callable
        Called as ``on_event(name, **fields)`` for findings.
    preview : Path, optional
        Where to offer the newest picture for display.
    source_id : str
        Of the stream; a restarted process continues as the same source with it.
    codec : str
        See `recording.video.VideoWriter`.
    make_writer : callable
        Makes the video writer; another one in tests.
    abandon_s : float
        See `recording.camera_source`.
    look : bool
        Tell once a second what the pictures show, see `recording.camera_look`.
    """

    def __init__(
        self,
        opener: Opener,
        path: Path,
        *,
        on_event: Callable[..., None],
        preview: Path | None = None,
        source_id: str = "",
        codec: Codec = "h264",
        make_writer: WriterMaker = VideoWriter,
        abandon_s: float = ABANDON_S,
        look: bool = False,
    ) -> None:
        self._path, self._on_event, self._codec = path, on_event, codec
        self._preview_path, self._source_id = preview, source_id
        self._make_writer = make_writer
        self.source = CameraSource(opener, self._take, self._silent, abandon_s=abandon_s)
        self._queue: queue.Queue[_Queued | None] = queue.Queue()
        self._writing = threading.Event()
        self._failed = threading.Event()
        self._dropped = self._dropped_now = self._written = 0
        self._grabbed = FrameCounts(0.0)
        self._files: list[FaceFile] = []
        self._outages: list[dict[str, float | int]] = []
        self._outages_count = 0
        self._shown_s = 0.0
        self._slow = False
        self.problem = ""
        self._preview: RingWriter | None = None
        self._wants_look = look
        self._look: CameraLook | None = None
        self._encoder = threading.Thread(target=self._encode, name="camera-encoder")

    def open(self, give_up: Callable[[], bool] = lambda: False) -> CameraFacts:
        """Open the camera and put its stream on the network; see `CameraSource.open`."""
        facts = self.source.open(give_up)
        try:
            self.outlet = CameraOutlet(
                outlet_spec(facts, self._path, codec=self._codec, source_id=self._source_id)
            )
        except Exception:
            self.source.close()
            raise
        self._look = CameraLook(self._on_event) if self._wants_look else None
        wanted = _QUEUE_BYTES // max(facts.width_px * facts.height_px * 3, 1)
        self._queue.maxsize = min(max(wanted, _QUEUE_LEAST), _QUEUE_MOST)
        self._grabbed.expected_hz = facts.fps
        if self._preview_path is not None:
            scale = min(_PREVIEW_WIDTH / facts.width_px, 1.0)
            shape = (round(facts.height_px * scale), round(facts.width_px * scale), 3)
            self._preview = RingWriter(self._preview_path, 3, shape, "uint8")
        return facts

    @property
    def failed(self) -> bool:
        """Whether nothing can be written any more; `problem` says why."""
        return self._failed.is_set()

    def begin(self) -> None:
        """Begin to write."""
        self._encoder.start()
        self._writing.set()
        if names := ", ".join(self.source.facts.unlocked):
            self._on_event("finding", what=f"camera: not locked, may change: {names}")

    def end(self) -> dict[str, Any]:
        """Stop, finish the file, and return the summary."""
        silent_s = self.source.silent_s
        self.source.close()
        if self._look is not None:
            self._look.close()
        if self._encoder.ident is not None:
            self._queue.put(None)
            self._encoder.join()
        self.outlet.close()
        if self._preview is not None:
            preview, self._preview = self._preview, None
            preview.close()
        if silent_s and not self.problem:
            self.problem = f"no picture for the last {silent_s:.1f} s"
        return {
            **self.status(),
            "silent_s": round(silent_s, 2),
            "problem": self.problem,
            "files": [file.facts() for file in self._files if file.frames],
            "outages": self._outages,
            "gap_list": self._grabbed.listed,
        }

    def status(self) -> dict[str, Any]:
        """Return the counts so far.

        ``dropped`` counts frames that came but did not fit into the queue; ``missed`` and
        ``gaps`` what the intervals between grabbed frames say never came; ``late`` the
        gaps after which the frames came in a burst, so that none is missing.
        """
        silent_s = self.source.silent_s
        trouble = f"no picture for {silent_s:.1f} s" if silent_s else ""
        return {
            "frames": self._written,
            "grabbed": self._grabbed.frames,
            "dropped": self._dropped,
            "gaps": self._grabbed.gaps,
            "missed": self._grabbed.missed,
            "late": self._grabbed.late,
            "outage_count": self._outages_count,
            "rate_hz": round(self._grabbed.rate_hz, 2),
            "queue": self._queue.qsize(),
            "silent_s": round(silent_s, 2),
            "video": self._files[-1].path.name if self._files else "",
            "problem": self.problem or trouble,
        }

    # On the device's thread ---------------------------------------------------------

    def _take(self, shot: Shot) -> None:
        self._show(shot)
        if self._look is not None:
            self._look.offer(shot.frame)
        if not self._writing.is_set():
            if shot.outage_s:
                self._on_event(
                    "finding", what=f"camera is back after {shot.outage_s:.1f} s"
                )
            return
        self._grabbed.add(shot.frame.t_s)
        self._judge_rate()
        if shot.outage_s:
            self._outages_count += 1
        try:
            self._queue.put_nowait(_Queued(shot, self._dropped_now))
            self._dropped_now = 0
        except queue.Full:
            self._dropped += 1
            self._dropped_now += 1
            if self._dropped == 1:
                self._on_event("finding", what="camera: the encoder is too slow")

    def _judge_rate(self) -> None:
        """Say once that a camera is slow: in the dark, exposure may halve its rate."""
        counts = self._grabbed
        if self._slow or counts.frames % _JUDGED_EVERY:
            return
        typical_hz = counts.typical_hz
        if typical_hz and typical_hz < _SLOW * counts.expected_hz:
            self._slow = True
            what = f"camera: {typical_hz:.1f} frames a second, not {counts.expected_hz:.4g}"
            self._on_event("finding", what=what)

    def _show(self, shot: Shot) -> None:
        ring, t_s = self._preview, shot.frame.t_s
        if ring is None or t_s - self._shown_s < _PREVIEW_EVERY_S:
            return
        self._shown_s = t_s
        height, width = ring.row_shape[:2]
        try:
            ring.write(shot.frame.small(width, height, of_width_px=shot.facts.width_px))
        except ValueError:  # a damaged JPEG is worth recording, but cannot be shown
            logger.warning("a picture could not be shown")

    def _silent(self, age_s: float, reason: str) -> None:
        self._on_event("finding", what=f"camera: no picture for {age_s:.1f} s; {reason}")

    # On the encoder's thread --------------------------------------------------------

    def _encode(self) -> None:
        file: FaceFile | None = None
        take = 0
        try:
            while (queued := self._queue.get()) is not None:
                shot = queued.shot
                size = (shot.facts.width_px, shot.facts.height_px)
                if shot.frame.bgr is not None:
                    size = (shot.frame.bgr.shape[1], shot.frame.bgr.shape[0])
                if file is None or take != shot.take or size != file.size_px:
                    if file is not None:
                        file.close()
                    file, take = self._next_file(shot, size), shot.take
                if shot.outage_s:
                    self._back(shot, file)
                self._write(file, queued)
            if file is not None:
                file.close()
        except Exception as problem:
            logger.exception("the video cannot be written")
            self.problem = f"the video cannot be written: {problem}"
            self._failed.set()
            self._on_event("error", text=f"camera: {self.problem}")
            if file is not None:
                file.abandon()
            while self._queue.get() is not None:
                pass

    def _next_file(self, shot: Shot, size: tuple[int, int]) -> FaceFile:
        path = next_video(self._files[-1].path) if self._files else self._path
        file = FaceFile(path, shot.facts, size, self._codec, self._make_writer)
        self._files.append(file)
        if len(self._files) > 1:
            self._on_event("video", path=str(path), file=file.number)
        return file

    def _write(self, file: FaceFile, queued: _Queued) -> None:
        frame = queued.shot.frame
        row = file.write(frame, queued.dropped_before)
        # The index belongs to a frame that is in the file, hence only now.
        self.outlet.push_index(
            [
                row.index,
                row.pts_ms / 1000.0,
                row.delay_ms,
                queued.dropped_before,
                file.number,
            ],
            frame.t_s,
        )
        self._written += 1

    def _back(self, shot: Shot, file: FaceFile) -> None:
        what = f"camera is back after {shot.outage_s:.1f} s, in {file.path.name}"
        self._on_event("finding", what=what)
        if len(self._outages) < _OUTAGES_KEPT:
            start_s = shot.frame.t_s - shot.outage_s
            self._outages.append(
                {"start_s": start_s, "length_s": shot.outage_s, "file": file.number}
            )

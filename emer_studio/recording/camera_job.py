"""One camera to one video file, with the frame index on LSL and a table beside it.

Three threads: the device, the encoder, the caller. The queue between them is bounded: a
frame that does not fit is dropped and counted, never waited for.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from emer_studio.core import clock
from emer_studio.core.files import fsync_file
from emer_studio.core.ring import RingWriter
from emer_studio.devices.camera import Camera, Frame
from emer_studio.recording.gaps import stream_stats
from emer_studio.recording.video import VideoWriter
from emer_studio.schema.streams import Channel
from emer_studio.streams.outlets import Outlet, OutletSpec, new_source_id

__all__ = ["STREAM_NAME", "CameraJob"]

logger = logging.getLogger(__name__)
STREAM_NAME = "EMER_Webcam"
_QUEUE_FRAMES = 30  # chosen by us: a second of a webcam
_PREVIEW_WIDTH = 480
_PREVIEW_EVERY_S = 1 / 15


class CameraJob:
    """Capture from construction on; write from `begin` to `end`.

    Parameters
    ----------
    camera : Camera
        An open camera.
    path : Path
        The video file to create; ``.frames.csv`` is put beside it.
    on_event : callable
        Called as ``on_event(name, **fields)`` for findings.
    preview : Path, optional
        Where to offer the newest picture for display.
    """

    def __init__(
        self,
        camera: Camera,
        path: Path,
        *,
        on_event: Callable[..., None],
        preview: Path | None = None,
    ) -> None:
        self._camera, self._path, self._on_event = camera, path, on_event
        facts = camera.facts
        self.outlet = Outlet(_spec(camera, path))
        self._queue: queue.Queue[Frame | None] = queue.Queue(_QUEUE_FRAMES)
        self._writing = threading.Event()
        self._stop = threading.Event()
        self._dropped = 0
        self._grabbed = 0
        self._stamps: list[float] = []
        self.problem = ""
        height = round(facts.height_px * min(_PREVIEW_WIDTH / facts.width_px, 1.0))
        width = min(_PREVIEW_WIDTH, facts.width_px)
        self._preview = (
            RingWriter(preview, 3, (height, width, 3), "uint8") if preview else None
        )
        self._device = threading.Thread(target=self._capture, name="camera-device")
        self._encoder = threading.Thread(target=self._encode, name="camera-encoder")
        self._device.start()

    def begin(self) -> None:
        """Begin to write."""
        self._encoder.start()
        self._writing.set()

    def end(self) -> dict[str, Any]:
        """Stop, finish the file, and return the summary."""
        self._stop.set()
        self._device.join()
        if self._encoder.ident is not None:
            self._queue.put(None)
            self._encoder.join()
        self._camera.close()
        self.outlet.close()
        if self._preview is not None:
            self._preview.close()
        return self.status()

    def status(self) -> dict[str, Any]:
        """Return the counts so far."""
        recent = stream_stats(np.array(self._stamps[-90:]), expected_hz=0.0)
        return {
            "frames": len(self._stamps),
            "grabbed": self._grabbed,
            "dropped": self._dropped,
            "rate_hz": round(recent.effective_hz, 2),
            "queue": self._queue.qsize(),
            "problem": self.problem,
        }

    def _capture(self) -> None:
        shown_s = 0.0
        while not self._stop.is_set():
            frame = self._camera.grab()
            if frame is None:
                if not self._stop.is_set():
                    self.problem = "the camera delivers no more frames"
                    self._on_event("finding", what=f"camera: {self.problem}")
                return
            self._grabbed += 1
            if self._preview is not None and frame.t_s - shown_s >= _PREVIEW_EVERY_S:
                shown_s = frame.t_s
                height, width = self._preview.row_shape[:2]
                small = cv2.resize(frame.bgr, (width, height), interpolation=cv2.INTER_AREA)
                self._preview.write(small)
            if not self._writing.is_set():
                continue
            try:
                self._queue.put_nowait(frame)
            except queue.Full:
                self._dropped += 1
                if self._dropped == 1:
                    self._on_event("finding", what="camera: the encoder is too slow")

    def _encode(self) -> None:
        facts = self._camera.facts
        table_path = self._path.with_suffix(".frames.csv")
        try:
            writer = VideoWriter(
                self._path,
                width_px=facts.width_px,
                height_px=facts.height_px,
                fps=facts.fps,
            )
            with table_path.open("x", encoding="utf-8") as table:
                table.write("index,pts_ms,t_s,queue_delay_ms,dropped_before\n")
                dropped = 0
                while (frame := self._queue.get()) is not None:
                    pts = writer.write(frame.bgr, frame.t_s)
                    index, delay_ms = writer.frames - 1, (clock.now_s() - frame.t_s) * 1e3
                    lost, dropped = self._dropped - dropped, self._dropped
                    table.write(f"{index},{pts},{frame.t_s!r},{delay_ms:.2f},{lost}\n")
                    table.flush()
                    # The index belongs to a frame that is in the file, hence only now.
                    self.outlet.push([index, pts / 1000.0, delay_ms, lost], frame.t_s)
                    self._stamps.append(frame.t_s)
                fsync_file(table)
            writer.close()
        except Exception as problem:
            logger.exception("the video cannot be written")
            self.problem = f"the video cannot be written: {problem}"
            self._on_event("error", text=f"camera: {self.problem}")
            self._stop.set()
            while self._queue.get() is not None:
                pass


def _spec(camera: Camera, path: Path) -> OutletSpec:
    facts = camera.facts
    channels = (
        Channel("frame_index", "FrameNumber", "count"),
        Channel("video_time", "Time", "seconds"),
        Channel("queue_delay", "Delay", "milliseconds"),
        Channel("dropped_before", "Dropped", "count"),
    )
    return OutletSpec(
        name=STREAM_NAME,
        type="VideoFrames",
        channels=channels,
        channel_format="double64",
        nominal_hz=0.0,  # a declared rate would let readers smooth the stamps
        source_id=new_source_id("camera"),
        manufacturer=facts.driver,
        simulated=facts.simulated,
        can_drop_samples=True,
        facts=(
            ("video_file", path.name),
            ("camera", facts.spec if not facts.spec.startswith("file:") else "file"),
            ("width_px", str(facts.width_px)),
            ("height_px", str(facts.height_px)),
            ("configured_fps", f"{facts.fps:.6g}"),
            ("pixel_format", facts.pixel_format),
        ),
    )

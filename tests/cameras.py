"""Running the camera process in tests, and reading back what it left behind."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from emer_studio.core.process import Child
from emer_studio.recording.xdf_load import load_xdf
from emer_studio.synthetic.frame_code import FrameCode, read_code


class CameraChild:
    """A camera process and everything it has said."""

    def __init__(self, spec: str, out: Path, *more: str) -> None:
        self.events: list[dict[str, Any]] = []
        self.out = out
        self.child = Child(
            "camera",
            ["camera", "--camera", spec, "--out", str(out), *more, "--events"],
            on_event=self.events.append,
        )

    def ready(self) -> dict[str, Any]:
        return self.child.wait_for("camera_ready", timeout_s=30)

    def begin(self, *, recorded: bool = False) -> None:
        self.child.send("begin", wait_for_recorder=recorded)
        self.child.wait_for("begun", timeout_s=20)

    def wait_frames(self, count: int, timeout_s: float = 30.0) -> dict[str, Any]:
        """Wait until so many frames are in files; return the status that says so."""
        while True:
            status = self.child.wait_for("status", timeout_s=timeout_s)
            if status["frames"] >= count:
                return status

    def finding(self, text: str, timeout_s: float = 15.0) -> str:
        """Wait for a finding that contains a text."""
        while True:
            what = str(self.child.wait_for("finding", timeout_s=timeout_s)["what"])
            if text in what:
                return what

    def stop(self) -> dict[str, Any]:
        code = self.child.stop()
        return {"code": code, **self.child.wait_for("result", timeout_s=1)}

    def kill(self) -> None:
        self.child.kill()
        self.child.stop()


@contextmanager
def camera_process(spec: str, out: Path, *more: str) -> Iterator[CameraChild]:
    """Run a camera; it is gone afterwards however the test ends."""
    camera = CameraChild(spec, out, *more)
    try:
        yield camera
    finally:
        camera.kill()


@contextmanager
def recorder_process(xdf: Path, source_id: str) -> Iterator[Child]:
    """Run a recorder of one source."""
    recorder = Child(
        "recorder", ["record", "--out", str(xdf), "--stream", f"id:{source_id}", "--events"]
    )
    try:
        recorder.wait_for("recording", timeout_s=30)
        yield recorder
    finally:
        recorder.stop()


def recorded(xdf: Path) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the stamps (as the camera sent them) and values of the stream in a file."""
    (stream,) = load_xdf(xdf).streams
    return stream.raw_stamps_s, np.asarray(stream.values)


def table(video: Path) -> list[dict[str, str]]:
    """Return the whole rows of the table beside a video (a killed one may end in half)."""
    with video.with_suffix(".frames.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    return [row for row in rows if row["dropped_before"]]


def pictures(path: Path) -> list[tuple[float, FrameCode | None, bool]]:
    """Decode a video: time (s), bar code and key frame or not, of every picture."""
    with av.open(str(path)) as container:
        return [
            (float(f.time), read_code(f.to_ndarray(format="bgr24")), bool(f.key_frame))
            for f in container.decode(video=0)
        ]


def assert_pictures_are_rows(
    path: Path, stamps_s: npt.ArrayLike, *, may_end: int = 0
) -> int:
    """Prove by the bar codes that picture N was stamped as row N; return their number.

    The code holds the stamp itself, in units of 0.1 ms; up to `may_end` rows may have no
    picture.
    """
    found = pictures(path)
    stamps = np.asarray(stamps_s, float)
    counts = f"{len(found)} pictures, {len(stamps)} rows"
    assert len(found) <= len(stamps) <= len(found) + may_end, counts
    for index, (time_s, code, _) in enumerate(found):
        assert code is not None, f"picture {index} cannot be read"
        assert code.ticks == FrameCode.of(0, stamps[index]).ticks, f"picture {index}"
        assert abs(time_s - (stamps[index] - stamps[0])) < 0.002
    return len(found)

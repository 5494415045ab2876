"""Any video file as a camera, played in real time."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import numpy.typing as npt

from emer_studio.core import clock
from emer_studio.core.errors import BadInputError
from emer_studio.devices.camera import CameraFacts, Frame

__all__ = ["FileCamera"]


class FileCamera:
    """Frames of a video at its own pace (its time stamps).

    It counts as simulated: what it shows was not filmed now. Frames are those that really
    decode, whatever number the header declares.

    Parameters
    ----------
    path : Path
        Video file.
    loop : bool
        Begin again at its end; otherwise `grab` returns None there.
    """

    def __init__(self, path: Path, *, loop: bool = True) -> None:
        self._path, self._loop = path, loop
        try:
            with av.open(str(path)) as container:
                stream = container.streams.video[0]
                rate = float(stream.average_rate or stream.guessed_rate or 25)
                first = next(container.decode(stream))
        except (FileNotFoundError, IsADirectoryError):
            raise BadInputError(f"The video {path} does not exist.") from None
        except (av.FFmpegError, IndexError, StopIteration) as problem:
            raise BadInputError(
                f"{path} cannot be used as a camera: {problem or 'it has no picture'}.",
                fix="Give a video file that plays elsewhere.",
            ) from None
        self.facts = CameraFacts(
            spec=f"{'file' if loop else 'once'}:{path}",
            driver="file",
            width_px=first.width,
            height_px=first.height,
            fps=rate,
            pixel_format=first.format.name,
            simulated=True,
        )
        self._period_s = 1.0 / rate
        self._frames = self._play()
        self._origin_s: float | None = None

    def _play(self) -> Iterator[tuple[float, npt.NDArray[np.uint8]]]:
        """Yield (seconds since the start, picture)."""
        offset_s, again = 0.0, True
        while again:
            media_s = -self._period_s
            for media_s, picture in self._play_once():
                yield offset_s + media_s, picture
            offset_s += media_s + self._period_s
            again = self._loop and media_s >= 0  # a file that decodes no more is over

    def _play_once(self) -> Iterator[tuple[float, npt.NDArray[np.uint8]]]:
        first_s = None
        # A damaged tail ends the video, as it would end in any player.
        with contextlib.suppress(av.FFmpegError), av.open(str(self._path)) as container:
            for frame in container.decode(video=0):
                at_s = float(frame.time or 0.0)
                first_s = at_s if first_s is None else first_s
                picture = frame.to_ndarray(format="bgr24")
                yield at_s - first_s, cast("npt.NDArray[np.uint8]", picture)

    def grab(self) -> Frame | None:
        """Wait until the next frame is due; None after the last one."""
        due = next(self._frames, None)
        if due is None:
            return None
        due_s, picture = due
        now = clock.now_s()
        if self._origin_s is None:
            self._origin_s = now - due_s
        wait_s = self._origin_s + due_s - now
        if wait_s > 0:
            time.sleep(wait_s)
        return Frame(picture, clock.now_s())

    def situation(self, command: dict[str, Any]) -> None:
        """Ignore it: the video is what it is."""

    def close(self) -> None:
        """Close the file."""
        self._frames = iter(())  # drops the open container

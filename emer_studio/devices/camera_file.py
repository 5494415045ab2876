"""Any video file as a camera, played in real time over and over."""

from __future__ import annotations

import itertools
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
    """Frames of a video at its own pace (its time stamps), looped.

    It counts as simulated: what it shows was not filmed now.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
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
            spec=f"file:{path}",
            driver="file",
            width_px=first.width,
            height_px=first.height,
            fps=rate,
            pixel_format=first.format.name,
            simulated=True,
        )
        self._period_s = 1.0 / rate
        self._frames = self._play()

    def _play(self) -> Iterator[tuple[float, npt.NDArray[np.uint8]]]:
        """Yield (seconds since the start, picture) for ever."""
        offset_s = 0.0
        for _ in itertools.count():
            media_s = first_s = None
            with av.open(str(self._path)) as container:
                for frame in container.decode(video=0):
                    at_s = float(frame.time or 0.0)
                    first_s = at_s if first_s is None else first_s
                    media_s = at_s - first_s
                    picture = cast(
                        "npt.NDArray[np.uint8]", frame.to_ndarray(format="bgr24")
                    )
                    yield offset_s + media_s, picture
            offset_s += (media_s or 0.0) + self._period_s

    def grab(self) -> Frame | None:
        """Wait until the next frame is due."""
        due_s, picture = next(self._frames)
        now = clock.now_s()
        if not hasattr(self, "_origin_s"):
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

"""What pictures of a face video show, without any model: a face, its size, its light."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from emer_studio.core.errors import BadInputError
from emer_studio.recording.reader import count_video_frames

__all__ = ["FaceSeen", "face_seen", "faces_seen"]

_PICTURES = 5  # chosen by us: a blink or a turned head in one of them does not count
_WIDTH_PX = 400  # chosen by us: the cascade's cost grows with the area, its hits do not
_STEP, _NEIGHBOURS = 1.1, 6  # OpenCV's default step, twice its neighbours: few false hits
_SMALLEST_PX = 32  # of the shrunken picture (chosen by us)


@dataclass(frozen=True, slots=True)
class FaceSeen:
    """The largest face of one picture.

    Attributes
    ----------
    height_px : float
        Of its box in the picture; 0 when there is no face.
    brightness : float
        Mean grey level 0 … 255 of the face, else of the picture.
    """

    height_px: float
    brightness: float


def faces_seen(video: Path) -> list[FaceSeen]:
    """Look at pictures spread over a video.

    Raises
    ------
    BadInputError
        When it cannot be decoded.
    """
    every = max(count_video_frames(video) // _PICTURES, 1)
    try:
        with av.open(str(video)) as container:
            chosen = islice(container.decode(video=0), every // 2, None, every)
            pictures = [frame.to_ndarray(format="gray") for frame in chosen]
    except (av.FFmpegError, IndexError) as problem:
        raise BadInputError(f"{video} is not a readable video: {problem}.") from None
    if not pictures:
        raise BadInputError(f"{video} holds no picture.")
    path = Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml"
    cascade = cv2.CascadeClassifier(str(path))
    return [face_seen(np.asarray(picture), cascade) for picture in pictures]


def face_seen(grey: npt.NDArray[np.uint8], cascade: cv2.CascadeClassifier) -> FaceSeen:
    """Look at one picture of grey levels, shape (height, width)."""
    back = grey.shape[1] / _WIDTH_PX
    size = _WIDTH_PX, max(round(grey.shape[0] / back), 1)
    small = cv2.equalizeHist(cv2.resize(grey, size, interpolation=cv2.INTER_AREA))
    least = (_SMALLEST_PX, _SMALLEST_PX)
    boxes = cascade.detectMultiScale(small, _STEP, _NEIGHBOURS, minSize=least)
    if not len(boxes):
        return FaceSeen(0.0, float(grey.mean()))
    x, y, w, h = (round(float(v) * back) for v in max(boxes, key=lambda box: box[2]))
    return FaceSeen(float(h), float(grey[y : y + h, x : x + w].mean()))

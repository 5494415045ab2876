"""What pictures of a face video show, without any model: a face, its size, its light."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from emer_studio.core.errors import BadInputError
from emer_studio.recording.reader import count_video_frames

__all__ = ["FaceSeen", "advice", "face_cascade", "face_seen", "faces_seen"]

_PICTURES = 5  # chosen by us: a blink or a turned head in one of them does not count
_WIDTH_PX = 400  # chosen by us: the cascade's cost grows with the area, its hits do not
_STEP, _NEIGHBOURS = 1.1, 6  # OpenCV's default step, twice its neighbours: few false hits
_SMALLEST_PX = 32  # of the shrunken picture (chosen by us)
# Chosen by us: expression models take crops of 112 pixels; a face between these grey
# levels keeps its contrast in shadow and in light. In two photographs a sharp face has a
# sharpness of 0.09 to 0.15, one blurred over 2 of 112 pixels 0.01, with noise 0.03.
_SMALL_PX, _DARK, _BRIGHT, _BLURRED = 112, 60, 200, 0.035


@dataclass(frozen=True, slots=True)
class FaceSeen:
    """The largest face of one picture.

    Attributes
    ----------
    height_px : float
        Of its box in the picture; 0 when there is no face.
    brightness : float
        Mean grey level 0 … 255 of the face, else of the picture.
    sharpness : float
        Variance of the Laplacian of the face at 112 pixels over the variance of its grey
        levels (after Pech-Pacheco et al. 2000, ICPR, there without the division, which
        takes the light out); NaN without a face.
    box : tuple of float
        Left, top, width and height in fractions of the picture.
    """

    height_px: float
    brightness: float
    sharpness: float = math.nan
    box: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)


def advice(face: FaceSeen) -> tuple[str, str]:
    """Return what is wrong with a face and what to do, both empty where nothing is."""
    if not face.height_px:
        return "no face", "Seat the participant, and point the camera at the face."
    if face.height_px < _SMALL_PX:
        return "small", "Bring the camera nearer, or choose a larger picture."
    if face.brightness < _DARK:
        return "dark", "Light from the front, behind the screen."
    if face.brightness > _BRIGHT:
        return "too bright", "Less light, or a shorter exposure."
    if face.sharpness < _BLURRED:
        return "blurred", "Focus the camera, clean its lens, or give more light."
    return "", ""


def face_cascade() -> cv2.CascadeClassifier:
    """Return OpenCV's detector of frontal faces."""
    path = Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml"
    return cv2.CascadeClassifier(str(path))


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
    cascade = face_cascade()
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
    face = grey[y : y + h, x : x + w]
    height, width = grey.shape
    place = (x / width, y / height, w / width, h / height)
    return FaceSeen(float(h), float(face.mean()), _sharpness(face), place)


def _sharpness(face: npt.NDArray[np.uint8]) -> float:
    size = (_SMALL_PX, _SMALL_PX)
    same = cv2.resize(face, size, interpolation=cv2.INTER_AREA).astype(np.float64)
    edges = cv2.Laplacian(same, cv2.CV_64F)
    return float(edges.var() / max(same.var(), 1e-9))

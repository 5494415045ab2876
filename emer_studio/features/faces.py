"""Finds faces in a picture and cuts them out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from emer_studio.core.errors import BadInputError, MissingError
from emer_studio.core.files import sha256_file
from emer_studio.core.modelfiles import locate
from emer_studio.schema.models import load_manifest

__all__ = [
    "Face",
    "FaceDetector",
    "HaarDetector",
    "YuNetDetector",
    "align_crop",
    "open_detector",
    "pick_main_face",
    "square_crop",
]

Picture = npt.NDArray[np.uint8]

DETECTION_WIDTH_PX = 640
"""Pictures are shrunk to this width first: 22 against 73 frames per second at 1280."""
_YUNET_SCORE = 0.7  # between the 0.6 and 0.9 of OpenCV's examples; chosen by us
_YUNET_OVERLAP = 0.3  # OpenCV's default for FaceDetectorYN
_HAAR_STEP, _HAAR_NEIGHBOURS = (
    1.1,
    6,
)  # OpenCV's default step, one neighbour more than usual
_HAAR_WIDTH_PX = 400  # chosen by us: its cost grows with the area, its hits do not
_HAAR_SMALLEST = 0.08  # of the picture's width; chosen by us
# Where the five landmarks belong in a 112 x 112 crop: the template of ArcFace (InsightFace)
# that OpenCV Zoo's expression model was trained with.
_TEMPLATE_112 = (
    (38.2946, 51.6963),
    (73.5318, 51.5014),
    (56.0252, 71.7366),
    (41.5493, 92.3655),
    (70.7299, 92.2041),
)


@dataclass(frozen=True, slots=True)
class Face:
    """One face found in a picture; all lengths in pixels of that picture.

    Attributes
    ----------
    x, y, w, h : float
        Left, top, width and height of the box.
    score : float
        The detector's own score: YuNet 0..1, Haar an open scale.
    landmarks : ndarray, shape (5, 2), float32, or None
        x and y of the eye, eye, nose tip, mouth corner, mouth corner, each pair from the
        picture's left to its right.
    """

    x: float
    y: float
    w: float
    h: float
    score: float
    landmarks: npt.NDArray[np.float32] | None = None


class FaceDetector(Protocol):
    """Anything that finds faces.

    Attributes
    ----------
    name : str
        What results call it.
    sha256 : str
        Of its model file.
    width_px : int
        Pictures that are wider are shrunk to this width first.
    """

    name: str
    sha256: str
    width_px: int

    def detect(self, bgr: Picture) -> list[Face]:
        """Return the faces in a picture (h, w, 3), the largest first."""
        ...


class YuNetDetector:
    """OpenCV's FaceDetectorYN with the YuNet model file."""

    name = "yunet"

    def __init__(
        self, path: Path, score: float = _YUNET_SCORE, width_px: int = DETECTION_WIDTH_PX
    ) -> None:
        self.sha256 = sha256_file(path)
        self._net = cv2.FaceDetectorYN.create(
            str(path), "", (320, 320), score, _YUNET_OVERLAP, 50
        )
        self._size = (320, 320)
        self.width_px = width_px

    def detect(self, bgr: Picture) -> list[Face]:
        """Return the faces in a picture (h, w, 3), the largest first."""
        small, back = _shrink(bgr, self.width_px)
        size = (small.shape[1], small.shape[0])
        if size != self._size:
            self._net.setInputSize(size)
            self._size = size
        rows = self._net.detect(small)[1]
        if rows is None:
            return []
        found = []
        for row in rows:
            x, y, w, h = (float(v) * back for v in row[:4])
            points = np.asarray(row[4:14], np.float32).reshape(5, 2) * np.float32(back)
            found.append(Face(x, y, w, h, float(row[14]), points))
        return _largest_first(found)


class HaarDetector:
    """OpenCV's frontal-face cascade, which comes with OpenCV; no landmarks."""

    name = "haar"

    def __init__(self) -> None:
        path = Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml"
        if not path.is_file():
            raise MissingError(
                f"The face cascade that comes with OpenCV is missing: {path}.",
                fix="Install opencv-python again, or `emer-studio models install yunet`.",
            )
        self.sha256 = sha256_file(path)
        self.width_px = _HAAR_WIDTH_PX
        self._cascade = cv2.CascadeClassifier(str(path))

    def detect(self, bgr: Picture) -> list[Face]:
        """Return the faces in a picture (h, w, 3), the largest first."""
        small, back = _shrink(bgr, self.width_px)
        gray = cv2.equalizeHist(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY))
        least = max(round(_HAAR_SMALLEST * small.shape[1]), 24)
        boxes, _, weights = self._cascade.detectMultiScale3(
            gray,
            _HAAR_STEP,
            _HAAR_NEIGHBOURS,
            minSize=(least, least),
            outputRejectLevels=True,
        )
        return _largest_first(
            [
                Face(x * back, y * back, w * back, h * back, float(np.ravel(weight)[0]))
                for (x, y, w, h), weight in zip(boxes, weights, strict=True)
            ]
        )


def open_detector(
    prefer: Literal["auto", "yunet", "haar"] = "auto", *, width_px: int = DETECTION_WIDTH_PX
) -> FaceDetector:
    """Open a face detector.

    Parameters
    ----------
    prefer : {"auto", "yunet", "haar"}
        "auto" takes YuNet when its file is installed, else Haar.
    width_px : int
        YuNet looks at pictures of at most this width.

    Raises
    ------
    MissingError
        When YuNet is asked for and not installed.
    """
    if prefer not in ("auto", "yunet", "haar"):
        raise BadInputError(f"Expected the detector auto, yunet or haar; found {prefer!r}.")
    if prefer == "haar":
        return HaarDetector()
    entry = load_manifest().entry("yunet")
    path = locate(entry.file, entry.sha256)
    if path is not None:
        return YuNetDetector(path, width_px=width_px)
    if prefer == "yunet":
        raise MissingError(
            "The face detector YuNet is not installed.",
            fix="Run `emer-studio models install yunet`, or use the detector haar.",
        )
    return HaarDetector()


def pick_main_face(faces: Sequence[Face]) -> Face | None:
    """Return the largest face, None when there is none."""
    return max(faces, key=lambda face: face.w * face.h, default=None)


def align_crop(bgr: Picture, face: Face, size: int = 112) -> Picture:
    """Cut out a face, upright and at a fixed size.

    With landmarks by the similarity transform (turn, scale, shift) that brings them
    nearest to their places; without, the square box 20 % larger than the face.

    Returns
    -------
    crop : ndarray, shape (size, size, 3), uint8
        BGR; black beyond the picture's edge.
    """
    if face.landmarks is None:
        return square_crop(bgr, face, size, 0.2)
    places = np.asarray(_TEMPLATE_112, np.float64) * (size / 112.0)
    matrix = _similarity(face.landmarks.astype(np.float64), places)
    return np.asarray(cv2.warpAffine(bgr, matrix, (size, size), flags=cv2.INTER_LINEAR))


def square_crop(bgr: Picture, face: Face, size: int, margin: float) -> Picture:
    """Cut out the square around a face, `margin` (a share) larger than its longer side.

    Returns
    -------
    crop : ndarray, shape (size, size, 3), uint8
        BGR; the picture's edge is repeated beyond it.
    """
    side = max(face.w, face.h) * (1.0 + margin)
    left = round(face.x + 0.5 * (face.w - side))
    top = round(face.y + 0.5 * (face.h - side))
    length = max(round(side), 1)
    high, wide = bgr.shape[:2]
    x0, y0 = min(max(left, 0), wide - 1), min(max(top, 0), high - 1)
    x1, y1 = max(min(left + length, wide), x0 + 1), max(min(top + length, high), y0 + 1)
    part = bgr[y0:y1, x0:x1]
    above, below = max(y0 - top, 0), max(top + length - y1, 0)
    before, after = max(x0 - left, 0), max(left + length - x1, 0)
    if above or below or before or after:
        border = cv2.BORDER_REPLICATE
        padded = cv2.copyMakeBorder(part, above, below, before, after, border)
        part = np.asarray(padded, np.uint8)
    way = cv2.INTER_AREA if length > size else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(part, (size, size), interpolation=way), np.uint8)


def _shrink(bgr: Picture, width: int) -> tuple[Picture, float]:
    """Return a picture at most `width` px wide and the factor back to the original."""
    if bgr.ndim != 3 or bgr.shape[2] != 3 or bgr.dtype != np.uint8:
        raise BadInputError(
            f"Expected a picture (h, w, 3) of uint8; found {bgr.shape} of {bgr.dtype}."
        )
    high, wide = bgr.shape[:2]
    if wide <= width:
        return bgr, 1.0
    back = wide / width
    size = (width, max(round(high / back), 1))
    small = cv2.resize(bgr, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), back


def _largest_first(faces: list[Face]) -> list[Face]:
    return sorted(faces, key=lambda face: face.w * face.h, reverse=True)


def _similarity(
    points: npt.NDArray[np.float64], places: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the 2 x 3 least-squares similarity from `points` to `places`, no mirroring.

    In the complex plane a similarity is z -> a z + b; least squares has a closed form.
    """
    z, target = points @ (1, 1j), places @ (1, 1j)
    z0, target0 = z.mean(), target.mean()
    spread = np.vdot(z - z0, z - z0).real
    turn = np.vdot(z - z0, target - target0) / max(spread, 1e-9)
    shift = target0 - turn * z0
    return np.asarray(
        [[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]],
        np.float64,
    )

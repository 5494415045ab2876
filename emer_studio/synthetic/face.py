"""Drawn faces: the pictures of simulated cameras and of synthetic training sets.

A drawn face is no photograph and says nothing about the accuracy of any model on people;
it lets the real chain (camera, file, detector, crop, model) run where nobody sits.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.synthetic.face_expression import expression_of
from emer_studio.synthetic.face_identity import CENTRE, HALF_WIDTH, Identity, background
from emer_studio.synthetic.face_paint import HeadPainter

__all__ = ["EMOTIONS", "FaceRenderer"]

Picture = npt.NDArray[np.uint8]

_BLINK_EVERY_S = 3.7  # within the 15-20 blinks a minute of resting adults; chosen by us
_BLINK_S = 0.24
_NOISE_SD = 2.5  # grey levels, like a webcam in a lit room; chosen by us
_NOISE_PICTURES = 4
_KEPT = 4  # sizes of the still parts that stay in memory


class FaceRenderer:
    """Draw one person's face, the same for the same seed, moment and emotion.

    Parameters
    ----------
    seed : int
        Who it is: skin, hair, proportions and room.
    width, height : int
        Size of the camera picture in pixels.
    """

    def __init__(self, seed: int, width: int = 640, height: int = 480) -> None:
        if min(width, height) < 32:
            raise BadInputError(
                f"Expected at least 32 x 32 pixels; found {width} x {height}."
            )
        self.seed = seed
        self.width = width
        self.height = height
        self.identity = Identity.from_seed(seed)
        self._painters: dict[float, HeadPainter] = {}
        self._rooms: dict[tuple[int, int, float], Picture] = {}
        self._noises: dict[tuple[int, int], list[npt.NDArray[np.int8]]] = {}

    def render(
        self,
        emotion: str = "neutral",
        intensity: float = 1.0,
        *,
        t_s: float = 0.0,
        face_px: float | None = None,
    ) -> Picture:
        """Draw what a camera in front of the person would see.

        Parameters
        ----------
        emotion : str
            One of ``EMOTIONS``.
        intensity : float
            0 neutral to 1 full.
        t_s : float
            Moment in seconds; moves the head a little and makes it blink.
        face_px : float, optional
            Width of the face in pixels; 36 % of the picture's height by default.

        Returns
        -------
        picture : ndarray, shape (height, width, 3), uint8
            BGR.
        """
        face = 0.36 * self.height if face_px is None else face_px
        return self._picture(
            emotion, intensity, t_s, self.width, self.height, face, 0.46, 1.0
        )

    def render_crop(
        self, emotion: str = "neutral", intensity: float = 1.0, size: int = 112, *,
        t_s: float = 0.0,
    ) -> Picture:  # fmt: skip
        """Draw a face that fills a square: shape (size, size, 3), uint8 BGR.

        Parameters
        ----------
        emotion, intensity, t_s
            As for `render`.
        size : int
            Side in pixels.
        """
        return self._picture(emotion, intensity, t_s, size, size, 0.70 * size, 0.47, 0.3)

    def _picture(
        self, emotion: str, intensity: float, t_s: float, width: int, height: int,
        face_px: float, middle: float, sway: float,
    ) -> Picture:  # fmt: skip
        how = expression_of(emotion, intensity)
        painter = self._painter(face_px)
        head = painter.paint(how, self._blink(t_s))
        key = (width, height, round(face_px, 1))
        room = self._rooms.get(key)
        if room is None:
            if len(self._rooms) >= _KEPT:
                self._rooms.pop(next(iter(self._rooms)))
            room = self._rooms[key] = background(self.identity, width, height, face_px)
        picture = room.copy()
        _place(picture, head, self._pose(painter.scale, t_s, width, height, middle, sway))
        noise = self._noise(width, height)[int(t_s * 1000.0) % _NOISE_PICTURES]
        return np.asarray(cv2.add(picture, noise, dtype=cv2.CV_8U), np.uint8)

    def _painter(self, face_px: float) -> HeadPainter:
        scale = round(face_px / (2.0 * HALF_WIDTH * self.identity.width), 3)
        painter = self._painters.get(scale)
        if painter is None:
            if len(self._painters) >= _KEPT:
                self._painters.pop(next(iter(self._painters)))
            painter = self._painters[scale] = HeadPainter(self.identity, scale)
        return painter

    def _blink(self, t_s: float) -> float:
        since = (t_s + self.identity.phase) % _BLINK_EVERY_S
        return math.sin(math.pi * since / _BLINK_S) if since < _BLINK_S else 0.0

    def _pose(
        self, scale: float, t_s: float, width: int, height: int, middle: float, sway: float
    ) -> npt.NDArray[np.float64]:
        """Return the 2 x 3 matrix from the head's patch to the picture."""
        phase = self.identity.phase
        roll = sway * 2.5 * math.sin(0.53 * t_s + phase)
        size = 1.0 + sway * 0.02 * math.sin(0.31 * t_s + 2.0 * phase)
        unit = scale * 2.0 * HALF_WIDTH
        dx = sway * 0.05 * unit * math.sin(0.41 * t_s + 3.0 * phase)
        dy = sway * 0.03 * unit * math.sin(0.67 * t_s + 5.0 * phase)
        x, y = CENTRE[0] * scale, CENTRE[1] * scale
        matrix = np.asarray(cv2.getRotationMatrix2D((x, y), roll, size), np.float64)
        matrix[:, 2] += (width / 2.0 + dx - x, height * middle + dy - y)
        return matrix

    def _noise(self, width: int, height: int) -> list[npt.NDArray[np.int8]]:
        pictures = self._noises.get((width, height))
        if pictures is None:
            rng = np.random.default_rng([0x7015E, self.seed])
            pictures = [
                np.round(rng.normal(0.0, _NOISE_SD, (height, width, 3))).astype(np.int8)
                for _ in range(_NOISE_PICTURES)
            ]
            self._noises[(width, height)] = pictures
        return pictures


def _place(picture: Picture, head: Picture, matrix: npt.NDArray[np.float64]) -> None:
    """Lay the head (BGR and coverage) over the picture, in place."""
    high, wide = head.shape[:2]
    corners = (
        np.asarray([[0, 0, 1], [wide, 0, 1], [0, high, 1], [wide, high, 1]]) @ matrix.T
    )
    left, top = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
    right, bottom = np.ceil(corners.max(axis=0)).astype(int)
    window = picture[top:bottom, left:right]
    if window.size == 0:
        return
    local = matrix.copy()
    local[:, 2] -= (left, top)
    moved = cv2.warpAffine(
        head, local, (window.shape[1], window.shape[0]), flags=cv2.INTER_LINEAR
    )
    cover = cv2.merge([moved[..., 3]] * 3)
    ours = cv2.multiply(np.ascontiguousarray(moved[..., :3]), cover, scale=1 / 255)
    rest = cv2.multiply(np.ascontiguousarray(window), cv2.bitwise_not(cover), scale=1 / 255)
    window[:] = cv2.add(ours, rest)

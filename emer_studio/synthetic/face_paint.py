"""Draws brows, eyes, mouth and folds of one expression onto a painted head."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from emer_studio.synthetic.face_expression import Expression
from emer_studio.synthetic.face_identity import CENTRE, Identity, head_layer

__all__ = ["HeadPainter"]

Picture = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float32]
Colour = Sequence[float]
_SHIFT = 4  # fractional bits of the coordinates OpenCV draws with
_T = np.linspace(-1.0, 1.0, 13, dtype=np.float32)


class HeadPainter:
    """One person's head at one size; the parts that never move are painted once.

    Parameters
    ----------
    who : Identity
        The person.
    scale : float
        Pixels per unit of the head.
    """

    def __init__(self, who: Identity, scale: float) -> None:
        self.who = who
        self.scale = scale
        self._colour, self._alpha = head_layer(who, scale)
        self._sigma = max(0.8 * scale, 0.35)
        skin = np.asarray(who.skin, np.float64)
        self._lip = tuple(skin * (0.62, 0.58, 0.80))
        self._dark_lip = tuple(skin * (0.48, 0.45, 0.66))
        self._lash = tuple(np.asarray(who.hair, np.float64) * 0.5)
        self._brow = tuple(0.65 * np.asarray(who.hair, np.float64) + 0.08 * skin)

    def paint(self, how: Expression, blink: float = 0.0) -> Picture:
        """Return the head with an expression: shape (h, w, 4), uint8 BGR and coverage.

        Parameters
        ----------
        how : Expression
            The facial actions.
        blink : float
            0 eyes as the expression wants them, 1 shut.
        """
        canvas = self._shade(how)
        for side in (-1.0, 1.0):
            self._eye(canvas, how, side, blink)
            self._eyebrow(canvas, how, side)
        self._mouth(canvas, how)
        softened = cv2.GaussianBlur(canvas, (3, 3), self._sigma)
        return np.asarray(cv2.merge([softened, self._alpha]), np.uint8)

    # -- drawing with fractions of a pixel

    def _fixed(self, points: Points) -> npt.NDArray[np.int32]:
        moved = (points + np.asarray(CENTRE, np.float32)) * self.scale - 0.5
        return np.round(moved * (1 << _SHIFT)).astype(np.int32)

    def _fill(self, canvas: Picture, points: Points, colour: Colour) -> None:
        cv2.fillPoly(canvas, [self._fixed(points)], colour, cv2.LINE_AA, _SHIFT)

    def _line(self, canvas: Picture, points: Points, colour: Colour, width: float) -> None:
        """Draw a curve `width` units thick (as a polygon, so that width may be < 1 px)."""
        along = np.gradient(points, axis=0)
        across = np.stack([-along[:, 1], along[:, 0]], axis=1)
        across /= np.linalg.norm(across, axis=1, keepdims=True) + 1e-6
        taper = (0.5 * width * (0.35 + 0.65 * np.sqrt(1.0 - _span(len(points)) ** 2)))[
            :, None
        ]
        self._fill(
            canvas,
            np.concatenate([points + across * taper, (points - across * taper)[::-1]]),
            colour,
        )

    # -- the parts

    def _shade(self, how: Expression) -> Picture:
        """Return the head darkened by the folds of the expression."""
        who, dark = self.who, np.zeros(self._alpha.shape, np.uint8)
        fold = max(how.corners, 0.0) * 0.9 + how.upper_lip * 0.8 + how.nose * 0.3
        if fold > 0.02:
            for side in (-1.0, 1.0):
                x = side * (22.0 + 18.0 * (_T + 1.0) / 2.0 + 4.0 * max(how.corners, 0.0))
                y = who.nose_y + (who.mouth_y - who.nose_y) * (_T + 1.0) / 2.0 * 0.95
                self._line(dark, _stack(x, y), (70.0 * fold,), 6.0)
        for side in (-1.0, 1.0):
            if how.brow_in > 0.02:
                x = np.full(9, side * 7.0, np.float32)
                y = np.linspace(who.brow_y - 16.0, who.brow_y + 10.0, 9, dtype=np.float32)
                self._line(dark, _stack(x, y), (95.0 * how.brow_in,), 5.0)
            if how.nose > 0.02:
                for step in (0.0, 8.0):
                    x = side * np.linspace(4.0, 15.0, 7, dtype=np.float32)
                    y = who.eye_y + 12.0 + step + np.linspace(0, 5, 7, dtype=np.float32)
                    self._line(dark, _stack(x, y), (80.0 * how.nose,), 4.0)
            if how.lid_lower > 0.02:
                x = side * who.eye_x + 20.0 * _T
                y = who.eye_y + 15.0 - 3.0 * _T**2
                self._line(dark, _stack(x, y), (60.0 * how.lid_lower,), 5.0)
        raised = 0.5 * max(how.brow_inner + max(how.brow_outer, 0.0), 0.0)
        if raised > 0.02:
            for line in (-18.0, -29.0):
                x = 42.0 * _T
                self._line(
                    dark, _stack(x, who.brow_y + line + 3.0 * _T**2), (45 * raised,), 4.0
                )
        if not dark.any():
            return self._colour.copy()
        keep = cv2.bitwise_not(cv2.GaussianBlur(dark, (0, 0), max(2.2 * self.scale, 0.6)))
        return np.asarray(
            cv2.multiply(self._colour, cv2.merge([keep] * 3), scale=1 / 255), np.uint8
        )

    def _eyebrow(self, canvas: Picture, how: Expression, side: float) -> None:
        who = self.who
        inner = np.asarray(
            [14.0 - 6.0 * how.brow_in, who.brow_y + 1.0 - 11.0 * how.brow_inner]
        )
        outer = np.asarray([64.0, who.brow_y + 4.0 - 8.0 * how.brow_outer])
        along = ((_T + 1.0) / 2.0)[:, None]
        curve = inner * (1.0 - along) + outer * along
        curve[:, 1] -= (7.0 + 2.0 * how.brow_outer) * (1.0 - (2 * along[:, 0] - 1.25) ** 2)
        curve[:, 1] += 4.0 * max(how.brow_in, 0.0)
        curve[:, 0] *= side
        self._line(canvas, curve.astype(np.float32), self._brow, 8.5 * who.brow)

    def _eye(self, canvas: Picture, how: Expression, side: float, blink: float) -> None:
        who, size = self.who, self.who.eye_size
        lid = (8.2 + 4.2 * how.lid_open) * size * (1.0 - blink)
        low = (6.2 - 3.6 * how.lid_lower) * size * (1.0 - 0.7 * blink)
        half = 20.0 * size
        x = side * who.eye_x + half * _T
        tilt = -1.5 * side * _T
        bow = 1.0 - _T**2
        upper = _stack(x, who.eye_y + tilt - lid * bow + 4.0 * blink * bow)
        lower = _stack(x, who.eye_y + tilt + low * bow + 1.0)
        crease = _stack(x, who.eye_y + tilt - (lid + 5.5) * bow - 0.5)
        self._line(canvas, crease, tuple(0.55 * v for v in who.skin), 2.0)
        if blink < 0.85:
            self._eyeball(canvas, upper, lower, side)
        self._line(canvas, lower, tuple(0.52 * v for v in who.skin), 1.8)
        self._line(canvas, upper, self._lash, 4.2)

    def _eyeball(self, canvas: Picture, upper: Points, lower: Points, side: float) -> None:
        """Draw white, iris and pupil, cut off by the lids."""
        who = self.who
        outline = np.concatenate([upper, lower[::-1]])
        fixed = self._fixed(outline) >> _SHIFT
        (left, top), (right, bottom) = fixed.min(axis=0) - 2, fixed.max(axis=0) + 3
        window = canvas[top:bottom, left:right]
        mask = np.zeros(self._alpha.shape, np.uint8)
        self._fill(mask, outline, (255,))
        cover = mask[top:bottom, left:right, None].astype(np.uint16)
        ball = np.empty_like(window)
        ball[:] = np.asarray((205, 210, 214), np.uint8)
        middle = np.asarray([[side * who.eye_x, who.eye_y - 1.5]], np.float32)
        where = self._fixed(middle)[0] - np.asarray([left, top]) * (1 << _SHIFT)
        unit = self.scale * who.eye_size * (1 << _SHIFT)
        centre = (int(where[0]), int(where[1]))
        for radius, colour in ((8.8, who.iris), (4.2, (18, 16, 16))):
            cv2.circle(ball, centre, round(radius * unit), colour, -1, cv2.LINE_AA, _SHIFT)
        glint = (int(where[0] - 3 * unit), int(where[1] - 3 * unit))
        cv2.circle(ball, glint, round(1.7 * unit), (245, 245, 245), -1, cv2.LINE_AA, _SHIFT)
        window[:] = ((window * (255 - cover) + ball * cover) // 255).astype(np.uint8)

    def _mouth(self, canvas: Picture, how: Expression) -> None:
        who = self.who
        half = who.mouth_w * (1.0 + 0.28 * how.width + 0.10 * max(how.corners, 0.0))
        bend = 1.0 - _T**2  # 0 at the corners, 1 in the middle
        # Corners up pulls the ends up and the middle slightly down, and the reverse.
        ends = -11.0 * how.corners
        line = who.mouth_y + ends * (1.0 - bend) + 3.0 * how.corners * bend
        gap = (30.0 * how.jaw) * np.sqrt(bend)
        thin = 1.0 - 0.75 * how.press
        lip = who.lip * thin
        top = line - 0.18 * gap - 7.0 * how.upper_lip * bend
        bottom = line + 0.82 * gap
        cupid = 1.0 + 0.35 * np.cos(np.pi * _T * 2.2) * -1.0
        x = half * _T
        above = top - 7.0 * lip * bend * cupid
        below = bottom + (10.0 - 3.0 * how.jaw) * lip * bend
        self._fill(
            canvas, np.concatenate([_stack(x, above), _stack(x, bottom)[::-1]]), self._lip
        )
        self._fill(
            canvas,
            np.concatenate([_stack(x, top), _stack(x, below)[::-1]]),
            tuple(1.12 * v for v in self._lip),
        )
        opening = float((bottom - top).max())
        if opening > 2.0:
            inner = np.concatenate([_stack(0.94 * x, top), _stack(0.94 * x, bottom)[::-1]])
            self._fill(canvas, inner, (28, 22, 48))
            teeth = np.minimum(top + min(0.45 * opening, 8.0), bottom)
            self._fill(
                canvas,
                np.concatenate([_stack(0.80 * x, top), _stack(0.80 * x, teeth)[::-1]]),
                (205, 216, 222),
            )
        else:
            self._line(canvas, _stack(x, line), self._dark_lip, 3.0)
        for side in (-1.0, 1.0):
            corner = _stack(side * half + 3.0 * _T[::2], (line[0] - 0.8 * _T[::2]))
            self._line(canvas, corner, self._dark_lip, 3.4)


def _span(count: int) -> npt.NDArray[np.float32]:
    return np.linspace(-1.0, 1.0, count, dtype=np.float32)


def _stack(x: npt.ArrayLike, y: npt.ArrayLike) -> Points:
    a, b = np.broadcast_arrays(np.asarray(x, np.float32), np.asarray(y, np.float32))
    return np.stack([a, b], axis=1)

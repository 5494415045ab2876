"""Who a drawn face belongs to, and the parts of the picture that never move.

Lengths are in units of the head: 1 unit is one pixel at scale 1, where a face is 190
units wide and about 250 high; the origin lies between the eyes and the nose.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["HALF_HEIGHT", "HALF_WIDTH", "PATCH", "Identity", "background", "head_layer"]

Picture = npt.NDArray[np.uint8]
Plane = npt.NDArray[np.float32]

HALF_WIDTH, HALF_HEIGHT = 95.0, 126.0  # of the face, without ears and hair
PATCH = (300, 400)  # width and height of the patch that holds head, hair and neck
CENTRE = (150.0, 190.0)  # of the face in that patch

# Skin, hair and iris colours as BGR, from light to dark (chosen by us).
_SKINS = (
    (178, 199, 238),
    (150, 178, 226),
    (128, 160, 212),
    (104, 138, 192),
    (88, 120, 172),
)
_HAIRS = ((32, 36, 44), (28, 48, 78), (60, 104, 148), (40, 62, 104), (84, 88, 92))
_IRISES = ((60, 84, 108), (120, 104, 70), (84, 110, 84), (44, 62, 88))


@dataclass(frozen=True, slots=True)
class Identity:
    """Colours and proportions of one person and the room behind, drawn from a seed."""

    skin: tuple[int, int, int]
    hair: tuple[int, int, int]
    iris: tuple[int, int, int]
    shirt: tuple[int, int, int]
    wall: tuple[int, int, int]
    long_hair: bool
    hairline: float
    width: float
    jaw: float
    eye_x: float
    eye_y: float
    eye_size: float
    brow: float
    brow_y: float
    nose_y: float
    mouth_y: float
    mouth_w: float
    lip: float
    light: float
    phase: float

    @classmethod
    def from_seed(cls, seed: int) -> Identity:
        """Draw one person; the same seed gives the same person everywhere."""
        rng = np.random.default_rng([0xFACE, seed])

        def near(value: float, share: float) -> float:
            return float(value * (1.0 + share * rng.uniform(-1.0, 1.0)))

        def colour(low: int, high: int) -> tuple[int, int, int]:
            b, g, r = (int(v) for v in rng.integers(low, high, 3))
            return b, g, r

        return cls(
            skin=_SKINS[int(rng.integers(len(_SKINS)))],
            hair=_HAIRS[int(rng.integers(len(_HAIRS)))],
            iris=_IRISES[int(rng.integers(len(_IRISES)))],
            shirt=colour(40, 190),
            wall=colour(110, 190),
            long_hair=bool(rng.random() < 0.4),
            hairline=near(-88.0, 0.06),
            width=near(1.0, 0.05),
            jaw=near(0.80, 0.05),
            eye_x=near(41.0, 0.05),
            eye_y=near(-18.0, 0.12),
            eye_size=near(1.0, 0.08),
            brow=near(1.0, 0.25),
            brow_y=near(-42.0, 0.05),
            nose_y=near(34.0, 0.08),
            mouth_y=near(70.0, 0.04),
            mouth_w=near(32.0, 0.08),
            lip=near(1.0, 0.2),
            light=float(rng.uniform(-1.0, 1.0)),
            phase=float(rng.uniform(0.0, 2.0 * np.pi)),
        )


def _grid(scale: float) -> tuple[Plane, Plane]:
    width, height = round(PATCH[0] * scale), round(PATCH[1] * scale)
    x = (np.arange(width, dtype=np.float32) + 0.5) / scale - CENTRE[0]
    y = (np.arange(height, dtype=np.float32) + 0.5) / scale - CENTRE[1]
    xs, ys = np.meshgrid(x, y)
    return xs.astype(np.float32), ys.astype(np.float32)


def _blob(xs: Plane, ys: Plane, x: float, y: float, sx: float, sy: float) -> Plane:
    square = ((xs - x) / sx) ** 2 + ((ys - y) / sy) ** 2
    return np.asarray(np.exp(-0.5 * square), np.float32)


def _inside(distance: Plane, softness: float) -> Plane:
    """Turn a signed distance (units, positive inside) into coverage 0..1."""
    return np.asarray(np.clip(distance / softness + 0.5, 0.0, 1.0), np.float32)


def _ellipse(xs: Plane, ys: Plane, x: float, y: float, rx: float, ry: float) -> Plane:
    radius = np.sqrt(((xs - x) / rx) ** 2 + ((ys - y) / ry) ** 2)
    return np.asarray((1.0 - radius) * min(rx, ry), np.float32)


def _face_distance(who: Identity, xs: Plane, ys: Plane) -> Plane:
    down = np.clip(ys / HALF_HEIGHT, 0.0, 1.0)
    narrow = 1.0 - (1.0 - who.jaw) * down**2
    return _ellipse(xs / (who.width * narrow), ys, 0.0, 0.0, HALF_WIDTH, HALF_HEIGHT)


def _shading(who: Identity, xs: Plane, ys: Plane) -> Plane:
    """Return the brightness of the skin, about 1: sockets dark, nose and cheeks bright."""
    nx, ny = xs / HALF_WIDTH, ys / HALF_HEIGHT
    shade = 1.06 - 0.26 * nx**4 - 0.10 * nx**2 - 0.12 * ny**2 + 0.07 * who.light * nx
    for side in (-1.0, 1.0):
        eye = side * who.eye_x
        shade -= 0.26 * _blob(xs, ys, eye, who.eye_y - 3.0, 24.0, 13.0)
        shade -= 0.10 * _blob(xs, ys, side * 15.0, who.eye_y + 2.0, 7.0, 16.0)
        shade += 0.09 * _blob(xs, ys, side * 46.0, 24.0, 20.0, 16.0)
        shade -= 0.12 * _blob(xs, ys, side * 15.0, who.nose_y, 6.0, 10.0)
        shade -= 0.38 * _blob(xs, ys, side * 8.0, who.nose_y + 7.0, 4.5, 3.0)
        shade -= 0.08 * _blob(xs, ys, side * 62.0, 62.0, 22.0, 30.0)
    shade += 0.13 * _blob(xs, ys, 0.0, who.nose_y - 34.0, 7.0, 28.0)
    shade += 0.10 * _blob(xs, ys, 0.0, who.nose_y - 4.0, 9.0, 7.0)
    shade -= 0.16 * _blob(xs, ys, 0.0, who.nose_y + 12.0, 16.0, 5.0)
    shade += 0.08 * _blob(xs, ys, 0.0, -72.0, 46.0, 18.0)
    shade -= 0.13 * _blob(xs, ys, 0.0, who.mouth_y + 21.0, 20.0, 5.0)
    shade += 0.07 * _blob(xs, ys, 0.0, 106.0, 18.0, 10.0)
    return np.asarray(shade, np.float32)


def _over(under: Plane, colour: Plane | tuple[int, int, int], cover: Plane) -> Plane:
    part = cover[..., None]
    mixed = under * (1.0 - part) + np.asarray(colour, np.float32) * part
    return np.asarray(mixed, np.float32)


def head_layer(who: Identity, scale: float) -> tuple[Picture, Picture]:
    """Paint the head without brows, eyes and mouth.

    Returns
    -------
    colour : ndarray, shape (h, w, 3), uint8
        BGR of hair, ears, neck and face.
    alpha : ndarray, shape (h, w), uint8
        255 where the head covers the room.
    """
    xs, ys = _grid(scale)
    soft = 1.5 / scale
    skin = np.asarray(who.skin, np.float32)
    rng = np.random.default_rng([0x4A12, int(abs(who.phase) * 1e6)])
    strands = cv2.GaussianBlur(
        rng.normal(0.0, 1.0, xs.shape).astype(np.float32),
        (0, 0),
        1.0 * scale,
        sigmaY=9 * scale,
    )
    hair = np.asarray(who.hair, np.float32) * (1.0 + 1.2 * strands[..., None])

    back = _ellipse(xs, ys, 0.0, -22.0, 112.0 * who.width, 124.0)
    if who.long_hair:
        sides = np.minimum(112.0 - np.abs(xs), np.minimum(ys + 40.0, 150.0 - ys))
        back = np.maximum(back, sides.astype(np.float32))
    back_cover = _inside(back, soft)
    neck_cover = _inside(np.minimum(50.0 - np.abs(xs), ys - 20.0).astype(np.float32), soft)
    picture = _over(np.zeros((*xs.shape, 3), np.float32), hair, back_cover)
    picture = _over(picture, (skin * 0.66 * np.ones_like(picture)), neck_cover)
    alpha = np.maximum(back_cover, neck_cover)
    if not who.long_hair:
        for side in (-1.0, 1.0):
            ear = _inside(_ellipse(xs, ys, side * 97.0 * who.width, 4.0, 12.0, 27.0), soft)
            picture = _over(picture, skin * 0.80, ear)
            alpha = np.maximum(alpha, ear)
    face_cover = _inside(_face_distance(who, xs, ys), soft)
    grain = cv2.GaussianBlur(rng.normal(0.0, 1.0, xs.shape).astype(np.float32), (0, 0), 1.2)
    lit = skin * (_shading(who, xs, ys) + 0.02 * grain)[..., None]
    picture = _over(picture, lit.astype(np.float32), face_cover)
    line = who.hairline + 0.0052 * xs**2 + 5.0 * np.sin(xs / 23.0 + who.phase)
    fringe = _inside((line - ys).astype(np.float32), 7.0) * back_cover
    picture = _over(picture, hair, fringe)
    return (
        np.clip(picture, 0, 255).astype(np.uint8),
        (255 * np.maximum(alpha, face_cover)).astype(np.uint8),
    )


def background(who: Identity, width: int, height: int, face_px: float) -> Picture:
    """Paint the room and the shoulders: shape (height, width, 3), uint8 BGR."""
    rng = np.random.default_rng([0x2000, int(who.phase * 1e6)])
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    wall = np.asarray(who.wall, np.float32)
    cloud = cv2.resize(
        rng.normal(0.0, 9.0, (4, 5)).astype(np.float32),
        (width, height),
        interpolation=cv2.INTER_CUBIC,
    )
    slope = 1.08 - 0.25 * ys / height + 0.12 * who.light * (xs / width - 0.5)
    picture = wall * slope[..., None] + cloud[..., None]
    unit = face_px / (2.0 * HALF_WIDTH)
    x = (xs - width / 2.0) / unit
    y = (ys - height * 0.46) / unit
    shoulder = 150.0 + 46.0 * (np.abs(x) / 180.0) ** 2.2
    cover = _inside((y - shoulder).astype(np.float32), 3.0)
    shirt = np.asarray(who.shirt, np.float32) * (1.0 - 0.18 * np.abs(x) / 200.0)[..., None]
    return np.clip(_over(picture, shirt, cover), 0, 255).astype(np.uint8)

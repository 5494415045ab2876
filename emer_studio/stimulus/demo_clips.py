"""Short demo clips drawn and composed by the program: nothing to download, nothing owned.

Four moods, each a moving picture with sound. They make the demo real; they are no
validated stimuli and induce nothing in particular.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt

from emer_studio.schema.stimulus import Mood

__all__ = ["DEMO_SECONDS", "write_demo_clip"]

DEMO_SECONDS = 6.0
_WIDTH, _HEIGHT, _FPS, _RATE = 960, 540, 30, 48_000
Picture = npt.NDArray[np.uint8]
Sound = npt.NDArray[np.float32]


def write_demo_clip(path: Path, mood: Mood, seconds: float = DEMO_SECONDS) -> None:
    """Draw one clip with sound (H.264 and AAC in MP4); the file appears when complete."""
    half = path.with_name(path.name + ".part")
    draw, compose = _MOODS[mood]
    with av.open(str(half), "w", format="mp4") as container:
        video = container.add_stream(
            "libx264",
            rate=_FPS,
            options={"preset": "ultrafast", "crf": "20", "threads": "1"},
        )
        video.width, video.height, video.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
        audio = container.add_stream("aac", rate=_RATE, layout="stereo")
        for index in range(round(seconds * _FPS)):
            frame = av.VideoFrame.from_ndarray(draw(index / _FPS), format="bgr24")
            frame.pts, frame.time_base = index, Fraction(1, _FPS)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        t = np.arange(round(seconds * _RATE)) / _RATE
        fade = np.minimum(1, np.minimum(t, t[-1] - t) / 0.3)
        for block in _audio_frames((compose(t) * fade * 0.25).astype(np.float32)):
            container.mux(audio.encode(block))
        container.mux(audio.encode(None))
    half.replace(path)


def _audio_frames(mono: Sound, size: int = 1024) -> list[av.AudioFrame]:
    frames = []
    for start in range(0, len(mono), size):
        part = np.ascontiguousarray(np.stack([mono[start : start + size]] * 2))
        frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = _RATE, start
        frame.time_base = Fraction(1, _RATE)
        frames.append(frame)
    return frames


def _sky(top: tuple[int, int, int], bottom: tuple[int, int, int]) -> Picture:
    ramp = np.linspace(0, 1, _HEIGHT)[:, None, None]
    colours = (np.array(top) * (1 - ramp) + np.array(bottom) * ramp).astype(np.uint8)
    return np.broadcast_to(colours, (_HEIGHT, _WIDTH, 3)).copy()


def _disc(
    picture: Picture, x: float, y: float, radius: float, colour: tuple[int, int, int]
) -> None:
    centre = (round(x * 16), round(y * 16))
    cv2.circle(picture, centre, max(round(radius * 16), 16), colour, -1, cv2.LINE_AA, 4)


def _joy(t: float) -> Picture:
    """Balloons that bounce up into a bright morning."""
    picture = _sky((250, 214, 150), (200, 240, 255))
    _disc(picture, 800, 110, 60 + 4 * np.sin(4 * t), (120, 220, 255))
    colours = [
        (80, 90, 240),
        (90, 200, 255),
        (120, 200, 90),
        (230, 140, 90),
        (200, 110, 220),
    ]
    for k in range(10):
        y = _HEIGHT + 60 - (t * (60 + 9 * k) + 53 * k) % (_HEIGHT + 120)
        x = 60 + 92 * k + 26 * np.sin(2.2 * t + k)
        cv2.line(
            picture, (round(x), round(y)), (round(x), round(y + 70)), (140, 150, 160), 2
        )
        _disc(picture, x, y - 12 * abs(np.sin(3 * t + k)), 30, colours[k % 5])
    return picture


def _sorrow(t: float) -> Picture:
    """Slow rain on a grey evening, one leaf falling."""
    picture = _sky((96, 84, 76), (64, 58, 56))
    rng = np.random.default_rng(7)
    for x0, y0, speed in rng.uniform((0, 0, 180), (_WIDTH, _HEIGHT, 260), (90, 3)):
        y = (y0 + t * speed) % _HEIGHT
        cv2.line(picture, (int(x0), int(y)), (int(x0 - 2), int(y + 16)), (138, 126, 116), 1)
    x, y = 480 + 70 * np.sin(1.1 * t), 90 + 52 * t
    cv2.ellipse(
        picture,
        (round(x), round(y)),
        (26, 11),
        40 * np.sin(1.1 * t),
        0,
        360,
        (60, 96, 130),
        -1,
        cv2.LINE_AA,
    )
    return picture


def _dread(t: float) -> Picture:
    """A dark corridor, and something that comes closer."""
    picture = _sky((22, 16, 14), (10, 8, 8))
    for k in range(9):
        scale = 0.1 + ((k / 9 + t * 0.05) % 1.0) ** 2
        half = (int(_WIDTH * scale * 0.6), int(_HEIGHT * scale * 0.6))
        low, high = (480 - half[0], 270 - half[1]), (480 + half[0], 270 + half[1])
        cv2.rectangle(picture, low, high, (44, 38, 36), 2, cv2.LINE_AA)
    size = 14 + 9 * t + 3 * abs(np.sin(5 * t))
    cv2.ellipse(
        picture, (480, 300), (round(size), round(size * 2.4)), 0, 0, 360, (6, 5, 5), -1
    )
    for side in (-1, 1):
        _disc(
            picture, 480 + side * size * 0.4, 300 - size * 1.5, size * 0.12, (60, 70, 210)
        )
    return picture


def _calm(t: float) -> Picture:
    """Hills and slow clouds."""
    picture = _sky((214, 190, 160), (226, 220, 208))
    for k in range(4):
        x = (k * 290 + 14 * t) % (_WIDTH + 240) - 120
        for dx, radius in ((-46, 26), (0, 38), (46, 28)):
            _disc(picture, x + dx, 110 + 24 * (k % 2), radius, (238, 236, 232))
    xs = np.arange(_WIDTH)
    for k, colour in enumerate([(150, 168, 140), (120, 146, 112), (92, 120, 86)]):
        ridge = 330 + 60 * k + 26 * np.sin(xs / (150 - 20 * k) + 2 * k)
        points = np.stack([xs, ridge], 1).astype(np.int32)
        outline = np.vstack([points, [[_WIDTH, _HEIGHT], [0, _HEIGHT]]])
        cv2.fillPoly(picture, [outline.astype(np.int32)], colour, cv2.LINE_AA)
    return picture


def _notes(t: Any, pitches: list[float], beat_s: float, decay: float) -> Any:
    step = (t / beat_s).astype(int)
    pitch = np.array(pitches)[step % len(pitches)]
    within = t - step * beat_s
    tone = np.sin(2 * np.pi * pitch * within) + 0.3 * np.sin(4 * np.pi * pitch * within)
    return tone * np.exp(-within * decay) * np.minimum(1, within / 0.005)


def _joy_sound(t: Any) -> Any:
    return _notes(t, [523.25, 659.25, 783.99, 1046.5, 783.99, 880.0], 0.22, 6.0)


def _sorrow_sound(t: Any) -> Any:
    slow = _notes(t, [220.0, 261.63, 246.94, 207.65], 1.5, 1.2)
    return slow + 0.3 * np.sin(2 * np.pi * 110 * t)


def _dread_sound(t: Any) -> Any:
    heart = np.exp(-12 * (t % 0.9)) + 0.7 * np.exp(-12 * ((t - 0.25) % 0.9))
    return 0.8 * np.sin(2 * np.pi * (48 + 2 * np.sin(t)) * t) + heart * np.sin(
        2 * np.pi * 62 * t
    )


def _calm_sound(t: Any) -> Any:
    swell = 0.5 + 0.5 * np.sin(2 * np.pi * t / 6 - np.pi / 2)
    return swell * sum(np.sin(2 * np.pi * f * t) for f in (196.0, 246.94, 293.66)) / 3


_MOODS: dict[Mood, tuple[Callable[[float], Picture], Callable[[Any], Any]]] = {
    "joy": (_joy, _joy_sound),
    "sorrow": (_sorrow, _sorrow_sound),
    "dread": (_dread, _dread_sound),
    "calm": (_calm, _calm_sound),
}

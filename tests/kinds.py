"""Clips of every kind that labs have, written so that the truth is known without FFmpeg.

Frame k is of one colour, ``COLOURS[k % 7]``, brought to YUV by our own arithmetic; a tone
of 50 ms begins at `BEEP_S` of the file's time.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

COLOURS = (
    (200, 40, 40),
    (40, 180, 40),
    (40, 60, 210),
    (190, 180, 40),
    (180, 40, 180),
    (50, 180, 180),
    (120, 120, 120),
)
BEEP_S, BEEP_LONG_S, BEEP_HZ = 0.6, 0.05, 1000.0
_WEIGHTS = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}
_SPEAKERS = {"mono": 1, "stereo": 2, "5.1": 6}


@dataclass(frozen=True)
class Kind:
    """What a clip is. Matrix 1 is BT.709, 5 and 6 BT.601, 2 unsaid (then BT.601 here)."""

    suffix: str = ".mp4"
    video: str = "libx264"
    options: dict[str, str] = field(default_factory=dict)
    fps: Fraction = Fraction(30)
    steps: tuple[int, ...] = (1,)
    size: tuple[int, int] = (320, 180)
    pix_fmt: str = "yuv420p"
    matrix: int = 2
    full: bool = False
    transfer: int = 2
    pixel: Fraction = Fraction(1)
    audio: str = "aac"
    speakers: str = "stereo"
    rate_hz: int = 48_000
    video_from_s: float = 0.0
    audio_from_s: float = 0.0
    seconds: float = 1.0


def frame_times(kind: Kind) -> list[Fraction]:
    """Return when each frame begins, seconds since the first."""
    times, at, step = [], Fraction(0), 0
    while at < Fraction(kind.seconds):
        times.append(at)
        at += kind.steps[step % len(kind.steps)] / kind.fps
        step += 1
    return times


def write_kind(path: Path, kind: Kind) -> Path:
    """Write a clip of a kind to `path` (its suffix is the kind's)."""
    path = path.with_suffix(kind.suffix)
    with av.open(str(path), "w") as out:
        video = out.add_stream(kind.video, rate=kind.fps, options=kind.options)
        video.width, video.height, video.pix_fmt = *kind.size, kind.pix_fmt
        context = video.codec_context
        context.time_base = 1 / kind.fps
        context.sample_aspect_ratio = kind.pixel
        context.colorspace, context.color_range = kind.matrix, 2 if kind.full else 1
        context.color_trc = kind.transfer
        sound = _sound_stream(out, kind) if kind.audio else None
        _write_video(out, video, kind)
        if sound is not None:
            _write_sound(out, sound, kind)
    return path


def _write_video(
    out: av.container.OutputContainer, video: av.VideoStream, kind: Kind
) -> None:
    late = round(kind.video_from_s * kind.fps)
    for index, at in enumerate(frame_times(kind)):
        frame = _frame(kind, COLOURS[index % len(COLOURS)])
        frame.pts, frame.time_base = round(at * kind.fps) + late, 1 / kind.fps
        out.mux(video.encode(frame))
    out.mux(video.encode(None))


def _frame(kind: Kind, colour: tuple[int, int, int]) -> av.VideoFrame:
    deep = "10le" in kind.pix_fmt
    frame = av.VideoFrame(*kind.size, kind.pix_fmt)
    frame.color_range = 2 if kind.full else 1
    frame.colorspace = kind.matrix
    for plane, level in zip(frame.planes, _yuv(kind, colour), strict=True):
        value = round(level * 4) if deep else round(level)
        raw = np.full(
            plane.buffer_size // (2 if deep else 1), value, "<u2" if deep else "u1"
        )
        plane.update(raw.tobytes())
    return frame


def _yuv(kind: Kind, colour: tuple[int, int, int]) -> tuple[float, float, float]:
    """Return Y, Cb, Cr on the scale of 8 bits (ITU-R BT.601 and BT.709, clause 3)."""
    red, green, blue = (value / 255 for value in colour)
    of_red, of_blue = _WEIGHTS.get(kind.matrix, _WEIGHTS[6])
    luma = of_red * red + (1 - of_red - of_blue) * green + of_blue * blue
    chroma = (blue - luma) / (2 - 2 * of_blue), (red - luma) / (2 - 2 * of_red)
    if kind.full:
        return 255 * luma, 128 + 255 * chroma[0], 128 + 255 * chroma[1]
    return 16 + 219 * luma, 128 + 224 * chroma[0], 128 + 224 * chroma[1]


def _sound_stream(out: av.container.OutputContainer, kind: Kind) -> av.AudioStream:
    own = {"strict": "experimental"} if kind.audio == "vorbis" else {}
    return out.add_stream(kind.audio, rate=kind.rate_hz, layout=kind.speakers, options=own)


def _write_sound(
    out: av.container.OutputContainer, sound: av.AudioStream, kind: Kind
) -> None:
    end_s = kind.video_from_s + kind.seconds
    t_s = np.arange(kind.audio_from_s, end_s, 1 / kind.rate_hz)
    beep = (t_s >= BEEP_S) & (t_s < BEEP_S + BEEP_LONG_S)
    wave = (0.5 * beep * np.sin(2 * np.pi * BEEP_HZ * t_s)).astype(np.float32)
    resampler = av.AudioResampler(
        format=sound.codec_context.format, layout=kind.speakers, rate=kind.rate_hz,
        frame_size=sound.codec_context.frame_size or None,
    )  # fmt: skip
    count = _SPEAKERS[kind.speakers]
    block = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(np.repeat(wave[None], count, axis=0)), "fltp", kind.speakers
    )
    block.sample_rate, block.time_base = kind.rate_hz, Fraction(1, kind.rate_hz)
    block.pts = round(kind.audio_from_s * kind.rate_hz)
    for frame in [*resampler.resample(block), *resampler.resample(None)]:
        out.mux(sound.encode(frame))
    out.mux(sound.encode(None))


def cut_off_frames(path: Path, count: int) -> None:
    """Let an MP4's edit list begin `count` frames later, as phones do when they trim."""
    raw = bytearray(path.read_bytes())
    at = raw.index(b"elst") + 12
    length_ms, begins = struct.unpack(">Ii", raw[at : at + 8])
    with av.open(str(path)) as container:
        step = round(1 / (container.streams.video[0].time_base * 30))
    raw[at : at + 8] = struct.pack(
        ">Ii", length_ms - count * 1000 // 30, begins + count * step
    )
    path.write_bytes(raw)


def write_corner(path: Path, matrix: tuple[int, ...] | None) -> Path:
    """Write an MP4 whose upper left quarter is light, turned by a matrix (a, b, c, d)."""
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=30)
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
        picture = np.zeros((180, 320, 3), np.uint8)
        picture[:90, :160] = 230
        for index in range(4):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 30)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
    if matrix is not None:
        one, raw = 0x10000, path.read_bytes()
        upright = struct.pack(">9i", one, 0, 0, 0, one, 0, 0, 0, 0x40000000)
        a, b, c, d = (value * one for value in matrix)
        turned = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 0x40000000)
        at = raw.index(upright, raw.index(b"tkhd"))
        path.write_bytes(raw[:at] + turned + raw[at + len(turned) :])
    return path

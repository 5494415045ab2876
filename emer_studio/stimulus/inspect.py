"""Everything about a clip that matters for showing it, from decoding it completely.

Loudness is that of ITU-R BS.1770-4 with the true peak, as FFmpeg's ``ebur128`` filter
measures it. Luminance is the mean of the picture's luma (0 black … 1 white) as it is
stored, not light on the screen: a monitor's own curve is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from emer_studio.core.errors import BadInputError
from emer_studio.stimulus.container import hdr_problem, shown_size, video_stream
from emer_studio.stimulus.decode import read_timeline

__all__ = ["ClipReport", "inspect_clip"]

TARGET_LUFS = -23.0
"""Common loudness of all clips: EBU R 128's programme level."""
CEILING_DBTP = -1.0
"""A gain never lifts the true peak above this (EBU R 128)."""
_BLACK = 0.04  # mean luma below this is black: a little above video black (chosen by us)
_FROZEN = 0.0005  # mean change of luma below this is a picture that stands still (chosen)
_LEAST_S = 0.5  # shorter stretches are cuts and fades (chosen by us)
_CUT_OFF_S = 0.5  # a file that ends this much before it says is not whole (chosen by us)
_EVEN = 0.02  # intervals within 2 % of each other are a constant rate (chosen by us)
_SMALL = 160  # pixels across that a frame is reduced to before it is looked at
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ClipReport:
    """What a clip is.

    Attributes
    ----------
    width_px, height_px : int
        As it is to be shown: pixel aspect and rotation are in it.
    hdr : tuple of str, optional
        What is wrong with an HDR clip and how to mend it.
    declared_frames : int
        As the container says; 0 when it does not.
    variable : bool
        Whether the intervals between its frames differ.
    luminance : ndarray, shape (n,), float64
        Mean luma of each frame, 0..1; `times_s` are their times.
    black, frozen : tuple of (float, float)
        Start and length (s) of stretches of at least 0.5 s.
    lufs, true_peak_dbtp : float
        nan without sound.
    problems : tuple of str
        What decoding met with.
    """

    path: Path
    width_px: int
    height_px: int
    rotation_deg: int
    frames: int
    declared_frames: int
    duration_s: float
    fps: float
    variable: bool
    hdr: tuple[str, str] | None
    codec: str
    times_s: Floats
    luminance: Floats
    black: tuple[tuple[float, float], ...] = ()
    frozen: tuple[tuple[float, float], ...] = ()
    audio: str = ""
    audio_s: float = 0.0
    lufs: float = float("nan")
    true_peak_dbtp: float = float("nan")
    problems: tuple[str, ...] = field(default=())

    @property
    def mean_luminance(self) -> float:
        """Mean luma over the whole clip, 0..1."""
        return float(np.mean(self.luminance)) if len(self.luminance) else 0.0

    @property
    def gain_db(self) -> float:
        """The playback gain to the common loudness; it keeps the peak below the ceiling."""
        if not np.isfinite(self.lufs):
            return 0.0
        return float(min(TARGET_LUFS - self.lufs, CEILING_DBTP - self.true_peak_dbtp))


def inspect_clip(path: Path) -> ClipReport:
    """Decode a clip completely and report what it is.

    Raises
    ------
    BadInputError
        When it is missing, is no media file, or has no picture.
    """
    if not path.is_file():
        raise BadInputError(f"The clip {path} does not exist.")
    try:
        with av.open(str(path)) as container:
            return _report(path, container, video_stream(container, path))
    except av.FFmpegError as problem:
        raise BadInputError(
            f"The clip {path} cannot be opened: {problem.strerror or problem}.",
            fix="Export it again as MP4 (H.264 and AAC).",
        ) from None


def _report(
    path: Path, container: av.container.InputContainer, stream: av.VideoStream
) -> ClipReport:
    problems: list[str] = []
    aspect = float(stream.sample_aspect_ratio or 1) or 1.0
    size, times, light, change, rotation = _pictures(container, stream, aspect, problems)
    if not len(times):
        raise BadInputError(f"The clip {path} holds no frame that decodes.")
    steps = np.diff(times)
    usual = float(np.median(steps)) if len(steps) else 0.0
    audio, audio_s, lufs, peak = _sound(path, problems)
    declared = stream.frames - read_timeline(path).cut if stream.frames else 0
    if declared and declared != len(times):
        problems.append(f"it declares {declared} frames and has {len(times)}")
    ends_s = max(float(times[-1] - times[0]) + usual, audio_s)
    declared_s = float(container.duration or 0) / av.time_base
    if not declared and declared_s > ends_s + _CUT_OFF_S:
        problems.append(
            f"it declares {declared_s:.1f} s and ends at {ends_s:.1f} s: is it cut off?"
        )
    context = stream.codec_context
    return ClipReport(
        path=path,
        width_px=size[0],
        height_px=size[1],
        rotation_deg=rotation,
        frames=len(times),
        declared_frames=declared,
        duration_s=float(times[-1] - times[0]) + usual,
        fps=1 / usual if usual else 0.0,
        variable=bool(len(steps) and np.any(np.abs(steps - usual) > _EVEN * usual + 1e-3)),
        hdr=hdr_problem(path, stream),
        codec=context.name,
        times_s=times,
        luminance=light,
        black=_stretches(times, light < _BLACK, usual),
        frozen=_stretches(times, change < _FROZEN, usual),
        audio=audio,
        audio_s=audio_s,
        lufs=lufs,
        true_peak_dbtp=peak,
        problems=tuple(problems),
    )


def _pictures(
    container: av.container.InputContainer,
    stream: av.VideoStream,
    aspect: float,
    problems: list[str],
) -> tuple[tuple[int, int], Floats, Floats, Floats, int]:
    """Return size, and time, mean luma and change for every frame, and rotation."""
    size, times, light, change, rotation = (0, 0), [], [], [], 0
    before: npt.NDArray[Any] | None = None
    for frame in _decoded(container, stream, problems):
        size, rotation = shown_size(frame, aspect), int(frame.rotation)
        width = min(_SMALL, frame.width)
        height = max(round(frame.height * width / frame.width), 1)
        luma = frame.reformat(width, height, "gray").to_ndarray().astype(np.float32) / 255
        times.append(float(frame.time or 0.0))
        light.append(float(np.mean(luma)))
        moved = 1.0
        if before is not None and before.shape == luma.shape:
            moved = float(np.mean(np.abs(luma - before)))
        change.append(moved)
        before = luma
    return size, np.array(times), np.array(light), np.array(change), rotation


def _decoded(
    container: av.container.InputContainer, stream: av.VideoStream, problems: list[str]
) -> Iterator[av.VideoFrame]:
    """Yield every frame that decodes; what does not is counted, not fatal."""
    broken = 0
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.FFmpegError:
            broken += 1
    if broken:
        problems.append(f"{broken} packets do not decode")


def _stretches(
    times: Floats, mask: npt.NDArray[np.bool_], step_s: float
) -> tuple[tuple[float, float], ...]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(int)))
    found = []
    for first, last in edges.reshape(-1, 2):
        length = float(times[last - 1] - times[first]) + step_s
        if length >= _LEAST_S:
            found.append((round(float(times[first]), 3), round(length, 3)))
    return tuple(found)


def _sound(path: Path, problems: list[str]) -> tuple[str, float, float, float]:
    """Return what the sound is, its length, loudness and true peak."""
    nothing = ("", 0.0, float("nan"), float("nan"))
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return nothing
        stream = container.streams.audio[0]
        graph = av.filter.Graph()
        source = graph.add_abuffer(template=stream)
        meter = graph.add("ebur128", "peak=true:metadata=1:framelog=quiet")
        sink = graph.add("abuffersink")
        source.link_to(meter)
        meter.link_to(sink)
        graph.configure()
        samples, last = 0, dict[str, str]()
        try:
            for frame in container.decode(stream):
                samples += frame.samples
                graph.push(frame)
                last = _drained(graph, last)
            graph.push(None)
            last = _drained(graph, last)
        except av.FFmpegError as problem:
            problems.append(f"its sound does not decode: {problem.strerror or problem}")
        about = f"{stream.codec_context.name}, {stream.rate} Hz, {stream.layout.name}"
        peaks = [float(v) for k, v in last.items() if k.startswith("lavfi.r128.true_peaks")]
        peak = max(peaks, default=0.0)
        lufs = float(last.get("lavfi.r128.I", "nan"))
        silent = lufs <= -70.0  # the gate of BS.1770: nothing was loud enough to count
        return (
            about,
            samples / stream.rate,
            float("nan") if silent else lufs,
            20 * float(np.log10(peak)) if peak > 0 else float("nan"),
        )


def _drained(graph: av.filter.Graph, last: dict[str, str]) -> dict[str, str]:
    """Return the newest measurement that the filter has ready."""
    while True:
        try:
            frame = graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return last
        last = dict(frame.metadata) or last

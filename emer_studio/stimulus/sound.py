"""The sound of a clip as a whole, at the place where the file has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from emer_studio.stimulus.container import open_clip, packets_of

__all__ = ["read_sound"]

Samples = npt.NDArray[np.float32]


def read_sound(
    path: Path,
    from_s: float,
    duration_s: float,
    rate_hz: int,
    channels: int,
    stopped: Callable[[], bool] = lambda: False,
) -> Samples:
    """Decode the sound of a clip into memory.

    Parameters
    ----------
    path : Path
        Clip with a sound track.
    from_s : float
        File time at which the first sample shall lie.
    duration_s : float
        Length wanted; later sound is cut off.
    rate_hz, channels : int
        Layout wanted (one or two channels).
    stopped : callable
        Asked now and then; True gives up early.

    Returns
    -------
    samples : ndarray, shape (n, channels), float32
        Within -1 … 1; silence where the track has none, empty when nothing decodes.
    """
    total = round(duration_s * rate_hz)
    sound = np.zeros((total, channels), np.float32)
    heard = False
    with open_clip(path) as container:
        stream = container.streams.audio[0]
        if from_s > 0:
            container.seek(int(from_s * av.time_base))
        for start_s, block in _blocks(container, stream, rate_hz, channels):
            first = round((start_s - from_s) * rate_hz)
            if first >= total or stopped():
                break
            skip = max(-first, 0)
            part = block[skip : skip + total - max(first, 0)]
            sound[max(first, 0) : max(first, 0) + len(part)] = part
            heard = heard or len(part) > 0
    return sound if heard else sound[:0]


def _blocks(
    container: Any, stream: Any, rate_hz: int, channels: int
) -> Iterator[tuple[float, Samples]]:
    """Yield file time and samples of each decoded block, resampled."""
    layout = "mono" if channels == 1 else "stereo"
    resampler = av.AudioResampler(format="flt", layout=layout, rate=rate_hz)
    start_s: float | None = None
    done = 0
    for packet in packets_of(container, stream):
        try:
            frames = packet.decode()
        except (av.FFmpegError, ValueError):
            continue
        for frame in frames:
            if frame.time is not None:
                due = (start_s or 0.0) + done / rate_hz
                # A hole or a fresh start in the track: count from here again.
                if start_s is None or abs(frame.time - due) > 0.1:
                    start_s, done = frame.time, 0
            for out in resampler.resample(frame):
                block = out.to_ndarray().reshape(-1, channels).astype(np.float32)
                yield (start_s or 0.0) + done / rate_hz, block
                done += len(block)

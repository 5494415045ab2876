"""What a session's flashes and clicks say of its camera and its microphone.

The lags are told with their uncertainty and never subtracted from anything: a camera's is
that of the display and the camera together, which the session cannot tell apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import read_json
from emer_studio.recording.audio_file import facts_path
from emer_studio.recording.lag import Lag, click_lag, light_lag
from emer_studio.recording.reader import Recording, frame_table
from emer_studio.synthetic import sync_code

__all__ = ["camera_lag", "microphone_lag", "sync_lags"]

Floats = npt.NDArray[np.float64]
_PARTS = 6  # rows and columns of the grid of which the mean brightness is taken
_MARGIN_S = 1.5


def sync_lags(recording: Recording) -> dict[str, Any]:
    """Return the lags at the beginning and end of a session, and how they changed.

    Returns
    -------
    lags : dict
        ``{"camera": {"start": {"lag_ms", "se_ms", "found", "of"} or None, "end": …,
        "drift_ms", "drift_se_ms"}, "microphone": …}``; empty without marks.
    """
    marks = {event["which"]: event for event in recording.events("sync_mark")}
    if not marks:
        return {}
    found = {"camera": _both(marks, lambda mark: camera_lag(recording.videos, mark))}
    if any(recording.folder.glob("voice_*.mka")):
        found["microphone"] = _both(
            marks, lambda mark: microphone_lag(recording.folder, mark)
        )
    return found


def _both(
    marks: dict[str, dict[str, Any]], measure: Callable[[dict[str, Any]], Lag | None]
) -> dict[str, Any]:
    lags = {which: measure(mark) for which, mark in marks.items()}
    start, end = lags.get("start"), lags.get("end")
    found: dict[str, Any] = {which: _told(lag) for which, lag in lags.items()}
    if start is not None and end is not None:
        found["drift_ms"] = round(1e3 * (end.lag_s - start.lag_s), 2)
        found["drift_se_ms"] = round(1e3 * float(np.hypot(start.se_s, end.se_s)), 2)
    return found


def _told(lag: Lag | None) -> dict[str, Any] | None:
    if lag is None:
        return None
    return {
        "lag_ms": round(1e3 * lag.lag_s, 2),
        "se_ms": round(1e3 * lag.se_s, 2),
        "found": lag.found,
        "of": lag.of,
    }


def camera_lag(videos: Iterable[Path], mark: dict[str, Any]) -> Lag | None:
    """Return how late a camera saw a mark, None where it did not see it.

    Parameters
    ----------
    videos : iterable of Path
        Finished videos with their tables of frames beside them.
    mark : dict
        The journal's ``sync_mark``: ``edges`` as (LSL time, level).
    """
    edges = [(float(t_s), float(level)) for t_s, level in mark["edges"]]
    if len(edges) < 2:
        return None
    first_s, last_s = edges[0][0] - _MARGIN_S, edges[-1][0] + _MARGIN_S
    for video in videos:
        table = frame_table(video)
        wanted = (table["t_s"] >= first_s) & (table["t_s"] <= last_s)
        if np.sum(wanted) > len(edges) and "pts_ms" in table:
            stamps = dict(zip(table["pts_ms"][wanted], table["t_s"][wanted], strict=True))
            stamps_s, rows = _brightness(video, stamps)
            return light_lag(stamps_s, rows, edges)
    return None


def _brightness(video: Path, stamps: dict[float, float]) -> tuple[Floats, Floats]:
    """Return stamps and mean luma of the parts of the frames with these times (ms)."""
    stamps_s: list[float] = []
    rows: list[Floats] = []
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        assert stream.time_base is not None
        per_ms = float(1 / (1000 * stream.time_base))
        container.seek(int(min(stamps) * per_ms), stream=stream)
        for frame in container.decode(stream):
            pts_ms = round((frame.pts or 0) / per_ms)
            if pts_ms > max(stamps):
                break
            if pts_ms in stamps:
                luma = np.asarray(frame.reformat(format="gray").to_ndarray(), np.float64)
                stamps_s.append(stamps[pts_ms])
                rows.append(_parts(luma))
    return np.array(stamps_s), np.array(rows).reshape(-1, _PARTS * _PARTS)


def _parts(luma: Floats) -> Floats:
    height, width = (size // _PARTS for size in luma.shape)
    cut = luma[: height * _PARTS, : width * _PARTS]
    grid = cut.reshape(_PARTS, height, _PARTS, width)
    return np.asarray(grid.mean(axis=(1, 3)).ravel())


def microphone_lag(folder: Path, mark: dict[str, Any]) -> Lag | None:
    """Return how late a microphone heard a mark, None where it did not hear it.

    Parameters
    ----------
    folder : Path
        Where ``voice_*.mka`` and their facts are.
    mark : dict
        The journal's ``sync_mark``: ``clicks`` as LSL times.
    """
    clicks = [float(t_s) for t_s in mark["clicks"]]
    for path in sorted(folder.glob("voice_*.mka")):
        try:
            facts = read_json(facts_path(path))
        except BadInputError:
            continue  # told by `check_sound`
        first_s, rate_hz = facts.get("first_sample_s"), facts.get("true_rate_hz")
        if not clicks or not first_s or not rate_hz or facts.get("missing_samples"):
            continue  # with a gap in it, counting samples tells no time
        start = round((clicks[0] - _MARGIN_S - first_s) * rate_hz)
        stop = round((clicks[-1] + _MARGIN_S - first_s) * rate_hz)
        if stop > 0 and start < int(facts["samples"]):
            start = max(start, 0)
            sound = _samples(path, start, stop)
            click = sync_code.chirp(rate_hz)
            return click_lag(sound, first_s + start / rate_hz, rate_hz, clicks, click)
    return None


def _samples(path: Path, start: int, stop: int) -> Floats:
    """Return samples `start` to `stop` of a file, the mean of its channels."""
    parts: list[Floats] = []
    at = 0
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            if at + frame.samples > start and at < stop:
                raw = np.asarray(frame.to_ndarray(), np.float64)
                channels = frame.layout.nb_channels
                mono = (
                    raw.mean(axis=0)
                    if raw.shape[0] == channels
                    else raw.reshape(-1, channels).mean(axis=1)
                )
                parts.append(mono[max(start - at, 0) : stop - at])
            at += frame.samples
            if at >= stop:
                break
    return np.concatenate(parts) if parts else np.zeros(0)

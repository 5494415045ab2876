"""The streams of a recording from elsewhere, as our recorder would have written them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import numpy.typing as npt

from emer_studio.features.gaze_table import GazeTable
from emer_studio.recording.video_import import TakenVideo
from emer_studio.recording.xdf import XdfWriter
from emer_studio.schema.streams import Channel

__all__ = ["FRAMES_STREAM", "GAZE_STREAM", "MARKERS_STREAM", "write_streams"]

GAZE_STREAM = "Imported_Gaze"
FRAMES_STREAM = "EMER_Webcam"
MARKERS_STREAM = "EMER_Markers"
Floats = npt.NDArray[np.float64]
Event = dict[str, Any]
_ROWS = 4096  # in a chunk; chosen by us: a damaged chunk costs seconds
_GAP = 1.5  # steps longer than this many usual ones are gaps, and say nothing of the rate
_FRAME_CHANNELS = (
    Channel("frame_index"),
    Channel("video_time", "", "s"),
    Channel("queue_delay", "", "ms"),
    Channel("dropped_before", "", "count"),
    Channel("file", "FileNumber", "count"),
)


def write_streams(
    path: Path, gaze: GazeTable | None, video: TakenVideo, events: Sequence[Event]
) -> None:
    """Write an XDF file of a session's gaze, frame index and markers.

    Parameters
    ----------
    path : Path
        Created.
    gaze : GazeTable or None
        None where a copied file has it.
    video : TakenVideo
    events : sequence of dict
        The journal's, on the same clock.
    """
    span = float(events[0]["t_s"]), float(events[-1]["t_s"])
    writer = XdfWriter(path)
    try:
        if gaze is not None:
            columns = list(_gaze_columns(gaze))
            channels, rate_hz = [channel for channel, _ in columns], _rate_hz(gaze.times_s)
            header = _header(GAZE_STREAM, "Gaze", rate_hz, "double64", channels)
            rows = np.stack([values for _, values in columns], axis=1)
            _add(writer, header, gaze.times_s, rows, span)
        count = len(video.stamps_s)
        zeros, ones = np.zeros(count), np.ones(count)
        frames = np.stack(
            [np.arange(count), video.pts_ms / 1000, zeros, zeros, ones], axis=1
        )
        header = _header(FRAMES_STREAM, "VideoFrames", 0.0, "double64", _FRAME_CHANNELS)
        _add(writer, header, video.stamps_s, frames, span)
        marks = [[_marker(event)] for event in events]
        times_s = np.array([event["t_s"] for event in events])
        header = _header(MARKERS_STREAM, "Markers", 0.0, "string", [Channel("marker")])
        _add(writer, header, times_s, marks, span)
    finally:
        writer.close()


def _add(
    writer: XdfWriter, header: str, times_s: Floats, rows: Any, span: tuple[float, float]
) -> None:
    """Write one stream, whose clock is the recording's own."""
    number = writer.add_stream(header)
    writer.offset(number, span[0], 0.0)
    for first in range(0, len(times_s), _ROWS):
        part = slice(first, first + _ROWS)
        writer.samples(number, times_s[part], rows[part])
    writer.offset(number, span[1], 0.0)


def _marker(event: Event) -> str:
    return json.dumps({key: value for key, value in event.items() if key != "t_s"})


def _gaze_columns(gaze: GazeTable) -> Iterable[tuple[Channel, Floats]]:
    """Return the channels that hold anything, in the XDF Gaze Meta-Data convention."""
    for i, eye in enumerate(("left", "right", "both")):
        found = [
            (Channel(f"{eye}_x", "ScreenX", "normalized", eye), gaze.xy[:, i, 0]),
            (Channel(f"{eye}_y", "ScreenY", "normalized", eye), gaze.xy[:, i, 1]),
            (Channel(f"{eye}_pupil", "Diameter", gaze.pupil_unit, eye), gaze.pupil[:, i]),
        ]
        if i < gaze.openness_mm.shape[1]:
            lids = Channel(f"{eye}_openness", "EyeLidDistance", "mm", eye)
            found.append((lids, gaze.openness_mm[:, i]))
            for k, axis in enumerate("xyz"):
                kind = f"Position{axis.upper()}"
                place = Channel(f"{eye}_origin_{axis}", kind, "mm", eye)
                found.append((place, gaze.origin_mm[:, i, k]))
        yield from ((channel, v) for channel, v in found if np.isfinite(v).any())


def _rate_hz(times_s: Floats) -> float:
    """Return the tracker's rate from the steps without gaps; times may be rounded."""
    steps = np.diff(times_s)
    usual = float(np.median(steps)) if len(steps) else 0.0
    even = steps[steps < _GAP * usual]
    return round(1 / float(even.mean()), 2) if len(even) else 0.0


def _header(
    name: str, kind: str, rate_hz: float, form: str, channels: Iterable[Channel]
) -> str:
    listed = list(channels)
    rows = "".join(
        f"<channel><label>{escape(c.label)}</label><type>{c.type}</type>"
        f"<unit>{c.unit}</unit><eye>{c.eye}</eye></channel>"
        for c in listed
    )
    return (
        f'<?xml version="1.0"?><info><name>{name}</name><type>{kind}</type>'
        f"<channel_count>{len(listed)}</channel_count>"
        f"<nominal_srate>{rate_hz!r}</nominal_srate>"
        f"<channel_format>{form}</channel_format><source_id>imported:{name}</source_id>"
        "<hostname>imported</hostname><desc><acquisition><imported>true</imported>"
        f"</acquisition><channels>{rows}</channels></desc></info>"
    )

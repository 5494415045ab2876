"""A session as series on one clock, each read when it is first asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from emer_studio.core.errors import BadInputError
from emer_studio.recording.frame_index import is_frame_index
from emer_studio.recording.gaze_internal import InternalGaze, to_internal
from emer_studio.schema.streams import recognise

if TYPE_CHECKING:
    from emer_studio.recording.reader import Recording

__all__ = ["Series", "SessionSeries"]

_EYES = ("left", "right", "both")


@dataclass(frozen=True, slots=True)
class Series:
    """Columns over time.

    Attributes
    ----------
    t_s : ndarray, shape (n,), float64
        Recorder's LSL clock.
    columns : dict of str to ndarray, each of shape (n,)
    units : dict of str to str
        Of the columns that have one.
    """

    t_s: npt.NDArray[np.float64]
    columns: Mapping[str, npt.NDArray[Any]]
    units: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.t_s)

    def __getitem__(self, column: str) -> npt.NDArray[Any]:
        return self.columns[column]

    def between(self, start_s: float, end_s: float) -> Series:
        """Return the part with ``start_s <= t_s < end_s``."""
        inside = (self.t_s >= start_s) & (self.t_s < end_s)
        columns = {name: values[inside] for name, values in self.columns.items()}
        return Series(self.t_s[inside], columns, self.units)


class SessionSeries:
    """The series of a session.

    Parameters
    ----------
    recording : Recording
        All segments of its recorders are joined before anything is read from them.
    """

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    @cached_property
    def gaze(self) -> Series:
        """Place on the display (fractions, origin top left) and validity of each eye.

        ``left_x left_y left_valid right_… both_…``; NaN where lost.
        """
        t_s, gaze = self._gaze
        columns: dict[str, npt.NDArray[Any]] = {}
        for i, eye in enumerate(_EYES):
            columns |= {
                f"{eye}_x": gaze.xy[:, i, 0],
                f"{eye}_y": gaze.xy[:, i, 1],
                f"{eye}_valid": gaze.valid[:, i],
            }
        units = {name: "display" for name in columns if name[-2:] in ("_x", "_y")}
        return Series(t_s, columns, units)

    @cached_property
    def pupil(self) -> Series:
        """Pupil size of each eye, ``left right both``, in the unit of the tracker."""
        t_s, gaze = self._gaze
        columns = {eye: gaze.pupil[:, i] for i, eye in enumerate(_EYES)}
        return Series(t_s, columns, dict.fromkeys(columns, gaze.pupil_unit))

    @cached_property
    def frames(self) -> Series:
        """Frames of the face videos: ``file`` (1 for face_001), ``index``, ``video_s``."""
        found = [s for s in self._recording.streams if is_frame_index(s)]
        t_s = np.concatenate([np.empty(0), *(s.stamps_s for s in found)])
        tables = [np.asarray(s.values, dtype=np.float64) for s in found if len(s.stamps_s)]
        file = [t[:, 4] if t.shape[1] > 4 else np.ones(len(t)) for t in tables]
        columns = {
            "file": np.concatenate([np.empty(0), *file]).astype(int),
            "index": np.concatenate([np.empty(0), *(t[:, 0] for t in tables)]).astype(int),
            "video_s": np.concatenate([np.empty(0), *(t[:, 1] for t in tables)]),
        }
        return Series(t_s, columns, {"video_s": "s"})

    @cached_property
    def markers(self) -> Series:
        """Markers of all streams: ``stream`` and ``text``, channels apart by tabs."""
        rows = [
            (t_s, stream.header.name, "\t".join(map(str, row)))
            for stream in self._recording.streams
            if stream.header.channel_format == "string"
            for t_s, row in zip(stream.stamps_s.tolist(), stream.values, strict=True)
        ]
        rows.sort(key=lambda row: row[0])
        t_s = np.array([row[0] for row in rows], dtype=np.float64)
        columns = {
            "stream": np.array([row[1] for row in rows], dtype=object),
            "text": np.array([row[2] for row in rows], dtype=object),
        }
        return Series(t_s, columns)

    @cached_property
    def ratings(self) -> Series:
        """The participant's answers: ``trial page clip item value``, one row an item."""
        rows = [
            (
                event["t_s"],
                event["trial"],
                event.get("page", ""),
                event.get("clip", ""),
                *item,
            )
            for event in self._recording.ratings
            for item in _items(event.get("value"))
        ]
        names = ("trial", "page", "clip", "item", "value")
        columns = {
            name: np.array(
                [row[i] for row in rows], dtype=int if name == "trial" else object
            )
            for i, name in enumerate(names, start=1)
        }
        return Series(np.array([row[0] for row in rows], dtype=np.float64), columns)

    @cached_property
    def presented(self) -> Series:
        """Every stimulus frame that was shown, with the columns of ``presented.csv``."""
        rows = self._recording.presented
        names = list(rows[0]) if rows else ["shown_s"]
        columns = {name: _numbers([row[name] for row in rows]) for name in names}
        return Series(np.asarray(columns.pop("shown_s"), dtype=np.float64), columns)

    @cached_property
    def _gaze(self) -> tuple[npt.NDArray[np.float64], InternalGaze]:
        stream = self._recording.gaze()
        layout = recognise(stream.header) if stream is not None else None
        if stream is None or layout is None:
            raise BadInputError(
                f"{self._recording.folder.name} holds no gaze that can be told from its"
                " channels.",
                fix="See what its streams are with: emer-studio check SESSION",
            )
        display = self._recording.manifest.display
        sizes = {
            unit: (float(display[f"width_{unit}"]), float(display[f"height_{unit}"]))
            for unit in ("px", "mm")
            if display.get(f"width_{unit}")
        }
        return stream.stamps_s, to_internal(
            layout,
            stream.values,
            display_px=sizes.get("px"),
            display_mm=sizes.get("mm"),
        )


def _items(value: Any) -> list[tuple[str, Any]]:
    """Return a rating page's answer item by item."""
    if isinstance(value, dict):
        return list(value.items())
    return [("", json.dumps(value) if isinstance(value, list) else value)]


def _numbers(texts: list[str]) -> npt.NDArray[Any]:
    """Return numbers where every text is one."""
    try:
        return np.array([float(text) if text else np.nan for text in texts])
    except ValueError:
        return np.array(texts, dtype=object)

"""The log of presented pictures (``presented.csv``) and the summary of each clip.

One row per presented picture. The file is only ever appended to: a session that was
broken off and resumed goes on in the same file. Times are LSL clock; ``shown_s`` is the
moment the picture's paint was submitted to the system, since a raster window gets no word
from the display about when it lit up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from emer_studio.core.files import fsync_file
from emer_studio.stimulus.engine import Frame

__all__ = ["COLUMNS", "SHOWN_IS", "ClipRecord", "FrameLog", "faults"]

SHOWN_IS = "submitted"
"""What ``shown_s`` is: the paint was handed to the system. A raster window is not told of
the display's swap, and only a photodiode sees the light."""

COLUMNS = (
    "trial",
    "clip",
    "frame_index",
    "pts_s",
    "planned_s",
    "shown_s",
    "late_ms",
    "dropped_before",
)
_CHUNK = 30  # rows between two flushes: what a kill can cost, about a second of video


@dataclass(slots=True)
class ClipRecord:
    """What was presented of one clip.

    Parameters
    ----------
    trial : int
        Trial number.
    clip : str
        Clip id.
    expected : int
        Pictures in the part to play.
    started_t_s : float
        LSL time of the play command.
    """

    trial: int
    clip: str
    expected: int
    started_t_s: float
    shown_s: list[float] = field(default_factory=list)
    pts_s: list[float] = field(default_factory=list)
    dropped: int = 0

    def summary(
        self,
        *,
        audio: str,
        audio_onset_t_s: float | None = None,
        audio_lost_t_s: float | None = None,
        audio_underflows: int = 0,
        decode_errors: int = 0,
        problem: str = "",
    ) -> dict[str, float | int | str | None]:
        """Return what became of the clip; milliseconds are None where nothing was shown.

        ``shown_is`` names what the times of `shown_s` are. ``av_offset_ms`` is the first
        picture minus the first sound: positive when the picture came later.
        ``audio_lost_s`` is the time after the play command at which the device vanished,
        ``problem`` what ended the decoding before the clip's end.
        """
        shown, pts = np.array(self.shown_s), np.array(self.pts_s)
        steps_ms = np.diff(shown) * 1000
        first = float(shown[0]) if len(shown) else None
        wall_ms = float((np.ptp(shown) - np.ptp(pts)) * 1000) if len(shown) else None
        lost_ms = _ms(audio_lost_t_s, self.started_t_s)
        return {
            "shown_is": SHOWN_IS,
            "first_frame_delay_ms": _ms(first, self.started_t_s),
            "shown": len(shown),
            "expected": self.expected,
            "dropped": max(self.expected - len(shown), 0),
            "skipped": self.dropped,
            "interval_p50_ms": _percentile(steps_ms, 50),
            "interval_p99_ms": _percentile(steps_ms, 99),
            "interval_max_ms": _percentile(steps_ms, 100),
            "wall_minus_media_ms": None if wall_ms is None else round(wall_ms, 3),
            "audio": audio,
            "audio_lost_s": None if lost_ms is None else round(lost_ms / 1000, 3),
            "audio_underflows": audio_underflows,
            "av_offset_ms": _ms(first, audio_onset_t_s),
            "decode_errors": decode_errors,
            "problem": problem,
        }


def faults(summary: Mapping[str, Any]) -> list[str]:
    """Return why a clip was not presented as it is meant to be; nothing in most cases.

    Parameters
    ----------
    summary : mapping
        From `ClipRecord.summary`, as it is in the journal's ``clip_end``.
    """
    found = []
    if summary.get("problem"):
        found.append(f"it broke off: {summary['problem']}")
    if summary.get("expected") and not summary.get("shown"):
        found.append("none of its frames was shown")
    if summary.get("decode_errors"):
        found.append(f"{summary['decode_errors']} places of its picture do not decode")
    if summary.get("audio") == "lost":
        found.append(
            f"the sound device vanished {summary['audio_lost_s']:.1f} s after its start"
        )
    if summary.get("audio_underflows"):
        found.append(f"its sound broke off {summary['audio_underflows']} times")
    return found


def _ms(later_s: float | None, earlier_s: float | None) -> float | None:
    if later_s is None or earlier_s is None:
        return None
    return round((later_s - earlier_s) * 1000, 3)


def _percentile(values: np.ndarray, percent: float) -> float | None:
    return round(float(np.percentile(values, percent)), 3) if len(values) else None


class FrameLog:
    """Append rows to ``presented.csv``.

    Parameters
    ----------
    path : Path
        File to append to; made with a header line when new or empty. A last line that a
        crash cut short is ended first, and stays. Nothing is made before `open`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stream: BinaryIO | None = None
        self._unflushed = 0

    def open(self) -> None:
        """Make the file ready; done by the first `add` otherwise."""
        if self._stream is not None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._stream = self.path.open("a+b")
        size = self._stream.seek(0, 2)
        if size == 0:
            self._stream.write((",".join(COLUMNS) + "\n").encode())
        else:
            self._stream.seek(size - 1)
            if self._stream.read(1) != b"\n":
                self._stream.write(b"\n")
        fsync_file(self._stream)

    def add(self, record: ClipRecord, frame: Frame, shown_s: float) -> None:
        """Write one presented picture, and count it in `record`."""
        self.open()
        assert self._stream is not None
        record.shown_s.append(shown_s)
        record.pts_s.append(frame.pts_s)
        record.dropped += frame.dropped_before
        late_ms = (shown_s - frame.planned_s) * 1000
        row = (
            f"{record.trial},{_quoted(record.clip)},{frame.index},{frame.pts_s:.6f},"
            f"{frame.planned_s:.6f},{shown_s:.6f},{late_ms:.3f},{frame.dropped_before}\n"
        )
        self._stream.write(row.encode())
        self._unflushed += 1
        if self._unflushed >= _CHUNK:
            self._stream.flush()
            self._unflushed = 0

    def sync(self) -> None:
        """Put everything on the disk: at the end of a clip."""
        if self._stream is not None:
            fsync_file(self._stream)
        self._unflushed = 0

    def close(self) -> None:
        """Put everything on the disk and close the file. Can be called twice."""
        if self._stream is not None and not self._stream.closed:
            self.sync()
            self._stream.close()


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if set(text) & set(',"\r\n') else text

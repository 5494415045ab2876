"""Reading what was recorded: an XDF file, a session folder.

Stamps are corrected to the recorder's clock on reading, from the clock offsets in the
file; they are never smoothed, so gaps stay gaps. The raw stamps stay in the file.
"""

from __future__ import annotations

import csv
import json
import logging
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pyxdf

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import read_json
from emer_studio.schema.base import validate
from emer_studio.schema.streams import StreamHeader, parse_header
from emer_studio.schema.study import SessionManifest

__all__ = [
    "RecordedStream",
    "Recording",
    "count_video_frames",
    "load_streams",
    "read_journal",
    "read_xdf",
]

Values = Any  # ndarray of shape (n, n_channels), or a list of rows of text


@dataclass(frozen=True, slots=True)
class RecordedStream:
    """One stream of a recording.

    Attributes
    ----------
    stamps_s : ndarray, shape (n,), float64
        Recorder's clock.
    values : ndarray, shape (n, n_channels), or list of rows of text
    offsets_s : ndarray, shape (m, 2), float64
        When each clock offset was measured (sender's clock) and its value.
    footer_count : int
        Samples according to the footer; -1 when the file has none.
    """

    header: StreamHeader
    stamps_s: npt.NDArray[np.float64]
    values: Values
    offsets_s: npt.NDArray[np.float64]
    footer_count: int


def load_streams(path: Path) -> list[RecordedStream]:
    """Read every stream of an XDF file.

    Raises
    ------
    BadInputError
        When the file is missing, is no XDF file or is damaged.
    """
    if not path.is_file():
        raise BadInputError(f"{path} does not exist.")
    with path.open("rb") as stream:
        if stream.read(4) != b"XDF:":
            raise BadInputError(f"{path} cannot be read as XDF: it does not begin as one.")
    logging.getLogger("pyxdf").setLevel(logging.ERROR)
    try:
        streams, _ = pyxdf.load_xdf(str(path), dejitter_timestamps=False)
    except Exception as problem:  # pyxdf raises whatever its parser meets
        raise BadInputError(f"{path} cannot be read as XDF: {problem}.") from None
    return [_stream(raw) for raw in streams]


def _stream(raw: dict[str, Any]) -> RecordedStream:
    footer = (raw.get("footer") or {}).get("info") or {}
    count = footer.get("sample_count", ["-1"])[0]
    offsets = np.stack(
        [np.asarray(raw["clock_times"], float), np.asarray(raw["clock_values"], float)],
        axis=1,
    )
    return RecordedStream(
        header=parse_header(_to_xml(raw["info"])),
        stamps_s=np.asarray(raw["time_stamps"], dtype=np.float64),
        values=raw["time_series"],
        offsets_s=offsets.reshape(-1, 2),
        footer_count=int(count),
    )


def _to_xml(info: dict[str, Any]) -> str:
    """Return pyxdf's nested lists as the XML they came from."""

    def fill(node: ET.Element, value: Any) -> None:
        if isinstance(value, dict):
            for key, entries in value.items():
                if key == "stream_id" or not isinstance(entries, list):
                    continue
                for entry in entries:
                    fill(ET.SubElement(node, key), entry)
        elif value is not None:
            node.text = str(value)

    root = ET.Element("info")
    fill(root, info)
    return ET.tostring(root, encoding="unicode")


def read_xdf(path: Path) -> dict[str, tuple[npt.NDArray[np.float64], Values]]:
    """Return ``{stream name: (stamps_s, values)}`` of an XDF file.

    Streams of the same name are told apart by ``name (2)``, ``name (3)`` …
    """
    found: dict[str, tuple[npt.NDArray[np.float64], Values]] = {}
    for stream in load_streams(Path(path)):
        name, number = stream.header.name, 1
        while name in found:
            number += 1
            name = f"{stream.header.name} ({number})"
        found[name] = (stream.stamps_s, stream.values)
    return found


def read_journal(folder: Path) -> list[dict[str, Any]]:
    """Return the events of a session; a last line cut by a crash is left out."""
    path = folder / "journal.jsonl"
    if not path.is_file():
        raise BadInputError(f"{folder} has no journal.jsonl: it is not a session.")
    events = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            event = json.loads(line)
        except json.JSONDecodeError:
            continue
        if isinstance(event, dict):
            events.append(event)
    return events


class Recording:
    """A session folder as lazily read parts on one clock.

    Parameters
    ----------
    folder : Path
        The session folder.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / "session.json"
        if not path.is_file():
            raise BadInputError(f"{folder} is not a session: it has no session.json.")
        self.folder = folder
        self.manifest = validate(read_json(path), SessionManifest, source=str(path))

    @cached_property
    def streams(self) -> list[RecordedStream]:
        """The streams of all recorder segments."""
        paths = sorted(self.folder.glob("streams_*.xdf"))
        return [stream for path in paths for stream in load_streams(path)]

    @cached_property
    def journal(self) -> list[dict[str, Any]]:
        """The journal's events in order."""
        return read_journal(self.folder)

    @cached_property
    def presented(self) -> list[dict[str, str]]:
        """The rows of ``presented.csv``."""
        return _rows(self.folder / "presented.csv")

    @property
    def videos(self) -> list[Path]:
        """The face videos in order."""
        return sorted(self.folder.glob("face_*.mkv"))

    def stream_of_type(self, stream_type: str) -> RecordedStream | None:
        """Return the stream of a type; the one with most samples when there are several."""
        hits = [s for s in self.streams if s.header.type == stream_type]
        return max(hits, key=lambda s: len(s.stamps_s), default=None)

    def gaze(self) -> RecordedStream | None:
        """Return the gaze stream that the session used."""
        for stream in self.streams:
            if stream.header.name == self.manifest.gaze_stream:
                return stream
        return self.stream_of_type("Gaze")

    def frame_times(self, video: Path) -> npt.NDArray[np.float64]:
        """Return when each frame of a video was taken, shape (n_frames,), LSL clock."""
        rows = _rows(video.with_suffix(".frames.csv"))
        return np.array([float(row["t_s"]) for row in rows])

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the journal's events of one kind."""
        return [event for event in self.journal if event.get("event") == name]


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def count_video_frames(path: Path) -> int:
    """Return how many frames a video holds, by its packets (nothing is decoded)."""
    try:
        with av.open(str(path)) as container:
            return sum(1 for packet in container.demux(video=0) if packet.size)
    except (av.FFmpegError, IndexError) as problem:
        raise BadInputError(f"{path} is not a readable video: {problem}.") from None

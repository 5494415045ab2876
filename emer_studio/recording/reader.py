"""Reading what was recorded: an XDF file, a session folder.

One XDF file is read by `xdf_load`; here are its streams by name, and a session as a whole.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import read_json
from emer_studio.recording.merge import join
from emer_studio.recording.series import Series, SessionSeries
from emer_studio.recording.xdf_chunks import Finding
from emer_studio.recording.xdf_load import (
    LoadedXdf,
    RecordedStream,
    Values,
    load_streams,
    load_xdf,
)
from emer_studio.schema.base import validate
from emer_studio.schema.study import SessionManifest

__all__ = [
    "RecordedStream",
    "Recording",
    "Series",
    "ShownClip",
    "count_video_frames",
    "final_ratings",
    "frame_table",
    "journal_lines",
    "load_streams",
    "read_journal",
    "read_xdf",
    "video_frames",
]


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
    """Return the events of a session; see `journal_lines` for what is left out."""
    return journal_lines(folder)[0]


def journal_lines(folder: Path) -> tuple[list[dict[str, Any]], list[int]]:
    """Return the events of a session, and the numbers of lines that are none.

    A line that a crash has cut is not counted among those: it is the last one, or the
    session was gone on with right after it.
    """
    path = folder / "journal.jsonl"
    if not path.is_file():
        raise BadInputError(f"{folder} has no journal.jsonl: it is not a session.")
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = text.splitlines()
    events: list[dict[str, Any]] = []
    broken: list[int] = []
    for number, line in enumerate(lines, start=1):
        try:
            event = json.loads(line)
            sound = isinstance(event["event"], str) and isinstance(
                event["t_s"], int | float
            )
        except (json.JSONDecodeError, KeyError, TypeError):
            sound = False
        if sound:
            if event["event"] == "session_resumed" and broken[-1:] == [number - 1]:
                broken.pop()
            events.append(event)
        elif number < len(lines) or text.endswith("\n"):
            broken.append(number)
    return events, broken


def final_ratings(journal: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the last rating of each page of each trial, in order of time.

    A participant who was allowed to go back may have confirmed a page more than once; what
    was confirmed last is the answer.
    """
    last: dict[tuple[Any, Any], dict[str, Any]] = {}
    for event in journal:
        if event.get("event") == "rating":
            key = (event.get("trial"), event.get("page"))
            last.pop(key, None)  # a later answer takes a later place
            last[key] = event
    return list(last.values())


@dataclass(frozen=True, slots=True)
class ShownClip:
    """A clip that was shown to its end.

    Attributes
    ----------
    trial : int
    clip : str
        Its id in the manifest.
    onset_s, end_s : float
        When its first picture was submitted, and when it was over; LSL clock.
    done : bool
        Whether the trial was finished, with all its ratings.
    repeated : bool
        Whether its clip was shown once more, because the operator wanted it.
    """

    trial: int
    clip: str
    onset_s: float
    end_s: float
    done: bool
    repeated: bool = False


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
    def files(self) -> dict[str, LoadedXdf]:
        """The first recorder's files by name, in order, and what is wrong with each."""
        return _load_all(sorted(self.folder.glob("streams_*.xdf")))

    @cached_property
    def standby_files(self) -> dict[str, LoadedXdf]:
        """The standby recorder's files, by name, in order; see `files`."""
        return _load_all(sorted(self.folder.glob("standby_*.xdf")))

    @cached_property
    def _joined(self) -> tuple[list[RecordedStream], dict[str, int]]:
        primary, standby = (
            [loaded.streams for loaded in files.values()]
            for files in (self.files, self.standby_files)
        )
        return join(primary, standby)

    @property
    def streams(self) -> list[RecordedStream]:
        """The streams of all segments of both recorders, one for each sender."""
        return self._joined[0]

    @property
    def filled(self) -> dict[str, int]:
        """Samples that only the standby recorder had, by stream name."""
        return self._joined[1]

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

    @cached_property
    def series(self) -> SessionSeries:
        """Gaze, pupil, frames, markers, ratings and presented frames over time."""
        return SessionSeries(self)

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
        """Return when each frame of a video was taken, shape (n_frames,), LSL clock.

        A last row that a crash has cut is left out.
        """
        return frame_table(video)["t_s"]

    @property
    def ratings(self) -> list[dict[str, Any]]:
        """The last rating of each page of each trial."""
        return final_ratings(self.journal)

    @property
    def shown_clips(self) -> list[ShownClip]:
        """The clips to analyse: whole ones, once; no practice, not the closing one."""
        return [clip for clip in self.whole_clips if not clip.repeated]

    @property
    def whole_clips(self) -> list[ShownClip]:
        """The same, with those that were shown again."""
        kinds = {event["trial"]: event for event in self.events("trial_started")}
        onsets = {event["trial"]: event["t_s"] for event in self.events("clip_onset")}
        done = {event["trial"] for event in self.events("trial_done")}
        return [
            ShownClip(
                trial,
                end["clip"],
                onsets[trial],
                end["t_s"],
                trial in done,
                bool(kinds.get(trial, {}).get("repeated")),
            )
            for end in self.events("clip_end")
            if (trial := end["trial"]) in onsets
            and end.get("complete", True)
            and _counts(kinds.get(trial, {}))
        ]

    @property
    def marks(self) -> dict[int, str]:
        """Why trials were not presented as they are meant to be; most are not in it."""
        marked = self.events("trial_marked")
        return {event["trial"]: "; ".join(event["why"]) for event in marked}

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the journal's events of one kind."""
        return [event for event in self.journal if event.get("event") == name]


def _counts(started: dict[str, Any]) -> bool:
    return not (started.get("practice") or started.get("block") == "closing")


def _load_all(paths: list[Path]) -> dict[str, LoadedXdf]:
    """Read files one by one: one that cannot be read is a finding, the others count."""
    found = {}
    for path in paths:
        try:
            found[path.name] = load_xdf(path)
        except BadInputError as problem:
            found[path.name] = LoadedXdf([], (Finding("corrupted", problem.message),))
    return found


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", errors="replace", newline="") as stream:
        return list(csv.DictReader(stream))


def frame_table(video: Path) -> dict[str, npt.NDArray[np.float64]]:
    """Return the columns of the table beside a face video, of its whole rows only."""
    path = video.with_suffix(".frames.csv")
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    whole = text[: text.rfind("\n") + 1].splitlines()
    names = whole[0].split(",") if whole else ["index", "pts_ms", "t_s"]
    if not {"index", "t_s"} <= set(names):
        raise BadInputError(f"{path} is not a table of frames: it has no index or t_s.")
    rows = [line.split(",") for line in whole[1:]]
    try:
        table = np.array([row for row in rows if len(row) == len(names)], dtype=float)
    except ValueError:
        raise BadInputError(
            f"{path} is not a table of frames: a cell is no number."
        ) from None
    table = table.reshape(-1, len(names))
    return {name: table[:, i] for i, name in enumerate(names)}


def count_video_frames(path: Path) -> int:
    """Return how many frames a video shows, by its packets (nothing is decoded)."""
    return video_frames(path)[0]


def video_frames(path: Path) -> tuple[int, int]:
    """Return how many frames a video shows, and how many it declares (0: it does not).

    Packets that the container itself marks to be left out are not counted.
    """
    try:
        with av.open(str(path)) as container:
            declared = container.streams.video[0].frames
            packets = container.demux(video=0)
            return sum(1 for p in packets if p.size and not p.is_discard), declared
    except (av.FFmpegError, IndexError) as problem:
        raise BadInputError(f"{path} is not a readable video: {problem}.") from None

"""Gaze from whatever holds it: a session, an XDF file, an exported table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emer_studio.core.errors import BadInputError
from emer_studio.features.eyes import read_gaze
from emer_studio.features.gaze_files import read_gaze_file
from emer_studio.features.gaze_table import GazeTable
from emer_studio.recording.reader import RecordedStream, Recording, load_streams
from emer_studio.schema.streams import gaze_layout

__all__ = ["EyeSource", "gaze_stream_of", "open_source"]


@dataclass(frozen=True, slots=True)
class EyeSource:
    """The gaze of one input.

    Attributes
    ----------
    name : str
        Of the file without its ending, or of the session.
    gaze : GazeTable
    display_px : tuple of float or None
        Width and height of the display, where they are known.
    recording : Recording or None
        The session, where it is one.
    notes : tuple of str
        What was taken for granted.
    """

    name: str
    gaze: GazeTable
    display_px: tuple[float, float] | None
    recording: Recording | None = None
    notes: tuple[str, ...] = ()


def open_source(
    path: Path, display: Mapping[str, Any] | None = None, *, recording: str = ""
) -> EyeSource:
    """Read the gaze of a session folder, an XDF file or an exported table.

    Parameters
    ----------
    path : Path
    display : mapping, optional
        Of a file, as in a session's manifest; a session has its own.
    recording : str
        Which one to read of a table with several.

    Raises
    ------
    BadInputError
        When there is no gaze on the screen in it.
    """
    display = display or {}
    if path.is_dir():
        return _of_session(path)
    if path.suffix.lower() == ".xdf":
        gaze = read_gaze(gaze_stream_of(path), display)
        return EyeSource(path.stem, gaze, _px(display))
    found = read_gaze_file(path, display, recording=recording)
    return EyeSource(path.stem, found.gaze, found.display_px, notes=_notes(found))


def _notes(found: Any) -> tuple[str, ...]:
    skipped = (f"{found.skipped} rows are no samples of the tracker",)
    return (*found.notes, *(skipped if found.skipped else ()))


def _of_session(folder: Path) -> EyeSource:
    recording = Recording(folder)
    stream = recording.gaze()
    if stream is None:
        raise BadInputError(f"{folder}: there is no gaze stream in the recording.")
    display = recording.manifest.display
    gaze = read_gaze(stream, display)
    return EyeSource(folder.resolve().name, gaze, _px(display), recording)


def gaze_stream_of(path: Path) -> RecordedStream:
    """Return the stream of an XDF file with most gaze on the screen.

    Raises
    ------
    BadInputError
        When there is none that could be; one that is refused is told by `read_gaze`.
    """
    streams = load_streams(path)
    usable = [stream for stream in streams if gaze_layout(stream.header) is not None]
    if usable:
        return max(usable, key=lambda stream: len(stream.stamps_s))
    near = [s for s in streams if s.header.type.lower() in ("gaze", "eyetracker")]
    if len(near) == 1:
        return near[0]
    names = ", ".join(repr(stream.header.name) for stream in streams) or "none"
    raise BadInputError(
        f"{path}: no stream holds gaze on the screen; found streams: {names}."
    )


def _px(display: Mapping[str, Any]) -> tuple[float, float] | None:
    width, height = (float(display.get(f"{side}_px") or 0) for side in ("width", "height"))
    return (width, height) if width > 0 and height > 0 else None

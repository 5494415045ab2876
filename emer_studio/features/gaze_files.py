"""Gaze from a table that another program exported, as the one table of gaze.

Tobii Pro Lab's exports, Tobii Studio's older ones, and sheets with the same names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from emer_studio.core.errors import BadInputError
from emer_studio.features.gaze_headers import GAZE_UNITS, is_known, roles_of
from emer_studio.features.gaze_table import GazeTable, gaze_table
from emer_studio.features.sheet_rows import rows_of_one, tracker_rows, valid_codes
from emer_studio.features.sheet_times import times_of
from emer_studio.features.sheets import numbers, read_sheet
from emer_studio.recording.gaze_internal import InternalGaze, to_internal
from emer_studio.recording.screen_geometry import geometry_of
from emer_studio.schema.streams import GazeLayout

__all__ = ["NEEDED", "GazeFile", "gaze_of_table", "read_gaze_file"]

Floats = npt.NDArray[np.float64]
NEEDED = (
    "'Gaze point X' and 'Gaze point Y' (or left and right ones), bare or with a unit such"
    " as [DACS px], and 'Recording timestamp'"
)
"""What a table of gaze has to have, in the words of an error."""
_LISTED = 12  # names of columns in an error


@dataclass(frozen=True, slots=True)
class GazeFile:
    """What a table of gaze held.

    Attributes
    ----------
    gaze : GazeTable
        Times as in the file, in seconds.
    skipped : int
        Rows that are no samples of the tracker: events, mouse, other sensors.
    display_px : tuple of float or None
        Width and height of the display, where the file says so or it was given.
    notes : tuple of str
        What was taken for granted.
    """

    gaze: GazeTable
    skipped: int
    display_px: tuple[float, float] | None
    notes: tuple[str, ...]


def read_gaze_file(
    path: Path, display: Mapping[str, Any] | None = None, *, recording: str = ""
) -> GazeFile:
    """Read a table of gaze.

    Parameters
    ----------
    path : Path
        ``.tsv``, ``.csv``, ``.txt`` or ``.xlsx``.
    display : mapping, optional
        As in a session's manifest (``width_px`` …, ``given_mm``, ``distance_mm``); what
        the file says of its resolution goes before it.
    recording : str
        Which one to read of a file with several.

    Raises
    ------
    BadInputError
        When it is no table of gaze, holds several recordings and none was chosen, or is in
        a unit for which the display's size is not known.
    """
    table = read_sheet(path, is_known)
    if not any(unit in roles_of(table.columns) for unit in GAZE_UNITS):
        raise _unknown(read_sheet(path), str(path))
    return gaze_of_table(table, display, source=str(path), recording=recording)


def gaze_of_table(
    table: pd.DataFrame,
    display: Mapping[str, Any] | None = None,
    *,
    source: str,
    recording: str = "",
) -> GazeFile:
    """Return the gaze of a table that was read; see `read_gaze_file`."""
    roles = roles_of(table.columns)
    known = roles[""]
    if not any(unit in roles for unit in GAZE_UNITS):
        raise _unknown(table, source)
    table = rows_of_one(table, known, recording, source)
    kept = tracker_rows(table, roles)
    if not kept.any():
        raise BadInputError(f"{source} holds no row of an eye tracker.")
    skipped, table = int((~kept).sum()), table[kept]
    times_s, notes = times_of(table, known, source)
    shown, size_note = _display(table, known, display or {})
    unit = _unit(roles, shown, source)
    if unit == "normalised":
        notes.append(
            "gaze is relative to what was presented ([MCS norm]), taken as the display"
        )
    found, note = _internal(table, {**known, **roles[unit]}, unit, shown)
    notes += [each for each in (size_note, note) if each]
    geometry = geometry_of(shown, found.origin_mm)
    px = _pair(shown, "width_px", "height_px")
    return GazeFile(gaze_table(times_s, found, geometry), skipped, px, tuple(notes))


def _unknown(table: pd.DataFrame, source: str) -> BadInputError:
    names = [repr(str(name)) for name in table.columns[:_LISTED]]
    more = len(table.columns) - len(names)
    listed = ", ".join(names) + (f" and {more} more" if more > 0 else "")
    return BadInputError(
        f"{source}: no gaze is found in its columns: {listed}.",
        fix=f"Needed are {NEEDED}. Export these from the tracker's program.",
    )


def _display(
    table: pd.DataFrame, known: Mapping[str, str], display: Mapping[str, Any]
) -> tuple[dict[str, Any], str]:
    """Return the display with the resolution that the file tells, and what to say of it."""
    shown = dict(display)
    if not {"width_px", "height_px"} <= known.keys():
        return shown, ""
    size = [numbers(table[known[name]]) for name in ("width_px", "height_px")]
    told = [float(np.nanmedian(v)) if np.isfinite(v).any() else 0.0 for v in size]
    if min(told) <= 0:
        return shown, ""
    given = _pair(shown, "width_px", "height_px")
    shown |= {"width_px": told[0], "height_px": told[1]}
    if given and tuple(told) != given:
        return shown, (
            f"the file's resolution of {told[0]:g} x {told[1]:g} goes before the given"
            f" {given[0]:g} x {given[1]:g}"
        )
    return shown, ""


def _pair(display: Mapping[str, Any], *names: str) -> tuple[float, float] | None:
    width, height = (float(display.get(name) or 0) for name in names)
    return (width, height) if width > 0 and height > 0 else None


def _size_mm(display: Mapping[str, Any]) -> tuple[float, float] | None:
    given = display.get("given_mm")
    return given or _pair(display, "width_mm", "height_mm")


def _unit(
    roles: Mapping[str, Mapping[str, str]], display: Mapping[str, Any], source: str
) -> str:
    """Return the first unit that the table has and the display's size allows."""
    sizes = {
        "px": _pair(display, "width_px", "height_px"),
        "mm": _size_mm(display),
        "normalised": (1.0, 1.0),
    }
    for unit in GAZE_UNITS:
        if unit in roles and sizes[unit]:
            return unit
    unit = next(unit for unit in GAZE_UNITS if unit in roles)
    raise BadInputError(
        f"{source}: the gaze is in {unit}, and the display's size in {unit} is not known.",
        fix=f"Give it: --display-{unit} WIDTH HEIGHT, or export the resolution, too"
        " ('Recording resolution width' and 'height').",
    )


def _internal(
    table: pd.DataFrame, columns: Mapping[str, str], unit: str, display: Mapping[str, Any]
) -> tuple[InternalGaze, str]:
    used = [role for role in columns if role.split("_")[0] in ("left", "right", "both")]
    values = np.column_stack([numbers(table[columns[role]]) for role in used])
    note = ""
    for index, role in enumerate(used):
        if role.endswith("_valid"):
            place = used.index(x) if (x := role.replace("_valid", "_x")) in used else None
            seen = None if place is None else np.isfinite(values[:, place])
            values[:, index], said = valid_codes(table[columns[role]], seen)
            note = said or note
    layout = GazeLayout(
        name="table",
        channels=(),
        columns={role: index for index, role in enumerate(used)},
        gaze_unit=unit,
        frame="screen, origin top left",
        pupil_unit="",
        validity="boolean" if any(role.endswith("_valid") for role in used) else "",
        valid_from=0.5,
    )
    found = to_internal(
        layout,
        values,
        display_px=_pair(display, "width_px", "height_px"),
        display_mm=_size_mm(display),
    )
    return found, note

"""EMER's eye sheets: every numeric column, whatever it is called.

The names of the 39 columns are not public. The gaze point is found by its name, which the
official code tells; all others are kept as they are, under names that a dataset allows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from emer_studio.core.errors import BadInputError
from emer_studio.features.gaze_headers import GAZE_UNITS, heading, roles_of
from emer_studio.features.sheet_times import times_of
from emer_studio.features.sheets import numbers, read_sheet
from emer_studio.schema.eye_columns import EyeColumn

__all__ = ["EyeSheets", "open_sheets"]

Floats = npt.NDArray[np.float64]
_UNITS = {"px": "px", "mm": "mm", "normalised": "1"}
_LISTED = 12


@dataclass(frozen=True, slots=True)
class EyeSheets:
    """How the sheets of one data set are read.

    Attributes
    ----------
    columns : tuple of EyeColumn
        ``gaze_x`` and ``gaze_y`` stand where the gaze point does.
    names : tuple of str
        The sheet's own name of each.
    scale : tuple of float
        What each is divided by.
    dropped : tuple of str
        Columns that hold no numbers.
    """

    columns: tuple[EyeColumn, ...]
    names: tuple[str, ...]
    scale: tuple[float, ...]
    dropped: tuple[str, ...]

    def read(self, path: Path) -> tuple[npt.NDArray[np.float32], Floats | None]:
        """Read a sheet.

        Returns
        -------
        eyes : ndarray, shape (n, n_columns), float32
            NaN where a cell is empty.
        times_s : ndarray, shape (n,), float64, or None
            From the first row; None when no column tells.

        Raises
        ------
        BadInputError
            When it cannot be read, or lacks a column of the others.
        """
        table = read_sheet(path)
        lost = [name for name in self.names if name not in table.columns]
        if lost:
            raise BadInputError(f"{path.name} lacks the column {lost[0]!r} of the others")
        values = np.column_stack([numbers(table[name]) for name in self.names])
        known = roles_of(self.names)[""]
        times_s = None
        if {"time", "tracker_time"} & known.keys():
            times_s = times_of(table, known, path.name)[0]
            times_s = times_s - times_s[0]
        return (values / self.scale).astype(np.float32), times_s


def open_sheets(path: Path, display_px: tuple[float, float] | None = None) -> EyeSheets:
    """Tell from one sheet how all are read.

    Parameters
    ----------
    path : Path
    display_px : tuple of float, optional
        Width and height of the display: gaze in pixels becomes fractions of it.

    Raises
    ------
    BadInputError
        When it cannot be read, or no gaze point is among its columns.
    """
    table = read_sheet(path)
    text = [str(name) for name in table.columns if _is_text(table[name])]
    names = [str(name) for name in table.columns if str(name) not in text]
    roles = roles_of(names)
    unit = next(
        (u for u in GAZE_UNITS if {"both_x", "both_y"} <= roles.get(u, {}).keys()), ""
    )
    if not unit:
        listed = ", ".join(map(repr, names[:_LISTED]))
        raise BadInputError(
            f"{path}: no column is called 'Gaze point X' and 'Gaze point Y' (a unit such as"
            f" [DACS px] may follow); found: {listed}."
        )
    gaze = {roles[unit]["both_x"]: "gaze_x", roles[unit]["both_y"]: "gaze_y"}
    sizes = dict(zip(gaze, display_px, strict=True)) if display_px and unit == "px" else {}
    taken: set[str] = set(gaze.values())
    columns = []
    for name in names:
        own = gaze.get(name) or _safe(name, taken)
        taken.add(own)
        found = "1" if name in sizes else _UNITS[unit] if name in gaze else ""
        columns.append(
            EyeColumn(
                name=own, unit=found or heading(name).unit or "as exported", meaning=name
            )
        )
    scale = tuple(float(sizes.get(name, 1.0)) for name in names)
    return EyeSheets(tuple(columns), tuple(names), scale, tuple(text))


def _is_text(column: pd.Series[float]) -> bool:
    """Tell whether a column says something, and none of it is a number."""
    return bool(column.notna().any()) and not np.isfinite(numbers(column)).any()


def _safe(name: str, taken: set[str]) -> str:
    """Return a name that a dataset allows and that is still free."""
    bare = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "column"
    bare = bare if bare[0].isalpha() else f"c_{bare}"
    number, out = 1, bare
    while out in taken:
        number += 1
        out = f"{bare}_{number}"
    return out

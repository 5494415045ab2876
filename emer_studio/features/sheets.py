"""Tables that other programs wrote: text with tabs, commas or semicolons, and .xlsx."""

from __future__ import annotations

import csv
import re
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from emer_studio.core.errors import BadInputError

__all__ = ["SHEETS", "numbers", "read_sheet"]

SHEETS = (".tsv", ".csv", ".txt", ".xlsx")
"""The endings of the tables that can be read."""

_COMMA = re.compile(r"^-?\d+,\d+$")
_POINT = re.compile(r"^-?\d*\.\d+([eE][-+]?\d+)?$")
_LOOKED_AT = 2000  # lines; enough to see a decimal sign where a file begins with events


def read_sheet(path: Path, wanted: Callable[[str], bool] | None = None) -> pd.DataFrame:
    """Read a table: the first line names the columns; of a workbook, its first sheet.

    Text may be UTF-8 or UTF-16, with decimal points or commas.

    Parameters
    ----------
    path : Path
    wanted : callable, optional
        Which columns of a text are needed, by their names: exports are large. Where it has
        none of them all are read, so that an error can say what there is.

    Raises
    ------
    BadInputError
        When it is missing, no such table, or empty.
    """
    if not path.is_file():
        raise BadInputError(f"{path} does not exist.")
    if path.suffix.lower() not in SHEETS:
        raise BadInputError(f"{path}: expected a table ({', '.join(SHEETS)}).")
    table = _workbook(path) if path.suffix.lower() == ".xlsx" else _text(path, wanted)
    table.columns = pd.Index([str(name).strip() for name in table.columns])
    if (blank := table.isna().all(axis=1)).any():
        table = table[~blank].reset_index(drop=True)
    if table.empty:
        raise BadInputError(f"{path} holds no rows.")
    return table


def numbers(column: pd.Series[float]) -> npt.NDArray[np.float64]:
    """Return a column as numbers, shape (n,), float64; NaN where it says anything else."""
    if pd.api.types.is_numeric_dtype(column):
        return np.asarray(column, np.float64)
    codes, words = pd.factorize(column)  # "Valid" stands there a million times
    text = pd.Series(words).astype(str).str.strip()
    text = text.str.replace(_COMMA, _with_point, regex=True)
    values = np.asarray(pd.to_numeric(text, errors="coerce"), np.float64)
    return np.asarray(np.append(values, np.nan)[codes])  # an empty cell's code is -1


def _with_point(found: re.Match[str]) -> str:
    return found[0].replace(",", ".")


def _workbook(path: Path) -> pd.DataFrame:
    try:
        with warnings.catch_warnings():
            # openpyxl warns of styles and filters that it leaves out; only values count.
            warnings.filterwarnings("ignore", module="openpyxl")
            return pd.read_excel(path, engine="openpyxl")
    except Exception as problem:  # a broken workbook makes openpyxl raise nearly anything
        reason = str(problem).strip() or type(problem).__name__
        raise BadInputError(
            f"{path} is not a readable workbook: {reason.splitlines()[0]}.",
            fix="Open it in a spreadsheet and save it again as .xlsx.",
        ) from None


def _text(path: Path, wanted: Callable[[str], bool] | None) -> pd.DataFrame:
    encoding = _encoding(path)
    try:
        with path.open(encoding=encoding, newline="") as stream:
            lines = [line for line, _ in zip(stream, range(_LOOKED_AT), strict=False)]
        mark = _separator(lines[0] if lines else "")
        _even(lines, mark)
        names = next(csv.reader(lines, delimiter=mark), [])
        used = [i for i, name in enumerate(names) if wanted is None or wanted(name.strip())]
        return pd.read_csv(
            path,
            sep=mark,
            usecols=used or None,
            decimal=_decimal(lines, mark),
            encoding=encoding,
            low_memory=False,
            index_col=False,
        )
    except (UnicodeError, csv.Error, ValueError) as problem:
        reason = (str(problem).strip() or type(problem).__name__).splitlines()[0]
        raise BadInputError(
            f"{path} is not a readable table: {reason}.",
            fix="Export it again as text with tabs between the columns.",
        ) from None


def _even(lines: list[str], mark: str) -> None:
    """Refuse rows with more cells than columns: pandas would drop the rest in silence."""
    rows = list(csv.reader(lines, delimiter=mark))
    for number, row in enumerate(rows[1:], start=2):
        if any(cell.strip() for cell in row[len(rows[0]) :]):
            raise ValueError(
                f"row {number} has {len(row)} cells for {len(rows[0])} columns, as when"
                " decimal commas stand between commas"
            )


def _encoding(path: Path) -> str:
    with path.open("rb") as stream:
        head = stream.read(2)
    return "utf-16" if head in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"


def _separator(head: str) -> str:
    """Return what stands between the names of the columns most often."""
    return max("\t;,", key=head.count)


def _decimal(lines: list[str], mark: str) -> str:
    cells = [cell for row in csv.reader(lines, delimiter=mark) for cell in row]
    commas = sum(1 for cell in cells if _COMMA.match(cell))
    points = sum(1 for cell in cells if _POINT.match(cell))
    return "," if commas > points else "."

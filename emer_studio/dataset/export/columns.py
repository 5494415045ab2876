"""A table whose columns say what they are, written as CSV, TSV, Parquet or JSON."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

__all__ = ["MISSING", "Column", "Table", "as_tsv", "readme", "sidecar", "write_text"]

MISSING = "n/a"
"""What stands in a text table where there is no value, as BIDS wants it."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes
    ----------
    name : str
    meaning : str
    unit : str
        Empty where there is none.
    source : str
        Where the values come from.
    levels : mapping of str to str
        Every value that can stand there and what it means; empty where any can.
    dtype : {"", "string", "Float64", "Int64", "boolean"}
        Of pandas; left empty, what has a unit is a number and all else is text.
    """

    name: str
    meaning: str
    unit: str = ""
    source: str = ""
    levels: Mapping[str, str] = field(default_factory=dict)
    dtype: str = ""

    def called(self, name: str) -> Column:
        """Return the same column under another name."""
        return replace(self, name=name)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows by the names of their columns; None, or no such key, is a missing value."""

    name: str
    columns: tuple[Column, ...]
    rows: list[dict[str, Any]] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """The columns' names in order."""
        return [column.name for column in self.columns]

    def frame(self) -> pd.DataFrame:
        """Return the table; a column's type does not depend on what stands in it."""
        return pd.DataFrame({c.name: self._array(c) for c in self.columns})

    def _array(self, column: Column) -> Any:
        dtype = column.dtype or ("Float64" if column.unit else "string")
        values = [row.get(column.name) for row in self.rows]
        if dtype == "string":
            values = [None if value is None else str(value) for value in values]
        return pd.array(values, dtype=dtype)

    def called(self, names: Mapping[str, str]) -> Table:
        """Return the columns in `names`, in that order and under these names."""
        by_name = {column.name: column for column in self.columns}
        columns = tuple(by_name[old].called(new) for old, new in names.items())
        rows = [{new: row.get(old) for old, new in names.items()} for row in self.rows]
        return Table(self.name, columns, rows)


def as_tsv(frame: pd.DataFrame, *, head: bool = True) -> str:
    """Return a table as BIDS writes it: ``n/a`` where a value is missing, no quotes.

    Tabs and ends of lines within a text become blanks.
    """
    words = {
        name: frame[name].str.replace(r"[\t\r\n]+", " ", regex=True)
        for name in frame.select_dtypes("string")
    }
    text = frame.assign(**words).to_csv(
        sep="\t",
        index=False,
        header=head,
        na_rep=MISSING,
        lineterminator="\n",
        quoting=csv.QUOTE_NONE,
    )
    assert isinstance(text, str)
    return text


def sidecar(columns: Iterable[Column]) -> dict[str, Any]:
    """Return what BIDS keeps beside a table: a description of each of its columns."""
    return {column.name: _described(column) for column in columns}


def _described(column: Column) -> dict[str, Any]:
    meaning = f"{column.meaning} ({column.source})" if column.source else column.meaning
    found: dict[str, Any] = {"Description": meaning}
    if column.unit:
        found["Units"] = column.unit
    if column.levels:
        found["Levels"] = dict(column.levels)
    return found


def readme(title: str, notes: str, text: str) -> str:
    """Return a text about an export, with what must be known first at its beginning."""
    warned = f"**{notes}**\n\n" if notes else ""
    return f"# {title}\n\n{warned}{text.strip()}\n"


def write_text(path: Path, text: str) -> None:
    """Write a text file as it is on every system, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")

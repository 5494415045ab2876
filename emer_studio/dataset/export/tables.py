"""A study as plain tables, as CSV and as Parquet, with a dictionary of every column."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from emer_studio.dataset.export.answers import ratings_table
from emer_studio.dataset.export.columns import Column, Table, readme, write_text
from emer_studio.dataset.export.eye_rows import eye_tables
from emer_studio.dataset.export.gather import Gathered
from emer_studio.dataset.export.label_rows import label_table
from emer_studio.dataset.export.people import people_table
from emer_studio.dataset.export.stream_rows import StreamTables
from emer_studio.dataset.export.trial_rows import trial_table

__all__ = ["DICTIONARY", "write_tables"]

DICTIONARY = "data_dictionary"
_COLUMNS = (
    Column("table", "name of the table's files"),
    Column("column", "name of the column"),
    Column("unit", "1 for a plain number, empty where there is none"),
    Column("meaning", "what stands in it"),
    Column("source", "where the values come from"),
    Column("values", "what can stand there, where that is limited"),
)


def write_tables(
    gathered: Gathered, out: Path, *, on_session: Callable[[int, int], None]
) -> None:
    """Write all tables and their dictionary.

    Parameters
    ----------
    gathered : Gathered
        Is added to where a part cannot go out.
    out : Path
        An empty folder.
    on_session : callable
        Called with the number of sessions done and their total.
    """
    streams = StreamTables(gathered, out)
    tables = [
        people_table(gathered),
        trial_table(gathered),
        ratings_table(gathered),
        *eye_tables(gathered, on_session, streams.add),
    ]
    labels = label_table(gathered)
    tables += [table for table in (labels, streams.summary) if table.rows]
    for table in tables:
        frame = table.frame()
        write_text(
            out / f"{table.name}.csv", frame.to_csv(index=False, lineterminator="\n")
        )
        frame.to_parquet(out / f"{table.name}.parquet", index=False)
    book = _dictionary([*tables, *streams.samples]).frame()
    write_text(out / f"{DICTIONARY}.csv", book.to_csv(index=False, lineterminator="\n"))
    write_text(out / "README.md", _readme(gathered, tables, streams.samples))


def _dictionary(tables: list[Table]) -> Table:
    rows = [
        {
            "table": table.name,
            "column": column.name,
            "unit": column.unit,
            "meaning": column.meaning,
            "source": column.source,
            "values": "; ".join(
                key if key == text else f"{key}: {text}"
                for key, text in column.levels.items()
            ),
        }
        for table in tables
        for column in table.columns
    ]
    return Table(DICTIONARY, _COLUMNS, rows)


def _readme(gathered: Gathered, tables: list[Table], samples: list[Table]) -> str:
    listed = "\n".join(
        [f"* `{t.name}`: {len(t.rows)} rows" for t in tables]
        + [f"* `{t.name}`: every sample in the trials of a session" for t in samples]
    )
    text = f"""{listed}

Each table is there as CSV and as Parquet with the same content; an empty cell is a missing
value. `{DICTIONARY}.csv` says what every column is, in which unit, and where it comes from.
Rows belong together by `participant`, `session` and `trial`. All times of a session are
seconds from one zero, the beginning of its journal.

`left_out.tsv` says what was left out and why, `export.json` which consent this needed.
"""
    return readme(gathered.study.file.name, gathered.notes, text)

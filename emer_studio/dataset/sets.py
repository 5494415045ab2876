"""The official folds of a dataset: which set each sample is tested in."""

from __future__ import annotations

import csv
from pathlib import Path

from emer_studio.core.errors import BadInputError

__all__ = ["SETS_FILE", "read_sets"]

SETS_FILE = "sets.csv"
"""The table of the official folds beside the samples."""


def read_sets(dataset: Path) -> dict[str, int | None]:
    """Return the set of each sample that the table names, None where it has none.

    Raises
    ------
    BadInputError
        When the dataset has no such table, or it is damaged.
    """
    path = dataset / SETS_FILE
    if not path.is_file():
        raise BadInputError(
            f"{dataset} has no official sets: it has no {SETS_FILE}.",
            fix="dataset import-emer writes it; other datasets are split by participant,"
            " such as with --folds 5.",
        )
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        return {row["sample_id"]: int(row["set"]) if row["set"] else None for row in rows}
    except (UnicodeDecodeError, csv.Error, KeyError, TypeError, ValueError) as problem:
        raise BadInputError(
            f"{path} is damaged ({problem}): expected sample_id and set, a whole number."
        ) from None

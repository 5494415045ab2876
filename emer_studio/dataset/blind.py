"""What the experts agreed on before any of them saw a suggestion: the test's labels.

A label that was changed in the assisted review may have been led by the model; whoever
judges a model by it goes in a circle. So a dataset keeps the consensus of the blind pass
beside the final one.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from emer_studio.core.errors import BadInputError
from emer_studio.schema.dataset import polarity

if TYPE_CHECKING:  # reading a table needs no database
    from emer_studio.labels.consensus import Consensus

__all__ = ["BLIND_FILE", "BLIND_HEAD", "blind_row", "read_blind"]

BLIND_FILE = "blind.csv"
_NUMBERS = ("fer_valence", "fer_arousal", "fer_intensity")
BLIND_HEAD = ["sample_id", "fer_emotion", *_NUMBERS, "fer3"]


def blind_row(sample_id: str, blind: Consensus, dead_band: float) -> list[str]:
    """Return the row of a sample; an empty cell is a missing label."""
    valence = blind.valence
    three = "" if valence is None else polarity(valence, dead_band)
    numbers = (valence, blind.arousal, blind.intensity)
    cells = ["" if value is None else repr(float(value)) for value in numbers]
    return [sample_id, blind.category or "", *cells, three]


def read_blind(dataset: Path) -> Mapping[str, Mapping[str, str | float]] | None:
    """Return the blind labels by sample, only those that there are; None without a table.

    Raises
    ------
    BadInputError
        When the table is damaged.
    """
    path = dataset / BLIND_FILE
    if not path.is_file():
        return None
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        return {
            row["sample_id"]: {
                name: float(row[name]) if name in _NUMBERS else row[name]
                for name in BLIND_HEAD[1:]
                if row[name]
            }
            for row in rows
        }
    except (UnicodeDecodeError, csv.Error, KeyError, TypeError, ValueError) as problem:
        raise BadInputError(
            f"{path} is damaged ({problem}): expected {', '.join(BLIND_HEAD)}.",
            fix="Build the dataset again.",
        ) from None

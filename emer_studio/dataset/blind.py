"""What the experts agreed on before any of them saw a suggestion: the test's labels.

A label that was changed in the assisted review may have been led by the model; whoever
judges a model by it goes in a circle. So a dataset keeps the consensus of the blind pass
beside the final one. Labels from elsewhere of which nobody knows whether they were made
blind are in the final one only.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from emer_studio.core.errors import BadInputError
from emer_studio.schema.dataset import polarity

if TYPE_CHECKING:  # reading a table needs no database
    from emer_studio.labels.consensus import Consensus

__all__ = ["BLIND_FILE", "BLIND_HEAD", "BlindPass", "read_blind", "read_left_out"]

BLIND_FILE = "blind.csv"
_NUMBERS = ("fer_valence", "fer_arousal", "fer_intensity")
LEFT_OUT = "imported"
"""The column that counts ratings which were imported without a word on blindness."""
_LABELS = ("fer_emotion", *_NUMBERS, "fer3")
BLIND_HEAD = ["sample_id", *_LABELS, LEFT_OUT]


@dataclass(frozen=True, slots=True)
class BlindPass:
    """What a study's blind pass says of its items.

    Attributes
    ----------
    agreed : mapping of str to Consensus
        By item, of ratings that no suggestion can have led.
    left_out : mapping of str to int
        How many ratings of an item were imported and do not say that they were made blind.
    """

    agreed: Mapping[str, Consensus]
    left_out: Mapping[str, int]

    def row(self, sample_id: str, item: str, dead_band: float) -> list[str] | None:
        """Return the row of a sample, None where nobody labelled it in the blind pass.

        An empty cell is a missing label; `dead_band` as in `schema.dataset.polarity`.
        """
        blind, n = self.agreed.get(item), self.left_out.get(item, 0)
        if blind is None:
            return [sample_id, *[""] * (len(BLIND_HEAD) - 2), str(n)] if n else None
        valence = blind.valence
        three = "" if valence is None else polarity(valence, dead_band)
        numbers = (valence, blind.arousal, blind.intensity)
        cells = ["" if value is None else repr(float(value)) for value in numbers]
        return [sample_id, blind.category or "", *cells, three, str(n)]


def read_left_out(dataset: Path) -> Mapping[str, int]:
    """Return by sample how many imported ratings were left out of the blind consensus."""
    path = dataset / BLIND_FILE
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {
        row["sample_id"]: int(cell)
        for row in rows
        if (cell := row.get(LEFT_OUT) or "").isdigit()
    }


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
                for name in _LABELS
                if row[name]
            }
            for row in rows
        }
    except (UnicodeDecodeError, csv.Error, KeyError, TypeError, ValueError) as problem:
        raise BadInputError(
            f"{path} is damaged ({problem}): expected {', '.join(BLIND_HEAD)}.",
            fix="Build the dataset again.",
        ) from None

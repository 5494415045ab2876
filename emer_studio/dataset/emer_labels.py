"""EMER's labels, felt (ER) and seen (FER), whose columns' exact names are not public."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.features.sheets import read_sheet
from emer_studio.schema.dataset import POLARITIES

__all__ = ["EmerLabels", "read_labels"]

VIEWS = ("er", "fer")
_KEYS = ("id", "sample", "name", "video")  # words of the column of IDs, the best first
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_WHAT = {
    **dict.fromkeys(("valence", "v"), "valence"),
    **dict.fromkeys(("arousal", "a"), "arousal"),
    **dict.fromkeys(("intensity", "i"), "intensity"),
    **dict.fromkeys(("3", "three", "polarity", "sentiment"), "3"),
    **dict.fromkeys(("7", "seven", "emotion", "category", "discrete", "label"), "emotion"),
}
_EMOTIONS = {
    **{name: name for name in EMOTIONS},
    **{name[:3]: name for name in EMOTIONS},
    **{"happy": "happiness", "sad": "sadness", "angry": "anger", "surprised": "surprise"},
}
_POLARITIES = {name: name for name in POLARITIES} | {name[:3]: name for name in POLARITIES}
_RANGES = {"valence": (-1.0, 1.0), "arousal": (-1.0, 1.0), "intensity": (0.0, 3.0)}


@dataclass(frozen=True, slots=True)
class EmerLabels:
    """The labels by sample.

    Attributes
    ----------
    by_sample : dict of str to dict
        Fields of `schema.dataset.SampleRow`, such as ``er_valence`` and ``fer3``.
    columns : dict of str to str
        Which column each field was read from.
    doubts : tuple of str
        Cells that mean nothing, one by one; they count as missing.
    """

    by_sample: dict[str, dict[str, Any]]
    columns: dict[str, str]
    doubts: tuple[str, ...]


def read_labels(path: Path, view: str = "") -> EmerLabels:
    """Read the table of labels.

    Parameters
    ----------
    path : Path
        ``EMER_label.xlsx``.
    view : {"", "er", "fer"}
        What columns without such a prefix are about. By default they are FER where one of
        them is an intensity, which only FER has.

    Raises
    ------
    BadInputError
        When there is no column of IDs or of labels, or it cannot be told which view
        columns without a prefix are about.
    """
    table = _one_head(read_sheet(path))
    names = [str(name) for name in table.columns]
    key = next((n for word in _KEYS for n in names if word in _words(n)), "")
    columns = _fields(names, key, view, path)
    if not key or not columns:
        raise BadInputError(
            f"{path}: expected a column of IDs and columns such as 'ER valence' or"
            f" 'FER_Emotion'; found: {', '.join(map(repr, names[:12]))}."
        )
    by_sample: dict[str, dict[str, Any]] = {}
    doubts: list[str] = []
    for row in table.to_dict("records"):
        sample = str(row[key]).strip()
        if sample in by_sample:
            doubts.append(f"{sample}: its labels stand there twice; the first count")
            continue
        found, odd = _labels_of(row, columns)
        doubts += [f"{sample}: {text}" for text in odd]
        by_sample[sample] = found
    return EmerLabels(by_sample, columns, tuple(doubts))


def _words(name: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(name)}


def _one_head(table: pd.DataFrame) -> pd.DataFrame:
    """Join a head of two lines, where ER and FER stand over several columns each."""
    names = [str(name) for name in table.columns]
    above = [bool(_words(name) & set(VIEWS)) for name in names]
    if not any(
        a and b.startswith("Unnamed") for a, b in zip(above, names[1:], strict=False)
    ):
        return table
    over, joined = "", []
    for name, below in zip(names, table.iloc[0].tolist(), strict=True):
        over = over if name.startswith("Unnamed") else name
        joined.append(over if pd.isna(below) else f"{over} {below}")
    out = table.iloc[1:].reset_index(drop=True)
    out.columns = pd.Index(joined)
    return out


def _fields(names: list[str], key: str, view: str, path: Path) -> dict[str, str]:
    """Return the column of each field."""
    found: dict[tuple[str, str], str] = {}
    for name in names:
        words = _words(name)
        what = next((_WHAT[word] for word in _WHAT if word in words), "")
        if what and name != key:
            found.setdefault((next((v for v in VIEWS if v in words), ""), what), name)
    bare = [what for of, what in found if not of]
    if bare and not view:
        view = "fer" if "intensity" in bare else ""
        if not view:
            raise BadInputError(
                f"{path}: do {', '.join(repr(found['', what]) for what in bare)} say what"
                " was felt or what was seen in the face?",
                fix="Say so with --view er (felt) or --view fer (seen).",
            )
    named = {(of or view, what): column for (of, what), column in found.items()}
    return {
        f"{of}{what}" if what == "3" else f"{of}_{what}": column
        for (of, what), column in named.items()
        if (of, what) != ("er", "intensity")  # nobody rates how strong a feeling was
    }


def _labels_of(
    row: dict[Any, Any], columns: dict[str, str]
) -> tuple[dict[str, Any], list[str]]:
    found: dict[str, Any] = {}
    odd = []
    for field, column in columns.items():
        cell = row[column]
        if pd.isna(cell) or str(cell).strip() in ("", "-", "—"):
            continue
        value = _value(field, cell)
        if value is None:
            odd.append(f"{column!r} is {str(cell)!r}: not used")
        else:
            found[field] = value
    return found, odd


def _value(field: str, cell: Any) -> str | float | None:
    text = str(cell).strip().lower()
    if field.endswith("emotion"):
        return _EMOTIONS.get(text)
    if field.endswith("3"):
        return _POLARITIES.get(text)
    low, high = _RANGES[field.split("_")[1]]
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) and low <= number <= high else None

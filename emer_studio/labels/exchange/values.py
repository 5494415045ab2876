"""What a label may be: names of other programs become ours, the rest is refused."""

from __future__ import annotations

import math
from typing import Any

from emer_studio.core.emotions import EMOTIONS

__all__ = ["FIELDS", "STAGES", "checked"]

STAGES = ("training", "A", "A-repeat", "B", "adjudication")
_SYNONYMS = {
    **{name: name for name in EMOTIONS},
    **{name[:3]: name for name in EMOTIONS},
    **{"happy": "happiness", "joy": "happiness", "sad": "sadness", "angry": "anger"},
    **{"fearful": "fear", "scared": "fear", "afraid": "fear", "disgusted": "disgust"},
    **{"surprised": "surprise"},
}
_QUALITIES = ("unclear", "no_face", "flag")
_RANGES = {
    "intensity": (0.0, 3.0),
    "valence": (-1.0, 1.0),
    "arousal": (-1.0, 1.0),
    "confidence": (0.0, 5.0),
    "peak": (0.0, math.inf),
}
_WHOLE = ("intensity", "peak")
_TEXTS = ("note", "reason")
FIELDS = ("category", "second", "quality", *_RANGES, *_TEXTS)
"""What a label may speak of, besides action units (``au:12``)."""


def checked(field: str, value: Any) -> Any:
    """Return a label's value as the store has it; None where the cell is empty.

    Raises
    ------
    ValueError
        When it is no value of that field, saying what was expected.
    """
    text = str(value).strip() if value is not None else ""
    if not text or text.lower() == "nan":
        return None
    if field in ("category", "second"):
        return _one_of(_SYNONYMS, text, EMOTIONS)
    if field == "quality":
        return _one_of({name: name for name in _QUALITIES}, text, _QUALITIES)
    if field in _RANGES:
        return _number(field, text)
    if field in _TEXTS:
        return text
    if field.startswith("au:") and field[3:].isdigit():
        grades = {grade: grade.upper() for grade in "abcde"}
        return _one_of(grades, text, tuple("ABCDE"))
    raise ValueError(f"{field!r} is no field of a label ({', '.join(FIELDS)}, au:N)")


def _one_of(known: dict[str, str], text: str, names: tuple[str, ...]) -> str:
    found = known.get(text.lower().replace(" ", "_"))
    if found is None:
        raise ValueError(f"{text!r} is none of {', '.join(names)}")
    return found


def _number(field: str, text: str) -> float | int:
    low, high = _RANGES[field]
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        number = math.nan
    if not low <= number <= high:
        upper = f" to {high:g}" if math.isfinite(high) else " or more"
        raise ValueError(f"{text!r} is no {field} ({low:g}{upper})")
    if field in _WHOLE:
        if number != int(number):
            raise ValueError(f"{text!r} is no {field}: whole numbers only")
        return int(number)
    return number

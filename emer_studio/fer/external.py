"""Reads what other tools say about a video, frame by frame.

Columns as the tools write them: OpenFace 2 (its wiki, "Output Format"), py-feat (its Fex
tables), LibreFace (its README), FaceReader (its detailed log: a few lines of text, then a
table with tabs).
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.features.faces import Face

__all__ = ["TOOLS", "Seen", "Tool", "read_external"]

_HEAD_LINES = 40  # in which a table's header must come; chosen by us
_NOT_NUMBERS = frozenset({"", "nan", "none", "fit_failed", "find_failed", "unknown"})
_NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Tool:
    """How a tool writes its table.

    Attributes
    ----------
    name : str
    frame : str
        The column with the frame's number; empty where there are only times.
    first : int
        The number of the first frame.
    time : str
        The column with the time since the first frame, used without `frame`.
    emotions : tuple of str
        Columns in the order of ``EMOTIONS``; empty where the tool knows no emotions.
    label : str
        Column that names one class instead.
    success : str
        Column that is 1 where there is a face.
    score : str
        The tool's own confidence in the face.
    box : tuple of str
        Left, top, width, height.
    va : tuple of str
        Valence and arousal, where the file has them.
    remark : str
        What a reader of the numbers has to know.
    """

    name: str
    frame: str = ""
    first: int = 0
    time: str = ""
    emotions: tuple[str, ...] = ()
    label: str = ""
    success: str = ""
    score: str = ""
    box: tuple[str, ...] = ()
    va: tuple[str, ...] = ()
    remark: str = ""

    @property
    def needs(self) -> tuple[str, ...]:
        """The columns without which a file is not this tool's."""
        one = (self.frame or self.time, self.label, self.success)
        return tuple(column for column in (*one, *self.emotions) if column)


TOOLS = {
    tool.name: tool
    for tool in (
        Tool(
            "openface",
            frame="frame",
            first=1,
            success="success",
            score="confidence",
            remark="OpenFace 2 knows action units, no emotions: only where it saw a face",
        ),
        Tool(
            "facereader",
            time="Video Time",
            emotions=(
                *("Happy", "Sad", "Scared", "Surprised", "Disgusted", "Angry"),
                "Neutral",
            ),
            va=("Valence", "Arousal"),
            remark="FaceReader's intensities of the seven, scaled to a sum of 1",
        ),
        Tool(
            "libreface",
            frame="frame_idx",
            label="facial_expression",
            remark="LibreFace names one class a frame: 1 means that class, not certainty",
        ),
        Tool(
            "py-feat",
            frame="frame",
            emotions=EMOTIONS,
            score="FaceScore",
            box=("FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight"),
            va=("valence", "arousal"),
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Seen:
    """One row of another tool's table.

    Attributes
    ----------
    frame : int or None
        Its number from 0; None where only the time is known.
    time_s : float
        Since the first frame; NaN where only the number is known.
    face : Face or None
    p : ndarray, shape (7,), or None
        Sum to 1; None where the tool gives none.
    va : ndarray, shape (2,)
    """

    frame: int | None
    time_s: float
    face: Face | None
    p: npt.NDArray[np.float64] | None
    va: npt.NDArray[np.float64]


def read_external(path: Path, tool: Tool) -> list[Seen]:
    """Read a tool's table.

    Raises
    ------
    BadInputError
        When it is not the tool's, or a cell is no number.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except FileNotFoundError:
        raise BadInputError(f"{path} does not exist.") from None
    except UnicodeDecodeError:
        raise BadInputError(f"{path} is not a table in UTF-8.") from None
    number, split, names = _header(path, lines, tool)
    found = []
    for line_number, cells in _cells(lines[number + 1 :], split, number + 2):
        row = dict(zip(names, cells, strict=False))
        try:
            found.append(_seen(row, tool))
        except (ValueError, KeyError) as problem:
            raise BadInputError(
                f"{path}, line {line_number}: expected what {tool.name} writes; {problem}."
            ) from None
    if not found:
        raise BadInputError(f"{path} has a header and no rows.")
    return found


def _header(path: Path, lines: list[str], tool: Tool) -> tuple[int, str, list[str]]:
    widest: list[str] = []
    for number, line in enumerate(lines[:_HEAD_LINES]):
        for split in ("\t", ";", ","):
            names = [name.strip() for name in next(csv.reader([line], delimiter=split), [])]
            if set(tool.needs) <= set(names):
                return number, split, names
            widest = max(widest, names, key=len)
    missing = [name for name in tool.needs if name not in widest]
    raise BadInputError(
        f"{path} is no table of {tool.name}: expected the columns"
        f" {', '.join(tool.needs)}; missing are {', '.join(missing)}.",
        fix=f"It has {', '.join(widest[:12]) or 'nothing'}. Name the right tool by --from.",
    )


def _cells(lines: list[str], split: str, first: int) -> Iterator[tuple[int, list[str]]]:
    for number, cells in enumerate(csv.reader(lines, delimiter=split), first):
        texts = [cell.strip() for cell in cells]
        if any(texts):
            yield number, texts if split == "," else [c.replace(",", ".") for c in texts]


def _seen(row: dict[str, str], tool: Tool) -> Seen:
    frame = round(float(row[tool.frame])) - tool.first if tool.frame else None
    if frame is not None and frame < 0:
        raise ValueError(f"its frames count from {tool.first}")
    time_s = _seconds(row[tool.time]) if tool.time else _NAN
    p = _probabilities(row, tool)
    if not _there(row, tool, p):
        return Seen(frame, time_s, None, None, np.full(2, _NAN))
    x, y, w, h = [_number(row.get(name, "")) for name in tool.box] or [_NAN] * 4
    score = _number(row.get(tool.score, "")) if tool.score else _NAN
    va = [_number(row.get(name, "")) for name in tool.va] or [_NAN, _NAN]
    return Seen(frame, time_s, Face(x, y, w, h, score), p, np.array(va))


def _there(row: dict[str, str], tool: Tool, p: npt.NDArray[np.float64] | None) -> bool:
    if tool.success:
        return _number(row[tool.success]) == 1
    return row[tool.label].lower() not in _NOT_NUMBERS if tool.label else p is not None


def _probabilities(row: dict[str, str], tool: Tool) -> npt.NDArray[np.float64] | None:
    if tool.label:
        name = row[tool.label].lower()
        if name in _NOT_NUMBERS or name == "contempt":
            return None  # contempt is none of the seven
        alike = [k for k, emotion in enumerate(EMOTIONS) if _same(name, emotion)]
        if not alike:
            raise ValueError(f"{row[tool.label]!r} is no emotion")
        return np.asarray(np.eye(len(EMOTIONS))[alike[0]], np.float64)
    p = np.array([_number(row[name]) for name in tool.emotions])
    if not len(p) or np.isnan(p).any() or p.sum() <= 0:
        return None
    if p.min() < 0:
        raise ValueError("an emotion is below zero")
    return np.asarray(p / p.sum(), np.float64)


def _same(name: str, emotion: str) -> bool:
    """Tell whether two names mean one emotion: happy and happiness, angry and anger."""
    return name[:3] == emotion[:3] or (name, emotion) == ("scared", "fear")


def _number(text: str) -> float:
    return _NAN if text.lower() in _NOT_NUMBERS else float(text)


def _seconds(text: str) -> float:
    """Read ``00:00:01.033`` or plain seconds."""
    parts = [float(part.replace(",", ".")) for part in text.split(":")]
    seconds = sum(part * 60.0**k for k, part in enumerate(reversed(parts)))
    if not math.isfinite(seconds):
        raise ValueError(f"{text!r} is no time")
    return seconds

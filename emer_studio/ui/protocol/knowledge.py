"""What the checking process answered, in the words of the page."""

from __future__ import annotations

from typing import Any

from emer_studio.schema.completion import Known
from emer_studio.ui.protocol.editor import Problem
from emer_studio.ui.protocol.strip import in_words

__all__ = ["known_of", "problems_of", "sound_words"]


def known_of(raw: dict[str, Any]) -> Known:
    """Return what completion may offer."""
    lists = {key: tuple(value) for key, value in raw.items() if key != "clips"}
    return Known(clips=dict(raw["clips"]), **lists)


def problems_of(answer: dict[str, Any]) -> list[Problem]:
    """Return problems, then doubts, each in the order of the lines."""
    found = []
    for key, colour in (("mistakes", "red"), ("warnings", "amber")):
        own = [Problem(one["line"], _one_line(one["text"]), colour) for one in answer[key]]
        found += sorted(own, key=lambda problem: problem.line or 0)
    return found


def _one_line(text: str) -> str:
    """Return a message and its advice on one line, with a capital letter."""
    joined = " ".join(part.strip() for part in text.split("\n"))
    return joined[:1].upper() + joined[1:]


def sound_words(answer: dict[str, Any]) -> str:
    """Return what there is to say about a protocol without problems."""
    parts = answer["timeline"] or []
    trials = len({part["trial"] for part in parts if part["trial"] is not None})
    cycle = answer["cycle"]
    order = (
        "an order of its own for each participant"
        if cycle <= 1
        else f"balanced over {cycle} participants"
    )
    length = in_words(sum(part["seconds"] for part in parts))
    return f"Sound: {trials} trials from {answer['clips']} clips, about {length}; {order}"

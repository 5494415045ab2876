"""A stream of the network as ``streams --watch`` tells of it, in words for the operator."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

__all__ = ["HEADS", "STATE", "cells", "choosable", "words"]

Row = Mapping[str, Any]
Cell = tuple[str, str | None, str]

HEADS = ("Name", "Type", "Computer", "Channels", "Rate, Hz", "Recognised as", "Now")
STATE = 6
"""Column of the state."""
_COLOURS = {"sending": "green", "silent": "red", "unanswered": "red", "gone": "red"}
_TIPS = {
    "asking": "The sender is being asked what it sends.",
    "unanswered": "It was seen, but its sender does not answer.",
    "sending": "Samples are coming in.",
    "silent": "The sender is there, and nothing comes from it.",
    "quiet": "It sends when there is something to send, which is not the case now.",
    "there": "Ours, and left to the recorder: it waits for its first listener.",
    "gone": "Its sender has ended, or the network to it has.",
}
_SAID = {"unanswered": "no answer"}


def cells(row: Row) -> list[Cell]:
    """Return text, colour and hint of each cell."""
    state = str(row["state"])
    name = str(row["name"])
    hint = str(row.get("why_not") or ("Sent by EMER Studio." if row.get("ours") else ""))
    return [
        (name, None, name),
        (str(row["type"]) or "–", None, ""),
        (str(row["host"]), None, ""),
        (str(row["channels"]), None, ""),
        (_rate(row), None, ""),
        (_recognised(row), None, hint),
        (_state(row), _COLOURS.get(state, ""), _TIPS.get(state, "")),
    ]


def choosable(row: Row) -> bool:
    """Tell whether a stream may be the eye tracker, as far as it says what it is."""
    if not row or not row.get("query") or row["state"] == "gone" or refused(row):
        return False
    return bool(row.get("usable")) or _gaze_type(row)


def refused(row: Row) -> bool:
    """Tell whether it is gaze that cannot be used as gaze on the screen."""
    return bool(row.get("layout")) and not row.get("usable")


def words(row: Row) -> tuple[str, str]:
    """Return a sentence about the chosen stream, and the kind of label it is for."""
    if not row:
        return "Choose the eye tracker's stream; a double click takes it.", "small"
    why = " ".join(str(row.get(key) or "") for key in ("why_not", "fix")).strip()
    if row["state"] == "gone":
        return "This stream has gone.", "small-red"
    if row["state"] == "unanswered":
        return str(row.get("why") or _TIPS["unanswered"]), "small-red"
    if refused(row):
        return why, "small-red"
    if row["state"] == "silent":
        return "Nothing comes from it at the moment; start its measuring.", "small-amber"
    if not choosable(row):
        return "It is no gaze; a session does not need to be told of it.", "small"
    if not row.get("layout"):
        return "It can be chosen, and is recorded as it is; no dataset can use its gaze.", (
            "small-amber"
        )
    doubts = "; ".join(str(doubt) for doubt in row.get("doubts") or ())
    return (f"To look at: {doubts}.", "small-amber") if doubts else ("", "small")


def _gaze_type(row: Row) -> bool:
    kind = str(row["type"]).lower()
    return "gaze" in kind or "eye" in kind


def _recognised(row: Row) -> str:
    if row["state"] in ("asking", "unanswered") and not row.get("layout"):
        return "…" if row["state"] == "asking" else "–"
    unknown = "no gaze" if row.get("ours") else "not recognised: recorded as it is"
    what = str(row.get("layout") or unknown)
    marks = ["cannot be used"] if refused(row) else []
    marks += ["ours"] if row.get("ours") else []
    marks += ["simulated"] if row.get("simulated") else []
    return ", ".join([what, *marks])


def _rate(row: Row) -> str:
    declared, measured = float(row["declared_hz"]), float(row.get("rate_hz") or 0)
    known = f"{measured:.1f}" if row["state"] == "sending" and measured else "–"
    if declared and math.isfinite(declared):
        return f"{known} of {declared:g}"
    return "events" if str(row["type"]) == "Markers" else f"{known}, irregular"


def _state(row: Row) -> str:
    state, age_s = str(row["state"]), row.get("age_s")
    said = _SAID.get(state, state)
    old = state in ("silent", "gone", "quiet") and age_s is not None and age_s >= 1
    return f"{said} {age_s:.0f} s" if old else said

"""A gaze stream as ``streams --stream`` tells of it, in words for the operator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["by_weight", "confirmable", "line", "question", "refusal", "role_words"]

Facts = Mapping[str, Any]

_UNITS = {"normalised": "fraction of the display", "px": "pixels", "mm": "mm"}
_PUPILS = {"mm": "pupil in mm", "px": "pupil in pixels", "arbitrary": "pupil not in mm"}
_EYES = {"left": "Left eye", "right": "Right eye", "both": "Both eyes"}
_WHATS = {
    "x": "gaze x",
    "y": "gaze y",
    "valid": "seen or lost",
    "pupil": "pupil",
    "pupil_valid": "pupil seen or lost",
    **{f"point_{axis}": f"gaze point in space, {axis}" for axis in "xyz"},
    **{f"origin_{axis}": f"place of the eye, {axis}" for axis in "xyz"},
}
_FIRST = ("x", "y", "valid", "pupil")
_UNKNOWN = (
    "It will be recorded as it is, but no dataset can use its gaze: its channels do not say"
    " which of them are the gaze."
)


def refusal(facts: Facts) -> str:
    """Return why a stream cannot be the eye tracker, and what to do; empty if it can."""
    if facts.get("usable") or not facts.get("layout"):
        return ""
    return f"{facts.get('why_not', '')} {facts.get('fix', '')}".strip()


def confirmable(facts: Facts) -> list[str]:
    """Return what was taken for granted, one thing a line."""
    doubts = [_sentence(str(doubt)) for doubt in facts.get("doubts") or ()]
    return doubts if facts.get("layout") else [_UNKNOWN, *doubts]


def line(facts: Facts) -> str:
    """Return what was recognised, in one line."""
    count = len(facts.get("channels") or ())
    layout = str(facts.get("layout") or "Unknown layout")
    if refusal(facts):
        return f"{layout} · cannot be used as gaze on the screen"
    parts = [layout, f"{count} channel{'s' * (count != 1)}"]
    if facts.get("layout"):
        origin = str(facts.get("frame", "")).replace("screen, ", "")
        unit = str(facts.get("gaze_unit", ""))
        parts.append(f"{_UNITS.get(unit, unit)}, {origin}")
        pupil = any(str(row["role"]).endswith("_pupil") for row in facts["channels"])
        said = _PUPILS.get(str(facts.get("pupil_unit")), "pupil, unit not given")
        parts.append(said if pupil else "no pupil")
    rate = facts.get("measured_hz") or facts.get("declared_hz") or 0
    parts.append(
        f"{rate:.1f}\N{NO-BREAK SPACE}Hz" if rate else "sends nothing at the moment"
    )
    return " · ".join(parts)


def question(facts: Facts) -> str:
    """Return the question that the operator answers before a session."""
    if not facts.get("layout"):
        return "Is this the participant's gaze, and is it to be recorded all the same?"
    return "Is this the participant's gaze?"


def role_words(role: str) -> str:
    """Return a role such as ``left_x`` as a person says it."""
    eye, _, what = role.partition("_")
    if eye not in _EYES:
        return role.replace("_", " ").capitalize()
    return f"{_EYES[eye]}: {_WHATS.get(what, what.replace('_', ' '))}"


def by_weight(row: Facts) -> tuple[int, int]:
    """Return where a channel belongs in a list: gaze and pupil first, the unused last."""
    role, number = str(row["role"]), int(row["number"])
    if not role:
        return 2, number
    return (0 if role.partition("_")[2] in _FIRST else 1), number


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."

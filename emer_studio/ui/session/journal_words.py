"""The journal's events in plain words, for the operator's log."""

from __future__ import annotations

from typing import Any

__all__ = ["in_words"]


def in_words(entry: dict[str, Any]) -> tuple[str, str]:
    """Return a sentence for a journal event and its weight: "", ``amber`` or ``red``."""
    kind = str(entry.get("event", ""))
    trial, clip = entry.get("trial"), entry.get("clip")
    if kind == "session_started":
        count = len(entry.get("plan", []))
        return f"Session started: {entry.get('protocol')}, {count} trials", ""
    if kind == "trial_started":
        return f"Trial {trial} begins: {clip}", ""
    if kind == "clip_onset":
        return f"First frame of {clip} is on the screen", ""
    if kind == "audio_onset":
        return "Sound began", ""
    if kind == "clip_end":
        return _clip_end(entry)
    if kind == "rating":
        values = entry.get("value")
        said = (
            ", ".join(f"{key} {value}" for key, value in values.items())
            if isinstance(values, dict)
            else str(values)
        )
        return f"{'Changed' if entry.get('revised') else 'Rated'} {clip}: {said}", ""
    if kind == "rating_back":
        return f"Back from the page {entry.get('page')}", ""
    if kind == "trial_done":
        return f"Trial {trial} done", ""
    if kind == "finding":
        return str(entry.get("what", "")), "amber"
    if kind == "session_done":
        state = str(entry.get("state", ""))
        return f"Session ended: {state}", "" if state == "complete" else "red"
    return kind.replace("_", " ").capitalize(), ""


def _clip_end(entry: dict[str, Any]) -> tuple[str, str]:
    summary = entry.get("summary") or {}
    shown, expected = summary.get("shown"), summary.get("expected")
    if shown is None or not expected:
        return f"{entry.get('clip')} ended", ""
    lost = shown < 0.98 * expected
    return f"{entry.get('clip')} ended: {shown} of {expected} frames shown", (
        "amber" if lost else ""
    )

"""Where a session can be."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["State"]


class State(StrEnum):
    """Where the session is."""

    IDLE = "idle"
    INSTRUCTIONS = "instructions"
    BASELINE = "baseline"
    SYNC = "sync"
    VALIDATION = "validation"
    FIXATION = "fixation"
    CLIP = "clip"
    RATING = "rating"
    WASHOUT = "washout"
    BREAK = "break"
    QUESTIONS = "questions"
    CLOSING = "closing"
    PAUSED = "paused"
    DONE = "done"

"""What a session consists of, for somebody who sees the form for the first time."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from emer_studio.ui.parts import Card, Pill, label

__all__ = ["steps_card"]

_STEPS = (
    ("Devices", "The gaze stream is found and the camera opens; nothing is written yet."),
    ("Recording", "Gaze, face video and markers are recorded on one clock."),
    (
        "Trials",
        "The clips in this participant's own order, each with its rating.",
    ),
    ("Verdict", "The files are closed and checked: green, amber or red, with the reasons."),
)


def steps_card() -> Card:
    """Return the card."""
    card = Card("What will happen")
    for number, (head, text) in enumerate(_STEPS, start=1):
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(Pill(str(number)), 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(label(head))
        words.addWidget(label(text, "small", wrap=True))
        row.addLayout(words, 1)
        card.box.addLayout(row)
    return card

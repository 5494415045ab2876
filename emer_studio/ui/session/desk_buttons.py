"""What else an operator can do while a session runs, by button and by key.

Buttons and no menu: an open menu takes the keyboard away from the participant.
"""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QInputDialog, QPushButton, QWidget

from emer_studio.ui.desk_keys import DESK_KEYS
from emer_studio.ui.parts import button

__all__ = ["DeskButtons"]

_ACTIONS = (
    ("pause_after", "Pause after this trial", "Pause when this trial is over"),
    ("skip", "Skip…", "Skip this trial"),
    ("repeat", "Repeat…", "Repeat this trial; datasets leave it out"),
    (
        "check_gaze",
        "Check gaze",
        "Measure the eye tracker before the next trial.\nFor a new calibration: pause,"
        " calibrate in the tracker's own program, press this, go on.",
    ),
    ("moment", "Mark", "Mark this moment in the journal"),
    ("note", "Note…", "Write a note with the time"),
)


class DeskButtons(QWidget):
    """A row of buttons; their keys work while it is enabled."""

    asked = Signal(str)  # a command of `session.desk`
    noteAsked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        self.buttons: dict[str, QPushButton] = {}
        for name, text, tip in _ACTIONS:
            made = button(text, "", "small")
            key = QKeySequence(DESK_KEYS[name])
            QShortcut(key, made).activated.connect(made.click)  # at once, unlike its own
            shown = key.toString(QKeySequence.SequenceFormat.NativeText)
            made.setToolTip(f"{tip} ({shown})" if "\n" not in tip else f"{shown}: {tip}")
            made.clicked.connect(lambda _on=False, name=name: self.press(name))
            self.buttons[name] = made
            row.addWidget(made)
        row.addStretch(1)
        self.setEnabled(False)

    def press(self, name: str) -> None:
        """Do what a button does; a note is asked for, and nothing else here."""
        if name != "note":
            self.asked.emit(name)
            return
        text, given = QInputDialog.getText(self, "A note", "What happened?")
        if given and text.strip():
            self.noteAsked.emit(text.strip())
        else:
            self.asked.emit("focus")  # the keyboard goes back to the participant

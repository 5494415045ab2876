"""The questions before what cannot be taken back."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget

__all__ = ["ABORT", "SURE", "ask", "ask_by_mouse"]

ABORT = "Abort this session? What was recorded so far is kept."
SURE = {
    "skip": "Skip this trial? The participant goes on with the next one.",
    "repeat": "Repeat this trial? Its clip is shown again and left out of datasets.",
}
"""By command of `session.desk`; the others need no question."""


def ask_by_mouse(parent: QWidget, text: str) -> bool:
    """Ask by mouse alone: the keyboard is the participant's, whose Enter is no answer."""
    yes, no = QMessageBox.StandardButton.Yes, QMessageBox.StandardButton.No
    box = QMessageBox(QMessageBox.Icon.Question, "EMER Studio", text, yes | no, parent)
    box.setDefaultButton(no)
    box.setWindowFlag(Qt.WindowType.WindowDoesNotAcceptFocus)
    return box.exec() == yes


def ask(parent: QWidget, text: str) -> bool:
    """Ask on a computer that has no participant."""
    yes = QMessageBox.StandardButton.Yes
    return QMessageBox.question(parent, "EMER Studio", text) == yes

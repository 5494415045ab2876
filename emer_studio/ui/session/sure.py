"""The questions before what cannot be taken back."""

from __future__ import annotations

from PySide6.QtWidgets import QMessageBox, QWidget

__all__ = ["ABORT", "SURE", "ask"]

ABORT = "Abort this session? What was recorded so far is kept."
SURE = {
    "skip": "Skip this trial? The participant goes on with the next one.",
    "repeat": "Repeat this trial? Its clip is shown again and left out of datasets.",
}
"""By command of `session.desk`; the others need no question."""


def ask(parent: QWidget, text: str) -> bool:
    """Ask a yes-or-no question."""
    yes = QMessageBox.StandardButton.Yes
    return QMessageBox.question(parent, "EMER Studio", text) == yes

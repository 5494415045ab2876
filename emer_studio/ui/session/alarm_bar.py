"""One red bar with what is wrong right now; gone when it is well again."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QApplication, QFrame, QVBoxLayout

from emer_studio.ui.parts import label

__all__ = ["AlarmBar"]


class AlarmBar(QFrame):
    """Shows sentences; `raised` carries them when another kind of thing goes wrong."""

    raised = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("kind", "alarm")
        self.setAccessibleName("Alarm")
        box = QVBoxLayout(self)
        box.setContentsMargins(16, 10, 16, 10)
        self.text = label("", wrap=True)
        box.addWidget(self.text)
        self.aloud = False
        """Whether new trouble beeps, which the participant may hear as well."""
        self._about: set[str] = set()
        self.hide()

    def setValue(self, sentences: Sequence[str]) -> None:
        """Show what is wrong now; nothing hides the bar."""
        about = {sentence.partition(":")[0] for sentence in sentences}
        text = "\n".join(sentences)
        if text != self.text.text():
            self.text.setText(text)
            self.setAccessibleDescription(text)
        self.setVisible(bool(sentences))
        if about - self._about:
            QApplication.alert(self.window())
            if self.aloud:
                QApplication.beep()
            self.raised.emit(text)
        self._about = about

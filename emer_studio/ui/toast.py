"""A short message over the window that goes by itself and never asks for anything."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from emer_studio.ui.parts import label

__all__ = ["Toast"]

_SHOWN_MS = 7000  # chosen by us: two lines are read in this time


class Toast(QFrame):
    """A message at the lower edge of its parent."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("toast")
        self._parent = parent
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(14, 9, 8, 9)
        self.text = label("", wrap=True)
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        close = QToolButton()
        close.setText("✕")
        close.clicked.connect(self.hide)
        row.addWidget(self.text, 1)
        row.addWidget(close)
        self._timer = QTimer(self, singleShot=True, interval=_SHOWN_MS)
        self._timer.timeout.connect(self.hide)
        parent.installEventFilter(self)
        self.hide()

    def say(self, text: str) -> None:
        """Show a message."""
        self.text.setText(text if len(text) < 400 else text[:400] + " …")
        self._place()
        self.show()
        self.raise_()
        self._timer.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay at the lower edge."""
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return False

    def _place(self) -> None:
        parent = self._parent
        width = min(620, parent.width() - 60)
        self.setFixedWidth(width)
        self.adjustSize()
        height = self._row.heightForWidth(width)
        self.setFixedHeight(max(height, 40))
        self.move((parent.width() - width) // 2, parent.height() - self.height() - 22)

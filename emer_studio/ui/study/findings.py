"""The verdict of one session and the reasons for it; used after a session as well."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QScrollArea, QWidget

from emer_studio.ui.parts import Card, Pill, label

__all__ = ["FindingsView"]

_GREEN = "Nothing to say: every stream, the video, the journal and the shown frames agree."


class FindingsView(Card):
    """A verdict with its findings, one a line."""

    def __init__(self) -> None:
        super().__init__()
        top = QHBoxLayout()
        self.name, self.verdict = label("", "heading"), Pill()
        top.addWidget(self.name)
        top.addWidget(self.verdict)
        top.addStretch(1)
        self.box.addLayout(top)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setStyleSheet("QScrollArea, QWidget#lines { background: transparent; }")
        self._inside = QWidget()
        self._inside.setObjectName("lines")
        self._grid = QGridLayout(self._inside)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(1, 1)
        area.setWidget(self._inside)
        self.box.addWidget(area, 1)
        self.lines: list[str] = []

    def setValue(self, folder: Path, verdict: str, findings: list[str] | None) -> None:
        """Show a session's verdict; `findings` is None while the check still runs."""
        self.name.setText(folder.name)
        self.verdict.setValue(verdict or "not checked", verdict)
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        if findings is None:
            self.lines = ["Checking …"]
        else:
            self.lines = findings or [_GREEN]
        for row, text in enumerate(self.lines):
            colour, found, rest = text.partition(": ")
            known = found and colour in ("amber", "red")
            if known:
                self._grid.addWidget(Pill(colour, colour), row, 0)
            self._grid.addWidget(
                label(rest if known else text, "" if known else "muted", wrap=True),
                row,
                1 if known else 0,
                1,
                1 if known else 2,
            )
        self._grid.setRowStretch(len(self.lines), 1)

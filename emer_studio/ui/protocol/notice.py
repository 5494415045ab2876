"""A line over the text that says what is special about the file, with what can be done."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QFrame, QHBoxLayout

from emer_studio.ui.parts import button, label, restyle

__all__ = ["Notice"]


class Notice(QFrame):
    """Hidden while there is nothing to say."""

    def __init__(self) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 8, 6)
        row.setSpacing(8)
        self.text = label("", wrap=True)
        self.buttons = [button(""), button("")]
        self._acts: list[Callable[[], object]] = []
        row.addWidget(self.text, 1)
        for number, made in enumerate(self.buttons):
            made.setProperty("small", True)
            made.clicked.connect(lambda _on=False, number=number: self._press(number))
            row.addWidget(made)
        self.hide()

    def say(
        self, text: str, *acts: tuple[str, Callable[[], object]], kind: str = "hint"
    ) -> None:
        """Show a text with up to two buttons; an empty text hides the line."""
        self.setVisible(bool(text))
        self.text.setText(text)
        self._acts = [act for _, act in acts]
        for number, made in enumerate(self.buttons):
            made.setVisible(number < len(acts))
            made.setText(acts[number][0] if number < len(acts) else "")
        restyle(self, "kind", kind)

    def _press(self, number: int) -> None:
        if number < len(self._acts):
            self._acts[number]()

"""The sheet of keys over the labelling room: read it, or give an action another key."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout

from emer_studio.ui.label.keys import ACTIONS, Keys, name_of
from emer_studio.ui.parts import Card, Scrolled, button, label, restyle

__all__ = ["KeySheet"]

_COLUMNS = (("Expression",), ("Judgement",), ("Video",), ("Items", "Review"))


class KeySheet(Card):
    """Lists every action; click a key, then press the one that it shall have.

    It is no dialog: labelling goes on as soon as it is closed with Escape or ``?``.
    `closed` tells that; `changed` that a key is another one.
    """

    closed = Signal()
    changed = Signal()

    def __init__(self, keys: Keys) -> None:
        super().__init__("Keys")
        self._keys = keys
        self._asked = ""
        self.keys: dict[str, QPushButton] = {}
        self.said = label(_HOW, "muted", wrap=True)
        self.reset, self.shut = button("Keys as they came"), button("Close   Esc")
        self.reset.clicked.connect(self._reset)
        self.shut.clicked.connect(self.closed)
        self.head.addWidget(self.reset)
        self.head.addWidget(self.shut)
        self.box.addWidget(self.said)
        area = Scrolled()
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        grid = QGridLayout(area.inside)
        grid.setHorizontalSpacing(20)
        for column, groups in enumerate(_COLUMNS):
            stacked = QVBoxLayout()
            for group in groups:
                stacked.addLayout(self._group(group))
                stacked.addSpacing(14)
            stacked.addStretch(1)
            grid.addLayout(stacked, 0, column)
        self.box.addWidget(area, 1)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def _group(self, group: str) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(3)
        column.addWidget(label(group, "heading"))
        for action in ACTIONS:
            if action.group != group:
                continue
            row = QHBoxLayout()
            key = QPushButton(self._keys[action.name])
            key.setProperty("small", True)
            key.setFixedWidth(104)
            key.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            key.setAccessibleName(f"Key for {action.text}: {self._keys[action.name]}")
            key.clicked.connect(lambda _on=False, name=action.name: self.ask(name))
            self.keys[action.name] = key
            row.addWidget(key)
            row.addWidget(label(action.text), 1)
            column.addLayout(row)
        return column

    def ask(self, action: str) -> None:
        """Wait for the key that an action shall have."""
        self._asked = action
        text = next(one.text for one in ACTIONS if one.name == action)
        self._say(f"Press the new key for “{text}”; Escape keeps {self._keys[action]}.")
        self.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take the new key, or close."""
        name = name_of(event)
        if not name:
            return
        if self._asked and name != "Esc":
            action, self._asked = self._asked, ""
            problem = self._keys.change(action, name)
            self._say(problem or _HOW, wrong=bool(problem))
            self._show_keys()
            self.changed.emit()
        elif self._asked:
            self._asked = ""
            self._say(_HOW)
        elif name in ("Esc", self._keys["sheet"]):
            self.closed.emit()

    def _reset(self) -> None:
        self._keys.reset()
        self._show_keys()
        self._say("All keys are as they came.")
        self.changed.emit()
        self.setFocus()

    def _show_keys(self) -> None:
        for name, made in self.keys.items():
            text = next(one.text for one in ACTIONS if one.name == name)
            made.setText(self._keys[name])
            made.setAccessibleName(f"Key for {text}: {self._keys[name]}")

    def _say(self, text: str, *, wrong: bool = False) -> None:
        self.said.setText(text)
        restyle(self.said, "kind", "error" if wrong else "muted")


_HOW = "Click a key to change it. What is already taken is refused."

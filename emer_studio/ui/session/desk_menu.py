"""What else an operator can do while a session runs, by menu and by key."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QInputDialog, QMenu, QPushButton, QWidget

__all__ = ["DeskMenu"]

_ACTIONS = (
    ("Pause after this trial", "pause_after", "Ctrl+Shift+P"),
    ("Skip this trial…", "skip", "Ctrl+K"),
    ("Repeat this trial…", "repeat", "Ctrl+R"),
    ("Mark this moment", "moment", "Ctrl+M"),
)
_NOTE_KEY = "Ctrl+T"


class DeskMenu(QPushButton):
    """A button with a menu; its keys work while it is enabled, also when it is closed."""

    asked = Signal(str)  # a command of `session.desk`
    noteAsked = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__("More", parent)
        self.setAccessibleName("More: skip, repeat, note, mark")
        menu = QMenu(self)
        self.actions_by_name: dict[str, QAction] = {}
        for text, name, key in _ACTIONS:
            action = self._action(menu, text, key)
            action.triggered.connect(lambda _on=False, name=name: self.asked.emit(name))
            self.actions_by_name[name] = action
        menu.addSeparator()
        note = self._action(menu, "Write a note…", _NOTE_KEY)
        note.triggered.connect(self._ask_for_note)
        self.actions_by_name["note"] = note
        self.setMenu(menu)
        self.setEnabled(False)

    def _action(self, menu: QMenu, text: str, key: str) -> QAction:
        action = menu.addAction(text)
        action.setShortcut(QKeySequence(key))
        self.addAction(action)  # the keys work while the menu is closed
        return action

    def setEnabled(self, on: bool) -> None:
        """Enable the button and, unlike Qt, the keys of its menu."""
        super().setEnabled(on)
        for action in self.actions_by_name.values():
            action.setEnabled(on)

    def _ask_for_note(self) -> None:
        text, given = QInputDialog.getText(self, "A note", "What happened?")
        if given and text.strip():
            self.noteAsked.emit(text.strip())

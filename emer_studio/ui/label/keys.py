"""The keys of the labelling room: what they do, which they are, and changing them."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QKeySequence

from emer_studio.core import settings
from emer_studio.core.emotions import EMOTIONS

__all__ = ["ACTIONS", "Action", "Keys", "name_of"]


@dataclass(frozen=True, slots=True)
class Action:
    """Something a key does.

    Attributes
    ----------
    name : str
        As the settings know it.
    text : str
        As the sheet tells it.
    key : str
        Unless somebody chose another, in Qt's own spelling.
    group : str
    """

    name: str
    text: str
    key: str
    group: str


ACTIONS: tuple[Action, ...] = (
    *(
        Action(f"category-{emotion}", emotion, str(number), "Expression")
        for number, emotion in enumerate(EMOTIONS, start=1)
    ),
    *(
        Action(f"second-{emotion}", f"also {emotion}", f"Shift+{number}", "Expression")
        for number, emotion in enumerate(EMOTIONS, start=1)
    ),
    *(
        Action(f"intensity-{level}", f"intensity {level}", key, "Judgement")
        for level, key in enumerate("QWER")
    ),
    Action("valence-up", "more pleasant", "Alt+Right", "Judgement"),
    Action("valence-down", "less pleasant", "Alt+Left", "Judgement"),
    Action("arousal-up", "more aroused", "Alt+Up", "Judgement"),
    Action("arousal-down", "less aroused", "Alt+Down", "Judgement"),
    Action("confidence-1", "unsure", "A", "Judgement"),
    Action("confidence-2", "fairly sure", "S", "Judgement"),
    Action("confidence-3", "sure", "D", "Judgement"),
    Action("unclear", "unclear", "U", "Judgement"),
    Action("no_face", "no face", "X", "Judgement"),
    Action("flag", "flag for the adjudicator", "G", "Judgement"),
    Action("peak", "peak is this frame", "P", "Judgement"),
    Action("note", "note or reason", "N", "Judgement"),
    Action("commit", "save and next", "Return", "Items"),
    Action("back", "previous item", "Backspace", "Items"),
    Action("undo", "undo", "Ctrl+Z", "Items"),
    Action("redo", "redo", "Ctrl+Shift+Z", "Items"),
    Action("play", "play, pause", "Space", "Video"),
    Action("frame-back", "a frame back", "Left", "Video"),
    Action("frame-on", "a frame on", "Right", "Video"),
    Action("ten-back", "ten frames back", "Shift+Left", "Video"),
    Action("ten-on", "ten frames on", "Shift+Right", "Video"),
    Action("first", "first frame", "Home", "Video"),
    Action("last", "last frame", "End", "Video"),
    Action("loop", "loop", "L", "Video"),
    Action("slower", "slower", ",", "Video"),
    Action("faster", "faster", ".", "Video"),
    Action("crop", "face or whole picture", "C", "Video"),
    Action("model", "show or hide the model (review only)", "H", "Review"),
    Action("peak-before", "peak of the model before", "J", "Review"),
    Action("peak-after", "next peak of the model", "K", "Review"),
    Action("codebook", "codebook", "B", "Items"),
    Action("sheet", "this sheet", "?", "Items"),
)
"""Everything that has a key."""

_ONLY = (
    int(Qt.Key.Key_Shift),
    int(Qt.Key.Key_Control),
    int(Qt.Key.Key_Alt),
    int(Qt.Key.Key_Meta),
    int(Qt.Key.Key_AltGr),
)
_FIRST_DIGIT = 2 if sys.platform == "win32" else 10  # scan code of the key 1


def name_of(event: QKeyEvent) -> str:
    """Return the key of an event in Qt's spelling; empty for a bare modifier.

    The digit row is told by the keys' place, since what it types, with Shift or without,
    depends on the keyboard; the keypad's Enter and digits are like the others.
    """
    key = int(event.key())
    if key in _ONLY:
        return ""
    held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    if key == int(Qt.Key.Key_Enter):
        key = int(Qt.Key.Key_Return)
    shift = Qt.KeyboardModifier.ShiftModifier
    digit = _digit(event)
    if digit and not held & ~shift:
        return f"Shift+{digit}" if held & shift else digit
    if key == int(Qt.Key.Key_Question):
        held &= ~shift
    return QKeySequence(int(held.value) | key).toString(
        QKeySequence.SequenceFormat.PortableText
    )


def _digit(event: QKeyEvent) -> str:
    """Return the digit of a key of the upper row, whatever it types."""
    place = event.nativeScanCode() - _FIRST_DIGIT
    if 0 <= place < len(EMOTIONS):
        return str(place + 1)
    if int(Qt.Key.Key_1) <= int(event.key()) <= int(Qt.Key.Key_7):
        return str(int(event.key()) - int(Qt.Key.Key_0))
    return ""


class Keys:
    """Which key does what on this computer."""

    def __init__(self) -> None:
        changed = settings.load().label_keys
        known = {action.name: action.key for action in ACTIONS}
        self._keys = known | {name: key for name, key in changed if name in known}
        if len(set(self._keys.values())) < len(self._keys):
            self._keys = known  # a settings file edited by hand

    def __getitem__(self, action: str) -> str:
        return self._keys[action]

    def action(self, key: str) -> str:
        """Return what a key does; empty for none."""
        return next((name for name, own in self._keys.items() if own == key), "")

    def change(self, action: str, key: str) -> str:
        """Give an action another key, and remember it.

        Returns
        -------
        str
            Why not, when another action has it; empty when it is done.
        """
        taken = self.action(key)
        if taken and taken != action:
            text = next(one.text for one in ACTIONS if one.name == taken)
            return f"{key} is taken: {text}. Give that another key first."
        self._keys[action] = key
        self._remember()
        return ""

    def reset(self) -> None:
        """Take the keys that the program came with."""
        self._keys = {action.name: action.key for action in ACTIONS}
        self._remember()

    def _remember(self) -> None:
        own = {action.name: action.key for action in ACTIONS}
        changed = [(name, key) for name, key in self._keys.items() if key != own[name]]
        settings.remember_label_keys(tuple(changed))

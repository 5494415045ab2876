"""The operator's keys: the same ones in the console and in the participant's window.

One computer has one keyboard, and during a session it belongs to the participant's window.
So the console can be clicked without taking it away, and the operator's keys work there.
"""

from __future__ import annotations

import sys

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QWidget

__all__ = ["DESK_KEYS", "desk_command", "hand_over", "leave_keyboard"]

DESK_KEYS = {
    "pause": "Ctrl+P",
    "pause_after": "Ctrl+Shift+P",
    "skip": "Ctrl+K",
    "repeat": "Ctrl+R",
    "check_gaze": "Ctrl+G",
    "moment": "Ctrl+M",
    "note": "Ctrl+T",
}
"""The commands of `session.desk` by key; ``pause`` also goes on again."""
_ANY_PROCESS = -1  # ASFW_ANY of the Windows API


def desk_command(event: QKeyEvent) -> str:
    """Return the command that a key stands for, empty for all other keys."""
    pressed = QKeySequence(event.keyCombination()).toString(
        QKeySequence.SequenceFormat.PortableText
    )
    return next((name for name, key in DESK_KEYS.items() if key == pressed), "")


def leave_keyboard(window: QWidget, *, on: bool) -> None:
    """Let a window be clicked without taking the keyboard from another one, or no longer.

    X11 and Windows have this as a property of a window (input hint, ``WS_EX_NOACTIVATE``);
    Wayland's compositors do not know it.
    """
    if handle := window.windowHandle():
        handle.setFlag(Qt.WindowType.WindowDoesNotAcceptFocus, on)


def hand_over() -> None:
    """Allow the participant's window to take the keyboard back.

    Windows lets only the program in front decide that; elsewhere the window may ask itself.
    """
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.user32.AllowSetForegroundWindow(_ANY_PROCESS)

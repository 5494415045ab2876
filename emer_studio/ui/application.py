"""The one QApplication of a process; a missing display is an error, not an abort."""

from __future__ import annotations

import os
import sys

from PySide6.QtGui import QScreen
from PySide6.QtWidgets import QApplication

from emer_studio.core.errors import BadInputError, MissingError

__all__ = ["make_application", "screen_at", "screen_facts"]


def make_application() -> QApplication:
    """Return the application, made on first use.

    Raises
    ------
    MissingError
        On Linux without a display: Qt itself would abort the process.
    """
    running = QApplication.instance()
    if isinstance(running, QApplication):
        return running
    shown_by = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform.startswith("linux") and not any(map(os.environ.get, shown_by)):
        raise MissingError(
            "There is no display to open a window on.",
            fix="Run it under xvfb-run -a, or set QT_QPA_PLATFORM=offscreen.",
        )
    application = QApplication(["emer-studio"])
    application.setApplicationName("EMER Studio")
    application.setQuitOnLastWindowClosed(False)
    return application


def screen_at(number: int | None) -> QScreen:
    """Return screen `number` (0 is the first), or the primary one.

    Raises
    ------
    BadInputError
        When there are fewer screens.
    """
    screens = QApplication.screens()
    if number is None:
        return QApplication.primaryScreen()
    if not 0 <= number < len(screens):
        found = ", ".join(f"{k}: {s.name()}" for k, s in enumerate(screens))
        raise BadInputError(f"There is no display {number}.", fix=f"Choose one of {found}.")
    return screens[number]


def screen_facts(screen: QScreen) -> dict[str, str | int | float]:
    """Return what the system says about a screen; its size in mm can be wrong."""
    ratio, size = screen.devicePixelRatio(), screen.size()
    return {
        "name": screen.name(),
        "width_px": round(size.width() * ratio),
        "height_px": round(size.height() * ratio),
        "width_mm": round(screen.physicalSize().width(), 1),
        "height_mm": round(screen.physicalSize().height(), 1),
        "refresh_hz": round(screen.refreshRate(), 3),
        "platform": QApplication.platformName(),
    }

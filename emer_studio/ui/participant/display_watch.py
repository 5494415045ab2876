"""Watches the participant's display: it may be unplugged, come back, or change."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QGuiApplication, QScreen
from PySide6.QtWidgets import QApplication, QWidget

from emer_studio.ui.application import screen_facts

__all__ = ["DisplayWatch"]


class DisplayWatch(QObject):
    """Keeps a full-screen window on its display, and hidden while that is away.

    Without it Qt moves the window to another display, which is the operator's. A display
    that is plugged in meanwhile takes its place, also under another name.

    Parameters
    ----------
    window : QWidget
        The participant's window.
    screen : QScreen
        Its display.
    """

    lost = Signal()
    back = Signal()
    changed = Signal(dict)  # what the system says about the display now

    def __init__(self, window: QWidget, screen: QScreen) -> None:
        super().__init__(window)
        self._window = window
        self.present = True
        self._alone = len(QApplication.screens()) == 1
        application = QApplication.instance()
        assert isinstance(application, QGuiApplication)
        application.screenRemoved.connect(self._on_removed)
        application.screenAdded.connect(self._on_added)
        self._follow(screen)

    def _follow(self, screen: QScreen) -> None:
        self._screen, self.name = screen, screen.name()
        screen.geometryChanged.connect(self._on_changed)
        screen.refreshRateChanged.connect(self._on_changed)

    @Slot(QScreen)
    def _on_removed(self, screen: QScreen) -> None:
        if screen is not self._screen:
            return
        others = [other for other in QApplication.screens() if other is not screen]
        if self._alone and others:  # the only display has got another name
            self._follow(others[0])
            self._on_changed()
            return
        self.present = False
        self._window.hide()
        self.lost.emit()

    @Slot(QScreen)
    def _on_added(self, screen: QScreen) -> None:
        if self.present:
            return
        self.present = True
        self._follow(screen)
        self._fill(screen)
        self.back.emit()

    @Slot()
    def _on_changed(self) -> None:
        if self.present:
            self._fill(self._screen)
            self.changed.emit(screen_facts(self._screen))

    def _fill(self, screen: QScreen) -> None:
        self._window.setScreen(screen)
        self._window.setGeometry(screen.geometry())
        self._window.showFullScreen()
        self._window.activateWindow()

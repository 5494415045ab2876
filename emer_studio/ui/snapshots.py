"""Photographs of the pages with the study's real content, for the documentation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from emer_studio.ui.main_window import MainWindow

__all__ = ["Photographer"]

_SETTLE_MS = 800  # chosen by us: pictures decode and layouts come to rest
_PATIENCE = 20  # times that a job of the page, such as a check, is waited for
_LIVE_AFTER_MS = 4500


class Photographer(QObject):
    """Show each page in turn and save it as ``<page>.png``.

    Parameters
    ----------
    window : MainWindow
        With an open study.
    folder : Path
        Where the pictures go.
    """

    done = Signal()

    def __init__(self, window: MainWindow, folder: Path) -> None:
        super().__init__(window)
        self._window, self._folder = window, folder
        self._waiting: list[str] = []
        self._live = False
        window.resize(1280, 800)

    def all_pages(self) -> None:
        """Photograph every page, then say `done`."""
        self._waiting = list(self._window.pages)
        self._next()

    def watch_session(self, event: dict[str, Any]) -> None:
        """Photograph the session page while its second clip plays."""
        playing = event.get("event") == "state" and event.get("state") == "clip"
        if playing and event.get("trial") == 2 and not self._live:
            self._live = True
            QTimer.singleShot(_LIVE_AFTER_MS, lambda: self._save("session-live"))

    def session_done(self) -> None:
        """Photograph the verdict, then the pages."""

        def then() -> None:
            self._save("session-done")
            self.all_pages()

        QTimer.singleShot(_SETTLE_MS, then)

    def _next(self) -> None:
        if not self._waiting:
            self.done.emit()
            return
        key = self._waiting.pop(0)
        self._window.show_page(key)
        QTimer.singleShot(_SETTLE_MS, lambda: self._take(key, _PATIENCE))

    def _take(self, key: str, patience: int) -> None:
        if self._window.pages[key].working and patience:
            QTimer.singleShot(_SETTLE_MS, lambda: self._take(key, patience - 1))
            return
        self._save(key)
        self._next()

    def _save(self, name: str) -> None:
        self._window.grab().save(str(self._folder / f"{name}.png"))

"""The life of the window: style, unhandled exceptions, what the command asked for."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import signal
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from emer_studio.core import logs, settings
from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError
from emer_studio.core.process import Control
from emer_studio.labels.bundle import Bundle, open_bundle
from emer_studio.study.folder import open_study
from emer_studio.ui.application import make_application
from emer_studio.ui.jobs import Outcome
from emer_studio.ui.label.bundle_window import BundleWindow
from emer_studio.ui.main_window import MainWindow
from emer_studio.ui.session.page import SessionPage
from emer_studio.ui.snapshots import Photographer
from emer_studio.ui.theme import apply_style

__all__ = ["catch_exceptions", "interruptible", "run_window"]

logger = logging.getLogger(__name__)


def run_window(args: argparse.Namespace) -> int:
    """Open the window and return the exit code of the program."""
    if args.study is not None and (args.study / "bundle.json").is_file():
        return _label_bundle(open_bundle(args.study))
    if args.study is not None:
        open_study(args.study)  # refused before anything is shown
    application = make_application()
    apply_style(application)
    application.setQuitOnLastWindowClosed(False)
    window = MainWindow()
    window.closed.connect(application.quit)
    remembered = settings.load()
    folder = args.study or (Path(remembered.last_study) if remembered.last_study else None)
    window.show()
    if folder is not None and (folder / "study.yaml").is_file():
        window.open_study(folder, args.page or remembered.last_page)
    driver = _Driver(window, args)
    with _logged(), catch_exceptions(window.say), interruptible(window):
        QTimer.singleShot(0, driver.begin)
        application.exec()
    return driver.code


def _label_bundle(bundle: Bundle) -> int:
    """Open the window of a rater without the study."""
    application = make_application()
    apply_style(application)
    window = BundleWindow(bundle)
    window.closed.connect(application.quit)
    window.show()
    with _logged(), catch_exceptions(window.toast.say), interruptible(window):
        application.exec()
    return 0


class _Driver(QObject):
    """Do what the command line asked for, as a person would with the mouse."""

    _parent_left = Signal()

    def __init__(self, window: MainWindow, args: argparse.Namespace) -> None:
        super().__init__(window)
        self._control: Control | None = None
        self._window, self._args, self.code = window, args, 0
        self._console = Console(events=args.events)
        self._photographer: Photographer | None = None

    def begin(self) -> None:
        args, window = self._args, self._window
        if args.events and _is_pipe(sys.stdin.fileno()):
            # Under a parent: the end of our input is its wish that we end, unasked.
            self._parent_left.connect(window.close_unasked)
            self._control = Control(on_end=self._parent_left.emit)
        if args.snapshots is not None:
            args.snapshots.mkdir(parents=True, exist_ok=True)
            self._photographer = Photographer(window, args.snapshots)
            self._photographer.done.connect(window.close)
        if args.run_session:
            self._run_session()
        elif self._photographer is not None:
            self._photographer.all_pages()

    def _run_session(self) -> None:
        args, page = self._args, self._window.pages.get("session")
        if not isinstance(page, SessionPage):
            raise BadInputError(f"{args.study} could not be opened.")
        self._window.show_page("session")
        default = "sim" if args.simulate else ""
        page.form.setValue(
            replace(
                page.form.value(),
                participant=args.run_session,
                protocol=args.protocol,
                camera=args.camera or default or page.form.value().camera,
                gaze=args.gaze or default,
                simulate=args.simulate,
            )
        )
        page.job.heard.connect(self._forward)
        page.job.ended.connect(self._session_ended)
        if self._photographer is not None:
            page.job.heard.connect(self._photographer.watch_session)
        page.form.start.click()
        waiting = page.person.pending or page.gate.pending
        if not page.job.running and not waiting:
            self.code = 2
            logger.error("the session could not start: %s", page.form.problem.text())
            self._maybe_close()

    def _forward(self, event: dict[str, Any]) -> None:
        fields = {key: value for key, value in event.items() if key != "event"}
        self._console.event(str(event.get("event")), **fields)

    def _session_ended(self, outcome: Outcome) -> None:
        self.code = outcome.code
        if self._photographer is not None:
            self._photographer.session_done()
        else:
            self._maybe_close()

    def _maybe_close(self) -> None:
        if self._args.close_when_done:
            QTimer.singleShot(600, self._window.close)


def _is_pipe(handle: int) -> bool:
    mode = os.fstat(handle).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


class _Relay(QObject):
    """Brings a text from any thread to the Qt thread."""

    said = Signal(str)


@contextlib.contextmanager
def catch_exceptions(say: Callable[[str], None]) -> Iterator[None]:
    """Send unhandled exceptions to the log and to `say`; the program goes on."""
    relay = _Relay()
    relay.said.connect(say)

    def tell(
        kind: type[BaseException], value: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, value, trace)
            return
        logger.error("unhandled exception", exc_info=(kind, value, trace))
        relay.said.emit(f"Something went wrong: {value or kind.__name__}")

    def tell_thread(found: threading.ExceptHookArgs) -> None:
        if found.exc_value is not None:
            tell(found.exc_type, found.exc_value, found.exc_traceback)

    before, before_thread = sys.excepthook, threading.excepthook
    sys.excepthook, threading.excepthook = tell, tell_thread
    try:
        yield
    finally:
        sys.excepthook, threading.excepthook = before, before_thread


@contextlib.contextmanager
def _logged() -> Iterator[None]:
    folder = settings.config_dir()
    folder.mkdir(parents=True, exist_ok=True)
    handler = logs.add_file(folder / "window.log")
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        handler.close()


@contextlib.contextmanager
def interruptible(window: QWidget) -> Iterator[None]:
    """Let Ctrl-C in the terminal close the window as its cross would."""
    before = signal.signal(signal.SIGINT, lambda _number, _frame: window.close())
    timer = QTimer(window, interval=200)  # gives Python a moment to see the signal
    timer.timeout.connect(lambda: None)
    timer.start()
    try:
        yield
    finally:
        timer.stop()
        signal.signal(signal.SIGINT, before)

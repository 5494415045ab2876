"""``emer-studio participant``: the participant's window as a process of its own.

It reads commands on standard input and writes events on standard output, one JSON object
a line. At the end of its input it closes its files and exits within a second.

Commands: ``show`` (text, fixation, blank), ``consent``, ``thanks``, ``prepare``, ``play``,
``rate``, ``mark``, ``targets``, ``pause``, ``resume``, ``situation``, ``snapshot``,
``quit``. Events: ``ready``, ``page_shown``, ``page_done``, ``consent``, ``clip_ready``,
``clip_failed``, ``clip_onset``, ``audio_onset``, ``clip_end``, ``rating_change``,
``rating``, ``rating_back``, ``light``, ``mark_done``, ``target``, ``targets_done``,
``pause_requested``, ``resumed``, ``stop_requested``, ``snapshot``, ``finding``, ``error``.
All times ``t_s`` are seconds on the LSL clock.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from emer_studio.core.console import Console
from emer_studio.core.process import Control
from emer_studio.devices.audio import AudioOutput, open_output
from emer_studio.stimulus.framelog import FrameLog
from emer_studio.ui.application import make_application, screen_at, screen_facts
from emer_studio.ui.participant import look
from emer_studio.ui.participant.display_watch import DisplayWatch
from emer_studio.ui.participant.mirror import Mirror
from emer_studio.ui.participant.pages import BlankPage
from emer_studio.ui.participant.presenter import ClipPresenter
from emer_studio.ui.participant.process import ParticipantProcess
from emer_studio.ui.participant.simulated import SimulatedParticipant
from emer_studio.ui.participant.window import ParticipantWindow
from emer_studio.ui.words import Words, languages

__all__ = ["arguments", "run"]

logger = logging.getLogger(__name__)
_STOP_POLL_MS = 100
_LAST_RESORT_S = 0.8


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "--presented",
        type=Path,
        required=True,
        metavar="FILE.csv",
        help="log of presented pictures, appended to",
    )
    parser.add_argument("--display", type=int, metavar="N", help="screen number, from 0")
    parser.add_argument(
        "--windowed", action="store_true", help="a window of 1280 by 720, not full screen"
    )
    parser.add_argument(
        "--simulate", action="store_true", help="a simulated participant answers"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of its answers")
    parser.add_argument(
        "--language", default="en", help=f"of the built-in texts: {', '.join(languages())}"
    )
    parser.add_argument(
        "--snapshot", type=Path, metavar="DIR", help="photograph every page into DIR"
    )
    parser.add_argument(
        "--mirror", type=Path, metavar="FILE", help="ring for a small picture of the window"
    )
    parser.set_defaults(events=True)  # it always speaks to a parent, also when it fails


def run(args: argparse.Namespace) -> int:
    """Open the window and serve commands until the input ends."""
    words = Words(args.language, "participant")
    application = make_application()
    screen = screen_at(args.display)
    # A thread that holds the interpreter for long makes a picture late.
    sys.setswitchinterval(0.001)
    log = FrameLog(args.presented)
    output = open_output()
    presenter = ClipPresenter(log, output)
    window = ParticipantWindow(words, simulated=args.simulate)
    window.setScreen(screen)
    window.setGeometry(screen.geometry())
    if args.windowed:
        window.resize(1280, 720)
        window.show()
    else:
        window.showFullScreen()
    window.activateWindow()
    console = Console(events=True)
    process = ParticipantProcess(
        window,
        presenter,
        words,
        console.event,
        simulated=SimulatedParticipant(window, args.seed) if args.simulate else None,
        snapshot_dir=args.snapshot,
    )
    if not args.windowed:
        process.watch(DisplayWatch(window, screen))
    mirror = Mirror(window, args.mirror) if args.mirror else None
    if mirror is not None:
        presenter.mirror = mirror.clip
    # exit, not quit: quit would ask the window first, and it says no.
    process.quit_asked.connect(application.exit)
    gc.collect()
    gc.freeze()  # what is loaded by now stays: searches for garbage need not look at it
    code = _serve(application, window, process, console, _facts(args, screen, output))
    if mirror is not None:
        mirror.close()
    window.finish()
    _last_resort()
    presenter.close()
    return code


def _facts(args: argparse.Namespace, screen: Any, output: AudioOutput) -> dict[str, Any]:
    warnings = []
    if not look.can_write(args.language):
        warnings.append(
            "No font with Chinese characters is installed"
            " (Debian: sudo apt-get install fonts-noto-cjk)."
        )
    return {
        "display": {**screen_facts(screen), "windowed": args.windowed},
        "audio": {
            "output": output.name,
            "silent": output.silent,
            "rate_hz": output.rate_hz,
            "channels": output.channels,
            "problem": output.problem,
        },
        "simulated": args.simulate,
        "language": args.language,
        "warnings": warnings,
    }


def _serve(
    application: QApplication,
    window: ParticipantWindow,
    process: ParticipantProcess,
    console: Console,
    facts: dict[str, Any],
) -> int:
    """Run until the end of the input, a quit command, or Ctrl-C in a terminal."""
    code = 0
    alone = sys.stdin.isatty()

    def interrupted(number: int, frame: Any) -> None:
        # Under a parent, Ctrl-C reaches the whole group; the parent ends us by its pipe.
        nonlocal code
        if alone:
            code = 130
            application.exit()

    control: Control | None = None

    def poll() -> None:
        if control is not None and control.stopped.is_set():
            application.exit()

    def begin() -> None:
        # The window is on the screen: the first page is really shown from here on.
        nonlocal control
        window.show_page(BlankPage(window))
        console.event("ready", **facts)
        control = Control(process.command.emit)

    before = signal.signal(signal.SIGINT, interrupted)
    timer = QTimer(window, interval=_STOP_POLL_MS)
    timer.timeout.connect(poll)
    timer.start()
    QTimer.singleShot(50, begin)
    try:
        application.exec()
    finally:
        timer.stop()
        signal.signal(signal.SIGINT, before)
    return code


def _last_resort() -> None:
    """End the process even where a file system holds a decoding thread for ever."""

    def end() -> None:
        logger.error("a clip did not let go in time; the process ends now")
        logging.shutdown()
        os._exit(0)

    timer = threading.Timer(_LAST_RESORT_S, end)
    timer.daemon = True
    timer.start()

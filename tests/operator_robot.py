"""An operator and a participant at one mouse and one keyboard: the real windows are driven.

    python tests/operator_robot.py STUDY TRACKER_PID [PICTURES]

Opens the program's window as `gui` does, starts a session with a rig, freezes the tracker
and kills a recorder on the way, and answers as a participant whose keys come right after
the operator's clicks. Prints one JSON object.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget

from emer_studio.recording.reader import read_journal
from emer_studio.ui.application import make_application
from emer_studio.ui.main_window import MainWindow
from emer_studio.ui.session.page import SessionPage
from emer_studio.ui.theme import apply_style

WAIT_S = 60.0
RATING = "Rating"
CLIP = "Watching the clip"


def hand(*words: str) -> None:
    subprocess.run(["xdotool", *words], check=True, timeout=10)


def keys(*names: str) -> None:
    """Press keys; whichever window has the keyboard gets them."""
    hand("key", "--delay", "50", *names)
    settle(0.2)


def settle(seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        QApplication.processEvents()
        time.sleep(0.005)


def wait(what: str, condition: Callable[[], bool]) -> None:
    until = time.monotonic() + WAIT_S
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"never: {what}")
        settle(0.02)


class Operator:
    """Clicks, and counts the clicks."""

    def __init__(self, window: MainWindow, pictures: Path | None) -> None:
        self.window, self._pictures, self.clicks = window, pictures, 0
        self._photographed = 0

    def click(self, widget: QWidget) -> None:
        """Click the middle of a widget with the mouse."""
        settle(0.3)  # a new window is put in its place first
        assert widget.isVisible(), widget
        assert widget.isEnabled(), widget
        place = widget.mapToGlobal(widget.rect().center())
        hand("mousemove", str(place.x()), str(place.y()), "sleep", "0.05", "click", "1")
        self.clicks += 1
        settle(0.15)

    def photograph(self) -> None:
        if self._pictures is not None:
            self._photographed += 1
            path = self._pictures / f"{self._photographed}.png"
            QApplication.primaryScreen().grabWindow(0).save(str(path))


def drive(operator: Operator, study: Path, tracker: int) -> dict[str, object]:
    page = operator.window.pages["session"]
    assert isinstance(page, SessionPage)
    live = page.live
    operator.click(operator.window._rail_buttons["session"])
    operator.photograph()
    operator.click(page.form.start)
    wait("the question about the gaze", lambda: page.gate.dialog is not None)
    assert page.gate.dialog is not None
    operator.click(page.gate.dialog.yes)
    wait("the instructions", lambda: live.state.text() == "Reading the instructions")
    to_run = operator.clicks
    settle(1.0)  # a person reads
    keys("Return")

    wait("the first clip", lambda: live.state.text() == CLIP)
    os.kill(tracker, signal.SIGSTOP)
    operator.click(live.desk.buttons["moment"])
    wait("the alarm", live.alarm.isVisible)
    operator.photograph()
    os.kill(tracker, signal.SIGCONT)
    wait("the word that it is back", lambda: _found(study, "is back after"))
    _child_with("streams_001").kill()

    wait("the first rating", lambda: live.state.text() == RATING)
    settle(1.5)  # the page is there, and takes keys
    keys("7")
    operator.click(live.desk.buttons["moment"])
    keys("4")
    operator.click(live.desk.buttons["moment"])
    operator.photograph()
    keys("Return")

    wait("the second clip", lambda: live.state.text() == CLIP)
    keys("ctrl+m")  # in the participant's window
    wait("the second rating", lambda: live.state.text() == RATING)
    settle(1.5)  # the page is there, and takes keys
    keys("2")
    QTimer.singleShot(500, lambda: _answer_then_keep(operator))
    operator.click(live.desk.buttons["skip"])
    wait("the end", lambda: not page.job.running)
    settle(0.3)
    operator.photograph()
    return {
        "clicks_to_run": to_run,
        "outcome": page.outcome.text(),
        "verdict": page.findings.verdict.text(),
    }


def _answer_then_keep(operator: Operator) -> None:
    """Let the participant go on answering while the console asks the operator something."""
    asked = [w for w in QApplication.topLevelWidgets() if isinstance(w, QMessageBox)]
    if not any(box.isVisible() for box in asked):
        QTimer.singleShot(200, lambda: _answer_then_keep(operator))
        return
    (box,) = asked
    settle(0.5)
    operator.photograph()
    keys("3")
    keys("Return")
    assert box.isVisible()
    operator.click(box.button(QMessageBox.StandardButton.No))


def _found(study: Path, words: str) -> bool:
    (folder,) = (study / "sessions").iterdir()
    journal = read_journal(folder)
    return any(words in e["what"] for e in journal if e["event"] == "finding")


def _child_with(word: str) -> psutil.Process:
    for child in psutil.Process().children(recursive=True):
        if any(word in part for part in child.cmdline()):
            return child
    raise AssertionError(f"no process with {word}")


def main() -> None:
    study, tracker = Path(sys.argv[1]), int(sys.argv[2])
    pictures = Path(sys.argv[3]) if len(sys.argv) > 3 else None
    application = make_application()
    apply_style(application)
    window = MainWindow()
    window.setGeometry(0, 0, 1270, 770)
    window.show()
    window.open_study(study, "study")
    settle(0.5)
    try:
        result = drive(Operator(window, pictures), study, tracker)
    except AssertionError:
        Operator(window, pictures).photograph()
        raise
    finally:
        window.close_unasked()
        settle(0.2)
    print(json.dumps(result))


if __name__ == "__main__":
    main()

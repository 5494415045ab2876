"""A real session in the window while its tracker falls silent and its processes die."""

from __future__ import annotations

import json
import signal
import sys
import time
from dataclasses import replace

import psutil
import pytest

from emer_studio.ui.session.page import SessionPage
from gaze_headers import titta
from protocols import write_short_protocol
from senders import DESCRIBED_SENDER, Sender

WITHIN_S = 2.0


@pytest.fixture
def tracker(unique):
    """A foreign sender of 38 channels, like TittaLSL."""
    words = (f"Tobii-{unique}", "120", f"src-{unique}", json.dumps(titta()))
    made = Sender(*words, code=DESCRIBED_SENDER)
    yield made
    made.kill()


def child(word, page):
    """Return the process of the session that runs a command; not the standby's."""
    for process in psutil.Process(page.job._child.pid).children(recursive=True):
        words = process.cmdline()
        if word in words[:5] and not any("standby" in text for text in words):
            return process
    raise AssertionError(word)


@pytest.mark.skipif(sys.platform == "win32", reason="stops a process by a signal")
def test_whatever_goes_wrong_is_told_within_two_seconds(
    page, study, tracker, tmp_path, qtbot
):
    made = page(SessionPage, study)
    made.confirm = lambda *_: True
    protocol = write_short_protocol(tmp_path / "protocol")
    choice = replace(made.form.value(), participant="P001", protocol=str(protocol))
    choice = replace(choice, camera="sim", gaze=tracker.name, simulate=True)
    live, alarm = made.live, made.live.alarm
    made.form.setValue(choice)
    made.form.start.click()
    qtbot.waitUntil(lambda: live.streams.rowCount() == 3, timeout=60000)
    qtbot.waitUntil(lambda: not alarm.isVisible(), timeout=10000)

    def told(about):
        began = time.monotonic()
        qtbot.waitUntil(
            lambda: alarm.isVisible() and about in alarm.text.text(), timeout=10000
        )
        assert time.monotonic() - began < WITHIN_S

    tracker.signal(signal.SIGSTOP)
    told("Gaze: silent")
    tracker.signal(signal.SIGCONT)
    qtbot.waitUntil(lambda: not alarm.isVisible(), timeout=5000)
    for word, name in (("camera", "Camera"), ("record", "Recorder")):
        child(word, made).kill()
        told(f"{name}: its program has stopped")
        qtbot.waitUntil(lambda: not alarm.isVisible(), timeout=15000)
        said = [live.log.item(row).text() for row in range(live.log.count())]
        assert any(f"{name}: stopped unexpectedly, started again" in t for t in said)
    live.abort.click()
    with qtbot.waitSignal(made.job.ended, timeout=60000):
        pass
    assert not alarm.isVisible()
    assert any("standby" in line or "footers" in line for line in made.findings.lines)

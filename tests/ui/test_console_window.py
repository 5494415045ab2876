"""The window on a second PC, over a real link."""

from __future__ import annotations

import queue
from dataclasses import replace

import pytest
from PySide6.QtGui import QGuiApplication

from emer_studio.session.remote import client as client_module
from emer_studio.session.remote.client import LinkClient
from emer_studio.session.remote.identity import Pairing, new_token, own_identity
from emer_studio.session.remote.server import LinkServer
from emer_studio.ui.console.window import ConsoleWindow
from emer_studio.ui.session.choice import SessionChoice
from emer_studio.ui.session.form import SessionForm
from emer_studio.ui.session.live import LiveView

ABOUT = {"participant": "P007", "protocol": "demo", "microphone": ""}
STARTED = {
    "event": "session_started",
    "protocol": "demo",
    "simulated": ["gaze"],
    "plan": [],
}


@pytest.fixture
def session(tmp_path):
    context, fingerprint = own_identity(tmp_path)
    pairing, asked = Pairing(new_token(), fingerprint), queue.Queue()
    made = LinkServer(0, context, pairing, ABOUT, obey=asked.put, host="127.0.0.1")
    made.number, made.pairing, made.asked = made.start(), pairing, asked
    yield made
    made.close()


@pytest.fixture
def window(qtbot, session):
    made = ConsoleWindow("lab", confirm=lambda *_: True)
    link = LinkClient("127.0.0.1", session.number, session.pairing, made.arrived.emit)
    made.asked.connect(lambda command, fields: link.send(command, **fields))
    link.start()
    made.show()
    yield made
    link.close()
    made.finish()
    made.close()
    made.deleteLater()


def test_it_shows_the_session_and_asks_it(window, session, qtbot, monkeypatch):
    monkeypatch.setattr(client_module, "_AGAIN_S", (0.05,))
    session.tell({"event": "journal", "entry": STARTED})
    session.tell({"event": "state", "state": "clip", "trial": 1, "of": 2, "clip": "rain"})
    qtbot.waitUntil(lambda: window.live.state.text() == "Watching the clip")
    assert window.title.text() == "Session of P007"
    assert window.banner.isVisible()
    session.tell({"event": "recorder_status", "streams": [], "free_gb": 1.0})
    qtbot.waitUntil(lambda: "Disk" in window.live.alarm.text.text())
    heard_s = window.live.alarms._clock()
    qtbot.waitUntil(lambda: window.live.alarms._clock() > heard_s)  # by its ticks alone
    window.live.pause.click()
    assert session.asked.get(timeout=10)["cmd"] == "pause"
    window.live.desk.press("skip")
    assert session.asked.get(timeout=10)["cmd"] == "skip"
    window.live.desk.press("focus")
    window.live.desk.press("check_gaze")
    assert session.asked.get(timeout=10)["cmd"] == "check_gaze"
    window.live.abort.click()
    assert session.asked.get(timeout=10)["cmd"] == "abort"
    session._call(lambda: [w.transport.abort() for w in tuple(session._connections)])
    qtbot.waitUntil(lambda: window.state.text() == "connection lost")
    assert not window.live.isEnabled()
    assert not window.live.alarm.isVisible()
    qtbot.waitUntil(lambda: window.state.text() == "connected")
    qtbot.waitUntil(lambda: window.live.state.text() == "Watching the clip")
    assert window.live.log.count() == 1  # told anew, and not twice
    done = {"state": "complete", "trials": 2, "ratings": 2, "verdict": "green"}
    session.tell({"event": "result", **done, "findings": [], "session": "/x/sub-P007"})
    session.close()
    qtbot.waitUntil(lambda: window.state.text() == "over")
    assert "2 trials" in window.said.text()
    assert not window.live.abort.isEnabled()


def test_the_session_s_own_window_shows_how_to_join(qtbot):
    live = LiveView()
    qtbot.addWidget(live)
    live.show()
    live.begin(SessionChoice("P001", "demo"))
    assert not live.link.isVisible()
    live.take({"event": "link", "lines": ["emer-studio console a --token b"], "here": []})
    assert live.link.line.text() == "emer-studio console a --token b"
    live.take({"event": "link", "lines": ["x"], "here": ["10.0.0.7"]})
    assert "10.0.0.7" in live.link.said.text()
    assert not live.link.line.isVisible()
    live.link.copy.click()
    assert QGuiApplication.clipboard().text() == "x"
    live.end()
    assert not live.link.isVisible()


def test_it_is_off_unless_it_is_ticked(qtbot, study):
    form = SessionForm(study, SessionChoice(protocol="demo", camera="sim", gaze="sim"))
    qtbot.addWidget(form)
    assert "--console" not in form.value().arguments(study.folder)
    form.more.console.setChecked(True)
    choice = form.value()
    assert "--console" in choice.arguments(study.folder)
    assert "--console" in replace(choice, resume=True).arguments(study.folder)
    assert form.ready.no_go(choice) == []
    form.finish()

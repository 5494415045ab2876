"""What an operator asks for by button and by key."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QInputDialog, QWidget

from emer_studio.ui.session.choice import SessionChoice
from emer_studio.ui.session.desk_buttons import DeskButtons
from emer_studio.ui.session.live import LiveView

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def desk(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    made = DeskButtons(window)
    with qtbot.waitActive(window):
        window.show()
    made.holder = window  # which lives as long as the desk does
    return made


def test_keys_ask_only_while_a_session_runs(desk, qtbot):
    asked = []
    desk.asked.connect(asked.append)
    QTest.keyClick(desk.window(), Qt.Key.Key_K, CONTROL)
    assert asked == []
    desk.setEnabled(True)
    QTest.keyClick(desk.window(), Qt.Key.Key_K, CONTROL)
    QTest.keyClick(desk.window(), Qt.Key.Key_P, CONTROL | SHIFT)
    QTest.keyClick(desk.window(), Qt.Key.Key_M, CONTROL)
    assert asked == ["skip", "pause_after", "moment"]


def test_a_note_is_asked_for_and_an_empty_one_is_none(desk, qtbot, monkeypatch):
    notes = []
    desk.noteAsked.connect(notes.append)
    desk.setEnabled(True)
    for answer in (("  ", True), ("a noise", False), (" a noise ", True)):
        monkeypatch.setattr(QInputDialog, "getText", lambda *_words, a=answer: a)
        desk.buttons["note"].click()
    assert notes == ["a noise"]


def test_the_live_view_says_pause_or_go_on(qtbot):
    live = LiveView()
    qtbot.addWidget(live)
    with qtbot.waitActive(live):
        live.show()
    live.begin(SessionChoice(participant="P001", protocol="demo"))
    assert not live.pause.isEnabled()
    asked = []
    live.asked.connect(asked.append)
    for state in ("clip", "paused", "rating", "done"):
        live.take({"event": "state", "state": state, "trial": 1, "of": 2, "clip": "c"})
        QTest.keyClick(live, Qt.Key.Key_P, CONTROL)
    assert asked == ["pause", "resume", "pause"]
    assert not live.desk.isEnabled()
    live.end()


def test_a_double_click_pauses_and_does_not_go_on_at_once(qtbot):
    live = LiveView()
    qtbot.addWidget(live)
    with qtbot.waitActive(live):
        live.show()
    live.begin(SessionChoice(participant="P001", protocol="demo"))
    state = {"event": "state", "trial": 1, "of": 2, "clip": "c"}
    live.take({**state, "state": "clip"})
    asked = []
    live.asked.connect(asked.append)
    live.asked.connect(lambda _command: live.take({**state, "state": "paused"}))
    QTest.mouseClick(live.pause, Qt.MouseButton.LeftButton)
    QTest.mouseDClick(live.pause, Qt.MouseButton.LeftButton)  # its second press alone
    QTest.mouseRelease(live.pause, Qt.MouseButton.LeftButton)
    assert asked == ["pause"]
    live.end()

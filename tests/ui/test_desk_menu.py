"""What an operator asks for by menu and by key."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QInputDialog, QWidget

from emer_studio.ui.session.choice import SessionChoice
from emer_studio.ui.session.desk_menu import DeskMenu
from emer_studio.ui.session.live import LiveView

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def menu(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    made = DeskMenu(window)
    window.show()
    qtbot.waitActive(window)
    made.holder = window  # which lives as long as the menu does
    return made


def test_keys_ask_only_while_a_session_runs(menu, qtbot):
    asked = []
    menu.asked.connect(asked.append)
    QTest.keyClick(menu.window(), Qt.Key.Key_K, CONTROL)
    assert asked == []
    menu.setEnabled(True)
    QTest.keyClick(menu.window(), Qt.Key.Key_K, CONTROL)
    QTest.keyClick(menu.window(), Qt.Key.Key_P, CONTROL | SHIFT)
    QTest.keyClick(menu.window(), Qt.Key.Key_M, CONTROL)
    assert asked == ["skip", "pause_after", "moment"]


def test_a_note_is_asked_for_and_an_empty_one_is_none(menu, qtbot, monkeypatch):
    notes = []
    menu.noteAsked.connect(notes.append)
    menu.setEnabled(True)
    for answer in (("  ", True), ("a noise", False), (" a noise ", True)):
        monkeypatch.setattr(QInputDialog, "getText", lambda *_words, a=answer: a)
        menu.actions_by_name["note"].trigger()
    assert notes == ["a noise"]


def test_the_live_view_says_pause_or_go_on(qtbot):
    live = LiveView()
    qtbot.addWidget(live)
    live.begin(SessionChoice(participant="P001", protocol="demo"))
    assert not live.pause.isEnabled()
    asked = []
    live.asked.connect(asked.append)
    for state in ("clip", "paused", "rating", "done"):
        live.take({"event": "state", "state": state, "trial": 1, "of": 2, "clip": "c"})
        live.pause.click()
    assert asked == ["pause", "resume", "pause"]
    assert not live.more.isEnabled()
    live.end()

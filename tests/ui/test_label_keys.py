"""The keys of the labelling room: told by place, changed, never taken twice."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest

from emer_studio.core import settings
from emer_studio.ui.label import keys as keys_module
from emer_studio.ui.label.key_sheet import KeySheet
from emer_studio.ui.label.keys import ACTIONS, Keys, name_of

K, M = Qt.Key, Qt.KeyboardModifier


@pytest.fixture(autouse=True)
def own_settings(monkeypatch, tmp_path):
    monkeypatch.setenv("EMER_STUDIO_HOME", str(tmp_path))


def event(key, held=M.NoModifier, place=0):
    return QKeyEvent(QEvent.Type.KeyPress, int(key), held, place, 0, 0)


@pytest.mark.parametrize(
    ("made", "name"),
    [
        (event(K.Key_1), "1"),
        (event(K.Key_1, M.ShiftModifier), "Shift+1"),
        (event(K.Key_Exclam, M.ShiftModifier, 10), "Shift+1"),  # an English keyboard
        (event(K.Key_Ampersand, M.NoModifier, 10), "1"),  # a French one
        (event(K.Key_Slash, M.ShiftModifier, 16), "Shift+7"),  # a German one
        (event(K.Key_3, M.KeypadModifier), "3"),
        (event(K.Key_Enter, M.KeypadModifier), "Return"),
        (event(K.Key_Return), "Return"),
        (event(K.Key_Question, M.ShiftModifier), "?"),
        (event(K.Key_Z, M.ControlModifier | M.ShiftModifier), "Ctrl+Shift+Z"),
        (event(K.Key_Right, M.AltModifier), "Alt+Right"),
        (event(K.Key_Shift, M.ShiftModifier), ""),
    ],
)
def test_a_key_has_one_name(monkeypatch, made, name):
    monkeypatch.setattr(keys_module, "_FIRST_DIGIT", 10)
    assert name_of(made) == name


def test_every_action_has_a_key_of_its_own():
    names = [action.name for action in ACTIONS]
    assert len(set(names)) == len(names)
    assert len({action.key for action in ACTIONS}) == len(ACTIONS)


def test_a_taken_key_is_refused_and_a_free_one_is_remembered():
    keys = Keys()
    assert "is taken: happiness" in keys.change("loop", "1")
    assert keys["loop"] == "L"
    assert keys.change("loop", "O") == ""
    assert keys.action("L") == ""
    assert Keys()["loop"] == "O"
    assert settings.load().label_keys == (("loop", "O"),)
    keys.reset()
    assert Keys()["loop"] == "L"


def test_settings_edited_by_hand_never_give_a_key_twice():
    settings.remember_label_keys((("loop", "1"), ("nothing", "B")))
    assert Keys().action("1") == "category-happiness"
    assert Keys()["loop"] == "L"


def test_the_sheet_takes_the_next_key(qtbot):
    keys = Keys()
    sheet = KeySheet(keys)
    qtbot.addWidget(sheet)
    sheet.show()
    QTest.mouseClick(sheet.keys["loop"], Qt.MouseButton.LeftButton)
    assert "loop" in sheet.said.text()
    QTest.keyClick(sheet, K.Key_Space)
    assert "is taken: play" in sheet.said.text()
    sheet.ask("loop")
    with qtbot.waitSignal(sheet.changed):
        QTest.keyClick(sheet, K.Key_V)
    assert sheet.keys["loop"].text() == keys["loop"] == "V"
    assert sheet.keys["loop"].accessibleName() == "Key for loop: V"
    sheet.ask("loop")
    QTest.keyClick(sheet, K.Key_Escape)  # keeps the key, and the sheet open
    assert keys["loop"] == "V"
    sheet.reset.click()
    assert sheet.keys["loop"].text() == "L"
    with qtbot.waitSignal(sheet.closed):
        QTest.keyClick(sheet, K.Key_Question, M.ShiftModifier)

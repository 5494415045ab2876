"""Sliders, several items and free text, driven by real events sent to the window."""

from __future__ import annotations

import itertools
import subprocess
import sys

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QInputMethodEvent, QKeyEvent, QPointingDevice
from PySide6.QtTest import QTest

from desktops import two_monitors
from emer_studio.schema.rating import parse_page
from emer_studio.ui.participant import pages
from emer_studio.ui.participant.free_text import MOST_CHARACTERS
from emer_studio.ui.participant.process import _FORMS
from emer_studio.ui.participant.window import ParticipantWindow
from emer_studio.ui.words import Words

K = Qt.Key
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
CONTROL = Qt.KeyboardModifier.ControlModifier
SIZES = [(800, 600), (1280, 720), (1280, 800), (1920, 1080), (1080, 1920)]


@pytest.fixture
def window(qtbot, monkeypatch):
    monkeypatch.setattr(pages, "_DEAF_S", 0.0)
    window = ParticipantWindow(Words("en", "participant"))
    window.resize(1280, 720)
    window.show()
    window.activateWindow()
    yield window
    window.finish()
    window.deleteLater()


@pytest.fixture
def show(window):
    def make(kind, seed=None, earlier=None, **raw):
        words = Words("en", "participant")
        form = _FORMS[kind](window, words, parse_page({"id": "p", "kind": kind, **raw}))
        form.begin(seed, earlier)
        form.heard = []
        form.changed.connect(lambda *what: form.heard.append(what))
        window.show_page(form)
        return form

    return make


def _items(show, count=3, points=5, **more):
    items = {f"i{k}": {"en": f"Item {k}", "zh": f"项目 {k}"} for k in range(count)}
    raw = {"items": items, "points": points, "question": {"en": "How much?"}, **more}
    return show("items", **raw)


def _slider(show, *names, **more):
    return show("slider", dimensions=list(names or ("valence", "arousal")), **more)


def _text(show, **more):
    return show("text", question={"en": "What came to mind?"}, **more)


def _type(window, *keys):
    for key in keys:
        QTest.keyClick(window.focusWidget() or window, key)


def _click(page, at: QPointF):
    QTest.mouseClick(page, LEFT, NONE, at.toPoint())


def test_digits_answer_item_after_item_and_enter_confirms(window, show, qtbot):
    form = _items(show)
    assert form.value() is None
    _type(window, K.Key_5, K.Key_1, K.Key_6, K.Key_3)  # 6 is not on the scale
    assert form.heard == [("i0", 5), ("i1", 1), ("i2", 3)]
    with qtbot.waitSignal(form.done):
        _type(window, K.Key_Return)
    assert form.value() == {"i0": 5, "i1": 1, "i2": 3}
    assert form.mapped() == {"i0": 1.0, "i1": -1.0, "i2": 0.0}
    assert form.details() == {"order": ["i0", "i1", "i2"]}


def test_an_early_enter_marks_the_missing_items(window, show, qtbot):
    form = _items(show)
    _type(window, K.Key_Down, K.Key_2)
    with qtbot.assertNotEmitted(form.done, wait=50):
        _type(window, K.Key_Return)
    assert form.complaining
    assert form.order[form.active] == "i0"


def test_arrows_and_mouse_answer_items_and_the_button_confirms(window, show, qtbot):
    form = _items(show)
    _type(window, K.Key_Right, K.Key_Right)
    assert form.answers == {"i0": 4}
    _type(window, K.Key_Left, K.Key_Left, K.Key_Left, K.Key_Left, K.Key_Left)
    assert form.answers == {"i0": 1}
    _click(form, form.cell_box(2, 5).center())
    _click(form, form.cell_box(1, 2).center())
    with qtbot.waitSignal(form.done):
        _click(form, form.button_box().center())
    assert form.value() == {"i0": 1, "i1": 2, "i2": 5}
    assert form.input == "mouse"


def test_twenty_items_take_three_screens_that_can_be_turned(window, show, qtbot):
    form = _items(show, count=20)
    assert (form.screens, form.per_screen) == (3, 7)
    _type(window, K.Key_Return)
    assert form.complaining
    assert form.screen_shown == 0
    _type(window, *[K.Key_2] * 7)
    assert form.screen_shown == 0  # the last digit of a screen does not turn it over
    _type(window, K.Key_Return, *[K.Key_3] * 7)
    _click(form, form.button_box().center())
    assert form.screen_shown == 2
    _type(window, K.Key_Backspace, K.Key_5)
    assert (form.screen_shown, form.answers["i7"]) == (1, 5)
    _type(window, K.Key_PageUp, K.Key_PageDown, K.Key_PageDown, *[K.Key_1] * 5)
    with qtbot.assertNotEmitted(form.done, wait=50):
        _type(window, K.Key_Return)
    with qtbot.waitSignal(form.done):
        _type(window, K.Key_1, K.Key_Return)
    assert list(form.value()) == [f"i{k}" for k in range(20)]


def test_the_last_screen_leads_back_to_an_item_left_out(window, show, qtbot):
    form = _items(show, count=10)
    _type(window, K.Key_PageDown, *[K.Key_4] * 5)
    with qtbot.assertNotEmitted(form.done, wait=50):
        _type(window, K.Key_Return)
    assert (form.screen_shown, form.active) == (0, 0)


def test_items_come_in_an_order_of_their_own_and_the_same_seed_gives_it_again(show):
    form = _items(show, count=8, shuffle_items=True, seed="P001/1/1/p")
    again = _items(show, count=8, shuffle_items=True, seed="P001/1/1/p")
    other = _items(show, count=8, shuffle_items=True, seed="P001/1/2/p")
    assert form.order == again.order != other.order
    assert sorted(form.order) == sorted(other.order) == [f"i{k}" for k in range(8)]
    assert form.order != sorted(form.order)
    orders = {tuple(_items(show, 8, shuffle_items=True).order) for _ in range(5)}
    assert len(orders) > 1  # nobody gave a seed
    assert _items(show, count=8, seed="x").order == sorted(form.order)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("count", "points"), [(1, 2), (8, 9), (20, 5), (60, 11)])
def test_items_and_points_stay_inside_pages_of_any_size(window, show, size, count, points):
    window.resize(*size)
    form = _items(show, count, points)
    for screen in range(form.screens):
        form.active = screen * form.per_screen
        boxes = [form.row_box(place) for place in form.shown()]
        for place, row in zip(form.shown(), boxes, strict=True):
            assert form.answers_box().adjusted(-1, -1, 1, 1).contains(row)
            assert row.height() > 15
            for point in range(1, points + 1):
                assert row.contains(form.cell_box(place, point))
        for upper, lower in itertools.pairwise(boxes):
            assert upper.bottom() < lower.top()
    assert len(form.shown()) >= 1


def test_a_slider_shows_no_handle_until_it_is_touched(window, show, qtbot):
    form = _slider(show)
    before = form.grab().toImage()
    assert form.value() is None
    _click(form, form.point_at(0, 0.7))
    assert form.grab().toImage() != before
    assert form.answers["valence"] == pytest.approx(0.7, abs=0.002)
    with qtbot.assertNotEmitted(form.done, wait=50):
        _type(window, K.Key_Return)
    assert form.rating.dimensions[form.active] == "arousal"
    _type(window, K.Key_Home, K.Key_Right)
    with qtbot.waitSignal(form.done):
        _type(window, K.Key_Return)
    assert form.value()["arousal"] == 0.01
    assert form.mapped()["arousal"] == -0.98
    assert form.mapped()["valence"] == pytest.approx(0.4, abs=0.005)


def test_a_drag_is_one_change_of_mind(window, show):
    form = _slider(show)
    QTest.mousePress(form, LEFT, NONE, form.point_at(1, 0.2).toPoint())
    for share in (0.3, 0.5, 0.9, 1.4):
        QTest.mouseMove(form, form.point_at(1, share).toPoint())
    assert form.heard == []
    QTest.mouseRelease(form, LEFT, NONE, form.point_at(1, 1.4).toPoint())
    assert form.heard == [("arousal", 1.0)]
    QTest.mouseMove(form, form.point_at(1, 0.1).toPoint())
    assert form.answers == {"arousal": 1.0}


def test_keys_move_the_slider_by_small_and_large_steps(window, show, qtbot):
    form = _slider(show, "valence", "arousal", "dominance")
    _type(window, K.Key_Left, K.Key_Left, K.Key_PageUp)
    assert form.answers == {"valence": 0.59}
    _type(window, K.Key_Tab, K.Key_End, K.Key_PageDown, K.Key_Down, K.Key_Right, K.Key_Up)
    assert form.answers == {"valence": 0.59, "arousal": 0.9, "dominance": 0.5}
    assert form.active == 1
    assert form.heard[:3] == [("valence", 0.5), ("valence", 0.49), ("valence", 0.59)]
    form.heard.clear()
    for _ in range(10):  # held down
        press = QKeyEvent(QEvent.Type.KeyPress, K.Key_Left, NONE, "", autorep=True)
        QCoreApplication.sendEvent(window, press)
    assert form.answers["arousal"] == 0.8
    qtbot.waitUntil(lambda: form.heard == [("arousal", 0.8)], timeout=2000)


def test_a_finger_moves_the_slider_and_is_named(window, show):
    form = _slider(show)
    screen = QTest.createTouchDevice()
    at = form.point_at(0, 0.25).toPoint()
    QTest.touchEvent(form, screen).press(0, at, form).commit()
    QTest.touchEvent(form, screen).release(0, at, form).commit()
    assert screen.type() == QPointingDevice.DeviceType.TouchScreen
    assert form.answers["valence"] == pytest.approx(0.25, abs=0.002)
    assert form.input == "touch"


@pytest.mark.parametrize("size", SIZES)
def test_sliders_stay_inside_pages_of_any_size(window, show, size):
    window.resize(*size)
    form = _slider(show, "valence", "arousal", "dominance")
    for row in range(3):
        box = form.row_box(row)
        assert form.answers_box().adjusted(-1, -1, 1, 1).contains(box)
        assert form.track_box(row).width() > 0.5 * box.width()
        for inside in (form.track_box(row), form.face_box(row, 0), form.face_box(row, 1)):
            assert box.contains(inside)


def test_text_is_written_with_lines_and_ends_with_ctrl_enter(window, show, qtbot):
    form = _text(show)
    assert window.focusWidget() is form.field
    QTest.keyClicks(form.field, "The sea,")
    QTest.keyClick(form.field, K.Key_Return)
    QTest.keyClicks(form.field, "and a bird. ")
    assert form.value() == "The sea,\nand a bird."
    with qtbot.waitSignal(form.done):
        QTest.keyClick(form.field, K.Key_Return, CONTROL)
    assert form.heard == [(None, "The sea,\nand a bird. ")]
    assert (form.mapped(), form.input) == (None, "keyboard")


def test_an_input_method_composes_chinese(window, show):
    form = _text(show)
    composing = QInputMethodEvent("da'hai", [])
    QCoreApplication.sendEvent(form.field, composing)
    assert form.value() is None
    done = QInputMethodEvent()
    done.setCommitString("大海")
    QCoreApplication.sendEvent(form.field, done)
    assert form.value() == "大海"
    assert form.field.inputMethodQuery(Qt.InputMethodQuery.ImEnabled)


def test_a_text_may_be_left_out_only_where_the_page_says_so(window, show, qtbot):
    form = _text(show)
    with qtbot.assertNotEmitted(form.done, wait=50):
        QTest.keyClicks(form.field, "   ")
        _click(form, form.button_box().center())
    assert form.complaining
    form = _text(show, optional=True)
    with qtbot.waitSignal(form.done):
        _click(form, form.button_box().center())
    assert form.value() == ""


def test_a_text_has_a_longest_length(window, show):
    form = _text(show)
    form.field.insertPlainText("x" * (MOST_CHARACTERS - 1))
    QTest.keyClicks(form.field, "yz")
    assert form.value() == "x" * (MOST_CHARACTERS - 1) + "y"


def test_a_pause_in_writing_logs_what_stands_there(window, show, qtbot):
    form = _text(show)
    QTest.keyClicks(form.field, "half")
    assert form.heard == []
    qtbot.waitUntil(lambda: form.heard == [(None, "half")], timeout=3000)


def test_holding_escape_pauses_also_while_writing_and_keys_return_to_the_window(
    window, show, qtbot
):
    form = _text(show)
    with qtbot.waitSignal(window.pause_requested, timeout=2000):
        QTest.keyPress(form.field, K.Key_Escape)
    QTest.keyRelease(form.field, K.Key_Escape)
    _items(show)
    assert window.focusWidget() is window


def test_tab_and_clicks_beside_the_field_keep_the_writer_in_it(window, show):
    form = _text(show)
    _type(window, K.Key_Tab)
    QTest.mouseClick(form, LEFT, NONE, QPoint(5, 5))
    assert window.focusWidget() is form.field
    assert form.field.toPlainText() == ""


_OPERATORS_KEY = """
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest
from emer_studio.schema.rating import parse_page
from emer_studio.ui.application import make_application
from emer_studio.ui.participant.free_text import TextForm
from emer_studio.ui.participant.window import ParticipantWindow
from emer_studio.ui.words import Words

application = make_application()
words = Words("en", "participant")
window = ParticipantWindow(words)
page = parse_page({"id": "p", "kind": "text", "question": {"en": "Why?"}})
form = TextForm(window, words, page)
window.show_page(form)
window.show()
window.desk_asked.connect(lambda command: print(command, repr(form.value())))
form.field.setPlainText("a long answer")
form.field.moveCursor(QTextCursor.MoveOperation.Start)
QTest.keyClick(form.field, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
window.finish()
"""


def test_an_operators_key_erases_nothing_that_was_written():
    with two_monitors() as environment:  # on X11 alone, editors erase with Ctrl+K
        words = [sys.executable, "-c", _OPERATORS_KEY]
        done = subprocess.run(
            words, env=environment, capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split(maxsplit=1) == ["skip", "'a long answer'\n"]

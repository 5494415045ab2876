"""The pages, driven by real key and mouse events sent to the window."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QPixmap
from PySide6.QtTest import QTest

from emer_studio.schema.rating import parse_page
from emer_studio.ui.participant import pages
from emer_studio.ui.participant.choice import ChoiceForm, ScaleForm
from emer_studio.ui.participant.pages import BlankPage, FixationPage, TextPage
from emer_studio.ui.participant.pause_page import PausePage
from emer_studio.ui.participant.sam import SamForm
from emer_studio.ui.participant.window import ParticipantWindow
from emer_studio.ui.words import Words

K = Qt.Key


@pytest.fixture
def window(qtbot, monkeypatch):
    monkeypatch.setattr(pages, "_DEAF_S", 0.0)
    window = ParticipantWindow(Words("en", "participant"))
    window.resize(1280, 720)
    window.show()
    yield window
    window.finish()
    window.deleteLater()


def _sam(window, **more):
    raw = {"id": "sam", "kind": "sam", "dimensions": ["valence", "arousal"], **more}
    form = SamForm(window, Words("en", "participant"), parse_page(raw))
    window.show_page(form)
    return form


def _choice(window, count=4):
    labels = [f"label{k}" for k in range(count)]
    raw = {"id": "e", "kind": "choice", "labels": labels, "question": {"en": "Which?"}}
    form = ChoiceForm(window, Words("zh", "participant"), parse_page(raw))
    window.show_page(form)
    return form


def _scale(window, points=7):
    raw = {"id": "s", "kind": "scale", "points": points, "question": {"en": "How much?"}}
    form = ScaleForm(window, Words("en", "participant"), parse_page(raw))
    window.show_page(form)
    return form


def _type(window, *keys):
    for key in keys:
        QTest.keyClick(window, key)


def _click(page, at: QPointF):
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QTest.mouseClick(page, left, none, QPoint(round(at.x()), round(at.y())))


def test_digits_rate_row_after_row_and_enter_confirms(window, qtbot):
    form = _sam(window)
    assert form.value() is None
    heard = []
    form.changed.connect(lambda *what: heard.append(what))
    _type(window, K.Key_7, K.Key_3)
    assert heard == [("valence", 7), ("arousal", 3)]
    with qtbot.waitSignal(form.done):
        _type(window, K.Key_Return)
    assert form.value() == {"valence": 7, "arousal": 3}
    assert form.mapped() == {"valence": 0.5, "arousal": -0.5}
    assert form.input == "keyboard"
    assert form.rt_s > 0


def test_an_early_enter_marks_the_missing_row_and_confirms_nothing(window, qtbot):
    form = _sam(window)
    _type(window, K.Key_Down, K.Key_5, K.Key_Up)
    with qtbot.assertNotEmitted(form.done, wait=50):
        _type(window, K.Key_Enter)
    assert form.complaining
    assert form.rating.dimensions[form.active] == "valence"


def test_arrows_tab_and_backspace_move_between_rows_and_points(window):
    form = _sam(window)
    _type(window, K.Key_Right)
    assert form.answers == {"valence": 5}
    _type(window, K.Key_Left, K.Key_Left)
    assert form.answers == {"valence": 3}
    _type(window, K.Key_Tab)
    assert form.active == 1
    _type(window, K.Key_Backspace, K.Key_9, K.Key_Right)
    assert form.answers == {"valence": 9, "arousal": 5}


def test_digits_beyond_the_scale_do_nothing(window):
    form = _sam(window, points=5)
    _type(window, K.Key_7)
    assert form.answers == {}
    _type(window, K.Key_5)
    assert form.mapped() == {"valence": 1.0}


def test_a_click_on_a_figure_rates_and_the_button_confirms(window, qtbot):
    form = _sam(window)
    _click(form, form.cell_box(1, 8).center())
    _click(form, form.cell_box(0, 2).center())
    assert form.answers == {"arousal": 8, "valence": 2}
    with qtbot.waitSignal(form.done):
        _click(form, form.button_box().center())
    assert form.input == "mouse"


def test_a_choice_is_picked_by_digit_arrow_or_mouse(window, qtbot):
    form = _choice(window)
    _type(window, K.Key_Down)
    assert form.value() == "label0"
    _type(window, K.Key_3)
    assert form.value() == "label2"
    _click(form, form.answer_box(1).center())
    with qtbot.waitSignal(form.done):
        _type(window, K.Key_Return)
    assert (form.value(), form.mapped()) == ("label1", None)


def test_a_choice_without_an_answer_complains(window, qtbot):
    form = _choice(window)
    with qtbot.assertNotEmitted(form.done, wait=50):
        _type(window, K.Key_Return)
    assert form.complaining


def test_a_long_choice_keeps_every_answer_on_the_page(window):
    form = _choice(window, count=20)
    for index in range(20):
        assert form.answers_box().contains(form.answer_box(index))


def test_a_scale_steps_from_its_middle(window, qtbot):
    form = _scale(window)
    _type(window, K.Key_Right)
    assert (form.value(), form.mapped()) == (4, 0.0)
    _type(window, K.Key_Right, K.Key_Right, K.Key_Right, K.Key_Right)
    with qtbot.waitSignal(form.done):
        _type(window, K.Key_Return)
    assert (form.value(), form.mapped()) == (7, 1.0)


@pytest.mark.parametrize("size", [(800, 600), (1280, 720), (1920, 1080), (1080, 1920)])
def test_rows_and_figures_stay_inside_pages_of_any_size(window, size):
    window.resize(*size)
    raw = {"id": "s", "kind": "sam", "dimensions": ["valence", "arousal", "dominance"]}
    form = SamForm(window, Words("en", "participant"), parse_page(raw))
    window.show_page(form)
    for row in range(3):
        assert form.answers_box().adjusted(-1, -1, 1, 1).contains(form.row_box(row))
        for point in range(1, 10):
            assert form.row_box(row).contains(form.cell_box(row, point))


def test_text_goes_on_with_space_and_with_the_button(window, qtbot):
    for act in ("space", "button"):
        page = TextPage(window, Words("en", "participant"), "Title", "Body", None)
        window.show_page(page)
        with qtbot.waitSignal(page.done):
            if act == "space":
                _type(window, K.Key_Space)
            else:
                _click(page, page._button_box().center())


def test_a_key_pressed_twice_does_not_skip_the_next_text(window, qtbot, monkeypatch):
    monkeypatch.setattr(pages, "_DEAF_S", 0.2)
    page = TextPage(window, Words("en", "participant"), "Title", "Body", None)
    window.show_page(page)
    with qtbot.assertNotEmitted(page.done):
        _type(window, K.Key_Return)
    qtbot.wait(220)
    with qtbot.waitSignal(page.done):
        _type(window, K.Key_Return)


def test_escape_asks_for_a_pause_only_when_it_is_held(window, qtbot):
    with qtbot.assertNotEmitted(window.pause_requested, wait=1200):
        _type(window, K.Key_Escape)
    with qtbot.waitSignal(window.pause_requested, timeout=2000) as asked:
        QTest.keyPress(window, K.Key_Escape)
    QTest.keyRelease(window, K.Key_Escape)
    assert asked.args == ["escape"]


def test_the_close_button_asks_for_a_pause_and_closes_nothing(window, qtbot):
    with qtbot.waitSignal(window.pause_requested) as asked:
        window.close()
    assert asked.args == ["close"]
    assert window.isVisible()


def test_the_handle_asks_for_a_pause_where_pages_are_clicked(window, qtbot):
    words = Words("en", "participant")
    window.show_page(TextPage(window, words, "Title", "Body", None))
    assert window.handle.isVisible()
    with qtbot.waitSignal(window.pause_requested) as asked:
        QTest.mouseClick(window.handle, Qt.MouseButton.LeftButton)
    assert asked.args == ["handle"]
    window.show_page(PausePage(window, words, may_go_on=True))
    assert not window.handle.isVisible()


def test_the_handle_comes_to_a_press_where_pages_are_looked_at(window):
    page = FixationPage(window)
    window.show_page(page)
    assert not window.handle.isVisible()
    QTest.mouseClick(page, Qt.MouseButton.LeftButton)
    assert window.handle.isVisible()
    window.show_page(BlankPage(window))
    assert not window.handle.isVisible()


@pytest.mark.parametrize("act", ["key", "click"])
def test_a_pause_of_ones_own_goes_on(window, qtbot, act):
    page = PausePage(window, Words("en", "participant"), may_go_on=True)
    window.show_page(page)
    page.shown_t_s -= 1
    with qtbot.waitSignal(page.go_on), qtbot.assertNotEmitted(page.end):
        if act == "key":
            _type(window, K.Key_Return)
        else:
            _click(page, page.go_on_box().center())


def test_a_pause_of_others_can_only_be_ended(window, qtbot):
    page = PausePage(window, Words("zh", "participant"), may_go_on=False)
    window.show_page(page)
    page.shown_t_s -= 1
    with qtbot.assertNotEmitted(page.go_on):
        _type(window, K.Key_Return)
        _click(page, page.go_on_box().center() + QPointF(200, 0))
    with qtbot.waitSignal(page.end):
        _click(page, page.end_box().center())


def test_the_banner_of_a_simulated_run_lies_outside_the_page(qtbot):
    window = ParticipantWindow(Words("en", "participant"), simulated=True)
    window.resize(640, 480)
    window.show()
    assert window.page_size_px()[1] < 480
    colour = window.grab().toImage().pixelColor(4, 4)
    assert colour.red() > 150 > colour.green()
    window.finish()
    window.deleteLater()


def test_both_languages_have_the_same_texts():
    def keys(texts, prefix=""):
        for key, value in texts.items():
            yield from (
                keys(value, f"{prefix}{key}.")
                if isinstance(value, dict)
                else [prefix + key]
            )

    english, chinese = Words("en", "participant"), Words("zh-CN", "participant")
    assert set(keys(english._texts)) == set(keys(chinese._texts))
    assert chinese("continue") == "继续"


def test_a_lab_shows_its_own_figures(window, qtbot, tmp_path):
    for dimension, colour in (("valence", "#ff0000"), ("arousal", "#0000ff")):
        for point in range(1, 10):
            if dimension == "valence":
                text = (
                    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10">'
                    f'<rect width="10" height="10" fill="{colour}"/></svg>'
                )
                (tmp_path / f"valence_{point}.svg").write_text(text)
            else:
                picture = QPixmap(30, 30)
                picture.fill(QColor(colour))
                picture.save(str(tmp_path / f"arousal_{point}.png"))
    form = _sam(window, figures={"folder": str(tmp_path), "sha256": "0" * 64})
    shown = form.grab().toImage()
    ratio = shown.devicePixelRatio()
    for row, colour in enumerate(("#ff0000", "#0000ff")):
        cell = form.cell_box(row, 4)
        at = cell.center() * ratio
        x, y = round(at.x()), round(at.y() - cell.height() * ratio * 0.15)
        assert shown.pixelColor(x, y).name() == colour

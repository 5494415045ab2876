"""Labelling: keys to events in the store, the store to widgets, blind by default."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QWidget

from emer_studio.core.emotions import EMOTIONS
from emer_studio.labels.store import LabelStore, fold
from emer_studio.ui.label.desk import Desk
from emer_studio.ui.label.items import find_items
from emer_studio.ui.label.page import LabelPage
from sessions import write_prelabels, write_session

K = Qt.Key


@pytest.fixture
def desk(page, recorded):
    made = page(LabelPage, recorded)
    made.panel.annotator.setFocus()
    QTest.keyClicks(made.panel.annotator, "R1")
    QTest.keyClick(made.panel.annotator, K.Key_Return)
    return made


def _events(study):
    store = LabelStore(study.folder / "labels.sqlite")
    found = store.events()
    assert store.verify() == []
    store.close()
    return found


def _press(page, *keys):
    for key in keys:
        QTest.keyClick(page, key)


def test_items_are_the_trials_between_onset_and_end(recorded):
    items = find_items(recorded)
    assert [item.trial for item in items] == [1, 2]
    # 20 frames a second; trial 1 from 0.29 s to 0.89 s, trial 2 from 1.29 s to 1.89 s
    assert [(item.first, item.last) for item in items] == [(6, 17), (26, 37)]
    assert items[0].id == f"{items[0].session}/trial-1"


def test_keys_become_events_and_the_next_item_comes(desk, recorded):
    first, second = (item.id for item in desk.items)
    _press(desk, K.Key_2, K.Key_E, K.Key_Return)
    events = _events(recorded)
    said = [(e.item, e.op, e.field, e.value, e.input) for e in events]
    assert said == [
        (first, "set", "category", "sadness", "keyboard"),
        (first, "set", "intensity", 2, "keyboard"),
    ]
    assert {e.annotator for e in events} == {"R1"}
    assert [e.visible for e in events] == [{"mode": "blind"}] * 2
    assert desk.current.id == second
    assert desk.panel.value().category is None


def test_neutral_needs_no_intensity(desk, recorded):
    _press(desk, K.Key_7, K.Key_Return)
    values = {e.field: e.value for e in _events(recorded)}
    assert values == {"category": "neutral", "intensity": 0}


def test_nothing_is_stored_without_a_code_or_an_intensity(page, recorded):
    made = page(LabelPage, recorded)
    _press(made, K.Key_2, K.Key_E, K.Key_Return)
    assert "code" in made.panel.missing.text()
    assert not (recorded.folder / "labels.sqlite").exists()
    made.panel.annotator.setText("R1")
    made.setFocus()
    _press(made, K.Key_3, K.Key_Return)
    assert "intensity" in made.panel.missing.text()
    assert not (recorded.folder / "labels.sqlite").exists()


def test_typing_the_code_does_not_label(page, recorded):
    made = page(LabelPage, recorded)
    made.panel.annotator.setFocus()
    QTest.keyClicks(made.panel.annotator, "QWE123")
    assert made.panel.annotator.text() == "QWE123"
    assert made.panel.value().category is None


def test_undo_is_an_event_and_goes_back_to_its_item(desk, recorded):
    first = desk.items[0].id
    _press(desk, K.Key_6, K.Key_R, K.Key_Return)
    QTest.keyClick(desk, K.Key_Z, Qt.KeyboardModifier.ControlModifier)
    events = _events(recorded)
    assert [e.op for e in events] == ["set", "set", "undo", "undo"]
    assert fold(events) == {}
    assert desk.current.id == first
    assert desk.panel.value().category is None


def test_a_choice_that_is_not_saved_is_undone_without_an_event(desk, recorded):
    _press(desk, K.Key_6)
    QTest.keyClick(desk, K.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert desk.panel.value().category is None
    assert not (recorded.folder / "labels.sqlite").exists()


def test_the_store_is_shown_in_the_widgets(page, recorded):
    items = find_items(recorded)
    store = LabelStore(recorded.folder / "labels.sqlite")
    how = {"visible": {"mode": "blind"}, "input_by": "keyboard"}
    store.set("R1", items[0].id, "category", "anger", **how)
    store.set("R1", items[0].id, "intensity", 3, **how)
    store.close()
    made = page(LabelPage, recorded)
    assert made.panel.value().category is None  # another annotator's label is not shown
    made.panel.annotator.setText("R1")
    assert made.panel.categories["anger"].isChecked()
    assert made.panel.levels[3].isChecked()
    assert "1 of 2" in made.count.text()
    _press(made, K.Key_Backspace)
    assert made.current.id == items[0].id


def test_mouse_and_keyboard_say_the_same(desk, recorded):
    panel = desk.panel
    QTest.mouseClick(panel.categories["fear"], Qt.MouseButton.LeftButton)
    QTest.mouseClick(panel.levels[1], Qt.MouseButton.LeftButton)
    QTest.mouseClick(panel.commit, Qt.MouseButton.LeftButton)
    assert [(e.value, e.input) for e in _events(recorded)] == [
        ("fear", "mouse"),
        (1, "mouse"),
    ]


def _texts(widget: QWidget) -> list[str]:
    found = [widget.toolTip()]
    for child in widget.findChildren(QWidget):
        found.append(child.toolTip())
        if isinstance(child, QLabel):
            found.append(child.text())
    return found


def test_blind_mode_shows_no_prediction(desk):
    assert desk.badge.text() == "BLIND"
    assert desk.predictions is not None  # the file is there, its content is not shown
    assert not desk.timeline.shows_predictions
    shown = " ".join(_texts(desk)).lower()
    assert "mini-xception" not in shown
    assert not any(emotion in shown for emotion in EMOTIONS)
    rows = [desk.list.item(row) for row in range(desk.list.count())]
    words = " ".join(f"{row.text()} {row.toolTip()}" for row in rows).lower()
    assert not any(emotion in words for emotion in EMOTIONS)
    blind = desk.timeline.grab().toImage()
    _press(desk, K.Key_H)
    assert desk.timeline.grab().toImage() != blind


def test_assisted_mode_is_told_by_the_badge_and_by_every_event(desk, recorded):
    _press(desk, K.Key_H)
    assert desk.badge.text().startswith("ASSISTED")
    assert desk.timeline.shows_predictions
    _press(desk, K.Key_1, K.Key_W, K.Key_Return)
    seen = {"mode": "assisted", "model": "mini-xception", "model_sha256": "2" * 64}
    events = _events(recorded)
    assert [e.op for e in events] == [
        "seen",
        "set",
        "set",
        "seen",
    ]  # the next item is shown
    assert [e.visible for e in events] == [seen] * 4


def test_what_was_seen_is_known_on_another_day_and_to_nobody_else(desk, recorded):
    _press(desk, K.Key_H)
    first = desk.items[0].id
    again = Desk(desk.study.folder / "labels.sqlite")
    again.change_annotator(desk.desk.annotator)
    assert again.visible(first)["mode"] == "assisted"
    again.change_annotator("R99")
    assert again.visible(first) == {"mode": "blind"}
    again.close()
    desk.panel.annotator.setText("R99")
    assert desk.badge.text() == "BLIND"
    assert not desk.timeline.shows_predictions


def test_hiding_the_model_again_does_not_make_a_seen_item_blind(desk, recorded):
    _press(desk, K.Key_H, K.Key_H)
    assert desk.badge.text() == "BLIND"
    assert not desk.timeline.shows_predictions
    _press(desk, K.Key_7, K.Key_Return)
    assert {e.visible["mode"] for e in _events(recorded)} == {"assisted"}
    _press(desk, K.Key_7, K.Key_Return)
    assert _events(recorded)[-1].visible == {"mode": "blind"}


def test_steps_are_decoded_frames_inside_the_item(desk):
    player = desk.player
    assert player.value() == 6
    _press(desk, K.Key_Right, K.Key_Right)
    assert player.value() == desk.timeline.value() == 8
    QTest.keyClick(desk, K.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert player.value() == 17
    _press(desk, K.Key_Right)
    assert player.value() == 17
    _press(desk, K.Key_Home)
    assert player.value() == 6
    _press(desk, K.Key_End, K.Key_Left)
    assert player.value() == 16


def test_space_plays_at_real_time_by_the_stamps(desk, qtbot):
    shown = []
    desk.player.valueChanged.connect(shown.append)
    with qtbot.waitSignal(desk.player.playingChanged):
        _press(desk, K.Key_Space)
    with qtbot.waitSignal(desk.player.playingChanged, timeout=3000):
        pass
    assert shown[-1] == 17
    assert shown == sorted(shown)


def test_a_click_on_the_timeline_moves_the_video(desk):
    line = desk.timeline
    at = QPoint(line.width() // 2, 20)
    QTest.mouseClick(line, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    assert desk.player.value() == line.value()
    assert line.value() in (11, 12)


def test_an_empty_study_says_what_to_do(page, study, qtbot):
    made = page(LabelPage, study)
    assert made.empty.isVisible()
    with qtbot.waitSignal(made.wants) as asked:
        made.empty.button.click()
    assert asked.args == ["session"]
    _press(made, K.Key_1, K.Key_Return)


def test_a_new_session_and_new_prelabels_appear(page, study):
    made = page(LabelPage, study)
    session = write_session(study)
    made.refresh()
    assert made.list.count() == 2
    assert made.prelabel.isVisible()
    _press(made, K.Key_H)
    assert made.badge.text() == "BLIND"  # nothing to show yet
    write_prelabels(session)
    made.refresh()
    assert not made.prelabel.isVisible()
    _press(made, K.Key_H)
    assert made.badge.text() == "BLIND"  # nobody has said who is looking
    made.panel.annotator.setText("R1")
    _press(made, K.Key_H)
    assert made.timeline.shows_predictions

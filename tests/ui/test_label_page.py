"""Labelling: keys to events in the store, the store to widgets, blind by default."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from emer_studio.labels.fold import fold, fold_stages
from emer_studio.labels.judgement import Judgement
from emer_studio.labels.store import LabelStore
from emer_studio.ui.label.desk import Desk
from emer_studio.ui.label.items import find_items
from emer_studio.ui.label.page import LabelPage
from sessions import write_prelabels, write_session

K = Qt.Key


@pytest.fixture
def desk(page, recorded):
    made = page(LabelPage, recorded)
    sit(made, "R1")
    return made


def sit(made, code):
    made.room.annotator.clear()
    made.room.annotator.setFocus()
    QTest.keyClicks(made.room.annotator, code)
    QTest.keyClick(made.room.annotator, K.Key_Return)


def said_blind(study, labels, *, frozen=True):
    """Write blind labels of several raters: ``{rater: [(category, intensity), …]}``."""
    store = LabelStore(study.folder / "labels.sqlite")
    items = [item.id for item in find_items(study)]
    about = {"visible": {"mode": "blind"}, "input_by": "keyboard", "stage": "A"}
    for rater, said in labels.items():
        for item, (category, level) in zip(items, said, strict=False):
            values = {"category": category, "intensity": level}
            store.append_many(rater, item, values, **about)
    if frozen:
        store.freeze("LEAD", "A", items)
    store.close()
    return items


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
    first, second = (turn.item for turn in desk.turns)
    _press(desk, K.Key_2, K.Key_E, K.Key_Return)
    events = _events(recorded)
    said = [(e.item, e.op, e.field, e.value, e.input, e.stage) for e in events]
    assert said == [
        (first, "set", "category", "sadness", "keyboard", "A"),
        (first, "set", "intensity", 2, "keyboard", "A"),
    ]
    assert {e.annotator for e in events} == {"R1"}
    assert [e.visible["mode"] for e in events] == ["blind"] * 2
    assert {e.visible["scheme"] for e in events} == {1}
    assert {e.position for e in events} == {1}
    assert all(0 <= e.elapsed_ms < 60000 for e in events)
    assert desk.current.item == second
    assert desk.panel.value().category is None


def test_everything_a_face_can_be_said_of_has_a_key(desk, recorded):
    shift, alt = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier
    first = desk.current.item
    _press(desk, K.Key_3, K.Key_E)
    QTest.keyClick(desk, K.Key_4, shift)
    for _ in range(3):
        QTest.keyClick(desk, K.Key_Left, alt)
    QTest.keyClick(desk, K.Key_Up, alt)
    _press(desk, K.Key_D, K.Key_G, K.Key_Right, K.Key_Right, K.Key_P, K.Key_N)
    assert desk.panel.note.hasFocus()
    peak = desk.player.value()
    QTest.keyClicks(desk.panel.note, "hand at 2 QWE")
    QTest.keyClick(desk.panel.note, K.Key_Return)  # saves, as everywhere
    (fields,) = fold_stages(_events(recorded)).values()
    assert fields == {
        "category": "fear",
        "second": "surprise",
        "intensity": 2,
        "valence": -0.15,
        "arousal": 0.05,
        "confidence": 3,
        "flag": True,
        "peak": peak,
        "note": "hand at 2 QWE",
    }
    assert desk.current.item != first


def test_an_unusable_face_needs_no_category(desk, recorded):
    _press(desk, K.Key_3, K.Key_X, K.Key_Return)
    (fields,) = fold(_events(recorded)).values()
    assert fields == {"quality": "no_face"}


def test_neutral_needs_no_intensity(desk, recorded):
    _press(desk, K.Key_7, K.Key_Return)
    values = {e.field: e.value for e in _events(recorded)}
    assert values == {"category": "neutral", "intensity": 0}


def test_nothing_is_stored_without_a_code_or_an_intensity(page, recorded):
    made = page(LabelPage, recorded)
    _press(made, K.Key_2, K.Key_E, K.Key_Return)
    assert "code" in made.panel.missing.text()
    assert not (recorded.folder / "labels.sqlite").exists()
    sit(made, "R1")
    _press(made, K.Key_3, K.Key_Return)
    assert "intensity" in made.panel.missing.text()
    assert not (recorded.folder / "labels.sqlite").exists()


def test_typing_the_code_does_not_label(page, recorded):
    made = page(LabelPage, recorded)
    made.room.annotator.setFocus()
    QTest.keyClicks(made.room.annotator, "QWE123")
    assert made.room.annotator.text() == "QWE123"
    assert made.panel.value().category is None


def test_undo_and_redo_are_events_and_go_back_to_their_item(desk, recorded):
    first = desk.current.item
    _press(desk, K.Key_6, K.Key_R, K.Key_Return, K.Key_5, K.Key_Q, K.Key_Return)
    held = Qt.KeyboardModifier.ControlModifier
    QTest.keyClick(desk, K.Key_Z, held)
    QTest.keyClick(desk, K.Key_Z, held)
    events = _events(recorded)
    assert [e.op for e in events] == ["set"] * 4 + ["undo"] * 4
    assert fold(events) == {}
    assert desk.current.item == first
    assert desk.panel.value().category is None
    QTest.keyClick(desk, K.Key_Z, held | Qt.KeyboardModifier.ShiftModifier)
    assert fold(_events(recorded)) == {("R1", first): {"category": "anger", "intensity": 3}}
    assert desk.panel.value().category == "anger"
    QTest.keyClick(desk, K.Key_Z, held | Qt.KeyboardModifier.ShiftModifier)
    assert len(fold(_events(recorded))) == 2


def test_a_choice_that_is_not_saved_is_undone_without_an_event(desk, recorded):
    _press(desk, K.Key_6)
    QTest.keyClick(desk, K.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert desk.panel.value().category is None
    assert not (recorded.folder / "labels.sqlite").exists()


def test_the_store_is_shown_in_the_widgets(page, recorded):
    items = said_blind(recorded, {"R1": [("anger", 3)]}, frozen=False)
    made = page(LabelPage, recorded)
    assert made.panel.value().category is None  # another annotator's label is not shown
    sit(made, "R1")
    assert "1 of 2" in made.count.text()
    assert made.current.item == items[1]  # what is open comes first
    _press(made, K.Key_Backspace)
    if made.current.item != items[0]:
        made.go(1)
    assert made.current.item == items[0]
    assert made.panel.categories["anger"].isChecked()
    assert made.panel.levels[3].isChecked()


def test_mouse_and_keyboard_say_the_same(desk, recorded):
    panel = desk.panel
    QTest.mouseClick(panel.categories["fear"], Qt.MouseButton.LeftButton)
    QTest.mouseClick(panel.levels[1], Qt.MouseButton.LeftButton)
    middle = QPoint(panel.pad.width() // 2, panel.pad.height() // 2)
    QTest.mouseClick(panel.pad, Qt.MouseButton.LeftButton, pos=middle)
    QTest.mouseClick(panel.commit, Qt.MouseButton.LeftButton)
    events = _events(recorded)
    assert {e.input for e in events} == {"mouse"}
    (fields,) = fold(events).values()
    assert fields == {
        "category": "fear",
        "intensity": 1,
        "valence": pytest.approx(0.0, abs=0.05),
        "arousal": pytest.approx(0.0, abs=0.05),
    }


def test_a_repeat_is_silent_and_a_label_of_its_own(page, recorded):
    (recorded.folder / "labelling.yaml").write_text("repeats: 0.5\n")
    made = page(LabelPage, recorded)
    for number in range(1, 40):  # somebody whose queue has a repeat
        sit(made, f"R{number}")
        if any(turn.stage == "A-repeat" for turn in made.turns):
            break
    names = [made.list.item(row).text().split()[1] for row in range(made.list.count())]
    assert len(set(names)) == len(names) == 3
    assert made.badge.text() == "BLIND"
    for _ in names:
        _press(made, K.Key_7, K.Key_Return)
    repeated = next(turn.item for turn in made.turns if turn.stage == "A-repeat")
    said = [e.stage for e in _events(recorded) if e.item == repeated]
    assert said == ["A", "A", "A-repeat", "A-repeat"]
    assert "3 of 3" in made.count.text()


# -- the passes


def test_a_frozen_pass_is_reviewed_where_it_is_disputed(page, recorded):
    items = said_blind(
        recorded,
        {
            "R1": [("fear", 1), ("anger", 2)],
            "R2": [("fear", 1), ("fear", 2)],
            "R3": [("fear", 2), ("sadness", 2)],
        },
    )
    made = page(LabelPage, recorded)
    sit(made, "R1")
    assert made.room.stage.currentText() == "Review"
    assert [turn.item for turn in made.turns] == [items[1]]  # the other is agreed on
    assert "no majority" in made.room.told.text()
    assert "you: anger 2" in made.room.told.text()
    assert "R2: fear 2" in made.room.told.text()
    assert made.panel.value().category is None  # as many keys to agree as to disagree
    if not made.desk.withholds(made.current):
        assert made.badge.text() == "ASSISTED · mini-xception"
        assert made.timeline.shows_predictions
        _press(made, K.Key_H)
        assert not made.timeline.shows_predictions
        assert made.badge.text() == "ASSISTED · model hidden"
    _press(made, K.Key_3, K.Key_E, K.Key_Return)
    said = [e for e in _events(recorded) if e.op == "set" and e.stage == "B"]
    assert [(e.item, e.field, e.value) for e in said] == [
        (items[1], "category", "fear"),
        (items[1], "intensity", 2),
    ]
    for event in said:
        assert event.visible["mode"] == "assisted"
        assert event.visible["others"] is True
        assert ("withheld" in event.visible) != ("model" in event.visible)
    assert "1 of 1" in made.count.text()


def test_what_stays_disputed_is_decided_by_somebody_else_with_a_reason(page, recorded):
    items = said_blind(
        recorded,
        {
            "R1": [("fear", 1), ("anger", 2)],
            "R2": [("fear", 1), ("fear", 2)],
            "R3": [("fear", 2), ("sadness", 2)],
        },
    )
    made = page(LabelPage, recorded)
    sit(made, "R2")
    assert "adjudication" not in made.desk.stages  # nobody decides on their own label
    sit(made, "X1")
    assert made.badge.text().startswith("ADJUDICATE")
    assert [turn.item for turn in made.turns] == [items[1]]
    _press(made, K.Key_4, K.Key_W, K.Key_Return)
    assert "reason" in made.panel.missing.text()
    _press(made, K.Key_N)
    QTest.keyClicks(made.panel.note, "brows up, lids tense")
    QTest.keyClick(made.panel.note, K.Key_Return)
    fields = fold_stages(_events(recorded))["X1", items[1], "adjudication"]
    assert fields == {
        "category": "surprise",
        "intensity": 1,
        "reason": "brows up, lids tense",
    }


def test_the_training_tells_the_gold_label_and_opens_the_blind_pass(page, recorded):
    gold = next(item.id for item in find_items(recorded))
    (recorded.folder / "labelling.yaml").write_text(f"training: {{{gold}: fear}}\n")
    made = page(LabelPage, recorded)
    sit(made, "R1")
    assert made.badge.text() == "TRAINING"
    assert [turn.item for turn in made.turns] == [gold]
    _press(made, K.Key_6, K.Key_W, K.Key_Return)
    assert "The gold label is fear; you said anger 1" in made.room.told.text()
    _press(made, K.Key_Return)
    assert made.badge.text() == "TRAINING"  # not good enough
    assert made.panel.isEnabled()
    QTest.keyClick(made, K.Key_Z, Qt.KeyboardModifier.ControlModifier)
    _press(made, K.Key_3, K.Key_W, K.Key_Return)
    assert not made.panel.isEnabled()  # what is said after the gold label does not count
    _press(made, K.Key_7)
    assert made.panel.value().category == "fear"
    assert "Right" in made.room.told.text()
    _press(made, K.Key_Return)
    assert made.badge.text() == "BLIND"
    assert gold not in [turn.item for turn in made.turns]


def test_only_raters_of_the_plan_label(page, recorded):
    plan = "raters: [R1, R2, R3]\nadjudicators: [X1]\ndeadline: 2026-12-01\n"
    (recorded.folder / "labelling.yaml").write_text(plan)
    made = page(LabelPage, recorded)
    sit(made, "R9")
    assert made.list.count() == 0
    assert "R9 is not among the raters" in made.room.told.text()
    sit(made, "X1")
    assert made.list.count() == 0
    sit(made, "R2")
    assert made.list.count() == 2
    assert "until 2026-12-01" in made.count.text()


def test_a_damaged_plan_is_told_and_labels_nothing(page, recorded):
    (recorded.folder / "labelling.yaml").write_text("raterss: [R1]\n")
    made = page(LabelPage, recorded)
    sit(made, "R1")
    assert "labelling.yaml" in made.room.told.text()
    _press(made, K.Key_7, K.Key_Return)
    assert not (recorded.folder / "labels.sqlite").exists()


def test_the_study_lead_freezes_what_is_ready(page, recorded, qtbot):
    said_blind(
        recorded,
        {"R1": [("fear", 1)], "R2": [("fear", 1)], "R3": [("fear", 2)]},
        frozen=False,
    )
    made = page(LabelPage, recorded)
    made.show_lead()
    lead = made.lead_dialog
    assert not lead.freeze.isEnabled()  # nobody said who freezes
    lead.close()
    sit(made, "R1")
    QTest.mouseClick(made.lead, Qt.MouseButton.LeftButton)
    lead = made.lead_dialog
    cells = [lead.people.item(0, column).text() for column in range(2)]
    assert cells == ["R1", "1 of 2"]
    assert "1 with enough blind labels" in lead.text.text()
    with qtbot.waitSignal(lead.frozen):
        QTest.mouseClick(lead.freeze, Qt.MouseButton.LeftButton)
    assert "1 frozen" in lead.text.text()
    lead.close()
    assert made.list.count() == 1  # the frozen one is agreed on, the other still blind
    assert made.badge.text() == "BLIND"
    (event,) = [e for e in _events(recorded) if e.op == "freeze"]
    assert (event.annotator, event.stage) == ("R1", "A")


# -- what was seen


def test_the_model_is_not_shown_in_the_blind_pass(desk, recorded, qtbot):
    with qtbot.waitSignal(desk.said) as told:
        _press(desk, K.Key_H)
    assert "judged without one" in told.args[0]
    assert desk.badge.text() == "BLIND"
    assert not desk.timeline.shows_predictions
    assert not (recorded.folder / "labels.sqlite").exists()


def test_what_was_seen_is_known_on_another_day_and_to_nobody_else(page, recorded):
    said_blind(
        recorded,
        {
            "R1": [("fear", 0), ("anger", 2)],
            "R2": [("anger", 0), ("fear", 2)],
            "R3": [("neutral", 0), ("sadness", 2)],
        },
    )
    made = page(LabelPage, recorded)
    sit(made, "R1")
    shown = [turn for turn in made.turns if not made.desk.withholds(turn)]
    for turn in shown:
        made.list.setCurrentRow(made.turns.index(turn))
    again = Desk(recorded)
    again.read(find_items(recorded), lambda _items: {})
    again.sit_down("R1")
    assert all("model" in again.visible(turn) for turn in shown)
    again.sit_down("R2")
    assert not any("model" in again.visible(turn) for turn in shown)
    again.close()


def test_nobody_becomes_an_adjudicator_by_failing_or_being_late(page, recorded):
    gold, other = (item.id for item in find_items(recorded))
    plan = f"raters: [R1, R2, R3, N1]\ntraining: {{{gold}: fear}}\n"
    (recorded.folder / "labelling.yaml").write_text(plan)
    store = LabelStore(recorded.folder / "labels.sqlite")
    about = {"visible": {"mode": "blind"}, "input_by": "keyboard", "stage": "A"}
    for rater, said in (("R1", "fear"), ("R2", "anger"), ("R3", "sadness")):
        store.append_many(rater, other, {"category": said, "intensity": 1}, **about)
    store.freeze("LEAD", "A", [other])
    store.close()
    made = page(LabelPage, recorded)
    assert made.desk.stages == []  # nobody has said who looks
    sit(made, "N1")
    _press(made, K.Key_7, K.Key_Return, K.Key_Return)
    assert made.desk.stages == ["training"]
    assert made.badge.text() == "TRAINING"
    sit(made, "X1")
    assert made.list.count() == 0  # not on the list of raters, nor an adjudicator


def test_a_typo_in_the_training_is_told(page, recorded):
    (recorded.folder / "labelling.yaml").write_text("training: {sub-P009/trial-1: fear}\n")
    made = page(LabelPage, recorded)
    sit(made, "R1")
    assert "has no item sub-P009/trial-1" in made.panel.missing.text()
    _press(made, K.Key_7, K.Key_Return)
    assert not (recorded.folder / "labels.sqlite").exists()


def test_a_withheld_suggestion_is_in_no_word_either(page, recorded):
    said = {rater: [("fear", 1), ("fear", 1)] for rater in ("R1", "R2", "R3")}
    said_blind(recorded, said)
    (recorded.folder / "labelling.yaml").write_text("withheld: 0.5\ndisputed_p: 0.3\n")
    made = page(LabelPage, recorded)
    told = {}
    for rater in ("R1", "R2", "R3"):
        sit(made, rater)
        for row, turn in enumerate(made.turns):
            made.list.setCurrentRow(row)
            told.setdefault(made.desk.withholds(turn), set()).add(made.room.told.text())
    assert set(told) == {False, True}
    assert all("a model is sure of happiness" in text for text in told[False])
    assert not any("happiness" in text for text in told[True])
    made.toggle_model()
    assert "happiness" not in made.room.told.text()


def test_undo_tells_what_was_seen_of_the_item_that_it_changes(page, recorded):
    items = said_blind(
        recorded,
        {"R1": [("fear", 1)], "R2": [("anger", 1)], "R3": [("sadness", 1)]},
        frozen=False,
    )
    made = page(LabelPage, recorded)
    sit(made, "R1")
    _press(made, K.Key_7, K.Key_Return)  # the other item, blind
    store = LabelStore(recorded.folder / "labels.sqlite")
    store.freeze("LEAD", "A", items[:1])
    store.close()
    made.refresh()
    made._change_stage("B")
    QTest.keyClick(made, K.Key_Z, Qt.KeyboardModifier.ControlModifier)
    undone = [event for event in _events(recorded) if event.op == "undo"]
    assert {(e.item, e.visible["mode"], e.visible["others"]) for e in undone} == {
        (items[1], "blind", False)
    }


def test_what_another_window_of_the_rater_stored_is_not_taken_for_ours(page, recorded):
    first, second = page(LabelPage, recorded), page(LabelPage, recorded)
    for made in (first, second):
        sit(made, "R1")
    item = first.current.item
    _press(first, K.Key_7, K.Key_Return)
    second.desk.commit(second.turns[0], Judgement("sadness", None, 3), "keyboard")
    first.list.setCurrentRow(0)
    first.panel.setValue(Judgement("neutral", None, 0))
    first.commit()
    assert fold(_events(recorded))["R1", item] == {"category": "neutral", "intensity": 0}


def test_a_face_that_cannot_be_shown_is_not_judged_and_names_nobody(page, recorded, qtbot):
    session = recorded.sessions()[0].folder
    made = page(LabelPage, recorded)
    sit(made, "R1")
    for video in session.glob("face_*.mkv"):
        video.write_bytes(b"no video")
    made.player.shelf.prepare([])
    with qtbot.waitSignal(made.said) as told:
        made.player.open(made.desk.item(made.turns[0]).video, 3, 9)
    assert "P001" not in told.args[0]
    assert "tell the study lead" in told.args[0]
    _press(made, K.Key_P, K.Key_2, K.Key_E, K.Key_Return)
    assert made.panel.value().peak is None
    assert not (recorded.folder / "labels.sqlite").exists()
    _press(made, K.Key_X, K.Key_Return)
    assert fold(_events(recorded)) == {("R1", made.turns[0].item): {"quality": "no_face"}}


# -- the video


def test_steps_are_decoded_frames_inside_the_item(desk):
    player = desk.player
    item = desk.desk.item(desk.current)
    assert player.value() == item.first
    _press(desk, K.Key_Right, K.Key_Right)
    assert player.value() == desk.timeline.value() == item.first + 2
    QTest.keyClick(desk, K.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert player.value() == item.last
    _press(desk, K.Key_Right)
    assert player.value() == item.last
    _press(desk, K.Key_Home)
    assert player.value() == item.first
    _press(desk, K.Key_End, K.Key_Left)
    assert player.value() == item.last - 1


def test_space_plays_at_real_time_by_the_stamps(desk, qtbot):
    shown = []
    desk.player.valueChanged.connect(shown.append)
    with qtbot.waitSignal(desk.player.playingChanged):
        _press(desk, K.Key_Space)
    with qtbot.waitSignal(desk.player.playingChanged, timeout=3000):
        pass
    assert shown[-1] == desk.desk.item(desk.current).last
    assert shown == sorted(shown)


def test_a_loop_begins_again_and_the_speed_has_steps(desk, qtbot):
    item = desk.desk.item(desk.current)
    _press(desk, K.Key_L, K.Key_Period, K.Key_Period)
    assert desk.player.speed == 2.0
    assert desk.room.how.text() == "2 ×   ·   loop"
    shown = []
    desk.player.valueChanged.connect(shown.append)
    _press(desk, K.Key_Space)
    qtbot.waitUntil(lambda: shown.count(item.first) >= 2, timeout=5000)
    assert desk.player.playing
    _press(desk, K.Key_Space)
    _press(desk, K.Key_Comma)
    assert desk.player.speed == 1.5


def test_the_face_alone_can_be_shown(desk):
    whole = desk.player.grab().toImage()
    _press(desk, K.Key_C)
    assert desk.player.grab().toImage() != whole
    assert "face only" in desk.room.how.text()
    _press(desk, K.Key_C)
    assert desk.player.grab().toImage() == whole


def test_a_click_on_the_timeline_moves_the_video(desk):
    line, item = desk.timeline, desk.desk.item(desk.current)
    at = QPoint(line.width() // 2, 20)
    QTest.mouseClick(line, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    assert desk.player.value() == line.value()
    assert line.value() - item.first in (5, 6)


def test_the_sheet_of_keys_lies_over_the_room_and_goes_again(desk):
    _press(desk, K.Key_Question)
    assert desk.room.currentWidget() is desk.room.sheet
    QTest.keyClick(desk.room.sheet, K.Key_Escape)
    assert desk.room.currentIndex() == 0
    assert desk.hasFocus()
    _press(desk, K.Key_7)
    assert desk.panel.value().category == "neutral"


def test_the_codebook_tells_what_the_categories_mean(page, recorded, qtbot):
    made = page(LabelPage, recorded)
    sit(made, "R1")
    with qtbot.waitSignal(made.said) as told:
        _press(made, K.Key_B)
    assert "labelling.yaml" in told.args[0]
    made.player.grab().save(str(recorded.folder / "fear.png"))
    plan = "scheme: {codebook: {fear: wide eyes}, pictures: {fear: fear.png, anger: x.png}}"
    (recorded.folder / "labelling.yaml").write_text(plan)
    made = page(LabelPage, recorded)
    sit(made, "R1")
    _press(made, K.Key_B)
    book = made.room.codebook
    assert made.room.currentWidget() is book
    pictures = [one for one in book.findChildren(QLabel) if not one.pixmap().isNull()]
    assert len(pictures) == 1
    texts = [one.text() for one in book.findChildren(QLabel)]
    assert {"wide eyes", "x.png is no picture"} <= set(texts)
    QTest.keyClick(book, K.Key_Escape)
    assert made.room.currentIndex() == 0


def test_an_empty_study_says_what_to_do(page, study, qtbot):
    made = page(LabelPage, study)
    assert made.room.empty.isVisible()
    with qtbot.waitSignal(made.wants) as asked:
        made.room.empty.button.click()
    assert asked.args == ["session"]
    _press(made, K.Key_1, K.Key_Return)


def test_a_new_session_appears_and_the_shown_item_stays(page, recorded):
    made = page(LabelPage, recorded)
    sit(made, "R1")
    shown = made.current
    _press(made, K.Key_4)
    write_prelabels(write_session(recorded))
    made.refresh()
    assert made.list.count() == 4
    assert made.current == shown
    assert made.panel.value().category == "surprise"

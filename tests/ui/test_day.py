"""A day of participants in the window: the list, the checklist, the copy, the person."""

from __future__ import annotations

import shutil
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from emer_studio.core import settings
from emer_studio.core.files import read_json, write_json
from emer_studio.schema.protocol import find_protocol
from emer_studio.study.appointments import Appointments
from emer_studio.study.changeover import DEFAULT_ITEMS
from emer_studio.study.demographics import Demographics
from emer_studio.study.folder import create_study, open_study
from emer_studio.ui.session.choice import SessionChoice
from emer_studio.ui.session.page import SessionPage
from emer_studio.ui.study.page import StudyPage
from sessions import write_session

ITEMS = """
demographics:
  - {id: age, kind: number, question: {en: "How old?"}, low: 18, high: 99}
  - {id: hand, kind: choice, question: {en: "Which hand?"}, labels: [right, left]}
"""


@pytest.fixture(scope="module")
def recorded_today_once(tmp_path_factory):
    """A study with a session that began just now."""
    study = create_study(tmp_path_factory.mktemp("day") / "study", seed=7)
    path = write_session(study, trials=1) / "session.json"
    now = datetime.now().astimezone().isoformat()
    write_json(path, {**read_json(path), "started": now})
    return study.folder


@pytest.fixture
def recorded_today(recorded_today_once, tmp_path):
    return open_study(Path(shutil.copytree(recorded_today_once, tmp_path / "study")))


def row_of(card, code):
    return next(n for n, visit in enumerate(card.visits) if visit.participant == code)


def test_who_comes_is_entered_and_taken_out_by_keys(page, study, qtbot):
    made = page(StudyPage, study)
    card = made.today
    assert card.nobody.isVisible()
    QTest.keyClicks(card.code, "P007")
    QTest.keyClicks(card.at, "half past")
    QTest.keyClick(card.at, Qt.Key.Key_Return)
    assert "is no time" in card.problem.text()
    card.at.clear()
    QTest.keyClicks(card.at, "10:30")
    assert not card.problem.isVisible()
    QTest.keyClick(card.at, Qt.Key.Key_Return)
    assert [one.participant for one in Appointments(study.folder).on(date.today())] == [
        "P007"
    ]
    assert (card.visits[0].at, card.visits[0].next) == ("10:30", "run the session")
    assert card.room.text().startswith("Room for")
    card.grid.selectRow(0)
    with qtbot.waitSignal(made.wants) as asked:
        QTest.keyClick(card.grid, Qt.Key.Key_Return)
    assert asked.args == ["session:P007"]
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    card.grid.setFocus()
    QTest.keyClick(card.grid, Qt.Key.Key_Delete)
    assert card.nobody.isVisible()
    assert Appointments(study.folder).all() == []


def test_a_visit_leads_to_what_is_next(page, recorded_today, qtbot):
    soon = datetime.now() + timedelta(minutes=1)
    Appointments(recorded_today.folder).add("P002", soon)
    made = page(StudyPage, recorded_today)
    session_page = page(SessionPage, recorded_today)
    card = made.today
    with qtbot.waitSignal(made.wants) as asked:
        card.grid.selectRow(row_of(card, "P001"))
        QTest.keyClick(card.grid, Qt.Key.Key_Return)
    assert asked.args == ["session"]  # the checklist is there
    session_page.visit("P002")
    assert session_page.form.participant.text() == "P002"
    session_page.next_participant()
    due = [v.participant for v in card.visits if v.session is None]
    assert session_page.form.participant.text() == (due or ["P002"])[0]


def test_the_checklist_is_ticked_and_stays_ticked(page, recorded_today):
    made = page(SessionPage, recorded_today)
    assert made.changeover.isVisible()
    assert [box.text() for box in made.changeover.boxes] == list(DEFAULT_ITEMS)
    made.changeover.boxes[1].setFocus()
    QTest.keyClick(made.changeover.boxes[1], Qt.Key.Key_Space)
    assert list(recorded_today.sessions()[0].manifest.changeover) == [DEFAULT_ITEMS[1]]
    assert made.changeover.left.text() == "4 open"
    made.refresh()
    assert made.after.changeover.boxes[1].isChecked()  # the other place shows it too
    for box in made.after.changeover.boxes:
        if not box.isChecked():
            box.click()
    assert set(recorded_today.sessions()[0].manifest.changeover) == set(DEFAULT_ITEMS)
    made.refresh()
    assert not made.changeover.isVisible()
    made.after.changeover.boxes[0].click()
    assert DEFAULT_ITEMS[0] not in recorded_today.sessions()[0].manifest.changeover


def test_a_study_is_copied_by_itself_and_a_missing_disk_is_told(
    page, recorded_today, tmp_path, qtbot
):
    disk = tmp_path / "disk"
    disk.mkdir()
    made = page(StudyPage, recorded_today)
    line, keeper = made.backup, made.workspace.backup
    assert line.pill.text() == "1 session not backed up"
    line._ask = lambda: str(disk)
    with qtbot.waitSignal(keeper.job.ended, timeout=20000):
        line.always.click()
    assert settings.second_place(recorded_today.folder) == str(disk)
    qtbot.waitUntil(lambda: line.pill.text() == "backed up", timeout=5000)
    write_session(recorded_today, "P002", trials=1)
    disk.rename(tmp_path / "drawer")
    with qtbot.waitSignal(keeper.job.ended, timeout=20000):
        keeper.start()  # as after a session
    assert line.pill.text() == "1 session not backed up"
    assert "is not there: nothing was copied" in line.text.text()
    (tmp_path / "drawer").rename(disk)
    with qtbot.waitSignal(keeper.job.ended, timeout=20000):
        line.copy.click()
    assert line.pill.text() == "backed up"
    line.always.click()
    assert settings.second_place(recorded_today.folder) == ""


def test_a_session_does_not_wait_for_a_copy(page, recorded_today, tmp_path, qtbot):
    (tmp_path / "disk").mkdir()
    made = page(SessionPage, recorded_today)
    (recorded_today.folder / "stimuli" / "long.mp4").write_bytes(bytes(64_000_000))
    keeper = made.workspace.backup
    keeper.start(str(tmp_path / "disk"))
    qtbot.waitUntil((recorded_today.folder / "study.lock").exists, timeout=10000)
    with qtbot.waitSignal(made.job.ended, timeout=20000):
        made.start(SessionChoice("P009", "/nowhere/x.yaml", "sim", "sim", True))
    assert not keeper.job.running
    assert "no protocol" in made.form.problem.text()  # and not: the study is in use


def test_a_person_is_asked_once_and_nothing_is_kept_before_consent(page, study, qtbot):
    path = study.folder / "protocols" / "own.yaml"
    path.write_text(find_protocol("demo").read_text(encoding="utf-8") + ITEMS)
    made = page(SessionPage, study)
    begun = []
    made.person.passed.disconnect(made.gate.ask)
    made.person.passed.connect(begun.append)
    choice = SessionChoice("P001", str(path), "0", "T")
    made.person.ask(choice)
    dialog = made.person.dialog
    QTest.keyClicks(dialog.fields["age"], "7")
    QTest.mouseClick(dialog.keep, Qt.MouseButton.LeftButton)
    assert "'age' is between 18 and 99; 'hand' is missing" in dialog.problem.text()
    dialog.fields["age"].clear()
    QTest.keyClicks(dialog.fields["age"], "34")
    dialog.fields["hand"].setFocus()
    QTest.keyClicks(dialog.fields["hand"], "left")
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    assert begun == [choice]
    book = Demographics(study.folder)
    assert book.all() == {}  # whoever declines now leaves nothing
    entry = {"event": "session_started", "t_s": 1.0, "participant": "P001"}
    made._heard({"event": "journal", "entry": entry})
    assert book.of("P001") == {"age": "34", "hand": "left"}
    made.person.ask(choice)
    assert begun == [choice, choice]  # and was not asked again
    made.person.ask(SessionChoice("P002", str(path), "sim", "sim", True))
    assert len(begun) == 3  # nobody is there to be asked


def test_answers_outlive_a_table_that_cannot_be_written(page, study, qtbot):
    path = study.folder / "protocols" / "own.yaml"
    path.write_text(find_protocol("demo").read_text(encoding="utf-8") + ITEMS)
    made = page(SessionPage, study)
    made.person.passed.disconnect(made.gate.ask)
    book = Demographics(study.folder)
    book.path.mkdir()
    book.waiting_path.mkdir()  # not even beside it
    made.person.ask(SessionChoice("P001", str(path), "0", "T"))
    made.person.dialog.answered.emit({"age": "34", "hand": "left"})
    made.person.dialog.close()
    entry = {"event": "session_started", "t_s": 1.0, "participant": "P001"}
    with qtbot.waitSignal(made.said) as said:
        made._heard({"event": "journal", "entry": entry})
    assert "age 34, hand left" in said.args[0]
    assert made.waiting.isVisible()
    asked = []
    made.confirm = lambda _parent, question: bool(asked.append(question))
    assert not made.may_leave()
    assert asked == ["The answers of P001 could not be kept. Leave all the same?"]
    book.waiting_path.rmdir()
    made.next_participant()  # after the session it is tried again
    assert "The answers of P001 are safe" in made.waiting.text.text()
    assert made.may_leave()
    book.path.rmdir()
    QTest.mouseClick(made.waiting.again, Qt.MouseButton.LeftButton)
    assert not made.waiting.isVisible()
    assert book.path.is_file()
    assert book.of("P001") == {"age": "34", "hand": "left"}
    assert not book.waiting_path.exists()

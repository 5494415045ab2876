"""The quality of sessions in the window: made by the command, read by keyboard."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from emer_studio.schema.session_quality import QUALITY_FILE, kept_quality
from emer_studio.study.folder import create_study, open_study
from emer_studio.ui.parts import PILL_ROLE
from emer_studio.ui.session.page import SessionPage
from emer_studio.ui.study.page import StudyPage
from sessions import write_session


@pytest.fixture(scope="module")
def two_sessions_once(tmp_path_factory):
    """P001 with three trials, in the second of which no eyes are seen; P002 with one."""
    study = create_study(tmp_path_factory.mktemp("quality") / "study", seed=7)
    write_session(study, "P001", trials=3, size=(240, 180), blind=(2,))
    write_session(study, "P002", trials=1, size=(240, 180))
    return study.folder


@pytest.fixture
def two_sessions(two_sessions_once, tmp_path):
    return open_study(Path(shutil.copytree(two_sessions_once, tmp_path / "study")))


def cells(grid, row):
    return [grid.item(row, column).text() for column in range(grid.columnCount())]


def test_every_session_is_shown_trial_by_trial_from_the_study_page(
    page, two_sessions, qtbot
):
    made = page(StudyPage, two_sessions)
    first, second = (session.folder for session in two_sessions.sessions())
    made.choose(first)
    made.sessions.setFocus()
    QTest.keyClick(made.sessions, Qt.Key.Key_Return)
    dialog = made.quality_dialog
    with qtbot.waitSignal(dialog.view.shown, timeout=30000):
        assert dialog.view.progress.isVisible()
    grid = dialog.view.trials
    assert cells(grid, 0)[:5] == ["1", "happiness", "keep", "0 %", "0 %"]
    assert cells(grid, 1)[2:4] == ["exclude", "100 %"]
    assert grid.item(1, 2).data(PILL_ROLE) == "red"
    assert "EMER_SimGaze: 60.0 of 60 Hz" in dialog.view.streams.text()
    assert dialog.view.counts["exclude"].text() == "exclude 1"
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow)
    QTest.keyClick(grid, Qt.Key.Key_N)
    assert grid.currentRow() == 1
    assert dialog.view.why.text() == "Trial 2: eyes in 0% of the samples only."
    QTest.keyClick(grid, Qt.Key.Key_Down)
    assert grid.currentRow() == 2
    QTest.keyClick(grid, Qt.Key.Key_N)
    assert grid.currentRow() == 1
    with qtbot.waitSignal(dialog.view.shown, timeout=30000):
        QTest.keyClick(grid, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert dialog.folder == second
    assert (second / QUALITY_FILE).is_file()
    QTest.keyClick(grid, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: dialog.folder == first)
    assert dialog.view.quality == kept_quality(first)  # kept: nothing is looked at again
    assert not dialog.view.job.running
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not dialog.isVisible())


def test_a_session_that_cannot_be_looked_at_says_why(page, two_sessions, qtbot):
    folder = two_sessions.sessions()[0].folder
    (folder / "journal.jsonl").unlink()
    made = page(StudyPage, two_sessions)
    made.choose(folder)
    made.quality.click()
    view = made.quality_dialog.view
    qtbot.waitUntil(view.said.isVisible, timeout=30000)
    assert "has no journal.jsonl" in view.said.text()
    assert not view.trials.isVisible()


def test_after_a_session_its_quality_is_looked_at_by_itself(page, two_sessions, qtbot):
    folder = two_sessions.sessions()[1].folder
    made = page(SessionPage, two_sessions)
    result = {"session": str(folder), "state": "complete", "trials": 1, "ratings": 1}
    with qtbot.waitSignal(made.after.quality.shown, timeout=30000):
        made._show_result({**result, "verdict": "green", "findings": []})
    assert cells(made.after.quality.trials, 0)[2] == "keep"

"""The quality of sessions in the window: made by the command, read by keyboard."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from emer_studio.report.session_quality import session_quality
from emer_studio.schema.session_quality import QUALITY_FILE, kept_quality
from emer_studio.study.decisions import decisions_of
from emer_studio.study.folder import create_study, open_study
from emer_studio.ui.parts import PILL_ROLE
from emer_studio.ui.session.page import SessionPage
from emer_studio.ui.study.page import StudyPage
from emer_studio.ui.study.quality_view import QualityView
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
    grid.selectRow(1)
    with qtbot.waitSignal(made.wants) as asked:
        QTest.keyClick(dialog, Qt.Key.Key_W)
    assert asked.args == [f"explore:{first.name}/trial-2"]
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


def test_a_person_decides_by_keys_and_by_mouse(two_sessions, qtbot):
    folder = two_sessions.sessions()[0].folder
    session_quality(folder)
    view = QualityView()
    qtbot.addWidget(view)
    view.resize(1000, 600)
    view.show()
    view.show_session(folder)
    view.activateWindow()
    qtbot.waitUntil(view.isActiveWindow)
    grid, line = view.trials, view.line
    line.by.setText("op1")
    grid.setFocus()
    QTest.keyClick(grid, Qt.Key.Key_X)
    assert line.reason.hasFocus()
    QTest.keyClick(line.reason, Qt.Key.Key_Return)  # without a reason: nothing
    QTest.keyClicks(line.reason, "knocked at the door, xkn")
    QTest.keyClick(line.reason, Qt.Key.Key_Return)
    assert grid.hasFocus()
    assert cells(grid, 0)[2] == "keep"  # the suggestion stays what it is
    assert cells(grid, 0)[-2:] == ["exclude", "knocked at the door, xkn"]
    assert grid.item(0, grid.columnCount() - 2).data(PILL_ROLE) == "red"
    assert [view.counts[name].text() for name in ("keep", "exclude")] == [
        *("keep 1", "exclude 2"),
    ]
    QTest.keyClick(grid, Qt.Key.Key_Down)
    QTest.keyClick(grid, Qt.Key.Key_X)
    QTest.keyClicks(line.reason, "no")
    QTest.keyClick(line.reason, Qt.Key.Key_Escape)
    assert not line.question.isVisible()
    assert list(decisions_of(folder)) == [1]
    QTest.mouseClick(line.keep, Qt.MouseButton.LeftButton)  # against the suggestion
    QTest.keyClicks(line.reason, "the eyes are in the video")
    QTest.keyClick(line.reason, Qt.Key.Key_Return)
    told = "op1 decided to keep it: the eyes are in the video."
    assert view.why.text() == f"Trial 2: eyes in 0% of the samples only. {told}"
    QTest.keyClick(grid, Qt.Key.Key_N)
    assert grid.currentRow() == 1  # everything doubtful is decided
    grid.selectRow(0)
    QTest.keyClick(grid, Qt.Key.Key_Backspace)
    assert {n: one.decision for n, one in decisions_of(folder).items()} == {2: "keep"}
    assert cells(grid, 0)[-2:] == ["", ""]
    assert not line.back.isEnabled()
    view.show_session(folder)
    assert cells(grid, 1)[-2] == "keep"
    (folder / "decisions.jsonl").write_text("trial 2: keep\n")
    view.show_session(folder)
    assert "line 1 cannot be understood" in view.said.text()
    assert view.said.isVisible()
    assert not line.isVisible()
    view.finish()

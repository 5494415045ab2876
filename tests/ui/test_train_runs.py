"""The list of runs: keys, clicks and real commands on folders made by hand."""

from __future__ import annotations

import os

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit

from emer_studio.core.files import read_json, write_json
from emer_studio.study.run_changes import pin
from emer_studio.ui.train.runs import RunsList
from run_folders import FOLDS, right_except, run_info, write_run

A, B = 1, 0  # rows: the newer run comes first


@pytest.fixture
def listed(qtbot, tmp_path):
    """The list of two finished runs and one whose training is gone."""
    runs = tmp_path / "runs"
    write_run(runs / "a", right_except(0, 1))
    write_run(runs / "b", right_except(*range(12)), started="2026-11-21T10:00:00Z")
    cut = run_info("er7", FOLDS, state="running", started="2026-11-19T10:00:00Z")
    write_json(runs / "cut" / "run.json", cut)
    made = RunsList(runs)
    made.said_all = []
    made.said.connect(made.said_all.append)
    made.resize(900, 620)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is made)
    made.grid.setFocus()
    yield made
    made.finish()
    made.close()
    made.deleteLater()


def _cell(made, row, column):
    return made.grid.item(row, column).text()


def test_runs_are_told_apart_and_renamed_where_they_stand(listed, qtbot):
    assert [_cell(listed, row, 1) for row in range(3)] == ["b", "a", "cut"]
    assert [_cell(listed, row, 5) for row in range(3)] == ["done", "done", "killed"]
    assert _cell(listed, A, 4) == "WAR 0.972 [0.400, 0.950]"
    listed.grid.setCurrentCell(A, 3)
    qtbot.keyClick(listed.grid, Qt.Key.Key_F2)
    editor = listed.grid.findChild(QLineEdit)
    qtbot.keyClicks(editor, "-all clips")
    listed.refresh()  # something else changed meanwhile
    assert editor.text() == "-all clips"
    with qtbot.waitSignal(listed.changed, timeout=20000):
        qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert _cell(listed, A, 1) == "-all clips"
    assert read_json(listed.place / "a" / "registry.json")["name"] == "-all clips"
    listed.rename_current()
    editor = listed.grid.findChild(QLineEdit)
    qtbot.keyClicks(editor, "x" * 81)
    with qtbot.waitSignal(listed.said, timeout=20000):
        qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert "up to 80 characters" in listed.said_all[0]
    assert _cell(listed, A, 1) == "-all clips"


def test_a_pinned_run_stays_and_another_goes_after_a_question(listed, qtbot):
    listed.grid.setCurrentCell(B, 1)
    with qtbot.waitSignal(listed.changed, timeout=20000):
        qtbot.keyClick(listed.grid, Qt.Key.Key_Space)
    assert _cell(listed, B, 0) == "★"
    qtbot.keyClick(listed.grid, Qt.Key.Key_Delete)
    assert "b is pinned" in listed.said_all[0]
    assert not listed.strip.isVisible()
    listed.grid.setCurrentCell(2, 1)
    qtbot.keyClick(listed.grid, Qt.Key.Key_Delete)
    assert "Delete cut?" in listed.question.text()
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    assert not listed.strip.isVisible()
    assert (listed.place / "cut").is_dir()
    qtbot.keyClick(listed.grid, Qt.Key.Key_Delete)
    with qtbot.waitSignal(listed.changed, timeout=20000):
        qtbot.mouseClick(listed.yes, Qt.MouseButton.LeftButton)
    assert not (listed.place / "cut").exists()
    assert listed.grid.rowCount() == 2


def test_selected_runs_are_compared_with_the_oldest(listed, qtbot):
    assert not listed.compare.isEnabled()
    listed.select([entry.folder for entry in listed.entries])
    assert "Only finished runs" in listed.compare.toolTip()
    listed.select([entry.folder for entry in listed.entries[:2]])
    with qtbot.waitSignal(listed.compared, timeout=20000) as told:
        qtbot.mouseClick(listed.compare, Qt.MouseButton.LeftButton)
    (pair,) = told.args[0]["pairs"]
    assert (pair["run"], pair["against"]) == ("b", "a")
    assert listed.comparison.isVisible()
    grid = listed.comparison.grid
    cells = [grid.item(0, column).text() for column in range(3)]
    assert cells == ["b − a", "WAR", "−0.139"]
    assert grid.item(3, 2).text() == "0 : 10"


def test_what_changes_outside_is_seen(listed):
    pin(listed.place / "a", pinned=True)
    write_json(listed.place / "cut" / "train.lock", {"pid": os.getpid()})
    listed.refresh()
    assert _cell(listed, A, 0) == "★"
    assert _cell(listed, 2, 5) == "running"
    listed.show_place(listed.place / "nothing")
    assert listed.none.isVisible()
    assert not listed.grid.isVisible()

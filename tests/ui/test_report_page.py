"""The report page: three kinds of report as jobs, listed with what they are of."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from emer_studio.core.files import read_json, write_json
from emer_studio.dataset.synth import SynthConfig, synthesise
from emer_studio.ui.report.kinds import KINDS, read_about
from emer_studio.ui.report.page import ReportPage
from emer_studio.ui.study.page import StudyPage

GAP = [kind.key for kind in KINDS].index("gap")


@pytest.fixture
def writes(qtbot):
    """Write the chosen report by keyboard and return how the job ended."""

    def write(made):
        made.activateWindow()
        qtbot.waitUntil(lambda: QApplication.activeWindow() is made)
        with qtbot.waitSignal(made.job.ended, timeout=40000) as ended:
            qtbot.keyClick(made, Qt.Key.Key_W, Qt.KeyboardModifier.AltModifier)
        return ended.args[0]

    return write


def test_the_gap_is_written_listed_first_and_legible(page, recorded, writes):
    synthesise(recorded.derived / "synthetic", SynthConfig(4, 3, 1, 4))
    made = page(ReportPage, recorded)
    assert made.empty.isVisible()
    assert writes(made).code == 0
    made.writer.kind.setCurrentIndex(GAP)
    assert made.writer.dataset.itemText(0) == "Build a new one first"  # people first
    made.writer.dataset.setCurrentIndex(1)
    assert writes(made).code == 0
    assert made.chosen() == recorded.derived / "reports" / "gap_synthetic.html"
    titles = [made.list.item(row).text().splitlines()[0] for row in range(2)]
    assert titles == ["Felt and shown · synthetic", "Study · simulated"]
    assert made.simulated
    assert made.view.pictures >= 3
    assert made.view.horizontalScrollBar().maximum() == 0  # nothing is wider than the page
    text = made.view.toPlainText()
    assert "the face showed another emotion" in text


def test_the_dataset_is_built_first_and_what_it_lacks_is_said(
    page, recorded, writes, qtbot
):
    made = page(ReportPage, recorded)
    made.writer.kind.setCurrentIndex(GAP)
    assert made.writer.dataset.currentText() == "Build a new one first"
    assert writes(made).result["dataset"]
    assert made.job.running  # the report follows by itself
    qtbot.waitUntil(lambda: not made.job.running, timeout=30000)
    assert "Label the faces" in made.writer.problem.text()  # nobody has labelled it
    assert made.write.isVisible()
    assert made.writer.dataset.itemText(0).startswith("dataset, ")
    assert not made.reports


def test_a_report_of_an_older_version_is_a_report(tmp_path):
    path = tmp_path / "report.html"
    path.write_text("<!doctype html><title>x</title>")
    assert read_about(path).title == "Report"
    assert not read_about(path).known
    assert read_about(tmp_path / "none.html").title == "Report"


def test_an_imported_session_is_marked_in_table_and_report(page, recorded, writes):
    path = recorded.sessions()[0].folder / "session.json"
    about = {**read_json(path), "simulated": False, "simulated_devices": []}
    write_json(path, {**about, "imported": {"utc": "2026-01-02", "video": "mkv ab"}})
    table = page(StudyPage, recorded).sessions
    assert table.item(0, 8).text() == "imported"
    assert "video" in table.item(0, 8).toolTip()
    made = page(ReportPage, recorded)
    assert writes(made).code == 0
    assert made.list.item(0).text().startswith("Study · imported")
    assert "IMPORTED: 1 of 1 session was recorded elsewhere" in made.view.toPlainText()
    assert "imported" in made.view.toPlainText().split("Quality, trial by trial")[0]

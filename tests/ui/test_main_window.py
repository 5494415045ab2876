"""The window: pages, studies, messages, and an end that leaves nothing behind."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from emer_studio.core import settings
from emer_studio.core.process import command_line
from emer_studio.ui.app import catch_exceptions
from emer_studio.ui.jobs import JobRunner
from emer_studio.ui.pages import PAGES
from emer_studio.ui.recent import recent_studies
from emer_studio.ui.report.view import ReportView
from sessions import write_session


def test_every_page_opens_on_an_empty_study(window, study):
    assert window.open_study(study.folder)
    for info in PAGES:
        window.show_page(info.key)
        assert window.page_key == info.key
        assert not window.banner.isVisible() or info.key == "session"
    assert settings.load().last_study == str(study.folder)
    assert settings.load().last_page == "report"
    assert recent_studies()[0] == study.folder


def test_the_banner_says_that_a_study_is_simulated(window, study):
    write_session(study, trials=1)
    window.open_study(study.folder)
    assert window.banner.isVisible()
    window.close_study()
    assert not window.banner.isVisible()
    assert window.welcome is not None


def test_a_folder_that_is_no_study_is_a_message(window, tmp_path):
    assert not window.open_study(tmp_path)
    assert window.toast.isVisible()
    assert "not a study" in window.toast.text.text()
    assert window.new_study(tmp_path / "fresh")
    assert (tmp_path / "fresh" / "study.yaml").is_file()


def test_a_study_with_a_table_that_cannot_be_read_is_a_message(window, study):
    (study.folder / "appointments.tsv").write_bytes(b"wann;wer\n9:30;P001\n")
    assert not window.open_study(study.folder)
    assert "no column 'when'" in window.toast.text.text()
    assert window.welcome is not None


def test_an_unhandled_exception_becomes_a_message(window, qtbot):
    def fail():
        raise ValueError("broken slot")

    with catch_exceptions(window.say):
        hook = sys.excepthook
        try:
            fail()
        except ValueError:
            hook(*sys.exc_info())
        qtbot.waitUntil(lambda: "broken slot" in window.toast.text.text(), timeout=2000)
    assert window.isVisible()


def test_a_job_brings_its_events_and_its_outcome(qtbot, study):
    session = write_session(study, trials=1)
    runner, heard = JobRunner(), []
    runner.heard.connect(heard.append)
    with qtbot.waitSignal(runner.ended, timeout=20000) as ended:
        runner.start("check", ["check", str(session), "--events"])
        assert runner.running
    outcome = ended.args[0]
    assert (outcome.code, outcome.error, outcome.stopped) == (0, "", False)
    assert outcome.result["verdict"] == "green"
    assert heard[-1]["event"] == "result"
    with qtbot.waitSignal(runner.ended, timeout=20000) as ended:
        runner.start("check", ["check", "/nowhere", "--events"])
    assert ended.args[0].code == 2
    assert "does not exist" in ended.args[0].error
    runner.close()


def test_closing_while_a_session_runs_asks_once_and_ends_it(window, study, qtbot):
    window.open_study(study.folder, "session")
    page = window.pages["session"]
    page.job.start("gaze", ["simulate", "gaze", "--name", "EMER_Closing", "--events"])
    qtbot.waitUntil(lambda: page.job.running)
    with qtbot.waitSignal(window.closed, timeout=30000):
        window.close()
        window.close()
    assert len(window.asked) == 1
    assert not window.isVisible()


def test_a_report_shows_the_pictures_inside_it(qtbot, tmp_path):
    image = QImage(8, 8, QImage.Format.Format_RGB888)
    image.fill(0x1F5F99)
    image.save(str(tmp_path / "x.png"))
    coded = base64.b64encode((tmp_path / "x.png").read_bytes()).decode()
    path = tmp_path / "report.html"
    path.write_text(
        "<style>body{background:#ccc;color:#111}.red{background:#b00}</style>"
        f'<h1>Study</h1><img src="data:image/png;base64,{coded}">'
        '<img src="http://example.invalid/x.png"><img src="data:image/png;base64,####">'
    )
    view = ReportView()
    view.resize(400, 300)
    view.show()
    view.open(path)
    qtbot.waitUntil(lambda: view.pictures >= 1, timeout=3000)
    assert "Study" in view.toPlainText()
    assert "#cccccc" not in view.toHtml()  # the page's own frame is left out
    view.close()
    view.deleteLater()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--run-session", "P001", "--protocol", "demo"], "needs a study"),
        (["/nowhere"], "not a study"),
        (["--snapshots", "/tmp/x"], "needs a study"),
    ],
    ids=["a session without a study", "no study there", "pictures of nothing"],
)
def test_wrong_usage_is_refused(words, told):
    done = subprocess.run(
        command_line("gui", *words), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert told in done.stderr


def test_snapshots_of_a_real_study(study, tmp_path):
    write_session(study, trials=1)
    out = tmp_path / "shots"
    done = subprocess.run(
        command_line("gui", str(study.folder), "--snapshots", str(out)),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    names = sorted(path.stem for path in Path(out).glob("*.png"))
    assert names == sorted(info.key for info in PAGES)
    picture = QImage(str(out / "label.png"))
    assert (picture.width(), picture.height()) == (1280, 800)


def test_settings_that_cannot_be_read_do_not_matter():
    (settings.config_dir() / "recent.json").write_text("{broken")
    assert recent_studies() == []
    (settings.config_dir() / "recent.json").write_text(json.dumps([3, "/nowhere"]))
    assert recent_studies() == []

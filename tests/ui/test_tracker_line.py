"""Help with the eye tracker's sender: the page, and a Tobii sent by the real command."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from emer_studio.ui.session.choice import SessionChoice
from emer_studio.ui.session.form import SessionForm

_GENERATOR = Path(__file__).parents[1] / "tobii_generator"
_LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def extra(monkeypatch, unique):
    """TittaPy is installed, with a drawn tracker."""
    path = os.pathsep.join(filter(None, [str(_GENERATOR), os.environ.get("PYTHONPATH")]))
    monkeypatch.setenv("PYTHONPATH", path)
    monkeypatch.setenv("TOBII_SERIAL", unique)
    monkeypatch.syspath_prepend(str(_GENERATOR))
    importlib.invalidate_caches()


@pytest.fixture
def form(qtbot, study):
    made = SessionForm(study, SessionChoice(protocol="demo", camera="0"))
    made.resize(1000, 760)
    made.show()
    yield made
    made.finish()
    made.close()
    made.deleteLater()


def test_the_page_on_senders_opens_from_the_form(form, qtbot):
    qtbot.mouseClick(form.tracker.which, _LEFT)
    page = form.tracker.guide.page
    assert page.toPlainText().startswith("Which sender to start for which eye tracker")
    for word in ("Tobii_gaze", "EyeLink", "Gazepoint", "iViewX", "head-worn"):
        assert word in page.toPlainText()
    form.tracker.guide.accept()
    assert form.tracker.guide is None


def test_a_tobii_is_offered_only_with_the_extra(qtbot, study, monkeypatch):
    for name in ("TittaPy_v2", "TittaPy_v1", "TittaPy"):
        monkeypatch.setitem(sys.modules, name, None)
    form = SessionForm(study, SessionChoice(protocol="demo", camera="0"))
    form.show()
    assert form.tracker.which.isVisible()
    assert not form.tracker.tobii.isVisible()
    form.finish()
    form.close()
    form.deleteLater()


@pytest.mark.usefixtures("extra")
def test_a_tobii_that_is_sent_becomes_the_eye_tracker(form, qtbot):
    line = form.tracker
    qtbot.mouseClick(line.tobii, _LEFT)
    qtbot.waitUntil(lambda: form.value().gaze == "Tobii_gaze", timeout=25000)
    assert line.tobii.text() == "Stop sending the Tobii"
    qtbot.waitUntil(lambda: "Hz" in form.gaze_line.text.text(), timeout=25000)
    assert form.gaze_line.text.text().startswith("TittaLSL · 38 channels")
    assert "look at" not in form.gaze_line.text.text()  # nothing is doubtful
    qtbot.waitUntil(lambda: "64 cm away" in line.text.text(), timeout=5000)
    assert "move nearer or further away" in line.text.text()
    shown = [form.gaze.itemText(row) for row in range(form.gaze.count())]
    assert not any("timeSync" in text or "positioning" in text for text in shown)
    qtbot.mouseClick(line.tobii, _LEFT)
    qtbot.waitUntil(lambda: "no longer" in line.text.text(), timeout=10000)
    assert line.tobii.text() == "Send the Tobii from here"


@pytest.mark.usefixtures("extra")
def test_without_a_tracker_the_line_says_what_to_do(form, qtbot, monkeypatch):
    monkeypatch.setenv("TOBII_SERIAL", "")
    qtbot.mouseClick(form.tracker.tobii, _LEFT)
    qtbot.waitUntil(
        lambda: "Eye Tracker Manager" in form.tracker.text.text(), timeout=25000
    )
    assert form.tracker.text.property("kind") == "small-red"

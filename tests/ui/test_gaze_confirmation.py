"""What the form says of a real stream, and who has to confirm it before a session."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt

from emer_studio.core import settings
from emer_studio.streams.inlets import Found
from emer_studio.ui.session.choice import SessionChoice
from emer_studio.ui.session.form import SessionForm
from emer_studio.ui.session.mapping_words import line, refusal, role_words
from emer_studio.ui.session.page import SessionPage
from emer_studio.ui.session.stream_search import entries
from gaze_headers import neon, titta
from senders import DESCRIBED_SENDER, Sender

LOOK_MS = 25000


@pytest.fixture
def tracker(unique):
    """A foreign sender of 38 channels, like TittaLSL."""
    words = (f"Tobii-{unique}", "120", f"src-{unique}", json.dumps(titta()))
    made = Sender(*words, code=DESCRIBED_SENDER)
    yield made
    made.kill()


@pytest.fixture
def glasses(unique):
    """A foreign sender of head-worn gaze, like Neon's relay."""
    words = (f"{unique}_Neon Gaze", "100", f"neon-{unique}", json.dumps(neon()))
    made = Sender(*words, code=DESCRIBED_SENDER)
    yield made
    made.kill()


@pytest.fixture
def form(qtbot, study):
    made = SessionForm(study, SessionChoice(protocol="demo", camera="0"))
    made.resize(1000, 760)
    made.show()
    yield made
    made.finish()
    made.close()
    made.deleteLater()


def type_in(qtbot, form, text):
    edit = form.gaze.lineEdit()
    edit.selectAll()
    qtbot.keyClicks(edit, text)
    qtbot.keyClick(edit, Qt.Key.Key_Return)


def test_a_typed_stream_is_looked_at_and_the_window_stays_alive(form, tracker, qtbot):
    began = time.monotonic()
    type_in(qtbot, form, tracker.name)
    assert time.monotonic() - began < 1.0
    assert form.gaze_line.text.text().startswith("Looking")
    qtbot.waitUntil(lambda: not form.gaze_line.look.looking, timeout=LOOK_MS)
    said = form.gaze_line.text.text()
    told = "TittaLSL · 38 channels · fraction of the display, origin top left · pupil in mm"
    assert said.startswith(told)
    assert said.splitlines()[0].endswith("Hz")
    assert said.splitlines()[1:] == ["1 thing to look at"]  # a pupil of 0.5 mm
    assert form.gaze_line.text.property("kind") == "small-amber"
    form.gaze_line.channels.click()
    shown = form.gaze_line.dialog
    assert shown.table.rowCount() == 38
    assert shown.table.item(0, 0).text() == "Left eye: gaze x"
    assert not shown.yes.isVisible()
    qtbot.mouseClick(shown.cancel, Qt.MouseButton.LeftButton)
    # The answer about an older stream is not shown for what is being typed now.
    qtbot.keyClicks(form.gaze.lineEdit(), "x")
    assert not form.gaze_line.isVisible()


def test_head_worn_gaze_is_refused_in_the_form(form, glasses, qtbot):
    type_in(qtbot, form, glasses.name)
    qtbot.waitUntil(lambda: not form.gaze_line.look.looking, timeout=LOOK_MS)
    assert form.gaze_line.text.property("kind") == "small-red"
    assert "head-worn" in form.gaze_line.text.text()


@pytest.fixture
def page_of(page, study, qtbot, monkeypatch, tmp_path):
    """Open the page; what it would start is written down instead."""
    monkeypatch.setenv("EMER_STUDIO_HOME", str(tmp_path / "home"))

    def make(gaze):
        made = page(SessionPage, study)
        made.begun = []
        made.gate.passed.disconnect(made.start_unless_in_the_way)
        made.gate.passed.connect(made.begun.append)
        choice = replace(made.form.value(), participant="P001", protocol="demo")
        made.form.setValue(replace(choice, camera="sim", gaze=gaze))
        return made

    return make


def test_start_asks_once_and_the_answer_is_remembered(page_of, tracker, qtbot):
    made = page_of(tracker.name)
    made.form.start.click()
    qtbot.waitUntil(lambda: made.gate.dialog is not None, timeout=LOOK_MS)
    dialog = made.gate.dialog
    assert dialog.question.text() == "Is this the participant's gaze?"
    qtbot.keyClick(dialog, Qt.Key.Key_Return)  # nobody confirms by accident
    assert not made.begun
    assert made.gate.dialog is dialog
    qtbot.mouseClick(dialog.cancel, Qt.MouseButton.LeftButton)
    assert not made.begun
    assert made.form.start.isEnabled()
    made.form.start.click()
    qtbot.mouseClick(made.gate.dialog.yes, Qt.MouseButton.LeftButton)
    assert [choice.gaze for choice in made.begun] == [tracker.name]
    told = made.begun[0].arguments(made.study.folder)
    assert "--gaze-confirmed" in told
    assert settings.load().confirmed_gaze == (made.begun[0].gaze_confirmed,)
    made.form.start.click()
    assert len(made.begun) == 2
    assert made.gate.dialog is None


def test_a_refused_stream_does_not_start_and_is_not_asked_about(page_of, glasses, qtbot):
    made = page_of(glasses.name)
    made.form.start.click()
    qtbot.waitUntil(lambda: not made.gate.pending, timeout=LOOK_MS)
    assert "cannot be the eye tracker" in made.form.problem.text()
    assert not made.begun
    assert made.gate.dialog is None


def test_a_stream_that_is_not_there_cannot_start(page_of, qtbot, unique):
    made = page_of(f"nobody-{unique}")
    made.form.start.click()
    qtbot.waitUntil(lambda: not made.gate.pending, timeout=LOOK_MS)
    assert "did not appear" in made.form.problem.text()
    assert not made.begun


def test_simulated_sessions_are_not_asked_about(page_of, unique):
    made = page_of(f"nobody-{unique}")
    made.form.simulate.setChecked(True)
    made.form.start.click()
    assert len(made.begun) == 1
    assert made.begun[0].gaze_confirmed == ""


def test_more_opens_with_the_keyboard_and_is_passed_on(form, qtbot):
    assert not form.more.inside.isVisible()
    form.more.toggle.setFocus()
    qtbot.keyClick(form.more.toggle, Qt.Key.Key_Space)
    assert form.more.inside.isVisible()
    qtbot.keyClick(form.more.boxes["size"], Qt.Key.Key_Down)
    qtbot.keyClick(form.more.boxes["mains"], Qt.Key.Key_Down)
    told = form.value().arguments(form._study.folder)
    assert told[told.index("--size") + 1] == "1280x720"
    assert told[told.index("--mains") + 1] == "50"
    assert "--microphone" not in told


def found(name, source_id, uid, host="here"):
    return Found(name, "Gaze", source_id, host, 120.0, 4, "float32", uid, None)


def test_streams_of_one_name_are_told_apart():
    rows = [found("A", "a", "1"), found("B", "x", "2"), found("B", "y", "3")]
    assert [given for given, _ in entries(rows)] == ["A", "id:x", "id:y"]
    twins = [found("B", "x", "2", "one"), found("B", "x", "3", "two")]
    assert [given for given, _ in entries(twins)] == ["uid:2", "uid:3"]


def test_the_confirmed_mappings_are_a_bounded_list(monkeypatch, tmp_path):
    monkeypatch.setenv("EMER_STUDIO_HOME", str(tmp_path))
    for number in range(60):
        settings.remember_gaze(f"s{number}")
    settings.remember(last_size="1280x720")
    kept = settings.load().confirmed_gaze
    assert len(kept) == 50
    assert kept[-1] == "s59"
    (tmp_path / "settings.json").write_text('{"confirmed_gaze": "x", "last_fps": "60"}')
    assert settings.load() == settings.Settings(last_fps="60")


def test_words_about_a_mapping():
    assert role_words("both_pupil") == "Both eyes: pupil"
    assert role_words("left_origin_x") == "Left eye: place of the eye, x"
    unknown = {"layout": "", "channels": [{"role": ""}], "usable": False, "declared_hz": 60}
    assert line(unknown) == "Unknown layout · 1 channel · 60.0\N{NO-BREAK SPACE}Hz"
    assert refusal(unknown) == ""

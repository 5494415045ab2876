"""The session page: its form, and the events of a session shown from real rings."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QDialog

from emer_studio.core import settings
from emer_studio.core.ring import RingWriter
from emer_studio.ui.session import gaze_view
from emer_studio.ui.session.age_plot import AGES_ROLE
from emer_studio.ui.session.choice import SessionChoice
from emer_studio.ui.session.form import SessionForm, next_code, protocols_of
from emer_studio.ui.session.gaze_view import mean_of_eyes
from emer_studio.ui.session.journal_words import in_words
from emer_studio.ui.session.live import LiveView
from emer_studio.ui.session.page import SessionPage
from sessions import write_session

_DIGITS_PX = 9  # the height of a digit of 11 px
GAZE = {"normalised": True, "left_x": 1, "left_y": 2, "left_pupil": 3, "left_valid": 4}


@pytest.fixture
def form(qtbot, study):
    made = SessionForm(study, SessionChoice(protocol="demo", camera="0"))
    made.show()
    yield made
    made.finish()
    made.close()
    made.deleteLater()


def test_the_form_says_what_it_was_given(form):
    who = ("P042", "demo", "file:/tmp/x.mkv", "Tobii", True, 0, "zh")
    more = ("1280x720", "60", "mjpeg", "50", "default")
    choice = SessionChoice(*who, *more)
    form.setValue(choice)
    assert form.value() == choice
    told = choice.arguments(form._study.folder)
    assert told[0] == "run"
    assert told[-1] == "--events"
    for word in (*who[:4], "--simulate", "zh", *more):
        assert word in told


def test_simulation_needs_no_device(form):
    form.simulate.click()
    assert (form.value().camera, form.value().gaze) == ("sim", "sim")
    assert "4 clips" in form.about.text()


def test_an_incomplete_form_says_what_is_missing(form):
    started = []
    form.startAsked.connect(started.append)
    form.participant.setText("Anna Smith")
    form.start.click()
    assert "letters and digits" in form.problem.text()
    form.participant.setText("P001")
    form.start.click()
    assert "eye tracker" in form.problem.text()
    assert not started
    form.simulate.click()
    form.start.click()
    assert [choice.participant for choice in started] == ["P001"]


def test_the_next_code_is_free_and_frozen_protocols_are_not_offered(study):
    assert next_code(study) == "P001"
    write_session(study, "P001", trials=1)
    assert next_code(study) == "P002"
    (study.folder / "protocols" / "demo.276c01d0.yaml").write_text("x")
    (study.folder / "protocols" / "own.yaml").write_text("x")
    offered = [shown for shown, _ in protocols_of(study)]
    assert offered == ["demo", "emer", "pilot", "own.yaml"]


def _status(ring):
    row = {
        "name": "EMER_SimGaze",
        "type": "Gaze",
        "declared_hz": 120.0,
        "samples": 77,
        "rate_hz": 119.9,
        "age_s": 0.01,
        "silent": False,
        "offset_ms": 0.02,
        "uncertainty_ms": 0.05,
        "lost": 4,
        "ring": str(ring),
        "gaze": GAZE,
    }
    gone = {**row, "name": "Other", "silent": True, "ring": "", "gaze": {}}
    return {"event": "recorder_status", "streams": [row, gone], "free_gb": 12.3}


@pytest.fixture
def live(qtbot):
    made = LiveView()
    made.resize(1100, 700)
    made.show()
    yield made
    made.end()
    made.close()
    made.deleteLater()


def test_events_are_shown(live, tmp_path, qtbot):
    camera = RingWriter(tmp_path / "camera.ring", 3, (48, 64, 3), "uint8")
    gaze = RingWriter(tmp_path / "01.ring", 2048, (5,))
    camera.write(np.full((48, 64, 3), 200, np.uint8))
    for k in range(240):
        lost = np.nan if k % 50 == 0 else 0.5
        gaze.write([100 + k / 120, lost, lost, 3.0, float(np.isfinite(lost))])
    live.begin(SessionChoice("P001", "demo"))
    live.take({"event": "live", "camera": str(camera.path), "gaze": "EMER_SimGaze"})
    live.take({"event": "state", "state": "clip", "trial": 2, "of": 4, "clip": "rain"})
    live.take(_status(gaze.path))
    frames = {"frames": 61, "dropped": 2, "missed": 3, "rate_hz": 29.97, "problem": ""}
    live.take({"event": "camera_status", **frames})
    entry = {"event": "finding", "what": "stream X: silent", "t_s": 5.0}
    live.take({"event": "journal", "entry": entry})
    qtbot.waitUntil(lambda: live.camera.pictures == 1)
    assert live.state.text() == "Watching the clip"
    assert "Trial 2 of 4" in live.trial.text()
    assert live.camera_facts.text().startswith("61 frames · 30.0 Hz")
    assert "2 dropped" in live.camera_facts.text()
    assert "3 missed" in live.camera_facts.text()
    cells = [live.streams.item(0, c).text() for c in range(6)]
    assert cells == ["EMER_SimGaze", "119.9 of 120", "77", "4 (4.9 %)", "0.02 ± 0.05", "ok"]
    assert live.streams.item(1, 5).text() == "silent"
    assert live.streams.item(0, 6).data(AGES_ROLE) == [0.01]
    assert live.gaze.point == live.mirror._point == (0.5, 0.5)
    assert live.disk.text() == "12.3 GB free"
    assert "silent" in live.log.item(0).text()
    qtbot.waitUntil(live.alarm.isVisible, timeout=2000)
    assert live.alarm.text.text() == "Gaze: silent. Check the tracker."
    x, _ = live.gaze._x.getData()
    assert len(x) == 240
    live.end()
    assert not live.alarm.isVisible()
    camera.close()
    gaze.close()


def _numbers(axis):
    """Where the numbers of an axis are drawn."""
    picture = QPixmap(1, 1)
    painter = QPainter(picture)
    _, _, texts = axis.generateDrawSpecs(painter)
    painter.end()
    return [box for box, _, _ in texts]


def test_a_low_window_shows_the_log_the_streams_and_the_numbers_of_the_curves(
    live, tmp_path, qtbot
):
    ring = RingWriter(tmp_path / "01.ring", 2048, (5,))
    for k in range(240):
        ring.write([100 + k / 120, 0.5, 0.5, 3.0 + k / 240, 1.0])
    live.resize(1150, 548)  # what a window of 1366 × 700 leaves to it
    live.begin(SessionChoice("P001", "demo"))
    status = _status(ring.path)
    row = {**status["streams"][0], "name": "Third", "ring": ""}
    live.take({**status, "streams": [*status["streams"], row]})
    for second in range(9):
        live.take({"event": "journal", "entry": {"event": "note", "t_s": float(second)}})

    def lines():
        return live.log.viewport().height() // live.log.sizeHintForRow(0)

    qtbot.waitUntil(lambda: live.gaze.curves.height() > 0 and lines() >= 4)
    assert not live.streams.verticalScrollBar().isVisible()
    live.gaze.poll()
    for plot in (live.gaze.curves, live.gaze.pupil):
        boxes = _numbers(plot.getPlotItem().getAxis("left"))
        assert len(boxes) >= 2
        for above, below in itertools.pairwise(sorted(boxes, key=lambda box: box.top())):
            assert below.center().y() - above.center().y() >= _DIGITS_PX
    qtbot.waitUntil(live.alarm.isVisible, timeout=2000)
    qtbot.waitUntil(lambda: lines() >= 2)
    assert live.height() == 548
    ring.close()


def test_a_tracker_that_is_silent_looks_nowhere(live, tmp_path, monkeypatch):
    ring = RingWriter(tmp_path / "01.ring", 2048, (5,))
    ring.write([100.0, 0.5, 0.5, 3.0, 1.0])
    live.take(_status(ring.path))
    live.gaze.poll()
    assert live.gaze.point == (0.5, 0.5)
    monkeypatch.setattr(gaze_view, "_OLD_S", 0.0)
    live.gaze.poll()
    assert live.gaze.point is None
    ring.write([100.1, 0.5, 0.5, 3.0, 1.0])
    monkeypatch.setattr(gaze_view, "_OLD_S", 60.0)
    live.gaze.poll()
    assert live.gaze.point == (0.5, 0.5)
    ring.close()


def test_gaze_is_the_mean_of_the_eyes_that_are_there():
    rows = np.array([[0, 0.2, 1, 0.4, 1], [1, 0.2, 0, 0.4, 1], [2, 0.2, 0, 0.4, 0]])
    columns = {"left_x": 1, "left_valid": 2, "right_x": 3, "right_valid": 4}
    found = mean_of_eyes(rows, columns, "x")
    assert np.allclose(found[:2], [0.3, 0.4])
    assert np.isnan(found[2])
    assert np.isnan(mean_of_eyes(rows, columns, "pupil")).all()


def test_one_gaze_for_both_eyes_is_shown_from_its_confidence_on() -> None:
    columns = {"both_x": 1, "both_valid": 2, "valid_from": 0.6}
    rows = np.array([[0.0, 0.4, 0.9], [0.1, 0.5, 0.3]])
    found = mean_of_eyes(rows, columns, "x")
    assert found[0] == 0.4
    assert np.isnan(found[1])


def test_journal_words_say_what_matters():
    ended = {"event": "clip_end", "clip": "rain", "summary": {"shown": 90, "expected": 180}}
    assert in_words(ended) == ("rain ended: 90 of 180 frames shown", "amber")
    assert in_words({"event": "session_done", "state": "aborted"})[1] == "red"
    died = "the camera process ended unexpectedly (exit code -9)"
    again = {"event": "finding", "what": f"{died}; started again within 0.8 s"}
    assert in_words(again) == (
        "Camera: stopped unexpectedly, started again within 0.8 s",
        "amber",
    )
    gone = {"event": "finding", "what": f"{died} and is not started again"}
    assert in_words(gone)[1] == "red"
    assert in_words({"event": "finding", "what": "low disk"}) == ("Low disk", "amber")
    check = {"event": "validation", "accuracy_deg": 0.42, "worst_deg": 0.8, "rms_deg": 0.14}
    check |= {"loss_pct": 3.0, "accepted": True, "why": [], "last": True}
    assert in_words(check) == (
        "Gaze checked: error 0.4° on average, 0.8° at worst, noise 0.14°, 3 % lost;"
        " accepted",
        "",
    )
    again = {**check, "accepted": False, "why": ["too far"], "last": False}
    assert in_words(again)[0].endswith("; too far; once more")
    unseen = {"event": "validation", "accepted": False, "why": ["gone"], "last": True}
    assert in_words(unseen) == ("Gaze could not be measured: gone", "amber")
    mapping = {"event": "gaze_layout", "stream": "T", "layout": "TittaLSL", "channels": []}
    said, weight = in_words({**mapping, "gaze_unit": "normalised", "confirmed": True})
    assert said.startswith("Gaze from T: TittaLSL")
    assert said.endswith("confirmed")
    assert weight == ""
    assert in_words({"event": "something_new"}) == ("Something new", "")


def test_a_session_that_cannot_start_comes_back_to_the_form(page, study, qtbot):
    made = page(SessionPage, study)
    made.form.setValue(SessionChoice("P001", "/nowhere/x.yaml", "sim", "sim", True))
    with qtbot.waitSignal(made.job.ended, timeout=20000):
        made.form.start.click()
    assert made.stack.currentWidget() is made.form
    assert "no protocol" in made.form.problem.text()
    assert settings.load().last_camera == "sim"


def test_the_result_of_a_session_is_shown_with_its_findings(page, study):
    made = page(SessionPage, study)
    found = ["amber: the session ended as aborted"]
    made._show_result(
        {
            "session": str(study.folder / "sessions" / "sub-P001"),
            "state": "aborted",
            "trials": 1,
            "ratings": 1,
            "verdict": "amber",
            "findings": found,
            "problem": "",
        }
    )
    assert made.outcome.text() == "Session aborted"
    assert made.findings.lines == found
    made.next.click()
    assert made.form.value().participant == "P001"


def test_a_participant_who_declines_is_no_failure_and_leaves_no_findings(page, study):
    made = page(SessionPage, study)
    made._show_result({"state": "declined", "session": "", "trials": 0, "ratings": 0})
    assert made.outcome.text() == "The participant does not take part"
    assert made.findings.lines == ["Nothing was recorded."]
    assert not made.to_label.isEnabled()


def test_trouble_beeps_only_where_somebody_asked_for_it(live, monkeypatch):
    beeps = []
    monkeypatch.setattr(QApplication, "beep", lambda: beeps.append(1))
    live.alarm.setValue(["Gaze: silent. Check the tracker."])
    assert not beeps
    live.alarm.setValue([])
    live.beep.click()
    live.alarm.setValue(["Gaze: silent. Check the tracker."])
    live.alarm.setValue(["Gaze: silent. Check the tracker."])
    assert beeps == [1]
    assert settings.load().alarm_aloud == "yes"
    live.beep.click()


def test_a_question_is_about_the_trial_that_was_shown_and_stands_alone(page, study):
    made = page(SessionPage, study)
    sent, questions = [], []
    made.job.send = lambda command, **fields: sent.append((command, fields))
    clip = {"event": "state", "state": "clip", "of": 5, "clip": "c"}

    def while_the_session_goes_on(parent, text):
        questions.append(text)
        box = QDialog(parent)
        box.open()
        made.live.take({"event": "desk_asked", "command": "skip"})
        made.live.take({**clip, "trial": 4})
        box.done(1)
        box.deleteLater()
        return True

    made.confirm = while_the_session_goes_on
    made.live.take({**clip, "trial": 3})
    made.live.take({"event": "desk_asked", "command": "skip"})
    assert len(questions) == 1
    assert sent == [("skip", {"trial": 3})]

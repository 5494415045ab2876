"""The table of every stream on the network, with senders that come, fall silent and go."""

from __future__ import annotations

import json

import pytest
from PySide6.QtCore import Qt

from emer_studio.schema.streams import Channel
from emer_studio.streams.outlets import Outlet, OutletSpec, new_source_id
from emer_studio.ui.session.choice import SessionChoice
from emer_studio.ui.session.form import SessionForm
from emer_studio.ui.session.stream_words import cells, choosable, words
from gaze_headers import titta
from senders import DESCRIBED_SENDER, MARKER_SENDER, Sender

LEFT = Qt.MouseButton.LeftButton
SOON_MS = 20000


@pytest.fixture
def form(qtbot, study):
    made = SessionForm(study, SessionChoice(protocol="demo", camera="0"))
    made.resize(1000, 760)
    made.show()
    yield made
    made.finish()
    made.close()
    made.deleteLater()


@pytest.fixture
def tracker(unique):
    words = (f"Tobii-{unique}", "120", f"src-{unique}", json.dumps(titta()))
    made = Sender(*words, code=DESCRIBED_SENDER)
    yield made
    made.kill()


@pytest.fixture
def ours(unique):
    """A stream of a session: our markers, with one of them sent."""
    spec = OutletSpec(
        f"markers-{unique}",
        "Markers",
        (Channel("markers"),),
        "string",
        0,
        new_source_id("markers"),
    )
    made = Outlet(spec)
    yield made
    made.close()


def shown(dialog, name):
    """The texts of a stream's row; empty where it has none."""
    grid = dialog.table
    for row in range(grid.rowCount()):
        if grid.item(row, 0).text() == name:
            return [grid.item(row, column).text() for column in range(grid.columnCount())]
    return [""] * grid.columnCount()


def place(dialog, name):
    """Where a stream can be clicked."""
    grid = dialog.table
    names = [grid.item(row, 0).text() for row in range(grid.rowCount())]
    where = grid.visualItemRect(grid.item(names.index(name), 0)).center()
    return grid.viewport(), where


def test_streams_come_and_go_and_one_is_taken(form, tracker, ours, qtbot, unique):
    qtbot.mouseClick(form.tracker.every, LEFT)
    dialog = form.eye.streams
    assert dialog.isVisible()
    qtbot.waitUntil(lambda: shown(dialog, tracker.name)[6] == "sending", timeout=SOON_MS)
    name, kind, host, channels, _, what, _ = shown(dialog, tracker.name)
    assert (kind, channels, what) == ("Gaze", "38", "TittaLSL")
    assert host
    qtbot.waitUntil(lambda: " of 120" in shown(dialog, tracker.name)[4], timeout=SOON_MS)
    qtbot.waitUntil(lambda: shown(dialog, ours.spec.name)[5:] == ["no gaze, ours", "there"])
    assert not ours.watched  # what waits for its recorder still does
    assert not dialog.use.isEnabled()
    # What appears and vanishes while somebody looks; the chosen row stays chosen.
    view, where = place(dialog, name)
    qtbot.mouseClick(view, LEFT, pos=where)
    assert dialog.use.isEnabled()
    other = Sender(f"A-{unique}", "0.1", f"m-{unique}", code=MARKER_SENDER)
    try:
        qtbot.waitUntil(lambda: shown(dialog, other.name)[6] == "sending", timeout=SOON_MS)
        told = ["events", "not recognised: recorded as it is"]
        assert shown(dialog, other.name)[4:6] == told
        assert dialog._row()["name"] == tracker.name
    finally:
        other.kill()
    qtbot.waitUntil(
        lambda: shown(dialog, other.name)[6].startswith("gone"), timeout=SOON_MS
    )
    view, where = place(dialog, name)
    qtbot.mouseClick(view, LEFT, pos=where)
    qtbot.mouseDClick(view, LEFT, pos=where)
    assert not dialog.isVisible()
    assert form.value().gaze == name
    qtbot.waitUntil(lambda: not form.gaze_line.look.looking, timeout=SOON_MS)
    assert form.gaze_line.text.text().startswith("TittaLSL")


def test_a_silent_sender_is_told_and_enter_takes_it_all_the_same(form, unique, qtbot):
    spec = (Channel("left_x"), Channel("left_y"))
    still = Outlet(
        OutletSpec(f"Still-{unique}", "Gaze", spec, "float32", 60.0, f"still-{unique}")
    )
    form.tracker.every.click()
    dialog = form.eye.streams
    dialog.reject()
    form.tracker.every.click()  # while the one that listened still ends
    qtbot.waitUntil(lambda: shown(dialog, still.spec.name)[6] == "silent", timeout=SOON_MS)
    dialog._again.setInterval(50)
    dialog.job._child.kill()
    qtbot.waitUntil(lambda: "failed" in dialog.empty.title.text(), timeout=SOON_MS)
    qtbot.waitUntil(lambda: shown(dialog, still.spec.name)[6] == "silent", timeout=SOON_MS)
    view, where = place(dialog, still.spec.name)
    qtbot.mouseClick(view, LEFT, pos=where)
    assert "Nothing comes" in dialog.said.text()
    qtbot.keyClick(dialog.table, Qt.Key.Key_Return)
    still.close()
    assert not dialog.isVisible()
    assert form.value().gaze == still.spec.name


def test_what_cannot_be_the_tracker_is_not_offered():
    glasses = {"name": "g", "type": "Gaze", "host": "h", "channels": 9, "declared_hz": 0.0}
    glasses |= {"query": "g", "state": "sending", "rate_hz": 99.6, "age_s": 0.1}
    refused = {**glasses, "layout": "Neon", "usable": False, "why_not": "It is head-worn."}
    assert not choosable(refused)
    assert words(refused) == ("It is head-worn.", "small-red")
    assert cells(refused)[5][0] == "Neon, cannot be used"
    assert cells(refused)[4][0] == "99.6, irregular"
    unknown = {**glasses, "layout": "", "usable": False}
    assert choosable(unknown)
    assert "recorded as it is" in words(unknown)[0]
    assert not choosable({**unknown, "type": "EEG"})
    assert not choosable({**unknown, "state": "gone", "query": "", "age_s": 4.2})
    assert cells({**unknown, "state": "gone", "age_s": 4.2})[6][:2] == ("gone 4 s", "red")
    stuck = {**unknown, "state": "unanswered", "why": "It does not answer."}
    assert words(stuck) == ("It does not answer.", "small-red")

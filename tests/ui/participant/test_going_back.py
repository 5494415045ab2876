"""Going back to the page before: keys, buttons and what the window tells."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from emer_studio.devices.audio import open_output
from emer_studio.stimulus.framelog import FrameLog
from emer_studio.ui.participant import pages
from emer_studio.ui.participant.pages import BlankPage
from emer_studio.ui.participant.presenter import ClipPresenter
from emer_studio.ui.participant.process import ParticipantProcess
from emer_studio.ui.participant.window import ParticipantWindow
from emer_studio.ui.words import Words

K = Qt.Key
Q = {"en": "?"}
ITEMS = {f"i{k}": {"en": f"Item {k}"} for k in range(10)}
PAGES = {
    "sam": {"kind": "sam", "dimensions": ["valence", "arousal"]},
    "slider": {"kind": "slider", "dimensions": ["valence", "arousal"]},
    "choice": {"kind": "choice", "labels": ["a", "b"], "question": Q},
    "scale": {"kind": "scale", "question": Q},
    "items": {"kind": "items", "items": ITEMS, "question": Q},
    "text": {"kind": "text", "question": Q},
}
EARLIER = {
    "sam": {"valence": 3, "arousal": 8},
    "slider": {"valence": 0.25, "arousal": 0.5},
    "choice": "b",
    "scale": 7,
    "items": dict.fromkeys(ITEMS, 2),
    "text": "The sea.",
}


@pytest.fixture
def process(qtbot, monkeypatch, tmp_path):
    monkeypatch.setattr(pages, "_DEAF_S", 0.0)
    words = Words("en", "participant")
    window = ParticipantWindow(words)
    window.resize(1280, 720)
    window.show()
    presenter = ClipPresenter(FrameLog(tmp_path / "presented.csv"), open_output())
    heard = []
    process = ParticipantProcess(
        window, presenter, words, lambda name, **fields: heard.append((name, fields))
    )
    process.heard, process.window = heard, window
    yield process
    window.finish()
    window.deleteLater()
    presenter.close()


def _rate(process, kind, back=True, **more):
    page = {"id": "p", "back": back, **PAGES[kind]}
    process.command.emit({"cmd": "rate", "trial": 4, "page": page, **more})
    assert process.heard[-1][0] == "page_shown", process.heard[-1]
    return process.window.page


def _told(process, name):
    return [fields for what, fields in process.heard if what == name]


@pytest.mark.parametrize("kind", PAGES)
def test_an_earlier_answer_is_shown_again_and_enter_keeps_it(process, kind):
    form = _rate(process, kind, earlier=EARLIER[kind])
    assert form.value() == EARLIER[kind]
    empty = _rate(process, kind).value()
    assert empty is None
    form = _rate(process, kind, earlier=EARLIER[kind])
    keys = Qt.KeyboardModifier
    held = keys.ControlModifier if kind == "text" else keys.NoModifier
    for _ in range(getattr(form, "screens", 1)):
        target = process.window.focusWidget()
        QTest.keyClick(target, K.Key_Return, held)
    (rating,) = _told(process, "rating")
    assert rating["value"] == EARLIER[kind]
    assert _told(process, "rating_change") == []


@pytest.mark.parametrize("kind", [kind for kind in PAGES if kind != "text"])
def test_backspace_asks_for_the_page_before(process, kind):
    _rate(process, kind, earlier=EARLIER[kind])
    QTest.keyClick(process.window, K.Key_Backspace)
    (told,) = _told(process, "rating_back")
    assert told["value"] == EARLIER[kind]
    assert (told["trial"], told["page"]) == (4, "p")
    assert isinstance(process.window.page, BlankPage)
    assert _told(process, "rating") == []


def test_what_was_half_filled_in_is_told_with_the_way_back(process):
    form = _rate(process, "sam")
    QTest.keyClick(process.window, K.Key_6)
    QTest.mouseClick(
        form, Qt.MouseButton.LeftButton, pos=form.back_box().center().toPoint()
    )
    assert _told(process, "rating_back")[0]["value"] == {"valence": 6}
    assert _rate(process, "sam", earlier={"valence": 6}).answers == {"valence": 6}


def test_a_writer_goes_back_with_the_button_or_alt_and_left(process):
    form = _rate(process, "text", earlier="The sea.")
    QTest.keyClick(form.field, K.Key_Backspace)
    assert form.value() == "The sea"
    QTest.keyClick(form.field, K.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert _told(process, "rating_back")[0]["value"] == "The sea"
    assert _told(process, "rating_change")[0]["value"] == "The sea"


def test_a_page_that_does_not_allow_it_has_no_way_back(process):
    for kind in PAGES:
        form = _rate(process, kind, back=False)
        QTest.keyClick(process.window.focusWidget(), K.Key_Backspace)
        centre = form.back_box().center().toPoint()
        QTest.mouseClick(form, Qt.MouseButton.LeftButton, pos=centre)
        assert process.window.page is form
    assert _told(process, "rating_back") == []


def test_an_answer_that_does_not_fit_the_page_is_an_error_and_nothing_more(process):
    command = {"cmd": "rate", "trial": 1, "page": {"id": "p", **PAGES["choice"]}}
    process.command.emit({**command, "earlier": "never heard of"})
    assert process.heard[-1][0] == "error"
    _rate(process, "choice")

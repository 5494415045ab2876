"""The consent page, by real keys, clicks and wheel; and what its process tells."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from emer_studio.devices.audio import open_output
from emer_studio.schema.consent import DEFAULT_SCOPES, ConsentForm
from emer_studio.stimulus.framelog import FrameLog
from emer_studio.ui.participant import pages, simulated
from emer_studio.ui.participant.consent_page import ConsentPage
from emer_studio.ui.participant.presenter import ClipPresenter
from emer_studio.ui.participant.process import ParticipantProcess
from emer_studio.ui.participant.simulated import SimulatedParticipant
from emer_studio.ui.participant.window import ParticipantWindow
from emer_studio.ui.words import Words

K = Qt.Key
FORM = ConsentForm({"en": "Please take part."}, {}, DEFAULT_SCOPES).shown("en")
NEEDED, ALL = ["take_part", "record_video"], [scope.id for scope in DEFAULT_SCOPES]


@pytest.fixture(params=["en", "zh"])
def process(qtbot, monkeypatch, tmp_path, request):
    monkeypatch.setattr(pages, "_DEAF_S", 0.0)
    words = Words(request.param, "participant")
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


def ask(process, text=FORM.text):
    process.command.emit({"cmd": "consent", "text": text, "scopes": FORM.scopes})
    page = process.window.page
    assert isinstance(page, ConsentPage)
    assert page.given() == []
    return page


def answers(process):
    return [fields for name, fields in process.heard if name == "consent"]


def press(process, *keys):
    for key in keys:
        QTest.keyClick(process.window, key)


def click(page, at):
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QTest.mouseClick(page, left, none, QPoint(round(at.x()), round(at.y())))


def test_nobody_agrees_before_what_is_needed_is_ticked(process):
    page = ask(process)
    press(process, K.Key_Return, K.Key_1, K.Key_Return)
    click(page, page.agree_box().center())
    assert page.complaining
    assert answers(process) == []
    press(process, K.Key_2, K.Key_Return)
    (answer,) = answers(process)
    assert (answer["agreed"], answer["given"]) == (True, NEEDED)
    assert answer["input"] == "keyboard"
    assert not answer["simulated"]


def test_boxes_are_ticked_and_unticked_by_mouse(process):
    page = ask(process)
    for index in (0, 1, 2, 3, 2):
        click(page, page.scope_box(index).center())
    click(page, page.agree_box().center())
    (answer,) = answers(process)
    assert answer["given"] == [*NEEDED, "share"]
    assert answer["input"] == "mouse"


def test_boxes_are_ticked_with_a_finger(process):
    process.window.resize(768, 432)  # the offscreen display takes touches on itself only
    page, screen = ask(process), QTest.createTouchDevice()
    for index in (0, 1):
        at = page.scope_box(index).center().toPoint()
        QTest.touchEvent(page, screen).press(0, at, page).commit()
        QTest.touchEvent(page, screen).release(0, at, page).commit()
    assert page.given() == NEEDED
    assert page.input == "touch"


def test_the_ring_reaches_everything_without_a_digit(process):
    ask(process)
    press(process, K.Key_Space)  # there is no ring yet: nothing happens
    for _ in range(4):
        press(process, K.Key_Down, K.Key_Space)
    press(process, K.Key_Tab, K.Key_Tab, K.Key_Space)
    (answer,) = answers(process)
    assert answer["given"] == ALL


@pytest.mark.parametrize("how", ["mouse", "keyboard"])
def test_declining_needs_no_tick_and_gives_nothing(process, how):
    page = ask(process)
    press(process, K.Key_1)
    if how == "mouse":
        click(page, page.decline_box().center())
    else:
        press(process, *[K.Key_Tab] * 5, K.Key_Return)
    (answer,) = answers(process)
    assert (answer["agreed"], answer["given"]) == (False, [])
    process.command.emit({"cmd": "thanks"})
    assert process.window.page.name == "text"


def test_a_text_of_any_length_can_be_read_to_its_end(process):
    page = ask(process, "\n\n".join(f"Paragraph {k} of many." for k in range(60)))
    page.grab()
    assert page.scrolled == 0
    press(process, K.Key_PageDown)
    first = page.scrolled
    assert first > 200
    at = page.text_box().center()
    wheel = QWheelEvent(
        at, QPointF(page.mapToGlobal(at)), QPoint(), QPoint(0, -120),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(page, wheel)
    second = page.scrolled
    assert second > first
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    start = QPoint(round(at.x()), round(at.y()))
    QTest.mousePress(page, left, none, start)
    QTest.mouseMove(page, start - QPoint(0, 100))
    QTest.mouseRelease(page, left, none, start - QPoint(0, 100))
    assert page.scrolled > second
    for _ in range(30):
        press(process, K.Key_PageDown)
    end = page.scrolled
    press(process, K.Key_PageDown)
    assert page.scrolled == end > 600


def test_after_a_pause_it_is_asked_anew(process):
    page = ask(process)
    press(process, K.Key_1)
    process.window.pause_requested.emit("handle")
    process.command.emit({"cmd": "consent", "text": "", "scopes": FORM.scopes})
    assert process.window.page.name == "pause"
    process.command.emit({"cmd": "resume"})
    assert ask(process) is not page


def test_a_simulated_participant_ticks_by_keys(process, qtbot, monkeypatch):
    for name in ("_LOOK_S", "_KEY_S"):
        monkeypatch.setattr(simulated, name, (0.001, 0.002))
    SimulatedParticipant(process.window, seed=1)
    ask(process)
    qtbot.waitUntil(lambda: bool(answers(process)), timeout=5000)
    (answer,) = answers(process)
    assert (answer["agreed"], answer["given"]) == (True, ALL)

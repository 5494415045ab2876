"""A simulated participant: looks at the page shown and types, by real key events.

It never calls a page: keys, mouse and input-method events are posted to the window and
take the way of a person's.
"""

from __future__ import annotations

import random

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPointF, Qt, QTimer, Slot
from PySide6.QtGui import QInputMethodEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QWidget

from emer_studio.ui.participant.consent_page import ConsentPage
from emer_studio.ui.participant.pages import Page, TextPage
from emer_studio.ui.participant.rating import RatingForm
from emer_studio.ui.participant.simulated_answers import (
    Act,
    Compose,
    Press,
    Slide,
    answers_on,
)
from emer_studio.ui.participant.slider import SliderForm
from emer_studio.ui.participant.window import ParticipantWindow

__all__ = ["SimulatedParticipant"]

# Seconds before the first key, between keys, and between letters, each drawn evenly from
# a range. Chosen by us: quick for a person, so that a simulated session does not take all
# day.
_LOOK_S = (0.45, 0.8)
_KEY_S = (0.12, 0.3)
_LETTER_S = (0.03, 0.08)
_REGRET = 0.1  # chance of going back from a page that allows it, once a trial at most

_Key = Qt.Key
_None = Qt.KeyboardModifier.NoModifier


class SimulatedParticipant(QObject):
    """Answers every page after a short, plausible delay.

    Parameters
    ----------
    window : ParticipantWindow
        The window to look at and to type into.
    seed : int
        Of all delays and answers.
    """

    def __init__(self, window: ParticipantWindow, seed: int = 0) -> None:
        super().__init__(window)
        self._window = window
        self._random = random.Random(seed)
        self._emotion, self._felt = "", {"valence": 0.0, "arousal": 0.0}
        self._acts: list[Act] = []
        self._page: Page | None = None
        self._regretted = False
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._act)
        window.page_changed.connect(self._attend)

    def feel(self, emotion: str, valence: float, arousal: float) -> None:
        """Be in a situation: values on -1 … 1."""
        self._emotion, self._regretted = emotion, False
        self._felt = {"valence": valence, "arousal": arousal}

    @Slot(object)
    def _attend(self, page: Page) -> None:
        self._page, self._acts = page, []
        self._timer.stop()
        if isinstance(page, TextPage):
            self._acts = [Press(_Key.Key_Space)]
        elif isinstance(page, ConsentPage):
            ticks = [_Key.Key_1 + row for row in range(len(page.scopes))]
            self._acts = [*(Press(key, chr(key)) for key in ticks), Press(_Key.Key_Return)]
        elif isinstance(page, RatingForm):
            self._acts = self._answers(page)
        if self._acts:
            self._timer.start(self._after(_LOOK_S))

    def _answers(self, page: RatingForm) -> list[Act]:
        way_back = page.rating.back and page.rating.kind != "text"
        if way_back and not self._regretted and self._random.random() < _REGRET:
            self._regretted = True
            return [Press(_Key.Key_Backspace)]
        return answers_on(page, self._emotion, self._felt, self._random)

    def _after(self, range_s: tuple[float, float]) -> int:
        return round(self._random.uniform(*range_s) * 1000)

    @Slot()
    def _act(self) -> None:
        if self._page is not self._window.page or not self._acts:
            return
        act = self._acts.pop(0)
        if isinstance(act, Slide):
            _slide(self._page, act)
        else:
            # A field to write in holds the keyboard; on all other pages the window does.
            _type(self._window.focusWidget() or self._window, act)
        if self._acts:
            letter = isinstance(act, Press) and act.text.isalpha()
            self._timer.start(self._after(_LETTER_S if letter else _KEY_S))
        elif isinstance(self._page, TextPage):
            # A page may have no way on, or have been deaf still: try again, calmly.
            self._acts = [Press(_Key.Key_Space)]
            self._timer.start(1000)


def _type(target: QWidget, act: Press | Compose) -> None:
    """Post a key, or a text from an input method."""
    if isinstance(act, Compose):
        composed = QInputMethodEvent()
        composed.setCommitString(act.text)
        QCoreApplication.postEvent(target, composed)
        return
    held = Qt.KeyboardModifier.ControlModifier if act.control else _None
    for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
        QCoreApplication.postEvent(target, QKeyEvent(kind, act.key, held, act.text))


def _slide(page: Page | None, act: Slide) -> None:
    """Post the events of a drag from the middle of a track."""
    assert isinstance(page, SliderForm)
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    start, end = (page.point_at(act.row, share) for share in (0.5, act.share))
    for kind, at, button, held in (
        (QEvent.Type.MouseButtonPress, start, left, left),
        (QEvent.Type.MouseMove, end, none, left),
        (QEvent.Type.MouseButtonRelease, end, left, none),
    ):
        there = QPointF(page.mapToGlobal(at))
        event = QMouseEvent(kind, at, there, button, held, _None)
        QCoreApplication.postEvent(page, event)

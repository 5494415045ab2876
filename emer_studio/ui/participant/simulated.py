"""A simulated participant: looks at the page shown and types, by real key events.

It never calls a page: keys are posted to the window and take the way of a person's.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QObject, Qt, QTimer, Slot
from PySide6.QtGui import QKeyEvent

from emer_studio.schema.rating import RatingPage
from emer_studio.ui.participant.pages import Page, TextPage
from emer_studio.ui.participant.rating import RatingForm
from emer_studio.ui.participant.window import ParticipantWindow

__all__ = ["SimulatedParticipant", "answers_to"]

# Seconds before the first key and between keys, each drawn evenly from a range. Chosen by
# us: quick for a person, so that a simulated session does not take all day.
_LOOK_S = (0.45, 0.8)
_KEY_S = (0.12, 0.3)
# Spread of a rating around the felt value, in points of nine; the spread of single
# ratings around a clip's mean is of this order in published norms (1.5 to 2), lower here
# so that short simulated studies keep a visible signal. Chosen by us.
_SPREAD_POINTS = 0.9
_SLIP = 0.15  # chance of choosing another label than the emotion of the clip

_Key = Qt.Key


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
        self._keys: list[int] = []
        self._page: Page | None = None
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._press)
        window.page_changed.connect(self._attend)

    def feel(self, emotion: str, valence: float, arousal: float) -> None:
        """Be in a situation: values on -1 … 1."""
        self._emotion = emotion
        self._felt = {"valence": valence, "arousal": arousal}

    @Slot(object)
    def _attend(self, page: Page) -> None:
        self._page, self._keys = page, []
        self._timer.stop()
        if isinstance(page, TextPage):
            self._keys = [_Key.Key_Space]
        elif isinstance(page, RatingForm):
            answers = answers_to(page.rating, self._emotion, self._felt, self._random)
            self._keys = [*answers, _Key.Key_Return]
        if self._keys:
            self._timer.start(round(self._random.uniform(*_LOOK_S) * 1000))

    @Slot()
    def _press(self) -> None:
        if self._page is not self._window.page or not self._keys:
            return
        key = self._keys.pop(0)
        none = Qt.KeyboardModifier.NoModifier
        digit = chr(key) if _Key.Key_0 <= key <= _Key.Key_9 else ""
        for kind in (QKeyEvent.Type.KeyPress, QKeyEvent.Type.KeyRelease):
            QCoreApplication.postEvent(self._window, QKeyEvent(kind, key, none, digit))
        if self._keys:
            self._timer.start(round(self._random.uniform(*_KEY_S) * 1000))
        elif isinstance(self._page, TextPage):
            # A page may have no way on, or have been deaf still: try again, calmly.
            self._keys = [_Key.Key_Space]
            self._timer.start(1000)


def answers_to(
    rating: RatingPage, emotion: str, felt: dict[str, float], chance: random.Random
) -> Sequence[int]:
    """Return the keys a person who feels like this would press, without Enter.

    Parameters
    ----------
    rating : RatingPage
        The page asked.
    emotion : str
        Emotion of the clip; a label of a choice page is chosen by it.
    felt : dict of str to float
        Valence and arousal on -1 … 1; what is absent is felt as 0.
    chance : random.Random
        Source of the noise.
    """
    if rating.kind == "sam":
        felt_values = [felt.get(name, 0.0) for name in rating.dimensions]
        return [_Key.Key_0 + _point(value, rating.points, chance) for value in felt_values]
    if rating.kind == "scale":
        return _to(
            _point(felt.get("arousal", 0.0), rating.points, chance) - 1,
            (rating.points - 1) // 2,
            _Key.Key_Right,
            _Key.Key_Left,
        )
    if emotion in rating.labels and chance.random() >= _SLIP:
        index = rating.labels.index(emotion)
    else:
        index = chance.randrange(len(rating.labels))
    return _to(index, 0, _Key.Key_Down, _Key.Key_Up)


def _point(value: float, points: int, chance: random.Random) -> int:
    half = (points - 1) / 2
    spread = _SPREAD_POINTS * half / 4
    return min(max(round(1 + half + value * half + chance.gauss(0, spread)), 1), points)


def _to(index: int, start: int, forth: int, back: int) -> list[int]:
    """Return the keys that pick `index`: a digit, or steps from where stepping starts."""
    if index < 9:
        return [_Key.Key_1 + index]
    step = forth if index > start else back
    return [forth, *[step] * abs(index - start)]

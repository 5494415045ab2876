"""What a simulated participant would do on a rating page: keys, slides and words."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtCore import Qt

from emer_studio.core.emotions import EMOTIONS
from emer_studio.schema.rating import RatingPage
from emer_studio.ui.participant.items import ItemsForm
from emer_studio.ui.participant.rating import RatingForm

__all__ = ["Act", "Compose", "Press", "Slide", "answers_on"]

# Spread of a rating around the felt value, in points of nine; the spread of single
# ratings around a clip's mean is of this order in published norms (1.5 to 2), lower here
# so that short simulated studies keep a visible signal. Chosen by us.
_SPREAD_POINTS = 0.9
_SLIP = 0.15  # chance of choosing another label than the emotion of the clip
_SILENT = 0.3  # chance of leaving an optional text empty
_STRONG, _ABSENT = 0.6, -0.85  # strength of the clip's emotion and of the others, -1 … 1
_SAID = {"en": "It made me think of a friend.", "zh": "这让我想起了一位朋友。"}

_Key = Qt.Key


@dataclass(frozen=True, slots=True)
class Press:
    """A key, with the text it writes."""

    key: int
    text: str = ""
    control: bool = False


@dataclass(frozen=True, slots=True)
class Slide:
    """A handle dragged along the track of a row to a place between 0 and 1."""

    row: int
    share: float


@dataclass(frozen=True, slots=True)
class Compose:
    """A text as an input method hands it over."""

    text: str


Act = Press | Slide | Compose
_Felt = dict[str, float]


def answers_on(
    form: RatingForm, emotion: str, felt: _Felt, chance: random.Random
) -> list[Act]:
    """Return what a person who feels like this would do, up to the end of the page.

    Parameters
    ----------
    form : RatingForm
        The page shown.
    emotion : str
        Emotion of the clip: the label that is chosen, the item that is strong.
    felt : dict of str to float
        Valence and arousal on -1 … 1; what is absent is felt as 0.
    chance : random.Random
        Source of the noise.
    """
    page = form.rating
    if page.kind == "text":
        return _write(form, chance)
    if isinstance(form, ItemsForm):
        return _items(form, emotion, felt, chance)
    if page.kind == "slider":
        values = (felt.get(name, 0.0) for name in page.dimensions)
        slides = [Slide(row, _share(value, chance)) for row, value in enumerate(values)]
        return [*slides, Press(_Key.Key_Return)]
    if page.kind == "sam":
        values = (felt.get(name, 0.0) for name in page.dimensions)
        keys = [_Key.Key_0 + _point(value, page.points, chance) for value in values]
    elif page.kind == "scale":
        point = _point(felt.get("arousal", 0.0), page.points, chance)
        keys = _to(point - 1, (page.points - 1) // 2, _Key.Key_Right, _Key.Key_Left)
    else:
        keys = _to(_label(page, emotion, chance), 0, _Key.Key_Down, _Key.Key_Up)
    return _presses([*keys, _Key.Key_Return])


def _label(page: RatingPage, emotion: str, chance: random.Random) -> int:
    if emotion in page.labels and chance.random() >= _SLIP:
        return page.labels.index(emotion)
    return chance.randrange(len(page.labels))


def _write(form: RatingForm, chance: random.Random) -> list[Act]:
    end = Press(_Key.Key_Return, control=True)
    if form.rating.optional and chance.random() < _SILENT:
        return [end]
    said = _SAID.get(form.words.language, _SAID["en"])
    if form.words.language == "zh":
        return [Compose(said), end]
    return [*(Press(ord(letter.upper()), letter) for letter in said), end]


def _items(form: ItemsForm, emotion: str, felt: _Felt, chance: random.Random) -> list[Act]:
    """Answer the items as they are shown, screen after screen."""
    points, keys = form.rating.points, list[int]()
    for place, item in enumerate(form.order, start=1):
        point = _point(_strength(form.rating, item, emotion, felt), points, chance)
        keys += _to(point - 1, (points - 1) // 2, _Key.Key_Right, _Key.Key_Left)
        if place % form.per_screen == 0 or place == len(form.order):
            keys.append(_Key.Key_Return)
        elif point > 9:  # digits go to the next item by themselves
            keys.append(_Key.Key_Down)
    return _presses(keys)


def _strength(page: RatingPage, item: str, emotion: str, felt: _Felt) -> float:
    """Return how strongly an item is felt: as an emotion, or as a mood that is scored."""
    if item == emotion:
        return _STRONG
    if item in EMOTIONS or item == "other":
        return _ABSENT
    if item in page.scores.get("negative", ()):
        return -felt.get("valence", 0.0)
    return felt.get(item, felt.get("valence", 0.0))


def _point(value: float, points: int, chance: random.Random) -> int:
    half = (points - 1) / 2
    spread = _SPREAD_POINTS * half / 4
    return min(max(round(1 + half + value * half + chance.gauss(0, spread)), 1), points)


def _share(value: float, chance: random.Random) -> float:
    noisy = (value + 1) / 2 + chance.gauss(0, _SPREAD_POINTS / 8)
    return min(max(noisy, 0.0), 1.0)


def _to(index: int, start: int, forth: int, back: int) -> list[int]:
    """Return the keys that pick `index`: a digit, or steps from where stepping starts."""
    if index < 9:
        return [_Key.Key_1 + index]
    step = forth if index > start else back
    return [forth, *[step] * abs(index - start)]


def _presses(keys: Iterable[int]) -> list[Act]:
    return [Press(key, chr(key) if _Key.Key_0 <= key <= _Key.Key_9 else "") for key in keys]

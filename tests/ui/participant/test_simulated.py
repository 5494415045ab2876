"""The simulated participant answers every kind of page with real events."""

from __future__ import annotations

import random

import pytest

from emer_studio.core.emotions import EMOTIONS
from emer_studio.schema.rating import parse_page
from emer_studio.ui.participant import pages, simulated
from emer_studio.ui.participant.process import _FORMS
from emer_studio.ui.participant.simulated import SimulatedParticipant
from emer_studio.ui.participant.simulated_answers import answers_on
from emer_studio.ui.participant.window import ParticipantWindow
from emer_studio.ui.words import Words

Q = {"en": "?"}
FEELINGS = {name: {"en": name} for name in (*EMOTIONS, "other")}
MOOD = {name: {"en": name} for name in "abcdefghij"}
PAGES = {
    "sam": {"kind": "sam", "dimensions": ["valence", "arousal"]},
    "slider": {"kind": "slider", "dimensions": ["valence", "arousal", "dominance"]},
    "choice": {"kind": "choice", "labels": [*"abcdefghijk", "fear"], "question": Q},
    "scale": {"kind": "scale", "points": 11, "question": Q},
    "items": {"kind": "items", "items": FEELINGS, "shuffle_items": True, "question": Q},
    "long": {"kind": "items", "points": 11, "items": MOOD, "question": Q},
    "text": {"kind": "text", "question": Q},
}


@pytest.fixture(params=["en", "zh"])
def window(qtbot, monkeypatch, request):
    monkeypatch.setattr(pages, "_DEAF_S", 0.0)
    for name in ("_LOOK_S", "_KEY_S", "_LETTER_S"):
        monkeypatch.setattr(simulated, name, (0.001, 0.002))
    window = ParticipantWindow(Words(request.param, "participant"), simulated=True)
    window.resize(1280, 720)
    window.show()
    yield window
    window.finish()
    window.deleteLater()


@pytest.mark.parametrize("name", PAGES)
def test_every_kind_of_page_is_answered_to_its_end(window, qtbot, name):
    someone = SimulatedParticipant(window, seed=3)
    someone.feel("fear", -0.7, 0.8)
    page = parse_page({"id": name, **PAGES[name]})
    form = _FORMS[page.kind](window, Words("en", "participant"), page)
    form.begin(seed=1)
    with qtbot.waitSignal(form.done, timeout=5000):
        window.show_page(form)
    value = form.value()
    if name == "slider":
        assert value["valence"] < 0.4 < 0.6 < value["arousal"]
        assert form.input == "mouse"
    elif name == "items":
        assert max(value, key=value.get) == "fear"
        assert set(value) == set(FEELINGS)
    elif name == "text":
        assert len(value) > 5


def test_chinese_is_written_through_an_input_method(window, qtbot):
    someone = SimulatedParticipant(window, seed=3)
    form = _FORMS["text"](
        window, Words("zh", "participant"), parse_page({"id": "t", **PAGES["text"]})
    )
    with qtbot.waitSignal(form.done, timeout=5000):
        window.show_page(form)
    assert form.value() == "这让我想起了一位朋友。"
    assert someone is not None


def test_a_negative_mood_is_felt_where_its_items_are_asked(window):
    scores = {"positive": list("abcde"), "negative": list("fghij")}
    raw = {"id": "mood", "kind": "items", "points": 9, "items": MOOD, "scores": scores}
    form = _FORMS["items"](
        window, Words("en", "participant"), parse_page({**raw, "question": Q})
    )
    felt = {"valence": -0.8, "arousal": 0.0}
    acts = answers_on(form, "fear", felt, random.Random(1))
    points = [int(act.text) for act in acts if act.text]
    assert len(points) == 10
    assert sum(points[:5]) < 20 < 30 < sum(points[5:])

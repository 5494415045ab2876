"""Go or no-go beside the form, with the real command behind it."""

from __future__ import annotations

import pytest

from emer_studio.ui.session.choice import SessionChoice
from emer_studio.ui.session.page import SessionPage
from emer_studio.ui.session.ready_card import ReadyCard, preflight_words

CHOICE = SessionChoice(participant="P001", protocol="demo", camera="sim", gaze="sim")


@pytest.fixture
def card(qtbot, study):
    made = ReadyCard(study.folder)
    qtbot.addWidget(made)
    made.show()
    yield made
    made.finish()


def _item(card, name, state, said="…", fix=""):
    event = {"event": "item", "name": name, "state": state, "said": said, "fix": fix}
    card._heard(event)


def test_a_choice_becomes_the_command(tmp_path):
    words = " ".join(preflight_words(tmp_path, CHOICE))
    assert words.startswith(f"preflight {tmp_path} --protocol demo --camera sim --gaze sim")
    assert words.endswith("--language en --windowed --events")


def test_everything_is_looked_at_for_real(card, qtbot):
    card.run(CHOICE)
    with qtbot.waitSignal(card.job.ended, timeout=90_000):
        pass
    names = [item["name"] for item in card._items]
    assert {"clips", "gaze", "camera", "disk"} <= set(names)
    assert card._list.count() == len(names)
    # There is no loudspeaker where tests run; the demo's clips have sound.
    stops = {item["name"] for item in card._items if item["state"] == "no-go"}
    assert stops <= {"sound"}
    assert ("No-go" in card.said.text()) == bool(stops)


def test_what_stands_in_the_way_holds_for_the_same_devices_only(card):
    card._checked = CHOICE.__class__(
        **{name: getattr(CHOICE, name) for name in ("protocol", "camera", "gaze")}
    )
    _item(card, "gaze", "go")
    _item(card, "disk", "no-go", "1 GB free", "Make room.")
    assert card.no_go(CHOICE) == ["disk: 1 GB free"]
    other = SessionChoice(participant="P001", protocol="demo", camera="0", gaze="sim")
    assert card.no_go(other) == []
    card.forget(CHOICE)
    assert card._list.count() == 2
    card.forget(other)
    assert card._list.count() == 0
    assert "check again" in card.said.text()


def test_a_no_go_asks_for_a_reason_which_goes_along(page, study, monkeypatch):
    session = page(SessionPage, study)
    started = []
    monkeypatch.setattr(session, "start", started.append)
    monkeypatch.setattr(session.form.ready, "no_go", lambda _choice: ["disk: 1 GB free"])
    session.ask_reason = lambda _parent, _stops: ""
    session.start_unless_in_the_way(CHOICE)
    assert started == []
    session.ask_reason = lambda _parent, _stops: "a short session"
    session.start_unless_in_the_way(CHOICE)
    assert started[0].override == "a short session (disk: 1 GB free)"
    words = started[0].arguments(study.folder)
    assert words[words.index("--override") + 1] == started[0].override

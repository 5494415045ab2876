"""The consent form as protocol data: what it is made of, and when it counts as changed."""

from __future__ import annotations

from typing import Any

import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.schema.base import parse_yaml
from emer_studio.schema.protocol import Protocol, find_protocol, load_protocol
from emer_studio.schema.protocol_doubts import doubts

TEXT = "consent: {en: Please take part., zh: 请参加。}\n"
OWN = """consent_scopes:
  - {id: take_part, needed: true, text: {en: I take part.}}
  - {id: record_video, needed: true, text: {en: I am filmed.}}
"""


def protocol(more: str = "") -> Protocol:
    text = find_protocol("demo").read_text(encoding="utf-8") + more
    return parse_yaml(text, Protocol, source="demo")


def test_without_a_text_consent_is_on_paper() -> None:
    assert protocol().consent_form is None


def test_the_default_scopes_are_asked_one_by_one_in_both_languages() -> None:
    form = protocol(TEXT + "content_warning: {en: It may frighten you.}\n").consent_form
    assert form is not None
    shown = form.shown("en")
    assert shown.text == "Please take part.\n\nIt may frighten you."
    needed = {scope["id"]: scope["needed"] for scope in shown.scopes}
    assert needed == {
        "take_part": True,
        "record_video": True,
        "publish": False,
        "share": False,
    }
    assert form.shown("zh").scopes[0]["text"] == "我自愿参加本项研究。"
    assert form.shown("zh").sha256 != shown.sha256


def test_the_form_is_the_same_until_a_text_or_a_scope_changes() -> None:
    def sha(more: str) -> str:
        form = protocol(more).consent_form
        assert form is not None
        return form.sha256

    same = sha(TEXT)
    assert sha(TEXT + "closing: {en: Bye.}\n".replace("closing", "debrief")) == same
    changed: dict[str, Any] = {
        "text": TEXT.replace("Please", "Do"),
        "translation": TEXT.replace("请", "欢迎"),
        "warning": TEXT + "content_warning: {en: Beware.}\n",
        "scopes": TEXT + OWN,
    }
    assert len({same, *map(sha, changed.values())}) == 5


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (OWN, "need a text"),
        (TEXT + OWN.replace("record_video", "film"), "'record_video' must be there"),
        (TEXT + OWN.replace("needed: true", "needed: false"), "'take_part' must be"),
        (TEXT + OWN.replace("record_video", "take_part"), "same id"),
    ],
)
def test_scopes_without_which_nothing_can_be_recorded_are_asked_for(
    more: str, words: str
) -> None:
    with pytest.raises(BadInputError, match=words):
        protocol(more)


def test_a_scope_without_a_translation_is_told() -> None:
    found = doubts(protocol(TEXT + OWN))
    assert any("the consent scope 'take_part' has no text in 'zh'" in f for f in found)


def test_the_shipped_form_is_there_in_both_languages() -> None:
    form = load_protocol(find_protocol("emer")).consent_form
    assert form is not None
    assert "voluntary" in form.shown("en").text
    assert "自愿" in form.shown("zh").text

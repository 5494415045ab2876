"""What `protocol check` warns of, and what it refuses."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.core.process import command_line
from emer_studio.schema.protocol import Protocol, find_protocol, load_protocol
from emer_studio.schema.protocol_doubts import doubts

BOTH = {"en": "How much?", "zh": "多少？"}
ENDS = {"low": {"en": "a", "zh": "一"}, "high": {"en": "b", "zh": "二"}}
SCALE = {"id": "scale", "kind": "scale", "question": BOTH, **ENDS}
SAM = {"id": "sam", "kind": "sam", "dimensions": ["valence"]}


def protocol(**change: object) -> Protocol:
    raw: dict[str, object] = {
        "name": "p",
        "title": {"en": "Title", "zh": "标题"},
        "languages": ["en", "zh-CN"],
        "clips": "c.yaml",
        "rating_pages": [SCALE, SAM],
        "blocks": [{"id": "main", "ratings": ["sam", "scale"]}],
    }
    return Protocol.model_validate(raw | change)


@pytest.mark.parametrize("name", ["demo", "emer", "pilot"])
def test_the_shipped_protocols_leave_no_doubt(name: str) -> None:
    assert doubts(load_protocol(find_protocol(name))) == []


def test_a_sound_protocol_leaves_no_doubt() -> None:
    assert doubts(protocol()) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"title": {"en": "Title"}}, ["'title' has no text in 'zh-CN'", "'Title'"]),
        ({"languages": ["en", "zh", "fr"]}, ["no texts of its own", "'fr'"]),
        ({"opt_out": {"gore": {"zh": "血腥"}}}, ["opt-out 'gore'", "'en'"]),
        (
            {"rating_pages": [{**SCALE, "question": {"en": "How much?"}}, SAM]},
            ["the question of page 'scale'", "'zh-CN'", "How much?"],
        ),
        (
            {"rating_pages": [{**SCALE, "high": {}}, SAM]},
            ["'scale' does not say what the ends"],
        ),
        (
            {"rating_pages": [SCALE, SAM, {**SAM, "id": "more"}]},
            ["'more' is never asked"],
        ),
        (
            {
                "rating_pages": [
                    SCALE,
                    SAM,
                    {
                        "id": "c",
                        "kind": "choice",
                        "labels": ["yes", "meh"],
                        "question": BOTH,
                    },
                ],
                "after": ["c"],
            },
            ["no word for the label 'meh' in 'zh-CN'"],
        ),
        (
            {"rating_pages": [SCALE, {**SAM, "back": True}]},
            ["'sam' allows going back", "no page"],
        ),
        (
            {
                "rating_pages": [
                    SCALE,
                    SAM,
                    {**SCALE, "kind": "items", "id": "m", "items": {"x": {"en": "X"}}},
                ],
                "after": ["m"],
            },
            ["item 'x' of page 'm' has no text in 'zh-CN'"],
        ),
    ],
)
def test_what_was_probably_not_meant_is_told(
    change: dict[str, object], words: list[str]
) -> None:
    found = doubts(protocol(**change))
    assert found
    for word in words:
        assert any(word in text for text in found), found


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rating_pages": [SAM, SAM, SCALE]}, "two rating pages"),
        ({"blocks": [{"id": "main", "ratings": ["sam", "sam"]}]}, "page twice"),
        ({"after": ["scale", "scale"]}, "'after' asks for a rating page twice"),
    ],
)
def test_a_page_has_one_name_and_one_place(change: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        protocol(**change)


def test_an_item_that_stands_twice_is_told_with_its_line(tmp_path: Path) -> None:
    text = """
name: p
title: {en: T}
clips: c.yaml
rating_pages:
  - id: mood
    kind: items
    question: {en: "?"}
    items:
      glad: {en: Glad}
      sad: {en: Sad}
      glad: {en: Happy}
blocks: [{id: main, ratings: [mood]}]
"""
    path = tmp_path / "p.yaml"
    path.write_text(text)
    with pytest.raises(BadInputError, match=r"line 12: the key 'glad' .* line 10"):
        load_protocol(path)


def test_the_command_prints_its_warnings(tmp_path: Path) -> None:
    demo = find_protocol("demo")
    text = demo.read_text(encoding="utf-8").replace(
        "languages: [en, zh]", "languages: [fr]"
    )
    clips = demo.parents[2] / "stimuli" / "demo.yaml"
    path = tmp_path / "p.yaml"
    path.write_text(text.replace("../../stimuli/demo.yaml", str(clips)), encoding="utf-8")
    done = subprocess.run(
        command_line("protocol", "check", str(path), "--json"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    warnings = json.loads(done.stdout)["warnings"]
    assert any("'fr'" in text for text in warnings)
    assert f"warning: {warnings[0]}" in done.stderr


def test_a_gaze_check_that_cannot_be_meant_so_is_told() -> None:
    assert doubts(protocol(validation={"points": 5})) == []
    (never,) = doubts(protocol(validation={"after_breaks": True}))
    assert "no block has any" in never
    (odd,) = doubts(protocol(validation={"worst_deg": 0.5}))
    assert "(0.5°) has a lower limit than the mean error (1°)" in odd

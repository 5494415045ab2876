"""Where a cursor stands in YAML that is being written."""

from __future__ import annotations

import pytest
import yaml

from emer_studio.schema.cursor import place_at, walk
from emer_studio.schema.protocol import find_protocol


def at(text: str):
    """The place of the bar in a text."""
    before = text.split("|", 1)[0]
    lines = text.replace("|", "", 1).split("\n")
    row = before.count("\n")
    return place_at(lines, row, len(before.rsplit("\n", 1)[-1]))


@pytest.mark.parametrize(
    ("text", "path", "kind", "typed"),
    [
        ("na|", (), "key", "na"),
        ("name: de|", ("name",), "value", "de"),
        ("name:|", ("name",), "value", ""),
        ("title:\n  e|", ("title",), "key", "e"),
        ("blocks:\n  - id: main\n    rat|", ("blocks", 0), "key", "rat"),
        ("blocks:\n  - id: a\n  - id: b\n    |", ("blocks", 1), "key", ""),
        ("blocks:\n- id: a\n- id: b\n  |", ("blocks", 1), "key", ""),
        ("blocks:\n  - |", ("blocks", 0), "key", ""),
        (
            "blocks:\n  - id: a\n    trial:\n      fix|",
            ("blocks", 0, "trial"),
            "key",
            "fix",
        ),
        (
            "blocks:\n  - id: a\n    ratings:\n      - s|",
            ("blocks", 0, "ratings", 0),
            "key",
            "s",
        ),
        ("blocks:\n  - order: {sh|", ("blocks", 0, "order"), "key", "sh"),
        (
            "blocks:\n  - order: {shuffle: t|",
            ("blocks", 0, "order", "shuffle"),
            "value",
            "t",
        ),
        ("blocks:\n  - order: {shuffle: true, |}", ("blocks", 0, "order"), "key", ""),
        ("blocks:\n  - ratings: [sam, |]", ("blocks", 0, "ratings", 1), "value", ""),
        ("blocks:\n  - {id: a, rat|", ("blocks", 0), "key", "rat"),
        ("blocks:\n  - {id: a,\n     rat|", ("blocks", 0), "key", "rat"),
        ("a: [x,\n  y,\n  z|]", ("a", 2), "value", "z"),
        ("a: [x]\nb|", (), "key", "b"),
        ("trial: {baseline: {kind: c|", ("trial", "baseline", "kind"), "value", "c"),
        ('q: {en: "don\'t, [", z|', ("q",), "key", "z"),
        ("q: don't\nb: {c|", ("b",), "key", "c"),
        ("q: 3 [unclosed in a text\nna|", (), "key", "na"),
    ],
)
def test_the_place_is_read_from_the_indentation(text, path, kind, typed):
    found = at(text)
    assert (found.path, found.kind, found.typed) == (path, kind, typed)


@pytest.mark.parametrize(
    "text",
    [
        "# a comment na|",
        "a:\n  en: >-\n    words: that a person reads, na|",
        "a:\n  en: >-\n    a (\n    [\n    na|\nb: c",
    ],
)
def test_nothing_is_offered_inside_comments_and_long_texts(text):
    assert at(text).kind == ""


def test_after_a_long_text_the_next_key_is_one_again():
    assert at("a:\n  en: >-\n    some (text\n  z|").path == ("a",)


def test_siblings_are_those_of_the_same_item_only():
    text = (
        "pages:\n  - id: a\n    kind: sam\n    |\n    points: 9\n  - id: b\n    labels: [x]"
    )
    assert at(text).siblings == {"id": "a", "kind": "sam", "points": "9"}
    assert at("o: {a: 1, b: {c: 2}, |}").siblings == {"a": "1", "b": "…"}


def test_a_broken_text_elsewhere_does_not_matter():
    assert at("name: 'unclosed\nblocks:\n  - id: a\n    |").path == ("blocks", 0)


@pytest.mark.parametrize("name", ["demo", "emer", "pilot"])
def test_walking_agrees_with_the_parser(name):
    """Every key that the parser finds in block style is found by indentation too."""
    text = find_protocol(name).read_text(encoding="utf-8")
    mine = {step.path: step.row for step in walk(text.split("\n"))}
    found = {}

    def follow(node, path):
        if isinstance(node, yaml.MappingNode) and not node.flow_style:
            for key, value in node.value:
                found[(*path, key.value)] = key.start_mark.line
                follow(value, (*path, key.value))
        elif isinstance(node, yaml.SequenceNode) and not node.flow_style:
            for number, value in enumerate(node.value):
                follow(value, (*path, number))

    follow(yaml.compose(text), ())
    assert len(found) > 15
    assert mine == found

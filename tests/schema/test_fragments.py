"""Pieces to insert: every one gives a valid protocol, wherever the cursor stands."""

from __future__ import annotations

import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.schema.base import parse_yaml
from emer_studio.schema.completion import Known
from emer_studio.schema.fragments import Fragment, fragments, insert
from emer_studio.schema.protocol import Protocol, find_protocol
from emer_studio.schema.protocol_doubts import doubts
from emer_studio.schema.stimulus import load_manifest
from emer_studio.session.plan import build_plan

PIECES = {piece.title: piece for piece in fragments()}
SOURCES = {name: find_protocol(name) for name in ("demo", "emer", "pilot")}


def known(name: str) -> Known:
    manifest = load_manifest(SOURCES[name].parents[2] / "stimuli" / f"{name}.yaml")
    return Known(clips={clip.id: clip.emotion for clip in manifest.clips})


def text_of(name: str) -> str:
    return SOURCES[name].read_text(encoding="utf-8")


@pytest.mark.parametrize("title", list(PIECES))
@pytest.mark.parametrize("name", ["demo", "emer"])
def test_a_piece_gives_a_valid_protocol_wherever_the_cursor_stands(name, title):
    text, piece = text_of(name), PIECES[title]
    before = parse_yaml(text, Protocol, source=name)
    changed, clips = [], known(name)
    rows = range(text.count("\n") + 1)
    for made in {
        m.text: m for m in (insert(text, row, piece, clips) for row in rows)
    }.values():
        after = parse_yaml(made.text, Protocol, source=title)
        changed.append(after != before)
        assert 0 <= made.row < made.text.count("\n")
        new = [text for text in doubts(after) if text not in doubts(before)]
        assert all("never asked" in text for text in new), new
    assert all(changed) or insert(text, 0, piece, known(name)).there_already


@pytest.mark.parametrize("title", list(PIECES))
def test_a_piece_in_the_demo_can_be_planned(title):
    made = insert(text_of("demo"), 35, PIECES[title], known("demo"))
    assert made.there_already == ()
    protocol = parse_yaml(made.text, Protocol, source=title)
    manifest = load_manifest(SOURCES["demo"].parents[2] / "stimuli" / "demo.yaml")
    for index in range(4):
        assert build_plan(protocol, manifest, participant_index=index, seed=1)


def test_comments_and_everything_else_stay():
    text = text_of("pilot")
    made = insert(text, 0, PIECES["Breaks"], known("pilot"))
    assert made.there_already == ("breaks",)
    assert made.text == text
    made = insert(text, 0, PIECES["Affective Slider"], known("pilot"))
    rows = made.text.split("\n")
    assert [row for row in rows if row not in PIECES["Affective Slider"].text.split("\n")]
    assert all(row in rows for row in text.split("\n"))


def test_an_id_that_is_taken_gets_a_number():
    made = insert(text_of("demo"), 0, PIECES["SAM figures"])
    assert "- id: sam2\n" in made.text
    assert made.text.split("\n")[made.row].strip() == "- id: sam2"


def test_a_page_comes_after_the_one_at_the_cursor():
    text = text_of("emer")
    row = next(i for i, line in enumerate(text.split("\n")) if "- id: sam" in line)
    protocol = parse_yaml(
        insert(text, row + 1, PIECES["Free text"]).text, Protocol, source="x"
    )
    assert [page.id for page in protocol.rating_pages][:3] == ["sam", "words", "felt"]


def test_keys_go_into_the_block_at_the_cursor_in_either_style():
    text = text_of("emer")
    row = next(i for i, line in enumerate(text.split("\n")) if "- id: a" in line)
    made = insert(text, row, PIECES["Breaks"])
    protocol = parse_yaml(made.text, Protocol, source="x")
    assert [block.breaks is not None for block in protocol.blocks] == [True, False]
    block = "blocks:\n  - id: a\n    order:\n      shuffle: true\n    ratings: [sam]\n"
    made = insert(block, 1, PIECES["Order: Williams square"])
    assert "      shuffle: true\n      counterbalance: williams\n    ratings" in made.text


def test_a_text_that_does_not_parse_can_still_take_a_piece():
    made = insert("name: 'unclosed\nrating_pages:\n  - id: a\n", 2, PIECES["SAM figures"])
    assert "  - id: a\n  - id: sam\n    kind: sam\n" in made.text


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("name: x\n", "Breaks"),
        ("name: x\n", "Closing clip"),
        ("rating_pages: [{id: sam}]\n", "SAM figures"),
        ("blocks:\n  - {id: a, ratings: [b]}\n", "Breaks"),
    ],
)
def test_where_there_is_no_place_yet_it_says_so(text, title):
    with pytest.raises(BadInputError):
        insert(text, 0, PIECES[title])


def test_an_empty_text_takes_a_first_piece():
    piece = Fragment(title="t", group="g", about="a", into="", text="name: x\n")
    assert insert("", 0, piece).text == "name: x\n"

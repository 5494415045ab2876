from __future__ import annotations

import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.schema.rating import local_text, mapped, mapped_share, parse_page, scored

ITEMS = {
    "id": "m",
    "kind": "items",
    "question": {"en": "?"},
    "items": {"a": {"en": "A"}, "b": {"zh": "乙"}},
}


@pytest.mark.parametrize(
    "raw",
    [
        {"id": "sam", "kind": "sam", "dimensions": ["valence", "arousal"]},
        {"id": "sam", "kind": "sam", "dimensions": ["dominance"], "points": 5},
        {"id": "e", "kind": "choice", "labels": ["a", "b"], "question": {"en": "?"}},
        {
            "id": "s",
            "kind": "scale",
            "points": 7,
            "question": {"zh": "?"},
            "low": {"en": "no"},
        },
        {"id": "s", "kind": "slider", "dimensions": ["valence"], "back": True},
        {"id": "t", "kind": "text", "question": {"en": "?"}, "optional": True},
        {**ITEMS, "points": 5, "shuffle_items": True, "scores": {"x": ["b", "a"]}},
    ],
)
def test_pages_survive_a_round_trip(raw):
    page = parse_page(raw)
    assert parse_page(page.model_dump(exclude_unset=True)) == page


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"id": "s", "kind": "sam"}, "one or more"),
        ({"id": "s", "kind": "sam", "dimensions": ["valence"] * 2}, "different"),
        ({"id": "s", "kind": "sam", "dimensions": ["joy"]}, "dimensions"),
        ({"id": "s", "kind": "sam", "dimensions": ["valence"], "points": 6}, "5, 7 or 9"),
        (
            {"id": "s", "kind": "choice", "labels": ["a"], "question": {"en": "?"}},
            "two or more",
        ),
        ({"id": "s", "kind": "choice", "labels": ["a", "b"]}, "needs a question"),
        (
            {"id": "s", "kind": "scale", "labels": ["a"], "question": {"en": "?"}},
            "no labels",
        ),
        ({"id": "s", "kind": "sam", "dimensions": ["valence"], "pionts": 9}, "pionts"),
        ({"id": "s", "kind": "slider"}, "one or more"),
        (
            {"id": "s", "kind": "slider", "dimensions": ["arousal"], "points": 9},
            "no points",
        ),
        ({"id": "t", "kind": "text"}, "needs a question"),
        ({"id": "t", "kind": "text", "question": {"en": ""}}, "needs a question"),
        ({**ITEMS, "optional": True}, "no optional"),
        ({**ITEMS, "points": 1}, "greater than or equal to 2"),
        ({**ITEMS, "points": 12}, "less than or equal to 11"),
        ({**ITEMS, "items": {}}, "one or more items"),
        ({**ITEMS, "items": {"": {"en": "A"}}}, "item id ''"),
        ({**ITEMS, "items": {"so so": {"en": "A"}}}, "item id 'so so'"),
        ({**ITEMS, "items": {"a": {"en": " "}}}, "'a' has no text"),
        ({**ITEMS, "items": {"a": {}}}, "'a' has no text"),
        ({**ITEMS, "question": {}}, "needs a question"),
        ({**ITEMS, "scores": {"x": ["c"]}}, "'x' sums 'c'"),
        ({**ITEMS, "scores": {"x": []}}, "'nothing'"),
        ({**ITEMS, "scores": {"x": ["a", "a"]}}, "twice"),
        ({"id": "", "kind": "sam", "dimensions": ["valence"]}, "id"),
        ({}, "kind"),
    ],
)
def test_pages_that_make_no_sense_are_refused(raw, words):
    with pytest.raises(BadInputError, match=words):
        parse_page(raw)


def test_nine_points_map_as_r_minus_five_over_four():
    assert [mapped(r, 9) for r in (1, 3, 5, 9)] == [-1.0, -0.5, 0.0, 1.0]
    assert [mapped(r, 5) for r in range(1, 6)] == [-1.0, -0.5, 0.0, 0.5, 1.0]
    assert mapped(2, 4) == pytest.approx(-1 / 3)
    with pytest.raises(BadInputError):
        mapped(10, 9)


def test_texts_fall_back_to_what_there_is():
    texts = {"en": "yes", "zh": "是"}
    assert local_text(texts, "zh-CN") == "是"
    assert local_text(texts, "fr") == "yes"
    assert local_text({"zh": "是"}, "fr") == "是"
    assert local_text({}, "en", "built in") == "built in"


def test_a_place_on_a_slider_maps_onto_the_same_range():
    assert [mapped_share(share) for share in (0, 0.25, 0.5, 1)] == [-1.0, -0.5, 0.0, 1.0]
    with pytest.raises(BadInputError):
        mapped_share(1.01)


def test_a_questionnaire_sums_its_items():
    page = parse_page({**ITEMS, "scores": {"both": ["a", "b"], "one": ["b"]}})
    assert scored(page, {"a": 4, "b": 2}) == {"both": 6, "one": 2}

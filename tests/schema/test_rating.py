from __future__ import annotations

import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.schema.rating import local_text, mapped, parse_page


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

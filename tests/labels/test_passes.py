"""The passes: what is ready, frozen, disputed, decided; by hand-made labels."""

from __future__ import annotations

import pytest

from emer_studio.labels.overview import overview
from emer_studio.labels.passes import disputes, standing_of, undecided
from emer_studio.labels.queue import Labelled
from emer_studio.labels.store import LabelStore
from emer_studio.schema.consensus import ConsensusRules
from emer_studio.schema.labelling import LabellingFile

PLAN = LabellingFile(raters=("R1", "R2", "R3"))


@pytest.fixture
def say(tmp_path):
    """Write a label; read what stands."""
    store = LabelStore(tmp_path / "labels.sqlite")

    class Said:
        def __call__(self, rater, item, category="", stage="A", **more):
            values = {"category": category, "intensity": 1} if category else {}
            how = {"visible": {}, "input_by": "key", "stage": stage}
            store.append_many(rater, item, {**values, **more}, **how)

        def freeze(self, *items):
            store.freeze("LEAD", "A", items)

        def standing(self, **rules):
            return standing_of(store.events(), ConsensusRules(**rules))

    yield Said()
    store.close()


def test_what_the_raters_agree_on_is_not_disputed(say):
    for rater in PLAN.raters:
        say(rater, "a", "fear")
    assert disputes("a", say.standing(), PLAN) == []
    assert say.standing().ready(["a", "b"]) == ["a"]
    say.freeze("a")
    assert say.standing().ready(["a", "b"]) == []
    assert undecided("a", say.standing()) == ""


@pytest.mark.parametrize(
    ("labels", "prediction", "why"),
    [
        ((("fear", {}), ("anger", {}), ("sadness", {})), None, "no majority"),
        ((("fear", {}), ("fear", {})), None, "2 of 3 labels"),
        ((("fear", {}),) * 3, {"anger": 0.8, "fear": 0.2}, "a model is sure of anger"),
        (
            (("fear", {"intensity": 0}), ("fear", {}), ("fear", {"intensity": 2})),
            None,
            "intensities far apart",
        ),
        (
            (
                ("fear", {"valence": -0.9}),
                ("fear", {"valence": 0.1}),
                ("fear", {"valence": 0.0}),
            ),
            None,
            "valence far apart",
        ),
        ((("fear", {"flag": True}), ("fear", {}), ("fear", {})), None, "flagged"),
    ],
)
def test_why_an_item_is_looked_at_again(say, labels, prediction, why):
    for rater, (category, more) in zip(PLAN.raters, labels, strict=False):
        say(rater, "a", category, **more)
    assert disputes("a", say.standing(), PLAN, prediction) == [why]


def test_a_model_that_is_less_sure_or_agrees_disputes_nothing(say):
    for rater in PLAN.raters:
        say(rater, "a", "fear")
    for prediction in ({"anger": 0.79}, {"fear": 0.99}, {}):
        assert disputes("a", say.standing(), PLAN, prediction) == []


def test_a_review_or_an_adjudicator_ends_a_dispute(say):
    for rater, category in zip(PLAN.raters, ("fear", "anger", "sadness"), strict=True):
        say(rater, "a", category)
    say.freeze("a")
    assert undecided("a", say.standing()) == "no majority"
    say("R2", "a", "fear", "B")
    assert undecided("a", say.standing()) == ""
    say("R2", "a", "disgust", "B")
    assert undecided("a", say.standing()) == "no majority"
    say("X1", "a", "surprise", "adjudication", reason="lids")
    assert undecided("a", say.standing()) == ""
    assert say.standing().agreed["a"].category == "surprise"
    assert disputes("a", say.standing(), PLAN) == ["no majority"]  # the blind pass stays


def test_labels_from_before_there_were_stages_are_blind_ones(say):
    for rater in PLAN.raters:
        say(rater, "a", "fear", "")
    assert say.standing().ready(["a"]) == ["a"]
    assert say.standing(quorum=4).ready(["a"]) == []


def test_the_lead_sees_who_is_how_far(say):
    items = [Labelled(name, name) for name in "abcd"]
    for rater in PLAN.raters:
        say(rater, "a", "fear")
    for rater, category in zip(PLAN.raters, ("fear", "anger", "sadness"), strict=True):
        say(rater, "b", category)
    say("R1", "c", "fear")
    say.freeze("a", "b")
    say("R1", "b", "anger", "B")
    say("X1", "b", "anger", "adjudication", reason="r")
    standing = say.standing()
    plan = PLAN.model_copy(update={"repeats": 0.0})
    found = overview(items, standing, plan, 7, lambda i: disputes(i, standing, plan))
    assert (found.items, found.ready, found.frozen) == (tuple("abcd"), (), ("a", "b"))
    assert (found.disputed, found.undecided) == (("b",), ())
    shares = {one.annotator: one for one in found.people}
    assert list(shares) == ["R1", "R2", "R3", "X1"]
    assert (shares["R1"].blind, shares["R1"].blind_of) == (3, 4)
    assert (shares["R1"].review, shares["R1"].review_of) == (1, 1)
    assert (shares["R2"].review, shares["R2"].review_of) == (0, 1)
    assert (shares["X1"].blind_of, shares["X1"].adjudicated) == (0, 1)

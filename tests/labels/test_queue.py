"""Queues: everyone their own order, nothing but the study's seed has a say in it."""

from __future__ import annotations

import itertools
import re
from collections import Counter

import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.labels.judgement import Judgement
from emer_studio.labels.opaque import opaque_id, place_of
from emer_studio.labels.queue import (
    Labelled,
    blind_queue,
    raters_of,
    review_queue,
    withheld,
)
from emer_studio.labels.training import training_result
from emer_studio.schema.labelling import LabellingFile, Scheme, load_labelling

ITEMS = [
    Labelled(f"sub-P{person:03d}_ses-01_x/trial-{trial}", f"P{person:03d}")
    for person in range(1, 13)
    for trial in range(1, 13)
]
PLAN = LabellingFile(raters=("R1", "R2", "R3", "R4"), repeats=0.1)


def of(rater, items=ITEMS, plan=PLAN):
    return blind_queue(items, rater, plan, 7, 3)


def test_every_rater_gets_every_item_in_an_order_of_their_own():
    queues = {rater: of(rater) for rater in PLAN.raters}
    for queue in queues.values():
        blind = [turn.item for turn in queue if turn.stage == "A"]
        assert sorted(blind) == sorted(one.item for one in ITEMS)
    orders = {tuple(turn.item for turn in queue) for queue in queues.values()}
    assert len(orders) == 4
    assert of("R1") == of("R1", ITEMS[::-1])  # the order they come in does not matter


def test_two_items_of_one_face_do_not_follow_one_another():
    people = {one.item: one.participant for one in ITEMS}
    for rater in PLAN.raters:
        faces = [people[turn.item] for turn in of(rater)]
        pairs = sum(a == b for a, b in itertools.pairwise(faces))
        assert pairs <= 2  # at the very end there may be nobody else


def test_a_repeat_comes_long_after_its_item_and_as_often_as_asked():
    count = 0
    for rater in PLAN.raters:
        queue = of(rater)
        first = {turn.item: k for k, turn in enumerate(queue) if turn.stage == "A"}
        again = {turn.item: k for k, turn in enumerate(queue) if turn.stage == "A-repeat"}
        assert all(k - first[item] > 0.25 * len(queue) for item, k in again.items())
        count += len(again)
    assert 0.05 * 4 * len(ITEMS) < count < 0.16 * 4 * len(ITEMS)
    silent = LabellingFile(repeats=0.0)
    assert all(turn.stage == "A" for turn in of("R1", plan=silent))


def test_new_sessions_join_without_reshuffling_what_was_there():
    before = of("R1", ITEMS[:72])
    after = [turn for turn in of("R1") if turn in set(before)]
    moved = sum(a != b for a, b in zip(before, after, strict=True))
    assert moved < len(before)
    places = {turn: k for k, turn in enumerate(after)}
    shifts = [abs(places[turn] - k) for k, turn in enumerate(before)]
    assert max(shifts) <= 6  # neighbours change places so that faces alternate


def test_the_rest_of_a_partly_shared_study_goes_to_as_many_as_are_needed():
    plan = PLAN.model_copy(update={"overlap": 0.25})
    counts = Counter(len(raters_of(one.item, plan, 7, 3)) for one in ITEMS)
    assert set(counts) == {3, 4}
    assert 0.12 * len(ITEMS) < counts[4] < 0.4 * len(ITEMS)
    mine = {turn.item for turn in of("R2", plan=plan)}
    assert mine == {one.item for one in ITEMS if "R2" in raters_of(one.item, plan, 7, 3)}


def test_training_items_are_not_labelled_blind():
    gold = {ITEMS[0].item: "fear"}
    queue = of("R1", plan=PLAN.model_copy(update={"training": gold}))
    assert ITEMS[0].item not in {turn.item for turn in queue}


def test_names_say_nothing_and_differ_between_raters():
    names = {opaque_id(7, "R1", one.item) for one in ITEMS}
    assert len(names) == len(ITEMS)
    assert all(re.fullmatch("[0-9a-hjkmnp-tv-z]{10}", name) for name in names)
    assert not names & {opaque_id(7, "R2", one.item) for one in ITEMS}
    assert not names & {opaque_id(8, "R1", one.item) for one in ITEMS}
    places = [place_of(7, "R1", one.item) for one in ITEMS]
    assert 0.4 < sum(places) / len(places) < 0.6


def test_a_review_begins_with_what_the_model_is_least_sure_of():
    turns = review_queue([("a", 0.2), ("b", 0.9), ("c", 1.0), ("d", 0.2)])
    assert [turn.item for turn in turns] == ["c", "b", "a", "d"]
    assert {turn.stage for turn in turns} == {"B"}
    hidden = sum(withheld(one.item, "R1", PLAN, 7) for one in ITEMS)
    assert 0.03 * len(ITEMS) < hidden < 0.2 * len(ITEMS)


def test_the_training_asks_for_agreement_beyond_chance():
    gold = {f"i{k}": ("fear", "anger")[k % 2] for k in range(10)}
    plan = LabellingFile(training=gold)
    same = training_result(gold, plan, 10)
    assert (same.kappa, same.passed) == (1.0, True)
    assert not training_result(dict(list(gold.items())[:9]), plan, 10).passed
    always = training_result(dict.fromkeys(gold, "fear"), plan, 10)
    assert always.kappa == 0.0
    assert not always.passed
    # 8 of 10 right, evenly spread: (.8 - .5) / .5
    two_wrong = gold | {"i0": "anger", "i1": "fear"}
    assert training_result(two_wrong, plan, 10).kappa == pytest.approx(0.6)


def test_a_judgement_says_what_it_still_needs():
    scheme = Scheme(confidence="required")
    said = Judgement().choose("fear")
    assert said.missing(scheme) == "intensity"
    assert Judgement().choose("neutral").missing(Scheme()) == ""
    assert Judgement(category="fear", intensity=2).missing(scheme) == "confidence"
    assert Judgement().unusable("no_face").missing(scheme) == ""
    assert Judgement(quality="unclear").missing(scheme, adjudicating=True) == "reason"
    assert Judgement().choose("neutral").choose("anger").intensity is None
    again = Judgement().unusable("unclear").unusable("unclear")
    assert again == Judgement()
    whole = Judgement("fear", "anger", 2, -0.5, 0.25, 3, None, True, 17, "n", "r")
    whole = Judgement.of(whole.values() | {"au:12": "C"})
    assert Judgement.of(whole.values()) == whole
    assert whole.units == (("12", "C"),)
    assert Judgement.of({"category": "joy", "strange": 1}) == Judgement()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("training: {x: joy}\n", "joy"),
        ("scheme: {codebook: {joy: laughs}}\n", "joy"),
        ("raters: ['a b']\n", "raters"),
        ("overlapp: 1\n", "overlapp"),
    ],
)
def test_a_wrong_plan_is_told(tmp_path, text, words):
    (tmp_path / "labelling.yaml").write_text(text)
    with pytest.raises(BadInputError, match=words):
        load_labelling(tmp_path)
    assert load_labelling(tmp_path.parent).repeats == 0.05

"""Orders: each constraint met or told to be impossible, and balanced across people."""

from __future__ import annotations

import itertools
import random
import time
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.schema.protocol import Block, Order
from emer_studio.schema.stimulus import Clip
from emer_studio.session.counterbalance import cycle_length, williams_square
from emer_studio.session.order import Rules, order_clips, violations


def clips_of(emotions: list[str]) -> list[Clip]:
    return [
        Clip(id=f"c{k}", file=f"c{k}.mp4", emotion=emotion)  # type: ignore[arg-type]
        for k, emotion in enumerate(emotions)
    ]


def ordered(clips: list[Clip], seed: int = 0, slot: int = 0, **order: object) -> list[Clip]:
    block = Block(id="b", ratings=("sam",), order=Order(**order))  # type: ignore[arg-type]
    return order_clips(clips, block, random.Random(seed), slot=slot, seed=7)


def exists(emotions: list[str], rules: Rules) -> bool:
    """Look at every order there is."""
    return any(not violations(p, rules) for p in set(itertools.permutations(emotions)))


@settings(deadline=None, max_examples=150)
@given(
    emotions=st.lists(st.sampled_from(EMOTIONS[:3]), min_size=1, max_size=7),
    limit=st.integers(1, 3),
    distance=st.integers(1, 3),
    seed=st.integers(0, 999),
)
def test_an_order_is_found_exactly_when_there_is_one(
    emotions: list[str], limit: int, distance: int, seed: int
) -> None:
    rules = Rules(limit, distance)
    wanted = {"max_same_emotion_in_row": limit, "min_distance": distance}
    if not exists(emotions, rules):
        with pytest.raises(BadInputError, match="cannot be ordered"):
            ordered(clips_of(emotions), seed, **wanted)
        return
    found = ordered(clips_of(emotions), seed, **wanted)
    assert sorted(c.id for c in found) == sorted(c.id for c in clips_of(emotions))
    assert not violations([c.emotion for c in found], rules)


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 999), first=st.integers(0, 13), last=st.integers(0, 13))
def test_first_and_last_stay_where_they_are(seed: int, first: int, last: int) -> None:
    clips = clips_of([*EMOTIONS] * 2)
    if first == last:
        with pytest.raises(ValueError, match="first and last"):
            ordered(clips, seed, first=("c1",), last=("c1",))
        return
    found = ordered(clips, seed, first=(f"c{first}",), last=(f"c{last}",), min_distance=2)
    assert (found[0].id, found[-1].id) == (f"c{first}", f"c{last}")
    assert not violations([c.emotion for c in found], Rules(14, 2))
    assert len({c.id for c in found}) == 14


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6, 7, 8])
def test_a_williams_square_is_balanced_for_place_and_for_what_came_before(n: int) -> None:
    rows = williams_square(n)
    assert len(rows) == (n if n % 2 == 0 else 2 * n)
    for place in range(n):
        assert set(Counter(row[place] for row in rows).values()) == {len(rows) // n}
    pairs = Counter(pair for row in rows for pair in itertools.pairwise(row))
    assert len(pairs) == n * (n - 1)
    assert len(set(pairs.values())) == 1


@settings(deadline=None, max_examples=40)
@given(
    kinds=st.integers(3, 7),
    each=st.integers(1, 3),
    distance=st.integers(1, 2),
    seed=st.integers(0, 999),
)
def test_over_a_cycle_each_emotion_stands_at_each_place_equally_often(
    kinds: int, each: int, distance: int, seed: int
) -> None:
    clips = clips_of([*EMOTIONS[:kinds]] * each)
    cycle = cycle_length([c.emotion for c in clips], "williams")
    rows = [
        ordered(clips, seed + slot, slot, counterbalance="williams", min_distance=distance)
        for slot in range(cycle)
    ]
    for place in range(len(clips)):
        counts = Counter(row[place].emotion for row in rows)
        assert set(counts.values()) == {cycle // kinds}
        assert len(counts) == kinds
    for row in rows:
        assert not violations([c.emotion for c in row], Rules(len(clips), distance))
        assert len({c.id for c in row}) == len(clips)


def test_unequal_counts_are_rotated() -> None:
    clips = clips_of(["fear"] * 3 + ["anger"] * 2 + ["neutral"] * 3)
    rows = [
        ordered(clips, slot, slot, counterbalance="rotation", max_same_emotion_in_row=1)
        for slot in range(len(clips))
    ]
    for place in range(len(clips)):
        counts = Counter(row[place].emotion for row in rows)
        assert counts == Counter(c.emotion for c in clips)
    assert all(not violations([c.emotion for c in row], Rules(1, 1)) for row in rows)
    with pytest.raises(BadInputError, match="Williams square"):
        ordered(clips, counterbalance="williams")


def test_what_no_participant_could_see_is_told_at_once() -> None:
    began = time.monotonic()
    with pytest.raises(BadInputError, match="2 places apart"):
        ordered(clips_of(["fear"] * 40 + ["anger"] * 30), min_distance=2)
    with pytest.raises(BadInputError, match="cannot be ordered"):
        ordered(clips_of(["fear", "anger"] * 20), min_distance=3, max_same_emotion_in_row=1)
    many = ordered(clips_of([*EMOTIONS] * 40), min_distance=4, max_same_emotion_in_row=1)
    assert len(many) == 280
    assert time.monotonic() - began < 60

"""The plan: reproducible, complete, and within its constraints."""

from __future__ import annotations

import random
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.schema.protocol import Block, Order, Select, find_protocol, load_protocol
from emer_studio.schema.stimulus import Clip, ClipManifest
from emer_studio.session.order import order_clips
from emer_studio.session.plan import build_plan, select_clips
from emer_studio.stimulus.library import manifest_of


def block(limit: int | None = None, select: Select | None = None) -> Block:
    return Block(
        id="b",
        ratings=("sam",),
        order=Order(max_same_emotion_in_row=limit),
        select=select or Select(),
    )


def clips_of(emotions: list[str]) -> list[Clip]:
    return [
        Clip(id=f"c{k}", file=f"c{k}.mp4", emotion=emotion)  # type: ignore[arg-type]
        for k, emotion in enumerate(emotions)
    ]


@given(
    emotions=st.lists(st.sampled_from(EMOTIONS[:4]), min_size=1, max_size=24),
    limit=st.integers(1, 4),
    seed=st.integers(0, 10_000),
)
def test_an_order_meets_its_limit_or_is_impossible(
    emotions: list[str], limit: int, seed: int
) -> None:
    clips = clips_of(emotions)
    most = max(emotions.count(emotion) for emotion in emotions)
    possible = most <= limit * (len(emotions) - most + 1)
    if not possible:
        with pytest.raises(BadInputError, match="cannot be ordered"):
            order_clips(clips, block(limit), random.Random(seed))
        return
    ordered = order_clips(clips, block(limit), random.Random(seed))
    assert sorted(clip.id for clip in ordered) == sorted(clip.id for clip in clips)
    runs = [len(list(run)) for _, run in groupby(ordered, key=lambda clip: clip.emotion)]
    assert max(runs) <= limit


def test_the_same_seed_and_participant_give_the_same_plan() -> None:
    path = find_protocol("demo")
    protocol = load_protocol(path)
    manifest, _ = manifest_of(protocol, path)
    plans = [
        build_plan(protocol, manifest, participant_index=index, seed=seed)
        for index, seed in ((0, 1), (0, 1), (1, 1), (2, 1), (3, 1), (0, 2))
    ]
    orders = [[trial.clip.id for trial in plan] for plan in plans]
    assert orders[0] == orders[1]
    assert len({tuple(order) for order in orders}) > 1
    assert [trial.number for trial in plans[0]] == [1, 2, 3, 4]


def test_selection_is_by_id_emotion_and_number() -> None:
    manifest = ClipManifest(
        name="m", clips=tuple(clips_of(["fear", "fear", "anger", "anger"]))
    )
    rng = random.Random(0)
    assert [
        c.id for c in select_clips(block(select=Select(ids=("c2",))), manifest, rng)
    ] == ["c2"]
    chosen = select_clips(block(select=Select(per_emotion=1)), manifest, rng)
    assert sorted(clip.emotion for clip in chosen) == ["anger", "fear"]
    with pytest.raises(BadInputError, match="'c9'"):
        select_clips(block(select=Select(ids=("c9",))), manifest, rng)
    with pytest.raises(BadInputError, match="wants 3 clips of fear"):
        select_clips(block(select=Select(emotions=("fear",), per_emotion=3)), manifest, rng)
    with pytest.raises(BadInputError, match="selects no clip"):
        select_clips(block(select=Select(groups=("film",))), manifest, rng)


def test_two_clips_of_one_id_are_refused() -> None:
    with pytest.raises(ValueError, match="more than once"):
        ClipManifest(name="m", clips=(clips_of(["fear"])[0],) * 2)

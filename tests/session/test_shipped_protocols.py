"""The protocols that ship: sound, and balanced as they say."""

from __future__ import annotations

from collections import Counter

import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.schema.protocol import find_protocol, load_protocol
from emer_studio.session.plan import build_plan
from emer_studio.session.steps import Ask, Run, Text, duration_s, steps_of
from emer_studio.stimulus.library import manifest_of


def test_the_emer_protocol_shows_every_emotion_once_a_group_and_is_balanced() -> None:
    path = find_protocol("emer")
    protocol = load_protocol(path)
    manifest, _ = manifest_of(protocol, path)
    plans = [
        build_plan(protocol, manifest, participant_index=slot, seed=5) for slot in range(14)
    ]
    for plan in plans:
        assert [trial.block for trial in plan] == ["a"] * 7 + ["b"] * 7
        assert len({trial.clip.id for trial in plan}) == 14
        for half in (plan[:7], plan[7:]):
            assert len({trial.clip.emotion for trial in half}) == 7
        assert [page.id for page in plan[0].ratings] == ["sam", "felt", "strength"]
    for place in range(14):
        counts = Counter(plan[place].clip.emotion for plan in plans)
        assert set(counts.values()) == {2}
    steps = list(steps_of(protocol, plans[0]))
    assert [s.what for s in steps if isinstance(s, Text)] == [
        "warning",
        "instructions",
        "block",
        "debrief",
        "closing",
    ]
    assert [s.what for s in steps if isinstance(s, Ask)] == ["before", "after"]
    assert sum(isinstance(s, Run) for s in steps) == 14
    assert 10 * 60 < duration_s(steps, {}) < 20 * 60


def test_who_opts_out_sees_no_such_clip() -> None:
    path = find_protocol("emer")
    protocol = load_protocol(path)
    manifest, _ = manifest_of(protocol, path)
    plan = build_plan(protocol, manifest, participant_index=0, seed=5, opt_out=["disgust"])
    assert len(plan) == 12
    assert all("disgust" not in trial.clip.categories for trial in plan)
    with pytest.raises(BadInputError, match="no category"):
        build_plan(protocol, manifest, participant_index=0, seed=5, opt_out=["spiders"])

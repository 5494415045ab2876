"""A session as stretches of time."""

from __future__ import annotations

import pytest

from emer_studio.schema.places import compose, line_at
from emer_studio.schema.protocol import find_protocol, load_protocol
from emer_studio.session.plan import build_plan
from emer_studio.session.steps import steps_of
from emer_studio.session.timeline import KINDS, duration_s, timeline
from emer_studio.stimulus.library import manifest_of


def laid_out(name: str):
    path = find_protocol(name)
    protocol = load_protocol(path)
    manifest, _ = manifest_of(protocol, path)
    plan = build_plan(protocol, manifest, participant_index=0, seed=1)
    steps = list(steps_of(protocol, plan))
    clip_s = {clip.id: 6.0 for clip in manifest.clips}
    return list(timeline(steps, clip_s)), duration_s(steps, clip_s), path


def test_the_stretches_are_the_session_in_order():
    stretches, _, _ = laid_out("emer")
    kinds = [stretch.kind for stretch in stretches]
    assert kinds[:5] == ["text", "text", "text", "rating", "baseline"]
    assert [s.what for s in stretches if s.place == ("sync_marks",)] == [
        "flash and click"
    ] * 2
    assert kinds[5:12] == ["baseline", "fixation", "clip", *["rating"] * 3, "washout"]
    assert set(kinds) <= set(KINDS)
    assert kinds.count("clip") == 14
    assert [s.trial for s in stretches if s.kind == "clip"] == list(range(1, 15))
    between = next(i for i, s in enumerate(stretches) if s.what == "text of the block")
    assert stretches[between].block == "b"
    assert stretches[between - 1].trial == 7


@pytest.mark.parametrize("name", ["demo", "emer", "pilot"])
def test_what_it_takes_is_the_sum_and_every_stretch_has_a_line(name):
    stretches, seconds, path = laid_out(name)
    assert seconds == pytest.approx(sum(stretch.seconds for stretch in stretches))
    root = compose(path.read_text(encoding="utf-8"))
    lines = path.read_text(encoding="utf-8").split("\n")
    for stretch in stretches:
        line = line_at(root, stretch.place)
        assert line > 1, stretch
        if stretch.place[0] == "rating_pages":
            assert stretch.place[1] in lines[line - 1]


def test_breaks_and_long_questionnaires_take_their_time():
    stretches, _, _ = laid_out("pilot")
    assert [s.kind for s in stretches].count("break") == 4
    mood = next(s for s in stretches if s.place == ("rating_pages", "mood"))
    assert mood.seconds == 40.0
    assert mood.trial is None

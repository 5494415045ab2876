"""The protocols that ship: sound, and balanced as they say."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.core.process import command_line
from emer_studio.schema.protocol import find_protocol, load_protocol
from emer_studio.session.plan import build_plan
from emer_studio.session.steps import Ask, Run, Text, steps_of
from emer_studio.session.timeline import duration_s
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


@pytest.mark.parametrize("name", ["demo", "emer", "pilot"])
def test_every_shipped_protocol_is_sound(name: str) -> None:
    done = subprocess.run(
        command_line("protocol", "check", name, "--json"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["warnings"] == []
    assert found["trials"] >= 4
    assert 0.5 < found["minutes"] < 60


def test_an_order_that_cannot_be_is_told_before_anyone_sits_down(tmp_path: Path) -> None:
    text = find_protocol("demo").read_text(encoding="utf-8")
    manifest = find_protocol("demo").parents[2] / "stimuli" / "demo.yaml"
    text = text.replace("../../stimuli/demo.yaml", str(manifest))
    order = "{min_distance: 2, first: [demo-rain, demo-hills], last: [demo-rain2]}"
    text = text.replace("{shuffle: true, max_same_emotion_in_row: 1}", order)
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    done = subprocess.run(
        command_line("protocol", "check", str(path)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "demo-rain2" in done.stderr

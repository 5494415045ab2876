"""The stimulus pilot that ships: planned, run without a window, and run for real."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.process import command_line
from emer_studio.recording.reader import Recording
from emer_studio.schema.protocol import Protocol, find_protocol, load_protocol
from emer_studio.session.order import Rules, violations
from emer_studio.session.plan import Trial, build_plan
from emer_studio.session.requests import Finish
from emer_studio.session.runner import Runner
from emer_studio.session.steps import Text, steps_of
from emer_studio.stimulus.library import manifest_of
from emer_studio.study.folder import create_study
from presenters import HeadlessPresenter
from protocols import SMALL, write_short_pilot

FEELINGS = {*EMOTIONS, "other"}


def planned(index: int) -> tuple[Protocol, tuple[Trial, ...]]:
    path = find_protocol("pilot")
    protocol = load_protocol(path)
    manifest = manifest_of(protocol, path)[0]
    return protocol, build_plan(protocol, manifest, participant_index=index, seed=4)


def test_every_participant_rates_all_clips_in_an_order_of_their_own() -> None:
    orders = []
    for index in range(4):
        protocol, plan = planned(index)
        assert len({trial.clip.id for trial in plan}) == 42
        emotions = [trial.clip.emotion for trial in plan]
        assert violations(emotions, Rules(42, 2)) == []
        orders.append([trial.clip.id for trial in plan])
        whats = [step.what for step in steps_of(protocol, plan) if isinstance(step, Text)]
        assert whats.count("break") == 4
    assert len({tuple(order) for order in orders}) == 4
    assert set(protocol.page("strength").items) == FEELINGS


def test_a_whole_pilot_runs_without_a_window() -> None:
    protocol, plan = planned(0)
    written: list[tuple[str, dict[str, Any]]] = []
    runner = Runner(
        tuple(steps_of(protocol, plan)),
        HeadlessPresenter(back=((3, "known"), (5, "strength"))),
        title="Clips",
        language="zh",
        record=lambda name, **fields: written.append((name, fields)),
        announce=lambda state, trial: None,
        situation=lambda trial: None,
    )
    assert runner.run() is Finish.COMPLETE
    assert runner.ratings == 42 * 3
    strengths = [f for n, f in written if n == "rating" and f["page"] == "strength"]
    assert len(strengths) == 42 + 1  # once again, after going back
    assert all(set(rating["value"]) == FEELINGS for rating in strengths)
    assert len({tuple(rating["order"]) for rating in strengths}) > 30
    answers = [fields for name, fields in written if name == "answer"]
    assert [answer["when"] for answer in answers] == ["before", "after"]
    assert all(set(a["scores"]) == {"positive", "negative"} for a in answers)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    base = tmp_path_factory.mktemp("pilot")
    protocol, study = write_short_pilot(base / "protocol"), base / "study"
    create_study(study, seed=1)
    who = ("--participant", "P001", "--protocol", str(protocol), "--language", "zh")
    done = subprocess.run(
        command_line("run", str(study), *who, "--simulate", *SMALL, "--headless", "--json"),
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    return study, json.loads(done.stdout.strip().splitlines()[-1])


def test_a_recorded_pilot_holds_every_item_and_the_scores(
    recorded: tuple[Path, dict[str, Any]],
) -> None:
    _, result = recorded
    assert (result["state"], result["trials"], result["ratings"]) == ("complete", 2, 6)
    assert result["verdict"] != "red", result["findings"]
    recording = Recording(Path(result["session"]))
    before, after = recording.events("answer")
    for answer, when in ((before, "before"), (after, "after")):
        assert (answer["when"], answer["page"], answer["kind"]) == (when, "mood", "items")
        value = answer["value"]
        assert len(value) == 10
        assert sorted(answer["order"]) == sorted(value)
        halves = list(value.values())[:5], list(value.values())[5:]
        assert answer["scores"] == dict(
            zip(("positive", "negative"), map(sum, halves), strict=True)
        )
    orders = set()
    for trial in (1, 2):
        mine = {r["page"]: r for r in recording.ratings if r["trial"] == trial}
        assert set(mine) == {"sam", "strength", "known"}
        strength = mine["strength"]
        assert set(strength["value"]) == set(strength["order"]) == FEELINGS
        assert strength["points"] == 9
        for name, point in strength["value"].items():
            assert strength["mapped"][name] == pytest.approx((point - 5) / 4)
        assert max(strength["value"], key=strength["value"].get) in EMOTIONS
        assert mine["known"]["value"] in ("yes", "no")
        assert mine["known"]["points"] is None
        orders.add(tuple(strength["order"]))
    assert len(orders) == 2
    ratings = recording.series.ratings
    assert set(ratings["item"][ratings["page"] == "strength"]) == FEELINGS
    assert np.all(np.diff(ratings.t_s) >= 0)

"""The gap between felt and shown, on data whose gap is known."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emer_studio.core.clock import utc_now
from emer_studio.core.process import command_line
from emer_studio.core.resampling import drawn_weights, mean_interval
from emer_studio.dataset.cache_reader import Dataset, open_cache
from emer_studio.dataset.synth import SynthConfig, synthesise
from emer_studio.dataset.synth_raters import Raters
from emer_studio.labels.consensus import majority
from emer_studio.report.gap import gap_of, noise_floor
from emer_studio.schema.dataset import DatasetManifest, StoredSample

PEOPLE, CLIPS = 40, 14


def dataset_of(shown: Callable[[int, int], str], felt: str = "sadness") -> Dataset:
    samples = tuple(
        StoredSample(
            sample_id=f"P{p}/c{c}",
            participant=f"P{p}",
            stimulus=f"c{c}",
            er_emotion=felt,
            fer_emotion=shown(p, c),
            er_valence=-0.5,
            er_arousal=0.0,
            fer_valence=0.25,
            fer_arousal=0.5,
            er3="negative",
            fer3="positive",
            frame_first=0,
            n_frames=0,
            eye_first=0,
            n_eyes=0,
            sha256="0" * 64,
        )
        for p in range(PEOPLE)
        for c in range(CLIPS)
    )
    manifest = DatasetManifest(
        name="t", n_samples=len(samples), sha256={}, app_version="0", created=utc_now()
    )
    none = np.zeros(0)
    return Dataset(
        Path(), manifest, "", samples, none.astype("u1"), none.astype("u1"), none,
        none.astype("f4"), none,
    )  # fmt: skip


def test_discordance_is_found_with_its_interval() -> None:
    rng = np.random.default_rng(3)
    gap = gap_of(dataset_of(lambda p, c: "happiness" if rng.random() < 0.4 else "sadness"))
    assert gap.trials == PEOPLE * CLIPS
    assert (gap.participants, gap.stimuli) == (PEOPLE, CLIPS)
    assert gap.discordance.low < 0.4 < gap.discordance.high
    assert gap.discordance.high - gap.discordance.low < 0.15
    assert gap.seven.counts.sum() == gap.trials
    row = gap.seven.shares[gap.seven.classes.index("sadness")]
    assert sum(cell.value for cell in row) == pytest.approx(1.0)
    assert list(gap.by_emotion) == ["sadness"]
    assert len(gap.by_stimulus) == CLIPS
    valence, arousal = gap.shifts["sadness"]
    assert (valence.value, arousal.value) == pytest.approx((0.75, 0.5))
    assert gap.floor is None


def test_windows_of_a_clip_are_no_further_trials() -> None:
    whole = dataset_of(lambda p, c: "happiness" if (p * c) % 3 else "sadness")
    parts = tuple(
        sample.model_copy(
            update={
                "sample_id": f"{sample.sample_id}/w-0{w}",
                "unit": "window",
                "er_weak": True,
            }
        )
        for sample in whole.samples
        for w in (1, 2, 3)
    )
    one, many = gap_of(whole), gap_of(replace(whole, samples=parts))
    assert (many.samples, many.trials, many.weak) == (3 * one.trials, one.trials, 3 * 560)
    assert many.discordance == one.discordance  # three times the rows, no more certain
    few = replace(whole, samples=parts[: 3 * 4])  # four trials, twelve windows: too few
    assert gap_of(few).by_emotion == {}


def test_an_interval_knows_that_stimuli_are_a_sample_too() -> None:
    gap = gap_of(dataset_of(lambda p, c: "happiness" if c % 2 else "sadness"))
    assert gap.discordance.value == 0.5
    # 560 trials alone would give 0.46 to 0.54; 14 stimuli do not know it that well.
    assert gap.discordance.high - gap.discordance.low > 0.35


def test_an_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng, hits = np.random.default_rng(1), 0
    names = [(f"P{p}", f"c{c}") for p in range(20) for c in range(15)]
    for seed in range(60):
        person, stimulus = rng.normal(size=20), rng.normal(size=15)
        values = [
            person[int(p[1:])] + stimulus[int(c[1:])] + rng.normal() for p, c in names
        ]
        weights = drawn_weights(*zip(*names, strict=True), draws=300, seed=seed)
        found = mean_interval(weights, np.array(values))
        hits += found.low < 0 < found.high
    assert hits >= 53  # of 60; resampling trials alone held it in 38 % of 200


@pytest.mark.parametrize(
    ("votes", "floor"),
    [
        ({"happiness": 4}, 0.0),
        ({"happiness": 3, "sadness": 1}, 0.25),
        ({"happiness": 2, "sadness": 2}, 1.0),
        ({"happiness": 1, "sadness": 1, "fear": 1}, 1.0),
        ({"happiness": 2, "sadness": 1}, (2 * 0.5 + 1) / 3),
    ],
)
def test_the_noise_floor_is_a_rater_against_the_others(
    votes: dict[str, int], floor: float
) -> None:
    samples = pd.DataFrame(
        {"sample_id": ["a", "b"], "participant": ["P1", "P2"], "stimulus": ["c", "c"]}
    )
    found = noise_floor(samples, {"a": votes, "b": votes})
    assert found.value == pytest.approx(floor)
    assert np.isnan(noise_floor(samples, {"a": {"fear": 2}}).value)  # two cannot tell


@pytest.mark.parametrize(("number", "accuracy"), [(3, 0.9), (4, 0.77), (5, 0.6)])
def test_the_noise_floor_of_known_raters_is_found(number: int, accuracy: float) -> None:
    raters, rng = Raters(number, accuracy), np.random.default_rng(2)
    rows, votes = [], {}
    for p in range(60):
        for c in range(35):
            given = raters.votes(c % 7, rng)
            if majority(given) is not None:
                rows.append((f"P{p}/c{c}", f"P{p}", f"c{c}"))
                votes[f"P{p}/c{c}"] = given
    samples = pd.DataFrame(rows, columns=["sample_id", "participant", "stimulus"])
    known, found = raters.noise_floor(np.full(7, 1 / 7)), noise_floor(samples, votes)
    assert known is not None
    assert found.low < known < found.high
    assert found.high - found.low < 0.07


def test_eye_measures_are_compared_within_people() -> None:
    rng = np.random.default_rng(5)
    apart = {(p, c): rng.random() < 0.5 for p in range(PEOPLE) for c in range(CLIPS)}
    data = dataset_of(lambda p, c: "happiness" if apart[p, c] else "sadness")
    base = rng.normal(0, 10, PEOPLE)  # people differ more than anything else does
    rows = {
        f"P{p}/c{c}": {
            "answers": base[p] + apart[p, c] + rng.normal(0, 1),
            "person": base[p] + rng.normal(0, 1),
            "gone": np.nan,
        }
        for p, c in apart
    }
    gap = gap_of(data, pd.DataFrame.from_dict(rows, orient="index"))
    by = {contrast.measure: contrast for contrast in gap.contrasts}
    assert by["answers"].difference.low > 0.5
    assert by["person"].difference.low < 0 < by["person"].difference.high
    assert np.isnan(by["gone"].difference.value)
    assert by["gone"].trials == 0


def test_the_report_of_a_dataset_is_one_file_and_says_that_it_is_synthetic(
    tmp_path: Path,
) -> None:
    data, out = tmp_path / "d", tmp_path / "gap.html"
    synthesise(data, SynthConfig(participants=6, clips=7, frames=1, clip_s=2.0))
    command = command_line("report", str(data), "--out", str(out), "--json")
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["synthetic"]
    assert told["discordance"]["low"] <= told["discordance"]["value"]
    known = open_cache(data).manifest.generator["raters"]["noise_floor"]
    assert told["floor"]["low"] < known < told["floor"]["high"]
    html = out.read_text(encoding="utf-8")
    assert "not evidence about people" in html
    assert f"{100 * told['discordance']['value']:.0f} %" in html
    assert html.count('src="data:image/png;base64,') >= 5
    assert "http" not in re.sub(r'src="data:[^"]+"', "", html)
    again = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert again.returncode == 2

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.core.process import command_line
from emer_studio.dataset.cache import open_cache
from emer_studio.dataset.synth import SynthConfig, synthesise
from emer_studio.dataset.synth_model import WORLDS, SynthModel, reachable_limits
from emer_studio.dataset.synth_raters import Raters
from emer_studio.schema.eye_columns import eye_column_names

SMALL = SynthConfig(participants=2, clips=3, seed=4, frames=5, clip_s=2.0)
EVEN = np.full(7, 1 / 7)


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    one, two = (synthesise(tmp_path / name, SMALL) for name in "ab")
    other = synthesise(tmp_path / "c", replace(SMALL, seed=5))
    assert one.sha256 == two.sha256
    assert one.sha256["faces.u8"] != other.sha256["faces.u8"]


def test_the_dataset_says_what_it_is(tmp_path: Path) -> None:
    manifest = synthesise(tmp_path / "d", SMALL)
    assert manifest.synthetic
    assert "not evidence about people" in manifest.notes
    assert manifest.generator is not None
    assert manifest.generator["seed"] == 4
    data = open_cache(tmp_path / "d")
    assert len(data.samples) == 6
    assert {s.participant for s in data.samples} == {"S001", "S002"}
    assert all(
        s.er_emotion in EMOTIONS and s.fer_intensity is not None for s in data.samples
    )
    assert data.eyes.shape == (6 * 120, 39)


def test_raters_err_and_what_they_look_at_stays_known(tmp_path: Path) -> None:
    sure, erring = Raters(3, 1.0), Raters(5, 0.4)
    one, two = (
        synthesise(tmp_path / name, replace(SMALL, raters=raters))
        for name, raters in (("a", sure), ("b", erring))
    )
    for file in ("faces.u8", "eyes.f32", "truth.csv", "measures.csv"):
        assert one.sha256[file] == two.sha256[file]
    assert one.limits == two.limits
    shown = pd.read_csv(tmp_path / "a/truth.csv")["shown"].tolist()
    assert [s.fer_emotion for s in open_cache(tmp_path / "a").samples] == shown
    votes = pd.read_csv(tmp_path / "b/votes.csv", index_col="sample_id")
    assert (votes.sum(axis=1) == 5).all()
    for sample in open_cache(tmp_path / "b").samples:
        own = votes.loc[sample.sample_id]
        said = own.idxmax() if own.max() > 2.5 else None
        assert sample.fer_emotion == said
    assert one.generator is not None
    assert two.generator is not None
    assert one.generator["raters"]["noise_floor"] == 0
    assert two.generator["raters"]["noise_floor"] > 0.35


def test_the_eye_columns_make_sense(tmp_path: Path) -> None:
    synthesise(tmp_path / "d", replace(SMALL, clip_s=20.0))
    names, eyes = eye_column_names(), open_cache(tmp_path / "d").eyes
    column = {name: np.asarray(eyes[:, i]) for i, name in enumerate(names)}
    assert 0.3 < np.nanmean(column["gaze_x"]) < 0.7
    assert 2 < np.nanmean(column["pupil_mm"]) < 6
    assert np.nanmedian(column["velocity_deg_s"]) < np.nanpercentile(
        column["velocity_deg_s"], 97
    )
    flags = column["fixation"] + column["saccade"] + column["blink"]
    assert flags.max() == 1  # found as in a recording: beside a blink there is no event
    assert flags.mean() > 0.85
    assert np.isnan(
        column["gaze_x"][(column["validity_left"] + column["validity_right"]) == 0]
    ).all()
    assert np.nanmax(column["fixation_distance_deg"]) < 3


def test_limits_are_ordered_and_above_chance() -> None:
    limits = reachable_limits(SynthModel(), EVEN)
    assert limits.both >= max(limits.face, limits.eyes)
    assert min(limits.face, limits.eyes) > 1 / 7
    assert limits.stimulus == pytest.approx(0.7)


def test_limits_follow_the_model() -> None:
    open_faces = SynthModel(masks={emotion: {} for emotion in EMOTIONS})
    assert reachable_limits(open_faces, EVEN).face == pytest.approx(1.0)
    blind = SynthModel(eye_noise=(100.0,) * 4)
    limits = reachable_limits(blind, EVEN)
    assert limits.eyes == pytest.approx(1 / 7, abs=0.02)
    assert limits.both == pytest.approx(limits.face, abs=0.02)


def test_the_face_limit_is_what_the_best_rule_reaches() -> None:
    model, rng = SynthModel(), np.random.default_rng(0)
    shown_given = model.shown_given_felt()
    felt = rng.integers(0, 7, 40_000)
    shown = np.array([rng.choice(7, p=shown_given[f]) for f in felt])
    best = (shown_given / 7).argmax(axis=0)
    assert (best[shown] == felt).mean() == pytest.approx(
        reachable_limits(model, EVEN).face, abs=0.01
    )


def test_in_a_null_world_the_eyes_add_nothing_to_what_is_known_without_them() -> None:
    worlds = {w: reachable_limits(SynthModel(world=w), EVEN) for w in WORLDS}
    feeling = worlds["feeling"]
    assert feeling.both > feeling.face + 0.05
    assert feeling.all > feeling.stimulus_face + 0.03
    for world in ("luminance", "nothing"):
        limits = worlds[world]
        assert limits.eyes == pytest.approx(1 / 7, abs=0.01)
        assert limits.both == pytest.approx(limits.face, abs=0.01)
    assert worlds["stimulus"].eyes > 0.4  # they tell the clip, which tells the feeling
    for world in WORLDS[1:]:
        limits = worlds[world]
        assert limits.all == pytest.approx(limits.stimulus_face, abs=0.01), world


def test_labels_of_another_draw_cannot_be_told_from_anything() -> None:
    limits = reachable_limits(SynthModel(), EVEN, shuffled=True)
    assert set(limits.model_dump().values()) == {round(1 / 7, 4)}


def test_a_mask_hides_as_often_as_it_is_told() -> None:
    for p in (0.0, 0.3, 1.0):
        shown = SynthModel().masked(p).shown_given_felt()
        np.testing.assert_allclose(np.diag(shown), 1 - p, atol=1e-12)
        np.testing.assert_allclose(shown.sum(axis=1), 1.0)
    assert reachable_limits(SynthModel().masked(0.0), EVEN).face == pytest.approx(1.0)


def test_eyes_of_a_world_answer_to_what_the_world_says(tmp_path: Path) -> None:
    pupil = eye_column_names().index("pupil_mm")
    config = replace(SMALL, participants=6, clips=14, frames=1, clip_s=3.0)
    synthesise(tmp_path / "d", config, SynthModel(world="luminance", eye_noise=(0.01,) * 4))
    data = open_cache(tmp_path / "d")
    size = {bright: [] for bright in (True, False)}
    for k, sample in enumerate(data.samples):
        own = float(np.nanmedian(np.asarray(data.clip(k).eyes)[-60:, pupil]))
        size[int(sample.stimulus[1:3]) <= 7].append(own)
    assert np.mean(size[False]) - np.mean(size[True]) == pytest.approx(0.7, abs=0.15)
    with pytest.raises(BadInputError, match="multiple of 14"):
        synthesise(tmp_path / "e", SMALL, SynthModel(world="luminance"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"participants": 0},
        {"clips": 0},
        {"seed": -1},
        {"raters": Raters(0)},
        {"raters": Raters(accuracy=1.1)},
    ],
)
def test_wrong_sizes_are_refused(wrong: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(BadInputError):
        synthesise(tmp_path / "d", replace(SMALL, **wrong))
    assert not (tmp_path / "d").exists()


def test_an_existing_folder_ends_with_code_2(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x")
    done = subprocess.run(
        command_line("dataset", "synth", "--out", str(tmp_path)),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "not empty" in done.stderr
    assert "Traceback" not in done.stderr

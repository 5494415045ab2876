from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.core.process import command_line
from emer_studio.dataset.cache import open_cache
from emer_studio.dataset.synth import SynthConfig, synthesise
from emer_studio.dataset.synth_model import SynthModel, reachable_limits
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


@pytest.mark.parametrize("wrong", [{"participants": 0}, {"clips": 0}, {"seed": -1}])
def test_wrong_sizes_are_refused(wrong: dict[str, int], tmp_path: Path) -> None:
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

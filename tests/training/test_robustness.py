"""Disturbances do exactly what they say, and a run's fall is added up rightly."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from emer_studio.cli import main
from emer_studio.core.files import read_json
from emer_studio.dataset.cache import CacheWriter, Dataset, open_cache
from emer_studio.dataset.synth import SynthConfig, synthesise
from emer_studio.schema.dataset import SampleRow
from emer_studio.schema.eye_columns import EyeColumn
from emer_studio.training.feed.inputs import Feed, fit_scale
from emer_studio.training.presets import STUDIO
from emer_studio.training.robustness.disturbances import Disturbance, LostEyes, LostFaces
from emer_studio.training.robustness.eyes import Dropouts, GazeJitter, TimeOffset
from emer_studio.training.robustness.faces import Blur, Occlusion, PixelNoise
from emer_studio.training.robustness.measure import DISTURBANCES, area, measure_robustness

HZ, ROWS, FRAMES = 50.0, 400, 6
CPU = torch.device("cpu")
UNITS = {
    "gaze_x": "1", "gaze_y": "1", "gaze_left_x": "1", "gaze_angle_x_deg": "deg",
    "gaze_angle_y_deg": "deg", "off_screen": "0/1", "velocity_x_deg_s": "deg/s",
    "velocity_deg_s": "deg/s", "pupil_mm": "mm", "blink": "0/1",
}  # fmt: skip
AT = {name: i for i, name in enumerate(UNITS)}
DEG = 40.0  # the screen's width


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Three clips whose gaze runs over the screen at an even pace."""
    rng = np.random.default_rng(0)
    columns = [EyeColumn(name=n, unit=u, meaning=n) for n, u in UNITS.items()]
    folder = tmp_path_factory.mktemp("plain") / "d"
    with CacheWriter(folder, name="d", eye_columns=columns) as writer:
        for number in range(3):
            way = np.linspace(0.2, 0.8, ROWS)
            eyes = np.zeros((ROWS, len(UNITS)), np.float32)
            for name in ("gaze_x", "gaze_y", "gaze_left_x"):
                eyes[:, AT[name]] = way
            for axis in "xy":
                eyes[:, AT[f"gaze_angle_{axis}_deg"]] = DEG * (way - 0.5)
            eyes[:, AT["velocity_x_deg_s"]] = DEG * (way[1] - way[0]) * HZ
            eyes[:, AT["pupil_mm"]] = np.arange(ROWS) + 1000 * number
            writer.add(
                SampleRow(sample_id=f"s{number}", participant=f"P{number}", stimulus="c"),
                rng.integers(60, 196, (FRAMES, 112, 112, 3), np.uint8),
                np.ones(FRAMES, bool),
                np.arange(FRAMES) / 1.0,
                eyes,
                np.arange(ROWS) / HZ,
            )
    return open_cache(folder)


def _faces(dataset: Dataset) -> np.ndarray:
    return np.asarray(dataset.faces)


@pytest.mark.parametrize("one", DISTURBANCES, ids=lambda one: one.name)
def test_a_dose_of_nothing_changes_nothing_and_any_dose_draws_the_same(
    plain: Dataset, one: Disturbance
) -> None:
    same = one.of(plain, 0.0, 3)
    np.testing.assert_array_equal(_faces(same), plain.faces)
    np.testing.assert_array_equal(same.faces_valid, plain.faces_valid)
    np.testing.assert_array_equal(same.eyes, plain.eyes)
    again, twice = (one.of(plain, one.largest / 2, 3) for _ in range(2))
    for name in ("faces", "faces_valid", "eyes"):
        np.testing.assert_array_equal(
            np.asarray(getattr(again, name)), np.asarray(getattr(twice, name))
        )
    changed = one.of(plain, one.largest, 3)
    touched = {
        "face": (_faces(changed) != plain.faces).any()
        or (changed.faces_valid != plain.faces_valid).any(),
        "eye": not np.array_equal(changed.eyes, plain.eyes, equal_nan=True),
    }
    assert touched == {"face": "face" in one.touches, "eye": "eye" in one.touches}
    levels = one.levels(5)
    assert 0.0 in levels
    assert levels == sorted(levels)
    assert (len(levels), levels[0] == -levels[-1]) == (
        (9, True) if one.both_ways else (5, False)
    )


def test_noise_and_blur_have_the_stated_spread(plain: Dataset) -> None:
    noise = _faces(PixelNoise(64.0).of(plain, 12.0, 0)).astype(float) - plain.faces
    assert noise.std() == pytest.approx(12.0, rel=0.01)
    assert abs(noise.mean()) < 0.05
    assert abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.02
    blurred = _faces(Blur(8.0).of(plain, 2.0, 0))
    np.testing.assert_array_equal(
        blurred[4], cv2.GaussianBlur(np.asarray(plain.faces[4]), (0, 0), 2.0)
    )


@pytest.mark.parametrize("share", [0.1, 0.25, 0.8])
def test_occlusion_covers_the_stated_share_at_one_place_of_a_clip(
    plain: Dataset, share: float
) -> None:
    covered = (_faces(Occlusion(0.8).of(plain, share, 0)) == 128).all(axis=3)
    was_grey = (np.asarray(plain.faces) == 128).all(axis=3)
    assert was_grey.mean() < 0.001
    side = round(np.sqrt(share) * 112)
    assert abs(covered.mean() - (side / 112) ** 2) < 0.001
    rows, columns = np.nonzero(covered[0] & covered[1])
    assert (np.ptp(rows), np.ptp(columns)) == (side - 1, side - 1)


def test_frames_are_disturbed_as_they_are_looked_at(plain: Dataset) -> None:
    worse = PixelNoise(64.0).of(plain, 30.0, 1)
    every = np.asarray(worse.faces)
    np.testing.assert_array_equal(worse.clip(1).faces[np.array([2, 0])], every[[8, 6]])
    np.testing.assert_array_equal(worse.faces[7], every[7])
    rows = np.array([[0, 9], [17, 4]])
    np.testing.assert_array_equal(np.take(worse.faces, rows, axis=0), every[rows])
    assert len(worse.clip(2).faces) == FRAMES


def test_jitter_has_the_stated_spread_and_what_follows_from_it(plain: Dataset) -> None:
    sd = 0.02
    eyes = GazeJitter(0.2).of(plain, sd, 0).eyes
    moved = {name: eyes[:, i] - plain.eyes[:, i] for name, i in AT.items()}
    for name in ("gaze_x", "gaze_y"):
        assert moved[name].std() == pytest.approx(sd, rel=0.05)
    np.testing.assert_allclose(moved["gaze_left_x"], moved["gaze_x"], atol=1e-6)
    np.testing.assert_allclose(moved["gaze_angle_x_deg"], DEG * moved["gaze_x"], atol=1e-4)
    own = eyes[:ROWS]
    rate = np.diff(own[:, AT["gaze_angle_x_deg"]].astype(float)) * HZ
    np.testing.assert_allclose(own[1:, AT["velocity_x_deg_s"]], rate, atol=0.02)
    assert moved["velocity_deg_s"].mean() > 10.0
    np.testing.assert_array_equal(moved["pupil_mm"], 0.0)
    far = GazeJitter(0.2).of(plain, 0.5, 0).eyes
    gaze = far[:, [AT["gaze_x"], AT["gaze_y"]]]
    out = ((gaze < 0) | (gaze > 1)).any(axis=1)
    assert 0.2 < out.mean() < 0.8
    np.testing.assert_array_equal(far[:, AT["off_screen"]], out)


def test_dropouts_lose_exactly_their_share_in_bursts(plain: Dataset) -> None:
    little, much = (Dropouts(0.8).of(plain, level, 0).eyes for level in (0.2, 0.6))
    for eyes, share in ((little, 0.2), (much, 0.6)):
        lost = np.isnan(eyes[:, AT["pupil_mm"]])
        for clip in lost.reshape(3, ROWS):
            assert clip.sum() == round(share * ROWS)
        np.testing.assert_array_equal(np.isnan(eyes[:, AT["gaze_x"]]), lost)
        assert (eyes[lost, AT["blink"]] == 0).all()
    lost = np.isnan(little[:ROWS, AT["gaze_x"]])
    bursts = int((np.diff(lost.astype(int)) == 1).sum())
    assert 3 < bursts < lost.sum() / 4  # a blink lasts 0.05 to 0.5 s, hence 2 to 25 rows


@pytest.mark.parametrize("rows", [7, -7])
def test_an_offset_of_k_rows_shifts_by_k(plain: Dataset, rows: int) -> None:
    eyes = TimeOffset(1000.0).of(plain, rows * 1000.0 / HZ, 0).eyes
    pupil, was = eyes[:ROWS, AT["pupil_mm"]], plain.eyes[:ROWS, AT["pupil_mm"]]
    if rows > 0:
        np.testing.assert_array_equal(pupil[rows:], was[:-rows])
        assert np.isnan(pupil[:rows]).all()
    else:
        np.testing.assert_array_equal(pupil[:rows], was[-rows:])
        assert np.isnan(pupil[rows:]).all()


def test_a_lost_stream_is_absent_for_a_network(plain: Dataset) -> None:
    scale = fit_scale(plain, STUDIO.view, [0, 1, 2])

    def seen(dataset: Dataset) -> tuple[float, float, float]:
        inputs = Feed(dataset, STUDIO.view, scale, CPU).batch([0, 1, 2])
        return tuple(
            float(x.mean())
            for x in (inputs.face_valid, inputs.eye_valid, inputs.gaze_valid)
        )  # type: ignore[return-value]

    assert seen(plain) == (1.0, 1.0, 1.0)
    assert seen(LostFaces(1.0).of(plain, 1.0, 0)) == (0.0, 1.0, 1.0)
    assert seen(LostEyes(1.0).of(plain, 1.0, 0)) == (1.0, 0.0, 0.0)
    third = LostEyes(1.0).of(plain, 1 / 3, 0)
    assert seen(third)[1] == pytest.approx(2 / 3)
    noisy = Feed(PixelNoise(64.0).of(plain, 40.0, 0), STUDIO.view, scale, CPU)
    clean = Feed(plain, STUDIO.view, scale, CPU)
    assert (noisy.batch([1]).face - clean.batch([1]).face).abs().mean() > 0.05


def test_the_area_is_the_mean_score_over_doses() -> None:
    assert area([0.0, 1.0, 2.0], np.array([0.9, 0.6, 0.3])) == pytest.approx(0.6)
    assert area([-4.0, 0.0, 4.0], np.array([0.5, 0.7, 0.5])) == pytest.approx(0.6)


def test_a_gaze_in_pixels_is_not_jittered(plain: Dataset) -> None:
    columns = [c.model_copy(update={"unit": "px"}) for c in plain.manifest.eye_columns]
    other = replace(
        plain, manifest=plain.manifest.model_copy(update={"eye_columns": tuple(columns)})
    )
    assert "px" in GazeJitter(0.2).missing(other)
    assert not GazeJitter(0.2).missing(plain)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("robust")
    synthesise(folder / "d", SynthConfig(participants=4, clips=4, frames=8, clip_s=2.0))
    for model in ("emert", "late-fusion"):
        words = ("--protocol", "er3", "--folds", "2", "--epochs", "1", "--model", model)
        assert main(["train", str(folder / "d"), *words, "--out", str(folder / model)]) == 0
    return folder


def test_a_run_is_disturbed_beside_late_fusion(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = open_cache(runs / "d")
    told = measure_robustness(
        runs / "emert", dataset, "cpu", n_levels=2, against=runs / "late-fusion",
        disturbances=(LostEyes(1.0), TimeOffset(500.0)),
    )  # fmt: skip
    assert json.loads(json.dumps(told)) == read_json(runs / "emert" / "robustness.json")
    results = read_json(runs / "emert" / "results.json")
    assert told["clean"]["er3"]["war"] == pytest.approx(results["war"])
    assert (told["same_dataset"], told["synthetic"]) == (True, True)
    assert [row["name"] for row in told["disturbances"]] == ["no-eyes", "time-offset"]
    assert told["disturbances"][1]["levels"] == [-500.0, 0.0, 500.0]
    lost = told["disturbances"][0]["labels"][0]["scores"]["war"]
    clean, worst = lost["values"]
    assert clean == pytest.approx(results["war"])
    assert lost["relative"]["value"] == pytest.approx((clean + worst) / 2)
    theirs = lost["against"]
    excess = (clean + worst) / 2 - (theirs[0] + theirs[1]) / 2
    assert lost["excess"]["value"] == pytest.approx(excess)
    assert lost["effective"]["value"] == pytest.approx(excess - (clean - theirs[0]))
    low, high = lost["relative"]["ci95"]
    assert low <= lost["relative"]["value"] <= high


def test_the_command_says_what_it_did_and_writes_a_page(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = runs / "r.html"
    words = ["robustness", str(runs / "emert"), "--dataset", str(runs / "d")]
    words += ["--levels", "2", "--only", "dropouts,occlusion"]
    assert main([*words, "--html", str(page), "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [row["name"] for row in told["disturbances"]] == ["occlusion", "dropouts"]
    written = page.read_text()
    assert "a grey square over the face" in written
    assert "SYNTHETIC" in written
    assert "data:image/png" in written
    for more, said in (
        (["--levels", "1"], "at least 2"),
        (["--html", str(page)], "exists"),
        (["--only", "rain"], "gaze-jitter"),
    ):
        assert main([*words, *more]) == 2
        assert said in capsys.readouterr().err

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from emer_studio.dataset.cache import CacheWriter, Dataset, open_cache
from emer_studio.schema.dataset import SampleRow
from emer_studio.schema.eye_columns import EyeColumn
from emer_studio.training.feed.eye_rows import fit_eye_scale, summaries
from emer_studio.training.feed.inputs import Feed, fit_scale
from emer_studio.training.feed.sampling import aligned_picks, official_picks
from emer_studio.training.presets import OFFICIAL, View

COLUMNS = [
    EyeColumn(name=name, unit="1", meaning=name)
    for name in ("pupil_mm", "gaze_x", "gaze_y", "empty")
]
CPU = torch.device("cpu")


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    rng = np.random.default_rng(0)
    with CacheWriter(tmp_path / "d", name="d", eye_columns=COLUMNS) as writer:
        for i, (frames, rows) in enumerate(((20, 90), (3, 5), (0, 40), (16, 0))):
            eyes = rng.normal(3.0 + 10 * i, 2.0, (rows, 4)).astype(np.float32)
            eyes[:, 3] = np.nan
            eyes[::4, 0] = np.nan
            writer.add(
                SampleRow(sample_id=f"s{i}", participant=f"P{i}", stimulus="c"),
                rng.integers(1, 255, (frames, 112, 112, 3), np.uint8),
                np.arange(frames) % 3 > 0,
                np.arange(frames) / 5.0,
                eyes,
                np.arange(rows) / 20.0,
            )
    return open_cache(tmp_path / "d")


@settings(deadline=None)
@given(st.integers(1, 60), st.integers(1, 200), st.integers(0, 50), st.booleans())
def test_aligned_picks_are_in_order_and_in_range(
    t: int, m: int, seed: int, drawn: bool
) -> None:
    rng = np.random.default_rng(seed)
    face_times, eye_times = np.sort(rng.random(t)), np.sort(rng.random(m))
    valid = (rng.random(t) < 0.7).astype(np.uint8)
    picks = aligned_picks(face_times, valid, eye_times, 8, 32, rng if drawn else None)
    for rows, n in ((picks.frames, t), (picks.eyes, m)):
        assert (rows >= 0).all()
        assert (rows < n).all()
        assert (np.diff(rows) >= 0).all()
    assert valid[picks.frames].all() or not valid.any()
    np.testing.assert_array_equal(picks.eyes, picks.gaze)


def test_aligned_streams_come_from_the_same_moments() -> None:
    times = np.arange(3000) / 300.0
    picks = aligned_picks(
        times, np.ones(3000, np.uint8), times, 8, 32, np.random.default_rng(1)
    )
    for frame, group in zip(picks.frames, picks.eyes.reshape(8, 4), strict=True):
        assert frame in group


def test_official_picks_order_frames_by_their_last_digit() -> None:
    rng = np.random.default_rng(0)
    picks = official_picks(300, 1466, 8, 32, rng)
    assert (np.diff(picks.frames % 10) >= 0).all()
    assert (np.diff(picks.frames) < 0).any()
    assert not np.array_equal(picks.eyes, picks.gaze)
    assert (np.diff(picks.eyes) > 0).all()


STANDARD = View("aligned", "imagenet", "standard")
DRAWN = View("official", "imagenet", "standard")


@pytest.mark.parametrize("view", [STANDARD, DRAWN, View(), OFFICIAL.view])
def test_batches(view: View, dataset: Dataset) -> None:
    feed = Feed(dataset, view, fit_scale(dataset, view, [0]), CPU)
    batch = feed.batch([0, 1, 2, 3])
    assert batch.face.shape == (4, 8, 3, 112, 112)
    assert batch.eye.shape == (4, 32, feed.shape().eye_width)
    assert all(torch.isfinite(x).all() for x in batch)
    assert batch.face.flatten(0, 1).is_contiguous(memory_format=torch.channels_last)
    assert not batch.face[2].any()
    assert not batch.face_valid[2].any()
    assert not batch.eye_valid[3].any()
    assert not batch.gaze_valid[3].any()
    if view.eyes != "summary":
        assert not batch.eye[3].any()
        assert not batch.eye[..., 3].any()
    if view == STANDARD:
        torch.testing.assert_close(batch.gaze, batch.eye[..., 1:3])
    for a, b in zip(batch, feed.batch([0, 1, 2, 3]), strict=True):
        assert torch.equal(a, b)
    drawn = [feed.batch([0], np.random.default_rng(k)) for k in (1, 1, 2)]
    assert torch.equal(drawn[0].face, drawn[1].face)
    assert not torch.equal(drawn[0].face, drawn[2].face)


def test_what_is_left_out_is_absent(dataset: Dataset) -> None:
    view = View()
    feed = Feed(dataset, view, fit_scale(dataset, view, [0]), CPU, modalities=("eye",))
    batch = feed.batch([0, 1])
    assert batch.eye.any()
    assert batch.eye_valid.any()
    for other in (batch.face, batch.face_valid, batch.gaze, batch.gaze_valid):
        assert not other.any()


def test_a_summary_says_what_each_span_held(dataset: Dataset) -> None:
    rows = summaries(dataset, 2)[0]
    clip = dataset.clip(0)
    half = float(max(clip.face_times_s[-1], clip.eye_times_s[-1])) / 2
    first = np.asarray(clip.eyes)[clip.eye_times_s < half]
    np.testing.assert_allclose(rows[0, :3], np.nanmean(first[:, :3], axis=0), rtol=1e-5)
    np.testing.assert_allclose(rows[0, 4:7], np.nanstd(first[:, :3], axis=0), rtol=1e-4)
    known = np.isfinite(first).mean(axis=0)
    np.testing.assert_allclose(rows[0, 8:], known, rtol=1e-5)
    assert np.isnan(rows[0, 3])


def test_the_eye_scale_comes_from_the_samples_given(dataset: Dataset) -> None:
    scale = fit_eye_scale(dataset, [0])
    rows = np.asarray(dataset.clip(0).eyes)
    np.testing.assert_allclose(scale.mean[:3], np.nanmean(rows[:, :3], axis=0), rtol=1e-5)
    np.testing.assert_allclose(scale.sd[:3], np.nanstd(rows[:, :3], axis=0), rtol=1e-4)
    assert (scale.mean[3], scale.sd[3]) == (0.0, 1.0)
    assert not np.allclose(scale.mean[:3], fit_eye_scale(dataset, [0, 1]).mean[:3])


def test_pixels_are_rgb_with_imagenet_statistics(dataset: Dataset) -> None:
    feed = Feed(dataset, DRAWN, fit_eye_scale(dataset, [0]), CPU)
    picks = official_picks(20, 90, 8, 32)
    clip = dataset.clip(0)
    place = int(np.flatnonzero(clip.faces_valid[picks.frames])[0])
    pixel = clip.faces[picks.frames[place], 7, 9] / 255.0
    expected = (pixel - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    found = feed.batch([0]).face[0, place, :, 7, 9]
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-4, atol=1e-5)
    faithful = Feed(dataset, OFFICIAL.view, fit_scale(dataset, OFFICIAL.view, [0]), CPU)
    bgr = faithful.batch([0]).face[0, place, :, 7, 9]
    np.testing.assert_allclose(bgr.numpy(), pixel[::-1], rtol=1e-4)

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.synthetic.gaze import (
    BLINK,
    FIXATION,
    RESPONSES,
    SACCADE,
    EyeResponse,
    GazeBatch,
    GazeModel,
)


def _joined(parts: list[GazeBatch], name: str) -> np.ndarray:
    return np.concatenate([getattr(part, name) for part in parts])


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 90), min_size=1, max_size=6), st.integers(0, 1000))
def test_the_signal_does_not_depend_on_how_it_is_cut(sizes: list[int], seed: int) -> None:
    whole = GazeModel(seed).next(sum(sizes), "fear")
    model = GazeModel(seed)
    parts = [model.next(size, "fear") for size in sizes]
    for field in fields(GazeBatch):
        expected = getattr(whole, field.name)
        np.testing.assert_array_equal(_joined(parts, field.name), expected)


def test_another_seed_is_another_signal() -> None:
    assert not np.array_equal(
        GazeModel(1).next(50).xy, GazeModel(2).next(50).xy, equal_nan=True
    )


def test_it_holds_every_event_and_loses_samples() -> None:
    batch = GazeModel(5, 120.0).next(120 * 60)
    assert set(np.unique(batch.event)) == {FIXATION, SACCADE, BLINK}
    assert 0.8 < batch.valid.mean() < 0.995
    assert np.isnan(batch.xy[~batch.valid]).all()
    assert np.isfinite(batch.xy[batch.valid]).all()
    assert np.nanmin(batch.pupil_mm) > 2.0
    assert np.nanmax(batch.pupil_mm) < 6.0
    np.testing.assert_allclose(np.diff(batch.times_s), 1 / 120.0)


def test_the_response_shows_in_the_signal() -> None:
    calm = GazeModel(3).next(120 * 60, response=EyeResponse(0.0, 0.4, 0.05, 0.1))
    stirred = GazeModel(3).next(120 * 60, response=EyeResponse(0.5, 0.2, 0.2, 0.4))
    assert np.nanmean(stirred.pupil_mm) - np.nanmean(calm.pupil_mm) == pytest.approx(
        0.5, abs=0.1
    )
    assert np.nanstd(stirred.xy) > 2 * np.nanstd(calm.xy)
    saccades = [int((np.diff(b.event) != 0).sum()) for b in (calm, stirred)]
    assert saccades[1] > saccades[0]


def test_every_emotion_has_a_response_and_others_are_refused() -> None:
    assert set(RESPONSES) == set(EMOTIONS)
    with pytest.raises(BadInputError, match="found 'joy'"):
        GazeModel(0).next(1, "joy")
    with pytest.raises(BadInputError, match="above 0 Hz"):
        GazeModel(0, 0.0)


def test_eyes_follow_a_target_and_stay_there() -> None:
    model = GazeModel(4, 250.0, noise_deg=0.0, accuracy_deg=0.5)
    model.next(250)
    model.look_at((0.9, 0.1))
    batch = model.next(500)
    there = batch.xy[100:, 0]  # after 0.4 s
    off = np.nanmedian(there - [0.9, 0.1], axis=0) * [44.0, 26.0]
    assert np.hypot(*off) == pytest.approx(0.5, abs=0.2)
    assert np.nanmax(np.ptp(there[np.isfinite(there).all(axis=1)], axis=0)) < 1e-9
    early = batch.xy[:40, 0]  # the eye needs 0.2 s
    assert np.nanmin(np.hypot(*((early - [0.9, 0.1]) * [44.0, 26.0]).T)) > 3
    model.look_at(None)
    assert np.nanstd(model.next(1000).xy) > 0.03


def test_an_error_shifts_everything_and_changes_nothing_else() -> None:
    plain, shifted = GazeModel(6).next(300), GazeModel(6, accuracy_deg=1.0).next(300)
    np.testing.assert_array_equal(plain.valid, shifted.valid)
    np.testing.assert_array_equal(plain.origin_mm, shifted.origin_mm)
    moved = (shifted.xy - plain.xy)[plain.valid] * [44.0, 26.0]
    np.testing.assert_allclose(np.hypot(*moved.T), 1.0)

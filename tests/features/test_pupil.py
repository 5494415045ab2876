"""The pupil without artefacts, and without the picture's light."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from emer_studio.features.gaze_table import GazeTable, eyes_table
from emer_studio.features.light import light_answer, without_light
from emer_studio.features.pupil import baseline_of, clean_pupil
from features.eye_signals import GEOMETRY

RATE_HZ = 120.0
TIMES_S = np.arange(int(60 * RATE_HZ)) / RATE_HZ
SLOW_MM = 3.5 + 0.3 * np.sin(2 * np.pi * 0.2 * TIMES_S)


def table(pupil: np.ndarray) -> GazeTable:
    n = len(pupil)
    both = np.column_stack([pupil, pupil]) if pupil.ndim == 1 else pupil
    nothing = np.full((n, 2), np.nan)
    xy, origin = np.full((n, 2, 2), 0.5), np.full((n, 2, 3), np.nan)
    return eyes_table(TIMES_S[:n], xy, both, nothing, origin, GEOMETRY)


def noisy(seed: int = 1) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=(len(SLOW_MM), 2))
    return SLOW_MM[:, None] + 0.02 * noise


def test_a_slow_pupil_comes_through_without_its_noise_and_without_delay() -> None:
    found = clean_pupil(table(noisy()))
    off = found.size - SLOW_MM
    assert np.isfinite(off).all()
    assert np.std(off) < 0.01  # of 0.014 with noise
    assert abs(np.mean(off)) < 0.001
    lag = np.correlate(off[600:-600], np.gradient(SLOW_MM)[600:-600])[0]
    assert abs(lag) / np.sum(np.gradient(SLOW_MM) ** 2) < 0.5  # samples of 8.3 ms
    assert found.removed < 0.001


def test_a_blink_takes_its_edges_with_it_and_is_bridged_as_long_as_it_is_short() -> None:
    pupil = noisy()
    for at, length in ((1200, 10), (3600, 60)):  # 83 and 500 ms
        pupil[at : at + length] = np.nan
        pupil[at - 4 : at] -= np.array([0.3, 0.6, 0.9, 1.2])[:, None]  # the lid comes down
    found = clean_pupil(table(pupil))
    assert np.abs(found.size[1190:1225] - SLOW_MM[1190:1225]).max() < 0.06
    assert found.filled[1196:1210].all()
    assert np.isnan(found.size[3600:3660]).all()  # longer than is interpolated
    assert not found.filled[3600:3660].any()
    np.testing.assert_array_equal(np.isnan(found.raw), np.isnan(pupil).all(axis=1))


@pytest.mark.parametrize("spike_mm", [0.8, 12.0, 0.2])
def test_spikes_are_removed(spike_mm: float) -> None:
    pupil = noisy()
    where = [700, 701, 2500, 4444]
    pupil[where] = spike_mm
    found = clean_pupil(table(pupil))
    assert np.abs(found.size - SLOW_MM).max() < 0.06
    assert found.removed >= len(where) / len(pupil)


def test_one_eye_alone_is_shifted_by_the_usual_difference() -> None:
    pupil = noisy()
    pupil[:, 0] += 0.3
    pupil[2000:5000, 1] = np.nan
    found = clean_pupil(table(pupil))
    assert np.abs(found.size - (SLOW_MM + 0.15)).max() < 0.06


def test_a_pupil_in_another_unit_is_judged_by_itself_and_says_its_unit() -> None:
    found = clean_pupil(replace(table(noisy() * 300), pupil_unit="arbitrary"))
    assert found.unit == "arbitrary"
    assert np.std(found.size / 300 - SLOW_MM) < 0.01


@pytest.mark.parametrize("value", [3.0, np.nan])
def test_a_constant_or_absent_pupil_stays_what_it_is(value: float) -> None:
    found = clean_pupil(table(np.full(len(TIMES_S), value)))
    np.testing.assert_allclose(found.size, value)
    assert found.removed == 0


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_a_recording_of_next_to_nothing_is_no_error(n: int) -> None:
    found = clean_pupil(table(SLOW_MM[:n]))
    assert len(found.size) == n


def test_the_baseline_is_before_the_clip_where_there_is_something_before() -> None:
    size = np.where(TIMES_S < 10, 3.0, 4.0)
    assert baseline_of(TIMES_S, size, 10.0, 0.5) == 3.0
    assert baseline_of(TIMES_S, size, 0.0, 0.5) == 3.0
    assert baseline_of(TIMES_S + 20, size + 1, 20.0, 0.5) == 4.0  # nothing earlier
    assert np.isnan(baseline_of(TIMES_S, size, 500.0, 0.5))


def flicker(seed: int) -> np.ndarray:
    levels = np.random.default_rng(seed).uniform(0.02, 0.9, 20)
    return np.repeat(levels, len(TIMES_S) // 20)


def test_light_that_made_the_pupil_is_taken_out_and_what_else_there_is_stays() -> None:
    luminance = flicker(3)
    felt = 0.2 * (np.sin(2 * np.pi * 0.05 * TIMES_S) > 0)
    pupil = 3.5 - 0.25 * light_answer(TIMES_S, luminance) + felt
    fit = without_light(TIMES_S, pupil, luminance)
    assert fit.gain == pytest.approx(-0.25, abs=0.04)
    assert fit.explained > 0.5
    assert np.corrcoef(fit.corrected, felt)[0, 1] > 0.97
    assert np.corrcoef(pupil, felt)[0, 1] < 0.6


def test_the_answer_to_light_comes_later_and_is_as_large_as_the_step() -> None:
    luminance = np.where(TIMES_S < 20, 0.1, 0.8)
    answer = light_answer(TIMES_S, luminance)
    step = np.log(0.81) - np.log(0.11)
    assert answer[0] == pytest.approx(np.log(0.11))
    assert answer[-1] - answer[0] == pytest.approx(step, rel=1e-3)
    half = TIMES_S[np.argmax(answer > answer[0] + step / 2)]
    assert 20.7 < half < 21.2  # the response peaks after 0.93 s


def test_light_that_says_nothing_changes_nothing() -> None:
    pupil = noisy().mean(axis=1)
    for luminance in (np.full(len(TIMES_S), 0.4), np.full(len(TIMES_S), np.nan)):
        fit = without_light(TIMES_S, pupil, luminance)
        np.testing.assert_array_equal(fit.corrected, pupil)
        assert np.isnan(fit.gain)
    other = without_light(TIMES_S, pupil, flicker(9))
    assert other.explained < 0.1

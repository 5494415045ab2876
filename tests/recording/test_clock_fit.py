"""Clocks with a known truth: drift, outliers, resets, steps, and what cannot be told."""

from __future__ import annotations

import numpy as np
import pytest

from emer_studio.recording.clock_fit import correct

RNG = np.random.default_rng


def sender(true_s: np.ndarray, ppm: float = 0.0, epoch_s: float = 5000.0) -> np.ndarray:
    """What a clock shows that is `ppm` fast and began elsewhere."""
    return epoch_s + true_s * (1 + ppm * 1e-6)


def measured(true_s: np.ndarray, shown_s: np.ndarray, noise_s: float = 2e-5) -> np.ndarray:
    noise = RNG(3).normal(0, noise_s, len(true_s))
    return np.stack([shown_s, true_s - shown_s + noise], axis=1)


def test_a_drifting_clock_is_followed_in_spite_of_outliers() -> None:
    truth = np.arange(0, 60, 0.004)
    moments = np.arange(0.3, 60, 2.0)
    offsets = measured(moments, sender(moments, 1000))
    offsets[[3, 9, 17, 25], 1] += [0.004, 0.006, -0.005, 0.008]  # a busy network
    fit = correct(sender(truth, 1000), offsets)
    assert np.abs(fit.stamps_s - truth).max() < 5e-5
    assert fit.drift_ppm == pytest.approx(1000, abs=3)
    assert 5e-6 < fit.uncertainty_s < 1e-4
    assert fit.resets == ()
    assert not fit.uncertain.any()


def test_one_measurement_is_a_constant_and_none_changes_nothing() -> None:
    stamps = np.array([10.0, 11.0, 12.0])
    one = correct(stamps, np.array([[10.5, -3.0]]))
    assert one.stamps_s.tolist() == [7.0, 8.0, 9.0]
    assert np.isnan(one.drift_ppm)
    none = correct(stamps, np.empty((0, 2)))
    assert none.stamps_s.tolist() == stamps.tolist()
    assert correct(np.empty(0), np.array([[10.5, -3.0]])).stamps_s.shape == (0,)


def test_two_measurements_close_together_do_not_tilt_the_line() -> None:
    truth = np.arange(0, 30, 0.01)
    offsets = np.array([[5000.2, -5000.0], [5000.5, -4999.9998]])  # 0.2 ms apart: noise
    fit = correct(sender(truth), offsets)
    assert np.abs(fit.stamps_s - truth).max() < 3e-4


@pytest.mark.parametrize("step_s", [30.0, 2.5, 0.3, -0.3, -2.5, -4000.0])
def test_a_step_is_found_between_two_samples_of_a_dense_stream(step_s: float) -> None:
    truth = np.arange(0, 40, 0.004)
    moments = np.arange(0.5, 40, 2.0)

    def shown(true_s: np.ndarray) -> np.ndarray:
        return sender(true_s, 50) + step_s * (true_s > 19.3)

    fit = correct(shown(truth), measured(moments, shown(moments)))
    assert len(fit.resets) == 1
    assert np.abs(fit.stamps_s - truth)[~fit.uncertain].max() < 2e-4
    assert not fit.uncertain.any()


@pytest.mark.parametrize("step_s", [0.4, -0.4, 1.5, -1.5])
def test_a_step_among_rare_markers_marks_what_cannot_be_told(step_s: float) -> None:
    moments = np.arange(0.5, 60, 2.0)
    wrong = marked = 0
    for seed in range(40):
        truth = np.cumsum(RNG(seed).uniform(0.1, 2.0, 40))
        stepped = 20.0 + RNG(seed + 100).uniform(0, 2)

        def shown(true_s: np.ndarray, at_s: float = stepped) -> np.ndarray:
            return sender(true_s) + step_s * (true_s > at_s)

        fit = correct(shown(truth), measured(moments, shown(moments)))
        assert len(fit.resets) == 1
        wrong += int(np.sum((np.abs(fit.stamps_s - truth) > 1e-3) & ~fit.uncertain))
        marked += int(np.sum(fit.uncertain))
        assert np.sum(fit.uncertain) <= 45  # never the whole recording
    assert wrong == 0
    assert marked > 0


def test_a_jump_that_comes_back_is_an_outlier_not_a_reset() -> None:
    truth = np.arange(0, 40, 0.01)
    moments = np.arange(0.5, 40, 2.0)
    offsets = measured(moments, sender(moments))
    offsets[7, 1] += 0.5
    offsets[-1, 1] = 7.5e8  # what an old recorder wrote after a failed measurement
    fit = correct(sender(truth), offsets)
    assert fit.resets == ()
    assert fit.outliers == 2
    assert np.abs(fit.stamps_s - truth).max() < 1e-4


@pytest.mark.parametrize("step_s", [30.0, 2.5, 0.3, -0.3, -2.5])
def test_a_step_before_the_last_measurement_is_told_from_an_outlier(step_s: float) -> None:
    """Nothing follows the last measurement; the samples tell what it was."""
    truth = np.arange(0, 40, 0.004)
    moments = np.arange(0.5, 40, 2.0)  # the last at 38.5 s

    def shown(true_s: np.ndarray) -> np.ndarray:
        return sender(true_s, 50) + step_s * (true_s > 37.9)

    stepped = correct(shown(truth), measured(moments, shown(moments)))
    assert len(stepped.resets) == 1
    assert stepped.outliers == 0
    assert np.abs(stepped.stamps_s - truth).max() < 2e-4
    assert not stepped.uncertain.any()
    offsets = measured(moments, sender(moments, 50))
    offsets[-1, 1] += step_s  # measured wrongly: the samples go on as before
    wrong = correct(sender(truth, 50), offsets)
    assert (wrong.resets, wrong.outliers) == ((), 1)
    assert np.abs(wrong.stamps_s - truth).max() < 2e-4


def test_offsets_that_are_no_numbers_are_not_used() -> None:
    offsets = np.array([[10.0, -3.0], [np.nan, np.inf], [20.0, -3.0]])
    assert correct(np.array([15.0]), offsets).stamps_s.tolist() == [12.0]


def test_a_long_pause_between_measurements_is_no_reset() -> None:
    moments = np.concatenate([np.arange(0, 20, 2.0), np.arange(620, 640, 2.0)])
    fit = correct(sender(moments, 80), measured(moments, sender(moments, 80), 1e-4))
    assert fit.resets == ()
    assert np.abs(fit.stamps_s - moments).max() < 2e-4


@pytest.mark.parametrize("minutes", [2.0, 60.0])
def test_a_clock_whose_rate_changes_slowly_is_followed(minutes: float) -> None:
    """It warms up: 5 ppm slower at the end; and it is slewed by 100 ppm for 20 s."""
    length = minutes * 60
    truth = np.arange(0, length, 0.05)
    moments = np.arange(0.4, length, 0.5)

    def shown(true_s: np.ndarray) -> np.ndarray:
        slewed = np.clip(true_s - length / 2, 0, 20) * 100e-6
        return sender(true_s, 30) - 2.5e-6 * true_s**2 / length + slewed

    fit = correct(shown(truth), measured(moments, shown(moments)))
    error = np.abs(fit.stamps_s - truth)
    assert fit.resets == ()
    assert np.quantile(error, 0.99) < 1.5e-4
    assert error.max() < 3e-4  # where the slew begins and ends
    assert fit.uncertainty_s < 1e-4


def test_noise_is_no_bend() -> None:
    """Measurements of a busy network do not pull a straight clock about."""
    truth = np.arange(0, 600, 0.05)
    moments = np.arange(0.4, 600, 0.5)
    offsets = measured(moments, sender(moments, 20), 1e-4)
    busy = RNG(5).random(len(moments)) < 0.1
    offsets[busy, 1] += RNG(6).exponential(1e-3, int(busy.sum()))
    fit = correct(sender(truth, 20), offsets)
    assert np.abs(fit.stamps_s - truth).max() < 5e-5

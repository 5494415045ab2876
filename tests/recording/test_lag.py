"""Lags of cameras and microphones against a known truth."""

from __future__ import annotations

import numpy as np
import pytest

from emer_studio.recording.lag import click_lag, light_lag
from emer_studio.synthetic import sync_code

ZERO_S = 5000.0


def switched(which: str = "start") -> list[tuple[float, float]]:
    return [(ZERO_S + at, float(to)) for at, to in sync_code.edges(which)]


def filmed(
    lag_s: float,
    *,
    fps: float = 30.0,
    exposure_s: float = 0.02,
    light: float = 6.0,
    noise: float = 0.5,
    seed: int = 1,
    phase: float = 0.3,
) -> tuple[np.ndarray, np.ndarray]:
    """Return stamps and brightness of four parts, of which two see the screen's light."""
    rng = np.random.default_rng(seed)
    stamps = ZERO_S - 1.0 + (np.arange(round(8 * fps)) + phase) / fps
    fine = np.linspace(-0.5, 0.5, 41) * exposure_s
    times = stamps[:, None] - lag_s + fine
    level = np.zeros_like(times)
    for at, to in switched():
        level[times >= at] = to
    lit = level.mean(axis=1)
    sway = 2.0 * np.sin(2 * np.pi * 0.4 * (stamps - ZERO_S))  # a head that moves
    parts = [90 + light * lit, 60 + 0.5 * light * lit + sway, 120 + sway, 30 + 0 * sway]
    values = np.stack(parts, axis=1) + rng.normal(0, noise, (len(stamps), 4))
    return stamps, values + 0.8 * (stamps - ZERO_S)[:, None]  # exposure that drifts


@pytest.mark.parametrize("fps", [30.0, 60.0])
@pytest.mark.parametrize("lag_s", [-0.02, 0.0372, 0.12, 0.31])
@pytest.mark.parametrize("exposure_s", [0.004, 0.03])
def test_a_cameras_lag_is_found_within_its_uncertainty(
    fps: float, lag_s: float, exposure_s: float
) -> None:
    errors = []
    for seed in range(8):
        stamps, values = filmed(
            lag_s, fps=fps, exposure_s=min(exposure_s, 1 / fps), seed=seed, phase=seed / 8
        )
        found = light_lag(stamps, values, switched())
        assert found is not None
        assert found.found == found.of == 7
        assert found.se_s < 0.005  # of seven pulses; a pulse alone is worth half a frame
        errors.append(found.lag_s - lag_s)
    assert abs(np.median(errors)) < 0.003
    assert np.abs(errors).max() < 0.5 / fps


@pytest.mark.parametrize("exposure_s", [0.004, 0.03])
def test_the_stated_uncertainty_is_about_right(exposure_s: float) -> None:
    z = []
    for seed in range(40):
        stamps, values = filmed(
            0.05, noise=1.5, exposure_s=exposure_s, seed=seed, phase=seed / 40
        )
        found = light_lag(stamps, values, switched())
        assert found is not None
        z.append((found.lag_s - 0.05) / found.se_s)
    assert 0.4 < np.std(z) < 2.5


@pytest.mark.parametrize("light", [0.0, 0.05])
def test_a_light_that_is_not_seen_gives_no_number(light: float) -> None:
    for seed in range(10):
        assert light_lag(*filmed(0.05, light=light, seed=seed), switched()) is None


def test_another_code_is_not_taken_for_this_one() -> None:
    stamps, values = filmed(0.05)
    found = light_lag(stamps, values, switched("end"))
    right = light_lag(stamps, values, switched("start"))
    assert right is not None
    assert found is None or found.contrast < 0.6 * right.contrast


def test_too_few_frames_give_no_number() -> None:
    stamps, values = filmed(0.05)
    assert light_lag(stamps[:40], values[:40], switched()) is None


def recorded(
    lag_s: float, *, rate_hz: float = 48_003.0, noise: float = 0.02, seed: int = 1
):
    """Return samples of a room with an echo, and when the first was taken."""
    rng = np.random.default_rng(seed)
    first_s = ZERO_S - 0.5
    sound = rng.normal(0, noise, round(7 * rate_hz))
    click = sync_code.chirp(rate_hz)
    clicks = [ZERO_S + float(at) for at in sync_code.onsets("start")]
    for delay_s, strength in ((lag_s, 0.3), (lag_s + 0.011, 0.12)):
        for at in clicks:
            start = round((at + delay_s - first_s) * rate_hz)
            sound[start : start + len(click)] += strength * click
    return sound, first_s, rate_hz, clicks, click


@pytest.mark.parametrize("lag_s", [0.0, 0.0213, 0.18])
def test_a_microphones_lag_is_found_to_a_fraction_of_a_millisecond(lag_s: float) -> None:
    found = click_lag(*recorded(lag_s))
    assert found is not None
    assert found.lag_s == pytest.approx(lag_s, abs=5e-4)
    assert found.se_s < 2e-4
    assert found.found == 7


def test_clicks_that_are_not_heard_give_no_number() -> None:
    sound, *rest = recorded(0.02)
    silent = np.random.default_rng(3).normal(0, 0.02, len(sound))
    assert click_lag(silent, *rest) is None
    assert click_lag(sound[: len(sound) // 3], *rest) is None


def test_no_second_holds_more_than_three_flashes() -> None:
    for which in sync_code.MARKS:
        at = sync_code.onsets(which)
        for begin in at:
            assert np.sum((at >= begin) & (at < begin + 1.0)) <= 3


def test_the_sound_has_a_click_at_every_flash() -> None:
    sound = sync_code.sound("end", 48_000, 2)
    assert sound.shape[1] == 2
    assert np.abs(sound).max() <= 0.25
    clicks = sync_code.onsets("end").tolist()
    found = click_lag(
        sound[:, 0].astype(float), 0.0, 48_000.0, clicks, sync_code.chirp(48_000)
    )
    assert found is not None
    assert found.lag_s == pytest.approx(0.0, abs=1e-4)

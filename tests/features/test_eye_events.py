"""Fixations, saccades and blinks against signals whose events are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pymovements.events import detection

from emer_studio.features.eye_events import BLINK, FIXATION, SACCADE, eye_events
from emer_studio.features.fixations import idt, ivt
from emer_studio.features.gaze_table import GazeTable, eyes_table
from emer_studio.features.runs import runs
from emer_studio.schema.eye_parameters import EyeParameters
from emer_studio.synthetic.gaze import GazeModel
from features.eye_signals import GEOMETRY, f1, table_of

RATES_HZ = (60, 120, 250, 600, 1200)


def still(xy: np.ndarray, rate_hz: float) -> GazeTable:
    n = len(xy)
    nothing = np.full((n, 2), np.nan)
    return eyes_table(
        np.arange(n) / rate_hz, xy, nothing, nothing, np.full((n, 2, 3), np.nan), GEOMETRY
    )


def true_ranges(codes: np.ndarray, code: int, least: float = 1) -> np.ndarray:
    found = runs(codes == code)
    return found[found[:, 1] - found[:, 0] >= least]


@pytest.mark.parametrize("noise_deg", [0.0, 0.1, 0.2])
@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_ivt_finds_what_the_eyes_did(rate_hz: int, noise_deg: float) -> None:
    model = GazeModel(5, rate_hz, noise_deg=noise_deg)
    truth = model.next(rate_hz * 60)
    assert not truth.valid.all()  # there are losses and blinks in it
    events = eye_events(table_of(truth))
    for kind, code, least_s, share in (
        ("fixation", FIXATION, EyeParameters().fixation_s, 0.5),
        ("saccade", SACCADE, 0.0, 0.0),  # of one or two samples at 60 Hz
        ("blink", BLINK, 0.0, 0.5),
    ):
        true = true_ranges(truth.event, code, least_s * rate_hz)
        assert len(true) > 10
        assert f1(events.of(kind)[["first", "end"]], true, share) >= 0.95, kind


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_idt_finds_the_fixations_of_a_good_tracker(rate_hz: int) -> None:
    truth = GazeModel(5, rate_hz, noise_deg=0.03).next(rate_hz * 60)
    events = eye_events(table_of(truth), EyeParameters(method="idt"))
    true = true_ranges(truth.event, FIXATION, 0.1 * rate_hz)
    assert f1(events.of("fixation")[["first", "end"]], true) >= 0.95


@pytest.mark.parametrize(
    ("rate_hz", "noise_deg"), [(60, 0.2), (120, 0.2), (300, 0.1), (600, 0.1), (1200, 0.05)]
)
def test_noise_alone_is_no_saccade(rate_hz: float, noise_deg: float) -> None:
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(int(rate_hz * 10), 2, 2)) * noise_deg / np.array([44.0, 26.0])
    found = eye_events(still(0.5 + noise, rate_hz)).codes
    assert np.mean(found == SACCADE) < 0.01
    assert np.mean(found == FIXATION) > 0.95


def test_losing_one_eye_or_both_is_no_saccade() -> None:
    xy = np.full((1200, 2, 2), 0.5)
    xy[:, 1] += 0.02  # the eyes never agree entirely
    xy[200:300, 0] = np.nan
    xy[500:520] = np.nan
    events = eye_events(still(xy, 120))
    assert not np.any(events.codes == SACCADE)
    assert events.of("blink")[["first", "end"]].to_numpy().tolist() == [[500, 520]]


def test_a_short_loss_is_filled_and_a_long_one_gets_margins() -> None:
    xy = np.full((1200, 2, 2), 0.5)
    xy[300:306] = np.nan  # 50 ms
    xy[600:720] = np.nan  # 1 s: neither filled nor a blink
    events = eye_events(still(xy, 120))
    assert np.flatnonzero(events.filled).tolist() == list(range(300, 306))
    rests = events.of("fixation")
    assert len(rests) == 2
    assert events.codes[303] == FIXATION
    assert not len(events.of("blink"))
    before, after = rests["end"].iloc[0], rests["first"].iloc[1]
    assert 600 - before >= 6  # 50 ms of a lid that closes
    assert after - 720 >= 6


def test_a_slow_drift_is_stable_but_flagged_as_pursuit() -> None:
    t_s = np.arange(600) / 120
    xy = np.full((600, 2, 2), 0.5)
    xy[300:, :, 0] += ((t_s[300:] - t_s[300]) * 8.0 / 44.0)[:, None]  # 8 deg/s
    rests = eye_events(still(xy, 120)).of("fixation")
    assert rests["pursuit"].any()
    xy[300:] = 0.5
    assert not eye_events(still(xy, 120)).of("fixation")["pursuit"].any()


def test_what_is_measured_of_a_saccade_is_its_own() -> None:
    xy = np.full((600, 2, 2), 0.25)
    steps = np.clip((np.arange(600) - 300) / 20, 0, 1)  # 20 samples of 250 Hz: 80 ms
    xy[:, :, 0] += 0.5 * steps[:, None]
    events = eye_events(still(xy, 250))
    (jump,) = events.of("saccade").itertuples()
    gaze = still(xy, 250)
    way = gaze.deg[599, 2] - gaze.deg[0, 2]
    assert jump.amplitude_deg == pytest.approx(np.hypot(*way), rel=0.05)
    assert jump.peak_deg_s == pytest.approx(np.hypot(*way) / 0.08, rel=0.25)
    assert jump.x == pytest.approx(0.75, abs=0.02)
    assert list(events.of("fixation")["x"].round(2)) == [0.25, 0.75]


def test_nothing_and_next_to_nothing_have_no_events() -> None:
    for n in (0, 1, 2, 5):
        events = eye_events(still(np.full((n, 2, 2), 0.5), 120))
        assert len(events.codes) == n
    lost = eye_events(still(np.full((600, 2, 2), np.nan), 120))
    assert not len(lost.table)


def half_open(found: Any) -> np.ndarray:
    return np.column_stack([found["onset"].to_numpy(), found["offset"].to_numpy() + 1])


@pytest.mark.filterwarnings("ignore:All-NaN slice:RuntimeWarning")  # pymovements' own
@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_pymovements_finds_the_same_fixations(rate_hz: int) -> None:
    gaze = table_of(GazeModel(7, rate_hz, noise_deg=0.1).next(rate_hz * 20))
    steps, least = np.arange(len(gaze.times_s)), round(0.1 * rate_hz)
    # They count from the first to the last sample: one less than ours.
    least_s = (least + 1) / rate_hz

    speed = eye_events(gaze).speed_deg_s
    theirs = detection.ivt(
        np.column_stack([speed, np.zeros_like(speed)]),
        timesteps=steps,
        minimum_duration=least,
        velocity_threshold=30.0,
    ).frame
    ours = ivt(gaze.times_s, speed, 30.0, least_s)
    assert len(ours) > 20
    assert f1(ours, half_open(theirs)) >= 0.95

    deg = gaze.deg[:, 2]
    theirs = detection.idt(
        deg, timesteps=steps, minimum_duration=least, dispersion_threshold=1.0
    ).frame
    ours = idt(gaze.times_s, deg, 1.0, least_s)
    assert len(ours) > 20
    assert f1(ours, half_open(theirs)) >= 0.95

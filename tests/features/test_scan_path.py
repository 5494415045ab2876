"""Numbers of a scan path, and maps of where the eyes rested."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from emer_studio.features.eye_events import eye_events
from emer_studio.features.fixation_map import Frame, fixation_map, overlay
from emer_studio.features.scan_path import (
    MEASURES,
    gaze_entropy_bits,
    main_sequence,
    scan_path,
)
from emer_studio.synthetic.gaze import EyeResponse, GazeModel
from features.eye_signals import GEOMETRY, table_of

WHOLE = Frame(0.0, 0.0, 1.0, 1.0)


def rests(*rows: tuple[float, float, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["onset_s", "duration_s", "x", "y"])


def test_measures_follow_what_the_model_was_told_to_do() -> None:
    def measured(response: EyeResponse) -> dict[str, float]:
        batch = GazeModel(2, 250.0, noise_deg=0.05).next(250 * 120, response=response)
        return scan_path(eye_events(table_of(batch)), 0.0, 120.0)

    calm = measured(EyeResponse(fixation_s=0.45, spread=0.05, blink_hz=0.1))
    busy = measured(EyeResponse(fixation_s=0.2, spread=0.2, blink_hz=0.5))
    assert set(calm) == set(MEASURES)
    assert calm["fixation_s"] > 1.5 * busy["fixation_s"]
    for measure in ("saccades", "saccade_deg", "scan_path_deg", "gaze_entropy_bits"):
        assert busy[measure] > 1.5 * calm[measure], measure
    assert busy["blink_hz"] == pytest.approx(0.5, abs=0.2)
    assert calm["blink_hz"] == pytest.approx(0.1, abs=0.08)
    assert 0.1 < busy["blink_s"] < 0.3
    assert 0.3 < busy["main_sequence_slope"] < 0.9


def test_only_what_begins_in_the_stretch_counts() -> None:
    batch = GazeModel(2, 250.0).next(250 * 20)
    events = eye_events(table_of(batch))
    parts = [scan_path(events, a, a + 5.0)["fixations"] for a in (0, 5, 10, 15)]
    assert sum(parts) == len(events.of("fixation"))
    nothing = scan_path(events, 100.0, 110.0)
    assert nothing["fixations"] == nothing["saccades"] == 0
    assert np.isnan(nothing["fixation_s"])
    assert np.isnan(nothing["gaze_entropy_bits"])


def test_entropy_is_0_for_one_place_and_that_of_a_coin_for_two() -> None:
    one = rests((0, 1, 0.1, 0.1), (2, 1, 0.1, 0.1))
    assert gaze_entropy_bits(one) == 0
    two = rests((0, 1, 0.1, 0.1), (2, 1, 0.9, 0.9))
    assert gaze_entropy_bits(two) == pytest.approx(1.0)
    uneven = rests((0, 3, 0.1, 0.1), (4, 1, 0.9, 0.9))
    assert gaze_entropy_bits(uneven) == pytest.approx(0.8113, abs=1e-4)


def test_the_main_sequence_is_a_power_law() -> None:
    size = np.linspace(1, 20, 30)
    saccades = pd.DataFrame({"amplitude_deg": size, "peak_deg_s": 80 * size**0.6})
    assert main_sequence(saccades) == pytest.approx((0.6, 80.0))
    assert np.isnan(main_sequence(saccades[:3])).all()


def test_a_map_lies_where_the_eyes_rested_and_adds_up_to_one() -> None:
    seen = rests((0.0, 2.0, 0.25, 0.5), (3.0, 1.0, 0.75, 0.5))
    density = fixation_map(seen, WHOLE, GEOMETRY, (160, 90))
    assert density.shape == (90, 160)
    assert density.sum() == pytest.approx(1.0, abs=1e-5)
    assert np.unravel_index(density.argmax(), density.shape) == (45, 40)
    assert density[:, :80].sum() == pytest.approx(2 / 3, abs=1e-3)
    late = fixation_map(seen, WHOLE, GEOMETRY, (160, 90), start_s=1.5, end_s=3.5)
    assert late[:, :80].sum() == pytest.approx(0.5, abs=1e-3)  # half a second of either


def test_a_degree_is_as_wide_as_the_geometry_says() -> None:
    density = fixation_map(rests((0, 1, 0.5, 0.5)), WHOLE, GEOMETRY, (531, 299))
    across = density.sum(axis=0)
    sigma_mm = np.sqrt(((np.arange(531) - 265) ** 2 * across).sum())  # a pixel is a mm
    assert sigma_mm == pytest.approx(650 * np.tan(np.radians(1.0)), rel=0.03)


def test_a_clip_with_bars_has_its_own_frame() -> None:
    frame = Frame.fitted((1440, 1080), (1920, 1080))
    assert (frame.left, frame.width) == pytest.approx((0.125, 0.75))
    assert (frame.top, frame.height) == pytest.approx((0.0, 1.0))
    seen = rests((0, 1, 0.05, 0.5), (2, 1, 0.5, 0.5))  # the first one on a bar
    density = fixation_map(seen, frame, GEOMETRY, (80, 60))
    assert np.unravel_index(density.argmax(), density.shape) == (30, 40)
    nobody = fixation_map(seen[:1], frame, GEOMETRY, (80, 60))
    assert nobody.sum() == 0


def test_an_overlay_brightens_where_the_eyes_were_and_only_there() -> None:
    picture = np.full((90, 160, 3), 40, np.uint8)
    density = fixation_map(rests((0, 1, 0.25, 0.5)), WHOLE, GEOMETRY, (160, 90))
    shown = overlay(picture, density)
    assert shown[45, 40].astype(int).sum() > 2 * picture[45, 40].astype(int).sum()
    np.testing.assert_array_equal(shown[:, 140:], picture[:, 140:])
    np.testing.assert_array_equal(overlay(picture, density * 0), picture)

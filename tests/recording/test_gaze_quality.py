"""Accuracy, precision and loss of gaze whose truth is known in degrees."""

from __future__ import annotations

import math

import numpy as np
import pytest

from emer_studio.recording.gaze_internal import InternalGaze
from emer_studio.recording.gaze_quality import (
    ARRIVAL_S,
    GazeQuality,
    Limits,
    Target,
    gaze_quality,
)
from emer_studio.recording.screen_geometry import DISTANCE_MM, Geometry, geometry_of

SCREEN = Geometry(531.0, 299.0, 650.0)
RATE_HZ = 250.0
PLACES = ((0.5, 0.5), (0.1, 0.1), (0.9, 0.1), (0.1, 0.9), (0.9, 0.9))


def targets(each_s: float = 1.8) -> list[Target]:
    return [
        Target(k + 1, x, y, 100 + k * each_s, 100 + (k + 1) * each_s)
        for k, (x, y) in enumerate(PLACES)
    ]


def at_angle(target: Target, right_deg, down_deg) -> np.ndarray:
    """Where gaze falls that is turned from a target: by rotations, not by our formula."""
    aim = np.array(
        [
            (target.x - 0.5) * SCREEN.width_mm,
            (target.y - 0.5) * SCREEN.height_mm,
            SCREEN.distance_mm,
        ]
    )
    ahead = aim / np.linalg.norm(aim)
    right = np.cross([0.0, 1.0, 0.0], ahead)
    right /= np.linalg.norm(right)
    down = np.cross(ahead, right)
    a, b = np.radians(np.atleast_1d(*np.broadcast_arrays(right_deg, down_deg)))
    rays = ahead + np.tan(a)[:, None] * right + np.tan(b)[:, None] * down
    on_screen = rays / rays[:, 2:] * SCREEN.distance_mm
    return on_screen[:, :2] / [SCREEN.width_mm, SCREEN.height_mm] + 0.5


def looked(
    right_deg: float = 0.0,
    down_deg: float = 0.0,
    noise_deg: float = 0.0,
    seed: int = 0,
    late_s: float = 0.3,
) -> tuple[InternalGaze, np.ndarray]:
    """Both eyes look at each target, after the one before for the first `late_s`."""
    rng = np.random.default_rng(seed)
    all_targets = targets()
    stamps = np.arange(100.0, all_targets[-1].gone_s, 1 / RATE_HZ)
    xy = np.empty((len(stamps), 2, 2))
    for k, target in enumerate(all_targets):
        inside = (stamps >= target.shown_s) & (stamps < target.gone_s)
        there = inside & (stamps >= target.shown_s + late_s)
        before = all_targets[max(k - 1, 0)]
        for where, whom in ((inside, before), (there, target)):
            for eye in (0, 1):
                noise = noise_deg * rng.standard_normal((2, int(where.sum())))
                xy[where, eye] = at_angle(whom, right_deg + noise[0], down_deg + noise[1])
    return gaze_of(xy), stamps


def gaze_of(xy: np.ndarray) -> InternalGaze:
    n = len(xy)
    three = np.concatenate([xy, np.full((n, 1, 2), np.nan)], axis=1)
    empty = np.full((n, 3), np.nan)
    return InternalGaze(
        three,
        np.isfinite(three).all(axis=2),
        empty,
        "mm",
        empty,
        np.full((n, 3, 3), np.nan),
    )


def measured(gaze: InternalGaze, stamps: np.ndarray, eyes=("left", "right")) -> GazeQuality:
    return gaze_quality(gaze, stamps, targets(), SCREEN, eyes)


@pytest.mark.parametrize(("right", "down"), [(0.0, 0.0), (0.7, -0.2), (-3.0, 4.0)])
def test_a_constant_error_is_found_in_degrees_at_every_place(right, down) -> None:
    found = measured(*looked(right, down))
    for point in found.points["gaze"]:
        assert point.right_deg == pytest.approx(right, abs=1e-6)
        assert point.down_deg == pytest.approx(down, abs=1e-6)
        assert point.accuracy_deg == pytest.approx(math.hypot(right, down), abs=1e-6)
        assert point.loss_pct == 0
    assert found.overall["left"].accuracy_deg == pytest.approx(math.hypot(right, down))
    assert found.rate_hz == pytest.approx(RATE_HZ)


def test_noise_is_found_as_precision_and_not_as_error() -> None:
    found = measured(*looked(0.5, 0.0, noise_deg=0.2))
    left = found.overall["left"]
    assert left.sd_deg == pytest.approx(0.2 * math.sqrt(2), rel=0.05)
    assert left.rms_deg == pytest.approx(0.2 * 2, rel=0.05)
    together = found.overall["gaze"]  # the mean of two eyes with noise of their own
    assert together.sd_deg == pytest.approx(0.2, rel=0.05)
    assert together.accuracy_deg == pytest.approx(0.5, abs=0.02)


def test_the_time_that_the_eye_needs_is_left_out() -> None:
    gaze, stamps = looked(0.5, 0.0, late_s=ARRIVAL_S - 0.02)
    assert measured(gaze, stamps).overall["gaze"].accuracy_deg == pytest.approx(0.5)
    gaze, stamps = looked(0.0, 0.0, late_s=1.7)  # still at the point before
    assert measured(gaze, stamps).overall["gaze"].accuracy_deg > 5


def test_a_glance_elsewhere_and_a_closing_lid_do_not_count() -> None:
    gaze, stamps = looked(0.3, 0.0, noise_deg=0.1)
    since = stamps - 100.0
    gaze.xy[(since > 1.0) & (since < 1.3)] += 0.2  # 0.3 s of the first target's second
    found = measured(gaze, stamps).points["gaze"][0]
    assert found.accuracy_deg == pytest.approx(0.3, abs=0.03)
    assert found.rms_deg == pytest.approx(0.1 * 2 / math.sqrt(2), rel=0.15)
    assert 150 < found.samples < 180


def test_loss_is_told_by_eye_and_of_the_gaze() -> None:
    gaze, stamps = looked()
    gaze.xy[:, 0] = np.nan
    gaze.valid[:, 0] = False
    since = (stamps - 100.0) % 1.8
    late = since >= 1.3  # half of the second that counts
    gaze.xy[late] = np.nan
    gaze.valid[late] = False
    found = measured(gaze, stamps)
    assert found.overall["left"].loss_pct == 100
    assert found.overall["left"].accuracy_deg is None
    assert found.overall["right"].loss_pct == pytest.approx(50, abs=1)
    assert found.overall["gaze"].loss_pct == pytest.approx(50, abs=1)
    assert found.overall["gaze"].accuracy_deg == pytest.approx(0, abs=1e-6)
    assert found.one_eyed(Limits(loss_pct=60)) == [
        "the left eye is lost for 100 % of the time"
    ]
    assert "50 % of the gaze is lost, the limit 20 %" in found.shortfalls(Limits())


def test_a_sender_that_leaves_out_what_it_did_not_see_has_lost_it() -> None:
    gaze, stamps = looked()
    seen = (stamps - 100.0) % 1.8 < 1.3
    some = gaze_of(gaze.xy[seen, :2])
    found = measured(some, stamps[seen])
    assert found.overall["gaze"].loss_pct == pytest.approx(50, abs=1)


def test_a_point_that_was_not_seen_is_no_number_and_not_accepted() -> None:
    gaze, stamps = looked(0.2, 0.0)
    third = (stamps >= targets()[2].shown_s) & (stamps < targets()[2].gone_s)
    gaze.xy[third] = np.nan
    gaze.valid[third] = False
    found = measured(gaze, stamps)
    assert found.points["gaze"][2].accuracy_deg is None
    assert found.points["gaze"][2].loss_pct == 100
    assert found.overall["gaze"].accuracy_deg == pytest.approx(0.2)
    (why,) = found.shortfalls(Limits(loss_pct=25))
    assert why == "hardly any gaze was measured at point 3 (top right)"


def test_one_gaze_for_both_eyes_is_measured_as_such() -> None:
    gaze, stamps = looked(0.4, 0.0)
    gaze.xy[:, 2] = gaze.xy[:, 0]
    gaze.valid[:, 2] = True
    gaze.xy[:, :2] = np.nan
    gaze.valid[:, :2] = False
    found = measured(gaze, stamps, ["both"])
    assert set(found.points) == {"gaze", "both"}
    assert found.overall["gaze"].accuracy_deg == pytest.approx(0.4)


def test_the_worst_point_is_named() -> None:
    gaze, stamps = looked()
    last = stamps >= targets()[4].shown_s
    gaze.xy[last, :2] = at_angle(targets()[4], 3.0, 0.0)[0]
    found = measured(gaze, stamps)
    assert found.worst is not None
    assert found.worst[0].number == 5
    assert found.shortfalls(Limits()) == [
        "the error at point 5 (bottom right) is 3.0°, the limit 2°"
    ]
    assert found.shortfalls(Limits(accuracy_deg=0.5, worst_deg=4)) == [
        "the mean error is 0.6°, the limit 0.5°"
    ]


def test_nothing_at_all_is_a_result_too() -> None:
    gaze, stamps = looked()
    found = measured(gaze_of(gaze.xy[:0, :2]), stamps[:0])
    assert found.overall["gaze"].loss_pct == 100
    assert found.worst is None
    assert found.shortfalls(Limits())


DISPLAY = {"width_px": 1920, "height_px": 1080, "width_mm": 527.0, "height_mm": 296.0}


def origins(z_mm: float) -> np.ndarray:
    found = np.full((100, 2, 3), np.nan)
    found[::2, :, 2] = z_mm
    return found


def test_who_says_how_large_and_how_far_is_told() -> None:
    assumed = geometry_of({})
    assert (assumed.size_from, assumed.distance_from) == ("assumed", "assumed")
    assert assumed.distance_mm == DISTANCE_MM
    known = geometry_of(DISPLAY, origins(-612.0), distance_mm=700.0)
    assert (known.width_mm, known.size_from) == (527.0, "system")
    assert (known.distance_mm, known.distance_from) == (612.0, "tracker")
    said = geometry_of(DISPLAY, origins(0.6), size_mm=(600.0, 340.0), distance_mm=700.0)
    assert (said.width_mm, said.size_from) == (600.0, "given")
    assert (said.distance_mm, said.distance_from) == (700.0, "given")


@pytest.mark.parametrize("wrong", [{"width_mm": 0.0}, {"height_mm": 9.0}])
def test_a_size_that_cannot_be_is_not_believed(wrong) -> None:
    assert geometry_of({**DISPLAY, **wrong}).size_from == "assumed"

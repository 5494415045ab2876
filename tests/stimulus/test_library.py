"""What a display cannot show is said before the session."""

from __future__ import annotations

import pytest

from emer_studio.stimulus.library import Look, display_doubts


@pytest.mark.parametrize(
    ("refresh_hz", "fps", "uneven"),
    [
        (60.0, 30.0, False),
        (60.0, 29.97, False),
        (59.94, 60.0, False),
        (60.0, 25.0, True),
        (60.0, 24.0, True),
        (60.0, 50.0, True),
        (75.0, 25.0, False),
        (120.0, 24.0, False),
        (0.0, 25.0, False),  # the system does not say
    ],
)
def test_rates_that_do_not_fit_are_named(
    refresh_hz: float, fps: float, uneven: bool
) -> None:
    looks = {"a": Look(10.0, 1280, 720, fps)}
    found = display_doubts(looks, 1920, 1080, refresh_hz)
    assert bool(found) == uneven
    if uneven:
        assert f"{fps:g} pictures a second" in found[0]


def test_a_clip_larger_than_the_display_is_named() -> None:
    looks = {"small": Look(1.0, 640, 480, 30.0), "wide": Look(1.0, 3840, 1600, 30.0)}
    (text,) = display_doubts(looks, 1920, 1080, 60.0)
    assert "wide" in text
    assert "3840 x 1600" in text

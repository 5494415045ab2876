"""Gaze events against the truth of the signal model."""

from __future__ import annotations

import numpy as np
import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.devices.eyetracker_sim import GAZE_CHANNELS, gaze_rows
from emer_studio.features.gaze import BLINK, FIXATION, SACCADE, binocular_gaze, find_events
from emer_studio.recording.reader import RecordedStream
from emer_studio.schema.streams import Channel, StreamHeader
from emer_studio.synthetic.gaze import GazeModel


def stream(values: np.ndarray, channels: tuple[Channel, ...]) -> RecordedStream:
    header = StreamHeader(
        name="T",
        type="Gaze",
        channel_count=len(channels),
        channel_format="float32",
        nominal_hz=120.0,
        source_id="x",
        hostname="h",
        channels=channels,
        simulated=True,
        configured_hz=0.0,
    )
    stamps = 100.0 + np.arange(len(values)) / 120.0
    return RecordedStream(header, stamps, values, np.zeros((0, 2)), len(values))


def test_a_simulated_stream_comes_back_as_the_model_made_it() -> None:
    rows = gaze_rows(GazeModel(3, 120.0), 600, "fear")
    truth = GazeModel(3, 120.0).next(600, "fear")
    gaze = binocular_gaze(stream(rows, GAZE_CHANNELS))
    np.testing.assert_allclose(gaze.xy, truth.xy, atol=1e-5)
    np.testing.assert_allclose(gaze.pupil_mm, truth.pupil_mm, atol=1e-5)
    np.testing.assert_allclose(gaze.origin_mm, truth.origin_mm, rtol=1e-5)


def test_events_agree_with_the_truth() -> None:
    model = GazeModel(5, 250.0, noise_deg=0.02, loss_hz=0.0)
    truth = model.next(250 * 40)
    found = find_events(truth.times_s, truth.xy)
    fixating = truth.event == FIXATION
    assert np.mean(found[fixating] == FIXATION) > 0.95
    saccades = np.flatnonzero(np.diff((truth.event == SACCADE).astype(int)) == 1) + 1
    hits = [SACCADE in found[max(i - 3, 0) : i + 12] for i in saccades]
    assert len(hits) > 20
    assert np.mean(hits) > 0.9
    blinks = np.flatnonzero(np.diff((truth.event == BLINK).astype(int)) == 1) + 1
    assert all(BLINK in found[i : i + 25] for i in blinks)


def test_pixels_need_the_size_of_the_display() -> None:
    channels = (
        Channel("x", "ScreenX", "pixels", "left"),
        Channel("y", "ScreenY", "pixels", "left"),
    )
    values = np.full((10, 2), 540.0, np.float32)
    with pytest.raises(BadInputError, match="size of the"):
        binocular_gaze(stream(values, channels))
    gaze = binocular_gaze(stream(values, channels), (1080.0, 1080.0))
    assert np.allclose(gaze.xy[:, 0], 0.5)
    assert np.isnan(gaze.xy[:, 1]).all()


def test_unnamed_channels_are_told_not_guessed() -> None:
    with pytest.raises(BadInputError, match="'T'"):
        binocular_gaze(stream(np.zeros((5, 2), np.float32), (Channel("1"), Channel("2"))))


@pytest.mark.parametrize(
    ("rate_hz", "noise_deg"), [(60, 0.2), (120, 0.2), (300, 0.1), (600, 0.1), (1200, 0.05)]
)
def test_noise_alone_is_no_saccade(rate_hz: float, noise_deg: float) -> None:
    rng = np.random.default_rng(1)
    times_s = np.arange(int(rate_hz * 10)) / rate_hz
    xy = 0.5 + rng.normal(size=(len(times_s), 2, 2)) * noise_deg / np.array([44.0, 26.0])
    found = find_events(times_s, xy)
    assert np.mean(found == SACCADE) < 0.01
    assert np.mean(found == FIXATION) > 0.95


def test_losing_one_eye_or_both_is_no_saccade() -> None:
    times_s = np.arange(1200) / 120
    xy = np.full((1200, 2, 2), 0.5)
    xy[:, 1] += 0.02  # the eyes never agree entirely
    xy[200:300, 0] = np.nan
    xy[500:520] = np.nan
    assert not np.any(find_events(times_s, xy) == SACCADE)

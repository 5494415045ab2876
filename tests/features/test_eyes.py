"""A recorded gaze stream as one table, and its default columns."""

from __future__ import annotations

import numpy as np
import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.devices.eyetracker_sim import GAZE_CHANNELS, gaze_rows
from emer_studio.features.eye_table import eye_table
from emer_studio.features.eyes import eyes_of, read_gaze
from emer_studio.recording.reader import RecordedStream
from emer_studio.schema.eye_columns import eye_column_names
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
    gaze = read_gaze(stream(rows, GAZE_CHANNELS))
    np.testing.assert_allclose(gaze.xy[:, :2], truth.xy, atol=1e-5)
    np.testing.assert_allclose(gaze.pupil_mm[:, :2], truth.pupil_mm, atol=1e-5)
    np.testing.assert_allclose(gaze.origin_mm, truth.origin_mm, rtol=1e-5)
    assert len(gaze.times_s) == 600  # lost samples are NaN, never dropped
    np.testing.assert_array_equal(gaze.valid[:, :2], truth.valid)
    assert gaze.geometry.distance_from == "tracker"


def test_combined_gaze_is_the_mean_of_the_eyes_that_were_seen() -> None:
    truth = GazeModel(4, 120.0).next(1200)
    gaze = read_gaze(stream(gaze_rows(GazeModel(4, 120.0), 1200, "neutral"), GAZE_CHANNELS))
    one = truth.valid.sum(axis=1) == 1
    assert one.any()
    np.testing.assert_allclose(gaze.both[one], truth.xy[one][truth.valid[one]], atol=1e-5)
    two = truth.valid.all(axis=1)
    np.testing.assert_allclose(gaze.both[two], truth.xy[two].mean(axis=1), atol=1e-5)


DISPLAY = {"width_px": 1920, "height_px": 1080, "given_mm": (600.0, 340.0)}


def test_degrees_follow_the_display_and_the_distance_that_were_given() -> None:
    channels = (
        Channel("x", "ScreenX", "pixels", "left"),
        Channel("y", "ScreenY", "pixels", "left"),
    )
    values = np.array([[960.0, 540.0], [1920.0, 540.0]], np.float32)
    near = read_gaze(stream(values, channels), DISPLAY | {"distance_mm": 300.0})
    assert near.deg[0, 2] == pytest.approx([0.0, 0.0])
    assert near.deg[1, 2] == pytest.approx([45.0, 0.0])  # as far aside as ahead
    far = read_gaze(stream(values, channels), DISPLAY | {"distance_mm": 600.0})
    assert far.deg[1, 2, 0] == pytest.approx(np.degrees(np.arctan(0.5)))
    np.testing.assert_allclose(near.px((1920, 1080))[:, 0], values)


def test_pixels_need_the_size_of_the_display() -> None:
    channels = (
        Channel("x", "ScreenX", "pixels", "left"),
        Channel("y", "ScreenY", "pixels", "left"),
    )
    values = np.full((10, 2), 540.0, np.float32)
    with pytest.raises(BadInputError, match="size of the"):
        read_gaze(stream(values, channels))
    gaze = read_gaze(stream(values, channels), {"width_px": 1080, "height_px": 1080})
    assert np.allclose(gaze.xy[:, 0], 0.5)
    assert np.isnan(gaze.xy[:, 1]).all()


def test_unnamed_channels_are_told_not_guessed() -> None:
    with pytest.raises(BadInputError, match="'T'"):
        read_gaze(stream(np.zeros((5, 2), np.float32), (Channel("1"), Channel("2"))))


def test_the_pupil_of_a_clip_is_compared_with_what_was_before_it() -> None:
    rows = gaze_rows(GazeModel(3, 120.0, loss_hz=0.0), 1200, "neutral")
    labels = [channel.label for channel in GAZE_CHANNELS]
    pupils = [k for k, label in enumerate(labels) if label.endswith("_pupil")]
    assert len(pupils) == 2
    rows[:, pupils] = np.where(np.arange(1200) < 600, 3.0, 3.5)[:, None]
    eyes = eyes_of(read_gaze(stream(rows, GAZE_CHANNELS)))
    table = eye_table(eyes, 105.0, 110.0)
    assert len(table) == 600
    change = table[:, eye_column_names().index("pupil_change_mm")]
    assert np.median(change[120:]) == pytest.approx(0.5, abs=0.02)


def test_a_stretch_without_a_sample_has_no_row() -> None:
    rows = gaze_rows(GazeModel(3, 120.0), 240, "neutral")
    eyes = eyes_of(read_gaze(stream(rows, GAZE_CHANNELS)))
    assert eye_table(eyes, 500.0, 510.0).shape == (0, 39)

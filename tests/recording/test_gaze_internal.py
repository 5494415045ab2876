"""Raw samples of every layout in the one internal form."""

from __future__ import annotations

import numpy as np
import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.features.eye_table import eye_table
from emer_studio.features.eyes import eyes_of, read_gaze
from emer_studio.recording.gaze_internal import to_internal
from emer_studio.recording.reader import RecordedStream
from emer_studio.schema.eye_columns import eye_column_names
from emer_studio.schema.streams import parse_header, recognise
from gaze_headers import Fields, eyelink, header, neon, pupil_capture, titta, tobii_pro_app

NAN = float("nan")


def layout_of(channels: list[Fields], **fields: str):
    found = recognise(parse_header(header(channels, **fields)))
    assert found is not None
    return found


def test_titta_uses_each_flag_for_its_own_quantity() -> None:
    channels = titta()
    layout = layout_of(channels)
    rows = np.zeros((2, len(channels)))

    def put(label: str, first: float, second: float) -> None:
        rows[:, [c["label"] for c in channels].index(label)] = (first, second)

    for axis, value in (("x", 0.25), ("y", 0.75)):
        put(f"{axis}.position_on_display_area.gaze_point.left_eye", value, value)
    put("valid.gaze_point.left_eye", 1, 0)
    put("diameter.pupil.left_eye", 3.5, 3.6)
    put("valid.pupil.left_eye", 1, 1)
    put("diameter.eye_openness.left_eye", 9, 9)
    put("valid.eye_openness.left_eye", 0, 1)
    found = to_internal(layout, rows)
    assert found.xy[0, 0].tolist() == [0.25, 0.75]
    assert np.isnan(found.xy[1, 0]).all()
    assert found.valid.tolist() == [[True, False, False], [False, False, False]]
    assert found.pupil[:, 0].tolist() == [3.5, 3.6]  # seen, though the gaze was lost
    assert np.isnan(found.openness_mm[0, 0])
    assert found.openness_mm[1, 0] == 9
    assert np.isnan(found.xy[:, 1:]).all()


def test_the_tobii_pro_apps_nan_is_a_lost_eye() -> None:
    rows = np.array([[0.1, 0.2, 3.0, NAN, NAN, NAN]])
    found = to_internal(layout_of(tobii_pro_app()), rows)
    assert found.valid.tolist() == [[True, False, False]]
    assert found.pupil_unit == "mm"


def test_the_eyelink_apps_zero_and_missing_are_lost_eyes() -> None:
    rows = np.zeros((3, 10))
    rows[:, :4] = [[960, 270, 0, 0], [-32768, -32768, 0, 1080], [0, 0, 1920, 0]]
    found = to_internal(layout_of(eyelink()), rows, display_px=(1920, 1080))
    assert found.xy[0, 0].tolist() == [0.5, 0.25]
    assert found.valid[:, :2].tolist() == [[True, False], [False, True], [False, True]]


def test_pixels_become_fractions_of_the_display() -> None:
    channels = [{"label": "left_x", "unit": "px"}, {"label": "left_y", "unit": "px"}]
    layout = layout_of(channels)
    with pytest.raises(BadInputError, match="pixels"):
        to_internal(layout, np.zeros((1, 2)))
    found = to_internal(layout, np.array([[960.0, 270.0]]), display_px=(1920, 1080))
    assert found.xy[0, 0].tolist() == [0.5, 0.25]


def test_scene_camera_gaze_is_never_a_place_on_the_screen() -> None:
    channels = pupil_capture()
    layout = layout_of(channels, name="pupil_capture")
    rows = np.full((2, 22), NAN)
    labels = [c["label"] for c in channels]
    rows[:, :3] = [[0.9, 0.5, 0.5], [0.3, 0.5, 0.5]]
    rows[:, labels.index("diameter0_2d")] = 40.0
    rows[:, labels.index("diameter0_3d")] = 4.0
    found = to_internal(layout, rows)
    assert np.isnan(found.xy).all()
    assert not found.valid.any()
    assert found.pupil[0, 1] == 4.0  # right, mm
    assert np.isnan(found.pupil[1, 1])  # confidence below Pupil Capture's own minimum
    assert np.isnan(to_internal(layout_of(neon()), np.ones((3, 2))).xy).all()


@pytest.mark.parametrize(("value", "unit"), [(3.2, "mm"), (1200.0, "arbitrary")])
def test_a_pupil_without_unit_is_mm_only_where_it_can_be(value: float, unit: str) -> None:
    channels = [{"label": label} for label in ("x", "y", "pupil")]
    found = to_internal(layout_of(channels), np.array([[0.5, 0.5, value]] * 9))
    assert found.pupil_unit == unit
    assert np.isfinite(found.pupil_mm[:, 2]).all() == (unit == "mm")


def test_one_gaze_for_both_eyes_is_used_but_belongs_to_neither() -> None:
    channels = [{"label": label} for label in ("x", "y", "pupil", "confidence")]
    text = parse_header(header(channels))
    rows = np.tile([0.4, 0.6, 3.0, 0.9], (120, 1))
    rows[100:, 3] = 0.1
    stamps = 10 + np.arange(120) / 120
    gaze = read_gaze(RecordedStream(text, stamps, rows, np.zeros((0, 2)), 120))
    assert np.isnan(gaze.xy[:, :2]).all()
    assert gaze.both[0].tolist() == [0.4, 0.6]
    assert np.isnan(gaze.both[100:]).all()
    table = dict(
        zip(eye_column_names(), eye_table(eyes_of(gaze), 10.0, 11.0).T, strict=True)
    )
    assert table["gaze_x"][0] == pytest.approx(0.4)
    assert table["pupil_mm"][0] == pytest.approx(3.0)
    assert table["validity_left"].max() == 0
    assert np.isnan(table["gaze_left_x"]).all()
    assert np.isnan(table["disparity_x_deg"]).all()
    assert table["fixation"][50] == 1


def test_head_worn_gaze_is_refused_by_the_dataset_with_the_reason() -> None:
    stream = RecordedStream(
        parse_header(header(neon())), np.arange(3.0), np.ones((3, 2)), np.zeros((0, 2)), 3
    )
    with pytest.raises(BadInputError, match="head-worn scene camera"):
        read_gaze(stream)

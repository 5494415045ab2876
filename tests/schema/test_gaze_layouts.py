"""Each known sender of gaze is recognised from the header it really sends."""

from __future__ import annotations

import pytest

from emer_studio.schema.streams import (
    describe,
    gaze_layout,
    parse_header,
    recognise,
    value_doubts,
)
from gaze_headers import (
    eyelink,
    gazepoint,
    header,
    neon,
    pupil_capture,
    titta,
    tobii_pro_app,
)


@pytest.mark.parametrize("track_box", [False, True])
def test_titta_lsl(track_box: bool) -> None:
    channels = titta(track_box=track_box)
    assert len(channels) == (44 if track_box else 38)
    text = header(channels, name="Tobii_gaze", rate=250, manufacturer="Tobii")
    layout = gaze_layout(parse_header(text))
    assert layout is not None
    assert layout.name == "TittaLSL"
    assert (layout.gaze_unit, layout.pupil_unit, layout.validity) == (
        "normalised",
        "mm",
        "boolean",
    )
    assert layout.frame == "screen, origin top left"
    assert layout.eyes == ("left", "right")
    labels = {role: layout.channels[i].label for role, i in layout.columns.items()}
    assert labels["right_x"] == "x.position_on_display_area.gaze_point.right_eye"
    assert labels["left_valid"] == "valid.gaze_point.left_eye"
    assert labels["left_pupil_valid"] == "valid.pupil.left_eye"
    assert labels["right_openness"] == "diameter.eye_openness.right_eye"
    assert labels["left_origin_z"] == "z.position_in_user_coordinates.gaze_origin.left_eye"
    assert labels["left_point_x"] == "x.position_in_user_coordinates.gaze_point.left_eye"
    assert layout.doubts == ()


def test_the_tobii_pro_app_declares_a_rate_that_is_not_the_trackers() -> None:
    text = header(
        tobii_pro_app(),
        name="Tobii",
        kind="Eyetracker",
        rate=600,
        manufacturer="TobiiPro",
        application="TobiiProApp",
    )
    layout = gaze_layout(parse_header(text))
    assert layout is not None
    assert layout.name == "Tobii Pro app"
    assert layout.normalised
    assert layout.pupil_unit == "mm"
    assert layout.validity == ""  # lost is NaN
    assert layout.declared_rate_wrong
    assert any("600 Hz" in doubt for doubt in layout.doubts)
    assert dict(layout.columns) == {
        "left_x": 0,
        "left_y": 1,
        "left_pupil": 2,
        "right_x": 3,
        "right_y": 4,
        "right_pupil": 5,
    }


def test_the_eyelink_app_sends_pixels_and_areas_without_saying_so() -> None:
    layout = gaze_layout(parse_header(header(eyelink(), name="EyeLink", rate=500)))
    assert layout is not None
    assert (layout.name, layout.gaze_unit, layout.pupil_unit) == (
        "EyeLink app",
        "px",
        "arbitrary",
    )
    assert layout.columns["right_y"] == 3
    assert layout.columns["left_pupil"] == 4
    assert any("500 Hz" in doubt for doubt in layout.doubts)


def test_gazepoint_sends_fractions_that_it_calls_percent() -> None:
    parsed = parse_header(header(gazepoint(), name="GazepointEyeTracker", kind="gaze"))
    layout = gaze_layout(parsed)
    assert layout is not None
    assert (layout.name, layout.normalised, layout.pupil_unit) == ("Gazepoint", True, "px")
    labels = {role: layout.channels[i].label for role, i in layout.columns.items()}
    wanted = {"x": "POGX", "y": "POGY", "valid": "POGV", "pupil": "PD", "pupil_valid": "PV"}
    for eye in ("left", "right"):
        for role, label in wanted.items():
            assert labels.pop(f"{eye}_{role}") == eye[0].upper() + label
    assert not labels


def test_pupil_capture_sends_the_scene_cameras_picture_and_is_refused() -> None:
    channels = pupil_capture()
    assert len(channels) == 22
    parsed = parse_header(header(channels, name="pupil_capture", rate=0, fmt="double64"))
    assert gaze_layout(parsed) is None
    layout = recognise(parsed)
    assert layout is not None
    assert layout.name == "Pupil Capture"
    assert not layout.usable
    assert "head-worn scene camera" in layout.refusal
    assert "surface tracking" in layout.fix
    assert layout.eyes == ("both",)
    assert (layout.validity, layout.valid_from) == ("confidence", 0.6)
    labels = {role: layout.channels[i].label for role, i in layout.columns.items()}
    assert labels["both_x"] == "norm_pos_x"
    assert labels["right_pupil"] == "diameter0_3d"  # eye 0 is the right one, mm before px
    assert labels["left_pupil_px"] == "diameter1_2d"
    assert labels["left_direction_z"] == "gaze_normal1_z"  # typed PositionZ by the sender
    assert labels["right_origin_x"] == "eye_center0_3d_x"
    assert layout.pupil_unit == "mm"


@pytest.mark.parametrize(
    ("name", "manufacturer"),
    [
        ("pupil_labs_Gaze", "Pupil Labs"),
        ("Lab 3_Neon Gaze", ""),
        ("own_Gaze", "Pupil Labs"),
    ],
)
def test_neon_is_refused_as_screen_gaze_with_an_explanation(
    name: str, manufacturer: str
) -> None:
    text = header(neon(), name=name, rate=0, fmt="double64", manufacturer=manufacturer)
    layout = recognise(parse_header(text))
    assert layout is not None
    assert layout.name == "Neon / Pupil Invisible"
    assert (layout.gaze_unit, layout.frame) == ("px", "scene camera")
    assert not layout.usable
    assert "does not say where on the screen" in layout.refusal
    assert gaze_layout(parse_header(text)) is None


@pytest.mark.parametrize("place", ["world", "world-space", "camera-space"])
def test_an_unknown_sender_that_names_the_scene_is_refused_too(place: str) -> None:
    channels = [
        {"label": a, "type": f"Screen{a.upper()}", "coordinate_system": place} for a in "xy"
    ]
    layout = recognise(parse_header(header(channels)))
    assert layout is not None
    assert layout.name == "XDF Gaze Meta-Data"
    assert layout.frame == "scene camera"
    assert not layout.usable


def test_the_convention_with_units_and_confidence() -> None:
    channels = [
        {"label": "a", "eye": "both", "type": "ScreenX", "unit": "pixels"},
        {"label": "b", "eye": "both", "type": "ScreenY", "unit": "pixels"},
        {"label": "c", "eye": "left", "type": "Diameter", "unit": "pixels"},
        {"label": "d", "eye": "left", "type": "Diameter", "unit": "mm"},
        {"label": "e", "eye": "both", "type": "Confidence", "unit": "normalized"},
    ]
    layout = gaze_layout(parse_header(header(channels)))
    assert layout is not None
    assert (layout.gaze_unit, layout.pupil_unit) == ("px", "mm")
    assert layout.columns["left_pupil"] == 3
    assert layout.columns["both_valid"] == 4
    assert layout.validity == "confidence"
    assert any("both eyes together" in doubt for doubt in layout.doubts)


@pytest.mark.parametrize(
    ("labels", "roles"),
    [
        (["x", "y"], ["both_x", "both_y"]),
        (["gaze_x", "gaze_y", "pupil"], ["both_x", "both_y", "both_pupil"]),
        (["LeftGazeX", "LeftGazeY"], ["left_x", "left_y"]),
        (["lx", "ly", "rx", "ry"], ["left_x", "left_y", "right_x", "right_y"]),
        (["GazeX_R", "GazeY_R", "PupilSize_R"], ["right_x", "right_y", "right_pupil"]),
        (["left x [px]", "left y [px]"], ["left_x", "left_y"]),
        (["POR_X", "POR_Y", "validity"], ["both_x", "both_y", "both_valid"]),
    ],
)
def test_plain_labels(labels: list[str], roles: list[str]) -> None:
    layout = gaze_layout(parse_header(header([{"label": label} for label in labels])))
    assert layout is not None
    assert layout.name == "labelled"
    assert list(layout.columns) == roles
    if "px" not in labels[0]:
        assert any("unit of the gaze is not given" in doubt for doubt in layout.doubts)
    else:
        assert layout.gaze_unit == "px"


@pytest.mark.parametrize(
    ("labels", "kind"),
    [(["1", "2"], "Gaze"), (["x", "y"], "Mouse"), (["x"], "Gaze"), (["Fz", "Cz"], "EEG")],
)
def test_what_is_no_gaze_is_not_guessed(labels: list[str], kind: str) -> None:
    channels = [{"label": label} for label in labels]
    assert recognise(parse_header(header(channels, kind=kind))) is None


def test_the_operator_sees_every_channel() -> None:
    layout = gaze_layout(parse_header(header([*tobii_pro_app(), {"label": "trigger"}])))
    assert layout is not None
    rows = describe(layout)
    assert rows[0] == ("left_x", 1, "left_x", "screencoords")
    assert rows[-1] == ("", 7, "trigger", "")


def test_values_that_do_not_fit_their_unit_are_a_doubt() -> None:
    layout = gaze_layout(parse_header(header(tobii_pro_app())))
    assert layout is not None
    nan = float("nan")
    good = [[0.4, 0.5, 3.1, 0.42, 0.51, nan]] * 40
    assert value_doubts(layout, good) == []
    (doubt,) = value_doubts(layout, [[812.0, 400.0, 3.1, 800.0, 410.0, 3.0]] * 40)
    assert "these may be pixels" in doubt
    (doubt,) = value_doubts(layout, [[0.4, 0.5, 1200.0, 0.4, 0.5, 1180.0]] * 40)
    assert "these are no mm" in doubt
    (doubt,) = value_doubts(layout, [[nan] * 6] * 40)
    assert "no gaze was seen" in doubt


def test_pixels_that_are_fractions_and_an_old_validity_code_are_doubts() -> None:
    channels = [
        {"label": "left_x", "unit": "px"},
        {"label": "left_y", "unit": "px"},
        {"label": "left_valid"},
    ]
    layout = gaze_layout(parse_header(header(channels)))
    assert layout is not None
    doubts = value_doubts(layout, [[0.3, 0.4, 4.0]] * 30)
    assert any("may be 0..1 of the display" in doubt for doubt in doubts)
    assert any("mean by 0 that all is well" in doubt for doubt in doubts)

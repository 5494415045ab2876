"""Gaze layouts: recognised from what senders really write into their headers."""

from __future__ import annotations

import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.schema.streams import gaze_layout, parse_header


def header(channels: list[dict[str, str]]) -> str:
    rows = "".join(
        "<channel>" + "".join(f"<{k}>{v}</{k}>" for k, v in channel.items()) + "</channel>"
        for channel in channels
    )
    return (
        "<info><name>Tracker</name><type>Gaze</type>"
        f"<channel_count>{len(channels)}</channel_count><channel_format>float32</channel_format>"
        "<nominal_srate>60</nominal_srate><source_id>id</source_id>"
        f"<desc><channels>{rows}</channels></desc></info>"
    )


def test_the_metadata_convention_is_read_by_type_and_eye() -> None:
    layout = gaze_layout(
        parse_header(
            header(
                [
                    {"label": "a", "eye": "right", "type": "ScreenX", "unit": "pixels"},
                    {"label": "b", "eye": "right", "type": "ScreenY", "unit": "pixels"},
                    {"label": "c", "eye": "right", "type": "Diameter", "unit": "mm"},
                ]
            )
        )
    )
    assert layout is not None
    assert dict(layout.columns) == {"right_x": 0, "right_y": 1, "right_pupil": 2}
    assert not layout.normalised
    assert layout.pupil_unit == "mm"


def test_titta_labels_are_read_by_label() -> None:
    labels = [
        "x.position_on_display_area.gaze_point.left_eye",
        "y.position_on_display_area.gaze_point.left_eye",
        "x.position_in_user_coordinates.gaze_point.left_eye",
        "valid.gaze_point.left_eye",
        "x.position_on_display_area.gaze_point.right_eye",
        "y.position_on_display_area.gaze_point.right_eye",
    ]
    layout = gaze_layout(parse_header(header([{"label": label} for label in labels])))
    assert layout is not None
    assert layout.columns["left_x"] == 0
    assert layout.columns["left_valid"] == 3
    assert layout.columns["right_y"] == 5
    assert layout.normalised


def test_metatype_is_another_word_for_type_and_both_eyes_are_not_called_left() -> None:
    channels = [
        {"label": "x", "eye": "both", "metatype": "ScreenX", "unit": "pixels"},
        {"label": "y", "eye": "both", "metatype": "ScreenY", "unit": "pixels"},
    ]
    layout = gaze_layout(parse_header(header(channels)))
    assert layout is not None
    assert dict(layout.columns) == {"both_x": 0, "both_y": 1}
    assert layout.eyes == ("both",)


def test_channels_without_a_meaning_are_not_guessed() -> None:
    assert gaze_layout(parse_header(header([{"label": "1"}, {"label": "2"}]))) is None


@pytest.mark.parametrize("text", ["", "<info>", "no xml", "<info><name>x</name></info>"])
def test_a_broken_header_is_bad_input(text: str) -> None:
    with pytest.raises(BadInputError):
        parse_header(text)

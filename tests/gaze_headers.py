"""Headers as the senders of gaze make them, field by field from their sources."""

from __future__ import annotations

from collections.abc import Sequence

Fields = dict[str, str]


def header(
    channels: Sequence[Fields],
    *,
    name: str = "Tracker",
    kind: str = "Gaze",
    rate: float = 60.0,
    fmt: str = "float32",
    **acquisition: str,
) -> str:
    """Return a stream header with these channels."""

    def fields(items: Fields) -> str:
        return "".join(f"<{key}>{value}</{key}>" for key, value in items.items())

    rows = "".join(f"<channel>{fields(channel)}</channel>" for channel in channels)
    return (
        f"<info><name>{name}</name><type>{kind}</type>"
        f"<channel_count>{len(channels)}</channel_count>"
        f"<channel_format>{fmt}</channel_format><nominal_srate>{rate}</nominal_srate>"
        f"<source_id>id</source_id><hostname>h</hostname><desc>"
        f"<acquisition>{fields(acquisition)}</acquisition>"
        f"<channels>{rows}</channels></desc></info>"
    )


def titta(*, track_box: bool = False) -> list[Fields]:
    """TittaLSL: 38 channels, 44 in versions with the track box."""
    found = []
    for eye in ("left", "right"):

        def add(label: str, kind: str, unit: str, eye: str = eye) -> None:
            full = f"{label}.{eye}_eye"
            found.append({"label": full, "eye": eye, "type": kind, "unit": unit})

        def flags(of: str) -> None:
            add(f"valid.{of}", "ValidFlag", "bool")
            add(f"available.{of}", "AvailableFlag", "bool")

        for axis in "xy":
            add(
                f"{axis}.position_on_display_area.gaze_point",
                f"Screen{axis.upper()}",
                "normalized",
            )
        for axis in "xyz":
            kind = f"Intersection{axis.upper()}"
            add(f"{axis}.position_in_user_coordinates.gaze_point", kind, "mm")
        flags("gaze_point")
        add("diameter.pupil", "Diameter", "mm")
        flags("pupil")
        for axis in "xyz":
            kind = f"Pupil{axis.upper()}"
            add(f"{axis}.position_in_user_coordinates.gaze_origin", kind, "mm")
        for axis in "xyz" if track_box else "":
            kind = f"Pupil{axis.upper()}"
            place = "position_in_track_box_coordinates"
            add(f"{axis}.{place}.gaze_origin", kind, "normalized")
        flags("gaze_origin")
        add("diameter.eye_openness", "EyeLidDistance", "mm")
        flags("eye_openness")
    clocks = ("device_time_stamp", "system_time_stamp")
    return found + [{"label": name, "type": name, "unit": "s"} for name in clocks]


def tobii_pro_app() -> list[Fields]:
    """App-TobiiPro: 6 channels; 600 Hz is written into its source."""
    found = []
    for eye in ("left", "right"):
        for axis in "xy":
            kind = f"Screen{axis.upper()}"
            label = f"{eye}_{axis}"
            found.append({"label": label, "eye": eye, "type": kind, "unit": "screencoords"})
        found.append({"label": f"{eye}_pupil", "eye": eye, "type": "pupilsize"})
    return found


def pupil_capture() -> list[Fields]:
    """Pupil Capture's LSL relay: 22 channels; its gaze normals are typed as positions."""
    found: list[Fields] = []

    def add(label: str, eye: str, kind: str, unit: str, place: str = "world") -> None:
        fields = {"label": label, "eye": eye, "type": kind, "unit": unit}
        found.append(fields | ({"coordinate_system": place} if place else {}))

    add("confidence", "both", "Confidence", "normalized", "")
    for axis in "xy":
        add(f"norm_pos_{axis}", "both", f"Screen{axis.upper()}", "normalized")
    for axis in "xyz":
        add(f"gaze_point_3d_{axis}", "both", f"Direction{axis.upper()}", "mm")
    for label in ("eye_center{}_3d_{}", "gaze_normal{}_{}"):
        for number, eye in enumerate(("right", "left")):
            for axis in "xyz":
                add(label.format(number, axis), eye, f"Position{axis.upper()}", "mm")
    for unit, end in (("pixels", "2d"), ("mm", "3d")):
        for number, eye in enumerate(("right", "left")):
            add(f"diameter{number}_{end}", eye, "Diameter", unit, f"eye{number}")
    return found


def neon() -> list[Fields]:
    """Pupil Labs' lsl-relay: x and y in scene-camera pixels, "metatype" for "type"."""
    return [
        {
            "label": axis,
            "eye": "both",
            "metatype": f"Screen{axis.upper()}",
            "unit": "pixels",
            "coordinate_system": "world",
        }
        for axis in "xy"
    ]


def eyelink() -> list[Fields]:
    """App-EyeLink: 10 channels without units; the last two are its clock and LSL's."""
    sides = ("left", "right")
    labels = [f"{eye}Eye{axis}" for eye in sides for axis in "XY"]
    labels += [f"{eye}PupilArea" for eye in sides]
    labels += [f"pixelsPerDegree{axis}" for axis in "XY"]
    labels += ["eyelink_timestamp", "LSL_timestamp"]
    return [{"label": label, "type": "eyetracking"} for label in labels]


def gazepoint() -> list[Fields]:
    """Gazepoint's script with both eyes: names of the Open Gaze API, all of type gaze."""
    units = {"CNT": "integer", "TIME": "seconds", "FPOGX": "percent", "FPOGY": "percent"}
    for eye in "LRB":
        units |= {f"{eye}POG{axis}": "percent" for axis in "XY"}
        units[f"{eye}POGV"] = "boolean"
    for eye in "LR":
        units |= {f"{eye}PC{axis}": "percent" for axis in "XY"}
        units |= {f"{eye}PD": "pixels", f"{eye}PS": "scalar", f"{eye}PV": "boolean"}
    return [{"label": k, "unit": unit, "type": "gaze"} for k, unit in units.items()]

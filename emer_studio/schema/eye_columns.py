"""The 39 eye columns a dataset holds unless it declares others.

The list behind the "39" of the official code is not public; this one is ours. A dataset
may carry any other columns as long as its manifest names them and ``gaze_x`` and
``gaze_y`` are among them. No absolute time is a column: a clock is not a feature.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["DEFAULT_EYE_COLUMNS", "EyeColumn", "eye_column_names"]


class EyeColumn(BaseModel):
    """One numeric eye feature.

    Parameters
    ----------
    name : str
        Lower-case identifier, unit last where it has one.
    unit : str
        Unit, "1" for a plain number, "0/1" for a flag.
    meaning : str
        What it measures and when it is NaN.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    unit: str
    meaning: str


_SCREEN = "fraction of the screen, origin top left; NaN when lost"
_ORIGIN = "eye position in the tracker's user coordinates; NaN when lost"

_TABLE: tuple[tuple[str, str, str], ...] = (
    ("gaze_x", "1", f"combined gaze, mean of the valid eyes, {_SCREEN}"),
    ("gaze_y", "1", f"combined gaze, mean of the valid eyes, {_SCREEN}"),
    ("gaze_left_x", "1", f"left eye, {_SCREEN}"),
    ("gaze_left_y", "1", f"left eye, {_SCREEN}"),
    ("gaze_right_x", "1", f"right eye, {_SCREEN}"),
    ("gaze_right_y", "1", f"right eye, {_SCREEN}"),
    ("gaze_angle_x_deg", "deg", "combined gaze from the screen centre, right positive"),
    ("gaze_angle_y_deg", "deg", "combined gaze from the screen centre, down positive"),
    ("disparity_x_deg", "deg", "left minus right gaze, horizontal; NaN unless both valid"),
    ("disparity_y_deg", "deg", "left minus right gaze, vertical; NaN unless both valid"),
    ("off_screen", "0/1", "combined gaze outside the screen; 0 when lost"),
    ("validity_left", "0/1", "left gaze sample valid"),
    ("validity_right", "0/1", "right gaze sample valid"),
    ("pupil_left_mm", "mm", "left pupil diameter; NaN when lost"),
    ("pupil_right_mm", "mm", "right pupil diameter; NaN when lost"),
    ("pupil_mm", "mm", "mean pupil diameter of the valid eyes"),
    ("pupil_change_mm", "mm", "cleaned pupil minus its median in the 0.5 s before"),
    ("pupil_velocity_mm_s", "mm/s", "rate of change of pupil_mm"),
    ("pupil_valid_left", "0/1", "left pupil sample valid"),
    ("pupil_valid_right", "0/1", "right pupil sample valid"),
    ("openness_left_mm", "mm", "left lid opening; NaN when lost"),
    ("openness_right_mm", "mm", "right lid opening; NaN when lost"),
    ("origin_left_x_mm", "mm", f"left {_ORIGIN}"),
    ("origin_left_y_mm", "mm", f"left {_ORIGIN}"),
    ("origin_left_z_mm", "mm", f"left {_ORIGIN}"),
    ("origin_right_x_mm", "mm", f"right {_ORIGIN}"),
    ("origin_right_y_mm", "mm", f"right {_ORIGIN}"),
    ("origin_right_z_mm", "mm", f"right {_ORIGIN}"),
    ("velocity_x_deg_s", "deg/s", "angular gaze velocity, horizontal"),
    ("velocity_y_deg_s", "deg/s", "angular gaze velocity, vertical"),
    ("velocity_deg_s", "deg/s", "angular gaze speed"),
    ("acceleration_deg_s2", "deg/s^2", "rate of change of the angular speed"),
    ("fixation", "0/1", "the sample belongs to a fixation"),
    ("saccade", "0/1", "the sample belongs to a saccade"),
    ("blink", "0/1", "the sample belongs to a blink"),
    ("event_elapsed_s", "s", "time since the present fixation, saccade or blink began"),
    ("fixation_x", "1", f"mean gaze of the present fixation so far, {_SCREEN}"),
    ("fixation_y", "1", f"mean gaze of the present fixation so far, {_SCREEN}"),
    ("fixation_distance_deg", "deg", "gaze to the mean of the present fixation so far"),
)

DEFAULT_EYE_COLUMNS: tuple[EyeColumn, ...] = tuple(
    EyeColumn(name=name, unit=unit, meaning=meaning) for name, unit, meaning in _TABLE
)
"""The default columns, in file order (39, like the width the official code reads)."""


def eye_column_names() -> tuple[str, ...]:
    """Return the names of the default columns, in file order."""
    return tuple(column.name for column in DEFAULT_EYE_COLUMNS)

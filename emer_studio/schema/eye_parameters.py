"""How eye movements are found and cleaned: every number that decides, with its source."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from emer_studio.schema.base import Model

__all__ = ["EyeParameters"]

_Positive = Annotated[float, Field(gt=0)]
_Amount = Annotated[float, Field(ge=0)]


class EyeParameters(Model):
    """What a study may set; the defaults are the literature's where it has one.

    Parameters
    ----------
    method : {"ivt", "idt"}
        Fixations by a threshold of velocity or of dispersion (Salvucci & Goldberg 2000,
        *Identifying fixations and saccades in eye-tracking protocols*).
    saccade_deg_s : float
        I-VT: slower is a fixation. 30 deg/s: Olsen 2012, *The Tobii I-VT Fixation Filter*.
    velocity_window_s : float
        I-VT: velocity is taken over this time. 20 ms: the same.
    merge_s, merge_deg : float
        I-VT: fixations nearer to each other than both are one. 75 ms, 0.5 deg: the same.
    fixation_s : float
        Shorter stable stretches are none. 60 ms: the same.
    dispersion_deg : float
        I-DT: largest width and height of a fixation together. 1 deg: Salvucci & Goldberg.
    dispersion_s : float
        I-DT: shortest fixation, and the first window. 100 ms: the same.
    gap_fill_s : float
        Longer gaps in the gaze are not interpolated. 75 ms: Olsen, so that a blink stays.
    margin_s : float
        Left out on either side of a loss longer than `edge_gap_s`, where a half closed lid
        bends gaze and pupil. 50 ms: Kret & Sjak-Shie 2019, *Preprocessing pupil size
        data: Guidelines and code*.
    edge_gap_s : float
        75 ms: the same.
    blink_s : (float, float)
        Losses of both eyes of this length are blinks. Chosen by us: usual durations.
    pursuit_deg_s, pursuit_deg : float
        A stable stretch that drifts faster and farther than both is flagged as pursuit.
        Chosen by us: drift within a fixation stays below 1 deg/s (Rolfs 2009,
        *Microsaccades: Small steps on a long way*), and a target that is pursued moves by
        more than a tracker's error.
    pupil_mm : (float, float)
        Other sizes are artefacts. 1.5 to 9 mm: Kret & Sjak-Shie 2019.
    pupil_speed_mad, pupil_line_mad : float
        Outliers by speed, and from the trend line, lie this many median absolute
        deviations above the median. 16: the same.
    pupil_gap_s : float
        Longer gaps in the pupil are not interpolated. 250 ms: the same.
    pupil_low_pass_hz : float
        Cut-off of the zero-phase filter. 4 Hz: the same.
    pupil_baseline_s : float
        The median over this time before a clip is subtracted; where the recording begins
        later, over its first samples. 0.5 s, within what Mathôt et al. 2018, *Safe and
        sensible preprocessing and baseline correction of pupil-size data*, call usual.
    """

    method: Literal["ivt", "idt"] = "ivt"
    saccade_deg_s: _Positive = 30.0
    velocity_window_s: _Positive = 0.02
    merge_s: _Amount = 0.075
    merge_deg: _Amount = 0.5
    fixation_s: _Amount = 0.06
    dispersion_deg: _Positive = 1.0
    dispersion_s: _Positive = 0.1
    gap_fill_s: _Amount = 0.075
    margin_s: _Amount = 0.05
    edge_gap_s: _Amount = 0.075
    blink_s: tuple[_Positive, _Positive] = (0.05, 0.5)
    pursuit_deg_s: _Positive = 3.0
    pursuit_deg: _Amount = 1.0
    pupil_mm: tuple[_Positive, _Positive] = (1.5, 9.0)
    pupil_speed_mad: _Positive = 16.0
    pupil_line_mad: _Positive = 16.0
    pupil_gap_s: _Amount = 0.25
    pupil_low_pass_hz: _Positive = 4.0
    pupil_baseline_s: _Positive = 0.5

"""A recorded session as series on one clock."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from emer_studio.recording.reader import Recording


def test_every_series_of_a_real_session_lies_on_one_clock(
    recorded_study: tuple[Path, dict[str, Any]],
) -> None:
    recording = Recording(Path(recorded_study[1]["session"]))
    series = recording.series
    began = recording.events("session_started")[0]["t_s"]
    ended = recording.events("session_done")[0]["t_s"]
    for part in (
        series.gaze,
        series.pupil,
        series.frames,
        series.markers,
        series.ratings,
        series.presented,
    ):
        assert len(part) > 0
        assert np.all(np.diff(part.t_s) >= 0)
        assert np.all((part.t_s > began - 2.0) & (part.t_s < ended + 2.0))
    assert np.nanmin(series.gaze["left_x"]) > -0.5
    assert np.nanmax(series.gaze["left_x"]) < 1.5
    assert series.pupil.units["left"] == "mm"
    np.testing.assert_array_equal(series.frames["index"], np.arange(len(series.frames)))
    times_s = recording.frame_times(recording.videos[0])
    np.testing.assert_allclose(series.frames.t_s, times_s, atol=1e-3)
    assert set(series.ratings["item"]) == {"valence", "arousal"}
    (onset, *_) = recording.events("clip_onset")
    shown = series.presented.between(onset["t_s"] - 0.01, onset["t_s"] + 0.2)
    assert shown["trial"][0] == onset["trial"]
    assert series.presented.t_s[0] == np.min(shown.t_s)

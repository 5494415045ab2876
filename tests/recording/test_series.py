"""A recorded session as series on one clock."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from emer_studio.dataset.build import build_dataset
from emer_studio.dataset.cache import open_cache
from emer_studio.recording.reader import Recording
from emer_studio.study.folder import create_study
from sessions import write_session


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


def test_of_a_page_that_was_confirmed_twice_the_last_answer_counts(tmp_path: Path) -> None:
    study = create_study(tmp_path / "study", seed=1)
    folder = write_session(study)
    journal = folder / "journal.jsonl"
    about = {"event": "rating", "trial": 1, "clip": "happiness"}
    again = {**about, "page": "sam", "kind": "sam", "revised": True, "t_s": 1001.5}
    strength = {**about, "page": "strength", "kind": "items", "t_s": 1001.6}
    more = [
        {**again, "value": {"valence": 9, "arousal": 1}, "mapped": {"valence": 1.0}},
        {**strength, "value": {"valence": 1}, "mapped": {"valence": -1.0}},
    ]
    with journal.open("a", encoding="utf-8") as stream:
        stream.writelines(json.dumps(event) + "\n" for event in more)
    recording = Recording(folder)
    ratings = recording.series.ratings
    mine = (ratings["trial"] == 1) & (ratings["page"] == "sam")
    assert list(ratings["value"][mine]) == [9, 1]
    assert list(ratings.t_s[mine]) == [1001.5, 1001.5]
    assert len(recording.ratings) == 3
    build_dataset(study, tmp_path / "d", workers=1)
    first = next(row for row in open_cache(tmp_path / "d").samples if row.trial == 1)
    assert first.er_valence == 1.0

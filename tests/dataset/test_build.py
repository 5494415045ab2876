"""A dataset from a recorded session; a report of it."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.core.process import command_line
from emer_studio.dataset.build import build_dataset
from emer_studio.dataset.cache import open_cache
from emer_studio.labels.store import LabelStore
from emer_studio.recording.reader import Recording
from emer_studio.study.folder import create_study, open_study

Result = tuple[Path, dict[str, Any]]


def test_every_trial_becomes_a_sample_cut_to_its_clip(
    recorded_study: Result, tmp_path: Path
) -> None:
    study_folder, result = recorded_study
    study = open_study(study_folder)
    store = LabelStore(study_folder / "labels.sqlite")
    item = f"{Path(result['session']).name}/trial-1"
    for expert in ("E1", "E2", "E3"):
        store.set(
            expert, item, "category", "happiness", visible={"mode": "blind"}, input_by="key"
        )
    store.close()
    seen: list[tuple[int, int]] = []
    report = build_dataset(study, tmp_path / "d", on_trial=lambda *done: seen.append(done))
    assert (report.samples, report.left_out) == (2, [])
    assert seen == [(1, 2), (2, 2)]
    assert report.faces >= 0.95 * report.frames
    dataset = open_cache(tmp_path / "d")
    assert dataset.manifest.simulated
    recording = Recording(Path(result["session"]))
    ratings = {event["trial"]: event["mapped"] for event in recording.events("rating")}
    for index, row in enumerate(dataset.samples):
        clip = dataset.clip(index)
        assert row.er_valence == ratings[row.trial]["valence"]
        assert row.fer_emotion == ("happiness" if row.trial == 1 else None)
        assert row.end_s - row.start_s == pytest.approx(2.0, abs=0.2)
        assert len(clip.faces) == pytest.approx(60, abs=4)
        assert len(clip.eyes) == pytest.approx(240, abs=6)
        assert clip.face_times_s[0] >= 0
        assert clip.eye_times_s[-1] <= row.end_s - row.start_s
        valid = np.asarray(clip.faces_valid, bool)
        assert np.asarray(clip.faces)[valid].std() > 10


def test_a_study_without_a_trial_is_told(tmp_path: Path) -> None:
    study = create_study(tmp_path / "s")
    with pytest.raises(BadInputError, match="no finished trial"):
        build_dataset(study, tmp_path / "d")
    assert not (tmp_path / "d").exists()


def test_the_report_is_one_file_that_tells_what_was_measured(
    recorded_study: Result, tmp_path: Path
) -> None:
    study_folder, result = recorded_study
    out = tmp_path / "report.html"
    command = command_line("report", str(study_folder), "--out", str(out), "--json")
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["sessions"] == 1
    html = out.read_text(encoding="utf-8")
    assert "SIMULATED: camera, gaze, participant" in html
    assert Path(result["session"]).name in html
    for row in Recording(Path(result["session"])).streams:
        assert f">{len(row.stamps_s)}<" in html
    images = re.findall(r'src="data:image/png;base64,([^"]+)"', html)
    assert len(images) >= 3
    assert all(base64.b64decode(image).startswith(b"\x89PNG") for image in images)
    assert "http" not in re.sub(r'src="data:[^"]+"', "", html)  # nothing beside the file
    again = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False
    )
    assert again.returncode == 2
    assert "already exists" in again.stderr

"""A dataset from a recorded session; a report of it."""

from __future__ import annotations

import base64
import csv
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.core.process import command_line
from emer_studio.dataset.build import build_dataset
from emer_studio.dataset.cache import open_cache, verify_hashes
from emer_studio.dataset.face_work import FaceWork
from emer_studio.dataset.jobs import work_out
from emer_studio.labels.store import LabelStore
from emer_studio.recording.reader import Recording
from emer_studio.report.session_quality import session_quality
from emer_studio.schema.dataset import MAP_SHAPE
from emer_studio.schema.session_quality import kept_quality
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
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "x").touch()
    with pytest.raises(BadInputError, match="not empty"):  # before anything is done
        build_dataset(study, tmp_path / "taken")
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


def copy_of(recorded_study: Result, folder: Path) -> Path:
    """Copy the study without what was derived from it, so that a test may change it."""
    study, _ = recorded_study
    target = folder / "study"
    derived = shutil.ignore_patterns("derived", "labels.sqlite")
    shutil.copytree(study, target, ignore=derived)
    return target


def test_what_is_kept_is_not_worked_out_again(
    recorded_study: Result, tmp_path: Path
) -> None:
    folder = copy_of(recorded_study, tmp_path)
    first = build_dataset(open_study(folder), tmp_path / "a", workers=2)
    assert first.worked_out == 3  # two trials' faces, one session's eyes
    again = build_dataset(open_study(folder), tmp_path / "b", workers=2)
    assert again.worked_out == 0
    a, b = (open_cache(tmp_path / name) for name in ("a", "b"))
    assert [s.sha256 for s in a.samples] == [s.sha256 for s in b.samples]
    (session,) = (folder / "sessions").iterdir()
    (kept,) = (session / "derived/dataset").glob("faces-1.*")
    kept.write_bytes(kept.read_bytes()[:-1000])
    (session / "face_001.mkv").touch()  # the same content at another time
    assert build_dataset(open_study(folder), tmp_path / "c", workers=1).worked_out == 1
    text = (folder / "study.yaml").read_text()
    (folder / "study.yaml").write_text(text + "eyes:\n  saccade_deg_s: 45\n")
    changed = build_dataset(open_study(folder), tmp_path / "d", workers=1)
    assert changed.worked_out == 1  # the eyes, and no face
    assert len(list((session / "derived/dataset").glob("eyes.*"))) == 1


def test_maps_lie_where_the_eyes_rested(recorded_study: Result, tmp_path: Path) -> None:
    build_dataset(open_study(recorded_study[0]), tmp_path / "d", workers=1)
    dataset = open_cache(tmp_path / "d")
    assert dataset.maps is not None
    assert dataset.maps.shape == (2, *MAP_SHAPE)
    sums = np.asarray(dataset.maps).sum(axis=(2, 3))
    assert np.all((np.abs(sums - 1) < 1e-3) | (sums == 0))
    assert (sums > 0.5).mean() > 0.7
    assert verify_hashes(dataset) == []


def test_a_study_sets_its_own_limits_and_the_quality_follows_them(
    recorded_study: Result, tmp_path: Path
) -> None:
    folder = copy_of(recorded_study, tmp_path)
    (session,) = (folder / "sessions").iterdir()
    journal = session / "journal.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    kept = [line for line in lines if not ('"rating"' in line and '"trial": 2' in line)]
    assert len(kept) == len(lines) - 1
    journal.write_text("".join(kept))
    assert build_dataset(open_study(folder), tmp_path / "a", workers=1).excluded == []
    text = (folder / "study.yaml").read_text()
    (folder / "study.yaml").write_text(text + "exclude:\n  rated: true\n")
    report = build_dataset(open_study(folder), tmp_path / "b", workers=1)
    about = {"session": session.name, "trial": 2, "reason": "no rating"}
    assert report.excluded == [about]
    table = list(csv.DictReader((tmp_path / "b/trials.csv").read_text().splitlines()))
    assert [(row["used"], row["reason"]) for row in table] == [
        ("yes", ""),
        ("excluded", "no rating"),
    ]
    suggested = [trial.suggestion == "exclude" for trial in session_quality(session).trials]
    assert suggested == [False, True]
    assert kept_quality(session) is not None
    (folder / "study.yaml").write_text(text + "exclude:\n  least_gaze: 0.4\n")
    assert kept_quality(session) is None  # made with other limits


def test_a_video_that_is_cut_off_costs_its_own_trials_only(
    recorded_study: Result, tmp_path: Path
) -> None:
    folder = copy_of(recorded_study, tmp_path)
    (session,) = (folder / "sessions").iterdir()
    video = session / "face_001.mkv"
    second = Recording(session).shown_clips[1].onset_s
    before = np.mean(Recording(session).frame_times(video) < second)
    video.write_bytes(video.read_bytes()[: int(0.95 * before * video.stat().st_size)])
    report = build_dataset(open_study(folder), tmp_path / "d", workers=1)
    assert report.samples == 1
    assert [entry["trial"] for entry in report.left_out] == [2]


def test_what_one_piece_lacks_is_told_and_the_others_are_kept(
    recorded_study: Result, tmp_path: Path
) -> None:
    session = Path(str(recorded_study[1]["session"]))
    (tmp_path / "face_001.mkv").write_text("no video")
    (tmp_path / "face_001.frames.csv").write_text("index,pts_ms,t_s\n0,0,0.5\n")
    works = [
        FaceWork(session, 1, 0.0, 1.0, "k"),  # no frame lies there: done at once
        FaceWork(tmp_path, 2, 0.0, 1.0, "k"),
    ]
    problems = work_out(works, 2, lambda _work: None)
    assert list(problems) == [works[1]]
    assert works[0].piece.load() is not None

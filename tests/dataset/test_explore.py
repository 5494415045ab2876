"""What the explorer shows of the eyes: as the build computes it, kept, made again."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from emer_studio.cli import main
from emer_studio.core.process import command_line
from emer_studio.dataset.explore import EVENT_FIELDS, explore_session
from emer_studio.dataset.fitness import gaze_of
from emer_studio.features.eyes import eyes_of
from emer_studio.recording.reader import Recording
from emer_studio.schema.explored import EXPLORED_ARRAYS, EXPLORED_FILE, read_explored
from emer_studio.study.folder import create_study, open_study
from sessions import write_session


def arrays_of(session):
    found = read_explored(session)
    with np.load(session / "derived" / "dataset" / found.arrays) as stored:
        return found, {name: stored[name] for name in stored.files}


def test_the_eyes_of_a_session_are_kept_with_the_places_of_its_clips(recorded_study):
    study, result = recorded_study
    session = Path(result["session"])
    found = explore_session(open_study(study), session)
    kept, arrays = arrays_of(session)
    assert kept == found
    assert not found.problem
    assert found.light
    assert found.pupil_unit == "mm"
    recording = Recording(session)
    onsets = {one["trial"]: one["t_s"] for one in recording.events("clip_onset")}
    assert {t.trial: t.onset_s for t in found.trials} == onsets
    assert all((study / trial.file).is_file() for trial in found.trials)
    assert all(trial.frame[2] <= 1.0 for trial in found.trials)
    eyes = eyes_of(gaze_of(recording))
    assert np.array_equal(arrays["times_s"], eyes.gaze.times_s)
    known = np.isfinite(eyes.gaze.both)
    assert np.array_equal(np.isfinite(arrays["xy"]), known)
    assert np.allclose(arrays["xy"][known], eyes.gaze.both[known], atol=1e-6)
    table = eyes.events.table
    assert arrays["events"].shape == (len(table), len(EVENT_FIELDS))
    assert np.array_equal(arrays["events"][:, 1], table["onset_s"])
    assert (arrays["events"][:, 0] == 1).sum() == len(eyes.events.of("fixation"))
    for trial in found.trials:
        density = arrays[f"map-{trial.trial}"]
        assert density.shape == (36, 64)
        assert density.sum() == pytest.approx(1.0, abs=1e-4) or not density.any()
    named = {name for name in arrays if not name.startswith("map-")}
    assert named - {"pupil_unit"} == set(EXPLORED_ARRAYS) - {"map-N"}


def test_it_is_worked_out_once_and_again_when_a_setting_changes(tmp_path):
    study = create_study(tmp_path / "study", seed=7)
    session = write_session(study)
    first = explore_session(study, session)
    piece = session / "derived" / "dataset" / first.arrays
    when = piece.stat().st_mtime_ns
    assert explore_session(study, session) == first
    assert piece.stat().st_mtime_ns == when
    text = (study.folder / "study.yaml").read_text()
    (study.folder / "study.yaml").write_text(text + "eyes: {saccade_deg_s: 45}\n")
    second = explore_session(open_study(study.folder), session)
    assert second.arrays != first.arrays
    assert not piece.exists()


def test_a_session_without_gaze_says_so_and_keeps_its_trials(tmp_path):
    study = create_study(tmp_path / "study", seed=7)
    session = write_session(study)
    for path in session.glob("*.xdf"):
        path.unlink()
    done = subprocess.run(
        command_line("explore", str(session), "--json"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["problem"] == "there is no gaze stream in the recording"
    assert len(read_explored(session).trials) == said["trials"] == 2
    assert said["explored"] == str(session / EXPLORED_FILE)
    shutil.rmtree(session / "derived", ignore_errors=True)
    assert read_explored(session) is None


def test_what_is_no_session_is_told(tmp_path, capsys):
    assert main(["explore", str(tmp_path)]) == 2
    assert "is not a session" in capsys.readouterr().err

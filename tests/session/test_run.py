"""Whole sessions through the command, read back with tools that are not ours."""

from __future__ import annotations

import csv
import json
import logging
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import av
import numpy as np
import psutil
import pytest
import pyxdf

from clips import write_clip
from crashes import resume
from emer_studio.core.process import Child, command_line
from emer_studio.dataset.build import build_dataset
from emer_studio.dataset.cache import open_cache
from emer_studio.recording.check import check_session
from emer_studio.recording.reader import Recording
from emer_studio.recording.sync_marks import sync_lags
from emer_studio.schema.study import LEFT_ALONE
from emer_studio.session.seen import seen_clips
from emer_studio.stimulus.demo_clips import write_demo_clip
from emer_studio.study.folder import create_study, open_study
from emer_studio.study.lock import cut_off
from emer_studio.synthetic.sync_code import edges
from protocols import SMALL, write_short_protocol
from senders import SENDER

logging.getLogger("pyxdf").setLevel(logging.ERROR)
Result = tuple[Path, dict[str, Any]]


def xdf_streams(path: str) -> dict[str, Any]:
    streams, _ = pyxdf.load_xdf(path, dejitter_timestamps=False)
    return {stream["info"]["name"][0]: stream for stream in streams}


def test_the_result_is_true_against_other_readers(recorded_study: Result) -> None:
    _, result = recorded_study
    assert result["state"] == "complete"
    assert result["trials"] == result["ratings"] == 2
    streams = xdf_streams(result["xdf"])
    gaze = streams["EMER_SimGaze"]
    assert np.asarray(gaze["time_series"]).shape[1] == 16
    np.testing.assert_allclose(np.diff(gaze["time_stamps"]), 1 / 120, atol=1e-4)
    with av.open(result["video"]) as container:
        frames = sum(1 for _ in container.decode(video=0))
    index = np.asarray(streams["EMER_Webcam"]["time_series"])[:, 0]
    np.testing.assert_array_equal(index, np.arange(frames))


def test_the_journal_and_its_markers_agree(recorded_study: Result) -> None:
    _, result = recorded_study
    journal = [
        json.loads(line)
        for line in (Path(result["session"]) / "journal.jsonl").read_text().splitlines()
    ]
    written = [entry for entry in journal if entry["event"] != "rating_change"]
    markers = xdf_streams(result["xdf"])["EMER_Markers"]
    mirrored = [json.loads(row[0])["event"] for row in markers["time_series"]]
    assert mirrored == [entry["event"] for entry in written]
    offsets = np.array(markers["time_stamps"]) - [entry["t_s"] for entry in written]
    assert np.abs(offsets).max() < 0.001  # one machine: only the measured offset is between
    ratings = [entry for entry in journal if entry["event"] == "rating"]
    for rating in ratings:
        assert set(rating["value"]) == {"valence", "arousal"}
        for dimension, value in rating["value"].items():
            assert 1 <= value <= 9
            assert rating["mapped"][dimension] == pytest.approx((value - 5) / 4)


def test_onsets_are_the_first_presented_frames(recorded_study: Result) -> None:
    _, result = recorded_study
    folder = Path(result["session"])
    with (folder / "presented.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    for onset in Recording(folder).events("clip_onset"):
        shown = [float(r["shown_s"]) for r in rows if int(r["trial"]) == onset["trial"]]
        assert onset["t_s"] == pytest.approx(min(shown), abs=1e-6)
        assert len(shown) >= 0.9 * 60
        assert np.all(np.diff(shown) > 0)


def test_flashes_tell_how_late_the_camera_is(recorded_study: Result) -> None:
    """The simulated camera is told of the light by pipes: late by those and its frames."""
    _, result = recorded_study
    recording = Recording(Path(result["session"]))
    marks = recording.events("sync_mark")
    assert [mark["which"] for mark in marks] == ["start", "end"]
    for mark in marks:
        shown = np.array([t_s for t_s, _ in mark["edges"]])
        planned = np.array([at for at, _ in edges(mark["which"])])
        np.testing.assert_allclose(np.diff(shown), np.diff(planned), atol=0.08)
        assert mark["clicks"] == []  # no sound device here
    lags = sync_lags(recording)["camera"]
    for which in ("start", "end"):
        assert lags[which]["found"] >= 5
        assert 0 < lags[which]["lag_ms"] < 100
    assert abs(lags["drift_ms"]) < 30 + 3 * lags["drift_se_ms"]


def test_the_session_is_marked_as_simulated_everywhere(recorded_study: Result) -> None:
    study, result = recorded_study
    manifest = json.loads((Path(result["session"]) / "session.json").read_text())
    assert manifest["simulated"] is True
    assert set(manifest["simulated_devices"]) == {"gaze", "camera", "participant"}
    assert "\tyes\tsimulated" in (study / "participants.tsv").read_text()
    verdict = check_session(Path(result["session"]))
    assert verdict["simulated"] is True
    assert all(row["simulated"] for row in verdict["streams"])
    assert verdict["verdict"] != "red", verdict["findings"]


def run(study: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command_line("run", str(study), *arguments, "--headless", "--json"),
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A fresh study."""
    path = tmp_path / "study"
    create_study(path, seed=1)
    return path


def sessions(study: Path) -> list[Path]:
    return list((study / "sessions").iterdir())


def test_a_real_video_and_a_foreign_tracker_are_recorded_without_a_hole(
    study: Path, tmp_path: Path, unique: str
) -> None:
    """The main job: a video of a face as the camera, any LSL gaze stream as the tracker."""
    video = tmp_path / "face.mp4"
    write_clip(video, seconds=1.0, fps=25)
    protocol = write_short_protocol(tmp_path / "protocol")
    name = f"tracker-{unique}"
    sender = subprocess.Popen(
        [sys.executable, "-c", SENDER, name, "90", f"src-{unique}"], stdout=subprocess.PIPE
    )
    assert sender.stdout is not None
    sender.stdout.readline()
    try:
        done = run(
            study,
            *("--participant", "P007", "--protocol", str(protocol), "--simulate"),
            *("--camera", f"file:{video}", "--gaze", name),
        )
    finally:
        sender.kill()
        sender.wait()
        sender.stdout.close()
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.strip().splitlines()[-1])
    streams = xdf_streams(result["xdf"])
    counter = np.asarray(streams[name]["time_series"])[:, 0]
    np.testing.assert_array_equal(np.diff(counter), 1)
    with av.open(result["video"]) as container:
        frames = sum(1 for _ in container.decode(video=0))
    index = np.asarray(streams["EMER_Webcam"]["time_series"])[:, 0]
    np.testing.assert_array_equal(index, np.arange(frames))
    assert frames > 4 * 25
    manifest = json.loads((Path(result["session"]) / "session.json").read_text())
    assert manifest["gaze_stream"] == name
    assert set(manifest["simulated_devices"]) == {"camera", "participant"}
    assert any("do not say which is the gaze" in text for text in result["findings"])


def test_a_gaze_stream_that_never_appears_leaves_nothing(
    study: Path, tmp_path: Path, unique: str
) -> None:
    protocol = write_short_protocol(tmp_path / "protocol", seconds=0.5)
    done = run(
        study,
        *("--participant", "P001", "--protocol", str(protocol), "--simulate"),
        *("--gaze", f"none-{unique}", "--gaze-wait", "2"),
    )
    assert done.returncode == 3
    assert "did not appear within 2 s" in done.stderr
    assert "s left" in done.stderr  # the countdown
    assert "Traceback" not in done.stderr
    assert sessions(study) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--participant", "../x"), "participant code"),
        (("--participant", "P001", "--language", "fr"), "no language 'fr'"),
    ],
    ids=["a code that is no code", "a language the protocol lacks"],
)
def test_bad_input_leaves_nothing(
    study: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = run(study, "--protocol", "demo", "--simulate", *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert sessions(study) == []


def test_a_clip_that_does_not_decode_stops_the_session_before_it_starts(
    study: Path, tmp_path: Path
) -> None:
    protocol = write_short_protocol(tmp_path / "protocol", seconds=0.5)
    broken = tmp_path / "protocol" / "up.mp4"
    broken.write_bytes(broken.read_bytes()[:300])
    done = run(study, "--participant", "P001", "--protocol", str(protocol), "--simulate")
    assert done.returncode == 2
    assert "up.mp4" in done.stderr
    broken.unlink()
    done = run(study, "--participant", "P001", "--protocol", str(protocol), "--simulate")
    assert done.returncode == 2
    assert "does not exist" in done.stderr
    assert sessions(study) == []


def test_a_session_number_is_never_used_twice(recorded_study: Result) -> None:
    study, result = recorded_study
    before = (Path(result["session"]) / "journal.jsonl").read_bytes()
    done = run(
        study,
        *("--participant", "P001", "--protocol", "demo", "--simulate", "--session", "1"),
    )
    assert done.returncode == 2
    assert "already has a session 1" in done.stderr
    assert len(sessions(study)) == 1
    assert (Path(result["session"]) / "journal.jsonl").read_bytes() == before


def test_a_killed_session_closes_its_files_and_never_looks_complete(
    study: Path, tmp_path: Path
) -> None:
    protocol = write_short_protocol(tmp_path / "protocol", seconds=4.0)
    who = ("--participant", "P001", "--protocol", str(protocol), *SMALL)
    who += ("--simulate", "--headless")
    process = subprocess.Popen(
        command_line("run", str(study), *who, "--json"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    journals: list[Path] = []
    while time.monotonic() < deadline:
        journals = list((study / "sessions").glob("*/journal.jsonl"))
        if journals and "clip_onset" in journals[0].read_text():
            break
        time.sleep(0.1)
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) == 6  # tracker, camera and its spare, window, two recorders
    time.sleep(1.5)
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(children, timeout=4)
    assert alive == []
    folder = journals[0].parent
    manifest = json.loads((folder / "session.json").read_text())
    assert manifest["state"] == "running"
    verdict = check_session(folder)
    assert verdict["verdict"] == "red"
    assert "red: the session did not end; it was cut off" in verdict["findings"]
    torn = [text for text in verdict["findings"] if "footer" in text or "its index" in text]
    assert torn == []
    assert verdict["video"]["frames"] > 30
    write_short_protocol(tmp_path / "protocol", seconds=0.5)
    again = run(study, *who[:-1])
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout.strip().splitlines()[-1])["session"] != str(folder)


def started(study: Path, *who: str) -> subprocess.Popen[str]:
    """Start a session and return it when its first clip is on the screen."""
    process = subprocess.Popen(
        command_line("run", str(study), *who, "--simulate", *SMALL, "--headless", "--json"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        journals = list((study / "sessions").glob("*/journal.jsonl"))
        if journals and "clip_onset" in journals[0].read_text():
            return process
        time.sleep(0.1)
    raise AssertionError("the session did not begin")


def test_ctrl_c_ends_a_session_as_an_abort(study: Path, tmp_path: Path) -> None:
    protocol = write_short_protocol(tmp_path / "protocol", seconds=4.0)
    process = started(study, "--participant", "P001", "--protocol", str(protocol))
    process.send_signal(signal.SIGINT)
    text, errors = process.communicate(timeout=30)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    result = json.loads(text.strip().splitlines()[-1])
    assert result["state"] == "aborted"
    assert result["verdict"] == "amber"
    assert not any("marker" in finding for finding in result["findings"])
    manifest = json.loads((Path(result["session"]) / "session.json").read_text())
    assert (manifest["state"], manifest["verdict"]) == ("aborted", "amber")
    assert not (study / "study.lock").exists()


def test_a_tracker_that_dies_makes_the_session_red_and_its_trials_excluded(
    study: Path, tmp_path: Path, unique: str
) -> None:
    protocol = write_short_protocol(tmp_path / "protocol", seconds=2.5)
    tracker = Child("gaze", ["simulate", "gaze", "--name", f"g-{unique}", "--events"])
    tracker.wait_for("sending", timeout_s=20)
    who = ("--participant", "P001", "--protocol", str(protocol), "--gaze", f"g-{unique}")
    process = started(study, *who)
    time.sleep(1.0)
    tracker.kill()
    tracker.stop()
    text, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    result = json.loads(text.strip().splitlines()[-1])
    assert result["verdict"] == "red"
    assert any("before the recording does" in finding for finding in result["findings"])
    assert any("of the clip only" in finding for finding in result["findings"])
    assert any("silent" in finding for finding in result["findings"])
    manifest = json.loads((Path(result["session"]) / "session.json").read_text())
    assert "gaze" in manifest["simulated_devices"]  # told by the stream's own header
    report = build_dataset(open_study(study), tmp_path / "d", workers=1)
    assert len(report.excluded) + len(report.left_out) == 2
    assert all(row.excluded for row in open_cache(tmp_path / "d").samples)


def test_an_operator_pauses_in_a_clip_and_goes_on(tmp_path: Path) -> None:
    """The clip is over; one of the reserve takes its place, and the data says so."""
    protocol = write_short_protocol(tmp_path / "protocol", seconds=4.0)
    select = "{id: main, select: {per_emotion: 1, reserve: 1}, trial:"
    protocol.write_text(protocol.read_text().replace("{id: main, trial:", select))
    manifest = protocol.with_name("short-clips.yaml")
    spare = [
        f"  - {{id: {name}-spare, file: {name}-spare.mp4, emotion: {emotion}}}"
        for name, emotion in (("up", "happiness"), ("down", "sadness"))
    ]
    manifest.write_text("\n".join([manifest.read_text().rstrip(), *spare, ""]))
    for name, mood in (("up", "joy"), ("down", "sorrow")):
        write_demo_clip(manifest.with_name(f"{name}-spare.mp4"), mood, 2.5)
    create_study(tmp_path / "study", seed=3)
    words = ["run", str(tmp_path / "study"), "--participant", "P001", "--simulate"]
    words += ["--protocol", str(protocol), *SMALL, "--headless", "--windowed", "--events"]
    heard: list[dict[str, Any]] = []
    child = Child("session", words, on_event=heard.append)
    try:
        _wait_for_entry(child, "clip_onset")
        child.send("pause")
        _wait_for_entry(child, "paused")
        child.send("resume")
        result = child.wait_for("result", timeout_s=90)
    finally:
        child.stop(30)
    assert result["state"] == "complete"
    assert result["trials"] == result["ratings"] == 2
    folder = Path(result["session"])
    journal = Recording(folder)
    assert [e["by"] for e in journal.events("paused")] == ["operator"]
    broken, other = journal.events("trial_interrupted")[0], journal.shown_clips[0]
    assert other.trial == broken["replaced_by"] == 3
    assert len(journal.shown_clips) == 2
    said = f"amber: trial {broken['trial']} was broken off; trial 3 took its place"
    assert result["findings"] == [said]
    assert result["verdict"] == "amber"


def test_a_later_session_draws_unseen_clips_and_says_what_is_shown_again(
    recorded_study: Result,
) -> None:
    folder, _ = recorded_study
    study = open_study(folder)
    participant = study.sessions()[0].manifest.participant
    assert seen_clips(study, participant) == tuple(
        event["clip"]
        for event in Recording(study.sessions()[0].folder).events("clip_onset")
    )
    assert seen_clips(study, "P999") == ()


def _wait_for_entry(child: Child, name: str) -> dict[str, Any]:
    while True:
        event = child.wait_for("journal", timeout_s=60)
        if event["entry"]["event"] == name:
            return dict(event["entry"])


def test_everything_an_operator_asks_for_is_done_and_written(tmp_path: Path) -> None:
    protocol = write_short_protocol(tmp_path / "protocol", seconds=4.0)
    create_study(tmp_path / "study", seed=3)
    words = ["run", str(tmp_path / "study"), "--participant", "P001", "--simulate"]
    words += ["--protocol", str(protocol), *SMALL, "--headless", "--windowed", "--events"]
    child = Child("session", words)
    try:
        _wait_for_entry(child, "clip_onset")
        child.send("note", text="a door slammed")
        child.send("moment")
        child.send("pause_after")
        child.send("skip")
        assert _wait_for_entry(child, "trial_skipped")["trial"] == 1
        _wait_for_entry(child, "paused")
        child.send("repeat")
        result = child.wait_for("result", timeout_s=90)
    finally:
        child.stop(30)
    assert result["state"] == "complete"
    recording = Recording(Path(result["session"]))
    assert recording.events("note")[0]["text"] == "a door slammed"
    assert len(recording.events("moment")) == 1
    asked = [event["asked"] for event in recording.events("operator")]
    assert asked == ["pause_after", "skip", "repeat"]
    assert [e["trial"] for e in recording.events("trial_done")] == [2]
    assert len(recording.shown_clips) == 1  # nothing of it was seen before the repeat
    said = " ".join(result["findings"])
    assert "trial 1 was skipped by the operator" in said
    assert "red" not in said


def test_a_session_whose_window_dies_ends_by_itself_and_may_be_gone_on_with(
    tmp_path: Path,
) -> None:
    protocol = write_short_protocol(tmp_path / "protocol", seconds=2.0)
    study = create_study(tmp_path / "study", seed=3)
    words = ["run", str(study.folder), "--participant", "P001", "--simulate"]
    words += ["--protocol", str(protocol), *SMALL, "--headless", "--windowed", "--events"]
    child = Child("session", words)
    _wait_for_entry(child, "trial_done")
    child.stop(60)  # its input ends, as when the window is killed
    (session,) = cut_off(study)
    assert session.manifest.state == "aborted"
    assert session.manifest.problem == LEFT_ALONE
    result = resume(study.folder)
    assert result["state"] == "complete"
    assert result["trials"] == result["ratings"] == 2
    assert cut_off(study) == []

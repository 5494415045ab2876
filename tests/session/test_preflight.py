"""Go or no-go: what is judged how, and the whole list with real processes."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from clips import write_clip
from emer_studio.core.process import command_line
from emer_studio.devices.eyetracker_sim import GAZE_CHANNELS, gaze_rows
from emer_studio.recording.picture import FaceSeen, faces_seen
from emer_studio.schema.protocol import Protocol, find_protocol, load_protocol
from emer_studio.schema.streams import StreamHeader, recognise
from emer_studio.session.journal import Journal
from emer_studio.session.preflight import disk, power
from emer_studio.session.preflight_devices import face_items, gaze_items
from emer_studio.session.preflight_gaze import calibration
from emer_studio.study.folder import create_study
from emer_studio.synthetic.gaze import GazeModel
from protocols import write_short_protocol
from sessions import write_session


@dataclass
class Battery:
    percent: float
    power_plugged: bool
    secsleft: float


@pytest.mark.parametrize(
    ("battery", "state"),
    [
        (None, "go"),
        (Battery(40, True, -2), "go"),
        (Battery(80, False, 7200), "doubt"),
        (Battery(20, False, 1200), "no-go"),
        (Battery(80, False, -1), "doubt"),
    ],
)
def test_a_battery_has_to_last_for_a_session(battery: Any, state: str) -> None:
    item = power(battery, session_s=1800.0)
    assert item.state == state
    assert bool(item.fix) == (state != "go")


@pytest.mark.parametrize(
    ("free", "state"), [(100e9, "go"), (8e9, "doubt"), (3.5e9, "no-go"), (0, "no-go")]
)
def test_the_disk_has_to_hold_the_session(free: float, state: str) -> None:
    item = disk(free, need_bytes=3e9)
    assert item.state == state
    assert "a session takes about 3.0 GB" in item.said


def header(declared_hz: float) -> StreamHeader:
    return StreamHeader(
        name="T",
        type="Gaze",
        channel_count=len(GAZE_CHANNELS),
        channel_format="float32",
        nominal_hz=declared_hz,
        source_id="x",
        hostname="h",
        channels=GAZE_CHANNELS,
        simulated=False,
        configured_hz=0.0,
    )


def gaze_states(declared_hz: float, lost: float = 0.0) -> dict[str, str]:
    values = gaze_rows(GazeModel(1, 120.0), 240, "neutral")
    values[: round(240 * lost)] = np.nan
    about = header(declared_hz)
    layout = recognise(about)
    assert layout is not None
    items = list(gaze_items(about, layout, values, 2.0))
    assert all(item.fix for item in items if item.state != "go")
    return {item.name: item.state for item in items}


def test_gaze_is_judged_by_its_rate_and_by_the_eyes_that_are_seen() -> None:
    assert gaze_states(120.0) == {"gaze": "go", "eyes": "go"}
    assert gaze_states(0.0) == {"gaze": "go", "eyes": "go"}  # declares none
    assert gaze_states(250.0) == {"gaze": "doubt", "eyes": "go"}
    assert gaze_states(120.0, lost=0.8) == {"gaze": "go", "eyes": "doubt"}


@pytest.mark.parametrize(
    ("height", "grey", "state", "word"),
    [
        (200.0, 130.0, "go", "200 pixels"),
        (60.0, 130.0, "doubt", "small"),
        (200.0, 30.0, "doubt", "dark"),
        (200.0, 240.0, "doubt", "too bright"),
        (0.0, 130.0, "doubt", "in 0 of 5"),
    ],
)
def test_a_face_is_judged_by_size_and_light(height, grey, state, word) -> None:
    (item,) = face_items([FaceSeen(height, grey)] * 5)
    assert item.state == state
    assert word in item.said


def test_one_picture_without_a_face_does_not_count() -> None:
    (item,) = face_items([FaceSeen(200.0, 130.0)] * 4 + [FaceSeen(0.0, 130.0)])
    assert item.state == "go"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("preflight") / "study"
    create_study(path, seed=1)
    return path


def preflight(study: Path, *words: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        command_line("preflight", str(study), *words, "--headless", "--json"),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    lines = done.stdout.strip().splitlines()
    assert lines, done.stderr
    return done.returncode, json.loads(lines[-1])


def states(result: dict[str, Any]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for item in result["items"]:
        found.setdefault(item["name"], set()).add(item["state"])
    return found


def silent_protocol(folder: Path) -> Path:
    """A protocol whose clips have no sound: this machine may have no loudspeaker."""
    protocol = write_short_protocol(folder)
    for name in ("up", "down"):
        write_clip(folder / f"{name}.mp4", seconds=1.0, tone_hz=None)
    protocol.write_text(protocol.read_text() + "consent: {en: You may stop at any time.}\n")
    return protocol


def test_everything_there_is_a_go(study: Path, tmp_path: Path) -> None:
    protocol = silent_protocol(tmp_path)
    words = ("--protocol", str(protocol), "--camera", "sim", "--gaze", "sim")
    code, result = preflight(study, *words)
    assert code == 0, result
    assert result["go"]
    found = states(result)
    expected = {"protocol", "consent", "clips", "power", "gaze", "eyes", "camera", "face"}
    assert expected | {"display", "sound", "disk"} == set(found)
    for name in ("consent", "clips", "gaze", "eyes", "camera", "face", "sound"):
        assert found[name] == {"go"}, result


def test_what_stands_in_the_way_is_named_and_the_rest_is_looked_at_still(
    study: Path, tmp_path: Path
) -> None:
    protocol = silent_protocol(tmp_path)
    (tmp_path / "up.mp4").write_bytes(b"no video")
    room = write_clip(tmp_path / "room.mp4", seconds=1.0)
    words = ("--protocol", str(protocol), "--camera", f"file:{room}")
    code, result = preflight(study, *words, "--gaze", "nobody", "--gaze-wait", "1")
    assert code == 1
    found = states(result)
    assert found["gaze"] == {"no-go"}
    assert "no-go" in found["protocol"] | found.get("clips", set())
    assert found["face"] == {"doubt"}
    assert found["camera"] <= {"go", "doubt"}
    assert "disk" in found
    assert all(item["fix"] for item in result["items"] if item["state"] == "no-go")


def test_a_clip_that_has_changed_since_the_last_session_is_a_doubt(
    recorded_study: tuple[Path, dict[str, object]], tmp_path: Path
) -> None:
    study, _ = recorded_study
    folder = tmp_path / "protocol"
    shutil.copytree(study.parent / "protocol", folder)
    words = ("--protocol", str(folder / "short.yaml"), "--camera", "none-such")
    _, result = preflight(study, *words, "--gaze", "sim")
    assert states(result)["camera"] == {"no-go"}
    assert states(result)["clips"] == {"go"}
    write_clip(folder / "up.mp4", seconds=1.0)
    _, result = preflight(study, *words, "--gaze", "sim")
    said = [item["said"] for item in result["items"] if item["name"] == "clips"]
    assert said[0] == "up is not the file that earlier sessions showed"


def test_a_face_in_a_video_is_found_where_it_is(tmp_path: Path) -> None:
    from emer_studio.devices.camera import CameraOptions, camera_opener

    camera = camera_opener("sim", CameraOptions(width_px=640, height_px=480, fps=30.0))()
    try:
        frame = camera.grab()
    finally:
        camera.close()
    assert frame is not None
    path = tmp_path / "face.mkv"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 30, (640, 480))
    for _ in range(10):
        writer.write(frame.bgr)
    writer.release()
    seen = faces_seen(path)
    assert len(seen) >= 5
    assert all(100 < one.height_px < 400 for one in seen)


def test_an_old_or_bad_measurement_of_the_tracker_is_a_doubt(tmp_path: Path) -> None:
    study = create_study(tmp_path / "study", seed=1)
    protocol = load_protocol(find_protocol("demo"))
    now = datetime.now(UTC)

    def judged(later: timedelta = timedelta()) -> tuple[str, str]:
        item = calibration(study, protocol, "EMER_SimGaze", now + later)
        assert bool(item.fix) == (item.state != "go")
        return item.state, item.said

    assert judged() == ("doubt", "nobody has measured EMER_SimGaze here")
    folder = write_session(study, trials=1)
    assert judged()[0] == "doubt"
    for accuracy, accepted, state in ((1.9, False, "doubt"), (0.42, True, "go")):
        journal = Journal(folder / "journal.jsonl")
        journal.write("validation", accuracy_deg=accuracy, accepted=accepted)
        journal.close()
        assert judged()[0] == state
    assert "0.42°" in judged()[1]
    assert judged(timedelta(days=2))[0] == "doubt"
    raw = protocol.model_dump(exclude_unset=True) | {"validation": {"points": 9}}
    protocol = Protocol.model_validate(raw)
    assert judged() == ("go", "the session measures it at 9 points")

"""The self-test, with a camera that sees the screen and a photodiode on a real one."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.ear import sound_server, why_no_sound
from clips import write_clip
from emer_studio.core import settings
from emer_studio.core.process import command_line

PHOTODIODE = Path(__file__).parents[1] / "photodiode.py"


def selftest(*words: str, code: int = 0) -> dict[str, Any]:
    done = subprocess.run(
        command_line("selftest", *words, "--json"),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == code, done.stderr
    text = done.stdout.strip()
    return dict(json.loads(text.splitlines()[-1])) if not code else {"error": done.stderr}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMER_STUDIO_HOME", str(tmp_path / "home"))


def test_a_camera_that_faces_the_screen_and_what_is_kept(tmp_path: Path) -> None:
    times = tmp_path / "times.csv"
    words = ["--headless", "--windowed", "--camera", "sim", "--repeats", "2", "--keep"]
    result = selftest(*words, "--times", str(times))
    (lag,) = result["lags"]
    assert lag["what"] == "display and camera"
    assert 0 < lag["lag_ms"] < 100
    assert lag["se_ms"] < 10
    assert result["missed"] == []
    with times.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["event"] for row in rows] == ["white", "dark"] * 14
    assert result["flashes"] == 14
    assert [kept.lag_ms for kept in settings.load().lags] == [lag["lag_ms"]]
    assert selftest("--known")["lags"] == [lag]


@pytest.fixture
def screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str, float], None]]:
    """A screen whose framebuffer is a file, and photodiodes to put on it."""
    if not shutil.which("Xvfb"):
        pytest.skip("Xvfb (Debian: xvfb) is not installed")
    read, write = os.pipe()
    command = ["Xvfb", "-noreset", "-displayfd", str(write), "-fbdir", str(tmp_path)]
    server = subprocess.Popen(
        [*command, "-screen", "0", "800x600x24"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as answer:
        monkeypatch.setenv("DISPLAY", f":{answer.readline().strip()}")
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    diodes = []

    def put_on(name: str, late_s: float) -> None:
        words = [str(tmp_path / "Xvfb_screen0"), name, str(late_s)]
        diodes.append(subprocess.Popen([sys.executable, str(PHOTODIODE), *words]))
        time.sleep(0.5)

    yield put_on
    for process in (*diodes, server):
        process.terminate()
        process.wait()


def test_a_photodiode_in_the_corner_measures_the_display(
    screen: Callable[[str, float], None], unique: str
) -> None:
    screen(unique, 0.04)
    words = ["--photodiode", unique, "--repeats", "1", "--corner"]
    (lag,) = selftest(*words)["lags"]
    assert lag["what"] == "display"
    assert lag["device"] == "screen"
    assert 39 < lag["lag_ms"] < 60  # what the diode was held back, and the X server
    assert lag["se_ms"] < 2


def test_a_microphone_hears_the_clicks_of_a_sound_device(tmp_path: Path) -> None:
    """The device is PulseAudio's null sink, the microphone its monitor."""
    if why_no_sound():
        pytest.skip(why_no_sound())
    with sound_server(tmp_path):
        words = ["--headless", "--windowed", "--microphone", "default", "--repeats", "1"]
        (lag,) = selftest(*words)["lags"]
    assert lag["what"] == "sound"
    assert abs(lag["lag_ms"]) < 30  # of the monitor itself; no air between
    assert lag["se_ms"] < 1


def test_what_does_not_see_the_screen_is_told(tmp_path: Path) -> None:
    words = ["--headless", "--windowed", "--repeats", "1"]
    words += ["--camera", f"file:{write_clip(tmp_path / 'room.mp4', seconds=2.0)}"]
    result = selftest(*words)
    assert result["lags"] == []
    assert result["missed"] == [f"camera {words[-1]}"]


def test_a_camera_that_is_not_there_is_missing() -> None:
    words = ["--headless", "--windowed", "--repeats", "1", "--camera", "97"]
    assert "97" in selftest(*words, code=3)["error"]


def test_lags_measured_otherwise_are_kept_by_hand() -> None:
    result = selftest("--set", "display=23.5", "--set", "sound=8")
    assert [(lag["what"], lag["lag_ms"]) for lag in result["lags"]] == [
        ("display", 23.5),
        ("sound", 8.0),
    ]
    selftest("--set", "display=20")
    assert [lag.lag_ms for lag in settings.load().lags] == [8.0, 20.0]
    assert "Expected display=MS" in selftest("--set", "display=fast", code=2)["error"]
    assert "Expected 1 to 100 repeats" in selftest("--repeats", "0", code=2)["error"]


def test_broken_entries_of_lags_are_left_out(tmp_path: Path) -> None:
    settings.remember_lag(settings.KnownLag("sound", "", 8.0, 0.0, "2026", "by hand"))
    path = settings.config_dir() / "settings.json"
    raw = json.loads(path.read_text())
    raw["lags"] += [3, {"what": "sound"}, {**raw["lags"][0], "lag_ms": "fast"}]
    path.write_text(json.dumps(raw))
    assert len(settings.load().lags) == 1

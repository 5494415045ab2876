"""Measuring an eye tracker with real processes: window, LSL stream, recorder."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from emer_studio.core.process import command_line
from emer_studio.recording.reader import Recording
from emer_studio.study.folder import create_study
from protocols import SMALL, write_short_protocol


def validate(*words: str) -> tuple[int, dict[str, Any], str]:
    done = subprocess.run(
        command_line("validate", *words, "--headless", "--json"),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    last = done.stdout.strip().splitlines()[-1:] or ["{}"]
    return done.returncode, json.loads(last[0]), done.stderr


SIZE = ("--screen-mm", "531x299", "--points", "5")


def test_a_simulated_tracker_is_measured_as_it_is(tmp_path: Path) -> None:
    out = tmp_path / "check.json"
    words = ("--gaze", "sim", "--sim-accuracy", "0.7", "--sim-noise", "0.2", *SIZE)
    code, facts, said = validate(*words, "--out", str(out))
    assert code == 0, said
    assert facts["accepted"]
    assert facts["simulated"]
    assert facts["accuracy_deg"] == pytest.approx(0.7, rel=0.2)
    assert facts["eyes"]["left"]["rms_deg"] == pytest.approx(0.4, rel=0.2)
    assert facts["rate_hz"] == pytest.approx(120, abs=1)
    assert sorted(point["number"] for point in facts["points"]) == [1, 2, 3, 4, 5]
    assert json.loads(out.read_text()) == facts
    assert (tmp_path / "check.svg").read_text().startswith("<svg")
    code, _, said = validate(*words, "--out", str(out))
    assert code == 2
    assert "already exists" in said


def test_eyes_that_do_not_follow_are_exit_code_1(unique: str) -> None:
    name = f"tracker-{unique}"
    words = command_line("simulate", "gaze", "--name", name, "--events")
    sender = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        code, facts, said = validate("--gaze", name, *SIZE)
    finally:
        sender.communicate()
    assert code == 1, said
    assert not facts["accepted"]
    assert facts["why"]


def test_a_tracker_that_is_not_there_and_limits_that_cannot_be() -> None:
    code, _, said = validate("--gaze", "nobody", "--gaze-wait", "1")
    assert code == 3
    assert "did not appear" in said
    code, _, said = validate("--gaze", "sim", "--accuracy-deg", "-1")
    assert code == 2
    assert "accuracy_deg" in said
    code, _, said = validate("--gaze", "sim", "--screen-mm", "large")
    assert code == 2
    assert "531x299" in said


def test_ctrl_c_breaks_it_off(tmp_path: Path) -> None:
    out = tmp_path / "check.json"
    words = ("validate", "--gaze", "sim", "--headless", "--out", str(out))
    running = subprocess.Popen(
        command_line(*words), stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    time.sleep(6)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=30)
    assert running.returncode == 130
    assert b"nothing was kept" in said
    assert not out.exists()


def test_a_session_checks_the_tracker_and_goes_on_with_a_finding(tmp_path: Path) -> None:
    protocol = write_short_protocol(tmp_path / "protocol", seconds=0.3)
    wanted = "validation: {points: 5, accuracy_deg: 0.2, tries: 2, screen_mm: [531, 299]}"
    protocol.write_text(protocol.read_text() + wanted + "\n")
    study = tmp_path / "study"
    create_study(study, seed=1)
    who = ("--participant", "P001", "--protocol", str(protocol))
    done = subprocess.run(
        command_line("run", str(study), *who, "--simulate", *SMALL, "--headless", "--json"),
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.strip().splitlines()[-1])
    assert result["state"] == "complete"
    folder = Path(result["session"])
    first, second = Recording(folder).events("validation")
    for check in (first, second):
        assert check["accuracy_deg"] == pytest.approx(0.4, rel=0.25)
        assert (folder / check["plot"]).read_text().startswith("<svg")
    assert [(c["number"], c["last"]) for c in (first, second)] == [(1, False), (2, True)]
    assert first["points"][0]["x"], first["points"][0]["y"]
    assert any("the eye tracker was not accepted" in what for what in result["findings"])
    assert result["verdict"] == "amber"
    said = subprocess.run(
        command_line("check", str(folder)), capture_output=True, text=True, check=True
    ).stdout
    assert said.count("gaze check (start): error 0.") == 2
    assert "% lost, not accepted" in said

"""The recorder against senders that are not ours: nothing in between is lost."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import pyxdf

from emer_studio.core.process import Child, command_line
from senders import SENDER

logging.getLogger("pyxdf").setLevel(logging.ERROR)


@pytest.fixture
def sender(unique: str) -> Iterator[str]:
    """A gaze stream at 250 Hz from a program that is not ours; gives its name."""
    name = f"foreign-{unique}"
    process = subprocess.Popen(
        [sys.executable, "-c", SENDER, name, "250", f"src-{unique}"], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    yield name
    process.kill()
    process.wait()
    process.stdout.close()


def test_every_sample_of_a_foreign_sender_is_there(sender: str, tmp_path: Path) -> None:
    out = tmp_path / "a.xdf"
    command = command_line(
        "record", "--out", str(out), "--stream", sender, "--seconds", "4", "--json"
    )
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.strip().splitlines()[-1])
    (row,) = result["streams"]
    (stream,), _ = pyxdf.load_xdf(str(out), dejitter_timestamps=False)
    counter = np.asarray(stream["time_series"])[:, 0]
    np.testing.assert_array_equal(np.diff(counter), 1)
    assert row["samples"] == len(counter)
    assert len(counter) > 3.5 * 250
    assert row["lost"] == 0
    assert abs(row["effective_hz"] - 250) < 1
    assert len(stream["clock_values"]) >= 1
    assert abs(stream["clock_values"][0]) < 0.005


def test_ctrl_c_ends_it_cleanly_and_fast(sender: str, tmp_path: Path) -> None:
    out = tmp_path / "b.xdf"
    process = subprocess.Popen(
        command_line("record", "--out", str(out), "--stream", sender, "--json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 30
    while (not out.exists() or out.stat().st_size < 5000) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    text, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in errors
    result = json.loads(text.strip().splitlines()[-1])
    assert result["stop_s"] < 1.0
    (stream,), _ = pyxdf.load_xdf(str(out), dejitter_timestamps=False)
    assert (
        int(stream["footer"]["info"]["sample_count"][0]) == result["streams"][0]["samples"]
    )


def test_a_killed_recorder_leaves_what_was_recorded(sender: str, tmp_path: Path) -> None:
    out = tmp_path / "c.xdf"
    child = Child("recorder", ["record", "--out", str(out), "--stream", sender, "--events"])
    child.wait_for("recording", timeout_s=30)
    time.sleep(3.0)
    child.kill()
    child.stop()
    (stream,), _ = pyxdf.load_xdf(str(out), dejitter_timestamps=False)
    counter = np.asarray(stream["time_series"])[:, 0]
    np.testing.assert_array_equal(np.diff(counter), 1)
    assert len(counter) > 2.0 * 250  # of about 3 s


def test_a_frozen_sender_is_reported_by_its_silence(unique: str, tmp_path: Path) -> None:
    name = f"frozen-{unique}"
    process = subprocess.Popen(
        [sys.executable, "-c", SENDER, name, "100", f"src-{unique}"], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    out = tmp_path / "d.xdf"
    child = Child("recorder", ["record", "--out", str(out), "--stream", name, "--events"])
    try:
        child.wait_for("recording", timeout_s=30)
        time.sleep(1.0)
        process.send_signal(signal.SIGSTOP)
        finding = child.wait_for("finding", timeout_s=2.5)
        assert "silent" in finding["what"]
        process.send_signal(signal.SIGCONT)
        assert "is back" in child.wait_for("finding", timeout_s=5)["what"]
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        child.stop()


def test_a_file_that_exists_is_never_overwritten(sender: str, tmp_path: Path) -> None:
    out = tmp_path / "e.xdf"
    out.write_bytes(b"precious")
    command = command_line(
        "record", "--out", str(out), "--stream", sender, "--seconds", "1", "--json"
    )
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert out.read_bytes() == b"precious"
    assert "is kept" in done.stderr
    result = json.loads(done.stdout.strip().splitlines()[-1])
    assert result["xdf"] == str(tmp_path / "e_2.xdf")
    assert result["streams"][0]["samples"] > 100


def test_a_full_disk_ends_it_loudly_and_keeps_what_was_recorded(
    sender: str, tmp_path: Path
) -> None:
    out = tmp_path / "full.xdf"
    command = command_line("record", "--out", str(out), "--stream", sender, "--json")
    quota = "trap '' XFSZ; ulimit -f 40; exec \"$@\""  # 40 KiB, then writing fails
    done = subprocess.run(
        ["bash", "-c", quota, "bash", *command],
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    result = json.loads(done.stdout.strip().splitlines()[-1])
    assert "cannot be written" in result["problem"]
    (stream,), _ = pyxdf.load_xdf(str(out), dejitter_timestamps=False)
    counter = np.asarray(stream["time_series"])[:, 0]
    np.testing.assert_array_equal(np.diff(counter), 1)
    assert len(counter) > 1000

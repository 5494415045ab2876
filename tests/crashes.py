"""Running sessions whose processes are killed, and what must be true afterwards."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from emer_studio.core.process import command_line
from emer_studio.recording.reader import Recording
from emer_studio.recording.xdf_load import load_xdf
from protocols import SMALL, write_short_protocol


class Session:
    """A running session of a simulated participant with a tracker that is not ours."""

    def __init__(
        self, study: Path, tmp_path: Path, tracker: str, *, clip_s: float = 4.0
    ) -> None:
        protocol = write_short_protocol(tmp_path / "protocol", seconds=clip_s)
        who = ("--participant", "P001", "--protocol", str(protocol), "--gaze", tracker)
        self.process = subprocess.Popen(
            command_line(
                "run", str(study), *who, "--simulate", *SMALL, "--headless", "--json"
            ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.folder = Path()
        self._study = study

    def end(self) -> None:
        """Leave nothing running, also after a failed test."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate(timeout=30)

    def wait_for(self, text: str, timeout_s: float = 60.0) -> None:
        """Wait until the journal holds a text."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            for journal in (self._study / "sessions").glob("*/journal.jsonl"):
                self.folder = journal.parent
                if text in journal.read_text():
                    return
            time.sleep(0.05)
        raise AssertionError(f"{text!r} never came")

    def wait_until_both_have(self, stream: str, later: str, earlier: str) -> None:
        """Wait until a file has begun with a stream before another one ends, on disk.

        A process that is killed loses what it has received and not written yet: only what
        the other one holds by then is safe.
        """
        deadline = time.monotonic() + 30.0
        while time.monotonic() < deadline:
            new, old = (self._stamps_s(name, stream) for name in (later, earlier))
            if len(new) and len(old) and new[0] <= old[-1]:
                return
            time.sleep(0.05)
        raise AssertionError(f"{later} never had what {earlier} has of {stream}")

    def _stamps_s(self, file: str, stream: str) -> np.ndarray:
        found = load_xdf(self.folder / file).streams
        mine = [one.raw_stamps_s for one in found if one.header.name == stream]
        return np.concatenate([np.empty(0), *mine])

    def journal_count(self, text: str) -> int:
        """Count the journal's lines with a text."""
        lines = (self.folder / "journal.jsonl").read_text().splitlines()
        return sum(text in line for line in lines)

    def process_with(self, word: str) -> psutil.Process:
        """Return the one child process whose command line holds a word."""
        (found,) = [
            child
            for child in psutil.Process(self.process.pid).children(recursive=True)
            if any(word in part for part in child.cmdline())
        ]
        return found

    def result(self) -> dict[str, Any]:
        """Wait for the end."""
        text, errors = self.process.communicate(timeout=90)
        assert self.process.returncode == 0, errors
        assert "Traceback" not in errors
        return dict(json.loads(text.strip().splitlines()[-1]))


def kill_everything(process: subprocess.Popen[str]) -> None:
    """Kill the session's process and all of its children at once, as a power cut would."""
    family = [psutil.Process(process.pid)]
    family += family[0].children(recursive=True)
    for one in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    process.communicate(timeout=30)


def resume_process(study: Path) -> subprocess.Popen[str]:
    """Begin to go on with the last session of P001."""
    words = ("run", str(study), "--participant", "P001", "--resume", "--headless")
    return subprocess.Popen(
        command_line(*words, "--json"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def resume(study: Path) -> dict[str, Any]:
    """Go on with the last session of P001 to its end."""
    process = resume_process(study)
    text, errors = process.communicate(timeout=150)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    return dict(json.loads(text.strip().splitlines()[-1]))


def as_planned(folder: Path) -> Recording:
    """Assert that what was planned happened once, in its order, or was replaced."""
    recording = Recording(folder)
    assert recording.manifest.state == "complete"
    plan = [entry["trial"] for entry in recording.events("session_started")[0]["plan"]]
    over = {e["trial"]: e.get("replaced_by") for e in recording.events("trial_interrupted")}
    done = [event["trial"] for event in recording.events("trial_done")]
    assert done == [n for trial in plan if (n := over.get(trial, trial)) is not None]
    rated = [event["trial"] for event in recording.events("rating")]
    assert rated == done
    shown = [event["clip"] for event in recording.events("clip_onset")]
    assert len(shown) == len(set(shown))
    return recording


def nothing_lost(folder: Path, tracker: str) -> Recording:
    """Assert that the tracker's counter has no hole and every event has its marker."""
    recording = Recording(folder)
    streams = {s.header.name: s for s in recording.streams}
    counter = np.asarray(streams[tracker].values)[:, 0]
    np.testing.assert_array_equal(np.diff(counter), 1)
    assert np.all(np.diff(streams[tracker].stamps_s) > 0)
    mirrored = [json.loads(row[0])["event"] for row in streams["EMER_Markers"].values]
    written = [e["event"] for e in recording.journal if e["event"] != "rating_change"]
    assert mirrored == written
    return recording

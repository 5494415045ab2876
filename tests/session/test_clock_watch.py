"""A computer that slept pauses the session; a clock that was set is only written down."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from emer_studio.core.process import Child
from emer_studio.recording.check import check_session
from emer_studio.recording.reader import Recording
from emer_studio.session.clock_watch import Reading, disturbance
from emer_studio.study.folder import create_study
from emer_studio.ui.session.journal_words import in_words
from protocols import write_short_protocol

_FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
_T0 = Reading(lsl_s=100.0, wall_s=1_800_000_000.0, ever_s=500.0)


def later(lsl_s: float, wall_s: float, ever_s: float) -> Reading:
    return Reading(_T0.lsl_s + lsl_s, _T0.wall_s + wall_s, _T0.ever_s + ever_s)


@pytest.mark.parametrize(
    "now",
    [
        later(0.5, 0.5, 0.5),
        later(2.5, 2.5, 2.5),  # a busy computer
        later(0.5, 0.53, 0.5),  # a thread held up between two clocks
    ],
)
def test_an_ordinary_look_tells_nothing(now: Reading) -> None:
    assert disturbance(_T0, now) is None


@pytest.mark.parametrize(
    ("now", "length"),
    [
        (later(0.5, 312.5, 312.5), "slept for 312 s"),  # LSL's clock stops (Linux, macOS)
        (later(312.5, 312.5, 312.5), "slept or stood still for 312 s"),  # and goes on
        (later(0.5, 3600.0, 312.5), "slept for 312 s"),  # and was set when it woke up
    ],
)
def test_sleep_is_told_with_its_length_and_hours(now: Reading, length: str) -> None:
    seen = disturbance(_T0, now)
    assert seen is not None
    assert seen.stood
    assert length in seen.what
    assert "from 2027-01-15T08:00:00Z to 2027-01-15T0" in seen.what


@pytest.mark.parametrize(
    ("by_s", "way"), [(3600.0, "forward by 3600.0 s"), (-0.4, "back by 0.4 s")]
)
def test_a_clock_that_was_set_is_no_sleep(by_s: float, way: str) -> None:
    seen = disturbance(_T0, later(0.5, 0.5 + by_s, 0.5))
    assert seen is not None
    assert not seen.stood
    assert way in seen.what


@pytest.mark.skipif(not _FAKETIME.exists(), reason="needs Debian's faketime")
def test_a_real_step_of_the_wall_clock_is_seen(tmp_path: Path) -> None:
    """One thread only: others hang under libfaketime."""
    steps = tmp_path / "step"
    steps.write_text("+0")
    lines = (
        "import pathlib",
        "from emer_studio.session.clock_watch import disturbance, read_clocks",
        "before = read_clocks()",
        f"pathlib.Path({str(steps)!r}).write_text('+90')",
        "print(disturbance(before, read_clocks()))",
    )
    fake = {
        "LD_PRELOAD": str(_FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(steps),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    told = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        env={**os.environ, **fake},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    ).stdout
    assert "set forward by 90.0 s" in told
    assert "stood=False" in told


def test_a_session_whose_computer_stood_still_pauses_and_goes_on(tmp_path: Path) -> None:
    study, protocol = tmp_path / "study", write_short_protocol(tmp_path / "protocol", 3.0)
    create_study(study, seed=1)
    who = ("run", str(study), "--participant", "P001", "--protocol", str(protocol))
    heard: list[dict[str, object]] = []
    session = Child(
        "session", [*who, "--simulate", "--headless", "--events"], on_event=heard.append
    )

    def wait_for(text: str) -> None:
        deadline = time.monotonic() + 60
        while not any(text in str(event) for event in heard):
            assert time.monotonic() < deadline, text
            time.sleep(0.02)

    try:
        wait_for("clip_onset")
        family = [psutil.Process(session.pid)]
        family += family[0].children(recursive=True)
        for one in family:
            one.suspend()
        time.sleep(5.0)
        for one in reversed(family):
            one.resume()
        wait_for("'paused'")
        wait_for("slept or stood still")  # who looks at the clocks pauses too
        session.send("resume")
        result = session.wait_for("result", timeout_s=60)
    finally:
        session.stop()
    recording = Recording(Path(result["session"]))
    assert recording.manifest.state == "complete"
    (pause,) = recording.events("paused")
    assert pause["by"] == "suspend"
    assert in_words(pause)[0] == "Paused because the computer slept"
    (broken,) = recording.events("trial_interrupted")
    assert [event["trial"] for event in recording.events("rating")] == [2]
    assert broken["trial"] == 1
    findings = check_session(recording.folder)["findings"]
    (told,) = [text for text in findings if "slept or stood still" in text]
    assert re.search(r"for [45] s, from \d{4}-.+Z to \d{4}-.+Z", told)
    # Nobody is blamed for not having answered meanwhile, and nothing was started again.
    assert not any("answer" in text or "started again" in text for text in findings)

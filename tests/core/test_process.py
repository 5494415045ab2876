"""Child processes: they speak, they stop, they never outlive us."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import psutil
import pytest

from emer_studio.core.errors import WorkFailedError
from emer_studio.core.process import Child, command_line


def simulate(unique: str, **options: str) -> list[str]:
    extra = [part for key, value in options.items() for part in (f"--{key}", value)]
    return ["simulate", "markers", "--name", f"markers-{unique}", "--events", *extra]


def test_a_child_reports_and_ends_when_its_input_ends(unique: str) -> None:
    child = Child("markers", simulate(unique))
    assert child.wait_for("sending", timeout_s=20)["name"] == f"markers-{unique}"
    began = time.monotonic()
    assert child.stop() == 0
    assert time.monotonic() - began < 1.0
    assert child.wait_for("result", timeout_s=1)["samples"] >= 0


def test_a_killed_parent_leaves_no_child(unique: str) -> None:
    code = (
        "import time\nfrom emer_studio.core.process import Child\n"
        f"child = Child('m', {simulate(unique)!r})\n"
        "child.wait_for('sending', timeout_s=20)\nprint(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 2.0
    while psutil.pid_exists(pid) and time.monotonic() < deadline:
        if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            break
        time.sleep(0.05)
    gone = (
        not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    )
    assert gone


def test_the_error_of_a_child_is_the_error_of_the_wait() -> None:
    child = Child("check", ["check", "no-such-folder.xdf", "--events"])
    with pytest.raises(WorkFailedError, match="does not exist"):
        child.wait_for("result", timeout_s=20)
    assert child.stop() == 2


def test_silence_is_an_error_and_an_interrupt_ends_a_wait(unique: str) -> None:
    child = Child("markers", simulate(unique))
    child.wait_for("sending", timeout_s=20)
    assert child.next_event("never", timeout_s=0.1) is None
    with pytest.raises(WorkFailedError, match="did not report never"):
        child.wait_for("never", timeout_s=0.1)
    child.interrupt()
    assert child.wait_for("interrupted", timeout_s=1)
    child.stop()


@pytest.mark.parametrize("ending", ["--json", "--events"])
def test_the_result_is_the_last_line(unique: str, ending: str) -> None:
    command = [*simulate(unique)[:-1], "--seconds", "0.5", ending]
    done = subprocess.run(
        command_line(*command),
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
        stdin=subprocess.PIPE if ending == "--json" else None,
    )
    assert json.loads(done.stdout.strip().splitlines()[-1])["name"] == f"markers-{unique}"


def test_events_that_nobody_waits_for_are_let_go_the_oldest_first(unique: str) -> None:
    child = Child("markers", simulate(unique))
    try:
        child.wait_for("sending", timeout_s=20)
        for number in range(5000):
            child.put("status", number=number)
        first = child.wait_for("status", timeout_s=1)
        # What the child says in between takes its place among the thousand kept.
        assert 4000 <= first["number"] <= 4100
        child.put("last")
        assert child.wait_for("last", timeout_s=1)
    finally:
        child.stop()
    assert child.wait_for("result", timeout_s=1)["samples"] >= 0

"""Shared fixtures: LSL kept on this machine, and nothing left behind by any test."""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from emer_studio.core.files import write_json
from emer_studio.core.process import command_line

_HOME = Path(tempfile.mkdtemp(prefix="emer-tests-"))
_LSL = _HOME / "lsl_api.cfg"
# The loopback's own broadcast address reaches every process of this machine and no other;
# the session keeps the streams of tests that run at the same time apart.
_LSL.write_text(
    "[multicast]\nAddressesOverride = {127.255.255.255}\n[ports]\nIPv6 = disable\n"
    f"[lab]\nSessionID = {_HOME.name}\n[log]\nlevel = -3\n"
)
# Before anything imports pylsl or Qt, and inherited by every child process.
os.environ["LSLAPICFG"] = str(_LSL)
os.environ["EMER_STUDIO_HOME"] = str(_HOME)
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("MPLBACKEND", "agg")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # torch's threads, as `train` has them
if "PYTEST_XDIST_WORKER" in os.environ:  # two trainings with two threads each only fight
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shell that starts the suite in the background lets it ignore Ctrl-C, and its children
# too: tests send that signal.
signal.signal(signal.SIGINT, signal.default_int_handler)

SHARED = Path(__file__).resolve().parents[2] / "shared"
# Threads that libraries keep for the life of the process.
_LASTING = ("tqdm", "rich", "pydev", "ThreadPoolExecutor", "pymp", "QThread", "Dummy")


# The longest modules first: at the end no worker waits for the other.
_LONGEST = ("test_demo", "test_train_cli", "test_run", "test_crashes", "test_selftest")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the longest modules first."""
    places = {name: place for place, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))


def pytest_collection_finish() -> None:
    """Keep what was imported out of every later collection of garbage."""
    gc.collect()
    gc.freeze()


def _leftover_threads(before: set[threading.Thread]) -> list[str]:
    return [
        thread.name
        for thread in threading.enumerate()
        if thread not in before
        and thread.is_alive()
        and not thread.name.startswith(_LASTING)
    ]


def _leftover_children(before: set[int]) -> list[str]:
    found = []
    for child in psutil.Process().children(recursive=True):
        try:
            command = child.cmdline()
        except psutil.Error:
            continue
        if child.pid not in before and "resource_tracker" not in " ".join(command):
            found.append(f"{child.pid} {' '.join(command)[:120]}")
    return found


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Fail a test that leaves a thread, process, window or LSL outlet behind."""
    threads = set(threading.enumerate())
    children = {child.pid for child in psutil.Process().children(recursive=True)}
    yield
    import sys

    problems: list[str] = []
    deadline = time.monotonic() + 3.0
    while time.monotonic() < deadline:
        if not _leftover_threads(threads) and not _leftover_children(children):
            break
        time.sleep(0.05)
    problems += [f"thread {name}" for name in _leftover_threads(threads)]
    problems += [f"process {text}" for text in _leftover_children(children)]
    if "PySide6.QtWidgets" in sys.modules:
        problems += [f"window {text}" for text in _leftover_windows()]
    if "emer_studio.streams.outlets" in sys.modules:
        # Also what a test leaves in circles: enough forgotten streams and resolvers, and
        # nobody hears this process any more.
        gc.collect()
        from emer_studio.streams import outlets

        problems += [f"outlet {name}" for name in outlets.open_outlets()]
    assert not problems, f"left behind: {problems}"


def _leftover_windows() -> list[str]:
    from PySide6.QtCore import QCoreApplication, QEvent
    from PySide6.QtWidgets import QApplication

    if QApplication.instance() is None:
        return []
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QCoreApplication.processEvents()
    return [repr(widget) for widget in QApplication.topLevelWidgets() if widget.isVisible()]


@pytest.fixture
def unique() -> str:
    """A short text that no other test uses: for stream names and source ids."""
    return uuid.uuid4().hex[:10]


@pytest.fixture
def shared() -> Path:
    """The reference data beside the checkout; the test is skipped without it."""
    if not SHARED.is_dir():
        pytest.skip("needs the reference data in ../shared")
    return SHARED


@pytest.fixture(scope="session")
def recorded_study(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, dict[str, object]]:
    """A study with one real session of a simulated participant, and what `run` reported.

    Recorded once, by the command itself; tests may read it and add derived data. Of
    several workers one records, and the others take a copy.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return _record(tmp_path_factory.mktemp("recorded"))
    mine = tmp_path_factory.mktemp("recorded") / "copy"
    first = tmp_path_factory.getbasetemp().parent / "recorded-once"
    told = first / "result.json"
    try:
        first.mkdir()
    except FileExistsError:
        deadline = time.monotonic() + 150
        while not told.exists():
            assert time.monotonic() < deadline, "the worker that records has failed"
            time.sleep(0.2)
    else:
        write_json(told, _record(first / "base")[1])
    shutil.copytree(first / "base", mine)
    text = told.read_text(encoding="utf-8").replace(str(first / "base"), str(mine))
    return mine / "study", json.loads(text)


def _record(base: Path) -> tuple[Path, dict[str, object]]:
    from protocols import write_short_protocol

    protocol = write_short_protocol(base / "protocol", sync_marks=True)
    study = base / "study"
    subprocess.run(command_line("new", str(study), "--seed", "1"), check=True, timeout=60)
    who = ("--participant", "P001", "--protocol", str(protocol))
    done = subprocess.run(
        command_line("run", str(study), *who, "--simulate", "--headless", "--json"),
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    return study, json.loads(done.stdout.strip().splitlines()[-1])

"""Training that nobody has to wait for: a process of its own, in no window's care."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from emer_studio.core.lockfile import hand_over, holder_of
from emer_studio.core.process import command_line
from emer_studio.training.runs.control import CONTROL_FILE, LOCK_FILE

__all__ = ["LOG_FILE", "start_detached"]

LOG_FILE = "log.txt"


def start_detached(folder: Path, words: Sequence[str]) -> int:
    """Start ``train`` with some words, so that it outlives us; return its process id.

    It has a session of its own, no input, and writes what it says to ``log.txt``. From now
    on it holds the folder, so that it can be stopped before it has looked around.
    """
    if holder_of(folder / LOCK_FILE) is None:
        (folder / CONTROL_FILE).unlink(missing_ok=True)
        (folder / LOCK_FILE).unlink(missing_ok=True)
    flags = ("DETACHED_PROCESS", "CREATE_NEW_PROCESS_GROUP")
    with (folder / LOG_FILE).open("ab") as log:
        process = subprocess.Popen(
            command_line("train", *words),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=sys.platform != "win32",
            creationflags=sum(getattr(subprocess, flag, 0) for flag in flags),
        )
    hand_over(folder / LOCK_FILE, process.pid, "training in the background")
    return process.pid

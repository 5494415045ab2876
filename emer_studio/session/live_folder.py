"""The folder of a session's display-only rings: it goes with its process, or soon after."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

import psutil

__all__ = ["add_to_log", "new_live_folder"]

_LIVE = "emer-live-"


def new_live_folder() -> Path:
    """Make a folder, and take away those of programs that were killed."""
    _sweep()
    return Path(tempfile.mkdtemp(prefix=f"{_LIVE}{os.getpid()}-"))


def add_to_log(said: Path, log: Path | None) -> None:
    """Append what a process said before there was a session's log; without one it goes."""
    with contextlib.suppress(OSError):
        if log is not None and said.stat().st_size:
            with log.open("ab") as stream:
                stream.write(said.read_bytes())


def _sweep() -> None:
    """Take away the display rings of programs that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_LIVE}*"):
        owner = folder.name.removeprefix(_LIVE).split("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)

"""Who holds a lock file: a process that says so and is alive."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import psutil

__all__ = ["holder_of"]


def holder_of(path: Path) -> dict[str, Any] | None:
    """Return who holds a lock file (pid, host and what else it says), None for nobody.

    A file left by a process that died on this machine counts as nobody's. One that names
    no host is of this machine; one that names no process here is nobody's.
    """
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if isinstance(facts, int):
        facts = {"pid": facts}
    if not isinstance(facts, dict):
        return None
    here = facts.get("host", socket.gethostname()) == socket.gethostname()
    pid = facts.get("pid")
    if here and not (isinstance(pid, int) and psutil.pid_exists(pid)):
        return None
    return facts

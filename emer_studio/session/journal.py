"""The journal: the truth about a session, one JSON line per event, on the disk at once."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

from emer_studio.core import clock
from emer_studio.core.files import fsync_file

__all__ = ["Journal"]


class Journal:
    """An append-only journal; safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        cut = path.is_file() and not path.read_bytes().endswith(b"\n")
        self._file = path.open("a", encoding="utf-8")
        if cut:  # what a crash left of a line stays, and stays apart
            self._file.write("\n")
        self._lock = threading.Lock()

    def write(self, name: str, /, *, t_s: float | None = None, **fields: Any) -> float:
        """Append an event and put it on the disk; return its LSL time in seconds."""
        stamp = clock.now_s() if t_s is None else t_s
        line = {"t_s": stamp, "utc": clock.utc_now(), "event": name, **fields}
        with self._lock:
            if not self._file.closed:
                self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
                fsync_file(self._file)
        return stamp

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._file.close()

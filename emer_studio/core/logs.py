"""Logging, configured once by the entry point; one more file inside each session."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

__all__ = ["add_file", "configure"]

_FORMAT = "%(asctime)s %(levelname)-7s %(threadName)s %(name)s: %(message)s"


def configure(*, verbose: bool = False) -> None:
    """Send warnings (or everything, with `verbose`) to standard error."""
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format=_FORMAT,
        stream=sys.stderr,
    )


def add_file(path: Path) -> logging.Handler:
    """Write everything from INFO up to `path` as well; the caller removes it."""
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter(_FORMAT))
    root = logging.getLogger()
    root.addHandler(handler)
    if root.level > logging.INFO:
        for other in root.handlers[:-1]:
            other.setLevel(max(other.level, root.level))
        root.setLevel(logging.INFO)
    return handler

"""Fetches a file over the network: with progress, going on where it broke off, checked."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from emer_studio.core.errors import MissingError

__all__ = ["Progress", "fetch"]

Progress = Callable[[int, int], None]
"""Called with bytes done and bytes in all."""
_TIMEOUT_S = 30.0  # without a byte from the other side; chosen by us
_BLOCK = 1 << 16
_FRUITLESS = 2  # connections in a row that bring nothing, after which we give up


def fetch(url: str, part: Path, size_bytes: int, progress: Progress | None = None) -> None:
    """Fetch `url` into `part`, which may hold the beginning already.

    A connection that breaks is made again from where it broke; what has come stays for
    the next time when nobody answers any more. Whether it is the right file, a hash must
    tell.

    Raises
    ------
    MissingError
        When the address does not answer, or stops answering.
    """
    part.parent.mkdir(parents=True, exist_ok=True)
    if _length(part) > size_bytes:
        part.unlink()
    left, problem = _FRUITLESS, "it ended early"
    while _length(part) < size_bytes:
        before = _length(part)
        try:
            _continue(url, part, size_bytes, progress)
        except (urllib.error.URLError, http.client.HTTPException, OSError) as found:
            problem = str(found)
        left = _FRUITLESS if _length(part) > before else left - 1
        if not left:
            _give_up(url, part, size_bytes, problem)


def _give_up(url: str, part: Path, size_bytes: int, problem: str) -> None:
    have = _length(part)
    if not have:
        part.unlink(missing_ok=True)
        raise MissingError(f"{url} did not answer ({problem}).")
    raise MissingError(
        f"{url} broke off after {have} of {size_bytes} bytes ({problem}); they are kept,"
        " and the next try goes on there."
    )


def _continue(url: str, part: Path, size_bytes: int, progress: Progress | None) -> None:
    have = _length(part)
    ask = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    with urllib.request.urlopen(ask, timeout=_TIMEOUT_S) as answer:
        goes_on = answer.status == http.client.PARTIAL_CONTENT and have > 0
        with part.open("ab" if goes_on else "wb") as stream:
            done = have if goes_on else 0
            # More than there should be is another file: its hash is refused.
            while done <= size_bytes and (block := answer.read(_BLOCK)):
                stream.write(block)
                done += len(block)
                if progress is not None:
                    progress(min(done, size_bytes), size_bytes)


def _length(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0

"""A command of this program that runs beside another one for a while."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from emer_studio.core.errors import BadInputError, MissingError, WorkFailedError
from emer_studio.core.process import Child

__all__ = ["child_of", "started", "window_words"]

_START_S = 30.0  # as for a session: a slow machine imports Qt and opens a camera
_END_S = 20.0


@contextmanager
def child_of(
    words: Sequence[str], on_event: Callable[[dict[str, Any]], None] | None = None
) -> Iterator[Child]:
    """Run a command of this program, and end it."""
    child = Child(words[0], words, on_event=on_event)
    try:
        yield child
    finally:
        child.stop(_END_S)


def started(child: Child, name: str) -> dict[str, Any]:
    """Wait until a process has begun; its own kind of error is passed on.

    Raises
    ------
    WorkFailedError, MissingError, BadInputError
        When it ends or does not begin in time.
    """
    try:
        return child.wait_for(name, timeout_s=_START_S)
    except WorkFailedError as problem:
        kinds = {kind.exit_code: kind for kind in (MissingError, BadInputError)}
        raise kinds.get(child.last_code or 0, WorkFailedError)(str(problem)) from None


def window_words(folder: Path, display: int | None, *, windowed: bool) -> list[str]:
    """Return the command of a participant's window that keeps nothing but `folder`."""
    words = ["participant", "--presented", str(folder / "presented.csv")]
    words += ["--windowed"] if windowed else []
    return words if display is None else [*words, "--display", str(display)]

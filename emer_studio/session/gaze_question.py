"""The question whether a gaze mapping is right, asked once in a terminal."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator
from types import FrameType

from emer_studio.core.errors import BadInputError

__all__ = ["ask_about_gaze", "somebody_there"]


def somebody_there() -> bool:
    """Tell whether there is a terminal that shows a question and takes an answer."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def ask_about_gaze(name: str, text: str) -> None:
    """Show a stream's mapping and go on only after a y.

    Parameters
    ----------
    name : str
        Of the stream.
    text : str
        Its mapping, see `streams.mapping_text`.

    Raises
    ------
    BadInputError
        For any other answer.
    """
    with _interruptible():  # before anybody can read the question
        sys.stderr.write(f"\n{name}\n{text}\n\nIs this the participant's gaze? [y/N] ")
        sys.stderr.flush()
        answer = sys.stdin.readline()
    if answer.strip().lower() not in ("y", "yes"):
        raise BadInputError(
            f"The gaze mapping of {name} was not confirmed; nothing was recorded.",
            fix="Choose the stream with --gaze; emer-studio streams lists what is there.",
        )


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C end the question: a session only notes it, and would go on waiting."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {n: signal.signal(n, end) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

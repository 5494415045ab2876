"""What the runner needs of the participant's window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from emer_studio.schema.rating import RatingPage
from emer_studio.session.plan import Trial

__all__ = ["Place", "Presenter"]

Place = tuple[float, float]
"""A fraction of the window's width and height."""


class Presenter(Protocol):
    """Shows one thing at a time; any call may raise StopRequest or PauseRequest."""

    def text(self, title: str, body: str, button: str | None) -> None:
        """Show a text until the participant goes on."""

    def fixation(self, seconds: float) -> None:
        """Show a cross for a while."""

    def blank(self, seconds: float) -> None:
        """Show nothing for a while."""

    def prepare(self, trial: Trial) -> dict[str, Any]:
        """Load the clip of a trial and hold its first frame; return its facts.

        Raises
        ------
        ClipFailed
            When the clip cannot be opened.
        """

    def play(
        self, trial: Trial, on_onset: Callable[[dict[str, Any]], None]
    ) -> dict[str, Any]:
        """Play the prepared clip; return what was measured at its end."""

    def grey(self, trial: Trial, seconds: float) -> None:
        """Show an even grey of the prepared clip's mean luminance for a while."""

    def rate(
        self, trial: Trial | None, page: RatingPage, earlier: object = None
    ) -> dict[str, Any]:
        """Ask one rating page, of a trial or of none; return the answer.

        `earlier` is what was answered before; an answer with ``back`` true is none: the
        participant asks for the page before this one.
        """

    def mark(self, which: str) -> dict[str, Any]:
        """Show the coded flash and click; return when what was shown and heard."""

    def targets(self, places: Sequence[Place], each_s: float) -> list[dict[str, Any]]:
        """Show targets one by one; return where (on the display) and when each was."""

    def wait_until(self, done: Callable[[], bool]) -> None:
        """Leave what is shown until `done()` is true."""

    def wait_out(self) -> dict[str, Any]:
        """Wait for the end of a pause; return when (``t_s``) and ``by`` whom it ended.

        ``then`` is ``skip`` or ``repeat`` when the operator ended it with that.
        """

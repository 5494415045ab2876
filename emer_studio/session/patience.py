"""A presenter that sits out pauses: what was shown is shown again from its beginning.

Only a clip is not: a first reaction happens once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from emer_studio.schema.rating import RatingPage
from emer_studio.session.plan import Trial
from emer_studio.session.presenting import Place, Presenter
from emer_studio.session.requests import ClipInterrupted, PauseRequest

__all__ = ["PatientPresenter"]


class PatientPresenter:
    """Shows through another presenter, again after every pause.

    Parameters
    ----------
    presenter : Presenter
        The participant's window.
    sit_out : callable
        ``sit_out(request)`` returns when the session goes on.
    """

    def __init__(
        self, presenter: Presenter, sit_out: Callable[[PauseRequest], None]
    ) -> None:
        self._presenter, self._sit_out = presenter, sit_out

    def text(self, title: str, body: str, button: str | None) -> None:
        """Show a text until the participant goes on."""
        self._again(lambda: self._presenter.text(title, body, button))

    def fixation(self, seconds: float) -> None:
        """Show a cross for its whole time without a pause."""
        self._again(lambda: self._presenter.fixation(seconds))

    def blank(self, seconds: float) -> None:
        """Show nothing for its whole time without a pause."""
        self._again(lambda: self._presenter.blank(seconds))

    def grey(self, trial: Trial, seconds: float) -> None:
        """Show an even grey for its whole time without a pause."""
        self._again(lambda: self._presenter.grey(trial, seconds))

    def mark(self, which: str) -> dict[str, Any]:
        """Show the coded flash and click without a pause in it."""
        while True:
            try:
                return self._presenter.mark(which)
            except PauseRequest as request:
                self._sit_out(request)

    def targets(self, places: Sequence[Place], each_s: float) -> list[dict[str, Any]]:
        """Show targets one by one without a pause in between."""
        while True:
            try:
                return self._presenter.targets(places, each_s)
            except PauseRequest as request:
                self._sit_out(request)

    def wait_until(self, done: Callable[[], bool]) -> None:
        """Wait; what is waited for goes on in a pause."""
        self._again(lambda: self._presenter.wait_until(done))

    def prepare(self, trial: Trial) -> dict[str, Any]:
        """Load the clip of a trial."""
        while True:
            try:
                return self._presenter.prepare(trial)
            except PauseRequest as request:
                self._sit_out(request)

    def play(
        self, trial: Trial, on_onset: Callable[[dict[str, Any]], None]
    ) -> dict[str, Any]:
        """Play the prepared clip.

        Raises
        ------
        ClipInterrupted
            After the pause that broke it off.
        """
        try:
            return self._presenter.play(trial, on_onset)
        except PauseRequest as request:
            self._sit_out(request)
            raise ClipInterrupted from None

    def rate(
        self, trial: Trial | None, page: RatingPage, earlier: object = None
    ) -> dict[str, Any]:
        """Ask a rating page; after a pause it shows what was filled in before."""
        while True:
            try:
                return self._presenter.rate(trial, page, earlier)
            except PauseRequest as request:
                self._sit_out(request)
                earlier = earlier if request.answers is None else request.answers

    def _again(self, show: Callable[[], None]) -> None:
        while True:
            try:
                return show()
            except PauseRequest as request:
                self._sit_out(request)

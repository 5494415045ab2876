"""What may come between the runner and its next step: a pause, or the end."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

__all__ = [
    "ClipFailed",
    "ClipInterrupted",
    "Finish",
    "PauseRequest",
    "StopRequest",
    "TrialRequest",
]


class Finish(StrEnum):
    """How a session ended."""

    COMPLETE = "complete"
    STOPPED = "stopped"
    ABORTED = "aborted"
    FAILED = "failed"


class StopRequest(Exception):
    """Someone wants the session to end now; raised by a presenter while it waits."""

    def __init__(self, finish: Finish) -> None:
        super().__init__(str(finish))
        self.finish = finish


class PauseRequest(Exception):
    """The participant's window has paused; raised by a presenter while it waits.

    Parameters
    ----------
    by : str
        ``participant``, ``operator``, ``display`` (it went away) or ``suspend`` (the
        computer slept).
    t_s : float
        When, LSL clock.
    answers : object
        What was filled in on the rating page that was shown.
    clip_end : dict, optional
        What was measured of the clip that was broken off.
    """

    def __init__(
        self,
        by: str,
        t_s: float,
        answers: object = None,
        clip_end: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(by)
        self.by, self.t_s = by, t_s
        self.answers, self.clip_end = answers, clip_end


class TrialRequest(Exception):
    """The operator skips what is going on, or repeats the trial; raised by a presenter.

    Parameters
    ----------
    kind : {"skip", "repeat"}
    trial : int, optional
        The one that was meant, 0 for what is between trials; None for whatever is shown.
    """

    def __init__(self, kind: str, trial: int | None = None) -> None:
        super().__init__(kind)
        self.kind, self.trial = kind, trial


class ClipInterrupted(Exception):
    """A pause broke the clip off: it is over."""


class ClipFailed(Exception):
    """A clip cannot be opened: its trial is marked and the session goes on."""

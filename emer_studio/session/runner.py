"""The runner: a small state machine that takes one participant through the plan.

::

    idle → instructions → baseline → (fixation → clip → rating → washout)* → closing → done
             └────────────── stop by the participant, abort by the operator ──────────┘

It knows neither Qt nor devices: it shows through a `Presenter`, writes to the journal and
sends markers. A request to stop is resolved at the next event, never in the middle of one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from emer_studio.core.errors import WorkFailedError
from emer_studio.schema.base import LocalText, localised
from emer_studio.schema.rating import RatingPage
from emer_studio.session.plan import Trial

__all__ = ["Finish", "Presenter", "Runner", "State", "StopRequest", "Texts"]

logger = logging.getLogger(__name__)


class State(StrEnum):
    """Where the session is."""

    IDLE = "idle"
    INSTRUCTIONS = "instructions"
    BASELINE = "baseline"
    FIXATION = "fixation"
    CLIP = "clip"
    RATING = "rating"
    WASHOUT = "washout"
    CLOSING = "closing"
    DONE = "done"


class Finish(StrEnum):
    """How it ended."""

    COMPLETE = "complete"
    STOPPED = "stopped"
    ABORTED = "aborted"
    FAILED = "failed"


class StopRequest(Exception):
    """Someone wants the session to end now; raised by a presenter while it waits."""

    def __init__(self, finish: Finish) -> None:
        super().__init__(str(finish))
        self.finish = finish


class Presenter(Protocol):
    """What the runner needs of the participant's window; any call may raise StopRequest."""

    def text(self, title: str, body: str, button: str | None) -> None:
        """Show a text until the participant goes on."""

    def fixation(self, seconds: float) -> None:
        """Show a cross for a while."""

    def blank(self, seconds: float) -> None:
        """Show nothing for a while."""

    def prepare(self, trial: Trial) -> dict[str, Any]:
        """Load the clip of a trial and hold its first frame; return its facts."""

    def play(
        self, trial: Trial, on_onset: Callable[[dict[str, Any]], None]
    ) -> dict[str, Any]:
        """Play the prepared clip; return what was measured at its end."""

    def rate(self, trial: Trial, page: RatingPage) -> dict[str, Any]:
        """Ask one rating page; return the answer."""


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of a session and its language."""

    title: LocalText
    instructions: LocalText
    closing: LocalText
    language: str


class Runner:
    """Take one participant through a plan.

    Parameters
    ----------
    plan : sequence of Trial
        The trials in order.
    presenter : Presenter
        The participant's window.
    record : callable
        ``record(event, t_s=None, **fields)``: journal and marker of an event.
    announce : callable
        ``announce(state, trial)``: for whoever watches; may not fail the session.
    situation : callable
        ``situation(trial or None)``: tells simulated devices what is being shown.
    """

    def __init__(
        self,
        plan: Sequence[Trial],
        presenter: Presenter,
        *,
        texts: Texts,
        baseline_s: float,
        record: Callable[..., None],
        announce: Callable[[State, Trial | None], None],
        situation: Callable[[Trial | None], None],
    ) -> None:
        self._plan, self._presenter, self._texts = plan, presenter, texts
        self._baseline_s = baseline_s
        self._record, self._announce, self._situation = record, announce, situation
        self.state = State.IDLE
        self.trials_done = 0
        self.ratings = 0
        self.problem = ""

    def run(self) -> Finish:
        """Run the whole plan; always ends in the state DONE."""
        try:
            self._all()
            finish = Finish.COMPLETE
        except StopRequest as request:
            finish = request.finish
        except WorkFailedError as problem:
            logger.error("the session cannot go on: %s", problem)
            self.problem, finish = str(problem), Finish.FAILED
        self._enter(State.DONE, None)
        self._record("session_done", state=str(finish))
        return finish

    def _all(self) -> None:
        texts = self._texts
        title = localised(texts.title, texts.language)
        if texts.instructions:
            self._enter(State.INSTRUCTIONS, None)
            body = localised(texts.instructions, texts.language)
            self._presenter.text(title, body, "continue")
        if self._baseline_s:
            self._enter(State.BASELINE, None)
            self._record("baseline_started", seconds=self._baseline_s)
            self._presenter.fixation(self._baseline_s)
            self._record("baseline_done")
        for trial in self._plan:
            self._trial(trial)
            self.trials_done += 1
        if texts.closing:
            self._enter(State.CLOSING, None)
            self._presenter.text(title, localised(texts.closing, texts.language), None)

    def _trial(self, trial: Trial) -> None:
        number, clip = trial.number, trial.clip
        self._record("trial_started", trial=number, clip=clip.id, block=trial.block)
        self._enter(State.FIXATION, trial)
        facts = self._presenter.prepare(trial)
        self._presenter.fixation(trial.fixation_s)
        self._enter(State.CLIP, trial)
        self._situation(trial)

        def onset(event: dict[str, Any]) -> None:
            self._record(event["event"], t_s=event["t_s"], trial=number, clip=clip.id)

        end = self._presenter.play(trial, onset)
        self._record(
            "clip_end",
            t_s=end["t_s"],
            trial=number,
            clip=clip.id,
            summary=end.get("summary", {}),
            facts={
                key: facts[key] for key in ("fps", "duration_s", "audio") if key in facts
            },
        )
        self._situation(None)
        for page in trial.ratings:
            self._enter(State.RATING, trial)
            self._rate(trial, page)
        self._enter(State.WASHOUT, trial)
        self._presenter.blank(trial.washout_s)
        self._record("trial_done", trial=number, clip=clip.id)

    def _rate(self, trial: Trial, page: RatingPage) -> None:
        answer = self._presenter.rate(trial, page)
        self._record(
            "rating",
            t_s=answer["t_s"],
            trial=trial.number,
            clip=trial.clip.id,
            page=page.id,
            value=answer["value"],
            **{
                key: answer[key]
                for key in ("mapped", "points", "rt_s", "input")
                if key in answer
            },
        )
        self.ratings += 1

    def _enter(self, state: State, trial: Trial | None) -> None:
        self.state = state
        self._announce(state, trial)

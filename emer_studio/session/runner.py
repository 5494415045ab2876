"""The runner: a small state machine that takes one participant through the plan.

::

    idle → instructions → questions → baseline
         → (fixation → clip → rating → washout, now and then a break)* → questions → closing
         → done; a stop by the participant or an abort by the operator leads there at once

It knows neither Qt nor devices: it shows through a `Presenter`, writes to the journal and
sends markers. A request to stop is resolved at the next event, never in the middle of one.
A pause may come anywhere: what was shown is shown again, except a clip, which is over; one
from the reserve takes its place where there is one.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from emer_studio.core.errors import WorkFailedError
from emer_studio.schema.base import localised
from emer_studio.schema.rating import RatingPage, scored, without_back
from emer_studio.session.patience import PatientPresenter
from emer_studio.session.plan import Trial
from emer_studio.session.presenting import Presenter
from emer_studio.session.requests import (
    ClipFailed,
    ClipInterrupted,
    Finish,
    PauseRequest,
    StopRequest,
    TrialRequest,
)
from emer_studio.session.states import State
from emer_studio.session.steps import Ask, GazeCheck, Mark, Step, Text, Wait
from emer_studio.stimulus.framelog import faults

__all__ = ["Runner", "State"]

logger = logging.getLogger(__name__)


_TEXT_STATES = {
    "break": State.BREAK,
    "debrief": State.CLOSING,
    "closing": State.CLOSING,
}
_MOST_FAILED = 3  # clips in a row: the folder is gone, not a clip (chosen by us)
_CLIP_FACTS = ("fps", "duration_s", "audio")
_ANSWER_KEYS = ("kind", "mapped", "points", "order", "rt_s", "input")


class Runner:
    """Take one participant through a plan.

    Parameters
    ----------
    steps : sequence of Step
        What happens, in order; see `session.steps`.
    presenter : Presenter
        The participant's window.
    title : str
        Head of every text.
    language : str
        Of the texts.
    record : callable
        ``record(event, t_s=None, **fields)``: journal and marker of an event.
    announce : callable
        ``announce(state, trial)``: for whoever watches; may not fail the session.
    situation : callable
        ``situation(trial or None)``: tells simulated devices what is being shown.
    instead_of : callable
        ``instead_of(trial)``: a trial in place of one that was broken off, or None.
    again : callable
        ``again(trial)``: the same trial under another number.
    between : callable
        Called between two steps and before a clip that takes another's place; returns a
        step that comes in between, or None.
    check_gaze : callable
        ``check_gaze(wanted, presenter)``: shows targets, measures the eye tracker, see
        `session.gaze_check`.
    trials_done : int
        Trials that were finished before the session was cut off.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        presenter: Presenter,
        *,
        title: str,
        language: str,
        record: Callable[..., None],
        announce: Callable[[State, Trial | None], None],
        situation: Callable[[Trial | None], None],
        instead_of: Callable[[Trial], Trial | None] = lambda _trial: None,
        again: Callable[[Trial], Trial] = lambda trial: trial,
        between: Callable[[], Step | None] = lambda: None,
        check_gaze: Callable[..., dict[str, Any]] = lambda _wanted, _presenter: {},
        trials_done: int = 0,
    ) -> None:
        self._steps, self._window = steps, presenter
        self._presenter = PatientPresenter(presenter, self._sit_out)
        self._instead_of, self._again, self._between = instead_of, again, between
        self._check_gaze = check_gaze
        self._trial_now: Trial | None = None
        self._title, self._language = title, language
        self._record, self._announce, self._situation = record, announce, situation
        self._facts: dict[str, Any] = {}  # of the clip that was prepared last
        self._seen = False  # anything of the present trial's clip
        self.state = State.IDLE
        self.trials_done = trials_done
        self.ratings = 0
        self.problem = ""
        self._failed_in_a_row = 0

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
        for step in self._steps:
            self._unless_skipped(step)
            self._come_between()

    def _unless_skipped(self, step: Step) -> None:
        """Do a step that is no trial: there is nothing to repeat but trials."""
        while True:
            try:
                return self._step(step)
            except TrialRequest as request:
                if not self._too_late(request, 0):
                    return self._record("step_skipped", state=str(self.state))

    def _too_late(self, request: TrialRequest, number: int) -> bool:
        """Tell whether a request meant what is over by now; then it is only written."""
        late = request.trial not in (None, number)
        if late:
            about = {"asked": request.kind, "trial": request.trial}
            self._record("request_too_late", **about)
        return late

    def _come_between(self) -> None:
        """Do what was asked for meanwhile."""
        step = self._between()
        if step is not None:
            with contextlib.suppress(TrialRequest):
                self._step(step)

    def _step(self, step: Step) -> None:
        if isinstance(step, Text):
            self._text(step)
        elif isinstance(step, Wait):
            self._wait(step)
        elif isinstance(step, Ask):
            self._ask(step)
        elif isinstance(step, Mark):
            self._sync_mark(step)
        elif isinstance(step, GazeCheck):
            self._validate(step)
        elif step.begun == "cut off":
            other = self._interrupted(step.trial)
            if other is not None:
                self._until_over(other)
        else:
            self._until_over(step.trial, step.rated if step.begun else None)

    def _until_over(self, trial: Trial, rated: Sequence[str] | None = None) -> None:
        """Run a trial, and whatever takes its place; `rated` only asks what is left."""
        following: Trial | None = trial
        while following is not None:
            trial, following = following, None
            try:
                if rated is None:
                    self._trial(trial)
                else:
                    self._seen = True
                    self._finish_trial(trial, rated)
            except ClipInterrupted:  # in the moment before its first picture, or after it
                following = self._interrupted(trial) if self._seen else trial
            except ClipFailed as problem:
                following = self._not_shown(trial, " ".join(str(problem).split()))
            except TrialRequest as request:
                late = not self._seen and self._too_late(request, trial.number)
                following = trial if late else self._operator_wants(request.kind, trial)
            rated = None
            if following is not None:
                self._come_between()

    def _operator_wants(self, kind: str, trial: Trial) -> Trial | None:
        """Skip a trial, or begin it anew under another number."""
        self._situation(None)
        if kind == "repeat":
            return self._interrupted(trial, self._again(trial)) if self._seen else trial
        self._record("trial_skipped", trial=trial.number, clip=trial.clip.id)
        return None

    def _interrupted(self, trial: Trial, other: Trial | None = None) -> Trial | None:
        """Write that a clip is over, and what takes its place; return that."""
        self._situation(None)
        other = other or self._instead_of(trial)
        instead: dict[str, Any] = {}
        if other is not None:
            instead = {"replaced_by": other.number, "instead": other.clip.id}
        self._record("trial_interrupted", trial=trial.number, clip=trial.clip.id, **instead)
        return other

    def _not_shown(self, trial: Trial, problem: str) -> Trial | None:
        """Mark a trial whose clip cannot be opened; when many cannot, it is no clip."""
        self._mark(trial, [f"it was not shown: {problem}"])
        self._failed_in_a_row += 1
        if self._failed_in_a_row >= _MOST_FAILED:
            raise WorkFailedError(
                f"{_MOST_FAILED} clips in a row cannot be opened: {problem}"
            )
        return self._instead_of(trial)

    def _sit_out(self, request: PauseRequest) -> None:
        before = self.state
        if request.clip_end is not None and self._trial_now is not None:
            self._write_clip_end(self._trial_now, request.clip_end)
        self._record("paused", t_s=request.t_s, by=request.by, during=str(before))
        self._enter(State.PAUSED, self._trial_now)
        gone_on = self._window.wait_out()
        self._record("resumed", t_s=gone_on["t_s"], by=gone_on["by"])
        self._enter(before, self._trial_now)
        if gone_on.get("then"):
            raise TrialRequest(gone_on["then"])

    def _text(self, step: Text) -> None:
        self._enter(_TEXT_STATES.get(step.what, State.INSTRUCTIONS), None)
        self._record("text_shown", what=step.what)
        body = localised(step.body, self._language)
        if step.least_s:
            self._presenter.blank(step.least_s)
        self._presenter.text(self._title, body, "continue" if step.go_on else None)
        self._record("text_done", what=step.what)

    def _wait(self, step: Wait) -> None:
        self._enter(State.BASELINE, None)
        self._record("baseline_started", seconds=step.seconds)
        self._presenter.fixation(step.seconds)
        self._record("baseline_done")

    def _sync_mark(self, step: Mark) -> None:
        self._enter(State.SYNC, None)
        self._record("sync_mark", **self._presenter.mark(step.which))

    def _validate(self, step: GazeCheck) -> None:
        """Measure the eye tracker, again where it falls short; then the session goes on."""
        self._enter(State.VALIDATION, None)
        number, last = 0, False
        while not last:
            number += 1
            facts = self._check_gaze(step.wanted, self._presenter)
            accepted, measured = facts.get("accepted", False), "points" in facts
            last = accepted or not measured or number == step.wanted.tries
            about = {"when": step.when, "number": number, "last": last}
            self._record("validation", **about, **facts)
        if not accepted:
            why = "; ".join(facts.get("why", ()))
            self._record("finding", what=f"the eye tracker was not accepted: {why}")

    def _ask(self, step: Ask) -> None:
        self._enter(State.QUESTIONS, None)
        answer = self._presenter.rate(None, without_back(step.page))
        self._record(
            "answer",
            t_s=answer["t_s"],
            when=step.what,
            page=step.page.id,
            value=answer["value"],
            **_details(step.page, answer),
        )

    def _trial(self, trial: Trial) -> None:
        number, clip, self._seen = trial.number, trial.clip, False
        self._record("trial_started", trial=number, clip=clip.id, **_kind(trial))
        self._enter(State.FIXATION, trial)
        self._facts = self._presenter.prepare(trial)
        self._failed_in_a_row = 0
        if trial.baseline.seconds:
            self._clip_baseline(trial)
        self._presenter.fixation(trial.fixation_s)
        self._enter(State.CLIP, trial)
        self._situation(trial)

        def onset(event: dict[str, Any]) -> None:
            self._seen = True
            self._record(event["event"], t_s=event["t_s"], trial=number, clip=clip.id)

        end = self._presenter.play(trial, onset)
        self._write_clip_end(trial, end)
        why = faults(end.get("summary", {}))
        if why:
            self._mark(trial, why)
        self._situation(None)
        self._finish_trial(trial)

    def _finish_trial(self, trial: Trial, rated: Sequence[str] = ()) -> None:
        """Ask the pages that were not answered yet; then the trial is done."""
        pages = tuple(page for page in trial.ratings if page.id not in rated)
        self._rate_all(replace(trial, ratings=pages))
        self._enter(State.WASHOUT, trial)
        self._presenter.blank(trial.washout_s)
        self._record("trial_done", trial=trial.number, clip=trial.clip.id)
        self.trials_done += 1

    def _mark(self, trial: Trial, why: list[str]) -> None:
        """Write down that a trial is not what was planned; whoever reads it decides."""
        self._record("trial_marked", trial=trial.number, clip=trial.clip.id, why=why)

    def _write_clip_end(self, trial: Trial, end: dict[str, Any]) -> None:
        """Write what was measured of a clip; one that was broken off says so."""
        facts = {key: self._facts[key] for key in _CLIP_FACTS if key in self._facts}
        self._record(
            "clip_end",
            t_s=end["t_s"],
            trial=trial.number,
            clip=trial.clip.id,
            summary=end.get("summary", {}),
            facts=facts,
            **({} if end.get("complete", True) else {"complete": False}),
        )

    def _clip_baseline(self, trial: Trial) -> None:
        """Show what the clip will be compared with."""
        kind, seconds = trial.baseline.kind, trial.baseline.seconds
        about = {"trial": trial.number, "kind": kind, "seconds": seconds}
        self._record("clip_baseline_started", **about)
        if kind == "cross":
            self._presenter.fixation(seconds)
        else:
            self._presenter.grey(trial, seconds)
        self._record("clip_baseline_done", trial=trial.number)

    def _rate_all(self, trial: Trial) -> None:
        """Ask the pages of a trial; one that allows it leads back to the page before."""
        at, values, confirmed = 0, dict[str, Any](), set[str]()
        while at < len(trial.ratings):
            page = trial.ratings[at]
            asked = page if at else without_back(page)
            self._enter(State.RATING, trial)
            answer = self._presenter.rate(trial, asked, values.get(page.id))
            values[page.id] = answer["value"]
            about = {"trial": trial.number, "clip": trial.clip.id, "page": page.id}
            if answer.get("back"):
                self._record("rating_back", t_s=answer["t_s"], **about)
                at = max(at - 1, 0)
                continue
            self._write_rating(page, answer, about, revised=page.id in confirmed)
            confirmed.add(page.id)
            at += 1

    def _write_rating(
        self,
        page: RatingPage,
        answer: dict[str, Any],
        about: dict[str, Any],
        *,
        revised: bool,
    ) -> None:
        """Write an answer; one to a page that was confirmed before says so."""
        again = {"revised": True} if revised else {}
        details = _details(page, answer) | again
        self._record("rating", t_s=answer["t_s"], **about, value=answer["value"], **details)
        self.ratings += not revised

    def _enter(self, state: State, trial: Trial | None) -> None:
        self.state, self._trial_now = state, trial
        self._announce(state, trial)


def _kind(trial: Trial) -> dict[str, Any]:
    """Return what a reader must know of a trial: its block, and whether it counts."""
    kind: dict[str, Any] = {"block": trial.block, "practice": trial.practice}
    if trial.instead_of is not None:
        kind["instead_of"] = trial.instead_of
    return kind | {"repeated": True} if trial.repeated else kind


def _details(page: RatingPage, answer: dict[str, Any]) -> dict[str, Any]:
    """Return how an answer was given and what it sums up to, beside what it is."""
    scores = {"scores": scored(page, answer["value"])} if page.scores else {}
    return scores | {key: answer[key] for key in _ANSWER_KEYS if key in answer}

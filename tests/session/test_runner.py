"""The runner as a state machine, with a presenter that needs no window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from emer_studio.core.errors import WorkFailedError
from emer_studio.schema.protocol import find_protocol, load_protocol
from emer_studio.schema.rating import RatingPage
from emer_studio.session.plan import Trial, build_plan
from emer_studio.session.runner import Finish, Runner, State, StopRequest
from emer_studio.session.steps import steps_of
from emer_studio.stimulus.library import manifest_of


class ScriptedPresenter:
    """Answers at once; raises `problem` at the call number `at`."""

    def __init__(self, at: int | None = None, problem: Exception | None = None) -> None:
        self.calls: list[str] = []
        self._at, self._problem = at, problem

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if self._problem is not None and len(self.calls) == self._at:
            raise self._problem

    def text(self, title: str, body: str, button: str | None) -> None:
        assert title
        assert body
        self._call("text")

    def fixation(self, seconds: float) -> None:
        self._call("fixation")

    def blank(self, seconds: float) -> None:
        self._call("blank")

    def prepare(self, trial: Trial) -> dict[str, Any]:
        self._call("prepare")
        return {"fps": 30.0, "duration_s": 1.0, "audio": "silent"}

    def play(
        self, trial: Trial, on_onset: Callable[[dict[str, Any]], None]
    ) -> dict[str, Any]:
        self._call("play")
        on_onset({"event": "clip_onset", "t_s": 10.0 * trial.number})
        return {"t_s": 10.0 * trial.number + 1, "summary": {"shown": 30, "expected": 30}}

    def grey(self, trial: Trial, seconds: float) -> None:
        self._call("grey")

    def rate(self, trial: Trial | None, page: RatingPage) -> dict[str, Any]:
        self._call("rate")
        number = trial.number if trial else 0
        return {"t_s": 10.0 * number + 2, "value": {"valence": 7}, "rt_s": 1.0}


def run_with(
    presenter: ScriptedPresenter,
) -> tuple[Runner, Finish, list[tuple[str, dict[str, Any]]], list[State]]:
    path = find_protocol("demo")
    protocol = load_protocol(path)
    plan = build_plan(protocol, manifest_of(protocol, path)[0], participant_index=0, seed=1)
    written: list[tuple[str, dict[str, Any]]] = []
    states: list[State] = []
    protocol = protocol.model_copy(update={"baseline_s": 1.0})
    runner = Runner(
        tuple(steps_of(protocol, plan)),
        presenter,
        title="Welcome",
        language="en",
        record=lambda name, **fields: written.append((name, fields)),
        announce=lambda state, trial: states.append(state),
        situation=lambda trial: None,
    )
    return runner, runner.run(), written, states


def test_a_whole_session_writes_every_event_in_order() -> None:
    runner, finish, written, states = run_with(ScriptedPresenter())
    assert finish is Finish.COMPLETE
    assert runner.trials_done == runner.ratings == 4
    assert states[:2] == [State.INSTRUCTIONS, State.BASELINE]
    assert states[-2:] == [State.CLOSING, State.DONE]
    first = [name for name, fields in written if fields.get("trial") == 1]
    assert first == ["trial_started", "clip_onset", "clip_end", "rating", "trial_done"]
    onset = next(f for n, f in written if n == "clip_onset" and f["trial"] == 2)
    assert onset["t_s"] == 20.0  # the presenter's measurement, not our own time
    assert written[-1] == ("session_done", {"state": "complete"})


@pytest.mark.parametrize("at", range(1, 24))
@pytest.mark.parametrize(
    ("problem", "finish"),
    [
        (StopRequest(Finish.STOPPED), Finish.STOPPED),
        (StopRequest(Finish.ABORTED), Finish.ABORTED),
        (WorkFailedError("the window is gone"), Finish.FAILED),
    ],
    ids=["the participant stops", "the operator aborts", "the window dies"],
)
def test_an_early_end_at_any_call_keeps_what_was_done(
    at: int, problem: Exception, finish: Finish
) -> None:
    presenter = ScriptedPresenter(at, problem)
    runner, found, written, states = run_with(presenter)
    assert found is finish
    assert len(presenter.calls) == at  # nothing was shown after it
    assert runner.state is State.DONE
    assert states[-1] is State.DONE
    assert written[-1] == ("session_done", {"state": str(finish)})
    done = [fields["trial"] for name, fields in written if name == "trial_done"]
    assert done == list(range(1, runner.trials_done + 1))
    rated = [fields["trial"] for name, fields in written if name == "rating"]
    assert set(done) <= set(rated)

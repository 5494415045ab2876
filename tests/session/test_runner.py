"""The runner as a state machine, with a presenter that needs no window."""

from __future__ import annotations

from typing import Any

import pytest

from emer_studio.core.errors import WorkFailedError
from emer_studio.recording.reader import final_ratings
from emer_studio.schema.protocol import Protocol, find_protocol, load_protocol
from emer_studio.schema.stimulus import ClipManifest
from emer_studio.session.plan import Trial, build_plan
from emer_studio.session.requests import ClipFailed, Finish, StopRequest, TrialRequest
from emer_studio.session.reserve import Reserve
from emer_studio.session.runner import Runner, State
from emer_studio.session.steps import steps_of
from emer_studio.stimulus.library import manifest_of
from presenters import HeadlessPresenter


def doubled(manifest: ClipManifest) -> ClipManifest:
    """Every clip twice, so that there is something to draw from."""
    again = [c.model_copy(update={"id": f"{c.id}-2"}) for c in manifest.clips]
    return manifest.model_copy(update={"clips": (*manifest.clips, *again)})


def run_with(
    presenter: HeadlessPresenter,
    change: dict[str, Any] | None = None,
    *,
    spare: bool = False,
) -> tuple[Runner, Finish, list[tuple[str, dict[str, Any]]], list[State]]:
    path = find_protocol("demo")
    protocol = load_protocol(path)
    if change:
        raw = protocol.model_dump(exclude_unset=True)
        protocol = Protocol.model_validate(raw | change)
    manifest = manifest_of(protocol, path)[0]
    manifest = doubled(manifest) if spare else manifest
    plan = build_plan(protocol, manifest, participant_index=0, seed=1)
    written: list[tuple[str, dict[str, Any]]] = []
    states: list[State] = []
    protocol = protocol.model_copy(update={"baseline_s": 1.0})
    reserve = Reserve(protocol, manifest, plan)
    runner = Runner(
        tuple(steps_of(protocol, plan)),
        presenter,
        title="Welcome",
        language="en",
        record=lambda name, **fields: written.append((name, fields)),
        announce=lambda state, trial: states.append(state),
        situation=lambda trial: None,
        instead_of=reserve.instead_of,
        again=reserve.again,
    )
    return runner, runner.run(), written, states


def test_a_whole_session_writes_every_event_in_order() -> None:
    runner, finish, written, states = run_with(HeadlessPresenter())
    assert finish is Finish.COMPLETE
    assert runner.trials_done == runner.ratings == 4
    assert states[:3] == [State.INSTRUCTIONS, State.SYNC, State.BASELINE]
    assert states[-3:] == [State.SYNC, State.CLOSING, State.DONE]
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
    presenter = HeadlessPresenter(at, problem)
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


_PAGES = [
    {"id": "sam", "kind": "sam", "dimensions": ["valence"], "back": True},
    {"id": "felt", "kind": "choice", "labels": ["a", "b"], "question": {"en": "?"}},
    {"id": "why", "kind": "text", "question": {"en": "?"}},
]
_PAGES[1]["back"] = _PAGES[2]["back"] = True
_THREE = {
    "rating_pages": _PAGES,
    "blocks": [{"id": "main", "ratings": ["sam", "felt", "why"]}],
}


def test_a_participant_who_goes_back_meets_the_answer_and_may_change_it() -> None:
    presenter = HeadlessPresenter(back=((2, "why"), (2, "felt")))
    runner, finish, written, _ = run_with(presenter, _THREE)
    assert finish is Finish.COMPLETE
    second = [(page, shown) for trial, page, shown in presenter.asked if trial == 2]
    pages = [page for page, _ in second]
    assert pages == ["sam", "felt", "why", "felt", "sam", "felt", "why"]
    assert [shown is None for _, shown in second] == [*[True] * 3, *[False] * 3, True]
    events = [
        (name, fields["page"], fields.get("revised", False))
        for name, fields in written
        if "page" in fields and fields["trial"] == 2
    ]
    assert events == [
        ("rating", "sam", False),
        ("rating", "felt", False),
        ("rating_back", "why", False),
        ("rating_back", "felt", False),
        ("rating", "sam", True),
        ("rating", "felt", True),
        ("rating", "why", False),
    ]
    assert runner.ratings == 4 * 3


def test_no_way_leads_back_from_the_first_page_of_a_trial() -> None:
    presenter = HeadlessPresenter(back=((1, "sam"),))
    with pytest.raises(AssertionError):
        run_with(presenter, _THREE)


def test_of_a_page_that_was_answered_twice_the_last_answer_counts() -> None:
    presenter = HeadlessPresenter(back=((2, "felt"),))
    _, _, written, _ = run_with(presenter, _THREE)
    journal = [{"event": name, **fields} for name, fields in written]
    final = final_ratings(journal)
    assert len(final) == 12
    assert len([event for event in journal if event["event"] == "rating"]) == 13
    (of_sam,) = [e for e in final if (e["trial"], e["page"]) == (2, "sam")]
    assert of_sam["revised"]
    assert [e["t_s"] for e in final] == sorted(e["t_s"] for e in final)


def _calls_of_a_whole_session() -> list[str]:
    presenter = HeadlessPresenter()
    run_with(presenter, _RESERVE, spare=True)
    return presenter.calls


_RESERVE = {
    "blocks": [
        {
            "id": "main",
            "select": {"emotions": ["happiness", "fear"], "per_emotion": 1, "reserve": 1},
            "ratings": ["sam"],
        }
    ]
}


@pytest.mark.parametrize("at", range(1, 14))
def test_a_pause_at_any_call_repeats_it_and_loses_nothing(at: int) -> None:
    calls = _calls_of_a_whole_session()
    presenter = HeadlessPresenter(pauses=(at,))
    runner, finish, written, states = run_with(presenter, _RESERVE, spare=True)
    assert finish is Finish.COMPLETE
    assert runner.trials_done == runner.ratings == 2
    names = [name for name, _ in written]
    assert names.count("paused") == names.count("resumed") == 1
    assert State.PAUSED in states
    paused = calls[at - 1]
    assert presenter.calls[at - 1 : at + 1] == [paused, "wait_out"]
    if paused != "play":  # the same is shown again
        assert presenter.calls[: at - 1] + presenter.calls[at + 1 :] == calls
        assert "trial_interrupted" not in names
    if paused == "rate":  # with what was filled in before
        assert [shown for _, _, shown in presenter.asked].count("half") == 1


def test_a_clip_that_is_broken_off_gives_way_to_one_of_the_reserve() -> None:
    calls = _calls_of_a_whole_session()
    presenter = HeadlessPresenter(pauses=(calls.index("play") + 1,))
    _, _, written, _ = run_with(presenter, _RESERVE, spare=True)
    started = [fields for name, fields in written if name == "trial_started"]
    assert [fields["trial"] for fields in started] == [1, 3, 2]
    assert started[1]["instead_of"] == 1
    clips = [fields["clip"] for fields in started]
    assert len(set(clips)) == 3
    kinds = [clip.removesuffix("-2") for clip in clips]  # one of each emotion
    assert kinds[0] == kinds[1] != kinds[2]
    interrupted = next(fields for name, fields in written if name == "trial_interrupted")
    planned = {"trial": 1, "clip": clips[0]}
    assert interrupted == {**planned, "replaced_by": 3, "instead": clips[1]}
    end = next(fields for name, fields in written if name == "clip_end")
    assert end["trial"] == 1
    assert end["complete"] is False
    done = [fields["trial"] for name, fields in written if name == "trial_done"]
    rated = [fields["trial"] for name, fields in written if name == "rating"]
    assert done == rated == [3, 2]


def test_without_a_reserve_the_clip_is_left_out() -> None:
    presenter = HeadlessPresenter()
    run_with(presenter)
    presenter = HeadlessPresenter(pauses=(presenter.calls.index("play") + 1,))
    runner, finish, written, _ = run_with(presenter)
    assert finish is Finish.COMPLETE
    done = [fields["trial"] for name, fields in written if name == "trial_done"]
    assert done == [2, 3, 4]
    assert runner.trials_done == 3


def test_a_stop_in_a_pause_ends_the_session() -> None:
    presenter = HeadlessPresenter(3, StopRequest(Finish.STOPPED), pauses=(2,))
    _, finish, written, _ = run_with(presenter)
    assert presenter.calls[-1] == "wait_out"
    assert finish is Finish.STOPPED
    assert [name for name, _ in written][-2:] == ["paused", "session_done"]


class _Missing(HeadlessPresenter):
    """Some trials' clips cannot be opened."""

    def __init__(self, gone: tuple[int, ...]) -> None:
        super().__init__()
        self._gone = gone

    def prepare(self, trial: Trial) -> dict[str, Any]:
        if trial.number in self._gone:
            raise ClipFailed("There is no clip x.mp4.")
        return super().prepare(trial)


def test_a_clip_that_cannot_be_opened_marks_its_trial_only() -> None:
    runner, finish, written, _ = run_with(_Missing((1, 3)))
    assert finish is Finish.COMPLETE
    assert runner.trials_done == runner.ratings == 2
    marked = [(f["trial"], f["why"]) for name, f in written if name == "trial_marked"]
    why = ["it was not shown: There is no clip x.mp4."]
    assert marked == [(1, why), (3, why)]
    done = [fields["trial"] for name, fields in written if name == "trial_done"]
    assert done == [2, 4]


def test_clips_that_are_all_gone_end_the_session() -> None:
    runner, finish, written, _ = run_with(_Missing((2, 3, 4)))
    assert finish is Finish.FAILED
    assert "3 clips in a row" in runner.problem
    assert runner.trials_done == 1
    assert written[-1] == ("session_done", {"state": "failed"})


@pytest.mark.parametrize("at", range(1, 15))
def test_the_operator_skips_whatever_is_shown(at: int) -> None:
    calls = _calls_of_a_whole_session()
    presenter = HeadlessPresenter(asked=(at, "skip"))
    _, finish, written, _ = run_with(presenter, _RESERVE, spare=True)
    assert finish is Finish.COMPLETE
    skipped = [fields["trial"] for name, fields in written if name == "trial_skipped"]
    steps = [name for name, _ in written if name == "step_skipped"]
    done = [fields["trial"] for name, fields in written if name == "trial_done"]
    assert len(skipped) + len(steps) == 1
    assert sorted(done + skipped) == [1, 2]
    assert len(presenter.calls) <= len(calls)


def test_a_repeated_trial_shows_the_same_clip_under_another_number() -> None:
    calls = _calls_of_a_whole_session()
    at = calls.index("rate") + 1
    presenter = HeadlessPresenter(asked=(at, "repeat"))
    _, finish, written, _ = run_with(presenter, _RESERVE, spare=True)
    assert finish is Finish.COMPLETE
    started = [fields for name, fields in written if name == "trial_started"]
    assert [fields["trial"] for fields in started] == [1, 3, 2]
    assert started[0]["clip"] == started[1]["clip"]
    assert started[1]["repeated"] is True
    assert started[1]["instead_of"] == 1
    done = [fields["trial"] for name, fields in written if name == "trial_done"]
    assert done == [3, 2]


@pytest.mark.parametrize("then", ["skip", "repeat"])
def test_a_pause_may_end_in_another_wish(then: str) -> None:
    class Wishing(HeadlessPresenter):
        def wait_out(self) -> dict[str, Any]:
            return {**super().wait_out(), "then": then}

    calls = _calls_of_a_whole_session()
    presenter = Wishing(pauses=(calls.index("play") + 1,))
    _, finish, written, _ = run_with(presenter, _RESERVE, spare=True)
    assert finish is Finish.COMPLETE
    names = [name for name, _ in written]
    assert names.index("resumed") < names.index(
        "trial_skipped" if then == "skip" else "trial_interrupted"
    )
    done = [fields["trial"] for name, fields in written if name == "trial_done"]
    assert done == ([2] if then == "skip" else [3, 2])


@pytest.mark.parametrize("at", range(1, 15))
def test_a_wish_about_what_is_over_costs_nothing_that_is_shown_now(at: int) -> None:
    presenter = HeadlessPresenter(at=at, problem=TrialRequest("skip", 99))
    _, finish, written, _ = run_with(presenter, _RESERVE, spare=True)
    assert finish is Finish.COMPLETE
    names = [name for name, _ in written]
    done = [fields["trial"] for name, fields in written if name == "trial_done"]
    seen = "clip_onset" in names and "request_too_late" not in names
    assert names.count("request_too_late") == (0 if seen else 1)
    assert "step_skipped" not in names
    assert seen or done == [1, 2]

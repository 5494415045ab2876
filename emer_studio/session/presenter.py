"""The participant's window as the runner sees it: a child that speaks JSON lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from emer_studio.core.process import Child
from emer_studio.schema.rating import RatingPage
from emer_studio.session.plan import Trial
from emer_studio.session.presenting import Place
from emer_studio.session.requests import (
    ClipFailed,
    Finish,
    PauseRequest,
    StopRequest,
    TrialRequest,
)
from emer_studio.synthetic.sync_code import length_s

__all__ = ["WindowPresenter"]

_ANSWER_S = 3600.0  # a participant may take their time; a pause is the operator's affair
_PAUSE_S = 24 * 3600.0
_LOAD_S = 60.0
_BECAUSE_S = 5.0  # a clip is broken off first, and why is told right after
_OVERTIME_S = 30.0  # chosen by us: a clip that is this late has failed
_ASK_S = 0.05
_THANKS_S = 5.0  # chosen by us: two short sentences are read in this time

_ENDS = ("stop_requested", "interrupted")
_REQUESTS = ("pause_requested", "trial_request", *_ENDS)


class WindowPresenter:
    """Shows pages in the participant's window process.

    Parameters
    ----------
    child : Child
        The process, ready.
    clip_files : dict of str to Path
        The frozen file of each clip.
    luminance : dict of str to float
        Mean luminance (0..1) of the clips whose baseline is to match it.
    session : str
        Names the participant's session; the orders that pages draw are seeded with it, the
        trial and the page, so that they are the same whenever the page is shown.
    """

    def __init__(
        self,
        child: Child,
        clip_files: dict[str, Path],
        luminance: dict[str, float] | None = None,
        session: str = "",
    ) -> None:
        self._child = child
        self._files = clip_files
        self._luminance = luminance or {}
        self._session = session
        self._duration_s = 0.0

    def text(self, title: str, body: str, button: str | None) -> None:
        """Show a text until the participant goes on; without a button for 3 s."""
        self._child.send("show", page="text", title=title, body=body, button=button)
        if button is None:
            self._pause(3.0)
        else:
            self._wait("page_done", timeout_s=_ANSWER_S)

    def consent(self, text: str, scopes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Ask for consent; return whether it was given (``agreed``) and which scopes."""
        self._child.send("consent", text=text, scopes=list(scopes))
        return self._wait("consent", timeout_s=_ANSWER_S)

    def thank(self) -> None:
        """Show that not taking part is fine."""
        self._child.send("thanks")
        self._child.next_event(*_ENDS, timeout_s=_THANKS_S)

    def fixation(self, seconds: float) -> None:
        """Show a cross for a while."""
        self._child.send("show", page="fixation")
        self._pause(seconds)

    def blank(self, seconds: float) -> None:
        """Show nothing for a while."""
        self._child.send("show", page="blank")
        self._pause(seconds)

    def mark(self, which: str) -> dict[str, Any]:
        """Show the coded flash and click."""
        self._child.send("mark", which=which)
        event = self._wait("mark_done", timeout_s=length_s(which) + _OVERTIME_S)
        return {key: event[key] for key in ("which", "edges", "clicks", "t_s")}

    def targets(self, places: Sequence[Place], each_s: float) -> list[dict[str, Any]]:
        """Show targets one by one."""
        self._child.send("targets", places=list(places), each_s=each_s)
        longest_s = len(places) * each_s + _OVERTIME_S
        return list(self._wait("targets_done", timeout_s=longest_s)["targets"])

    def wait_until(self, done: Callable[[], bool]) -> None:
        """Leave what is shown until `done()` is true."""
        while not done():
            self._pause(_ASK_S)

    def prepare(self, trial: Trial) -> dict[str, Any]:
        """Load the clip and hold its first frame; `ClipFailed` when it cannot be."""
        clip = trial.clip
        self._child.send(
            "prepare",
            trial=trial.number,
            clip=clip.id,
            file=str(self._files[clip.id]),
            trim_in_s=clip.trim_in_s,
            trim_out_s=clip.trim_out_s,
            gain_db=clip.gain_db,
        )
        event = self._wait("clip_ready", "clip_failed", timeout_s=_LOAD_S)
        if event["event"] == "clip_failed":
            raise ClipFailed(str(event.get("text") or "no reason was given"))
        self._duration_s = float(event.get("duration_s") or 0.0)
        return event

    def play(
        self, trial: Trial, on_onset: Callable[[dict[str, Any]], None]
    ) -> dict[str, Any]:
        """Play the prepared clip and wait for its end."""
        self._child.send("play")
        while True:
            event = self._wait(
                "clip_onset",
                "audio_onset",
                "clip_end",
                timeout_s=self._duration_s + _OVERTIME_S,
            )
            if event.get("trial") != trial.number:
                continue  # of a clip that the operator has skipped
            if event["event"] == "clip_end":
                return event if event.get("complete", True) else self._broken_off(event)
            on_onset(event)

    def _broken_off(self, end: dict[str, Any]) -> dict[str, Any]:
        """Find out why a clip ended early; one that broke by itself is over."""
        event = self._child.next_event(*_REQUESTS, timeout_s=_BECAUSE_S)
        if event is not None:
            self._comply(event, end)
        return end

    def grey(self, trial: Trial, seconds: float) -> None:
        """Show an even grey of the clip's mean luminance for a while."""
        self._child.send("show", page="blank", luminance=self._luminance[trial.clip.id])
        self._pause(seconds)

    def rate(
        self, trial: Trial | None, page: RatingPage, earlier: object = None
    ) -> dict[str, Any]:
        """Ask one rating page; those of no trial count as trial 0."""
        form = page.model_dump(mode="json", exclude_defaults=True)
        number = trial.number if trial else 0
        seed = f"{self._session}/{number}/{page.id}"
        self._child.send("rate", trial=number, page=form, seed=seed, earlier=earlier)
        event = self._wait("rating", "rating_back", timeout_s=_ANSWER_S)
        return {**event, "back": event["event"] == "rating_back"}

    def wait_out(self) -> dict[str, Any]:
        """Wait for the end of a pause, which may be the end of the session."""
        then = ""
        while True:
            event = self._child.wait_for(
                "resumed", "trial_request", *_ENDS, timeout_s=_PAUSE_S
            )
            if event["event"] in _ENDS:
                self._comply(event)
            if event["event"] == "resumed":
                return {"t_s": event["t_s"], "by": event["by"], "then": then}
            then = str(event["kind"])
            self._child.send("resume")

    def _pause(self, seconds: float) -> None:
        event = self._child.next_event(*_REQUESTS, timeout_s=seconds)
        if event is not None:
            self._comply(event)

    def _wait(self, *names: str, timeout_s: float) -> dict[str, Any]:
        event = self._child.wait_for(*names, *_REQUESTS, timeout_s=timeout_s)
        if event["event"] in _REQUESTS:
            self._comply(event)
        return event

    @staticmethod
    def _comply(request: dict[str, Any], clip_end: dict[str, Any] | None = None) -> None:
        if request["event"] == "stop_requested":
            raise StopRequest(Finish.STOPPED)
        if request["event"] == "interrupted":
            raise StopRequest(Finish(request.get("finish", Finish.ABORTED)))
        if request["event"] == "trial_request":
            raise TrialRequest(str(request["kind"]), request.get("trial"))
        raise PauseRequest(
            request["by"], request["t_s"], request.get("answers"), clip_end=clip_end
        )

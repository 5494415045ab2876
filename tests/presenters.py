"""The participant's window without a window: answers at once, like `WindowPresenter`."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from emer_studio.schema.rating import RatingPage, mapped, mapped_share
from emer_studio.session.plan import Trial
from emer_studio.session.presenting import Place
from emer_studio.session.requests import PauseRequest, TrialRequest
from emer_studio.synthetic import sync_code

__all__ = ["HeadlessPresenter"]


class HeadlessPresenter:
    """Answers at once; raises `problem` at the call number `at`.

    Parameters
    ----------
    back : sequence of (int, str)
        Trials and pages from which the participant goes back, in this order.
    pauses : sequence of int
        Numbers of calls that a pause comes in the way of.
    asked : (int, str)
        Number of the call in which the operator wants to ``skip`` or ``repeat``.
    """

    def __init__(
        self,
        at: int | None = None,
        problem: Exception | None = None,
        back: tuple[tuple[int, str], ...] = (),
        pauses: tuple[int, ...] = (),
        asked: tuple[int, str] | None = None,
    ) -> None:
        self.calls: list[str] = []
        self.asked: list[tuple[int, str, object]] = []
        self._at, self._problem = at, problem
        self._back = list(back)
        self._pauses = pauses
        self._wanted = asked
        self._now_s = 0.0

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if self._problem is not None and len(self.calls) == self._at:
            raise self._problem
        if self._wanted is not None and len(self.calls) == self._wanted[0]:
            raise TrialRequest(self._wanted[1])
        if len(self.calls) in self._pauses:
            end = {"t_s": self._now_s, "complete": False} if name == "play" else None
            raise PauseRequest("participant", self._now_s, "half", clip_end=end)

    def wait_out(self) -> dict[str, Any]:
        self._call("wait_out")
        self._now_s += 60.0
        return {"t_s": self._now_s, "by": "participant"}

    def text(self, title: str, body: str, button: str | None) -> None:
        assert title
        assert body
        self._call("text")

    def fixation(self, seconds: float) -> None:
        self._call("fixation")

    def blank(self, seconds: float) -> None:
        self._call("blank")

    def mark(self, which: str) -> dict[str, Any]:
        self._call("mark")
        edges = [[self._now_s + at, level] for at, level in sync_code.edges(which)]
        self._now_s += sync_code.length_s(which)
        return {"which": which, "edges": edges, "clicks": [], "t_s": self._now_s}

    def targets(self, places: Sequence[Place], each_s: float) -> list[dict[str, Any]]:
        self._call("targets")
        found = []
        for number, (x, y) in enumerate(places, start=1):
            when = {"shown_s": self._now_s, "gone_s": self._now_s + each_s}
            found.append({"number": number, "x": x, "y": y, **when})
            self._now_s += each_s
        return found

    def wait_until(self, done: Callable[[], bool]) -> None:
        self._call("wait_until")
        while not done():
            time.sleep(0.01)

    def prepare(self, trial: Trial) -> dict[str, Any]:
        self._call("prepare")
        return {"fps": 30.0, "duration_s": 1.0, "audio": "silent"}

    def play(
        self, trial: Trial, on_onset: Callable[[dict[str, Any]], None]
    ) -> dict[str, Any]:
        self._now_s = 10.0 * trial.number
        on_onset({"event": "clip_onset", "t_s": self._now_s})
        self._call("play")
        self._now_s += 1.0
        return {"t_s": self._now_s, "summary": {"shown": 30, "expected": 30}}

    def grey(self, trial: Trial, seconds: float) -> None:
        self._call("grey")

    def rate(
        self, trial: Trial | None, page: RatingPage, earlier: object = None
    ) -> dict[str, Any]:
        self._call("rate")
        number = trial.number if trial else 0
        self.asked.append((number, page.id, earlier))
        self._now_s += 1.0
        if self._back and self._back[0] == (number, page.id):
            assert page.back
            self._back.pop(0)
            return {"t_s": self._now_s, "value": earlier, "back": True}
        answer = {"t_s": self._now_s, "back": False, "rt_s": 1.0, "input": "keyboard"}
        return {**answer, "kind": page.kind, **_answer(page, f"{number}/{page.id}")}


def _answer(page: RatingPage, seed: str) -> dict[str, Any]:
    chance = random.Random(seed)
    if page.kind == "choice":
        return {"value": chance.choice(page.labels), "mapped": None, "points": None}
    if page.kind == "text":
        return {"value": "Words.", "mapped": None, "points": None}
    if page.kind == "slider":
        shares = {name: round(chance.random(), 3) for name in page.dimensions}
        on_range = {name: mapped_share(share) for name, share in shares.items()}
        return {"value": shares, "mapped": on_range, "points": None}
    if page.kind == "scale":
        point = chance.randint(1, page.points)
        on_one = mapped(point, page.points)
        return {"value": point, "mapped": on_one, "points": page.points}
    names = page.dimensions if page.kind == "sam" else tuple(page.items)
    points = {name: chance.randint(1, page.points) for name in names}
    on_all = {name: mapped(point, page.points) for name, point in points.items()}
    more: dict[str, Any] = {}
    if page.kind == "items":
        order = list(page.items)
        if page.shuffle_items:
            chance.shuffle(order)
        more = {"order": order}
    return {"value": points, "mapped": on_all, "points": page.points, **more}

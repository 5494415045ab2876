"""What processes that train at the same time tell, as one training tells it."""

from __future__ import annotations

from typing import Any

from emer_studio.training.fit.epoch_text import epoch_text
from emer_studio.training.fit.job import FoldJob, Watch

__all__ = ["Telling"]

_EVERY_S = {"step": 0.25, "resources": 2.0}  # as one process tells them
_SUMS = ("samples_per_s", "cpu_percent", "rss_mb")


class Telling:
    """Passes on what is told of each fold, and tells of all of them how far they are.

    Parameters
    ----------
    watch : Watch
        Who hears it.
    jobs : int
        Number of trainings.
    epochs : int
        Of each, at the most.
    """

    def __init__(self, watch: Watch, jobs: int, epochs: int) -> None:
        self._watch, self._jobs, self._epochs = watch, jobs, epochs
        self._what = "trainings"
        self._done: dict[tuple[int, str], float] = {}  # epochs, also parts of one
        self._begun: dict[tuple[int, str], float] = {}
        self._ended: list[float] = []
        self._taken: dict[tuple[int, str], dict[str, Any]] = {}
        self._since_s = watch.pace.now_s()

    def hear(self, job: FoldJob, event: dict[str, Any]) -> None:
        """Hear one event of the process that trains `job`."""
        kind = str(event.pop("event"))
        key = (job.fold, job.name)
        self._what = "folds" if self._jobs == job.folds else "trainings"
        if kind == "progress":
            self._done[key] = int(self._done[key]) + 0.999 * event["done"] / event["total"]
            self._progress()
        elif kind == "resources":
            self._taken[key] = event
            self._resources()
        elif kind == "message":
            self._watch.console.say(str(event["text"]))
        else:
            self._watch.console.event(kind, **event)
            if kind == "feed":  # one that goes on begins where it was left
                self._begun[key] = self._done[key] = float(event["epochs_done"])
            elif kind == "epoch":
                self._done[key] = float(event["epoch"])
                self._watch.console.note(epoch_text(event))

    def ended(self, job: FoldJob) -> None:
        """Take note that a training has ended, perhaps before its last epoch."""
        key = (job.fold, job.name)
        self._taken.pop(key, None)
        self._ended.append(self._done.pop(key))
        self._progress(at_once=True)

    def _progress(self, *, at_once: bool = False) -> None:
        if not (self._watch.pace.due("step", _EVERY_S["step"]) or at_once):
            return
        left = self._eta_s()
        done = int(sum(self._ended) + sum(self._done.values()))
        self._watch.console.progress(
            f"{len(self._ended)} of {self._jobs} {self._what} done",
            min(done, self._jobs * self._epochs), self._jobs * self._epochs,
            **({} if left is None else {"eta_s": round(left, 1)}),
        )  # fmt: skip

    def _eta_s(self) -> float | None:
        """Return the seconds that are left if all go on as fast as they did.

        Trainings to come are expected to take as many epochs as those that ended.
        """
        work = sum(self._ended) + sum(self._done.values()) - sum(self._begun.values())
        spent = self._watch.pace.now_s() - self._since_s
        if work < 0.01 * self._epochs or spent <= 0:
            return None
        usual = sum(self._ended) / len(self._ended) if self._ended else self._epochs
        left = sum(max(usual - done, 1.0) for done in self._done.values())
        left += usual * (self._jobs - len(self._ended) - len(self._done))
        return left * spent / work

    def _resources(self) -> None:
        if not self._watch.pace.due("resources", _EVERY_S["resources"]):
            return
        every = list(self._taken.values())
        told = dict(every[-1])  # of the GPU everyone tells the same
        for name in _SUMS:
            told[name] = round(sum(one.get(name, 0.0) for one in every), 2)
        self._watch.console.event("resources", **told)

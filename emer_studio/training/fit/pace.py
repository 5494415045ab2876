"""How fast a training goes, and how long it will take."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = ["JobSize", "Pace"]

_OF_A_STEP = 1 / 3
"""Cost of looking at a sample beside learning from it, until it has been measured: a
backward pass costs about two forward passes."""


class JobSize(NamedTuple):
    """Samples of one job: trained on and looked at in each epoch, and predicted at last."""

    train: int
    validation: int
    test: int


@dataclass(slots=True)
class _Speed:
    """Seconds per sample; the first measurement, which warms up, counts only alone."""

    samples: int = 0
    seconds: float = 0.0
    first: tuple[int, float] | None = None

    def add(self, samples: int, seconds: float) -> None:
        if self.first is None:
            self.first = samples, seconds
        elif not samples and not self.samples:
            self.first = self.first[0], self.first[1] + seconds
        else:
            self.samples += samples
            self.seconds += seconds

    @property
    def known(self) -> float | None:
        if self.samples:
            return self.seconds / self.samples
        return self.first[1] / max(self.first[0], 1) if self.first else None


@dataclass(slots=True)
class Pace:
    """What has been done and what is left, over all folds and models of a run."""

    _rested_s: float = 0.0
    _resting_since_s: float | None = None
    _epochs: int = 1
    _jobs: list[JobSize] = field(default_factory=list)
    _job: int = 0
    _epoch: int = 0
    _step: int = 0
    _taken: list[int] = field(default_factory=list)
    _learning: _Speed = field(default_factory=_Speed)
    _looking: _Speed = field(default_factory=_Speed)
    _last: dict[str, float] = field(default_factory=dict)
    _mark_s: float = 0.0

    def now_s(self) -> float:
        """Return a clock in seconds that stands still while the training rests."""
        now = time.perf_counter()
        return (self._resting_since_s or now) - self._rested_s

    def rest(self, resting: bool) -> None:
        """Take note that the training begins to rest, or goes on."""
        now = time.perf_counter()
        if self._resting_since_s is not None:
            self._rested_s += now - self._resting_since_s
        self._resting_since_s = now if resting else None

    def due(self, what: str, every_s: float) -> bool:
        """Return whether `what` was not due for a while, and note that it is now."""
        now = time.perf_counter()
        if now - self._last.get(what, float("-inf")) < every_s:
            return False
        self._last[what] = now
        return True

    def plan(self, jobs: Sequence[JobSize], epochs: int) -> None:
        """Take note of all jobs of a run, before the first."""
        self._jobs, self._epochs, self._job = list(jobs), epochs, 0
        self._taken = []
        self._epoch = self._step = 0

    def at_epoch(self, done: int) -> None:
        """Take note that so many epochs of the job are done, and that work begins."""
        self._epoch, self._step, self._mark_s = done, 0, self.now_s()

    def learnt(self, samples: int) -> None:
        """Take note of a step: all work since the last note; 0 samples belong to it."""
        self._step += samples
        self._learning.add(samples, self._since())

    def looked(self, samples: int) -> None:
        """Take note of predictions: all work since the last note."""
        if samples:
            self._looking.add(samples, self._since())

    def _since(self) -> float:
        before, self._mark_s = self._mark_s, self.now_s()
        return self._mark_s - before

    def job_done(self) -> None:
        """Take note that a job has ended, perhaps before its last epoch."""
        if self._epoch:
            self._taken.append(self._epoch)
        self._job += 1
        self._epoch = self._step = 0

    @property
    def samples_per_s(self) -> float | None:
        """Training samples in a second of work, None before the first step."""
        return 1 / self._learning.known if self._learning.known else None

    @property
    def jobs(self) -> int:
        """Return the number of all jobs; 0 without a plan."""
        return len(self._jobs)

    def share(self, of_epoch: float) -> float:
        """Return how much of all epochs that there may be is behind, from 0 to 1.

        Parameters
        ----------
        of_epoch : float
            How much of the present one.
        """
        done = self._job + (self._epoch + of_epoch) / self._epochs
        return done / max(len(self._jobs), 1)

    def eta_s(self) -> float | None:
        """Return the seconds of work that are left, None before the first step.

        Jobs to come are expected to take as many epochs as those that ended, which may
        have ended early; before, as many as there can be.
        """
        per_sample = self._learning.known
        if per_sample is None or not self._jobs:
            return None
        per_look = self._looking.known or per_sample * _OF_A_STEP
        usual = sum(self._taken) / len(self._taken) if self._taken else self._epochs
        total = 0.0
        for number, job in enumerate(self._jobs[self._job :]):
            left = usual if number else max(usual - self._epoch, 1.0)
            learning = left * job.train - (0 if number else self._step)
            looking = left * job.validation + job.test + job.validation
            total += max(learning, 0.0) * per_sample + looking * per_look
        return total

"""Folds that are trained at the same time, each by a process of its own.

The processes are ``emer-studio train-folds`` (`crew_member`). They leave the checkpoints
that one process would have left; whoever asked reads those when all are there. Several runs
may share a crew, each from a thread of its own: who is free takes the next fold of any.
"""

from __future__ import annotations

import contextlib
import math
import queue
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import torch

from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError, MissingError, WorkFailedError
from emer_studio.core.process import Child
from emer_studio.dataset.cache_reader import Dataset
from emer_studio.training.feed.residency import tier_here
from emer_studio.training.fit.job import FoldJob, Watch
from emer_studio.training.runs.crew_words import Telling

__all__ = ["Crew", "crew_of"]

_LISTEN_S = 0.2  # chosen by us: how late a wish to pause or stop is heard
_END_S = 20.0  # a step of a large network on a processor
Inbox = queue.SimpleQueue[tuple["_Member", dict[str, Any]]]


def crew_of(
    size: int, device: str, dataset: Dataset, cnn_weights: Path | None
) -> contextlib.AbstractContextManager[Crew | None]:
    """Return a crew for a device; none where one training at a time is wanted.

    A processor's cores are dealt out to all, and all of a computer's GPUs in turn.

    Parameters
    ----------
    size : int
        Trainings at the same time.
    device : str
        "cpu" or "cuda".
    dataset : Dataset
        All hold it in the same way, whoever comes first.
    cnn_weights : Path, optional
        Where the face networks start from.
    """
    if size == 1:
        return contextlib.nullcontext()
    words, gpus = ["train-folds", "--device", device], 0
    if device == "cpu":
        words += ["--threads", str(max(torch.get_num_threads() // size, 1))]
    else:
        gpus = torch.cuda.device_count()
        tier = tier_here(dataset, torch.device(device), among=math.ceil(size / gpus))
        words += ["--frames-in", tier]
    if cnn_weights is not None:
        words += ["--cnn-weights", str(cnn_weights)]
    return Crew(size, words, gpus)


@dataclass(eq=False, slots=True)
class _Member:
    """One process, and who hears it at the moment."""

    words: Sequence[str]
    inbox: Inbox | None = None
    child: Child = field(init=False)

    def __post_init__(self) -> None:
        self.child = Child("training of folds", self.words, on_event=self._heard)

    def _heard(self, event: dict[str, Any]) -> None:
        if (inbox := self.inbox) is not None:
            inbox.put((self, event))

    def begin(self, job: FoldJob) -> None:
        told = {"run": str(job.folder), "dataset": str(job.dataset.folder)}
        self.child.send("fit", **told, fold=job.fold, name=job.name)


class Crew:
    """Processes that train folds; they begin when there is work and end with the crew.

    Parameters
    ----------
    size : int
        How many there are.
    words : sequence of str
        What each is told at its start, see ``train-folds``.
    gpus : int
        How many GPUs they are dealt out to; 0 where a processor does the work.
    """

    def __init__(self, size: int, words: Sequence[str], gpus: int = 0) -> None:
        self.size = size
        self._words, self._gpus = tuple(words), gpus
        self._lock = threading.Lock()
        self._idle: list[_Member] = []
        self._all: list[_Member] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            every, self._all, self._idle = self._all, [], []
        _end(every)

    def train(self, jobs: Sequence[FoldJob], epochs: int, watch: Watch) -> None:
        """Have some jobs of a run trained, and return when all of them are.

        Parameters
        ----------
        jobs : sequence of FoldJob
            Of a folder whose ``run.json`` is written.
        epochs : int
            Of each, at the most.
        watch : Watch
            Hears what the processes tell, as if one process told it.

        Raises
        ------
        EmerError
            What one of them raised; the others have ended by then.
        """
        waiting, at_work, inbox = deque(jobs), dict[_Member, FoldJob](), Inbox()
        telling = Telling(watch, len(jobs), epochs)
        with _obeying(watch.console, at_work):
            try:
                while waiting or at_work:
                    watch.check_stop()
                    while waiting and (member := self._taken(inbox)) is not None:
                        at_work[member] = waiting.popleft()
                        member.begin(at_work[member])
                    self._hear(inbox, at_work, telling)
            except BaseException:
                self._dismiss(list(at_work))
                _hear_out(inbox, at_work, telling)
                raise

    def _hear(
        self, inbox: Inbox, at_work: dict[_Member, FoldJob], telling: Telling
    ) -> None:
        try:
            member, event = inbox.get(timeout=_LISTEN_S)
        except queue.Empty:
            return
        job = at_work.get(member)
        if job is None:  # it died idle, just before it was taken
            return
        if event["event"] == "fitted":
            del at_work[member]
            self._give_back(member)
            telling.ended(job)
        elif event["event"] == "ended":
            raise _problem(member.child, job)
        elif event["event"] != "error":  # it ends after that
            telling.hear(job, event)

    def _taken(self, inbox: Inbox) -> _Member | None:
        """Take one who is free, or a new one while there may be more."""
        while (member := self._next(inbox)) is not None and not member.child.running:
            self._dismiss([member])
        return member

    def _next(self, inbox: Inbox) -> _Member | None:
        with self._lock:
            if self._idle:
                member = self._idle.pop()
            elif len(self._all) < self.size:
                member = _Member([*self._words, *self._place()])
                self._all.append(member)
            else:
                return None
            member.inbox = inbox
            return member

    def _place(self) -> list[str]:
        return ["--gpu", str(len(self._all) % self._gpus)] if self._gpus else []

    def _give_back(self, member: _Member) -> None:
        with self._lock:
            member.inbox = None
            self._idle.append(member)

    def _dismiss(self, members: Sequence[_Member]) -> None:
        with self._lock:
            self._all = [one for one in self._all if one not in members]
            self._idle = [one for one in self._idle if one not in members]
        _end(members)


def _hear_out(inbox: Inbox, at_work: dict[_Member, FoldJob], telling: Telling) -> None:
    """Pass on the epochs that were kept before everyone ended: curves have no gap."""
    with contextlib.suppress(queue.Empty):
        while True:
            member, event = inbox.get_nowait()
            if event["event"] == "epoch" and member in at_work:
                telling.hear(at_work[member], event)


@contextlib.contextmanager
def _obeying(console: Console, at_work: dict[_Member, FoldJob]) -> Iterator[None]:
    """Pass on a pause, which is told by whoever found the wish in the folder."""

    def hear(event: dict[str, Any]) -> None:
        wish = {"paused": "pause", "continued": "continue"}.get(event["event"])
        for member in list(at_work) if wish else ():
            member.child.send(str(wish))

    console.listeners.append(hear)
    try:
        yield
    finally:
        console.listeners.remove(hear)


def _end(members: Sequence[_Member]) -> None:
    """End them all at the same time: each may have a step to finish."""
    enders = [threading.Thread(target=one.child.stop, args=(_END_S,)) for one in members]
    for one in enders:
        one.start()
    for one in enders:
        one.join()


def _problem(child: Child, job: FoldJob) -> Exception:
    """Return what a process ended with, as the kind of error that it was there."""
    if child.last_error:
        kinds = {kind.exit_code: kind for kind in (MissingError, BadInputError)}
        return kinds.get(child.last_code or 0, WorkFailedError)(child.last_error)
    return WorkFailedError(
        f"The process that trained fold {job.fold} of {job.folder} ended"
        f" (exit code {child.returncode}); a system that runs out of memory kills such."
        " Finished epochs are kept.",
        fix=f"Go on with fewer at a time: emer-studio train --resume {job.folder}"
        " --parallel 1",
    )

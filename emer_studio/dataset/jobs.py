"""Working out the pieces of a dataset, as many at a time as there are cores."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

from emer_studio.core.errors import WorkFailedError
from emer_studio.dataset.eye_work import EyeWork, work_out_eyes
from emer_studio.dataset.face_work import FaceWork, on_one_core, work_out_faces

__all__ = ["Work", "cores", "work_out"]

Work = FaceWork | EyeWork


def cores() -> int:
    """Return how many pieces are worked out at a time unless somebody says otherwise."""
    return os.cpu_count() or 1


def work_out(
    works: Sequence[Work], workers: int, on_done: Callable[[Work], None]
) -> dict[Work, str]:
    """Work out all pieces; return why those failed that did.

    Parameters
    ----------
    works : sequence
        Each one piece.
    workers : int
        Processes; with one, or one piece, everything is done in this process.
    on_done : callable
        Called with each piece when it is done, in no order.

    Raises
    ------
    WorkFailedError
        When a process died; what was finished is kept and not done again.
    """
    problems = {}
    for work, problem in _results(works, min(workers, len(works))):
        on_done(work)
        if problem:
            problems[work] = problem
    return problems


def _results(works: Sequence[Work], workers: int) -> Iterator[tuple[Work, str]]:
    if workers <= 1:
        yield from ((work, _do(work)) for work in works)
        return
    # Spawned, not forked: a fork would copy locks of libraries that already run threads.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_begin) as pool:
        futures: dict[Future[str], Work] = {pool.submit(_do, work): work for work in works}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BrokenProcessPool:
            raise WorkFailedError(
                "A process that worked out a trial has died, perhaps for want of memory.",
                fix="Build again: what was finished is kept. Fewer at a time: --workers 1.",
            ) from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides, and ends them
    on_one_core()


def _do(work: Work) -> str:
    return work_out_faces(work) if isinstance(work, FaceWork) else work_out_eyes(work)

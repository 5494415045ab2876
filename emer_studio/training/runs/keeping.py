"""The run folder while something trains in it: whose it is, and how it stands."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from emer_studio.core.clock import utc_now
from emer_studio.core.errors import EmerError, MissingError, StoppedError, WorkFailedError
from emer_studio.core.files import write_json
from emer_studio.core.lockfile import holder_of, is_ours, locked
from emer_studio.schema.training import RunInfo, RunState
from emer_studio.training.fit.job import Watch
from emer_studio.training.runs.control import CONTROL_FILE, LOCK_FILE, Gate
from emer_studio.training.runs.events import logged

__all__ = ["alone", "kept", "said_clearly"]

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_STATES: dict[str, RunState] = {"paused": "paused", "continued": "running"}


@contextlib.contextmanager
def alone(folder: Path, what: str) -> Iterator[None]:
    """Hold a folder, so that nobody else trains in it; old wishes count no more.

    Raises
    ------
    BadInputError
        When another process trains in it.
    """
    holder = holder_of(folder / LOCK_FILE)
    if holder is None:
        (folder / CONTROL_FILE).unlink(missing_ok=True)
    elif is_ours(holder) and not holder.get("given"):
        yield  # we hold it already, further out
        return
    end = f"emer-studio train --stop {folder}"
    with locked(folder / LOCK_FILE, what, f"The run {folder}", ended_by=end):
        yield


@contextlib.contextmanager
def kept(folder: Path, info: RunInfo, watch: Watch) -> Iterator[Watch]:
    """Hold the folder, and keep its ``run.json`` and events true about how it goes.

    Yields
    ------
    Watch
        Which also obeys what is asked for in the folder.

    Raises
    ------
    EmerError
        In place of what a full disk, a full GPU and files that cannot be written raise;
        the run can be gone on with.
    """
    with (
        said_clearly(folder),
        alone(folder, f"training {info.protocol}"),
        logged(folder, watch.console, resumed=bool(info.resumed)),
        _stated(folder, info, watch),
    ):
        gate = Gate(folder, watch.console, watch.check_stop)
        with said_clearly(folder):
            yield replace(watch, check_stop=gate)


@contextlib.contextmanager
def _stated(folder: Path, info: RunInfo, watch: Watch) -> Iterator[None]:
    def state(now: RunState, **more: Any) -> None:
        if not (folder / LOCK_FILE).exists():  # whoever removed it wants no other one
            return
        told = info.model_copy(update={"state": now, **more})
        write_json(folder / "run.json", told.model_dump(mode="json"))

    def hear(event: dict[str, Any]) -> None:
        if now := _STATES.get(event["event"]):
            watch.pace.rest(now == "paused")
            state(now)

    state("running", finished=None, problem="")
    watch.console.listeners.append(hear)
    try:
        yield
        state("done", finished=utc_now(), problem="")
    except BaseException as problem:
        stopped = isinstance(problem, KeyboardInterrupt | StoppedError)
        why = "" if stopped else str(problem) or type(problem).__name__
        with contextlib.suppress(OSError):  # the disk may be what is full
            state("interrupted" if stopped else "failed", finished=utc_now(), problem=why)
        raise
    finally:
        watch.console.listeners.remove(hear)


@contextlib.contextmanager
def said_clearly(folder: Path) -> Iterator[None]:
    """Say what the computer ran out of, instead of how the libraries say it.

    Raises
    ------
    EmerError
        In place of what libraries raise; what they raise otherwise stays as it is.
    """
    again = f"go on with it: emer-studio train --resume {folder}"
    try:
        yield
    except EmerError:
        raise
    except torch.OutOfMemoryError as problem:
        raise MissingError(
            f"The GPU is out of memory ({_first_line(problem)}). Finished epochs are kept.",
            fix=f"Close what else uses the GPU and {again} (with --device cpu it needs"
            " none); a new run with --face-net small needs less.",
        ) from None
    except MemoryError:
        raise MissingError(
            "The computer is out of memory. Finished epochs are kept.",
            fix=f"Close other programs and {again}",
        ) from None
    except OSError as problem:
        if problem.errno in _FULL:
            raise MissingError(
                f"The disk of {folder} is full: {problem.strerror}. The checkpoints of"
                " finished epochs are kept.",
                fix=f"Free disk space and {again}",
            ) from None
        raise WorkFailedError(
            f"The run folder {folder} could not be written: {problem.strerror or problem}.",
            fix="Free disk space or choose another folder with --out.",
        ) from None


def _first_line(problem: Exception) -> str:
    return str(problem).split(". ")[0].splitlines()[0][:120] if str(problem) else "CUDA"

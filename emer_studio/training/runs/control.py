"""Pausing, continuing and stopping a training by a file in its folder.

Any window or terminal may write ``RUN/control.json``; the process that trains looks for it
before each step. So nobody has to be its parent.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError, StoppedError, WorkFailedError
from emer_studio.core.files import write_json
from emer_studio.core.lockfile import holder_of
from emer_studio.schema.training_request import REQUEST_FILE

__all__ = ["CONTROL_FILE", "LOCK_FILE", "Gate", "Wish", "ask"]

CONTROL_FILE = "control.json"
LOCK_FILE = "train.lock"
_EVERY_S = 0.2  # chosen by us: at once for a person, and nothing beside a step

Wish = Literal["pause", "continue", "stop"]


def ask(folder: Path, wish: Wish) -> str:
    """Ask the process that trains in a folder for something; return what will happen.

    Raises
    ------
    BadInputError
        When it is no run, or nobody trains there.
    """
    if not any((folder / name).is_file() for name in ("run.json", REQUEST_FILE, LOCK_FILE)):
        raise BadInputError(
            f"{folder} is not a training run: it has no run.json or {REQUEST_FILE}.",
            fix="Give the folder of a run; runs list STUDY shows them.",
        )
    if holder_of(folder / LOCK_FILE) is None:
        if (folder / "results.json").is_file():
            raise BadInputError(f"{folder} is done; nobody trains there any more.")
        raise BadInputError(
            f"Nobody trains in {folder}: it has ended, or was killed.",
            fix=f"Go on with it: emer-studio train --resume {folder}",
        )
    if wish == "continue":
        for path in folder.rglob(CONTROL_FILE):  # also of a single run of several
            path.unlink(missing_ok=True)
        return f"{folder} goes on."
    write_json(folder / CONTROL_FILE, {"ask": wish})
    if wish == "pause":
        return f"{folder} pauses after this step; --continue lets it go on."
    return f"{folder} stops after this step; --resume goes on with it later."


class Gate:
    """What a training passes before each step.

    Parameters
    ----------
    folder : Path
        Where a wish may lie.
    console : Console
        Hears of pauses.
    check_stop : callable
        Asked as well, also during a pause.
    """

    def __init__(
        self, folder: Path, console: Console, check_stop: Callable[[], None]
    ) -> None:
        self._path, self._console = folder / CONTROL_FILE, console
        self._check_stop = check_stop
        self._looked_s = float("-inf")

    def __call__(self) -> None:
        """Wait while it is paused.

        Raises
        ------
        StoppedError, WorkFailedError
            When somebody asked for the end, or removed the folder.
        """
        self._check_stop()
        if time.monotonic() - self._looked_s < _EVERY_S:
            return
        self._looked_s = time.monotonic()
        if not self._held():
            raise WorkFailedError(
                f"{self._path.parent} was removed while it was trained; it has ended."
            )
        if self._wish() == "pause":
            self._rest()

    def _held(self) -> bool:
        """Tell whether the lock is where it was: it goes with the folder."""
        return (self._path.parent / LOCK_FILE).exists()

    def _wish(self) -> str | None:
        try:
            wish = json.loads(self._path.read_text(encoding="utf-8")).get("ask")
        except (OSError, ValueError, AttributeError):
            return None
        if wish == "stop":
            self._path.unlink(missing_ok=True)
            raise StoppedError(
                "The training was stopped; all finished epochs are kept.",
                fix=f"Go on with it: emer-studio train --resume {self._path.parent}",
            )
        return str(wish)

    def _rest(self) -> None:
        self._console.event("paused")
        self._console.note("Paused; --continue lets it go on.")
        while self._wish() == "pause" and self._held():
            self._check_stop()
            time.sleep(_EVERY_S)
        self._console.event("continued")
        self._console.note("Goes on.")

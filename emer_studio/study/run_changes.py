"""What people do with runs: name them, pin them, write about them, delete them."""

from __future__ import annotations

import shutil
from pathlib import Path

from emer_studio.core.errors import BadInputError, WorkFailedError
from emer_studio.core.files import next_free, write_json
from emer_studio.core.lockfile import holder_of
from emer_studio.schema.run_notes import LONGEST_NAME, NOTES_FILE, RunNotes
from emer_studio.schema.training_request import REQUEST_FILE
from emer_studio.study.runs import LOCK_FILE, Entry, open_run

__all__ = ["annotate", "asked_only", "check_deletable", "delete", "forget", "pin", "rename"]

_BIN = ".run-deleted"
_LISTED = ("run.json", "results.json")
_OF_A_REQUEST = (REQUEST_FILE, LOCK_FILE, "control.json", "events.jsonl", "log.txt")
_MORE_THAN_A_RUN = ("study.yaml", "session.json", "samples.csv", "run.json")


def rename(folder: Path, name: str) -> Entry:
    """Give a run another name; an empty one gives the name back that it was made with.

    The folder keeps its own, so that what refers to it still finds it.

    Raises
    ------
    BadInputError
        When the name is too long or of several lines, or `folder` is no run.
    """
    name = name.strip()
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise BadInputError(
            f"Expected a name of one line and up to {LONGEST_NAME} characters,"
            f" found {name[:LONGEST_NAME]!r} ({len(name)} characters)."
        )
    return _change(folder, name=name)


def pin(folder: Path, *, pinned: bool) -> Entry:
    """Protect a run from being deleted, or no longer."""
    return _change(folder, pinned=pinned)


def annotate(folder: Path, note: str) -> Entry:
    """Write down what is to be remembered of a run, in place of what was."""
    return _change(folder, note=note.strip())


def delete(folder: Path) -> int:
    """Delete a run, whole or not at all, and return how many bytes that were.

    It gets a hidden name in one step and is removed after that; what a crash leaves of it
    is no run any more, and goes with the next one that is deleted beside it.

    Raises
    ------
    BadInputError
        When it is pinned or running, or the folder holds more than a run.
    WorkFailedError
        When files of it could not be removed.
    """
    entry = check_deletable(folder)
    place = entry.folder.resolve()
    size = sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
    bin_ = next_free(place.with_name(f".{place.name}{_BIN}"))
    place.rename(bin_)
    for name in _LISTED:  # first: without them nothing takes what is left for a run
        (bin_ / name).unlink(missing_ok=True)
    for left in place.parent.glob(f".*{_BIN}"):
        try:
            shutil.rmtree(left)
        except FileNotFoundError:  # another process removes it as well
            continue
        except OSError as problem:
            raise WorkFailedError(
                f"{entry.name} is no run any more, but its files in {left} could not all"
                f" be removed: {problem.strerror or problem}.",
                fix="Remove that folder by hand.",
            ) from None
    return size


def asked_only(folder: Path) -> bool:
    """Return whether a training was asked for there, and ended before there was a run."""
    runs = folder.glob("**/run.json")
    return (folder / REQUEST_FILE).is_file() and next(runs, None) is None


def forget(folder: Path) -> int:
    """Delete what is left of such a training, and return how many bytes that were.

    Raises
    ------
    BadInputError
        When it is still alive, or the folder holds anything else.
    WorkFailedError
        When files of it could not be removed.
    """
    if holder_of(folder / LOCK_FILE) is not None:
        raise BadInputError(
            f"{folder} is being trained; nothing was deleted.",
            fix="Stop the training first.",
        )
    files = [path for path in folder.rglob("*") if not path.is_dir()]
    others = sorted(path.name for path in files if path.name not in _OF_A_REQUEST)
    if others:
        raise BadInputError(
            f"{folder} holds more than a training that ended early ({', '.join(others)});"
            " nothing was deleted.",
            fix="Move the other things out of it first.",
        )
    size = sum(path.stat().st_size for path in files)
    try:
        shutil.rmtree(folder)
    except OSError as problem:
        raise WorkFailedError(
            f"{folder} could not be removed: {problem.strerror or problem}."
        ) from None
    return size


def check_deletable(folder: Path) -> Entry:
    """Refuse what must not be deleted.

    Raises
    ------
    BadInputError
        Saying why.
    """
    entry = open_run(folder)
    if entry.notes.pinned:
        raise BadInputError(
            f"{entry.name} is pinned; nothing was deleted.", fix=f"runs unpin {folder}"
        )
    if entry.state in ("running", "paused"):
        raise BadInputError(
            f"{entry.name} is being trained; nothing was deleted.",
            fix="Stop the training first.",
        )
    held = [name for name in _MORE_THAN_A_RUN for _ in folder.rglob(f"*/{name}")]
    held += [name for name in _MORE_THAN_A_RUN[:-1] if (folder / name).is_file()]
    if held:
        raise BadInputError(
            f"{folder} holds more than a run ({', '.join(sorted(set(held)))}); nothing was"
            " deleted.",
            fix="Move the other things out of it first.",
        )
    return entry


def _change(folder: Path, **fields: str | bool) -> Entry:
    entry = open_run(folder)
    notes = RunNotes.model_validate({**entry.notes.model_dump(), **fields})
    write_json(folder / NOTES_FILE, notes.model_dump(mode="json"))
    return open_run(folder)

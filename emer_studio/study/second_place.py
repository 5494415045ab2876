"""The copy after each session: to the place that was set once, and never to a wrong one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from emer_studio.core import settings
from emer_studio.core.errors import BadInputError, MissingError
from emer_studio.study.backup import Copied, back_up, backed_up, known_backups
from emer_studio.study.folder import Study

__all__ = ["back_up_again", "not_backed_up"]


def not_backed_up(study: Study) -> list[str]:
    """Return the sessions that have no verified copy as they are now, oldest first."""
    safe = backed_up(study)
    return [session.name for session in study.sessions() if session.name not in safe]


def back_up_again(
    study: Study, tell: Callable[[int, int], None] = lambda _done, _of: None
) -> Copied:
    """Copy a study to its second place; the caller holds the study.

    Raises
    ------
    BadInputError
        When no place was set.
    MissingError
        When the place is not there, or is not the disk of before: an empty mount point
        would let the copy land on the very disk that it is to outlive.
    """
    place = settings.second_place(study.folder)
    if not place:
        raise BadInputError(
            "No second place is set for this study.",
            fix=f"Set it with: emer-studio backup {study.folder} --to DIR --always",
        )
    target = (Path(place) / study.folder.resolve().name).resolve()
    before = any(Path(known.target) == target for known in known_backups(study))
    if not Path(place).is_dir() or (before and not target.is_dir()):
        what = "is not there" if not Path(place).is_dir() else "is not the disk of before"
        raise MissingError(
            f"The second place {place} {what}: nothing was copied, nothing is lost.",
            fix="Connect the disk; the next copy takes everything that is missing.",
        )
    return back_up(study, Path(place), tell)

"""What there is of a participant in a study, found without changing anything."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from emer_studio.core.errors import BadInputError
from emer_studio.features.own_use import OWN_USE_FILE
from emer_studio.fer.calibrate import calibration_path
from emer_studio.schema.fer_head import BEGUN_FILE
from emer_studio.study.folder import Study
from emer_studio.withdrawal.places import (
    files_below,
    item_start,
    names_items_of,
    object_at,
)
from emer_studio.withdrawal.trained import (
    datasets_outside,
    knowing,
    may_have,
    refuse_running,
    runs_with,
)

__all__ = ["Reach", "find"]

_MEDIA = ("face_*.mkv", "face_*.mkv.*", "voice_*.mka", "voice_*.mka.*")
# What is in a folder that was made of several people; those outside are out of reach.
_MARKS = ("export.json", OWN_USE_FILE)
_PAGES = (".html", ".md")


@dataclass(frozen=True, slots=True)
class Reach:
    """What a withdrawal takes away, and what it only marks.

    Attributes
    ----------
    participant : str
    video_only : bool
        Only face video and sound, and what was made of them.
    sessions : tuple of Path
        The participant's session folders.
    media : tuple of Path
        Face videos and sound in them.
    predictions : tuple of Path
        What was derived within them.
    shared : tuple of Path
        Datasets, reports, exports, overlays and other derived files that hold several
        people: to be made again without this one.
    runs : tuple of Path
        Training runs that the participant was a part of.
    learned : tuple of str
        What learned from the participant and cannot forget it, in sentences that say what
        to do.
    outside : tuple of str
        Datasets elsewhere that hold the participant, in sentences.
    """

    participant: str
    video_only: bool
    sessions: tuple[Path, ...]
    media: tuple[Path, ...]
    predictions: tuple[Path, ...]
    shared: tuple[Path, ...]
    runs: tuple[Path, ...]
    learned: tuple[str, ...]
    outside: tuple[str, ...]

    def of_session(self, item: str) -> bool:
        """Tell whether a labelled item is of one of the participant's sessions."""
        return item.startswith(item_start(self.participant))


def find(study: Study, participant: str, *, video_only: bool) -> Reach:
    """Look for everything of a participant.

    Raises
    ------
    BadInputError
        When the study knows nothing of the code, or a training runs in it.
    """
    known = {row.participant for row in study.participants()}
    sessions = sorted((study.folder / "sessions").glob(f"sub-{participant}_ses-*"))
    if participant not in known and not sessions:
        codes = ", ".join(sorted(known)) or "none"
        raise BadInputError(
            f"{participant!r} is no participant of this study; it has: {codes}.",
            fix="A person who never came is only in the vault: vault STUDY remove CODE.",
        )
    refuse_running(study)
    media = [path for folder in sessions for path in _media(folder)]
    derived = [folder / "derived" for folder in sessions]
    whole = list(dict.fromkeys(_shared(study, participant)))
    runs = [
        run
        for run in runs_with(study, participant)
        if not any(one in run.parents for one in whole)
    ]
    single = _files(study, participant, [*whole, *runs])
    return Reach(
        participant,
        video_only,
        tuple(sessions),
        tuple(media),
        tuple(folder for folder in derived if folder.is_dir()),
        (*whole, *single),
        tuple(runs),
        tuple(knowing(study, participant, runs, whole)),
        tuple(datasets_outside(study, runs)),
    )


def _lists(path: Path, participant: str) -> bool:
    """Tell whether a table has a row of a participant; a damaged one may have."""
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error):
        return True
    return any(row.get("participant") == participant for row in rows)


def _media(folder: Path) -> list[Path]:
    found = {path for pattern in _MEDIA for path in folder.glob(pattern)}
    return sorted(found)


def _shared(study: Study, participant: str) -> Iterator[Path]:
    """Yield what holds the participant, or may: datasets, reports, exports, half a head."""
    for path in files_below(study.folder):
        if path.parent in (study.folder, study.derived):
            continue
        if path.name in _MARKS:
            yield path.parent
        elif path.name == BEGUN_FILE and may_have(path, participant):
            yield path.parent
        elif path.name == "samples.csv":
            about = object_at(path.with_name("manifest.json"))
            unfinished = not about
            if unfinished or (not about.get("synthetic") and _lists(path, participant)):
                yield path.parent
        elif path.name in _MARKS or (
            path.name == BEGUN_FILE and may_have(path, participant)
        ):
            yield path.parent
    yield from sorted(study.derived.glob("reports/*"))
    if (temperatures := calibration_path(study.folder)).is_file():
        yield temperatures


def _files(study: Study, participant: str, besides: list[Path]) -> list[Path]:
    """Return other derived files: pages on several people, what names the participant."""
    return [
        path
        for path in files_below(study.derived)
        if not any(one == path or one in path.parents for one in besides)
        and (path.suffix in _PAGES or names_items_of(path, participant))
    ]

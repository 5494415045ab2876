"""What there is of a participant in a study, found without changing anything."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import read_json
from emer_studio.features.own_use import OWN_USE_FILE
from emer_studio.study.folder import Study

__all__ = ["Reach", "find", "object_at"]

_MEDIA = ("face_*.mkv", "face_*.mkv.*", "voice_*.mka", "voice_*.mka.*")
# What is in a folder that was made of several people; those outside are out of reach.
_MARKS = ("export.json", OWN_USE_FILE)


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
        Datasets, reports, exports and overlays that hold several people: to be made again
        without this one.
    runs : tuple of Path
        Training runs that learned from the participant.
    """

    participant: str
    video_only: bool
    sessions: tuple[Path, ...]
    media: tuple[Path, ...]
    predictions: tuple[Path, ...]
    shared: tuple[Path, ...]
    runs: tuple[Path, ...]

    def of_session(self, item: str) -> bool:
        """Tell whether a labelled item is of one of the participant's sessions."""
        return item.startswith(f"sub-{self.participant}_ses-")


def find(study: Study, participant: str, *, video_only: bool) -> Reach:
    """Look for everything of a participant.

    Raises
    ------
    BadInputError
        When the study knows nothing of the code.
    """
    known = {row.participant for row in study.participants()}
    sessions = sorted((study.folder / "sessions").glob(f"sub-{participant}_ses-*"))
    if participant not in known and not sessions:
        codes = ", ".join(sorted(known)) or "none"
        raise BadInputError(
            f"{participant!r} is no participant of this study; it has: {codes}.",
            fix="A person who never came is only in the vault: vault STUDY remove CODE.",
        )
    media = [path for folder in sessions for path in _media(folder)]
    derived = [folder / "derived" for folder in sessions]
    return Reach(
        participant,
        video_only,
        tuple(sessions),
        tuple(media),
        tuple(folder for folder in derived if folder.is_dir()),
        tuple(_shared(study, participant)),
        tuple(_runs(study, participant)),
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
    """Yield datasets that hold the participant, or may; every report and export."""
    for table in sorted(study.derived.rglob("samples.csv")):
        about = object_at(table.with_name("manifest.json"))
        unfinished = not about
        if unfinished or (not about.get("synthetic") and _lists(table, participant)):
            yield table.parent
    yield from sorted(study.derived.glob("reports/*"))
    for name in _MARKS:
        for pattern in (f"*/{name}", f"derived/**/{name}"):
            yield from sorted(path.parent for path in study.folder.glob(pattern))


def _runs(study: Study, participant: str) -> Iterator[Path]:
    for path in sorted(study.derived.rglob("run.json")):
        run = object_at(path)
        people = {
            code
            for fold in run.get("split", ())
            for part in ("train", "validation", "test")
            for code in fold.get(part, ())
        }
        if not run.get("synthetic") and participant in people:
            yield path.parent


def object_at(path: Path) -> dict[str, Any]:
    """Return a JSON object, an empty one where none can be read."""
    try:
        value = read_json(path)
    except BadInputError:
        return {}
    return value if isinstance(value, dict) else {}

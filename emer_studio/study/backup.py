"""A second copy of a study, verified byte for byte by hash, and a record of what is in it.

A copy is only ever added to: a file that has changed since (a verdict, the participants)
replaces its older copy, which stays beside it under another name. What can be built again
(``derived``) is left out.
"""

from __future__ import annotations

import contextlib
import csv
import io
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from emer_studio.core.clock import utc_now
from emer_studio.core.errors import BadInputError, WorkFailedError
from emer_studio.core.files import sha256_file, write_atomic
from emer_studio.study.folder import Session, Study
from emer_studio.study.tables import read_table, unreadable

__all__ = ["BACKUPS_FILE", "Backup", "Copied", "back_up", "backed_up", "known_backups"]

BACKUPS_FILE = "backups.tsv"
_COLUMNS = ("session", "target", "utc", "files", "bytes")
_LEFT_OUT = ("derived", BACKUPS_FILE, "study.lock")
_LABELS = "labels.sqlite"
_TRIES = 5  # chosen by us: nobody ticks faster than a small file is copied


@dataclass(frozen=True, slots=True)
class Backup:
    """One session in one copy."""

    session: str
    target: str
    utc: str
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Copied:
    """What a run of `back_up` did.

    Attributes
    ----------
    target : Path
        The folder of the copy.
    copied, unchanged, replaced : int
        Files new in the copy, there before, and there before with other content.
    sessions : tuple of str
        Sessions that are in the copy now.
    """

    target: Path
    copied: int
    unchanged: int
    replaced: int
    sessions: tuple[str, ...]


def back_up(
    study: Study, place: Path, tell: Callable[[int, int], None] = lambda _done, _of: None
) -> Copied:
    """Copy a study into a folder of its name, and read every copy back.

    The caller holds the study (`study.lock`): no session runs meanwhile.

    Parameters
    ----------
    study : Study
    place : Path
        Where the copy's folder is, or is to be; it may hold copies of other studies.
    tell : callable
        ``tell(done, of)`` in files.

    Raises
    ------
    BadInputError
        When the place is not a folder, or lies inside the study.
    WorkFailedError
        When a copy does not read back as the file; the file itself is untouched.
    """
    if not place.is_dir():
        raise BadInputError(
            f"{place} is no folder.", fix="Connect the disk, or make the folder."
        )
    if place.resolve().is_relative_to(study.folder.resolve()):
        raise BadInputError(
            f"{place} lies inside the study; a copy there is lost with it.",
            fix="Choose another disk.",
        )
    target = place / study.folder.resolve().name
    files = list(_files(study))
    sessions = study.sessions()
    # As they are before the first byte is copied: what somebody adds meanwhile (a decision
    # about a trial) may not be in the copy, and then it does not count as copied.
    sizes = {session.name: _size(session) for session in sessions}
    counts = {"copied": 0, "unchanged": 0, "replaced": 0}
    for number, path in enumerate(files):
        tell(number, len(files))
        counts[_copy(path, target / path.relative_to(study.folder))] += 1
    tell(len(files), len(files))
    _record(study, target, sizes)
    return Copied(target, **counts, sessions=tuple(sizes))


def known_backups(study: Study) -> list[Backup]:
    """Return what was copied where, the latest last."""
    path, found = study.folder / BACKUPS_FILE, []
    for row in read_table(path, _COLUMNS):
        if not (row["files"].isdecimal() and row["bytes"].isdecimal()):
            raise unreadable(path, row)
        counts = int(row["files"]), int(row["bytes"])
        found.append(Backup(row["session"], row["target"], row["utc"], *counts))
    return found


def backed_up(study: Study) -> dict[str, Backup]:
    """Return the latest copy of each session that still is what was recorded."""
    latest = {backup.session: backup for backup in known_backups(study)}
    now = {session.name: _size(session) for session in study.sessions()}
    return {
        name: backup
        for name, backup in latest.items()
        if now.get(name) == (backup.files, backup.bytes)
    }


def _files(study: Study) -> Iterator[Path]:
    for path in sorted(study.folder.rglob("*")):
        parts = path.relative_to(study.folder).parts
        if parts[0] in _LEFT_OUT or path.suffix == ".tmp" or not path.is_file():
            continue
        if not path.name.startswith(f"{_LABELS}-"):  # its log, copied with the database
            yield path


def _copy(source: Path, target: Path) -> str:
    """Copy a file and read it back; return what became of it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.with_name(f".{target.name}.part")
    if source.name == _LABELS:
        _copy_database(source, half)
        digest = sha256_file(half)
    else:
        digest = sha256_file(source)
        if target.is_file() and sha256_file(target) == digest:
            return "unchanged"
        digest = _copy_bytes(source, half, digest)
    with half.open("rb+") as stream:
        os.fsync(stream.fileno())
    if sha256_file(half) != digest:
        half.unlink()
        raise WorkFailedError(
            f"The copy of {source} does not read back as it was written; the disk of"
            f" {target.parent} is not to be trusted."
        )
    if not target.exists():
        half.replace(target)
        return "copied"
    if sha256_file(target) == digest:
        half.unlink()
        return "unchanged"
    stamp = utc_now().replace(":", "").replace(".", "")
    target.replace(target.with_name(f"{target.name}.before-{stamp}"))
    half.replace(target)
    return "replaced"


def _copy_bytes(source: Path, half: Path, digest: str) -> str:
    """Copy a file that may change meanwhile (a tick, a verdict); return its hash."""
    for _ in range(_TRIES):
        shutil.copyfile(source, half)
        now = sha256_file(source)
        if now == digest:
            break
        digest = now
    return digest


def _copy_database(source: Path, target: Path) -> None:
    """Copy labels as one whole state, also while somebody labels."""
    target.unlink(missing_ok=True)
    with (
        contextlib.closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as old,
        contextlib.closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new)
        new.execute("PRAGMA journal_mode = DELETE")  # one file, readable on any disk


def _record(study: Study, target: Path, sizes: dict[str, tuple[int, int]]) -> None:
    text = io.StringIO()
    table = csv.writer(text, delimiter="\t", lineterminator="\n")
    table.writerow(_COLUMNS)
    for known in known_backups(study):
        table.writerow([known.session, known.target, known.utc, known.files, known.bytes])
    for name, size in sizes.items():
        table.writerow([name, str(target.resolve()), utc_now(), *size])
    write_atomic(study.folder / BACKUPS_FILE, text.getvalue())


def _size(session: Session) -> tuple[int, int]:
    """Return how many files a session has and their bytes, as they were recorded.

    The manifest changes with every new verdict, and what is derived can be made again.
    """
    folder = session.folder
    files = [
        path
        for path in folder.rglob("*")
        if path.is_file()
        and path.name != "session.json"
        and path.relative_to(folder).parts[0] != "derived"
    ]
    return len(files), sum(path.stat().st_size for path in files)

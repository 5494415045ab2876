"""The open study as the pages see it: its folder, and a signal when the folder changes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from emer_studio.core.errors import BadInputError, MissingError
from emer_studio.labels.store import find_store, fold
from emer_studio.schema.dataset import parse_manifest
from emer_studio.study.folder import Study
from emer_studio.ui.backup import BackupKeeper

__all__ = [
    "Damaged",
    "Dataset",
    "Run",
    "Workspace",
    "count_labelled",
    "damaged_datasets",
    "datasets_of",
    "read_object",
    "reports_of",
    "runs_of",
]

_LOOK_MS = 1500  # chosen by us: a change shows soon, and looking costs next to nothing
_WATCHED = (
    "study.yaml",
    "participants.tsv",
    "consents.jsonl",
    "backups.tsv",
    "appointments.tsv",
    "demographics.tsv",
    "demographics.waiting.jsonl",
    "labels.sqlite",
    "labelling.yaml",
    "labels.sqlite-wal",  # what was labelled since it was opened
    "protocols/*.yaml",
    "sessions/*/session.json",
    "sessions/*/decisions.jsonl",
    "sessions/*/derived/quality.json",
    "sessions/*/derived/prelabel/*.json",
    "derived/*/manifest.json",
    "derived/*/*/manifest.json",
    "derived/runs/*/*.json",
    "derived/runs/*/*/*.json",
    "derived/heads/*/run.json",
    "derived/reports/*.html",
)


class Workspace(QObject):
    """One open study.

    Parameters
    ----------
    study : Study
        The study.
    """

    changed = Signal()

    def __init__(self, study: Study, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.study = study
        self.backup = BackupKeeper(study, self)
        self._seen = self._fingerprint()
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    @property
    def folder(self) -> Path:
        """The study's folder."""
        return self.study.folder

    @property
    def simulated(self) -> bool:
        """Whether any participant or session of the study was simulated."""
        rows = self.study.participants()
        sessions = self.study.sessions()
        return any(row.simulated for row in rows) or any(
            session.manifest.simulated for session in sessions
        )

    def look(self) -> None:
        """Look at the folder; `changed` tells when something in it is new."""
        found = self._fingerprint()
        if found != self._seen:
            self._seen = found
            self.changed.emit()

    def close(self) -> None:
        """Stop looking and copying."""
        self._timer.stop()
        self.backup.close()

    def _fingerprint(self) -> frozenset[tuple[str, int, int]]:
        found = set()
        for pattern in _WATCHED:
            for path in self.folder.glob(pattern):
                try:
                    about = path.stat()
                except OSError:
                    continue
                found.add((str(path), about.st_mtime_ns, about.st_size))
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class Dataset:
    """A training dataset of the study, by what its manifest says."""

    folder: Path
    name: str
    samples: int
    synthetic: bool
    simulated: bool


@dataclass(frozen=True, slots=True)
class Damaged:
    """A folder of a dataset that nothing can be done with, and why."""

    folder: Path
    problem: str


@dataclass(frozen=True, slots=True)
class Run:
    """A training run of the study; `results` is None until it is done."""

    folder: Path
    info: dict[str, Any]
    results: dict[str, Any] | None


def read_object(path: Path) -> dict[str, Any] | None:
    """Return a JSON object, None when there is none that can be read."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def datasets_of(study: Study) -> list[Dataset]:
    """Return the datasets in the study's derived folder, the newest first."""
    return [one for one in _all_datasets(study) if isinstance(one, Dataset)]


def damaged_datasets(study: Study) -> list[Damaged]:
    """Return those whose manifest cannot be read or understood, the newest first."""
    return [one for one in _all_datasets(study) if isinstance(one, Damaged)]


def _all_datasets(study: Study) -> Iterator[Dataset | Damaged]:
    for path in _newest(study.derived.glob("**/manifest.json")):
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            about = parse_manifest(raw, "manifest.json")
        except FileNotFoundError:
            continue  # it has just been deleted
        except OSError as problem:
            why = f"manifest.json cannot be read: {problem.strerror}."
        except ValueError:
            why = "manifest.json is not valid JSON."
        except BadInputError as problem:
            why = f"manifest.json: {problem.message.partition(': ')[2]}"
        else:
            yield Dataset(
                path.parent, about.name, about.n_samples, about.synthetic, about.simulated
            )
            continue
        yield Damaged(path.parent, why)


def runs_of(study: Study) -> list[Run]:
    """Return the training runs of the study, the newest first."""
    found = []
    for path in _newest((study.derived / "runs").glob("**/run.json")):
        info = read_object(path)
        if info is not None:
            found.append(Run(path.parent, info, read_object(path.parent / "results.json")))
    return found


def reports_of(study: Study) -> list[Path]:
    """Return the reports of the study, the newest first."""
    return _newest((study.derived / "reports").glob("*.html"))


def count_labelled(study: Study, items: Iterable[str]) -> int:
    """Return how many of these items carry at least one human label."""
    try:
        store = find_store(study)
    except MissingError:  # the page that labels says what is wrong with the server
        return 0
    if store is None:
        return 0
    try:
        return len({item for _annotator, item in fold(store.events())} & set(items))
    finally:
        store.close()


def _newest(paths: Iterator[Path]) -> list[Path]:
    def age(path: Path) -> float:
        try:
            return -path.stat().st_mtime
        except OSError:
            return 0.0

    return sorted(paths, key=age)

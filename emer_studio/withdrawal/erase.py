"""Carrying a withdrawal out: files go, rows are emptied, runs are flagged.

Every step can be done again, so one that was cut off is finished by a second call.
"""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from emer_studio.core.clock import utc_now
from emer_studio.core.files import fsync_file, write_atomic, write_json
from emer_studio.labels.names import given_names, known_names
from emer_studio.labels.store import find_store
from emer_studio.schema.consent import VIDEO_SCOPE
from emer_studio.study.appointments import Appointments
from emer_studio.study.backup import BACKUPS_FILE, known_backups
from emer_studio.study.consents import Consent, Consents
from emer_studio.study.demographics import Demographics
from emer_studio.study.folder import Study
from emer_studio.study.vault import Vault
from emer_studio.withdrawal.places import files_below, item_start, names_items_of, object_at
from emer_studio.withdrawal.reach import Reach

__all__ = ["Erased", "erase"]

_COLUMNS = ("withdrawn", "participant", "what")
_LINES = (".csv", ".jsonl", ".log")


@dataclass(frozen=True, slots=True)
class Erased:
    """What was done.

    Attributes
    ----------
    sessions, files, labels : int
        How many session folders, single files and label events are gone.
    rebuild : tuple of str
        What was removed although others were in it, to be made again.
    flagged : tuple of str
        Training runs that the participant was a part of.
    beyond : tuple of str
        What no program can reach or decide, in sentences: weights that learned, copies
        elsewhere, files of the study's folder that still name the participant's sessions.
    """

    sessions: int
    files: int
    labels: int
    rebuild: tuple[str, ...]
    flagged: tuple[str, ...]
    beyond: tuple[str, ...]


def erase(study: Study, reach: Reach, vault: Vault | None) -> Erased:
    """Erase what was found.

    Parameters
    ----------
    study : Study
        Held by the caller: no session runs.
    reach : Reach
        From `find`.
    vault : Vault or None
        The open vault, where there is one.
    """
    today = utc_now()[:10]
    holders = _holders(study, reach)
    if reach.video_only:
        _remove((*reach.media, *reach.predictions))
        for folder in reach.sessions:
            _without_video(folder)
        labels = 0
    else:
        _remove(reach.sessions)
        labels = _erase_labels(study, reach)
    _remove(reach.shared)
    for run in reach.runs:
        _flag(run, reach)
    _mark(study, reach, today)
    if vault is not None and not reach.video_only:
        vault.remove(reach.participant)
    _write_line(study.folder / "withdrawals.tsv", reach, today)
    names = [path.relative_to(study.folder).as_posix() for path in reach.shared]
    runs = [path.relative_to(study.folder).as_posix() for path in reach.runs]
    return Erased(
        sessions=0 if reach.video_only else len(reach.sessions),
        files=len(reach.media) if reach.video_only else 0,
        labels=labels,
        rebuild=tuple(names),
        flagged=tuple(runs),
        beyond=(*_beyond(study, reach), *holders),
    )


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _without_video(folder: Path) -> None:
    """Let the session say that its video is gone, and since when."""
    path = folder / "session.json"
    about = object_at(path)
    if about and not about.get("video_withdrawn"):
        gone = {"videos": [], "sound": [], "video_withdrawn": utc_now()}
        write_json(path, {**about, **gone})


def _erase_labels(study: Study, reach: Reach) -> int:
    store = find_store(study)
    if store is None:
        return 0
    try:
        return store.erase(reach.of_session)
    finally:
        store.close()


def _holders(study: Study, reach: Reach) -> list[str]:
    """Return who was given the participant's face in a bundle, in sentences."""
    store = find_store(study)
    if store is None:
        return []
    try:
        names, given = known_names(store.database), given_names(store.database)
    finally:
        store.close()
    people = {given[name] for name, known in names.items() if reach.of_session(known.item)}
    return [
        f"the bundle of {code}, with the face: ask to delete it" for code in sorted(people)
    ]


def _flag(run: Path, reach: Reach) -> None:
    """Flag a run, and take the participant's lines out of its tables and logs."""
    about = object_at(run / "run.json")
    if about:
        withdrawn = sorted({*about.get("withdrawn", ()), reach.participant})
        write_json(run / "run.json", {**about, "withdrawn": withdrawn})
    table = run / "predictions.csv"
    if table.is_file():
        head, *lines = table.read_text(encoding="utf-8").splitlines(keepends=True)
        column = next(csv.reader([head])).index("participant")
        kept = [x for x in lines if next(csv.reader([x]))[column] != reach.participant]
        write_atomic(table, "".join([head, *kept]))
    for path in files_below(run):
        if path.suffix in _LINES and names_items_of(path, reach.participant):
            lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
            start = item_start(reach.participant)
            write_atomic(path, "".join(line for line in lines if start not in line))


def _mark(study: Study, reach: Reach, today: str) -> None:
    """Leave the code and the day in the tables of the study."""
    consents, code = Consents(study.folder), reach.participant
    if not reach.video_only:
        study.mark_participant(code, f"withdrawn {today}", forget=True)
        consents.drop(lambda other: other == code)
        Demographics(study.folder).drop(lambda other: other == code)
        Appointments(study.folder).drop(code)
        return
    row = next((r for r in study.participants() if r.participant == code), None)
    if row is not None and "video withdrawn" not in row.consent:
        consent = f"{row.consent}, video withdrawn {today}"
        study.mark_participant(code, consent, forget=False)
    if consents.of(code) is not None:  # whoever comes again is asked again
        consents.add(Consent(code, utc_now(), False, (), (VIDEO_SCOPE,)))


def _write_line(path: Path, reach: Reach, today: str) -> None:
    what = "video" if reach.video_only else "all"
    text = io.StringIO()
    table = csv.writer(text, delimiter="\t", lineterminator="\n")
    if not path.exists():
        table.writerow(_COLUMNS)
    table.writerow((today, reach.participant, what))
    with path.open("a", encoding="utf-8") as stream:
        stream.write(text.getvalue())
        fsync_file(stream)


def _beyond(study: Study, reach: Reach) -> Iterable[str]:
    if study.file.labels:
        yield "backups and logs of the label server, which its administrator keeps"
    for target in sorted({backup.target for backup in known_backups(study)}):
        yield f"the backup in {target}"
    yield "other copies of the study made earlier, and what was exported from it"
    yield from (*reach.learned, *reach.outside)
    if reach.video_only:
        return
    for path in files_below(study.folder):
        if path.name != BACKUPS_FILE and names_items_of(path, reach.participant):
            name = path.relative_to(study.folder).as_posix()
            yield f"{name}, which names sessions of {reach.participant}: is it needed?"

"""The study folder: participants, sessions, and frozen copies of what was used.

Nothing in here ever deletes or overwrites a recording.
"""

from __future__ import annotations

import csv
import io
import secrets
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from emer_studio.core.clock import utc_now
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import new_folder, read_json, sha256_file, write_atomic
from emer_studio.schema.base import load_yaml, validate
from emer_studio.schema.study import SessionManifest, StudyFile
from emer_studio.study.tables import read_table

__all__ = ["Participant", "Session", "Study", "check_code", "create_study", "open_study"]

_COLUMNS = ("participant", "created", "simulated", "consent")


@dataclass(frozen=True, slots=True)
class Participant:
    """One row of ``participants.tsv``.

    `consent` is ``on screen`` (then `study.consents` has it), ``on paper``, ``simulated``,
    ``elsewhere`` (an imported recording), or ``withdrawn`` with a date.
    """

    participant: str
    created: str
    simulated: bool
    consent: str

    @property
    def withdrawn(self) -> bool:
        """Whether everything of this person was erased."""
        return self.consent.startswith("withdrawn")


@dataclass(frozen=True, slots=True)
class Session:
    """One recorded session as the catalogue shows it."""

    folder: Path
    manifest: SessionManifest

    @property
    def name(self) -> str:
        """Name of its folder."""
        return self.folder.name


class Study:
    """An open study."""

    def __init__(self, folder: Path, file: StudyFile) -> None:
        self.folder = folder
        self.file = file

    @property
    def derived(self) -> Path:
        """Folder for everything that can be rebuilt."""
        return self.folder / "derived"

    def participants(self) -> list[Participant]:
        """Return the participants in the order they were entered."""
        rows = read_table(self.folder / "participants.tsv", _COLUMNS)
        return [
            Participant(
                row["participant"],
                row["created"],
                row["simulated"] == "yes",
                row["consent"],
            )
            for row in rows
        ]

    def add_participant(
        self, code: str, *, simulated: bool, consent: str = ""
    ) -> Participant:
        """Enter a participant; return the row that exists when the code is known."""
        check_code(code)
        known = self.participants()
        for row in known:
            if row.participant == code:
                return row
        how = consent or ("simulated" if simulated else "on paper")
        self._write_participants([*known, Participant(code, utc_now(), simulated, how)])
        return self.participants()[-1]

    def mark_participant(self, code: str, consent: str, *, forget: bool) -> None:
        """Change the consent of a participant's row; `forget` leaves nothing else in it.

        A code without a row gets one: it is not used again.
        """
        rows = {row.participant: row for row in self.participants()}
        row = rows.get(code) or Participant(code, "", simulated=False, consent="")
        created = "" if forget else row.created
        rows[code] = replace(row, consent=consent, created=created)
        self._write_participants(rows.values())

    def _write_participants(self, rows: Iterable[Participant]) -> None:
        text = io.StringIO()
        table = csv.writer(text, delimiter="\t", lineterminator="\n")
        table.writerow(_COLUMNS)
        for row in rows:
            table.writerow(
                [
                    row.participant,
                    row.created,
                    "yes" if row.simulated else "no",
                    row.consent,
                ]
            )
        write_atomic(self.folder / "participants.tsv", text.getvalue())

    def check_code(self, code: str, *, simulated: bool) -> None:
        """Make sure that a code may be used.

        Raises
        ------
        BadInputError
            When the code is none, belongs to somebody who has withdrawn, or to a real
            person and is to be simulated, or the other way round.
        """
        check_code(code)
        for row in self.participants():
            if row.participant == code and row.withdrawn:
                raise BadInputError(
                    f"{code} has withdrawn from this study; the code is not used again.",
                    fix="Use another code.",
                )
            if row.participant == code and row.simulated != simulated:
                kind = "a simulated" if row.simulated else "a real"
                raise BadInputError(
                    f"{code} is {kind} participant of this study; this session would be"
                    f" {'simulated' if simulated else 'real'}.",
                    fix="Use another code: real and simulated data must not mix.",
                )

    def sessions(self) -> list[Session]:
        """Return every session that can be read, oldest first; see `damaged`."""
        found = [entry for entry in self._look() if isinstance(entry, Session)]
        return sorted(found, key=lambda session: session.manifest.started)

    def damaged(self) -> list[tuple[str, str]]:
        """Return the session folders that cannot be read, each with the reason."""
        return [entry for entry in self._look() if not isinstance(entry, Session)]

    def _look(self) -> Iterator[Session | tuple[str, str]]:
        for folder in sorted((self.folder / "sessions").glob("sub-*")):
            path = folder / "session.json"
            try:
                manifest = validate(read_json(path), SessionManifest, source=str(path))
            except BadInputError as problem:
                yield folder.name, problem.message
            else:
                yield Session(folder, manifest)

    def session_number(self, code: str, wanted: int | None) -> int:
        """Return the number of a participant's new session.

        Raises
        ------
        BadInputError
            When the participant already has a session with the number wanted.
        """
        if wanted is not None and wanted < 1:
            raise BadInputError(f"Sessions count from 1; {wanted} is no session number.")
        prefix = f"sub-{code}_ses-"
        folders = (self.folder / "sessions").glob(f"{prefix}*")
        taken = {int(path.name.removeprefix(prefix).split("_")[0]) for path in folders}
        if wanted is None:
            return max(taken, default=0) + 1
        if wanted in taken:
            raise BadInputError(
                f"Participant {code} already has a session {wanted}; nothing was recorded.",
                fix=f"Leave --session out for session {max(taken) + 1}, or check the code.",
            )
        return wanted

    def freeze(self, source: Path, kind: str) -> Path:
        """Copy a file that a session uses into the study, once per content.

        Parameters
        ----------
        source : Path
            The file.
        kind : str
            ``protocols`` or ``stimuli``.
        """
        digest = sha256_file(source)
        own = (self.folder / kind).resolve()
        if source.resolve().parent == own and source.stem.endswith(f".{digest[:8]}"):
            return source  # a session that repeats a frozen protocol
        target = self.folder / kind / f"{source.stem}.{digest[:8]}{source.suffix}"
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            half = target.with_name(target.name + ".part")
            shutil.copyfile(source, half)
            half.replace(target)
        return target


def check_code(code: str) -> None:
    """Refuse what cannot be a participant code."""
    if not code or not code.isalnum() or not code.isascii():
        raise BadInputError(
            f"{code!r} cannot be a participant code.",
            fix="Use letters and digits only, such as P001, and never a name.",
        )


def create_study(folder: Path, *, name: str = "", seed: int | None = None) -> Study:
    """Make a new study in a folder that must be new or empty."""
    new_folder(folder)
    facts: dict[str, Any] = {
        "format_version": 1,
        "name": name or folder.resolve().name,
        "created": utc_now(),
        "seed": secrets.randbelow(2**31) if seed is None else seed,
        "language": "en",
    }
    for sub in ("protocols", "stimuli", "sessions", "derived"):
        (folder / sub).mkdir()
    write_atomic(
        folder / "study.yaml", yaml.safe_dump(facts, sort_keys=False, allow_unicode=True)
    )
    return open_study(folder)


def open_study(folder: Path) -> Study:
    """Open a study folder.

    Raises
    ------
    BadInputError
        When it is none.
    """
    if not (folder / "study.yaml").is_file():
        raise BadInputError(
            f"{folder} is not a study: it has no study.yaml.",
            fix=f"Make one with: emer-studio new {folder}",
        )
    return Study(folder, load_yaml(folder / "study.yaml", StudyFile))

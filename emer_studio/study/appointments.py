"""``appointments.tsv``: which code is to come when. Codes only: names live in the vault."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import write_atomic
from emer_studio.study.folder import check_code
from emer_studio.study.tables import read_table, unreadable

__all__ = ["Appointment", "Appointments", "parse_when"]

_COLUMNS = ("when", "participant")


@dataclass(frozen=True, slots=True, order=True)
class Appointment:
    """One coming.

    Attributes
    ----------
    when : datetime
        The lab's local time, without a zone.
    participant : str
        Code.
    """

    when: datetime
    participant: str


def parse_when(text: str, today: date) -> datetime:
    """Return a local time from ``10:30`` (today) or ``2026-11-22 10:30``.

    Raises
    ------
    BadInputError
        When it is neither.
    """
    bare = text.strip()
    whole = bare if "-" in bare else f"{today.isoformat()} {bare}"
    try:
        return datetime.strptime(whole.replace("T", " "), "%Y-%m-%d %H:%M")
    except ValueError:
        raise BadInputError(
            f"{text!r} is no time.", fix="Write 10:30, or 2026-11-22 10:30."
        ) from None


class Appointments:
    """The appointments of a study.

    Parameters
    ----------
    folder : Path
        The study folder.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "appointments.tsv"

    def all(self) -> list[Appointment]:
        """Return every appointment, the earliest first.

        Raises
        ------
        BadInputError
            When one cannot be read: whoever enters another would erase it.
        """
        found = []
        for row in read_table(self.path, _COLUMNS):
            if not any(row.values()):
                continue
            try:
                when = datetime.fromisoformat(row["when"]).replace(second=0)
            except ValueError:
                raise unreadable(self.path, row) from None
            found.append(Appointment(when, row["participant"]))
        return sorted(found)

    def on(self, day: date) -> list[Appointment]:
        """Return those of one day."""
        return [one for one in self.all() if one.when.date() == day]

    def add(self, participant: str, when: datetime) -> None:
        """Enter an appointment; a code has one a day, the later entry counts."""
        check_code(participant)
        others = [
            one
            for one in self.all()
            if (one.participant, one.when.date()) != (participant, when.date())
        ]
        self._write([*others, Appointment(when, participant)])

    def drop(self, participant: str, day: date | None = None) -> int:
        """Take out a participant's appointments (of one day); return how many."""
        known = self.all()
        kept = [
            one
            for one in known
            if one.participant != participant or day not in (None, one.when.date())
        ]
        if len(kept) < len(known):
            self._write(kept)
        return len(known) - len(kept)

    def _write(self, rows: list[Appointment]) -> None:
        text = io.StringIO()
        table = csv.writer(text, delimiter="\t", lineterminator="\n")
        table.writerow(_COLUMNS)
        for one in sorted(rows):
            table.writerow((one.when.isoformat(timespec="minutes"), one.participant))
        write_atomic(self.path, text.getvalue())

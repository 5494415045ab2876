"""``demographics.tsv``: what the protocols asked of each participant, a row for each.

Beside ``participants.tsv``, whose columns never change; here they follow the protocols.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

from emer_studio.core.clock import utc_now
from emer_studio.core.files import write_atomic
from emer_studio.schema.demographics import check_answers
from emer_studio.schema.protocol import Protocol
from emer_studio.study.tables import read_table

__all__ = ["Demographics"]

_FIXED = ("participant", "utc", "protocol")


class Demographics:
    """The answers of a study.

    Parameters
    ----------
    folder : Path
        The study folder.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "demographics.tsv"

    def all(self) -> dict[str, dict[str, str]]:
        """Return the answers of each participant by item; empty ones are left out."""
        return {
            row["participant"]: {
                key: value for key, value in row.items() if key not in _FIXED and value
            }
            for row in self._rows()
        }

    def of(self, participant: str) -> dict[str, str]:
        """Return the answers of one participant; empty when nobody asked yet."""
        return self.all().get(participant, {})

    def missing(self, protocol: Protocol, participant: str) -> bool:
        """Tell whether a participant is still to be asked something that is needed."""
        known = self.of(participant)
        return any(item.mistake(known.get(item.id, "")) for item in protocol.demographics)

    def put(self, protocol: Protocol, participant: str, answers: dict[str, str]) -> None:
        """Keep what a participant answered; answers to other protocols stay.

        Raises
        ------
        BadInputError
            When an answer is missing, not asked for, or out of range.
        """
        kept = check_answers(protocol.demographics, answers)
        rows = {row["participant"]: row for row in self._rows()}
        before = rows.get(participant, {})
        about = {"participant": participant, "utc": utc_now(), "protocol": protocol.name}
        rows[participant] = {**before, **kept, **about}
        self._write(list(rows.values()))

    def drop(self, is_dropped: Callable[[str], bool]) -> int:
        """Take out the rows of participants who have withdrawn; return how many."""
        rows = self._rows()
        kept = [row for row in rows if not is_dropped(row["participant"])]
        if len(kept) < len(rows):
            self._write(kept)
        return len(rows) - len(kept)

    def _rows(self) -> list[dict[str, str]]:
        rows = read_table(self.path, ["participant"])
        return [row for row in rows if row["participant"]]

    def _write(self, rows: list[dict[str, str]]) -> None:
        items = dict.fromkeys(key for row in rows for key in row if key not in _FIXED)
        columns = [*_FIXED, *items]
        text = io.StringIO()
        table = csv.writer(text, delimiter="\t", lineterminator="\n")
        table.writerow(columns)
        for row in rows:
            table.writerow([row.get(column, "") for column in columns])
        write_atomic(self.path, text.getvalue())

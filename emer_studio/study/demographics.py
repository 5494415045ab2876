"""``demographics.tsv``: what the protocols asked of each participant, a row for each.

Beside ``participants.tsv``, whose columns never change; here they follow the protocols.
Where the table cannot be written (a spreadsheet holds it, or damaged it), answers wait in
``demographics.waiting.jsonl`` and are entered as soon as it can.
"""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from emer_studio.core.clock import utc_now
from emer_studio.core.errors import BadInputError, WorkFailedError
from emer_studio.core.files import write_atomic
from emer_studio.core.lines import append_line, bad_line, read_lines
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
        self.waiting_path = folder / "demographics.waiting.jsonl"

    def waiting(self) -> tuple[str, ...]:
        """Return whose answers wait to be entered into the table, as far as can be read."""
        found: dict[str, None] = {}
        with contextlib.suppress(BadInputError):
            for row in self._waiting():
                found[row["participant"]] = None
        return tuple(found)

    def enter_waiting(self) -> str:
        """Enter what waits, if the table can be written now.

        Returns
        -------
        problem : str
            Why it still waits, and what to do; empty when nothing does any more.
        """
        if not self.waiting_path.is_file():
            return ""
        try:
            self._write(self._rows())
        except (BadInputError, OSError) as problem:
            return self._why_waiting(problem)
        return ""

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

    def put(self, protocol: Protocol, participant: str, answers: dict[str, str]) -> str:
        """Keep what a participant answered; answers to other protocols stay.

        Returns
        -------
        problem : str
            Why the answers wait beside the table, and what to do; empty when none waits.

        Raises
        ------
        BadInputError
            When an answer is missing, not asked for, or out of range.
        WorkFailedError
            When nothing at all can be written in the study's folder.
        """
        kept = check_answers(protocol.demographics, answers)
        about = {"participant": participant, "utc": utc_now(), "protocol": protocol.name}
        try:
            self._write(_merged([*self._rows(), {**kept, **about}]))
        except (BadInputError, OSError) as problem:
            self._let_wait({**about, **kept})
            return self._why_waiting(problem)
        return ""

    def drop(self, is_dropped: Callable[[str], bool]) -> int:
        """Take out the rows of participants who have withdrawn; return how many."""
        rows = self._rows()
        kept = [row for row in rows if not is_dropped(row["participant"])]
        if len(kept) < len(rows):
            self._write(kept)
        return len(rows) - len(kept)

    def _rows(self) -> list[dict[str, str]]:
        rows = read_table(self.path, ["participant"])
        known = [row for row in rows if row["participant"]]
        waiting = list(self._waiting())
        return _merged([*known, *waiting]) if waiting else known

    def _waiting(self) -> Iterator[dict[str, str]]:
        for number, row in read_lines(self.waiting_path):
            if not (isinstance(row, dict) and row.get("participant")):
                raise bad_line(self.waiting_path, number, "whose answers are these?")
            yield {str(key): str(value) for key, value in row.items()}

    def _let_wait(self, row: dict[str, str]) -> None:
        try:
            append_line(self.waiting_path, row)
        except OSError as problem:
            said = ", ".join(f"{k} {v}" for k, v in row.items() if v and k not in _FIXED)
            raise WorkFailedError(
                f"The answers of {row['participant']} could not be kept"
                f" ({problem.strerror or problem}): {said}.",
                fix="Write them down, free the study's folder, and enter them again.",
            ) from None

    def _why_waiting(self, problem: Exception) -> str:
        told = problem.message if isinstance(problem, BadInputError) else ""
        told = told or f"{self.path.name} cannot be written"
        who = ", ".join(self.waiting()) or "somebody"
        return (
            f"{told.rstrip('.')}. The answers of {who} are safe in"
            f" {self.waiting_path.name} and wait to be entered: close {self.path.name}"
            " where it is open, or put it right."
        )

    def _write(self, rows: list[dict[str, str]]) -> None:
        items = dict.fromkeys(key for row in rows for key in row if key not in _FIXED)
        columns = [*_FIXED, *items]
        text = io.StringIO()
        table = csv.writer(text, delimiter="\t", lineterminator="\n")
        table.writerow(columns)
        for row in rows:
            table.writerow([row.get(column, "") for column in columns])
        write_atomic(self.path, text.getvalue())
        self.waiting_path.unlink(missing_ok=True)  # every row that waited is in it now


def _merged(rows: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    """Return one row for each participant; of two answers to an item the later one."""
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        found[row["participant"]] = {**found.get(row["participant"], {}), **row}
    return list(found.values())

"""Which place in a protocol's counterbalancing each participant has.

Places are given out in order and kept in ``counterbalance.tsv``, so a study that adds
people later, or loses some, still fills its design. Simulated participants have places of
their own: a try of the protocol must not use up a real one.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from emer_studio.core.clock import utc_now
from emer_studio.core.files import write_atomic
from emer_studio.study.tables import read_table, unreadable

__all__ = ["Slot", "Slots"]

_COLUMNS = ("protocol", "slot", "participant", "simulated", "given")


@dataclass(frozen=True, slots=True)
class Slot:
    """One place; `slot` counts from 0."""

    protocol: str
    slot: int
    participant: str
    simulated: bool
    given: str


class Slots:
    """The places of a study.

    Parameters
    ----------
    folder : Path
        The study folder.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "counterbalance.tsv"

    def all(self) -> list[Slot]:
        """Return the places that were given out, in order."""
        found = []
        for row in read_table(self._path, _COLUMNS):
            if not row["slot"].isdecimal():
                raise unreadable(self._path, row)
            about = row["participant"], row["simulated"] == "yes", row["given"]
            found.append(Slot(row["protocol"], int(row["slot"]), *about))
        return found

    def of(self, protocol: str, participant: str, *, simulated: bool) -> int:
        """Return the place that a participant has, or would get now."""
        ours = [
            slot
            for slot in self.all()
            if slot.protocol == protocol and slot.simulated == simulated
        ]
        known = next((s.slot for s in ours if s.participant == participant), None)
        if known is not None:
            return known
        taken = {slot.slot for slot in ours}
        return next(n for n in range(len(taken) + 1) if n not in taken)

    def take(self, protocol: str, participant: str, *, simulated: bool) -> int:
        """Give a participant a place for good and return it."""
        number = self.of(protocol, participant, simulated=simulated)
        given = self.all()
        if any((s.protocol, s.participant) == (protocol, participant) for s in given):
            return number
        given.append(Slot(protocol, number, participant, simulated, utc_now()))
        text = io.StringIO()
        table = csv.writer(text, delimiter="\t", lineterminator="\n")
        table.writerow(_COLUMNS)
        for s in given:
            flag = "yes" if s.simulated else "no"
            table.writerow([s.protocol, s.slot, s.participant, flag, s.given])
        write_atomic(self._path, text.getvalue())
        return number

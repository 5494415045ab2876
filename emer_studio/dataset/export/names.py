"""How people and days are called in an export: as in the study, or anew for a release.

New codes come from the study's seed and birth, so that a later release of the same study
has the same ones; nothing in an export leads back from them.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import hmac
import io
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from emer_studio.core.errors import BadInputError
from emer_studio.schema.study import StudyFile

__all__ = ["Names", "Released", "new_code", "read_utc"]

_CODE_LENGTH = 6
_MARKED_YEAR = 1925
"""BIDS takes dates up to this year for shifted ones."""
_SPREAD_DAYS = 3650  # chosen by us: ten years in which nobody's day can be guessed


class Names:
    """As they are in the study."""

    release = False

    def person(self, code: str) -> str:
        """Return what a participant is called."""
        return code

    def when(self, code: str, utc: str) -> str:
        """Return when something of a participant happened, to the second, in UTC."""
        return _told(read_utc(utc))

    def map_text(self) -> str:
        """Return which names were given, as CSV; empty when none were."""
        return ""


class Released(Names):
    """New codes, and days shifted by a number of each participant's own.

    Parameters
    ----------
    study : StudyFile
    codes : iterable of str
        Everybody in the study.
    latest : str
        UTC of the last session; all days come to lie in 1925 or before.
    """

    release = True

    def __init__(self, study: StudyFile, codes: Iterable[str], latest: str) -> None:
        self._key = f"{study.seed} {study.created} {study.name}".encode()
        self._codes = {code: new_code(self._key, code) for code in sorted(codes)}
        if len(set(self._codes.values())) < len(self._codes):
            raise BadInputError("Two participants would get the same new code.")
        years = max(read_utc(latest).year - _MARKED_YEAR + 1, 1) if latest else 1
        self._least_days = years * 366

    def person(self, code: str) -> str:
        """Return the new code of a participant."""
        return self._codes[code]

    def shift_days(self, code: str) -> int:
        """Return by how many days a participant's dates are moved."""
        drawn = int.from_bytes(_digest(self._key, f"days {code}")[:8], "big")
        return -(self._least_days + drawn % _SPREAD_DAYS)

    def when(self, code: str, utc: str) -> str:
        """Return the shifted time; the time of day stays."""
        return _told(read_utc(utc) + timedelta(days=self.shift_days(code)))

    def map_text(self) -> str:
        """Return the map back, which belongs to whoever keeps the study and nobody else."""
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(("participant", "new_code", "shift_days"))
        for code, new in self._codes.items():
            table.writerow((code, new, self.shift_days(code)))
        return text.getvalue()


def new_code(key: bytes, code: str) -> str:
    """Return a code of letters and digits that cannot be led back without the key."""
    letters = base64.b32encode(_digest(key, f"code {code}")).decode()
    return f"R{letters[:_CODE_LENGTH]}"


def read_utc(text: str) -> datetime:
    """Return a time of a manifest or journal; the beginning of 1970 when it is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def check_map_file(path: Path, out: Path | None) -> None:
    """Refuse a place for the map that is in the export, or taken."""
    if out is not None and path.resolve().is_relative_to(out.resolve()):
        raise BadInputError(
            f"{path} lies in the export: whoever gets it could lead the codes back.",
            fix="Keep the map elsewhere, with the study's other confidential files.",
        )
    if path.exists():
        raise BadInputError(f"{path} already exists; nothing was written.")


def _digest(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _told(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S") + "Z"

"""``consents.jsonl``: who agreed to what, when, and to which text; one line each.

The file is only added to, except by a withdrawal. The text itself lies in the frozen
protocol that the line names. A person who declines before anything of theirs exists
leaves a line without a code: that somebody did, and nothing about whom.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from emer_studio.core.files import write_atomic
from emer_studio.core.lines import append_line

__all__ = ["Consent", "Consents"]


@dataclass(frozen=True, slots=True)
class Consent:
    """One answer to one form.

    Attributes
    ----------
    participant : str
        Code; empty for somebody who never took part.
    utc : str
        When it was given.
    agreed : bool
        False when the person did not take part, or took something back.
    given, refused : tuple of str
        Ids of the scopes.
    protocol : str
        The frozen protocol that holds the text, within the study.
    language : str
        What it was read in.
    form_sha256, text_sha256 : str
        Of the form in all languages, and of what was read (`schema.consent`).
    simulated : bool
        No person was there.
    """

    participant: str
    utc: str
    agreed: bool
    given: tuple[str, ...]
    refused: tuple[str, ...]
    protocol: str = ""
    language: str = ""
    form_sha256: str = ""
    text_sha256: str = ""
    simulated: bool = False


class Consents:
    """The consents of a study.

    Parameters
    ----------
    folder : Path
        The study folder.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "consents.jsonl"

    def all(self) -> list[Consent]:
        """Return every answer that can be read, the oldest first."""
        read = (_read(line) for line in self._lines())
        return [consent for consent in read if consent is not None]

    def of(self, participant: str) -> Consent | None:
        """Return the last answer of a participant, if there is one.

        A damaged line with the code in it may have been the last: then there is none, and
        the participant is asked again.
        """
        last = None
        for line in self._lines() if participant else ():
            consent = _read(line)
            if consent is None and f'"{participant}"' in line:
                last = None
            elif consent is not None and consent.participant == participant:
                last = consent
        return last

    def allowed(self, participant: str) -> frozenset[str] | None:
        """Return the scopes that a participant allows by now; None where nobody knows.

        An answer speaks of the scopes that it names; the others stay as they were. A
        damaged line with the code in it may have taken anything back: what was said before
        it does not count any more.
        """
        found: frozenset[str] | None = None
        for line in self._lines() if participant else ():
            consent = _read(line)
            if consent is None and f'"{participant}"' in line:
                found = None
            elif consent is not None and consent.participant == participant:
                found = (found or frozenset()) - {*consent.refused} | {*consent.given}
        return found

    def add(self, consent: Consent) -> None:
        """Append an answer and put it on the disk."""
        append_line(self.path, asdict(consent))

    def drop(self, is_dropped: Callable[[str], bool]) -> int:
        """Take out the lines of participants who have withdrawn; return how many."""
        lines = self._lines()
        kept = [line for line in lines if not is_dropped(_code(line))]
        if len(kept) < len(lines):
            write_atomic(self.path, "".join(f"{line}\n" for line in kept))
        return len(lines) - len(kept)

    def _lines(self) -> list[str]:
        if not self.path.is_file():
            return []
        text = self.path.read_text(encoding="utf-8")
        return [line for line in text.split("\n") if line.strip()]


def _read(line: str) -> Consent | None:
    """Return the answer of a line; None when it is damaged, or was cut off by a crash."""
    try:
        entry: dict[str, Any] = json.loads(line)
        lists = {name: tuple(entry[name]) for name in ("given", "refused")}
        return Consent(**{**entry, **lists})
    except (ValueError, TypeError, KeyError):
        return None


def _code(line: str) -> str:
    try:
        return str(json.loads(line).get("participant", ""))
    except (ValueError, AttributeError):
        return ""

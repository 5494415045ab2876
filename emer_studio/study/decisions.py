"""What persons decided about the trials of a session: read, checked, and only added to.

``decisions.jsonl`` lies beside the journal, which a session that has ended does not touch
any more. The last line about a trial counts.
"""

from __future__ import annotations

import contextlib
import getpass
from collections.abc import Iterator
from pathlib import Path

from emer_studio.core.clock import utc_now
from emer_studio.core.errors import BadInputError
from emer_studio.core.lines import append_line, bad_line, read_lines
from emer_studio.schema.base import MistakesError, validate
from emer_studio.schema.decisions import Decision, needs_reason
from emer_studio.schema.session_quality import SessionQuality

__all__ = ["DECISIONS_FILE", "account", "decide", "decisions_of"]

DECISIONS_FILE = "decisions.jsonl"


def decisions_of(folder: Path) -> dict[int, Decision]:
    """Return the decision that counts for each trial of a session that has one.

    A line that a crash has cut was never confirmed to anybody, and is left out.

    Raises
    ------
    BadInputError
        When another line is no decision: whoever went on without it might use what a
        person has excluded.
    """
    last = {decision.trial: decision for decision in _read(folder / DECISIONS_FILE)}
    return {n: one for n, one in last.items() if one.decision != "suggestion"}


def decide(
    folder: Path, quality: SessionQuality, trial: int, word: str, *, reason: str, by: str
) -> Decision:
    """Append a decision about a trial and put it on the disk.

    Parameters
    ----------
    folder : Path
        The session.
    quality : SessionQuality
        What the person has seen of it.
    word : {"keep", "exclude", "suggestion"}
    reason, by : str
        Why, and who decides.

    Raises
    ------
    BadInputError
        When there is no such trial, it cannot be kept, or a reason is missing; nothing is
        written then.
    """
    measured = next((one for one in quality.trials if one.trial == trial), None)
    if measured is None:
        known = ", ".join(str(one.trial) for one in quality.trials) or "none"
        raise BadInputError(f"{quality.session} has no trial {trial}; it has: {known}.")
    if word == "keep" and not measured.can_be_kept:
        why = "; ".join(measured.reasons)
        raise BadInputError(
            f"Trial {trial} cannot be kept: {why}. There is nothing of it to use."
        )
    decision = _checked(
        {
            "trial": trial,
            "decision": word,
            "reason": " ".join(reason.split()),
            "suggested": measured.suggestion,
            "by": " ".join(by.split()) or account(),
            "utc": utc_now(),
        }
    )
    decisions_of(folder)  # nothing is added to a file that cannot be read
    append_line(folder / DECISIONS_FILE, decision.model_dump())
    return decision


def account() -> str:
    """Return the name of this computer's account: who decides, unless somebody says so."""
    with contextlib.suppress(OSError, KeyError, ImportError):
        return getpass.getuser()
    return "operator"


def _checked(about: dict[str, object]) -> Decision:
    word, trial = about["decision"], about["trial"]
    if needs_reason(str(word), str(about["suggested"])) and not about["reason"]:
        raise BadInputError(
            f"Trial {trial}: to {word} it needs a reason.",
            fix='Say why, on the command line with --because "…".',
        )
    return validate(about, Decision, source=f"trial {trial}")


def _read(path: Path) -> Iterator[Decision]:
    for number, value in read_lines(path):
        try:
            yield validate(value, Decision, source="it")
        except MistakesError as problem:
            why = "; ".join(mistake.text.rstrip(".") for mistake in problem.mistakes)
            raise bad_line(path, number, why) from None

"""``decisions.jsonl`` of a session: what a person decided about its trials.

A suggestion is measured and made again at will; a decision is said once and stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from emer_studio.schema.base import Model
from emer_studio.schema.session_quality import SessionQuality, Suggestion, TrialQuality

__all__ = [
    "WORDS",
    "Decision",
    "Decisions",
    "counts",
    "left_out",
    "needs_reason",
    "outcome",
]

WORDS = ("keep", "exclude", "suggestion")
"""What can be decided; the last one is back to what is suggested."""
_Word = Annotated[str, Field(min_length=1, pattern=r"\S")]


class Decision(Model):
    """One line: what one person decided about one trial.

    Attributes
    ----------
    trial : int
    decision : {"keep", "exclude", "suggestion"}
        ``suggestion`` takes back what was decided before.
    reason : str
        Why; needed for ``exclude``, and for ``keep`` where the program suggests otherwise.
    suggested : {"keep", "look", "exclude"}
        What the program suggested when the person decided.
    by : str
        Who.
    utc : str
        When.
    """

    trial: Annotated[int, Field(ge=1)]
    decision: Literal["keep", "exclude", "suggestion"]
    reason: str = ""
    suggested: Suggestion
    by: _Word
    utc: _Word

    @model_validator(mode="after")
    def _reason_given(self) -> Self:
        if needs_reason(self.decision, self.suggested) and not self.reason.strip():
            raise ValueError(f"{self.decision!r} needs a reason")
        return self


Decisions = Mapping[int, Decision]
"""The decision that counts for each trial that has one; none that was taken back."""


def needs_reason(word: str, suggested: str) -> bool:
    """Tell whether a decision has to be explained to whoever reads it later."""
    return word == "exclude" or (word == "keep" and suggested == "exclude")


def left_out(decision: Decision | None, doubt: str) -> str:
    """Return why a trial is not used, empty when it is: a person's word goes before ours.

    Parameters
    ----------
    decision : Decision or None
        The one that counts for the trial.
    doubt : str
        Why the program would leave it out; empty when it would not.
    """
    if decision is None:
        return doubt
    excluded = decision.decision == "exclude"
    return f"decided by a person: {decision.reason}" if excluded else ""


def outcome(trial: TrialQuality, decisions: Decisions) -> Suggestion:
    """Return what becomes of a trial: the decision, else the suggestion."""
    decision = decisions.get(trial.trial)
    if decision is None or not trial.can_be_kept:
        return trial.suggestion
    return "exclude" if left_out(decision, "") else "keep"


def counts(quality: SessionQuality, decisions: Decisions) -> Counter[str]:
    """Return for how many trials what is the outcome."""
    return Counter(outcome(trial, decisions) for trial in quality.trials)

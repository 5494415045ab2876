"""The test answers of a run, sample by sample, and where each sample was recorded."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Answer", "answers_of"]

_TRIAL = re.compile(r"(?P<session>[^/]+)/trial-(?P<number>\d+)(/(?P<part>.+))?")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said of one test sample.

    Attributes
    ----------
    sample, participant, stimulus : str
    label : str
        What was asked.
    fold : int
        In which it was tested.
    truth, found : str
        As the table has them: a class, or a number.
    sure : float or None
        Probability of the answer; None where a number was asked.
    """

    sample: str
    participant: str
    stimulus: str
    label: str
    fold: int
    truth: str
    found: str
    sure: float | None

    @property
    def trial(self) -> str:
        """Its trial as the explorer takes it, ``SESSION/trial-N``; empty without one."""
        match = _TRIAL.fullmatch(self.sample)
        return f"{match['session']}/trial-{match['number']}" if match else ""

    @property
    def place(self) -> str:
        """The number of the trial, and the part of it; the sample where there is none."""
        match = _TRIAL.fullmatch(self.sample)
        if match is None:
            return self.sample
        return f"{match['number']}, {match['part']}" if match["part"] else match["number"]

    @property
    def error(self) -> float:
        """How far a number is off; 0 or 1 for a class."""
        try:
            return abs(float(self.found) - float(self.truth))
        except ValueError:
            return float(self.found != self.truth)


def answers_of(run: Path) -> list[Answer]:
    """Read the ``predictions.csv`` of a run; lines that cannot be read are left out."""
    try:
        with (run / "predictions.csv").open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error):
        return []
    found = []
    for row in rows:
        try:
            found.append(_answer(row))
        except (KeyError, ValueError, TypeError):
            continue
    return found


def _answer(row: dict[str, str]) -> Answer:
    share = row.get(f"p_{row['prediction']}")
    return Answer(
        sample=row["sample_id"],
        participant=row["participant"],
        stimulus=row.get("stimulus") or "",
        label=row["label"],
        fold=int(row["fold"]),
        truth=row["truth"],
        found=row["prediction"],
        sure=float(share) if share else None,
    )

"""The kinds of report: what each is for, and the command that writes it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["KINDS", "Kind", "ReportFile", "read_about"]

_HEAD_BYTES = 2000  # the mark stands in the first lines of what our templates write
_MARK = re.compile(r'<meta name="emer-report" content="(\w*)" data-marks="([\w ]*)">')


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of report.

    Attributes
    ----------
    key : str
        As the file itself says it.
    title : str
    about : str
        What it tells, in a sentence.
    command : str
    of_dataset : bool
        Whether it is about a dataset; else about the study.
    more : tuple of str
        Further words of the command.
    """

    key: str
    title: str
    about: str
    command: str = "report"
    of_dataset: bool = False
    more: tuple[str, ...] = ()


KINDS = (
    Kind(
        "study",
        "Study",
        "Sessions, their quality trial by trial, what was felt and shown, training runs.",
    ),
    Kind(
        "gap",
        "Felt and shown",
        "How often faces showed something else than was felt, against how far experts"
        " disagree among themselves; of a dataset.",
        of_dataset=True,
    ),
    Kind(
        "norms",
        "Stimulus norms",
        "What each clip brought about, with intervals, and which clips are recommended."
        " A table (CSV) is written beside it.",
        command="norms",
    ),
    Kind(
        "labels",
        "Labels",
        "How far experts agree when they label blind, by class and by rater, what the"
        " suggestions did to them, and how good the model is.",
        more=("--labels",),
    ),
)
_TITLES = {kind.key: kind.title for kind in KINDS} | {
    "run": "Training run",
    "compare": "Comparison of runs",
    "card": "Model card",
}


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A written report, as it speaks of itself.

    Attributes
    ----------
    title : str
        Of its kind.
    marks : tuple of str
        Out of ``simulated``, ``synthetic`` and ``imported``.
    known : bool
        Whether it says these at all; reports of older versions do not.
    """

    title: str
    marks: tuple[str, ...]
    known: bool


def read_about(path: Path) -> ReportFile:
    """Read what a report says it is; one that cannot be read is just a report."""
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES).decode("utf-8", "replace")
    except OSError:
        head = ""
    found = _MARK.search(head)
    if found is None:
        return ReportFile("Report", (), known=False)
    title = _TITLES.get(found[1], "Report")
    return ReportFile(title, tuple(found[2].split()), known=True)

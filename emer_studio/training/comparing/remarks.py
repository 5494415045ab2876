"""What a reader of a comparison has to know."""

from __future__ import annotations

from collections.abc import Sequence

from emer_studio.study.runs import Entry
from emer_studio.training.comparing.comparison import OfLabel

__all__ = ["few_words", "pair_remarks", "remarks_on_all"]

_FEW = 10
"""Chosen by us. In 300 simulations each, where clips differ much more than people, crossed
intervals of 30 people held the truth in 94 % with 14 clips, 93 % with 10, 90 % with 6 and
70 % with 2, and p was below 0.05 without a difference in 5, 7, 9 and 21 %; where people
differ more, as few people did the same."""


def few_words(people: int, stimuli: int) -> list[str]:
    """Say when there are too few people or stimuli for their intervals and p.

    Parameters
    ----------
    people, stimuli : int
        Of the test samples; a single stimulus is never drawn anew.
    """
    said = []
    if people < _FEW:
        said.append(
            f"{people} people are tested: with fewer than {_FEW}, intervals are too narrow"
            " and p too small."
        )
    if 1 < stimuli < _FEW:
        said.append(
            f"{stimuli} stimuli are tested: with fewer than {_FEW}, intervals over people"
            " and stimuli are too narrow and their p too small."
        )
    return said


def pair_remarks(
    run: Entry,
    against: Entry,
    labels: Sequence[OfLabel],
    same_data: bool,
    same_folds: bool,
) -> tuple[str, ...]:
    """Return sentences about two runs: what is alike and what is not."""
    if not same_data:
        return (
            "They are of different datasets, or of different states of one, so no sample is"
            " known to be the same: nothing is tested. Each score stands with its own"
            " interval, on its own test samples.",
        )
    said = []
    if run.info.folds != against.info.folds:
        said.append(
            f"Their folds keep different things apart ({run.folds}; {against.folds}): the"
            " difference is one of the folds as well as of the models."
        )
    elif not same_folds:
        said.append(
            "Their folds are not the same: each was trained on other people or clips, which"
            " is a part of the difference."
        )
    said += [
        f"{one.label}: compared on the {one.samples} test samples that both have; left out"
        f" are {one.run_only} and {one.against_only} that only one of them has."
        for one in labels
        if one.run_only or one.against_only
    ]
    return tuple(said)


def remarks_on_all(
    entries: Sequence[Entry], paired: Sequence[bool], stimuli: int
) -> tuple[str, ...]:
    """Return sentences about all runs of a comparison.

    Parameters
    ----------
    entries : sequence of Entry
        The runs.
    paired : sequence of bool
        Of each pair, whether it was compared on the same samples.
    stimuli : int
        That the run with the fewest was tested on.
    """
    said = []
    if any(entry.info.synthetic for entry in entries):
        said.append("SYNTHETIC data: a software check, not evidence about people.")
    if any(entry.info.simulated for entry in entries):
        said.append("SIMULATED devices: not evidence about people.")
    for entry in entries:
        if gone := len(entry.info.withdrawn):
            people = "1 participant has" if gone == 1 else f"{gone} participants have"
            said.append(f"{entry.name}: {people} withdrawn; the predictions are without.")
    if not any(paired):
        return tuple(said)
    said += few_words(min(_tested(entry) for entry in entries), stimuli)
    said.append(
        "Each run was trained once: what another seed would change is in none of the"
        " intervals."
    )
    if len(paired) > 1:
        said.append(
            f"p (Holm) is corrected for the {sum(paired)} comparisons of each score; the"
            " scores of one pair are not corrected for one another."
        )
    return tuple(said)


def _tested(entry: Entry) -> int:
    return len({code for fold in entry.info.split for code in fold.test})

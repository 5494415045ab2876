"""What `train-head` tells a person."""

from __future__ import annotations

from pathlib import Path

from emer_studio.core.emotions import EMOTIONS
from emer_studio.schema.fer_head import FerHeadRun, HeadScores

__all__ = ["how_to_use", "told"]


def told(run: FerHeadRun) -> str:
    """Return the numbers as text."""
    one = run.scores
    lines = [
        f"{run.name}: {one.clips} clips of {one.participants} participants, labels of the"
        f" blind pass, {len(run.split)} folds; each clip judged by a network that had not"
        " seen its person",
        f"  {'':<24}{'accuracy':>20}{'mean recall':>20}{'calibration error':>20}",
        _row(run.name, one),
    ]
    lines.append(f"  {'always the commonest':<24}{run.commonest:>7.2f}")
    if run.against is None:
        lines.append(f"  Nothing to compare with: {run.against_missing}.")
    else:
        lines += _beside(run)
    recalls = ", ".join(_recall(one, emotion) for emotion in EMOTIONS)
    lines.append(f"  recall: {recalls}")
    if run.elsewhere:
        lines.append(
            f"  Not used: {run.elsewhere} whose label is not of the blind pass alone."
        )
    if run.unseen:
        lines.append(
            f"  Not used: {run.unseen} with a blind consensus, but not in the dataset,"
            " excluded, or without a face."
        )
    lines.append(
        f"  The exported file says what the networks say: probabilities differ by at most"
        f" {run.parity:.1g}."
    )
    return "\n".join(lines)


def how_to_use(run: FerHeadRun, file: Path, study: Path | None) -> str:
    """Return the commands that make it the next pre-labeller."""
    lines = [f"Take it in: emer-studio models import {run.name} {file}"]
    if study is not None:
        lines.append(f"Use it:     emer-studio prelabel {study} --model {run.name}")
    return "\n".join(lines)


def _beside(run: FerHeadRun) -> list[str]:
    beside = run.against
    assert beside is not None
    on = "" if beside.head.clips == run.scores.clips else f" ({beside.head.clips} clips)"
    lines = (
        [f"  on the {beside.head.clips} clips that both have an answer to:"] if on else []
    )
    lines += [_row(run.name, beside.head)] if on else []
    lines.append(_row(beside.model, beside.other))
    for name, words in (("war", "accuracy"), ("uar", "mean recall")):
        gap = beside.differences[name]
        span = "" if gap.ci95 is None else f" [{gap.ci95[0]:+.2f}, {gap.ci95[1]:+.2f}]"
        lines.append(
            f"  difference in {words}: {gap.difference:+.2f}{span}, p = {gap.p:.3f}"
        )
    return lines


def _row(name: str, one: HeadScores) -> str:
    return (
        f"  {name:<24}{_with_span(one.war, one.ci95['war']):>20}"
        f"{_with_span(one.uar, one.ci95['uar']):>20}{one.ece:>20.2f}"
    )


def _with_span(value: float, ends: tuple[float, float]) -> str:
    return f"{value:.2f} [{ends[0]:.2f}, {ends[1]:.2f}]"


def _recall(one: HeadScores, emotion: str) -> str:
    value = one.recall[emotion]
    return f"{emotion} -" if value is None else f"{emotion} {value:.2f}"

"""What the labelling room says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from emer_studio.labels.judgement import Judgement
from emer_studio.labels.queue import Turn
from emer_studio.ui.label.desk import REVIEWED, STAGES, Desk

__all__ = [
    "NOT_NOW",
    "NO_CODEBOOK",
    "NO_PICTURE",
    "about",
    "badge",
    "cannot_show",
    "feedback",
    "nothing_to_do",
    "pace",
    "prelabelled",
    "progress",
]

_COLOURS = {"training": "", "A": "green", "B": "amber", "adjudication": "red"}
NO_CODEBOOK = "The study has no codebook: write one into labelling.yaml (scheme: codebook)."
NOT_NOW = "No suggestion is shown here: this item is judged without one."
NO_PICTURE = "Without its picture a face cannot be judged: say unclear or no face."


def progress(done: int, of: int, deadline: date | None) -> str:
    """Return how far an annotator is."""
    until = f", until {deadline}" if deadline else ""
    return f"{done} of {of} labelled{until}" if of else ""


def pace(per_minute: float | None) -> str:
    """Return how fast."""
    return "" if per_minute is None else f"{per_minute:.1f} a minute"


def badge(desk: Desk, turn: Turn | None, model: str, shown: bool) -> tuple[str, str]:
    """Return what the badge says, and its colour."""
    text = STAGES[desk.stage]
    if turn is not None and turn.stage in REVIEWED:
        if desk.withholds(turn):
            text += " · suggestion withheld"
        elif not model:
            text += " · no prediction here"
        else:
            text += f" · {model}" if shown else " · model hidden"
    return text, _COLOURS[desk.stage]


def cannot_show(name: str) -> str:
    """Return that there is no picture; a path would tell whose face it is."""
    return f"The face {name} cannot be shown: tell the study lead (the log says why)."


def nothing_to_do(desk: Desk) -> str:
    """Return why there is no item."""
    if desk.why_not:
        return desk.why_not
    if not desk.stages:
        return "There is nothing for you to label at present."
    return "Nothing is left in this pass."


def about(desk: Desk, turn: Turn, *, shown: bool) -> str:
    """Return what is said above an item; in the blind pass nothing.

    `shown` is whether the model's suggestion is in view: only then may words tell of it.
    """
    if turn.stage == "training":
        result = desk.training
        agreement = f", kappa {result.kappa:.2f}" if result.kappa == result.kappa else ""
        return f"Training: {result.done} of {result.of} done{agreement}."
    if turn.stage not in REVIEWED:
        return ""
    by_model = shown and desk.assisted(turn)
    why = "; ".join(desk.why_disputed(turn.item, by_model=by_model)) or "looked at again"
    votes = "   ".join(
        f"{'you' if who == desk.annotator else who}: {_said(said)}"
        for who, said in desk.votes(turn).items()
    )
    return f"Disputed: {why}.\n{votes}"


def feedback(desk: Desk, turn: Turn, value: Judgement) -> str:
    """Return the gold label after a rater has said theirs."""
    gold, said = desk.plan.training[turn.item], _said(value)
    result = desk.training
    verdict = "Right" if gold == value.category else f"The gold label is {gold}"
    text = f"{verdict}; you said {said}. {result.done} of {result.of} done"
    if result.kappa == result.kappa:
        text += f", kappa {result.kappa:.2f} ({desk.plan.training_kappa:.2f} are needed)"
    return f"{text}. Enter goes on."


def prelabelled(result: Mapping[str, Any]) -> str:
    """Return what pre-labelling found."""
    faces, frames = result.get("frames_with_face"), result.get("frames")
    return f"Pre-labelled: a face in {faces} of {frames} frames."


def _said(value: Judgement) -> str:
    if value.quality is not None:
        return value.quality.replace("_", " ")
    level = "" if value.intensity is None else f" {value.intensity}"
    return f"{value.category}{level}"

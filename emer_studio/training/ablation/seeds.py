"""Ablations of several seeds as one: means over seeds, and how much seeds differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from emer_studio.training.ablation.ablate import ONE_SEED

__all__ = ["over_seeds"]

Told = Mapping[str, Any]
_OF_ONE = (
    "run_ci95", "against_ci95", "ci95", "p", "ci95_crossed", "p_crossed", "p_holm",
    "p_crossed_holm",
)  # fmt: skip
"""What has no meaning for a mean of several trainings."""


def over_seeds(tolds: Sequence[Told], folder: Path) -> dict[str, Any]:
    """Return one ablation out of several that differ in their seed only.

    Scores and differences are means; ``sd`` is their standard deviation over seeds (n - 1)
    and ``values`` has each of them. Intervals over people and p stay with each seed.

    Parameters
    ----------
    tolds : sequence of dict
        From `ablate.ablate`, at least two, with the same variants.
    folder : Path
        Where theirs lie.
    """
    first, seeds = tolds[0], [told["seed"] for told in tolds]
    rows = zip(*(told["variants"] for told in tolds), strict=True)
    remarks = [text for text in first["remarks"] if text != ONE_SEED and "Holm" not in text]
    listed = ", ".join(map(str, seeds))
    return {
        **first,
        "folder": str(folder),
        "seeds": seeds,
        "variants": [_row(row) for row in rows],
        "remarks": [
            f"Means over {len(seeds)} seeds ({listed}) with the standard deviation over"
            " seeds, which draw the folds too. Intervals over people and p stand in the"
            " folder of each seed.",
            *remarks,
        ],
    }


def _row(rows: Sequence[Told]) -> dict[str, Any]:
    scores = [row["score"] for row in rows]
    score = None if None in scores else {**scores[0], "ci95": None}
    if score is not None:
        score |= _spread("value", [one["value"] for one in scores])
    return {
        **rows[0],
        "run": [row["run"] for row in rows],
        "score": score,
        "less_whole": _gaps([row["less_whole"] for row in rows]),
        "less_before": _gaps([row["less_before"] for row in rows]),
    }


def _gaps(every: Sequence[Sequence[Told]]) -> list[dict[str, Any]]:
    found = []
    for gaps in zip(*every, strict=True):
        one = {**gaps[0], **dict.fromkeys(_OF_ONE)}
        for name in ("run", "against"):
            one[name] = float(np.mean([gap[name] for gap in gaps]))
        found.append(one | _spread("difference", [gap["difference"] for gap in gaps]))
    return found


def _spread(name: str, values: Sequence[float]) -> dict[str, Any]:
    return {
        name: float(np.mean(values)),
        "sd": float(np.std(values, ddof=1)),
        "values": list(values),
    }

"""How well a rater agrees with the gold labels before they begin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from emer_studio.schema.labelling import LabellingFile

__all__ = ["TrainingResult", "training_result"]


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """How a training stands.

    Attributes
    ----------
    done, of : int
        Items labelled, and in all.
    kappa : float
        Cohen's kappa with the gold; NaN while nothing is labelled, or where both gave one
        and the same category only.
    passed : bool
        All are labelled and the agreement is enough.
    """

    done: int
    of: int
    kappa: float
    passed: bool


def training_result(
    said: Mapping[str, str | None], plan: LabellingFile, of: int
) -> TrainingResult:
    """Compare a rater's categories with the gold.

    Parameters
    ----------
    said : mapping of str to (str or None)
        By item; None where the rater called it unusable, which agrees with nothing.
    plan : LabellingFile
    of : int
        Items that there are to label.
    """
    pairs = [(plan.training[item], category or "") for item, category in said.items()]
    kappa = _kappa(pairs)
    agreed = sum(gold == own for gold, own in pairs)
    enough = kappa >= plan.training_kappa if kappa == kappa else agreed == len(pairs)
    return TrainingResult(len(pairs), of, kappa, len(pairs) >= of and enough)


def _kappa(pairs: list[tuple[str, str]]) -> float:
    """Return Cohen's kappa (Cohen 1960)."""
    if not pairs:
        return float("nan")
    n = len(pairs)
    first, second = (Counter(column) for column in zip(*pairs, strict=True))
    observed = sum(a == b for a, b in pairs) / n
    chance = sum(first[name] * second[name] for name in first) / n**2
    return (observed - chance) / (1 - chance) if chance < 1 else float("nan")

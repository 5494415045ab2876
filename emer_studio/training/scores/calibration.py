"""How sure a network is against how often it is right, before and after a temperature.

One temperature divides the logits of a fold's network; it is fitted on the fold's
validation part alone and changes no answer, only how sure it is (Guo et al. 2017, *On
Calibration of Modern Neural Networks*). The error is measured over all test samples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emer_studio.fer.calibration import soften
from emer_studio.labels.calibration_curve import calibration_of
from emer_studio.training.comparing.compare import span
from emer_studio.training.fit.job import Predictions

__all__ = ["at_limit", "calibration_table", "fit_temperature"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_WIDEST = 20.0
"""Temperatures from 1/20 to 20, chosen by us: beyond, seven classes are sure or equal."""


def fit_temperature(probabilities: Floats, truth: Ints) -> float:
    """Return the temperature of least log loss, within 1/20 and 20.

    The loss is convex in the temperature's inverse; its slope's zero is found by halving.

    Parameters
    ----------
    probabilities : (n, C) float64
        At temperature 1.
    truth : (n,) int64
        The right classes.
    """
    logits = np.log(np.maximum(probabilities, 1e-9))  # the floor of `soften`
    right = logits[np.arange(len(truth)), truth]

    def slope(inverse: float) -> float:
        expected = (soften(probabilities, 1 / inverse) * logits).sum(axis=1)
        return float((expected - right).mean())

    if slope(1.0) == 0:
        return 1.0  # as good as it gets, such as a network that is always equally unsure
    low, high = 1 / _WIDEST, _WIDEST
    for _ in range(60):
        middle = float(np.sqrt(low * high))
        if slope(middle) <= 0:
            low = middle
        else:
            high = middle
    return float(1 / np.sqrt(low * high))


def calibration_table(
    folds: Sequence[int],
    tests: Sequence[tuple[Ints, Predictions]],
    validations: Sequence[tuple[Ints, Predictions | None]],
    weights: Floats,
) -> dict[str, Any]:
    """Return the expected calibration error before and after each fold's temperature.

    Parameters
    ----------
    folds : sequence of int
        Their numbers.
    tests, validations : sequence of (truth, Predictions)
        Of each fold; no predictions where there is no validation part.
    weights : (1 + draws, n) float64
        How often each test sample counts in each draw, in the order of the folds.

    Returns
    -------
    dict
        ``before`` and ``after``, each with ``ece`` and its ``ci95``; ``temperatures``, by
        fold, with the number of samples they are from; ``missing``: why there is no
        ``after``, empty otherwise.
    """
    truth = np.concatenate([t for t, _ in tests])
    plain = [found.probabilities for _, found in tests]
    out: dict[str, Any] = {
        "before": _ece(np.concatenate(plain), truth, weights),
        "after": None,
        "temperatures": [],
        "missing": "",
    }
    temperatures = []
    for number, (right, held_out) in zip(folds, validations, strict=True):
        if held_out is None or not len(right):
            out["missing"] = f"fold {number} has no validation part to fit a temperature on"
            return out
        temperatures.append(fit_temperature(held_out.probabilities, right))
        out["temperatures"].append(
            {"fold": number, "temperature": temperatures[-1], "samples": len(right)}
        )
    warmed = [soften(p, t) for p, t in zip(plain, temperatures, strict=True)]
    out["after"] = _ece(np.concatenate(warmed), truth, weights)
    return out


def at_limit(temperatures: Sequence[Mapping[str, Any]]) -> str:
    """Return the folds whose temperature could not be fitted, such as "1, 3"."""
    edge = 0.99 * np.log(_WIDEST)
    found = (t for t in temperatures if abs(np.log(t["temperature"])) > edge)
    return ", ".join(str(t["fold"]) for t in found)


def _ece(probabilities: Floats, truth: Ints, weights: Floats) -> dict[str, Any]:
    found = calibration_of(probabilities, truth, weights).ece
    return {"ece": found.value, "ci95": span(found)}

"""Two tests that need no bootstrap: McNemar's, and Holm's correction for several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["McNemar", "holm", "mcnemar"]


@dataclass(frozen=True, slots=True)
class McNemar:
    """How two models are right and wrong on the same samples.

    Attributes
    ----------
    both, run_only, against_only, neither : int
        Samples that both, only the one, only the other or none of them gets right.
    p : float
        Exact and two-sided: how likely `run_only` and `against_only` would be at least as
        uneven, were both as good and samples independent of one another.
    p_holm : float
        Corrected for all comparisons of the same kind.
    """

    both: int
    run_only: int
    against_only: int
    neither: int
    p: float
    p_holm: float


def mcnemar(run: NDArray[np.bool_], against: NDArray[np.bool_]) -> McNemar:
    """Compare which samples two models get right, each of shape (n,).

    The exact binomial test of the samples on which only one is right (McNemar 1947,
    *Psychometrika* 12:153), in whole numbers.
    """
    run_only, against_only = int((run & ~against).sum()), int((against & ~run).sum())
    n, least = run_only + against_only, min(run_only, against_only)
    ways, tail = 1, 1  # of choosing k out of n, and their sum up to `least`
    for k in range(least):
        ways = ways * (n - k) // (k + 1)
        tail += ways
    p = min(1.0, 2 * tail / 2**n)
    both, neither = int((run & against).sum()), int((~run & ~against).sum())
    return McNemar(both, run_only, against_only, neither, p, p)


def holm(ps: Sequence[float | None]) -> list[float | None]:
    """Return each p corrected for all of them; None stays None and does not count.

    References
    ----------
    .. [1] Holm 1979, "A simple sequentially rejective multiple test procedure",
       *Scandinavian Journal of Statistics* 6:65.
    """
    known = sorted((p, i) for i, p in enumerate(ps) if p is not None)
    out: list[float | None] = [None] * len(ps)
    largest = 0.0
    for rank, (p, i) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * p))
        out[i] = largest
    return out

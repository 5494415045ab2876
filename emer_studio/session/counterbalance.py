"""Designs that all participants of a study share, one row each.

A Williams square (E. J. Williams, *Experimental Designs Balanced for the Estimation of
Residual Effects of Treatments*, 1949) puts every emotion at every place equally often and,
within a round, after every other one equally often. With an odd number of emotions it takes
twice as many rows. Where emotions do not come equally often, one order is rotated instead:
each clip stands at every place once in a cycle, but what it follows stays the same.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

__all__ = ["cycle_length", "rotated", "williams_order", "williams_square"]

_TRIES = 200  # chosen by us: designs drawn before the constraints count as unmeetable
Good = Callable[[Sequence[str]], bool]


def williams_square(n: int) -> list[list[int]]:
    """Return the rows of a Williams design for `n` conditions: `n` rows, 2 `n` when odd."""
    zigzag = [(k + 1) // 2 if k % 2 else (n - k // 2) % n for k in range(n)]
    rows = [[(value + shift) % n for value in zigzag] for shift in range(n)]
    return rows if n % 2 == 0 else rows + [row[::-1] for row in rows]


def cycle_length(emotions: Sequence[str], counterbalance: str) -> int:
    """Return after how many participants a design is complete."""
    kinds = len(set(emotions))
    if counterbalance == "williams":
        return kinds if kinds % 2 == 0 else 2 * kinds
    return len(emotions) if counterbalance == "rotation" else 1


def williams_order(
    emotions: Sequence[str], per_emotion: int, slot: int, shared: random.Random, good: Good
) -> list[str] | None:
    """Return one participant's emotions: a row of the square in every round.

    Every round takes the row that lies a constant number of rows further, so each round is
    a whole square over the cycle. The numbers are drawn until every row is good.

    Parameters
    ----------
    emotions : sequence of str
        The conditions.
    per_emotion : int
        Rounds.
    slot : int
        The participant's row.
    shared : Random
        The same for all participants.
    good : callable
        Tells whether an order meets the constraints.

    Returns
    -------
    order : list of str or None
        None when no design is good for every participant.
    """
    square = williams_square(len(emotions))
    for _ in range(_TRIES):
        names = shared.sample(list(emotions), len(emotions))
        shifts = [shared.randrange(len(square)) for _ in range(per_emotion)]
        rows = [
            [names[i] for shift in shifts for i in square[(row + shift) % len(square)]]
            for row in range(len(square))
        ]
        if all(map(good, rows)):
            return rows[slot % len(rows)]
    return None


def rotated(
    emotions: Sequence[str], slot: int, shared: random.Random, good: Good
) -> list[str] | None:
    """Return one participant's emotions: a shared order, begun one place later each time.

    Returns
    -------
    order : list of str or None
        None when no order was found whose every rotation is good.
    """
    for _ in range(_TRIES):
        order = _spread(emotions, shared)
        rows = [order[k:] + order[:k] for k in range(len(order))]
        if all(map(good, rows)):
            return rows[slot % len(rows)]
    return None


def _spread(emotions: Sequence[str], shared: random.Random) -> list[str]:
    """Return a random order in which the commonest emotions lie far apart."""
    counts = {e: emotions.count(e) for e in dict.fromkeys(emotions)}
    placed = []
    for emotion, count in counts.items():
        start = shared.random()
        for k in range(count):
            jitter = shared.uniform(-0.3, 0.3)
            placed.append((((start + k + jitter) / count) % 1.0, shared.random(), emotion))
    return [emotion for _, _, emotion in sorted(placed)]

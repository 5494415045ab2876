"""Votes: how many raters chose each name."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["against_the_others", "majority"]


def majority(votes: Mapping[str, int]) -> str | None:
    """Return what more than half of the votes say; None when nothing has as many."""
    best = max(votes, key=lambda name: votes[name], default=None)
    if best is None or 2 * votes[best] <= sum(votes.values()):
        return None
    return best


def against_the_others(votes: Mapping[str, int]) -> tuple[float, int]:
    """Return how many votes differ from the others' majority, and how many there are.

    Where the others are tied, each of the tied names counts by its part.
    """
    apart = 0.0
    for name, count in votes.items():
        others = {**votes, name: count - 1}
        most = max(others.values())
        leading = [other for other, n in others.items() if n == most and n > 0]
        apart += count * (1 - (name in leading) / max(len(leading), 1))
    return apart, sum(votes.values())

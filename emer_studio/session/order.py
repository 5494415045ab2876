"""Ordering clips: at random within constraints, or counterbalanced across participants.

An order that the constraints forbid is found out before anyone sits down: the search over
emotions is exhaustive up to a limit that no block of a real study reaches.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from emer_studio.core.errors import BadInputError
from emer_studio.schema.protocol import Block
from emer_studio.schema.stimulus import Clip
from emer_studio.session.counterbalance import rotated, williams_order

__all__ = ["Rules", "order_clips", "violations"]

_MOST_STEPS = 200_000  # chosen by us: seconds of searching; real blocks need thousands
_TRIES = 50


@dataclass(frozen=True, slots=True)
class Rules:
    """What an order must meet, as emotions.

    Attributes
    ----------
    most_in_row : int
        At most this many clips of one emotion in a row.
    distance : int
        Two clips of one emotion are at least this many places apart; 1 allows neighbours.
    """

    most_in_row: int
    distance: int

    def allow(self, before: Sequence[str], emotion: str) -> bool:
        """Tell whether `emotion` may follow what came before."""
        if self.distance > 1 and emotion in before[-(self.distance - 1) :]:
            return False
        recent = before[-self.most_in_row :]
        return len(recent) < self.most_in_row or any(e != emotion for e in recent)


def rules_of(block: Block, count: int) -> Rules:
    """Return the rules of a block of `count` clips."""
    order = block.order
    return Rules(order.max_same_emotion_in_row or count, order.min_distance)


def violations(emotions: Sequence[str], rules: Rules) -> list[int]:
    """Return the places (from 0) at which an order breaks the rules."""
    return [i for i, e in enumerate(emotions) if not rules.allow(emotions[:i], e)]


def order_clips(
    clips: Sequence[Clip], block: Block, rng: random.Random, *, slot: int = 0, seed: int = 0
) -> list[Clip]:
    """Order the clips of a block for one participant.

    Parameters
    ----------
    clips : sequence of Clip
        What the block shows, in the manifest's order.
    rng : Random
        Of this participant.
    slot : int
        The participant's place in the counterbalancing, from 0.
    seed : int
        Of the study: all participants share it.

    Raises
    ------
    BadInputError
        When no order meets the block's constraints.
    """
    order = block.order
    first, last = (_fixed(clips, ids, block) for ids in (order.first, order.last))
    rest = [clip for clip in clips if clip not in first and clip not in last]
    rules = rules_of(block, len(clips))
    if order.counterbalance == "none":
        middle = _drawn(rest, first, last, rules, block, rng)
    else:
        middle = _counterbalanced(rest, first, last, rules, block, rng, slot, seed)
    return [*first, *middle, *last]


def _fixed(clips: Sequence[Clip], ids: Sequence[str], block: Block) -> list[Clip]:
    known = {clip.id: clip for clip in clips}
    for name in ids:
        if name not in known:
            raise BadInputError(
                f"Block {block.id!r} puts the clip {name!r} first or last, but does not"
                f" show it. It shows: {', '.join(known)}."
            )
    return [known[name] for name in ids]


def _drawn(
    rest: Sequence[Clip],
    first: Sequence[Clip],
    last: Sequence[Clip],
    rules: Rules,
    block: Block,
    rng: random.Random,
) -> list[Clip]:
    """Draw one clip after the other among those after which the rest can be placed."""
    if not block.order.shuffle:
        _check([c.emotion for c in (*first, *rest, *last)], rules, block)
        return list(rest)
    search = _Search(rules, tuple(clip.emotion for clip in last))
    left, placed = list(rest), [clip.emotion for clip in first]
    _check(placed, rules, block)
    if not search.possible(Counter(c.emotion for c in left), placed):
        raise _impossible(block, len(rest) + len(first) + len(last), rules)
    chosen: list[Clip] = []
    while left:
        counts: Counter[str] = Counter(clip.emotion for clip in left)
        allowed = {e for e in counts if search.possible_after(counts, placed, e)}
        clip = rng.choice([clip for clip in left if clip.emotion in allowed])
        left.remove(clip)
        chosen.append(clip)
        placed.append(clip.emotion)
    return chosen


def _counterbalanced(
    rest: Sequence[Clip],
    first: Sequence[Clip],
    last: Sequence[Clip],
    rules: Rules,
    block: Block,
    rng: random.Random,
    slot: int,
    seed: int,
) -> list[Clip]:
    """Take the participant's row of a design that all participants share."""
    before, after = ([c.emotion for c in part] for part in (first, last))

    def good(emotions: Sequence[str]) -> bool:
        return not violations([*before, *emotions, *after], rules)

    shared = random.Random(f"{seed}/{block.id}")
    counts: Counter[str] = Counter(clip.emotion for clip in rest)
    if block.order.counterbalance == "williams":
        if len(set(counts.values())) != 1:
            listed = ", ".join(f"{n} of {e}" for e, n in sorted(counts.items()))
            raise BadInputError(
                f"Block {block.id!r}: a Williams square needs as many clips of each"
                f" emotion; it has {listed}.",
                fix="Set per_emotion, or counterbalance: rotation.",
            )
        emotions = williams_order(sorted(counts), max(counts.values()), slot, shared, good)
    else:
        emotions = rotated([c.emotion for c in rest], slot, shared, good)
    if emotions is None:
        raise _impossible(block, len(rest) + len(first) + len(last), rules)
    pools = {emotion: [c for c in rest if c.emotion == emotion] for emotion in counts}
    for pool in pools.values():
        rng.shuffle(pool)
    return [pools[emotion].pop() for emotion in emotions]


def _check(emotions: Sequence[str], rules: Rules, block: Block) -> None:
    if violations(emotions, rules):
        raise _impossible(block, len(emotions), rules)


def _impossible(block: Block, count: int, rules: Rules) -> BadInputError:
    wanted = []
    if block.order.max_same_emotion_in_row:
        wanted.append(f"at most {rules.most_in_row} of the same emotion in a row")
    if rules.distance > 1:
        wanted.append(f"clips of an emotion at least {rules.distance} places apart")
    if block.order.first or block.order.last:
        wanted.append("the clips that are to be first and last")
    if block.order.counterbalance != "none":
        wanted.append(f"counterbalance: {block.order.counterbalance}")
    return BadInputError(
        f"Block {block.id!r}: its {count} clips cannot be ordered with"
        f" {' and '.join(wanted) or 'its constraints'}.",
        fix="Loosen a constraint, or add clips of other emotions.",
    )


class _Search:
    """Whether emotions can be placed after one another and before fixed last ones."""

    def __init__(self, rules: Rules, last: tuple[str, ...]) -> None:
        self._rules, self._last = rules, last
        self._window = max(rules.distance - 1, rules.most_in_row)
        self._steps = 0
        self._memo = lru_cache(maxsize=None)(self._try)

    def possible(self, counts: Counter[str], placed: Sequence[str]) -> bool:
        """Tell whether everything in `counts` can follow what is placed."""
        self._steps = 0
        left = tuple(sorted((e, n) for e, n in counts.items() if n))
        return bool(self._memo(left, tuple(placed[-self._window :])))

    def possible_after(
        self, counts: Counter[str], placed: Sequence[str], emotion: str
    ) -> bool:
        """Tell whether the rest can be placed when `emotion` comes next."""
        if not self._rules.allow(placed, emotion):
            return False
        rest = counts.copy()
        rest[emotion] -= 1
        return self.possible(rest, [*placed, emotion])

    def _try(self, left: tuple[tuple[str, int], ...], recent: tuple[str, ...]) -> bool:
        self._steps += 1
        if not left:
            whole = [*recent, *self._last]
            return all(
                self._rules.allow(whole[:i], whole[i])
                for i in range(len(recent), len(whole))
            )
        if self._steps > _MOST_STEPS or not self._room(left):
            return False
        counts = dict(left)
        for emotion in sorted(counts, key=lambda e: -counts[e]):  # the hardest first
            if not self._rules.allow(recent, emotion):
                continue
            rest = tuple((e, n - (e == emotion)) for e, n in left if n - (e == emotion) > 0)
            if self._memo(rest, (*recent, emotion)[-self._window :]):
                return True
        return False

    def _room(self, left: tuple[tuple[str, int], ...]) -> bool:
        """Tell whether the commonest emotion has room among the others."""
        total = sum(n for _, n in left)
        most = max(n for _, n in left)
        if self._rules.distance > 1:
            return (most - 1) * self._rules.distance + 1 <= total
        return most <= self._rules.most_in_row * (total - most + 1)

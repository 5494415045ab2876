"""From a protocol to the flat list of trials of one participant.

The same study seed, participant and protocol always give the same order.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from emer_studio.core.errors import BadInputError
from emer_studio.schema.protocol import Block, Protocol
from emer_studio.schema.rating import RatingPage
from emer_studio.schema.stimulus import Clip, ClipManifest

__all__ = ["Trial", "build_plan", "order_clips", "select_clips"]


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial: fixation, clip, ratings, washout."""

    number: int
    block: str
    clip: Clip
    fixation_s: float
    washout_s: float
    ratings: tuple[RatingPage, ...]


def build_plan(
    protocol: Protocol, manifest: ClipManifest, *, participant_index: int, seed: int
) -> tuple[Trial, ...]:
    """Return the trials of one participant in order.

    Parameters
    ----------
    protocol, manifest
        What to show.
    participant_index : int
        Place of the participant in the study, from 0.
    seed : int
        The study's seed.

    Raises
    ------
    BadInputError
        When a block selects nothing or its constraints cannot be met.
    """
    key = f"{seed}/{participant_index}/{protocol.name}".encode()
    rng = random.Random(hashlib.sha256(key).digest())
    trials: list[Trial] = []
    for block in protocol.blocks:
        clips = select_clips(block, manifest, rng)
        for clip in order_clips(clips, block, rng):
            trials.append(
                Trial(
                    number=len(trials) + 1,
                    block=block.id,
                    clip=clip,
                    fixation_s=block.trial.fixation_s,
                    washout_s=block.trial.washout_s,
                    ratings=tuple(protocol.page(name) for name in block.ratings),
                )
            )
    return tuple(trials)


def select_clips(block: Block, manifest: ClipManifest, rng: random.Random) -> list[Clip]:
    """Return the clips that a block asks for, in the manifest's order."""
    select = block.select
    known = {clip.id for clip in manifest.clips}
    unknown = [name for name in select.ids if name not in known]
    if unknown:
        raise BadInputError(
            f"Block {block.id!r} asks for the clip {unknown[0]!r}, which the manifest"
            f" {manifest.name!r} does not have. It has: {', '.join(sorted(known))}."
        )
    clips = [
        clip
        for clip in manifest.clips
        if (not select.ids or clip.id in select.ids)
        and (not select.emotions or clip.emotion in select.emotions)
        and (not select.groups or clip.group in select.groups)
    ]
    if select.per_emotion is not None:
        chosen: set[str] = set()
        for emotion in dict.fromkeys(clip.emotion for clip in clips):
            pool = [clip.id for clip in clips if clip.emotion == emotion]
            if len(pool) < select.per_emotion:
                raise BadInputError(
                    f"Block {block.id!r} wants {select.per_emotion} clips of {emotion},"
                    f" the manifest has {len(pool)}."
                )
            chosen.update(rng.sample(pool, select.per_emotion))
        clips = [clip for clip in clips if clip.id in chosen]
    if not clips:
        raise BadInputError(f"Block {block.id!r} selects no clip of {manifest.name!r}.")
    return clips


def order_clips(clips: Sequence[Clip], block: Block, rng: random.Random) -> list[Clip]:
    """Order clips at random so that no emotion comes too often in a row.

    One clip after the other is drawn at random among those after which the rest can still
    be placed, so a possible order is always found and an impossible one is told at once.
    """
    if not block.order.shuffle:
        return list(clips)
    limit = block.order.max_same_emotion_in_row or len(clips)
    rest, placed = list(clips), list[Clip]()
    while rest:
        allowed = [clip for clip in rest if _possible_after(clip, placed, rest, limit)]
        if not allowed:
            raise BadInputError(
                f"Block {block.id!r}: its {len(clips)} clips cannot be ordered with at most"
                f" {limit} of the same emotion in a row.",
                fix="Allow more in a row, or add clips of other emotions.",
            )
        choice = rng.choice(allowed)
        rest.remove(choice)
        placed.append(choice)
    return placed


def _possible_after(choice: Clip, placed: list[Clip], rest: list[Clip], limit: int) -> bool:
    """Tell whether the rest can be placed when `choice` comes next.

    An emotion with n clips left needs a place for each run of `limit`: among the others,
    and, for the emotion that was shown last, what its present run still allows.
    """
    run = 1
    for clip in reversed(placed):
        if clip.emotion != choice.emotion:
            break
        run += 1
    if run > limit:
        return False
    left = Counter(clip.emotion for clip in rest)
    left[choice.emotion] -= 1
    total = left.total()
    return all(
        count
        <= limit * (total - count) + (limit - run if emotion == choice.emotion else limit)
        for emotion, count in left.items()
    )

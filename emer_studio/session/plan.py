"""From a protocol to the flat list of trials of one participant.

The same study seed, participant and protocol always give the same order.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass

from emer_studio.core.errors import BadInputError
from emer_studio.schema.protocol import Block, Protocol
from emer_studio.schema.rating import RatingPage
from emer_studio.schema.stimulus import Clip, ClipManifest
from emer_studio.session.order import order_clips

__all__ = ["Trial", "build_plan", "select_clips"]


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial: fixation, clip, ratings, washout."""

    number: int
    block: str
    practice: bool
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
        ordered = order_clips(clips, block, rng, slot=participant_index, seed=seed)
        for clip in ordered:
            trials.append(
                Trial(
                    number=len(trials) + 1,
                    block=block.id,
                    practice=block.practice,
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

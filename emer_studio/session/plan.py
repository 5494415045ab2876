"""From a protocol to the flat list of trials of one participant.

The same study seed, participant and protocol always give the same order.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from emer_studio.core.errors import BadInputError
from emer_studio.schema.protocol import Block, ClipBaseline, Protocol
from emer_studio.schema.rating import RatingPage
from emer_studio.schema.stimulus import Clip, ClipManifest
from emer_studio.session.order import order_clips

__all__ = ["CLOSING", "Trial", "build_plan", "fitting_clips", "select_clips", "trial_of"]

CLOSING = "closing"
"""The block of the clip that ends a session on a good note; it is never analysed."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial: fixation, clip, ratings, washout.

    `instead_of` is the number of the trial that was broken off and that this one replaces;
    `repeated` says that it shows the same clip again.
    """

    number: int
    block: str
    practice: bool
    clip: Clip
    baseline: ClipBaseline
    fixation_s: float
    washout_s: float
    ratings: tuple[RatingPage, ...]
    instead_of: int | None = None
    repeated: bool = False


def build_plan(
    protocol: Protocol,
    manifest: ClipManifest,
    *,
    participant_index: int,
    seed: int,
    opt_out: Sequence[str] = (),
    seen: Sequence[str] = (),
    session: int = 1,
) -> tuple[Trial, ...]:
    """Return the trials of one participant in order.

    Parameters
    ----------
    protocol, manifest
        What to show.
    participant_index : int
        The participant's place in the counterbalancing, from 0.
    seed : int
        The study's seed.
    opt_out : sequence of str
        Categories of clips that the participant does not want to see.
    seen : sequence of str
        Clips seen in earlier sessions; where a block draws among clips, they are not drawn.
    session : int
        Number of the participant's session: a later one has an order of its own.

    Raises
    ------
    BadInputError
        When a block selects nothing or its constraints cannot be met.
    """
    for category in opt_out:
        if category not in protocol.opt_out:
            raise BadInputError(
                f"{category!r} is no category that the protocol {protocol.name!r} lets"
                f" people opt out of: {', '.join(protocol.opt_out) or 'it has none'}."
            )
    later = f"/{session}" if session > 1 else ""
    key = f"{seed}/{participant_index}/{protocol.name}{later}".encode()
    rng = random.Random(hashlib.sha256(key).digest())
    trials: list[Trial] = []
    without = _without(protocol, opt_out)
    for block in protocol.blocks:
        clips = select_clips(block, manifest, rng, without=without, seen=seen)
        if opt_out:  # a design with holes balances nothing: what is left is drawn
            order = block.order.model_copy(update={"counterbalance": "none"})
            block = block.model_copy(update={"order": order})
        ordered = order_clips(clips, block, rng, slot=participant_index, seed=seed)
        pages = tuple(protocol.page(name) for name in block.ratings)
        trials += [
            _trial(len(trials) + k, block, clip, pages)
            for k, clip in enumerate(ordered, start=1)
        ]
    if protocol.closing_clip:
        clip = _closing_clip(protocol, manifest)
        closing = Block(id=CLOSING, ratings=("none",))
        trials.append(_trial(len(trials) + 1, closing, clip, ()))
    return tuple(trials)


def trial_of(protocol: Protocol, number: int, block_id: str, clip: Clip) -> Trial:
    """Return a trial of a block with a clip, as `build_plan` makes it."""
    if block_id == CLOSING:
        return _trial(number, Block(id=CLOSING, ratings=("none",)), clip, ())
    block = protocol.block(block_id)
    pages = tuple(protocol.page(name) for name in block.ratings)
    return _trial(number, block, clip, pages)


def _trial(number: int, block: Block, clip: Clip, pages: tuple[RatingPage, ...]) -> Trial:
    return Trial(
        number=number,
        block=block.id,
        practice=block.practice,
        clip=clip,
        baseline=block.trial.baseline,
        fixation_s=block.trial.fixation_s,
        washout_s=block.trial.washout_s,
        ratings=pages,
    )


def _closing_clip(protocol: Protocol, manifest: ClipManifest) -> Clip:
    found = next((c for c in manifest.clips if c.id == protocol.closing_clip), None)
    if found is None:
        raise BadInputError(
            f"The closing clip {protocol.closing_clip!r} is not in {manifest.name!r}."
        )
    return found


def _without(protocol: Protocol, opt_out: Sequence[str]) -> Callable[[Clip], bool]:
    """Return which clips a block must not show."""

    def left_out(clip: Clip) -> bool:
        refused = any(category in opt_out for category in clip.categories)
        return refused or clip.id == protocol.closing_clip

    return left_out


def select_clips(
    block: Block,
    manifest: ClipManifest,
    rng: random.Random,
    *,
    without: Callable[[Clip], bool] = lambda _clip: False,
    seen: Sequence[str] = (),
) -> list[Clip]:
    """Return the clips that a block shows, in the manifest's order.

    Parameters
    ----------
    without : callable
        Tells which clips are left out whatever the block asks for.
    seen : sequence of str
        Ids of clips that are not drawn where the block draws.
    """
    asked = fitting_clips(block, manifest)
    clips = [clip for clip in asked if not without(clip)]
    if block.select.per_emotion is not None:
        emotions = dict.fromkeys(clip.emotion for clip in asked)
        drawn = [_draw(block, clips, asked, emotion, rng, seen) for emotion in emotions]
        chosen = {clip.id for some in drawn for clip in some}
        clips = [clip for clip in clips if clip.id in chosen]
    if not clips:
        raise BadInputError(f"Block {block.id!r} selects no clip of {manifest.name!r}.")
    return clips


def fitting_clips(block: Block, manifest: ClipManifest) -> list[Clip]:
    """Return the clips that a block may show, before anything is drawn or left out."""
    select = block.select
    known = {clip.id for clip in manifest.clips}
    unknown = [name for name in select.ids if name not in known]
    if unknown:
        raise BadInputError(
            f"Block {block.id!r} asks for the clip {unknown[0]!r}, which the manifest"
            f" {manifest.name!r} does not have. It has: {', '.join(sorted(known))}."
        )
    return [
        clip
        for clip in manifest.clips
        if (not select.ids or clip.id in select.ids)
        and (not select.emotions or clip.emotion in select.emotions)
        and (not select.groups or clip.group in select.groups)
    ]


def _draw(
    block: Block,
    clips: Sequence[Clip],
    asked: Sequence[Clip],
    emotion: str,
    rng: random.Random,
    seen: Sequence[str],
) -> list[Clip]:
    """Draw clips of one emotion; the reserve must be there before anyone needs it."""
    wanted, reserve = block.select.per_emotion or 0, block.select.reserve
    pool = [clip for clip in clips if clip.emotion == emotion]
    held = sum(clip.emotion == emotion for clip in asked)
    if held < wanted + reserve:
        spare = f" and {reserve} in reserve" if reserve else ""
        raise BadInputError(
            f"Block {block.id!r} wants {wanted} clips of {emotion}{spare}, the manifest"
            f" has {held}."
        )
    unseen = [clip for clip in pool if clip.id not in seen]
    if pool and len(unseen) < min(wanted, len(pool)):
        raise BadInputError(
            f"Block {block.id!r} wants {wanted} clips of {emotion} that the participant has"
            f" not seen before; of {len(pool)} there are {len(unseen)} left.",
            fix="Add clips of this emotion to the manifest, or use another protocol.",
        )
    pool = unseen if seen else pool
    return rng.sample(pool, min(wanted, len(pool)))  # fewer only where they were refused

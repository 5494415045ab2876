"""Clips kept back to take the place of one that was broken off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from emer_studio.schema.protocol import Protocol
from emer_studio.schema.stimulus import Clip, ClipManifest
from emer_studio.session.plan import Trial, fitting_clips

__all__ = ["Reserve"]


class Reserve:
    """The reserve of a plan: for each block and emotion, clips that the plan leaves out.

    Parameters
    ----------
    protocol, manifest, plan
        What the participant will see; blocks without ``reserve`` keep nothing back.
    refused : sequence of str
        Categories that the participant does not want to see.
    seen : sequence of str
        Ids of clips that the participant has seen before.
    first_number : int
        Of the first trial that takes another's place; after the plan's unless given.
    """

    def __init__(
        self,
        protocol: Protocol,
        manifest: ClipManifest,
        plan: Sequence[Trial],
        *,
        refused: Sequence[str] = (),
        seen: Sequence[str] = (),
        first_number: int = 0,
    ) -> None:
        taken = {trial.clip.id for trial in plan} | set(seen) | {protocol.closing_clip}
        self._left: dict[tuple[str, str], list[Clip]] = defaultdict(list)
        self._next = first_number or len(plan) + 1
        for block in protocol.blocks:
            for clip in fitting_clips(block, manifest):
                left = self._left[block.id, clip.emotion]
                unwanted = clip.id in taken or set(clip.categories) & set(refused)
                if not unwanted and len(left) < block.select.reserve:
                    left.append(clip)
                    taken.add(clip.id)

    @property
    def clips(self) -> tuple[Clip, ...]:
        """Every clip that is still kept back."""
        return tuple(clip for left in self._left.values() for clip in left)

    def again(self, trial: Trial) -> Trial:
        """Return a trial with the same clip, because the operator wants it repeated."""
        number, self._next = self._next, self._next + 1
        return replace(trial, number=number, instead_of=trial.number, repeated=True)

    def instead_of(self, trial: Trial) -> Trial | None:
        """Return a trial with another clip of the same emotion, None when there is none."""
        left = self._left[trial.block, trial.clip.emotion]
        if not left:
            return None
        number, self._next = self._next, self._next + 1
        return replace(trial, number=number, clip=left.pop(0), instead_of=trial.number)

"""Whether a protocol is sound: all that can be known before anyone sits down.

The command ``protocol check`` and the editor in the window ask the same questions here.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from emer_studio.schema.protocol import Protocol
from emer_studio.schema.protocol_doubts import doubts
from emer_studio.schema.stimulus import ClipManifest
from emer_studio.session.counterbalance import cycle_length
from emer_studio.session.plan import build_plan, select_clips
from emer_studio.session.steps import steps_of
from emer_studio.session.timeline import duration_s
from emer_studio.stimulus.demo_clips import DEMO_SECONDS
from emer_studio.stimulus.figures import check_figures
from emer_studio.stimulus.library import Look, clip_file, look_at, manifest_of
from emer_studio.study.frozen import is_frozen

__all__ = ["Lengths", "Soundness", "check_protocol", "lengths_of"]

_MOST_NAMED = 6  # clips in one sentence
_MOST_TRIED = 200  # participants; a longer cycle is looked at only so far (chosen by us)


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long the clips of a manifest are as they are shown.

    Attributes
    ----------
    clip_s : dict of str to float
        By clip id, in seconds.
    drawn : int
        How many the program will draw.
    not_kept : tuple of str
        Clips of a frozen manifest that no session showed, so that no copy is there.
    """

    clip_s: dict[str, float]
    drawn: int
    not_kept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Soundness:
    """What is known about a sound protocol.

    Attributes
    ----------
    cycle : int
        Participants over which the orders are balanced; 1 for an order of their own each.
    trials : int
        Of the first participant.
    minutes : float
        About how long a session takes.
    """

    manifest: ClipManifest
    lengths: Lengths
    cycle: int
    trials: int
    minutes: float
    warnings: tuple[str, ...]


def check_protocol(
    protocol: Protocol, path: Path, *, look: Callable[[Path], Look] = look_at
) -> Soundness:
    """Find out whether sessions can be run with a protocol.

    Parameters
    ----------
    protocol : Protocol
        As read.
    path : Path
        Where it stands, or is to stand: its relative paths are seen from there.
    look : callable
        Looks at a clip; whoever asks often may remember what it said.

    Raises
    ------
    BadInputError
        When the clips, the figures or an order cannot be.
    """
    manifest, manifest_path = manifest_of(protocol, path)
    for page in protocol.rating_pages:
        check_figures(page, path)
    lengths = lengths_of(manifest, manifest_path, look)
    cycle = _try_orders(protocol, manifest)
    plan = build_plan(protocol, manifest, participant_index=0, seed=0)
    minutes = duration_s(list(steps_of(protocol, plan)), lengths.clip_s) / 60
    missing = [
        f"the clip {name!r} was never shown in this study, which keeps no copy of it"
        for name in lengths.not_kept
    ]
    warnings = (*doubts(protocol), *missing, *_without_peak(protocol, manifest))
    return Soundness(manifest, lengths, cycle, len(plan), minutes, warnings)


def _without_peak(protocol: Protocol, manifest: ClipManifest) -> list[str]:
    names = [clip.id for clip in manifest.clips if clip.peak_s is None]
    if protocol.label_unit.kind != "peak" or not names:
        return []
    listed = ", ".join(names[:_MOST_NAMED]) + (" …" if len(names) > _MOST_NAMED else "")
    return [
        f"labels are for the peak of a clip, but {len(names)} of {len(manifest.clips)}"
        f" clips have no peak_s in {manifest.name!r} and will be in no dataset: {listed}"
    ]


def lengths_of(
    manifest: ClipManifest, manifest_path: Path, look: Callable[[Path], Look] = look_at
) -> Lengths:
    """Return how long each clip is shown, see `Lengths`."""
    lengths, drawn, not_kept = {}, 0, []
    for clip in manifest.clips:
        source = clip_file(clip, manifest_path)
        if clip.generate is not None and not source.is_file():
            drawn += 1
            whole_s = DEMO_SECONDS
        elif is_frozen(manifest_path) and not source.is_file():
            not_kept.append(clip.id)
            continue
        else:
            whole_s = look(source).duration_s
        end_s = whole_s if clip.trim_out_s is None else min(clip.trim_out_s, whole_s)
        lengths[clip.id] = end_s - clip.trim_in_s
    return Lengths(lengths, drawn, tuple(not_kept))


def _try_orders(protocol: Protocol, manifest: ClipManifest) -> int:
    """Order the clips for every participant of a cycle; return how long the cycle is.

    A constraint that cannot be met is found here, before anyone sits down.
    """
    cycle = 1
    for block in protocol.blocks:
        clips = select_clips(block, manifest, random.Random(0))
        emotions = [clip.emotion for clip in clips]
        cycle = math.lcm(cycle, cycle_length(emotions, block.order.counterbalance))
    cycle = min(cycle, _MOST_TRIED)
    for slot in range(cycle):
        build_plan(protocol, manifest, participant_index=slot, seed=0)
    return cycle

"""One recording out of the files of two recorders and their restarts.

Both recorders store the stamps that the sender sent, so a sample is recognised by its raw
stamp: what the first recorder lacks is put in where the standby has it. No stamp is
changed and nothing is sorted, so clock resets and equal stamps keep their order.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from emer_studio.recording.clock_fit import correct
from emer_studio.recording.xdf_load import RecordedStream

__all__ = ["join"]

# Recorders never begin and end at the same moment: a whole file of the first one is taken
# as it is unless the standby has more than this beyond it (chosen by us).
_EDGE_S = 1.0
Floats = npt.NDArray[np.float64]
Key = tuple[Any, ...]


def join(
    primary: Sequence[Sequence[RecordedStream]],
    standby: Sequence[Sequence[RecordedStream]] = (),
) -> tuple[list[RecordedStream], dict[str, int]]:
    """Join the streams of several files.

    Parameters
    ----------
    primary : sequence of sequence of RecordedStream
        The streams of each file of the first recorder, in the order of recording.
    standby : sequence of sequence of RecordedStream
        The same of the standby recorder.

    Returns
    -------
    streams : list of RecordedStream
        One for each sender; what was in one file only is returned as it is.
    filled : dict of str to int
        Samples missing inside the first recorder's files, by stream name. What the
        standby has before or after is not counted, and is added only where the first
        recorder was cut off or missed more than a second.
    """
    twins = _twins([*primary, *standby])
    first, second = _by_sender(primary, twins), _by_sender(standby, twins)
    joined, filled = [], {}
    for key in [*first, *(key for key in second if key not in first)]:
        stream, added = _one(first.get(key, []), second.get(key, []))
        joined.append(stream)
        if added:
            filled[stream.header.name] = added
    return joined, filled


def _by_sender(
    files: Sequence[Sequence[RecordedStream]], twins: set[Key]
) -> dict[Key, list[RecordedStream]]:
    """Group streams by sender; twins are told apart by their runs."""
    found: dict[Key, list[RecordedStream]] = defaultdict(list)
    for streams in files:
        for stream in streams:
            key = _sender(stream)
            found[(*key, stream.header.uid) if key in twins else key].append(stream)
    return dict(found)


def _twins(files: Sequence[Sequence[RecordedStream]]) -> set[Key]:
    """Return the senders that one file holds more than once."""
    counts = (Counter(map(_sender, streams)) for streams in files)
    return {key for count in counts for key, n in count.items() if n > 1}


def _sender(stream: RecordedStream) -> Key:
    head = stream.header
    shape = (head.channel_count, head.channel_format)
    return (head.name, head.type, head.source_id, head.hostname, *shape)


def _one(
    first: list[RecordedStream], second: list[RecordedStream]
) -> tuple[RecordedStream, int]:
    """Join the parts of one sender; return how many holes the standby filled."""
    parts = first or second
    mine, other = _stamps(parts), _stamps(second if first else [])
    order = _order(mine, other)
    own = np.flatnonzero(order < len(mine))
    inside = order[own[0] : own[-1] + 1] if len(own) else order[:0]
    added = int(np.sum(inside >= len(mine)))
    whole = len(parts) == 1 and parts[0].footer_count == len(mine) and not added
    marker = parts[0].header.channel_format == "string"  # each one counts
    few = len(order) == len(mine) or (not marker and _reach_s(mine, other) < _EDGE_S)
    if whole and few:
        return parts[0], 0
        return parts[0], 0
    stamps = np.concatenate([mine, other])[order]
    offsets = _offsets(first, second)
    fit = correct(stamps, offsets)
    stream = replace(
        parts[0],
        stamps_s=fit.stamps_s,
        values=_values([*parts, *(second if first else [])], order),
        offsets_s=offsets,
        footer_count=len(stamps),
        uncertain=fit.uncertain,
        raw_stamps_s=stamps,
        drift_ppm=fit.drift_ppm,
        offset_uncertainty_s=fit.uncertainty_s,
        resets_s=fit.resets,
        findings=tuple(dict.fromkeys(item for part in parts for item in part.findings)),
    )
    return stream, added


def _reach_s(mine: Floats, other: Floats) -> float:
    """Return how far the standby's samples reach beyond those of the first recorder."""
    own, more = mine[np.isfinite(mine)], other[np.isfinite(other)]
    if not len(own) or not len(more):
        return 0.0 if not len(more) else np.inf
    return float(max(own[0] - more[0], more[-1] - own[-1], 0.0))


def _stamps(parts: list[RecordedStream]) -> Floats:
    return np.concatenate([np.empty(0), *(part.raw_stamps_s for part in parts)])


def _values(parts: list[RecordedStream], order: npt.NDArray[np.intp]) -> Any:
    if parts[0].header.channel_format != "string":
        return np.concatenate([part.values for part in parts])[order]
    rows = [row for part in parts for row in part.values]
    return [rows[i] for i in order]


def _order(mine: Floats, other: Floats) -> npt.NDArray[np.intp]:
    """Return the order of ``[*mine, *other]`` that adds to `mine` what it lacks.

    A sample that is missing stands behind the one that it follows in `other`.
    """
    index = np.arange(len(mine))
    if not len(other):
        return index
    keys, wanted = _keys(mine), _keys(other)
    by_key = np.argsort(keys, kind="stable")
    at = np.minimum(np.searchsorted(keys[by_key], wanted), max(len(keys) - 1, 0))
    known = keys[by_key][at] == wanted if len(keys) else np.zeros(len(other), bool)
    missing = np.flatnonzero(~known & np.isfinite(other))
    if not len(missing):
        return index
    anchors = np.flatnonzero(known)
    positions = np.concatenate([[-1], by_key[at[anchors]], [len(mine)]])
    before = np.searchsorted(anchors, missing)  # of the anchors, counted from the -1
    place = np.empty(len(missing), dtype=np.intp)
    for stretch in np.unique(before):
        among = before == stretch
        low, high = positions[stretch] + 1, positions[stretch + 1]
        place[among] = low + _among(mine[low:high], other[missing[among]])
    return np.insert(index, place, len(mine) + missing)


def _among(mine: Floats, missing: Floats) -> npt.NDArray[np.intp]:
    """Return how many of `mine` come before each of `missing`: both had gaps there."""
    if np.any(np.diff(mine) < 0):  # a clock was reset in between: who knows
        return np.zeros(len(missing), dtype=np.intp)
    return np.searchsorted(mine, missing, side="right")


def _keys(stamps: Floats) -> npt.NDArray[np.complex128]:
    """Tell samples apart: the stamp, and the how-manieth of that stamp it is."""
    order = np.argsort(stamps, kind="stable")
    same = np.zeros(len(stamps), dtype=bool)
    same[1:] = stamps[order][1:] == stamps[order][:-1]
    position = np.arange(len(stamps))
    begin = np.maximum.accumulate(np.where(same, 0, position))
    rank = np.empty(len(stamps))
    rank[order] = position - begin
    return stamps + 1j * rank


def _offsets(first: list[RecordedStream], second: list[RecordedStream]) -> Floats:
    """Return the clock offsets of all files, in the order of their measurement."""
    tables = [
        np.concatenate([np.empty((0, 2)), *(part.offsets_s for part in parts)])
        for parts in (first, second)
    ]
    both = np.concatenate(tables)
    if all(np.all(np.diff(table[:, 0]) >= 0) for table in tables):
        return both[np.argsort(both[:, 0], kind="stable")]
    return (
        tables[0] if len(tables[0]) else tables[1]
    )  # a reset clock has no order to sort by

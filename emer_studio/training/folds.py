"""Splits by participant or by official sets, and the gate that refuses a leaking one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from emer_studio.core.errors import BadInputError
from emer_studio.dataset.clip_facts import ClipFacts
from emer_studio.schema.dataset import StoredSample
from emer_studio.schema.training import PARTS, FoldSplit, Part, StimulusSplit

__all__ = [
    "balanced",
    "check_films",
    "check_leakage",
    "hold_out",
    "make_folds",
    "official_folds",
]

_VALIDATION_SHARE = 0.2
"""Share of the training participants that choose the epoch (ours; official: none)."""
_FEWEST_FOR_VALIDATION = 3
_FEW = {
    "participant": ("participants", "Record more participants"),
    "stimulus": ("stimuli", "Show more clips"),
}


def make_folds(participants: Sequence[str], n_folds: int, seed: int) -> list[FoldSplit]:
    """Split participants into folds of about equal numbers of samples.

    Parameters
    ----------
    participants : sequence of str
        Participant of each sample that will be used.
    n_folds : int
        Number of folds, at least 2.
    seed : int
        Decides the order; the same seed gives the same folds.

    Returns
    -------
    list of FoldSplit
        Every participant is in exactly one test part. Inside the others, a fifth (at
        least one) is kept for choosing the epoch; with fewer than three others, none is.

    Raises
    ------
    BadInputError
        With fewer participants than folds.
    """
    tests = balanced(participants, n_folds, [seed, 11], "participant")
    everybody = set(participants)
    return [
        _with_validation(number, test, everybody - set(test), seed)
        for number, test in enumerate(tests, start=1)
    ]


def balanced(
    names: Sequence[str], n_folds: int, seed: Sequence[int], what: str
) -> list[list[str]]:
    """Deal names into test parts of about equal numbers of samples, each part sorted.

    Parameters
    ----------
    names : sequence of str
        One for each sample that will be used.
    n_folds : int
    seed : sequence of int
    what : {"participant", "stimulus"}
        For the messages.

    Raises
    ------
    BadInputError
        With fewer than two folds, or fewer names than folds.
    """
    counts = Counter(names)
    if n_folds < 2:
        raise BadInputError(f"Expected at least 2 folds, found {n_folds}.")
    if len(counts) < n_folds:
        many, more = _FEW[what]
        raise BadInputError(
            f"{n_folds} folds by {what} need at least {n_folds} labelled "
            f"{many}, found {len(counts)}.",
            fix=f"{more}, or ask for fewer folds with --folds.",
        )
    rng = np.random.default_rng(seed)
    order = [sorted(counts)[i] for i in rng.permutation(len(counts))]
    order.sort(key=lambda name: -counts[name])  # stable: ties stay shuffled
    tests: list[list[str]] = [[] for _ in range(n_folds)]
    for name in order:
        smallest = min(tests, key=lambda part: (sum(counts[p] for p in part), len(part)))
        smallest.append(name)
    return [sorted(test) for test in tests]


def official_folds(
    samples: Sequence[StoredSample], sets: Mapping[str, int | None], seed: int
) -> list[FoldSplit]:
    """Make one fold of each official set: it is tested, the others are trained on.

    Parameters
    ----------
    samples : sequence of StoredSample
        The samples that will be used.
    sets : mapping of str to int
        Official set of each sample; see `dataset.sets.read_sets`.
    seed : int
        Decides who is kept for choosing the epoch, as in `make_folds`.

    Raises
    ------
    BadInputError
        When a sample has no set, there are fewer than two sets, or a participant is in
        several: what is learnt of a person would be tested on the same person.
    """
    without = [s.sample_id for s in samples if sets.get(s.sample_id) is None]
    if without:
        raise BadInputError(
            f"{len(without)} of {len(samples)} samples are in no official set, such as"
            f" {', '.join(without[:3])}; training was not started.",
            fix="Complete the list of sets and import again, or use folds by participant"
            " (--folds 5).",
        )
    homes: dict[str, set[int]] = {}
    for sample in samples:
        number = sets[sample.sample_id]
        assert number is not None
        homes.setdefault(sample.participant, set()).add(number)
    torn = {name: found for name, found in sorted(homes.items()) if len(found) > 1}
    if torn:
        told = "; ".join(f"{n} in {', '.join(map(str, sorted(torn[n])))}" for n in torn)
        raise BadInputError(
            f"The official sets leak: {len(torn)} of {len(homes)} participants are in"
            f" several ({told}); training was not started.",
            fix="Use folds by participant (--folds 5). That the official sets share people"
            " is worth reporting.",
        )
    numbers = sorted({number for found in homes.values() for number in found})
    if len(numbers) < 2:
        raise BadInputError(f"Expected at least 2 official sets, found {len(numbers)}.")
    tests = {n: sorted(p for p, found in homes.items() if n in found) for n in numbers}
    return [_with_validation(n, tests[n], set(homes) - set(tests[n]), seed) for n in tests]


def _with_validation(number: int, test: list[str], rest: set[str], seed: int) -> FoldSplit:
    train, validation = hold_out(rest, [seed, 12, number])
    return FoldSplit(fold=number, train=train, validation=validation, test=tuple(test))


def hold_out(
    rest: Collection[str], seed: Sequence[int]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Part names into those to train on and those that choose the epoch, both sorted."""
    others = sorted(rest)
    n = 0
    if len(others) >= _FEWEST_FOR_VALIDATION:
        n = max(round(_VALIDATION_SHARE * len(others)), 1)
    order = np.random.default_rng(seed).permutation(len(others))
    chosen = {others[i] for i in order[:n]}
    return tuple(p for p in others if p not in chosen), tuple(sorted(chosen))


def check_leakage(samples: Sequence[StoredSample], split: FoldSplit) -> None:
    """Refuse a split in which training and evaluation share anything.

    Parameters
    ----------
    samples : sequence of StoredSample
        The samples that will be used.
    split : FoldSplit
        One fold.

    Raises
    ------
    BadInputError
        When a participant, or a stimulus of folds that keep stimuli apart, is in two parts;
        or the same recording (by its hash), or parts of one clip (windows of a trial) are
        found in two parts.
    """
    if split.by != "stimulus":
        _disjoint(split, split, "participant")
    if split.stimuli is not None:
        _disjoint(split, split.stimuli, "stimulus")
    data: dict[str, tuple[StoredSample, Part]] = {}
    clips: dict[str, tuple[StoredSample, Part]] = {}
    for sample in samples:
        part = split.part_of(sample.participant, sample.stimulus)
        if part is None:
            continue
        same = (
            (data.setdefault(sample.sha256, (sample, part)), "hold the same data"),
            (clips.setdefault(sample.trial_id, (sample, part)), "are parts of one clip"),
        )
        for (first, home), what in same:
            if home != part:
                raise BadInputError(
                    f"Fold {split.fold} leaks: samples {first.sample_id} ({home}) and "
                    f"{sample.sample_id} ({part}) {what}; training was not started.",
                    fix="Remove one, or give both the same participant, and rebuild.",
                )


def check_films(split: FoldSplit, clips: Mapping[str, ClipFacts]) -> None:
    """Refuse a split by stimulus in which one film is on both sides under two names.

    Parameters
    ----------
    split : FoldSplit
        One fold.
    clips : mapping
        What the dataset knows of its stimuli; those without a hash cannot be told.

    Raises
    ------
    BadInputError
        Naming both.
    """
    home: dict[str, tuple[str, str]] = {}
    for part in PARTS if split.stimuli is not None else ():
        for name in getattr(split.stimuli, part):
            digest = clips[name].sha256 if name in clips else ""
            first, where = home.setdefault(digest or name, (name, part))
            if where != part:
                raise BadInputError(
                    f"Fold {split.fold} leaks: the clips {first} ({where}) and {name}"
                    f" ({part}) are the same file; training was not started.",
                    fix="Give both one name in the clip manifest and build again, or use"
                    " folds by participant.",
                )


def _disjoint(split: FoldSplit, parts: FoldSplit | StimulusSplit, what: str) -> None:
    home: dict[str, str] = {}
    for part in PARTS:
        for name in getattr(parts, part):
            if home.setdefault(name, part) != part:
                raise BadInputError(
                    f"Fold {split.fold} leaks: {what} {name} is in {home[name]} and "
                    f"in {part}; training was not started."
                )

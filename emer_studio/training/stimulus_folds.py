"""Folds that keep stimuli apart, alone or together with the participants.

With participants kept apart and clips shared, recognising the clip is enough to know what
most people felt. Only folds without a shared clip show whether more was learnt.
"""

from __future__ import annotations

from collections.abc import Sequence

from emer_studio.schema.dataset import StoredSample
from emer_studio.schema.training import FoldSplit, StimulusSplit
from emer_studio.training.folds import balanced, hold_out

__all__ = ["crossed_folds", "stimulus_folds"]


def stimulus_folds(
    samples: Sequence[StoredSample], n_folds: int, seed: int
) -> list[FoldSplit]:
    """Split stimuli into folds; everybody is in every part, with other clips.

    Parameters
    ----------
    samples : sequence of StoredSample
        The samples that will be used.
    n_folds : int
    seed : int

    Raises
    ------
    BadInputError
        With fewer stimuli than folds.
    """
    everybody = tuple(sorted({s.participant for s in samples}))
    return [
        FoldSplit(
            fold=number,
            train=everybody,
            validation=everybody if clips.validation else (),
            test=everybody,
            by="stimulus",
            stimuli=clips,
        )
        for number, clips in enumerate(_clips(samples, n_folds, seed), start=1)
    ]


def crossed_folds(
    samples: Sequence[StoredSample], n_folds: int, seed: int
) -> list[FoldSplit]:
    """Split participants and stimuli at once: nobody and no clip is on both sides.

    Each fold tests its own people with its own clips, so of fully crossed data about one
    sample in `n_folds` is tested. (To test all of them would take as many trainings as the
    square of `n_folds`.)

    Parameters
    ----------
    samples : sequence of StoredSample
        The samples that will be used.
    n_folds : int
    seed : int

    Raises
    ------
    BadInputError
        With fewer participants or stimuli than folds.
    """
    tests = balanced([s.participant for s in samples], n_folds, [seed, 11], "participant")
    everybody = {s.participant for s in samples}
    folds = []
    pairs = zip(tests, _clips(samples, n_folds, seed), strict=True)
    for number, (test, clips) in enumerate(pairs, start=1):
        rest = everybody - set(test)
        train, validation = hold_out(rest, [seed, 12, number])
        if not (validation and clips.validation):
            train, validation = tuple(sorted(rest)), ()
            both = tuple(sorted((*clips.train, *clips.validation)))
            clips = StimulusSplit(train=both, validation=(), test=clips.test)
        folds.append(
            FoldSplit(
                fold=number,
                train=train,
                validation=validation,
                test=tuple(test),
                by="both",
                stimuli=clips,
            )
        )
    return folds


def _clips(samples: Sequence[StoredSample], n_folds: int, seed: int) -> list[StimulusSplit]:
    names = [s.stimulus for s in samples]
    parts = []
    for number, test in enumerate(
        balanced(names, n_folds, [seed, 13], "stimulus"), start=1
    ):
        train, validation = hold_out(set(names) - set(test), [seed, 14, number])
        parts.append(StimulusSplit(train=train, validation=validation, test=tuple(test)))
    return parts

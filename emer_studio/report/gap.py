"""The gap between what was felt (ER) and what the face showed (FER).

Discordance alone says little: two experts who look at the same face disagree as well. It
is therefore told beside its noise floor, how often one rater disagrees with the majority
of the others. Nothing here speaks of one person or one trial.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.resampling import (
    Interval,
    drawn_weights,
    interval,
    mean_interval,
    share_interval,
)
from emer_studio.dataset.cache_reader import Dataset
from emer_studio.labels.votes import against_the_others
from emer_studio.schema.dataset import POLARITIES

__all__ = ["Confusion", "Contrast", "Gap", "gap_of", "noise_floor"]

Floats = npt.NDArray[np.float64]
Votes = Mapping[str, Mapping[str, int]]
_LEAST = 5  # trials of a row of a table, below which it is not told; chosen by us


@dataclass(frozen=True, slots=True)
class Confusion:
    """Felt against shown.

    Attributes
    ----------
    classes : tuple of str
    counts : ndarray, shape (k, k), int64
        Felt by row, shown by column.
    shares : tuple of tuple of Interval
        Of each row.
    """

    classes: tuple[str, ...]
    counts: npt.NDArray[np.int64]
    shares: tuple[tuple[Interval, ...], ...]


@dataclass(frozen=True, slots=True)
class Contrast:
    """One eye measure of discordant trials against concordant ones.

    Attributes
    ----------
    measure : str
    concordant, discordant : float
        Mean over trials, in the measure's own unit.
    difference : Interval
        Discordant less concordant in standard deviations, each participant's own mean
        taken out first: who blinks much is not thereby discordant.
    trials : int
        With this measure; of parts of clips, samples.
    """

    measure: str
    concordant: float
    discordant: float
    difference: Interval
    trials: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Everything about the gap of one dataset.

    Attributes
    ----------
    samples, trials, participants, stimuli : int
        With both labels. Several samples of one trial (windows of its clip) are not
        independent; the intervals keep them together, for they share both who and what.
    weak : int
        Samples whose felt label is that of the whole clip, of which they are a part.
    units : tuple of str
        What the samples are, in words.
    seven, three : Confusion
        Of emotions, and of the sign of valence.
    discordance : Interval
        Share of trials whose felt emotion is not the shown one.
    floor : Interval or None
        Share of votes that differ from the majority of the other raters; None without
        single votes.
    by_emotion, by_stimulus : dict of str to Interval
        Discordance by felt emotion and by stimulus, where there are enough trials.
    shifts : dict of str to (Interval, Interval)
        Shown less felt valence and arousal, by felt emotion.
    contrasts : tuple of Contrast
    """

    samples: int
    trials: int
    weak: int
    units: tuple[str, ...]
    participants: int
    stimuli: int
    seven: Confusion
    three: Confusion
    discordance: Interval
    floor: Interval | None
    by_emotion: dict[str, Interval]
    by_stimulus: dict[str, Interval]
    shifts: dict[str, tuple[Interval, Interval]]
    contrasts: tuple[Contrast, ...]


def gap_of(
    dataset: Dataset, measures: pd.DataFrame | None = None, votes: Votes | None = None
) -> Gap:
    """Compare felt and shown over the trials that have both.

    Parameters
    ----------
    dataset : Dataset
        Excluded samples do not count.
    measures : DataFrame, optional
        Eye measures by ``sample_id`` (its index).
    votes : mapping, optional
        For each sample how many raters chose each emotion.
    """
    table = _pairs(dataset)
    both = table[table["er_emotion"].notna() & table["fer_emotion"].notna()]
    felt, shown = both["er_emotion"].to_numpy(str), both["fer_emotion"].to_numpy(str)
    weights = _weights(both)
    apart, everywhere = felt != shown, np.ones(len(both), bool)

    def by(column: str, names: Sequence[str]) -> dict[str, Interval]:
        own = both[column].to_numpy(str)
        trials = both["trial_id"].to_numpy(str)
        often = [name for name in names if len(set(trials[own == name])) >= _LEAST]
        return {name: share_interval(weights, apart, own == name) for name in often}

    polar = table[table["er3"].notna() & table["fer3"].notna()]
    return Gap(
        samples=len(both),
        trials=both["trial_id"].nunique(),
        weak=int(both["er_weak"].sum()),
        units=dataset.manifest.units,
        participants=both["participant"].nunique(),
        stimuli=both["stimulus"].nunique(),
        seven=_confusion(both, "er_emotion", "fer_emotion", EMOTIONS),
        three=_confusion(polar, "er3", "fer3", POLARITIES),
        discordance=share_interval(weights, apart, everywhere),
        floor=noise_floor(both, votes) if votes else None,
        by_emotion=by("er_emotion", EMOTIONS),
        by_stimulus=by("stimulus", sorted(set(both["stimulus"]))),
        shifts=_shifts(table),
        contrasts=_contrasts(both, apart, weights, measures),
    )


def noise_floor(samples: pd.DataFrame, votes: Votes) -> Interval:
    """Return how often a rater disagrees with the majority of the others.

    Parameters
    ----------
    samples : DataFrame
        ``sample_id``, ``participant`` and ``stimulus``.
    votes : mapping
        See `gap_of`; samples with fewer than three votes do not count. Where the others
        are tied, each of the tied emotions counts by its part.
    """
    rows = [
        (row.participant, row.stimulus, *counted)
        for row in samples.itertuples()
        if (counted := against_the_others(votes.get(str(row.sample_id), {})))[1] >= 3
    ]
    if not rows:
        return Interval(float("nan"), float("nan"), float("nan"))
    people, stimuli, apart, number = zip(*rows, strict=True)
    weights = drawn_weights(people, stimuli)
    counted = weights @ np.array(number)
    return interval(weights @ np.array(apart) / np.where(counted > 0, counted, np.nan))


def _pairs(dataset: Dataset) -> pd.DataFrame:
    axes = ("er_valence", "er_arousal", "fer_valence", "fer_arousal")
    labels = ("er_emotion", "fer_emotion", "er3", "fer3", *axes)
    names = ("sample_id", "trial_id", "participant", "stimulus", "er_weak", *labels)
    rows = [
        {name: getattr(sample, name) for name in names}
        for sample in dataset.samples
        if not sample.excluded
    ]
    return pd.DataFrame(rows, columns=list(names))


def _confusion(
    table: pd.DataFrame, felt: str, shown: str, classes: Sequence[str]
) -> Confusion:
    rows, columns = table[felt].to_numpy(str), table[shown].to_numpy(str)
    weights, k = _weights(table), len(classes)
    counts = np.zeros((k, k), np.int64)
    shares: list[tuple[Interval, ...]] = []
    for i, one in enumerate(classes):
        among = rows == one
        counts[i] = [(among & (columns == other)).sum() for other in classes]
        shares.append(
            tuple(share_interval(weights, columns == other, among) for other in classes)
        )
    return Confusion(tuple(classes), counts, tuple(shares))


def _weights(table: pd.DataFrame) -> Floats:
    return drawn_weights(table["participant"].tolist(), table["stimulus"].tolist())


def _shifts(table: pd.DataFrame) -> dict[str, tuple[Interval, Interval]]:
    found = {}
    for emotion in EMOTIONS:
        part = table[table["er_emotion"] == emotion]
        moved = [
            part[f"fer_{axis}"].to_numpy(float) - part[f"er_{axis}"].to_numpy(float)
            for axis in ("valence", "arousal")
        ]
        known = np.isfinite(moved).all(axis=0)
        if part["trial_id"][known].nunique() >= _LEAST:
            weights = _weights(part)
            valence, arousal = (mean_interval(weights, values) for values in moved)
            found[emotion] = valence, arousal
    return found


def _contrasts(
    both: pd.DataFrame,
    apart: npt.NDArray[np.bool_],
    weights: Floats,
    measures: pd.DataFrame | None,
) -> tuple[Contrast, ...]:
    if measures is None or not len(both):
        return ()
    own = measures.reindex(both["sample_id"])
    people = both["participant"].to_numpy(str)
    return tuple(
        _contrast(str(name), own[name].to_numpy(float), apart, people, weights)
        for name in own.columns
    )


def _contrast(
    name: str,
    values: Floats,
    apart: npt.NDArray[np.bool_],
    people: npt.NDArray[np.str_],
    weights: Floats,
) -> Contrast:
    known = np.isfinite(values)
    own = pd.Series(values).groupby(people).transform("mean").to_numpy()
    rest = np.where(known, values - own, 0.0)
    spread = float(np.std(rest[known])) if known.sum() > 1 else 0.0
    means = []
    for side in (apart & known, ~apart & known):
        total = weights @ side
        sums = weights @ np.where(side, rest, 0.0)
        means.append(np.where(total > 0, sums / np.where(total > 0, total, 1), np.nan))
    scaled = (means[0] - means[1]) / spread if spread > 0 else np.full(len(weights), np.nan)
    mean = [float(np.mean(values[side & known])) if (side & known).any() else float("nan")
            for side in (~apart, apart)]  # fmt: skip
    return Contrast(name, mean[0], mean[1], interval(scaled), int(known.sum()))

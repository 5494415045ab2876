"""The rows of the table of agreement: one coefficient each, named, with its interval."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.resampling import Interval, share_interval
from emer_studio.labels.agreement.alpha import krippendorff_alpha
from emer_studio.labels.agreement.estimate import Estimate, Floats, counts_of
from emer_studio.labels.agreement.icc import icc
from emer_studio.labels.agreement.kappa import (
    cohen_kappa,
    fleiss_kappa,
    gwet_ac,
    per_class,
)
from emer_studio.labels.agreement.raters import (
    autocorrelation,
    confusion,
    majority_of_others,
    median_interval,
    quarters,
)
from emer_studio.labels.agreement.words import alpha_word, icc_word, kappa_word
from emer_studio.labels.ratings import Rating, codes_of, numbers_of
from emer_studio.schema.dataset import POLARITIES, polarity

__all__ = ["SECTIONS", "THREE", "Row", "Tables", "rows_of"]

SECTIONS = {
    "categories": "Categories",
    "numbers": "Valence, arousal and intensity",
    "classes": "Each class against the rest",
    "pairs": "Pairs of raters (Cohen's κ, seven categories)",
    "repeats": "The same rater again (silent repeats against stage A)",
    "drift": "Drift: agreement with the majority of the others, by quarter of the way",
    "pace": "Pace",
}
_SEVEN, _INTENSITIES = len(EMOTIONS), 4
THREE = {
    "happiness": "positive",
    "neutral": "neutral",
    **dict.fromkeys(("sadness", "fear", "disgust", "anger"), "negative"),
}
"""The three classes where no valence was given; surprise is either, hence missing."""


@dataclass(frozen=True, slots=True)
class Row:
    """One coefficient.

    Attributes
    ----------
    section : str
        One of `SECTIONS`.
    name : str
    value, low, high : float
        With its 95 % interval; NaN where undefined, `reason` says why.
    items, raters : int
        That it was computed from.
    word : str
        What its size is called.
    prevalence : float
        Share of the ratings that chose the class; NaN for what is no class.
    unit : str
        Empty for coefficients and shares.
    """

    section: str
    name: str
    value: float
    low: float
    high: float
    items: int
    raters: int
    word: str = ""
    reason: str = ""
    prevalence: float = math.nan
    unit: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it with null for NaN."""
        cells = dataclasses.asdict(self)
        return {
            k: None if isinstance(v, float) and math.isnan(v) else v
            for k, v in cells.items()
        }


@dataclass(frozen=True)
class Tables:
    """The ratings of stage A as tables, and how often each item counts in each draw.

    Attributes
    ----------
    items, raters : tuple of str
    weights : ndarray, shape (1 + draws, items), float64
    blind, every : tuple of Rating
        Of stage A, and of all stages.
    """

    items: tuple[str, ...]
    raters: tuple[str, ...]
    weights: Floats
    blind: tuple[Rating, ...]
    every: tuple[Rating, ...]

    @cached_property
    def codes(self) -> Floats:
        """Categories as numbers, shape (items, raters)."""
        return codes_of(self.blind, self.items, self.raters)

    @cached_property
    def repeated(self) -> Floats:
        """The same of the silent repeats."""
        again = [
            r for r in self.every if r.stage == "A-repeat" and r.annotator in self.raters
        ]
        return codes_of(again, self.items, self.raters)

    @cached_property
    def positions(self) -> Floats:
        """Place of each item in each rater's order; by time where none was noted."""
        table = np.full(self.codes.shape, np.nan)
        rows = {item: i for i, item in enumerate(self.items)}
        for column, rater in enumerate(self.raters):
            mine = sorted(
                (r for r in self.blind if r.annotator == rater and not r.imported),
                key=lambda r: (r.position or 0, r.utc),
            )
            for place, rating in enumerate(mine):
                table[rows[rating.item], column] = place
        return table

    def numbers(self, name: str) -> Floats:
        """A field that is a number, shape (items, raters)."""
        return numbers_of(self.blind, name, self.items, self.raters)

    def three(self) -> Floats:
        """The three classes of valence, as numbers, shape (items, raters)."""
        valence = self.numbers("valence")
        table = np.full(valence.shape, np.nan)
        for i, j in np.argwhere(np.isfinite(valence) | np.isfinite(self.codes)):
            given = valence[i, j]
            said = (
                polarity(float(given))
                if np.isfinite(given)
                else THREE.get(EMOTIONS[int(self.codes[i, j])])
            )
            table[i, j] = POLARITIES.index(said) if said else np.nan
        return table

    def confusions(self) -> dict[str, npt.NDArray[np.int64]]:
        """What each rater said, by what the majority of the others said."""
        return {
            rater: confusion(
                majority_of_others(self.codes, j, _SEVEN), self.codes[:, j], _SEVEN
            )
            for j, rater in enumerate(self.raters)
        }


def rows_of(study: Tables) -> Iterator[Row]:
    """Yield every coefficient of a study."""
    yield from _categories(study)
    yield from _numbers(study)
    yield from _classes(study)
    yield from _pairs(study)
    yield from _repeats(study)
    yield from _drift(study)
    yield from _pace(study)


def _categories(study: Tables) -> Iterator[Row]:
    w = study.weights
    seven = counts_of(study.codes, _SEVEN)
    yield _alpha("α, seven categories", krippendorff_alpha(study.codes, "nominal", w))
    three = krippendorff_alpha(study.three(), "nominal", w)
    yield _alpha("α, three classes of valence", three)
    whole = seven.sum(axis=1) == seven.sum(axis=1).max(initial=0)
    fleiss = fleiss_kappa(seven[whole], w[:, whole])
    yield _kappa("categories", "Fleiss' κ, items that all rated", fleiss)
    yield _kappa("categories", "AC1, seven categories", gwet_ac(seven, w))


def _numbers(study: Tables) -> Iterator[Row]:
    w = study.weights
    levels = study.numbers("intensity")
    yield _alpha(
        "α, intensity (ordinal)", krippendorff_alpha(levels, "ordinal", w), "numbers"
    )
    counts = counts_of(levels, _INTENSITIES)
    ac2 = gwet_ac(counts, w, penalty="quadratic")
    yield _kappa("numbers", "AC2, intensity (quadratic)", ac2)
    for name in ("valence", "arousal", "intensity"):
        table = study.numbers(name)
        if name != "intensity":
            found = krippendorff_alpha(table, "interval", w)
            yield _alpha(f"α, {name} (interval)", found, "numbers")
        for form, estimate in icc(table, w).items():
            text = f"{form}, {name}"
            yield _row("numbers", text, estimate, icc_word(estimate.interval))


def _classes(study: Tables) -> Iterator[Row]:
    found = per_class(counts_of(study.codes, _SEVEN), study.weights)
    for emotion, one in zip(EMOTIONS, found, strict=True):
        share = one.prevalence.value
        yield _kappa("classes", f"κ, {emotion}", one.kappa, share)
        yield _kappa("classes", f"AC1, {emotion}", one.ac1, share)


def _pairs(study: Tables) -> Iterator[Row]:
    for i, j in combinations(range(len(study.raters)), 2):
        first, second = study.codes[:, i], study.codes[:, j]
        name = f"{study.raters[i]} and {study.raters[j]}"
        yield _kappa("pairs", name, cohen_kappa(first, second, _SEVEN, study.weights))


def _repeats(study: Tables) -> Iterator[Row]:
    for j, rater in enumerate(study.raters):
        first, again = study.codes[:, j], study.repeated[:, j]
        if np.isfinite(again).any():
            found = cohen_kappa(first, again, _SEVEN, study.weights)
            yield _kappa("repeats", f"κ, {rater}", found)
            both = np.isfinite(first) & np.isfinite(again)
            same = share_interval(study.weights, both & (first == again), both)
            n, none = int(both.sum()), "nothing was rated twice"
            yield _plain("repeats", f"said the same, {rater}", same, n, none)


def _drift(study: Tables) -> Iterator[Row]:
    valence = study.numbers("valence")
    for j, rater in enumerate(study.raters):
        others = majority_of_others(study.codes, j, _SEVEN)
        said, way = study.codes[:, j], study.positions[:, j]
        known = np.isfinite(others) & np.isfinite(said)
        agrees = np.where(known, others == said, np.nan).astype(np.float64)
        n, few = int(known.sum()), "needs 8 items whose order is known"
        parts, change = quarters(agrees, way, study.weights)
        for number, part in enumerate(parts, start=1):
            yield _plain("drift", f"{rater}, quarter {number}", part, n, few)
        yield _plain("drift", f"{rater}, last less first quarter", change, n, few)
        lag = autocorrelation(valence[:, j], way, study.weights)
        yield _row("drift", f"{rater}, valence with the one before (lag 1)", lag)


def _pace(study: Tables) -> Iterator[Row]:
    rows = {item: i for i, item in enumerate(study.items)}
    for rater in study.raters:
        times_s = np.full(len(rows), np.nan)
        for r in study.blind:
            if r.annotator == rater and r.elapsed_ms is not None:
                times_s[rows[r.item]] = r.elapsed_ms / 1000.0
        n = int(np.isfinite(times_s).sum())
        found = median_interval(times_s, study.weights)
        why = "no time was noted"
        yield _plain("pace", f"{rater}, median time of an item", found, n, why, unit="s")


def _alpha(name: str, found: Estimate, section: str = "categories") -> Row:
    return _row(section, name, found, alpha_word(found.value))


def _kappa(section: str, name: str, found: Estimate, prevalence: float = math.nan) -> Row:
    return _row(section, name, found, kappa_word(found.value), prevalence)


def _row(
    section: str,
    name: str,
    found: Estimate,
    word: str = "",
    prevalence: float = math.nan,
) -> Row:
    known = found.interval
    return Row(
        section,
        name,
        found.value,
        known.low,
        known.high,
        found.items,
        found.raters,
        word,
        found.reason,
        prevalence,
    )


def _plain(
    section: str, name: str, found: Interval, items: int, reason: str, *, unit: str = ""
) -> Row:
    why = reason if math.isnan(found.value) else ""
    ends = (found.value, found.low, found.high)
    return Row(section, name, *ends, items, 1, reason=why, unit=unit)

"""Runs beside one another: on the same test samples where there are such.

Each run is compared with the first one. A test is made only where both predicted the same
samples of the same dataset; everything else is said in words.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from emer_studio.core.errors import BadInputError
from emer_studio.core.resampling import interval
from emer_studio.study.runs import Entry
from emer_studio.training.comparing.compare import Draws, compare, draws_of, span
from emer_studio.training.comparing.comparison import (
    Comparison,
    FoldGap,
    OfLabel,
    Pair,
    ScoreGap,
    corrected,
)
from emer_studio.training.comparing.paired_tests import mcnemar
from emer_studio.training.comparing.remarks import pair_remarks, remarks_on_all
from emer_studio.training.scores.metrics import drawn_scores
from emer_studio.training.scores.predicted import Predicted, read_predictions

__all__ = ["compare_runs"]

_SEED = 0  # of the draws, chosen by us: the same runs give the same intervals every time


def compare_runs(entries: Sequence[Entry], *, all_pairs: bool = False) -> Comparison:
    """Compare finished runs of one protocol.

    Parameters
    ----------
    entries : sequence of Entry
        At least two; the first is what the others are compared with.
    all_pairs : bool, optional
        Compare each with each.

    Raises
    ------
    BadInputError
        When runs are not finished, not of one protocol, the same twice, or two of them
        share no test sample.
    """
    _check(entries)
    names = _names(entries)
    told = [read_predictions(e.folder, e.results) for e in entries if e.results]
    chosen = [(0, k) for k in range(1, len(entries))]
    if all_pairs:
        chosen = list(combinations(range(len(entries)), 2))
    pairs = [
        _pair((entries[k], names[k], told[k]), (entries[first], names[first], told[first]))
        for first, k in chosen
    ]
    facts = tuple(_facts(e, name) for e, name in zip(entries, names, strict=True))
    stimuli = min((len(set(x.stimuli)) for run in told for x in run.values()), default=0)
    remarks = remarks_on_all(entries, [p.paired for p in pairs], stimuli)
    return Comparison(entries[0].info.protocol, facts, tuple(corrected(pairs)), remarks)


def _check(entries: Sequence[Entry]) -> None:
    if len(entries) < 2:
        raise BadInputError("Expected at least two runs to compare, found one.")
    places = [entry.folder.resolve() for entry in entries]
    if len(set(places)) < len(places):
        raise BadInputError("The same run was given twice; there is nothing to compare.")
    for entry in entries:
        if entry.results is None:
            raise BadInputError(
                f"{entry.name} has no results (it is {entry.state}); only finished runs can"
                " be compared."
            )
    protocols = {entry.info.protocol for entry in entries}
    if len(protocols) > 1:
        raise BadInputError(
            "Expected runs of one protocol, found "
            + ", ".join(f"{e.name}: {e.info.protocol}" for e in entries)
            + ".",
            fix="Their scores answer different questions; compare those of one protocol.",
        )


def _names(entries: Sequence[Entry]) -> list[str]:
    often = Counter(entry.name for entry in entries)
    return [
        e.name if often[e.name] == 1 else f"{e.name} ({e.folder.name})" for e in entries
    ]


def _facts(entry: Entry, name: str) -> dict[str, Any]:
    info, score = entry.info, entry.score
    return {
        "name": name,
        "folder": str(entry.folder),
        "model": entry.info.model,
        "kind": entry.kind,
        "preset": info.preset,
        "folds": entry.folds,
        "seed": info.seed,
        "epochs": info.epochs,
        "dataset": info.dataset_name,
        "synthetic": info.synthetic,
        "simulated": info.simulated,
        "score": None if score is None else dataclasses.asdict(score),
    }


_Side = tuple[Entry, str, dict[str, Predicted]]


def _pair(run: _Side, against: _Side) -> Pair:
    same_data = run[0].info.dataset_manifest_sha256 == (
        against[0].info.dataset_manifest_sha256
    )
    same_folds = same_data and run[0].info.split == against[0].info.split
    shared = [label for label in run[2] if label in against[2]]
    make = _paired if same_data else _beside
    labels = tuple(
        make(label, run[2][label], against[2][label], same_folds) for label in shared
    )
    for one in labels if same_data else ():
        if not one.samples:
            raise BadInputError(
                f"{run[1]} and {against[1]} share no test sample of {one.label}; they"
                " cannot be compared."
            )
    remarks = pair_remarks(run[0], against[0], labels, same_data, same_folds)
    return Pair(run[1], against[1], same_data, same_folds, labels, remarks)


def _beside(label: str, run: Predicted, against: Predicted, _same: bool) -> OfLabel:
    """Return the scores of each on its own samples; nothing is tested."""
    mine, yours = _own(run), _own(against)
    scores = tuple(
        ScoreGap(name, value, yours[name][0], ends, yours[name][1], value - yours[name][0])
        for name, (value, ends) in mine.items()
    )
    return OfLabel(label, 0, len(run.samples), len(against.samples), scores, None, ())


def _paired(label: str, run: Predicted, against: Predicted, same_folds: bool) -> OfLabel:
    """Return the differences on the samples that both were tested on."""
    common = sorted(set(run.samples) & set(against.samples))
    left = len(run.samples) - len(common), len(against.samples) - len(common)
    if not common:
        return OfLabel(label, 0, *left, (), None, ())
    a, b = run.of(common), against.of(common)
    if a.classes != b.classes or not np.array_equal(a.truth, b.truth):
        raise BadInputError(
            f"The runs are of one dataset, but their predictions.csv disagree about what is"
            f" right for {label}: one of the files was changed.",
            fix="Train the run whose table was changed again.",
        )
    draws = draws_of(a.participants, a.stimuli if any(a.stimuli) else b.stimuli, _SEED)
    mine, yours = _own(a, draws), _own(b, draws)
    gaps = compare(a.truth, a.found, b.found, len(a.classes), draws)
    scores = tuple(
        ScoreGap(name, mine[name][0], yours[name][0], mine[name][1], yours[name][1], **gap)
        for name, gap in _main_first(gaps).items()
    )
    right = None
    if a.classes:
        right = mcnemar(a.found == a.truth, b.found == b.truth)
    return OfLabel(
        label, len(common), *left, scores, right, _folds(a, b) if same_folds else ()
    )


def _own(told: Predicted, draws: Draws | None = None) -> dict[str, tuple[float, Any]]:
    """Return each score of a run with its interval, over both where there are stimuli."""
    if draws is None:
        draws = draws_of(told.participants, told.stimuli, _SEED)
    weights = draws.people if draws.crossed is None else draws.crossed
    scores = drawn_scores(told.truth, told.found, len(told.classes), weights)
    ends = {name: span(interval(values)) for name, values in scores.items()}
    return _main_first({name: (float(v[0]), ends[name]) for name, v in scores.items()})


def _main_first(table: dict[str, Any]) -> dict[str, Any]:
    return dict(sorted(table.items(), key=lambda both: both[0] not in ("war", "rmse")))


def _folds(a: Predicted, b: Predicted) -> tuple[FoldGap, ...]:
    found = []
    for fold in np.unique(a.folds):
        here = [name for name, k in zip(a.samples, a.folds, strict=True) if k == fold]
        mine, yours = (_main(told.of(here)) for told in (a, b))
        found.append(FoldGap(int(fold), len(here), mine, yours, mine - yours))
    return tuple(found)


def _main(told: Predicted) -> float:
    one = np.ones((1, len(told.samples)))
    scores = drawn_scores(told.truth, told.found, len(told.classes), one)
    return float(scores["war" if told.classes else "rmse"][0])

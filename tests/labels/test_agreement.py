"""Coefficients of agreement against published data, and what they say when undefined."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from emer_studio.core.resampling import drawn_weights
from emer_studio.labels.agreement.alpha import alpha_of_counts, krippendorff_alpha
from emer_studio.labels.agreement.estimate import counts_of
from emer_studio.labels.agreement.icc import FORMS, icc
from emer_studio.labels.agreement.kappa import (
    cohen_kappa,
    fleiss_kappa,
    gwet_ac,
    per_class,
)

N = float("nan")
KRIPPENDORFF = np.array(  # four observers, twelve units
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3],
        [N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N],
    ]
).T
FLEISS = np.array(  # ten subjects, five classes, fourteen raters
    [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ],
    float,
)
SHROUT = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]],
    float,
)


@pytest.mark.parametrize(
    ("level", "expected"),
    [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)],
)
def test_alpha_of_krippendorffs_own_data(level, expected):
    found = krippendorff_alpha(KRIPPENDORFF, level)
    assert found.value == pytest.approx(expected, abs=0.0005)
    assert (found.items, found.raters) == (11, 4)  # one unit has a single rating


def test_fleiss_own_data_and_shrouts():
    assert fleiss_kappa(FLEISS).value == pytest.approx(0.210, abs=0.0005)
    found = icc(SHROUT)
    expected = (0.166, 0.290, 0.715, 0.443, 0.620, 0.909)
    assert [found[form].value for form in FORMS] == pytest.approx(expected, abs=0.0006)


def test_cohen_is_scikit_learns_and_gwets_own_example():
    rng = np.random.default_rng(4)
    first = rng.integers(0, 4, 300).astype(float)
    second = np.where(rng.random(300) < 0.6, first, rng.integers(0, 4, 300))
    for penalty, theirs in (("none", None), ("linear", "linear"), ("quadratic",) * 2):
        ours = cohen_kappa(first, second, 4, penalty=penalty).value
        assert ours == pytest.approx(cohen_kappa_score(first, second, weights=theirs))
    pairs = np.repeat([[2.0, 0], [1, 1], [0, 2]], [118, 7, 0], axis=0)
    assert gwet_ac(pairs).value == pytest.approx(0.9408, abs=0.00005)
    far, near = (np.array([[1.0, *cells], [2, 0, 0]]) for cells in ((0, 1), (1, 0)))
    assert gwet_ac(near, penalty="linear").value > gwet_ac(far, penalty="linear").value


@pytest.mark.parametrize(
    "coefficient",
    [
        lambda x, w: krippendorff_alpha(x, "nominal", w),
        lambda x, w: krippendorff_alpha(x, "ordinal", w),
        lambda x, w: krippendorff_alpha(x, "interval", w),
        lambda x, w: fleiss_kappa(counts_of(np.nan_to_num(x - 1), 5), w),
        lambda x, w: gwet_ac(counts_of(x - 1, 5), w, penalty="quadratic"),
        lambda x, w: cohen_kappa(x[:, 1] - 1, x[:, 3] - 1, 5, w),
        lambda x, w: icc(x, w)["ICC(2,1)"],
        lambda x, w: per_class(counts_of(x - 1, 5), w)[1].kappa,
    ],
)
def test_a_draw_counts_an_item_as_often_as_if_it_stood_there_so_often(coefficient):
    often = np.array([2, 1, 1, 2, 1, 3, 1, 1, 2, 1, 0, 1])
    drawn = coefficient(KRIPPENDORFF, np.stack([np.ones(12), often])).values[1]
    repeated = np.repeat(KRIPPENDORFF, often, axis=0)
    assert drawn == pytest.approx(coefficient(repeated, None).value)


def test_what_is_undefined_is_nan_with_a_reason():
    same = np.full((5, 3), 2.0)
    alone = np.array([[1.0, N], [N, 2.0]])
    for found, reason in [
        (krippendorff_alpha(same, "nominal"), "only one value"),
        (krippendorff_alpha(same, "ordinal"), "only one value"),
        (krippendorff_alpha(alone, "nominal"), "no item has two"),
        (krippendorff_alpha(np.empty((0, 2)), "interval"), "no item has two"),
        (fleiss_kappa(counts_of(same, 4)), "only one class"),
        (fleiss_kappa(np.array([[2.0, 0], [2, 1]])), "equally many"),
        (cohen_kappa(same[:, 0], same[:, 1], 4), "only one class"),
        (cohen_kappa(alone[:, 0], alone[:, 1], 3), "rated by both"),
        (icc(same)["ICC(2,1)"], "do not differ"),
        (icc(alone)["ICC(2,k)"], "same two raters"),
        (per_class(counts_of(same, 4))[0].kappa, "never chosen"),
    ]:
        assert np.isnan(found.value)
        assert reason in found.reason
        assert np.isnan(found.interval.low)


def test_an_icc_keeps_what_one_absent_rater_would_cost():
    table = np.column_stack([SHROUT, [9.0, N, N, N, N, N]])
    assert icc(table)["ICC(3,1)"].value == pytest.approx(icc(SHROUT)["ICC(3,1)"].value)


def test_the_votes_of_fer_plus(shared: Path):
    path = shared / "ratings" / "ferplus_votes.csv"
    if not path.is_file():
        pytest.skip("needs ../shared/ratings/ferplus_votes.csv")
    names = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear")
    names += ("contempt",)
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [[float(row[name]) for name in names] for row in csv.DictReader(stream)]
    votes = np.array(rows)
    ten = votes[votes.sum(axis=1) == 10]
    assert len(ten) == 23738
    assert fleiss_kappa(ten).value == pytest.approx(0.624, abs=0.0005)
    assert alpha_of_counts(votes).value == pytest.approx(0.563, abs=0.0005)
    by_class = [found.kappa.value for found in per_class(ten)]
    expected = [0.58, 0.83, 0.64, 0.51, 0.55, 0.16, 0.31, 0.16]
    assert by_class == pytest.approx(expected, abs=0.006)  # two decimals
    weights = drawn_weights([""] * len(ten), list(map(str, range(len(ten)))), draws=50)
    found = fleiss_kappa(ten, weights).interval
    assert found.low < 0.624 < found.high < found.low + 0.02

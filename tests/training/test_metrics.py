from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from emer_studio.training.official.batch_averages import batch_averaged
from emer_studio.training.scores.metrics import (
    bootstrap_classification,
    bootstrap_regression,
    classification_scores,
    confusion_matrix,
    regression_scores,
)

pairs = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60)
numbers = st.floats(-1, 1, allow_nan=False, width=32)


@settings(deadline=None)
@given(pairs)
def test_classification_agrees_with_scikit_learn(data: list[tuple[int, int]]) -> None:
    truth, found = np.array(data, np.int64).T
    confusion = confusion_matrix(truth, found, 5)
    np.testing.assert_array_equal(
        confusion, sk.confusion_matrix(truth, found, labels=range(5))
    )
    ours = classification_scores(confusion)
    present = np.unique(truth)
    assert ours["war"] == pytest.approx(sk.accuracy_score(truth, found))
    assert ours["uar"] == pytest.approx(
        sk.recall_score(truth, found, labels=present, average="macro", zero_division=0)
    )
    assert ours["wf1"] == pytest.approx(
        sk.f1_score(truth, found, average="weighted", zero_division=0)
    )


@settings(deadline=None)
@given(st.lists(st.tuples(numbers, numbers), min_size=2, max_size=60))
def test_regression_agrees_with_scikit_learn(data: list[tuple[float, float]]) -> None:
    truth, found = np.array(data, np.float64).T
    ours = regression_scores(truth, found)
    assert ours["mae"] == pytest.approx(sk.mean_absolute_error(truth, found))
    assert ours["rmse"] == pytest.approx(sk.root_mean_squared_error(truth, found))


def test_ccc_by_its_definition() -> None:
    x = np.array([0.1, 0.5, -0.4, 0.9])
    y = np.array([0.0, 0.4, -0.6, 1.0])
    covariance = np.mean((x - x.mean()) * (y - y.mean()))
    expected = 2 * covariance / (x.var() + y.var() + (x.mean() - y.mean()) ** 2)
    assert regression_scores(x, y)["ccc"] == pytest.approx(expected)
    assert regression_scores(x, y)["pearson"] == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert regression_scores(x, x)["ccc"] == pytest.approx(1.0)
    assert regression_scores(x, -x)["ccc"] < 0
    assert regression_scores(np.ones(3), np.ones(3))["ccc"] == 0.0
    assert regression_scores(np.ones(3), x[:3])["pearson"] == 0.0


def test_the_bootstrap_draws_participants() -> None:
    rng = np.random.default_rng(0)
    people = np.repeat([f"P{i}" for i in range(30)], 10)
    right = np.repeat(rng.random(30) < 0.6, 10)
    truth = rng.integers(0, 3, 300)
    found = np.where(right, truth, (truth + 1) % 3)
    low, high = bootstrap_classification(truth, found, list(people), 3, 0)["war"]
    score = (truth == found).mean()
    assert low < score < high
    # Whole participants are right or wrong: sd = sqrt(p (1 - p) / 30), not / 300.
    assert (high - low) / 3.92 == pytest.approx(np.sqrt(score * (1 - score) / 30), rel=0.15)
    again = bootstrap_classification(truth, found, list(people), 3, 0)["war"]
    assert again == (low, high)


def test_one_participant_has_no_spread() -> None:
    x, y = np.array([0.0, 0.5]), np.array([0.1, 0.2])
    low, high = bootstrap_regression(x, y, ["P", "P"], 0)["mae"]
    assert low == pytest.approx(high)


def test_batch_averages_are_the_official_ones_and_not_the_pooled() -> None:
    truth = np.array([0.0] * 16 + [1.0] * 2)
    found = np.array([0.0] * 12 + [1.0] * 4 + [1.0] * 2)
    averaged = batch_averaged([(truth, found)], 2)
    assert averaged["war"] == pytest.approx((12 / 16 + 1.0) / 2)
    # The first batch has no 1 in its truth, but in its predictions: recall 0.
    assert averaged["uar"] == pytest.approx(((12 / 16 + 0.0) / 2 + 1.0) / 2)
    pooled = classification_scores(
        confusion_matrix(truth.astype(int), found.astype(int), 2)
    )
    assert pooled["uar"] == pytest.approx((12 / 16 + 1.0) / 2)
    numbers = batch_averaged([(np.zeros(17), np.r_[np.ones(16), 3.0])], 0)
    assert numbers == {"mae": 2.0, "rmse": 2.0}

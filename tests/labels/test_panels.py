"""What a suggestion does, how good a model is, and who drifts: on known truths."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.resampling import Interval, drawn_weights
from emer_studio.labels.agreement.raters import (
    autocorrelation,
    confusion,
    majority_of_others,
    median_interval,
    quarters,
)
from emer_studio.labels.agreement.summary import agreement_of
from emer_studio.labels.agreement.words import alpha_word, icc_word, kappa_word
from emer_studio.labels.anchoring import anchoring_of, reviewed_of
from emer_studio.labels.calibration_curve import calibration_of
from emer_studio.labels.consensus import Consensus
from emer_studio.labels.model_panel import judged_of, model_panel
from emer_studio.labels.predictions import Predicted
from emer_studio.labels.ratings import Rating
from raters_of_labels import blind_ratings

SHOWN = {"mode": "assisted", "model": "m"}
HIDDEN = {"mode": "assisted"}


def ratings(repeats: bool = True) -> list[Rating]:
    found = [
        Rating(who, item, stage, fields, position=n, elapsed_ms=3000 + n, utc=f"{n:05d}")
        for n, (who, stage, item, fields) in enumerate(blind_ratings(12, 10))
    ]
    again = [
        Rating(r.annotator, r.item, "A-repeat", {"category": r.fields["category"]})
        for r in found[:60]
        if r.annotator != "E3"
    ]
    return [*found, *again] if repeats else found


def test_the_summary_names_every_coefficient_with_its_interval():
    found = agreement_of(ratings(), {}, draws=200)
    rows = {(row.section, row.name): row for row in found.rows}
    assert (found.items, found.participants, found.raters) == (120, 12, ("E1", "E2", "E3"))
    alpha = rows["categories", "α, seven categories"]
    assert 0.35 < alpha.low < alpha.value < alpha.high < 0.75
    assert rows["numbers", "ICC(2,1), valence"].word in ("good to excellent", "excellent")
    assert abs(rows["numbers", "α, arousal (interval)"].value) < 0.2  # it was noise
    assert rows["repeats", "κ, E1"].value == 1.0
    assert rows["repeats", "said the same, E2"].items == 20
    assert ("repeats", "κ, E3") not in rows  # nobody asked E3 twice
    assert rows["pace", "E1, median time of an item"].value == pytest.approx(3.2, abs=0.3)
    shares = [row.prevalence for row in found.rows if row.name.startswith("κ, ")]
    assert sum(share for share in shares if share == share) == pytest.approx(1.0)
    same = agreement_of(ratings(repeats=False), {}, draws=200)
    assert same.rows[0] == found.rows[0]  # repeats and reviews change no blind agreement
    seen = [replace(r, annotator="E4", visible=SHOWN) for r in ratings(repeats=False)]
    helped = agreement_of([*ratings(repeats=False), *seen], {}, draws=200)
    assert (helped.rows[0], helped.shown) == (found.rows[0], len(seen))
    told = found.as_json()
    assert told["together"] == [[120] * 3] * 3


def test_drift_and_priming_are_found_where_they_are():
    n = 400
    rng = np.random.default_rng(3)
    order = rng.permutation(n).astype(float)
    weights = drawn_weights([str(k % 20) for k in range(n)], ["c"] * n, draws=200)
    agrees = (rng.random(n) < np.where(order < 200, 0.9, 0.5)).astype(float)
    parts, change = quarters(agrees, order, weights)
    assert parts[0].value > 0.8
    assert change.high < -0.2
    steady = (rng.random(n) < 0.7).astype(float)
    change = quarters(steady, order, weights)[1]
    assert change.low < 0 < change.high
    noise = rng.normal(size=n)
    primed = np.empty(n)
    at = np.argsort(order)
    primed[at[0]] = noise[0]
    for before, now in pairwise(at):
        primed[now] = 0.5 * primed[before] + noise[now]
    assert autocorrelation(primed, order, weights).value == pytest.approx(0.5, abs=0.1)
    assert abs(autocorrelation(noise, order, weights).value) < 0.12
    assert "all ratings are the same" in autocorrelation(np.ones(n), order).reason
    times = np.array([3.0, 1.0, np.nan, 2.0])
    assert median_interval(times, np.array([[1.0, 1, 1, 1], [2, 0, 0, 0]])).value == 2.0


def test_the_majority_of_the_others_never_counts_oneself():
    codes = np.array([[0.0, 1, 1], [2, 2, 0], [0, 0, np.nan], [0, np.nan, np.nan]])
    others = majority_of_others(codes, 0, 3)
    assert others[0] == 1
    assert np.isnan(others[1])  # a tie
    assert others[2] == 0
    assert np.isnan(others[3])
    assert confusion(others, codes[:, 0], 3).tolist() == [[1, 0, 0], [1, 0, 0], [0, 0, 0]]


def review(pull: float, seed: int = 5) -> list[Rating]:
    """A rater who agrees by chance half of the time, and more where something is shown."""
    rng = np.random.default_rng(seed)
    found = []
    for k in range(400):
        item, shown = f"sub-P{k % 20}_x/trial-{k}", bool(k % 4)
        before = "fear" if rng.random() < 0.5 else "anger"
        pulled = shown and rng.random() < pull
        after = "fear" if pulled else before
        found.append(Rating("E1", item, "A", {"category": before}))
        seen = SHOWN if shown else HIDDEN
        found.append(Rating("E1", item, "B", {"category": after}, visible=seen))
    return found


def test_anchoring_is_what_showing_did():
    for pull in (0.0, 0.6):
        rated = review(pull)
        suggested = {rating.item: "fear" for rating in rated}
        reviewed = reviewed_of(rated, suggested, {})
        (one,) = anchoring_of(reviewed, draws=300)
        assert (one.annotator, one.shown, one.hidden) == ("E1", 300, 100)
        assert one.difference.low < pull / 2 < one.difference.high
        assert (one.difference.low > 0) == (pull > 0)
        assert one.toward.value == pytest.approx(pull, abs=0.08)
        assert one.changed.value == pytest.approx(0.375 * pull, abs=0.05)
    wrong_on_purpose = Rating(
        "E2", "i", "B", {"category": "fear"}, visible={**SHOWN, "suggested": "fear"}
    )
    (decoy,) = reviewed_of([wrong_on_purpose], {"i": "anger"}, {})
    assert decoy.suggested == decoy.after
    earlier = Rating("E2", "i", "B", {"category": "fear"}, visible=HIDDEN, shown=(SHOWN,))
    (seen,) = reviewed_of([earlier], {"i": "anger"}, {})
    assert seen.shown  # hiding it afterwards makes nobody forget


def test_ece_and_the_confusion_of_a_model_that_is_too_sure():
    rng = np.random.default_rng(7)
    n = 4000
    truth = rng.integers(0, 7, n)
    said = np.where(rng.random(n) < 0.6, truth, (truth + rng.integers(1, 7, n)) % 7)
    p = np.full((n, 7), 0.1 / 6)
    p[np.arange(n), said] = 0.9
    weights = drawn_weights([str(k % 40) for k in range(n)], ["c"] * n, draws=100)
    found = calibration_of(p, truth, weights)
    assert found.ece.value == pytest.approx(0.3, abs=0.03)
    assert found.items.tolist() == [0] * 8 + [n, 0]
    honest = 0.6 * (p > 0.5) + (0.4 / 6) * (p < 0.5)
    assert calibration_of(honest, truth, weights).ece.value < 0.03
    agreed = {
        f"s{k}/t": Consensus(f"s{k}/t", EMOTIONS[truth[k]], None, {}, 3) for k in range(200)
    }
    agreed["unsure"] = Consensus("unsure", None, None, {}, 3, state="disagreed")
    predicted = {f"s{k}/t": Predicted(p[k], "m", "0" * 64) for k in range(n)}
    predicted["unsure"] = predicted["s0/t"]
    panel = model_panel(judged_of(agreed, predicted, {}), honest[:200], draws=100)
    assert panel.items == panel.confusion.sum() == 200
    assert np.trace(panel.confusion) / 200 == panel.accuracy.value
    assert panel.after is not None
    assert panel.after.ece.value < panel.before.ece.value
    fear = panel.classes[2]
    assert fear.recall.value == panel.confusion[2, 2] / panel.confusion[2].sum()
    assert fear.precision.value == panel.confusion[2, 2] / panel.confusion[:, 2].sum()


def test_the_interval_of_a_calibration_error_holds_what_is_true():
    people, stimuli = np.repeat(np.arange(20), 14), np.tile(np.arange(14), 20)
    rng = np.random.default_rng(3)
    for too_sure in (0.0, 0.2):
        held = []
        for seed in range(20):
            sure = 0.3 + 0.6 * rng.random(280)
            p = np.column_stack([sure, *[(1 - sure) / 6] * 6])
            truth = (rng.random(280) >= sure - too_sure).astype(np.int64)
            weights = drawn_weights(
                people.astype(str), stimuli.astype(str), draws=200, seed=seed
            )
            ece = calibration_of(p, truth, weights).ece
            assert ece.low <= ece.value <= ece.high
            held.append(ece.low <= too_sure <= ece.high)
        assert sum(held) >= 18


def test_words_are_those_of_the_tables():
    assert [kappa_word(v) for v in (-0.1, 0.2, 0.21, 0.6, 0.81)] == [
        "poor", "slight", "fair", "moderate", "almost perfect",
    ]  # fmt: skip
    assert [alpha_word(v) for v in (0.6, 0.667, 0.8)] == [
        "not reliable", "tentative", "reliable",
    ]  # fmt: skip
    assert icc_word(Interval(0.8, 0.6, 0.92)) == "moderate to excellent"
    assert kappa_word(float("nan")) == icc_word(Interval(*[float("nan")] * 3)) == ""

"""Baselines, paired tests, calibration and subsets, by values worked out by hand."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.resampling import drawn_weights
from emer_studio.dataset.cache import Dataset
from emer_studio.fer.calibration import soften
from emer_studio.schema.dataset import StoredSample
from emer_studio.schema.training import Part
from emer_studio.training.comparing.compare import (
    compare,
    crossed_intervals,
    draws_of,
    paired_p,
)
from emer_studio.training.fit.job import Predictions
from emer_studio.training.scores.baselines import BASELINES, target_of, usable_baselines
from emer_studio.training.scores.calibration import calibration_table, fit_temperature
from emer_studio.training.scores.metrics import drawn_scores, regression_scores
from emer_studio.training.scores.subsets import (
    class_counts,
    count_remarks,
    discordant_table,
)
from emer_studio.training.task import Labels, Task

ER3 = Task("er3", ("negative", "neutral", "positive"))


def _sample(person: str, clip: str, er3: str | None, fer3: str | None) -> StoredSample:
    return StoredSample(
        sample_id=person + clip, participant=person, stimulus=clip, er3=er3, fer3=fer3,
        frame_first=0, n_frames=1, eye_first=0, n_eyes=1, sha256="0" * 64,
    )  # fmt: skip


def _dataset(rows: list[tuple[str, str, str | None, str | None]]) -> Dataset:
    return cast(
        "Dataset",
        SimpleNamespace(folder=Path("nowhere"), samples=[_sample(*row) for row in rows]),
    )


def _labels(dataset: Dataset) -> Labels:
    names = [s.er3 for s in dataset.samples]
    classes = np.array([ER3.classes.index(n) if n else -1 for n in names], np.int64)
    return Labels(np.zeros(len(names), np.float32), classes, classes >= 0)


def test_each_baseline_knows_what_its_name_says() -> None:
    dataset = _dataset([
        ("A", "x_happy", "positive", None), ("A", "y_sad", "negative", None),
        ("B", "x_happy", "positive", None), ("B", "y_sad", "neutral", None),
        ("B", "v_sad", "neutral", None), ("A", "z", "positive", None),
        ("C", "x_happy", None, None), ("C", "y_sad", None, None),
        ("C", "w_sad", None, None), ("B", "w_unknown", None, None),
    ])  # fmt: skip
    labels, train, test = _labels(dataset), range(6), range(6, 10)
    found = {b.name: b.predict(dataset, ER3, labels, train, test) for b in BASELINES}
    named = {k: [ER3.classes[int(v)] for v in p.values] for k, p in found.items()}
    # y_sad has a tie, which the first class wins; two of the three sad ones are neutral.
    assert named == {
        "majority": ["positive"] * 4,
        "target": ["positive", "neutral", "neutral", "positive"],
        "stimulus": ["positive", "negative", "positive", "positive"],
        "participant": ["positive", "positive", "positive", "neutral"],
    }
    np.testing.assert_allclose(found["majority"].probabilities[0], [1 / 6, 2 / 6, 3 / 6])
    np.testing.assert_allclose(found["stimulus"].probabilities[1], [0.5, 0.5, 0])


def test_a_baseline_never_looks_at_the_test_labels() -> None:
    rows: list[tuple[str, str, str | None, str | None]] = [
        ("A", "x", "positive", None), ("B", "x", "negative", None)
    ]  # fmt: skip
    for truth in ("negative", "neutral"):
        dataset = _dataset([rows[0], ("B", "x", truth, None)])
        for b in BASELINES:
            told = b.predict(dataset, ER3, _labels(dataset), [0], [1])
            assert told.values.tolist() == [2.0]


def test_what_a_clip_is_meant_to_evoke_is_read_from_its_name_or_not_known() -> None:
    names = {"film_happy": "happiness", "c01_fear": "fear", "saddle": "", "sad-happy": ""}
    for clip, target in names.items():
        assert target_of(clip) == target
    plain = _dataset([("A", "clip1", "positive", None)])
    assert [b.name for b in usable_baselines(plain)] == [
        "majority", "stimulus", "participant",
    ]  # fmt: skip


def test_p_by_counting() -> None:
    drawn = np.array([0.2, *[0.1] * 97, -0.1, 0.0])  # of 99 draws, 2 at or below zero
    assert paired_p(drawn) == pytest.approx(2 * (1 + 2) / 100)
    assert paired_p(-drawn) == pytest.approx(2 * (1 + 2) / 100)
    assert paired_p(np.zeros(100)) == 1.0


def test_the_difference_is_paired_and_between_people() -> None:
    # The model is right once more than the baseline for everybody, however hard they are.
    people = np.repeat([f"P{i}" for i in range(10)], 4)
    clips = np.tile(list("abcd"), 10)
    rng = np.random.default_rng(0)
    right = rng.random((10, 4)) < np.linspace(0, 1, 10)[:, None]
    right[:, 0], right[:, 1] = False, True
    truth = np.zeros(40)
    other = np.where(right, 0.0, 1.0).ravel()
    right[:, 0] = True
    model = np.where(right, 0.0, 1.0).ravel()
    draws = draws_of(list(people), list(clips), seed=1)
    war = cast("Any", compare(truth, model, other, 2, draws)["war"])
    assert war["difference"] == pytest.approx(0.25)
    assert war["ci95"] == pytest.approx(
        (0.25, 0.25)
    )  # nothing of it depends on who is drawn
    assert war["p"] == pytest.approx(2 / 1001)
    # It all comes from clip a: drawn anew, clips leave it out in (3/4)^4 = 32 % of draws.
    assert war["ci95_crossed"][0] == 0
    assert war["p_crossed"] == pytest.approx(2 * 0.75**4, abs=0.08)
    assert compare(truth, model, model, 2, draws)["war"]["p_crossed"] == 1.0


def test_one_stimulus_has_no_crossed_interval() -> None:
    draws = draws_of(["A", "B"], ["c", "c"], seed=0)
    zeros = np.zeros(2)
    assert crossed_intervals(zeros, zeros, 2, draws) is None
    assert compare(zeros, zeros, zeros, 2, draws)["war"]["p_crossed"] is None


def test_the_drawn_scores_of_numbers_begin_with_what_was_found() -> None:
    truth, found = np.array([0.1, -0.4, 0.6]), np.array([0.0, -0.2, 0.9])
    weights = np.array([[1, 1, 1], [0, 2, 1], [0, 0, 0]], np.float64)
    drawn = drawn_scores(truth, found, 0, weights)
    again = regression_scores(truth[[1, 1, 2]], found[[1, 1, 2]])
    for name, value in regression_scores(truth, found).items():
        assert drawn[name][:2] == pytest.approx([value, again[name]])
        assert np.isnan(drawn[name][2])


def test_the_temperature_by_hand() -> None:
    # Always 0.9 sure and right in 3 of 4: the best single confidence is 0.75.
    chances = np.tile([0.9, 0.1], (4, 1))
    truth = np.array([0, 0, 0, 1])
    found = fit_temperature(chances, truth)
    assert found == pytest.approx(np.log(9) / np.log(3))
    np.testing.assert_allclose(soften(chances, found)[0], [0.75, 0.25])
    assert fit_temperature(chances, np.zeros(4, np.int64)) == pytest.approx(1 / 20)
    assert fit_temperature(chances, np.ones(4, np.int64)) == pytest.approx(20)
    assert fit_temperature(np.full((4, 2), 0.5), truth) == 1.0


def test_calibration_is_measured_on_the_test_part_and_fitted_on_the_other() -> None:
    told = Predictions(np.zeros(4), np.tile([0.9, 0.1], (4, 1)))
    held_out, right = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])
    weights = drawn_weights(["A", "B", "C", "D"], list("abcd"), draws=50)
    table = calibration_table([1], [(right, told)], [(held_out, told)], weights)
    assert table["before"]["ece"] == pytest.approx(0.9 - 0.5)
    assert table["after"]["ece"] == pytest.approx(0.75 - 0.5)
    assert table["temperatures"][0]["samples"] == 4
    none = calibration_table([3], [(right, told)], [(held_out[:0], None)], weights)
    assert none["after"] is None
    assert "fold 3 has no validation part" in none["missing"]


def test_accuracy_where_felt_and_shown_differ() -> None:
    dataset = _dataset([
        ("A", "x", "positive", "positive"), ("A", "y", "negative", "neutral"),
        ("B", "x", "positive", "neutral"), ("B", "y", "negative", "negative"),
        ("C", "x", "neutral", "positive"), ("C", "y", "neutral", None),
    ])  # fmt: skip
    model = np.array([2, 1, 2, 0, 2, 1], np.float64)  # right: x - x x - (and unlabelled)
    weights = drawn_weights(list("AABBCC"), list("xyxyxy"), draws=50)
    table = discordant_table(dataset, ER3, range(6), {"model": model}, weights)
    assert (table["both"], table["discordant"], table["missing"]) == (5, 3, "")
    assert table["accuracy"]["model"]["discordant"]["value"] == pytest.approx(1 / 3)
    assert table["accuracy"]["model"]["concordant"]["value"] == 1.0
    assert table["other"]["value"] == pytest.approx(2 / 3)
    alone = discordant_table(dataset, ER3, [5], {"model": model[5:]}, weights[:, 5:])
    assert "no test sample has fer3" in alone["missing"]
    number = discordant_table(dataset, Task("er_arousal"), [0], {}, weights)
    assert "by class" in number["missing"]


def test_classes_are_counted_and_what_is_never_trained_on_is_said() -> None:
    task = Task("er_emotion", tuple(EMOTIONS))
    classes = np.array([0, 0, 0, 0, 1, 2, -1])
    first: dict[Part, list[int]] = {"train": [0, 1], "validation": [], "test": [2, 3, 4]}
    then: dict[Part, list[int]] = {"train": [2, 3, 4], "validation": [5], "test": [0, 1]}
    counts = [
        class_counts(task, classes, 1, first),
        class_counts(task, classes, 2, then),
    ]
    assert counts[0]["test"] == [2, 1, 0, 0, 0, 0, 0]
    assert counts[1]["validation"] == [0, 0, 1, 0, 0, 0, 0]
    unseen, uneven = count_remarks(task, counts)
    assert "Fold 1 is tested on sadness" in unseen
    assert "4 test samples of happiness, 1 of sadness" in uneven

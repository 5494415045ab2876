"""From a dataset to results, terminal and report, with answers instead of a network."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import write_json
from emer_studio.dataset.cache import Dataset, open_cache
from emer_studio.dataset.synth import SynthConfig, synthesise
from emer_studio.report.collect import collect_run
from emer_studio.report.write import write_report
from emer_studio.schema.benchmark import load_benchmark
from emer_studio.schema.results import parse_results
from emer_studio.schema.training import FoldKind
from emer_studio.training.fit.job import Predictions
from emer_studio.training.prepare import members, prepare
from emer_studio.training.scores.score import FoldResult, summarise
from emer_studio.training.scores.summary import summary_text


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("synth") / "d"
    synthesise(folder, SynthConfig(12, 14, 1, 1, 1.0))
    return open_cache(folder)


def _results(dataset: Dataset, by: FoldKind) -> dict[str, Any]:
    """Return the results of somebody who says what is shown, and is sure of it."""
    prepared = prepare(dataset, load_benchmark("er7"), 3, 0, by)
    ((task, labels),) = prepared.tasks

    def told(indices: tuple[int, ...]) -> Predictions:
        seen = [
            task.classes.index(dataset.samples[i].fer_emotion or "fear") for i in indices
        ]
        return Predictions(np.array(seen, float), 0.93 * np.eye(7)[seen] + 0.01)

    folds = []
    for split in prepared.split:
        train, kept, test = (
            members(dataset, labels, split, part)
            for part in ("train", "validation", "test")
        )
        folds.append(
            FoldResult(task, labels, split, train, test, told(test), 1, kept, told(kept))
        )
    more = {"folds_by": by, "protocol": "er7", "run": "r", "epochs": 1, "device": "cpu"}
    found = summarise(dataset, folds, 0) | more
    return found | {"samples": sum(len(f.test) for f in folds), "synthetic": True}


def test_knowing_the_clip_is_worth_much_unless_no_clip_is_shared(dataset: Dataset) -> None:
    shared, apart, both = (
        _results(dataset, by) for by in ("participant", "stimulus", "both")
    )
    war = {k: s["war"] for k, s in shared["baselines"].items()}
    assert war["stimulus"] > war["majority"] + 0.3
    for strict in (apart, both):
        assert strict["baselines"]["stimulus"] == strict["baselines"]["majority"]
    assert [shared["samples"], apart["samples"]] == [168, 168]
    assert (
        both["samples"] == 4 * 14
    )  # a third of the people, each with a third of the clips
    part = shared["by_label"]["er_emotion"]
    gap = part["comparisons"]["stimulus"]["war"]
    assert gap["difference"] == pytest.approx(shared["war"] - war["stimulus"])
    people, crossed = (np.ptp(shared[key]["war"]) for key in ("ci95", "ci95_crossed"))
    assert crossed > people  # as the answers of one clip are alike
    # Who says what is shown is never right where that is not what is felt.
    discordant = part["discordant"]["accuracy"]["model"]
    assert discordant["discordant"]["value"] == 0
    assert discordant["concordant"]["value"] == 1
    assert part["discordant"]["other"]["value"] == 1
    calibration = part["calibration"]
    assert calibration["after"]["ece"] < calibration["before"]["ece"]
    assert sum(map(sum, (row["test"] for row in part["class_counts"]))) == 168


def test_results_are_checked_and_told(dataset: Dataset, tmp_path: Path) -> None:
    found = json.loads(json.dumps(_results(dataset, "both"), allow_nan=False))
    parse_results(found, "x")
    text = summary_text(found)
    for words in (
        "clip identity",
        "folds by participant and stimulus",
        "felt ≠ shown",
        "ECE",
    ):
        assert words in text
    assert "56 of 168 samples are tested" in text
    assert "fewer than 10" not in text  # 12 people and 14 clips
    run = tmp_path / "run"
    write_json(run / "run.json", {})
    write_json(run / "results.json", found)
    write_report(tmp_path / "r.html", title="t", sessions=(), runs=[collect_run(run)])
    html = (tmp_path / "r.html").read_text()
    for words in ("EMERT less clip identity", "felt ≠ shown", "1, validation", "c01_"):
        assert words in html
    write_json(run / "results.json", found | {"by_label": {"er7": {"scores": {}}}})
    with pytest.raises(BadInputError, match=r"not the results of a run: by_label\.er7"):
        collect_run(run)


def test_official_sets_cannot_be_by_stimulus(dataset: Dataset) -> None:
    with pytest.raises(BadInputError, match="by participant; they cannot be by both"):
        prepare(dataset, load_benchmark("er7"), "official", 0, "both")


def test_a_sample_learnt_only_beside_the_asked_label_is_checked_as_well(
    dataset: Dataset,
) -> None:
    twin, *rest, last = dataset.samples
    copied = last.model_copy(update={"sha256": twin.sha256, "er_emotion": None})
    leaking = replace(dataset, samples=(twin, *rest, copied))
    with pytest.raises(BadInputError, match="hold the same data"):
        prepare(leaking, load_benchmark("er7"), 12, 0)
    without = copied.model_copy(update={"excluded": True, "reason": "a copy"})
    prepare(replace(leaking, samples=(twin, *rest, without)), load_benchmark("er7"), 12, 0)

"""Labels of another draw score at chance, through everything but the network itself.

What the network is given, the folds, the pooling and the intervals are the real ones; only
the learner is a quick one, so that a leak would be learnt in a second. On labels of the
same draw it has to find something: else it could not find a leak either.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch.nn.functional import adaptive_avg_pool2d

from emer_studio.dataset.cache import Dataset, open_cache
from emer_studio.dataset.synth import SynthConfig, synthesise
from emer_studio.schema.benchmark import load_benchmark
from emer_studio.training.feed.eye_rows import EyeScale
from emer_studio.training.feed.inputs import Feed
from emer_studio.training.fit.job import Predictions
from emer_studio.training.prepare import members, prepare
from emer_studio.training.presets import View
from emer_studio.training.scores.score import FoldResult, summarise

CHANCE = 1 / 7


def seen(dataset: Dataset) -> np.ndarray:
    """Return what the network is given of each sample, coarsely: shape (n, features)."""
    width = dataset.eyes.shape[1]
    plain = EyeScale(np.zeros(width, np.float32), np.ones(width, np.float32))
    view = View(eyes="standard", frames=1, rows=16)
    feed = Feed(dataset, view, plain, torch.device("cpu"))
    rows = []
    for index in range(len(dataset.samples)):
        batch = feed.batch([index])
        face = adaptive_avg_pool2d(batch.face[0, 0], 14).flatten()
        rows.append(torch.cat([face, batch.eye[0].mean(0), batch.eye[0].std(0)]).numpy())
    return np.array(rows)


def results(dataset: Dataset, given: np.ndarray, benchmark: str) -> dict[str, Any]:
    """Return the pooled results of a quick learner over folds by participant."""
    prepared = prepare(dataset, load_benchmark(benchmark), 4, 0)
    ((task, labels),) = prepared.tasks
    folds = []
    for split in prepared.split:
        train = members(dataset, labels, split, "train", "validation")
        test = members(dataset, labels, split, "test")
        learner = make_pipeline(StandardScaler(), RidgeClassifier(alpha=300.0))
        learner.fit(given[list(train)], labels.classes[list(train)])
        found = learner.predict(given[list(test)])
        told = Predictions(found.astype(np.float64), np.eye(7)[found])
        folds.append(FoldResult(task, labels, split, train, test, told, 1))
    return summarise(dataset, folds, 0)


def test_shuffled_labels_are_at_chance_and_others_are_not(tmp_path: Path) -> None:
    for shuffled in (True, False):
        folder = tmp_path / str(shuffled)
        synthesise(folder, SynthConfig(8, 14, 3, 1, 1.0, shuffled=shuffled))
        dataset = open_cache(folder)
        given = seen(dataset)
        for benchmark in ("er7", "fer7"):
            found = results(dataset, given, benchmark)
            low = {name: ends[0] for name, ends in found["ci95"].items()}
            majority = found["baselines"]["majority"]["war"]
            # Below chance is chance, too: what is frequent in training is rare in the test.
            assert (low["uar"] <= CHANCE) == shuffled, (benchmark, found["ci95"])
            assert (low["war"] <= max(majority, CHANCE)) == shuffled, (benchmark, found)

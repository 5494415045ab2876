"""Statistics of the eyes and gradient boosting: what is left when nothing is deep.

Trees need no scale and know what to do where a value is lost. They are fitted label by
label, by scikit-learn's HistGradientBoosting, from the eyes alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import read_json, write_json
from emer_studio.dataset.cache import Dataset
from emer_studio.training.feed.eye_statistics import clip_statistics, measures_of
from emer_studio.training.fit.job import Fitted, FoldJob, Predictions, Settings, Watch
from emer_studio.training.nets.network import Head

__all__ = ["MODEL", "WindowStatistics"]

Floats = NDArray[np.float64]
Answer = Callable[[Floats], Predictions]
_TREES = {
    "max_iter": 100,
    "learning_rate": 0.1,
    "max_depth": 3,
    "min_samples_leaf": 5,
    "l2_regularization": 1.0,
    "max_features": 0.2,
    "early_stopping": False,
}
"""Chosen by us before any comparison. Library defaults but for small trees, leaves that a
class of a dozen samples can fill, and a fifth of the statistics at each branch, since most
of the thousand say the same. No inner part decides when to stop, so all train people are
learnt from."""
_LEFT = "trained.json"


@dataclass(frozen=True, slots=True)
class WindowStatistics:
    """Gradient boosting on statistics of the eye rows and the measures of the dataset.

    Attributes
    ----------
    name, words, joint
        See `job.Learner`.
    """

    name: str = "window-statistics"
    words: str = "statistics of the eyes, gradient boosting"
    joint: bool = False

    def fit(self, job: FoldJob, settings: Settings, watch: Watch) -> Fitted:
        """Learn from the training part; the validation part is not looked at.

        Raises
        ------
        BadInputError
            When neither the eyes nor the gaze may be looked at, or a label is missing in
            the whole training part.
        """
        fitted = _fit(job, settings, watch.check_stop)
        write_json(job.file(_LEFT), _origin(job))
        return fitted

    def again(self, job: FoldJob, settings: Settings) -> Fitted:
        """Fit once more, with the same result.

        The trees are not kept: scikit-learn does that in pickles, which may hold code that
        is run on reading.

        Raises
        ------
        BadInputError
            When it was fitted on another dataset, which would give other trees.
        """
        path = job.file(_LEFT)
        if not path.is_file() or read_json(path) != _origin(job):
            raise BadInputError(
                f"{self.name} is fitted anew each time, and {job.folder} was not fitted on"
                f" {job.dataset.folder}.",
                fix="Give the dataset the run was trained on, or train on this one.",
            )
        return _fit(job, settings, lambda: None)


def _origin(job: FoldJob) -> dict[str, str]:
    return {"dataset_manifest_sha256": job.dataset.manifest_sha256}


def _fit(job: FoldJob, settings: Settings, check_stop: Callable[[], None]) -> Fitted:
    begun_s = time.perf_counter()
    describe = partial(_describe, job.dataset, settings.modalities)
    check_stop()
    table = describe(job.train)
    answers: dict[str, Answer] = {}
    for head in job.scored:
        check_stop()
        answers[head.label] = _learn(head, job, table, settings.seed)

    def predict(indices: Sequence[int]) -> dict[str, Predictions]:
        asked = describe(indices)
        return {label: answer(asked) for label, answer in answers.items()}

    return Fitted(
        predict,
        samples=len(job.train),
        seconds=time.perf_counter() - begun_s,
        facts={"eye_statistics": table.shape[1], "boosting": dict(_TREES)},
    )


def _describe(
    dataset: Dataset, modalities: Sequence[str], indices: Sequence[int]
) -> Floats:
    """Return what the eyes did in some samples, as far as it may be looked at."""
    names = dataset.manifest.eye_names()
    if "eye" in modalities:
        everything = clip_statistics(dataset, indices, range(len(names)))
        return np.hstack([everything, measures_of(dataset, indices)])
    if "gaze" in modalities:
        places = [names.index("gaze_x"), names.index("gaze_y")]
        return clip_statistics(dataset, indices, places)
    raise BadInputError(
        "window-statistics looks at nothing but eyes, and both eye and gaze are left out.",
        fix="Leave one of them in, or choose another model.",
    )


def _learn(head: Head, job: FoldJob, table: Floats, seed: int) -> Answer:
    """Fit one label."""
    truth = job.targets[head.label][list(job.train)]
    labelled = truth >= 0 if head.classes else np.isfinite(truth)
    if not labelled.any():
        raise BadInputError(
            f"No training sample of fold {job.fold} has the label {head.label}.",
            fix="Use fewer folds, or a benchmark whose labels there are.",
        )
    table, truth = table[labelled], truth[labelled]
    # The library refuses columns without any value. The shares known always have one.
    measured = np.isfinite(table).any(axis=0)
    learn = _classes if head.classes else _numbers
    answer = learn(head, table[:, measured], truth, seed)
    return lambda asked: answer(asked[:, measured])


def _classes(head: Head, table: Floats, truth: NDArray[Any], seed: int) -> Answer:
    # Imported late: it takes a second, and the list of models asks for this file.
    from sklearn.ensemble import HistGradientBoostingClassifier

    seen = np.unique(truth)
    trees = HistGradientBoostingClassifier(random_state=seed, **_TREES)
    if len(seen) > 1:
        trees.fit(table, truth)

    def answer(asked: Floats) -> Predictions:
        probabilities = np.zeros((len(asked), len(head.classes)))
        if len(seen) == 1:  # nothing to tell apart
            probabilities[:, seen] = 1.0
        elif len(asked):
            probabilities[:, seen] = trees.predict_proba(asked)
        return Predictions(probabilities.argmax(axis=1).astype(np.float64), probabilities)

    return answer


def _numbers(head: Head, table: Floats, truth: NDArray[Any], seed: int) -> Answer:
    from sklearn.ensemble import HistGradientBoostingRegressor

    trees = HistGradientBoostingRegressor(random_state=seed, **_TREES)
    trees.fit(table, truth)

    def answer(asked: Floats) -> Predictions:
        values = trees.predict(asked) if len(asked) else np.empty(0)
        return Predictions(np.asarray(values, np.float64), np.empty((len(asked), 0)))

    return answer


MODEL = WindowStatistics()

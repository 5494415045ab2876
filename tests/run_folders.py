"""Training runs without training: folders with answers that a test decides."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from emer_studio.core.files import write_json
from emer_studio.training.scores.metrics import (
    classification_scores,
    confusion_matrix,
    regression_scores,
)

CLASSES = ("negative", "neutral", "positive")
PEOPLE = tuple(f"S{n:03d}" for n in range(1, 13))
CLIPS = tuple(f"c{n}" for n in range(1, 7))
FOLDS = {who: 1 + n % 3 for n, who in enumerate(PEOPLE)}
Answer = Callable[[int, str], str]


def truth_of(place: int) -> str:
    """Return the class of the sample at a place: all three equally often."""
    return CLASSES[place % 3]


def right_except(*wrong: int) -> Answer:
    """Answer right everywhere but at some places."""

    def answer(place: int, truth: str) -> str:
        return CLASSES[(CLASSES.index(truth) + (place in wrong)) % 3]

    return answer


def write_run(
    folder: Path,
    answer: Answer | None = None,
    *,
    protocol: str = "er3",
    people: Sequence[str] = PEOPLE,
    folds: Mapping[str, int] = FOLDS,
    **about: Any,
) -> Path:
    """Write a finished run that answers as it is told; `about` goes into ``run.json``."""
    rows = [
        (f"{who}/{clip}", who, clip, "er3", folds[who], truth_of(n),
         (answer or right_except())(n, truth_of(n)))
        for n, (who, clip) in enumerate((w, c) for w in PEOPLE for c in CLIPS)
        if who in people
    ]  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    head = ("sample_id", "participant", "stimulus", "label", "fold", "truth", "prediction")
    with (folder / "predictions.csv").open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow((*head, *(f"p_{name}" for name in CLASSES)))
        for row in rows:
            table.writerow((*row, *(0.8 if name == row[-1] else 0.1 for name in CLASSES)))
    write_json(folder / "run.json", run_info(protocol, folds, **about))
    write_json(folder / "results.json", _results(protocol, rows))
    return folder


def write_numbers(folder: Path, errors: Mapping[str, float]) -> Path:
    """Write a finished regression run that is off by so much, by label."""
    head = ("sample_id", "participant", "stimulus", "label", "fold", "truth", "prediction")
    by_label, lines = {}, []
    for label, error in errors.items():
        truth = np.array([(n % 9 - 4) / 4 for n in range(len(PEOPLE) * len(CLIPS))])
        pairs = [(who, clip) for who in PEOPLE for clip in CLIPS]
        lines += [
            (f"{who}/{clip}", who, clip, label, FOLDS[who], f"{t:.6f}", f"{t + error:.6f}")
            for (who, clip), t in zip(pairs, truth, strict=True)
        ]
        scores = regression_scores(truth, truth + error)
        by_label[label] = _part(scores, len(truth), {})
    folder.mkdir(parents=True)
    with (folder / "predictions.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([head, *lines])
    write_json(folder / "run.json", run_info("er-va", FOLDS))
    names = ("mae", "rmse", "ccc", "pearson")
    pooled = {n: float(np.mean([p["scores"][n] for p in by_label.values()])) for n in names}
    write_json(
        folder / "results.json",
        {
            "protocol": "er-va", "samples": len(PEOPLE) * len(CLIPS), "baselines": {},
            "fold_mean": pooled, "fold_sd": pooled, "by_label": by_label, "folds": [],
            "folds_by": "participant", "epochs": 3, "device": "cpu", **pooled,
        },
    )  # fmt: skip
    return folder


def run_info(protocol: str, folds: Mapping[str, int], **about: Any) -> dict[str, Any]:
    """Return a ``run.json``."""
    split = [
        {
            "fold": k,
            "train": [who for who, other in folds.items() if other != k],
            "validation": [],
            "test": [who for who, other in folds.items() if other == k],
        }
        for k in sorted(set(folds.values()))
    ]
    return {
        "format_version": 2, "state": "done", "protocol": protocol, "preset": "studio",
        "cnn_init": "random", "epochs": 3, "batch_size": 16,
        "seed": 0, "device": "cpu", "split": split, "dataset": "/nowhere/synthetic",
        "dataset_name": "Pilot", "dataset_manifest_sha256": "a" * 64, "synthetic": False,
        "simulated": False, "app_version": "0.1.0", "versions": {"torch": "2.9.1"},
        "started": "2026-11-20T10:00:00Z", "finished": "2026-11-20T11:00:00Z", **about,
    }  # fmt: skip


def _results(protocol: str, rows: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    truth, found = (np.array([CLASSES.index(row[n]) for row in rows]) for n in (5, 6))
    counts = confusion_matrix(truth, found, 3)
    scores = classification_scores(counts)
    folds = sorted({row[4] for row in rows})
    each = {
        k: classification_scores(
            confusion_matrix(
                truth[[row[4] == k for row in rows]],
                found[[row[4] == k for row in rows]],
                3,
            )
        )
        for k in folds
    }
    majority = {"war": 1 / 3, "uar": 1 / 3, "wf1": 1 / 6}
    tested = [int((truth == n).sum()) for n in range(3)]
    more = {
        "classes": CLASSES,
        "confusion": counts.tolist(),
        "class_counts": [
            {"fold": 1, "train": tested, "validation": (0, 0, 0), "test": tested}
        ],
    }
    return {
        "protocol": protocol, "samples": len(rows), "baselines": {"majority": majority},
        "fold_mean": scores, "fold_sd": scores, "folds_by": "participant", "epochs": 3,
        "ci95": {"war": (0.5, 0.9)}, "ci95_crossed": {"war": (0.4, 0.95)},
        "by_label": {"er3": _part(scores, len(rows), {"majority": majority}) | more},
        "folds": [
            {
                "fold": k, "test_participants": [p for p in PEOPLE if FOLDS[p] == k],
                "validation_participants": (), "train_participants": (), "samples": 24,
                "epoch": {"er3": 3}, "baselines": {"majority": majority}, **each[k],
            }
            for k in folds
        ],
        "remarks": ["Nobody is on both sides."], "device": "cpu", **scores,
    }  # fmt: skip


def _part(scores: dict[str, float], samples: int, baselines: Any) -> dict[str, Any]:
    ends = dict.fromkeys(scores, (0.1, 0.9))
    return {
        "scores": scores, "samples": samples, "ci95": ends, "ci95_crossed": ends,
        "baselines": baselines,
    }  # fmt: skip

"""Reading the predictions of a run back, with every line checked."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emer_studio.core.errors import BadInputError
from emer_studio.schema.results import Results

__all__ = ["Predicted", "read_predictions"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_COLUMNS = ("sample_id", "participant", "label", "fold", "truth", "prediction")


@dataclass(frozen=True, slots=True)
class Predicted:
    """The test predictions of a run for one label, in the order of the samples' names.

    Attributes
    ----------
    samples, participants, stimuli : tuple of str
        Of each test sample; stimuli are empty in runs of early versions, which did not
        write them down.
    folds : (n,) int64
        In which fold it was tested.
    truth, found : (n,) float64
        Numbers, or class numbers.
    probabilities : (n, C) float64
        Of the classes; (n, 0) where numbers are predicted.
    classes : tuple of str
        Names of the classes; none where numbers are predicted.
    """

    samples: tuple[str, ...]
    participants: tuple[str, ...]
    stimuli: tuple[str, ...]
    folds: Ints
    truth: Floats
    found: Floats
    probabilities: Floats
    classes: tuple[str, ...]

    def of(self, samples: Sequence[str]) -> Predicted:
        """Return what was predicted of some samples, in their order."""
        place = {name: i for i, name in enumerate(self.samples)}
        at = [place[name] for name in samples]
        return Predicted(
            tuple(samples),
            tuple(self.participants[i] for i in at),
            tuple(self.stimuli[i] for i in at),
            self.folds[at],
            self.truth[at],
            self.found[at],
            self.probabilities[at],
            self.classes,
        )


def read_predictions(run: Path, results: Results) -> dict[str, Predicted]:
    """Read the ``predictions.csv`` of a finished run.

    Parameters
    ----------
    run : Path
        Its folder.
    results : Results
        For the names of the classes.

    Returns
    -------
    dict
        By label, in the order of the results.

    Raises
    ------
    BadInputError
        When the table is missing or a line of it is wrong, naming the line.
    """
    path = run / "predictions.csv"
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            table = csv.DictReader(stream)
            lines = list(table)
            columns = table.fieldnames or ()
    except FileNotFoundError:
        raise BadInputError(
            f"{run} has no predictions.csv, so its answers are not known.",
            fix="evaluate RUN --dataset DIR scores it again; train it anew for the table.",
        ) from None
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise BadInputError(f"{path} cannot be read: {problem}.") from None
    if missing := [name for name in _COLUMNS if name not in columns]:
        raise BadInputError(
            f"{path} lacks the columns {', '.join(missing)}.", fix="Train the run anew."
        )
    by_label: dict[str, list[tuple[int, dict[str, str]]]] = defaultdict(list)
    for number, line in enumerate(lines, start=2):
        if line["label"] not in results.by_label:
            raise BadInputError(
                f"{path}, line {number}: expected a label out of"
                f" {', '.join(results.by_label)}, found {line['label']!r}."
            )
        by_label[line["label"]].append((number, line))
    return {
        label: _of_label(path, part.classes, by_label[label])
        for label, part in results.by_label.items()
    }


def _of_label(
    path: Path, classes: tuple[str, ...], numbered: Sequence[tuple[int, dict[str, str]]]
) -> Predicted:
    ordered = sorted(numbered, key=lambda both: both[1]["sample_id"])
    seen: set[str] = set()
    rows = []
    for number, line in ordered:
        if line["sample_id"] in seen:
            raise BadInputError(
                f"{path}, line {number}: {line['sample_id']} was tested twice."
            )
        seen.add(line["sample_id"])
        try:
            rows.append(_numbers(line, classes))
        except (ValueError, TypeError, KeyError) as problem:
            raise BadInputError(f"{path}, line {number} is wrong: {problem}.") from None
    told = [line for _, line in ordered]
    values = np.array(rows, np.float64).reshape(len(rows), 3 + len(classes))
    if not np.isfinite(values).all():
        raise BadInputError(f"{path} holds numbers that are not finite.")
    return Predicted(
        tuple(line["sample_id"] for line in told),
        tuple(line["participant"] for line in told),
        tuple(line.get("stimulus") or "" for line in told),
        values[:, 0].astype(np.int64),
        values[:, 1],
        values[:, 2],
        values[:, 3:],
        classes,
    )


def _numbers(line: dict[str, str], classes: tuple[str, ...]) -> list[float]:
    both = [line["truth"], line["prediction"]]
    if not classes:
        return [int(line["fold"]), *map(float, both)]
    for name in both:
        if name not in classes:
            raise ValueError(f"expected one of {', '.join(classes)}, found {name!r}")
    shares = [float(line[f"p_{name}"]) for name in classes]
    return [int(line["fold"]), *(classes.index(name) for name in both), *shares]

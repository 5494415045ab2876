"""What the report tells of one training run: tables ready to be written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from emer_studio.report import figures
from emer_studio.report.collect import RunFacts
from emer_studio.schema.benchmark import METRICS
from emer_studio.training.scores.summary import model_title

__all__ = ["baseline_name", "run_story"]

_FOLDS = {
    "participant": "folds by participant (nobody in training and test)",
    "stimulus": "folds by stimulus (no clip in training and test)",
    "both": "folds by participant and stimulus (nobody and no clip in training and test)",
    "official": "official sets (no participant in two)",
}
_NAMES = {
    "majority": "majority: always the usual training label",
    "target": "target: only what the clip is meant to evoke",
    "stimulus": "clip identity: the usual training label of the same clip",
    "participant": "participant identity: the person's usual training label",
}
_EMPTY: dict[str, Any] = {}


def run_story(facts: RunFacts) -> dict[str, Any]:
    """Return the tables, figures and sentences of a run.

    Parts that runs of earlier versions lack are left out.
    """
    results, name = facts.results, model_title(facts.run)
    metrics = tuple(name for name in METRICS if name in results)
    drawn = []
    for label, part in results.get("by_label", _EMPTY).items():
        if part.get("confusion"):
            image = figures.confusion(part["classes"], part["confusion"])
            drawn.append((f"Confusion, {label}", image))
    return {
        "facts": facts,
        "name": name,
        "folds_by": _FOLDS[results.get("folds_by", "participant")],
        "metrics": metrics,
        "rows": _rows(name, results, metrics),
        "folds": _folds(results, metrics),
        "labels": [
            _of_label(name, label, part, metrics)
            for label, part in results.get("by_label", _EMPTY).items()
        ],
        "remarks": results.get("remarks", ()),
        "figures": drawn,
    }


def baseline_name(kind: str) -> str:
    """Return what a baseline is called, in a word or two."""
    return _NAMES.get(kind, kind).partition(":")[0]


def _rows(name: str, results: Mapping[str, Any], metrics: Sequence[str]) -> list[list[str]]:
    """Return the model, its intervals and the baselines."""
    rows = [[f"{name}, all test samples", *(_number(results.get(m)) for m in metrics)]]
    mean, sd = results.get("fold_mean", _EMPTY), results.get("fold_sd", _EMPTY)
    if mean:
        both = (f"{_number(mean.get(m))} ± {_number(sd.get(m))}" for m in metrics)
        rows.append([f"{name}, mean and sd over folds", *both])
    for key, words in (
        ("ci95", "95 % interval over participants"),
        ("ci95_crossed", "95 % interval over participants and stimuli at once"),
    ):
        if ends := results.get(key):
            rows.append([words, *(_ends(ends.get(m)) for m in metrics)])
    for kind, scores in results.get("baselines", _EMPTY).items():
        numbers = (_number(scores.get(m)) for m in metrics)
        rows.append([_NAMES.get(kind, kind), *numbers])
    return rows


def _folds(results: Mapping[str, Any], metrics: Sequence[str]) -> list[list[str]]:
    """Return who and what each fold tested, with the score to beat."""
    main = metrics[0]
    return [
        [
            str(fold["fold"]),
            ", ".join(fold["test_participants"]),
            ", ".join(fold.get("test_stimuli") or ()) or "all",
            str(fold["samples"]),
            _number(fold.get(main)),
            _number(fold.get("baselines", _EMPTY).get("stimulus", _EMPTY).get(main)),
        ]
        for fold in results["folds"]
    ]


def _of_label(
    name: str, label: str, part: Mapping[str, Any], metrics: Sequence[str]
) -> dict[str, Any]:
    crossed = part.get("ci95_crossed") or _EMPTY
    own = [
        [name, m.upper(), _number(part["scores"].get(m)), _ends(part["ci95"].get(m)), "",
         _ends(crossed.get(m)), ""]
        for m in metrics
    ]  # fmt: skip
    comparisons = [
        [
            f"{name} less {baseline_name(kind)}", m.upper(),
            f"{one['difference']:+.3f}", _ends(one["ci95"]), _number(one["p"]),
            _ends(one["ci95_crossed"]), _number(one["p_crossed"]),
        ]
        for kind, table in part.get("comparisons", _EMPTY).items()
        for m in metrics
        if (one := table.get(m))
    ]  # fmt: skip
    discordant = part.get("discordant") or _EMPTY
    return {
        "label": label,
        "comparisons": [*own, *comparisons] if comparisons else [],
        "calibration": _calibration(part.get("calibration") or _EMPTY),
        "discordant": [
            [
                name if kind == "model" else _NAMES.get(kind, kind),
                *(_share(on["discordant"]), _share(on["concordant"])),
            ]
            for kind, on in discordant.get("accuracy", _EMPTY).items()
        ],
        "differ": f"{discordant.get('discordant')} of {discordant.get('both')}",
        "other": _share(discordant.get("other")),
        "classes": part.get("classes", ()),
        "counts": [
            [f"{row['fold']}, {part_name}", *map(str, row[part_name])]
            for row in part.get("class_counts", ())
            for part_name in ("train", "validation", "test")
        ],
    }


def _calibration(part: Mapping[str, Any]) -> str:
    """Return how far confidence and accuracy are apart, in a sentence."""
    if not (before := part.get("before")):
        return ""
    said = f"{before['ece']:.3f} {_ends(before['ci95'])}"
    if not (after := part.get("after")):
        return f"{said}; no temperature: {part['missing']}"
    each = ", ".join(
        f"{t['temperature']:.2f} ({t['samples']} samples)" for t in part["temperatures"]
    )
    return (
        f"{said}; {after['ece']:.3f} {_ends(after['ci95'])} with a temperature for each"
        f" fold, fitted on its validation part: {each}"
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _ends(both: Sequence[float] | None) -> str:
    return f"[{both[0]:.3f}, {both[1]:.3f}]" if both else "–"


def _share(found: Mapping[str, Any] | None) -> str:
    return f"{found['value']:.3f} {_ends(found['ci95'])}" if found else "not known"

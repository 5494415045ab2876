"""The results of a run for a person at a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from emer_studio.schema.benchmark import METRICS

__all__ = ["FOLD_WORDS", "columns", "model_title", "summary_text"]

FOLD_WORDS = {
    "participant": "folds by participant",
    "stimulus": "folds by stimulus",
    "both": "folds by participant and stimulus",
    "official": "official sets",
}
_NAMES = {
    "majority": "majority",
    "target": "target (stimulus only)",
    "stimulus": "clip identity",
    "participant": "participant identity",
}


def summary_text(result: Mapping[str, Any]) -> str:
    """Return the result for a person: scores beside baselines, and what to know of them."""
    lines = []
    if result.get("synthetic"):
        lines.append("SYNTHETIC data: a software check, not evidence about people.")
    if result.get("simulated"):
        lines.append("SIMULATED devices: not evidence about people.")
    if result.get("frozen_backbone"):
        lines.append("FROZEN backbone: a quick look; the face network has learnt nothing.")
    lines.append(
        f"{result['protocol']}: {result['samples']} test samples, pooled over"
        f" {len(result['folds'])} {FOLD_WORDS[result.get('folds_by', 'participant')]}"
    )
    if result.get("weak_labels"):
        lines.append(
            f"{', '.join(result['units'])}: {result['weak_labels']} samples have what was"
            " felt in the whole clip as their label"
        )
    name = model_title(result)
    lines += _scores(result, name)
    for label, part in result["by_label"].items():
        lines += _of_label(label, part, name)
        if result.get("preset") == "official-2024":
            lines += _as_printed(label, part)
    lines += [f"Note: {remark}" for remark in result.get("remarks", ())]
    lines.append(f"Run folder: {result['run']}")
    return "\n".join(lines)


def model_title(result: Mapping[str, Any]) -> str:
    """Return what the model of a result or run is called in a table."""
    name = str(result.get("model", "emert"))
    name = "EMERT" if name == "emert" else name
    preset = result.get("preset", "studio")
    return name if preset == "studio" else f"{name} ({preset})"


def _as_printed(label: str, part: Mapping[str, Any]) -> list[str]:
    """Return what the official code would print of the same predictions."""
    scores = part.get("batch_averaged") or {}
    told = ", ".join(f"{name.upper()} {value:.3f}" for name, value in scores.items())
    words = "as the official code averages it, over batches of 16 (to compare, no result)"
    return [f"{label}, {words}: {told}"] if told else []


def _scores(result: Mapping[str, Any], model: str) -> list[str]:
    """Return the table of the model and the baselines."""
    names = [name for name in METRICS if name in result]
    mean, sd = result["fold_mean"], result["fold_sd"]
    rows = [
        ["", *(name.upper() for name in names)],
        [model, *(f"{result[name]:.3f}" for name in names)],
        ["  folds, mean ± sd", *(f"{mean[n]:.3f} ± {sd[n]:.3f}" for n in names)],
    ]
    for key, words in (
        ("ci95", "  95 %, people"),
        ("ci95_crossed", "  95 %, people and stimuli"),
    ):
        if ends := result.get(key):
            rows.append([words, *(_ends(ends.get(name)) for name in names)])
    for kind, scores in result["baselines"].items():
        title = _NAMES.get(kind, kind)
        rows.append([title, *(f"{scores[name]:.3f}" for name in names)])
    return columns(rows)


def _of_label(label: str, part: Mapping[str, Any], model: str) -> list[str]:
    """Return what is known of one label: differences, calibration, discordant subset."""
    main = "rmse" if "rmse" in part["scores"] else "war"
    lines = []
    rows = [["", main.upper(), "95 %, people", "p", "95 %, people and stimuli", "p"]]
    own = f"{part['scores'][main]:.3f}", _ends(part["ci95"][main])
    crossed = (part.get("ci95_crossed") or {}).get(main)
    rows.append([model, *own, "", _ends(crossed), ""])
    for kind, table in part.get("comparisons", {}).items():
        one = table[main]
        rows.append([
            f"{model} - {_NAMES.get(kind, kind)}", f"{one['difference']:+.3f}",
            _ends(one["ci95"]), _p(one["p"]), _ends(one["ci95_crossed"]),
            _p(one["p_crossed"]),
        ])  # fmt: skip
    if len(rows) > 2:
        lines += [f"{label}, the same test samples (bootstrap, paired):", *columns(rows)]
    calibration = part.get("calibration") or {}
    if before := calibration.get("before"):
        after = calibration["after"]
        lines.append(
            f"{label}, calibration error (ECE): {_value(before, 'ece')}; with a temperature"
            f" from the validation part {_value(after, 'ece')}"
        )
    discordant = part.get("discordant") or {}
    rows = [["", "felt ≠ shown", "felt = shown"]]
    for name, on in discordant.get("accuracy", {}).items():
        title = model if name == "model" else _NAMES.get(name, name)
        rows.append([title, _value(on["discordant"]), _value(on["concordant"])])
    if len(rows) > 1:
        few, both = discordant["discordant"], discordant["both"]
        lines.append(f"{label}, share right; felt and shown differ in {few} of {both}:")
        lines += columns(rows)
    return lines


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Line the cells up, the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = zip(others, widths[1:], strict=True)
        right = "  ".join(cell.rjust(width) for cell, width in cells)
        lines.append(f"  {first.ljust(widths[0])}  {right}".rstrip())
    return lines


def _ends(both: Sequence[float] | None) -> str:
    return f"[{both[0]:.3f}, {both[1]:.3f}]" if both else "–"


def _p(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _value(found: Mapping[str, Any] | None, key: str = "value") -> str:
    return f"{found[key]:.3f} {_ends(found['ci95'])}" if found else "not known"

"""The robustness of a run for a terminal and as one HTML file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from emer_studio.core.files import write_atomic
from emer_studio.report.figures import COLOURS, INK, embed, new_figure
from emer_studio.report.run_tables import Table, columns
from emer_studio.report.sections import Section, as_html

__all__ = ["curve_figure", "robustness_text", "write_robustness"]

Told = Mapping[str, Any]
_ABREAST = 4
_BANNERS = {
    "synthetic": "SYNTHETIC: a check of the software, not evidence about people.",
    "simulated": "SIMULATED recordings: they say nothing about people.",
}
_HOW = (
    "Each fold's best network predicts its test clips with their frames and eye rows made"
    " worse; the doses are equally spaced and each is drawn by the same seed. Relative"
    " robustness is the mean score over all doses (the area under the curve divided by"
    " their range); lost is how much less that is than the score on clean clips, above 0"
    " being worse for every score."
)
_EFFECTIVE = (
    "Excess is the relative robustness beyond the other run's, effective robustness what is"
    " left of it when both are moved to the same score on clean clips; above 0, this run is"
    " the more robust one."
)


def robustness_text(told: Told) -> str:
    """Return what was measured for a terminal."""
    lines = [text for mark, text in _BANNERS.items() if told[mark]]
    lines.append(f"{told['protocol']}, {told['name']}: mean score over all doses [95 %]")
    for table in _tables(told):
        lines += ["", table.title, *columns([table.heads, *table.rows])]
    lines += ["", *(f"Note: {remark}" for remark in told["remarks"])]
    return "\n".join(lines).rstrip()


def write_robustness(out: Path, told: Told) -> None:
    """Write it as a page, atomically."""
    marks = [mark for mark in _BANNERS if told[mark]]
    left = [
        f"{row['words']}: {row['not_recomputed']} (as on the clean clips)"
        for row in told["disturbances"]
        if row["not_recomputed"]
    ]
    words = (_HOW, _EFFECTIVE) if told["against"] else (_HOW,)
    sections = [Section("", words, tuple(_tables(told)), tuple(told["remarks"]))]
    if told["disturbances"]:
        sections += [
            Section(f"By dose, {label}", figures=((_caption(told), embed(figure)),))
            for label, figure in _figures(told)
        ]
    sections.append(Section("What stays as it was", points=tuple(left)))
    html = as_html(
        "robustness",
        f"Robustness: {told['protocol']}",
        told["name"],
        [_BANNERS[mark] for mark in marks],
        sections,
        marks,
    )
    write_atomic(out, html)


def curve_figure(told: Told, label: str, first: int = 0) -> Figure:
    """Draw the main score of a label by dose, for four disturbances from the first on."""
    rows = told["disturbances"][first : first + _ABREAST]
    figure, axes = new_figure(2.4 * len(rows), 2.5, len(rows))
    for axis, row in zip(axes, rows, strict=True):
        scores = next(one for one in row["labels"] if one["label"] == label)["scores"]
        name = next(iter(scores))
        one, levels = scores[name], row["levels"]
        ends = [
            both or (value, value)
            for both, value in zip(one["ci95"], one["values"], strict=True)
        ]
        low, high = zip(*ends, strict=True)
        axis.fill_between(levels, low, high, color=COLOURS[1], alpha=0.25, linewidth=0)
        axis.plot(levels, one["values"], "o-", color=COLOURS[4], label=told["name"])
        if "against" in one:
            axis.plot(
                levels, one["against"], "s--", color=COLOURS[5], label=told["against_name"]
            )
        axis.set_title(row["words"], fontsize=8, color=INK)
        axis.set_xlabel(row["unit"], fontsize=7, color=INK)
    axes[0].set_ylabel(name.upper(), fontsize=8, color=INK)
    every = [limit for axis in axes for limit in axis.get_ylim()]
    for axis in axes:
        axis.set_ylim(min(every), max(every))
    if told["against"]:
        axes[0].legend(fontsize=7, frameon=False)
    return figure


def _figures(told: Told) -> list[tuple[str, Figure]]:
    firsts = range(0, len(told["disturbances"]), _ABREAST)
    return [
        (label, curve_figure(told, label, k)) for label in told["clean"] for k in firsts
    ]


def _caption(told: Told) -> str:
    other = f" Dashed: {told['against_name']}." if told["against"] else ""
    return f"{told['name']}, with its 95 % interval over participants and stimuli.{other}"


def _tables(told: Told) -> list[Table]:
    return [_table(told, label, n) for label, names in told["clean"].items() for n in names]


def _table(told: Told, label: str, score: str) -> Table:
    compared = ("excess", "effective") if told["against"] else ()
    heads = ("disturbance", "doses", f"relative {score.upper()}", "lost", *compared)
    rows = []
    for row in told["disturbances"]:
        scores = next(one for one in row["labels"] if one["label"] == label)["scores"]
        doses = f"{row['levels'][0]:g} to {row['levels'][-1]:g} {row['unit']}"
        cells = [_cell(scores[score][key]) for key in ("relative", "lost", *compared)]
        rows.append((row["words"], doses, *cells))
    clean = f"{score.upper()} {told['clean'][label][score]:.3f} on clean clips"
    title = f"{label}: {clean}, {told['samples'][label]} test samples"
    nothing = ("nothing was disturbed", *[""] * (len(heads) - 1))
    return Table(title, "", heads, tuple(rows) or (nothing,))


def _cell(value: Mapping[str, Any]) -> str:
    ends: Sequence[float] | None = value["ci95"]
    told = f"{value['value']:.3f}"
    return told if ends is None else f"{told} [{ends[0]:.3f}, {ends[1]:.3f}]"

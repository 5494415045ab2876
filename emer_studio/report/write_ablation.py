"""An ablation for a terminal and as one HTML file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from emer_studio.core.files import write_atomic
from emer_studio.report.figures import COLOURS, INK, LINE, embed, new_figure
from emer_studio.report.run_tables import Table, columns
from emer_studio.report.sections import Section, as_html

__all__ = ["ablation_text", "gap_figure", "write_ablation"]

Told = Mapping[str, Any]
Row = Mapping[str, Any]
_BANNERS = {
    "synthetic": "SYNTHETIC: a check of the software, not evidence about people.",
    "simulated": "SIMULATED recordings: they say nothing about people.",
}
_GROUPS = {
    "modalities": "What it looks at",
    "parts": "Parts left out",
    "official": "Step by step to official-2024",
}
_HOW = (
    "Every variant was trained and tested on the same folds as the whole model. Differences"
    " are variant less whole on the same test samples, with 95 % intervals over"
    " participants and stimuli (over participants where there is one stimulus). For RMSE"
    " above 0 is worse, for WAR better."
)


_HOW_SEEDS = (
    "Every variant was trained and tested with several seeds, each on the same folds as the"
    " whole model of its seed. Differences are variant less whole on the same test samples:"
    " mean and standard deviation over seeds. For RMSE above 0 is worse, for WAR better."
)


def ablation_text(told: Told) -> str:
    """Return the tables for a terminal."""
    lines = [text for mark, text in _BANNERS.items() if told[mark]]
    lines.append(
        f"{told['protocol']}: {told['folds']} folds by {told['folds_by']},"
        f" {told['epochs']} epochs, {_seeds(told)}"
    )
    for table in _tables(told):
        lines += ["", table.title, *columns([table.heads, *table.rows])]
    return "\n".join([*lines, "", *(f"Note: {remark}" for remark in told["remarks"])])


def write_ablation(out: Path, told: Told) -> None:
    """Write it as a page, atomically."""
    marks = [mark for mark in _BANNERS if told[mark]]
    how = _HOW_SEEDS if "seeds" in told else _HOW
    sections = [Section("", (how,), tuple(_tables(told)), tuple(told["remarks"]))]
    for label in _labels(told):
        with_ = "standard deviations over seeds" if "seeds" in told else "95 % intervals"
        caption = f"{label}: variant less whole, with {with_}."
        figure = embed(gap_figure(told, label))
        sections.append(Section(f"Differences, {label}", figures=((caption, figure),)))
    heads = ("", "here", "official-2024")
    rows = tuple((d["name"], d["ours"], d["official"]) for d in told["deviations"])
    listed = Table("", "", heads, rows)
    sections.append(Section("Deviations from official-2024", tables=(listed,)))
    html = as_html(
        "ablation",
        f"Ablation: {told['protocol']}",
        f"{told['folds']} folds by {told['folds_by']}, {told['epochs']} epochs,"
        f" {_seeds(told)}",
        [_BANNERS[mark] for mark in marks],
        sections,
        marks,
    )
    write_atomic(out, html)


def gap_figure(told: Told, label: str) -> Figure:
    """Draw what each variant scores more or less than the whole model."""
    rows = [
        (row["words"], gap)
        for row in told["variants"]
        for gap in row["less_whole"]
        if gap["label"] == label
    ]
    figure, (axis,) = new_figure(6.5, 0.8 + 0.28 * len(rows))
    places = np.arange(len(rows))[::-1]
    axis.axvline(0.0, color=LINE, zorder=0)
    for place, (_, gap) in zip(places, rows, strict=True):
        ends = gap["ci95_crossed"] or gap["ci95"]
        if (sd := gap.get("sd")) is not None:
            ends = (gap["difference"] - sd, gap["difference"] + sd)
        if ends:
            axis.plot(ends, [place, place], color=COLOURS[4], linewidth=1.5)
        axis.plot([gap["difference"]], [place], "o", color=COLOURS[4])
    axis.set_yticks(places, [words for words, _ in rows], fontsize=8, color=INK)
    axis.set_xlabel(f"{rows[0][1]['score'].upper()}, variant less whole", fontsize=8)
    return figure


def _seeds(told: Told) -> str:
    if "seeds" in told:
        return f"seeds {', '.join(map(str, told['seeds']))}"
    return f"seed {told['seed']}"


def _labels(told: Told) -> list[str]:
    every = [gap["label"] for row in told["variants"] for gap in row["less_whole"]]
    return list(dict.fromkeys(every))


def _tables(told: Told) -> list[Table]:
    whole, *rows = told["variants"]
    tables = [_table(title, whole, [r for r in rows if r["group"] == group])
              for group, title in _GROUPS.items()]  # fmt: skip
    told_of = [table for table in tables if len(table.rows) > 1]
    return [*(told_of or [_table("", whole, [])]), *_matrices(told)]


def _matrices(told: Told) -> list[Table]:
    """Return one table for each label: parts down, streams across."""
    cells = {(r["before"], r["part"]): r for r in told["variants"] if r.get("part")}
    if not cells:
        return []
    streams = [row for row in told["variants"] if row["name"] in {s for s, _ in cells}]
    parts = [row for row in told["variants"] if row["name"] in {p for _, p in cells}]
    seen = [row["words"].removesuffix(" only").replace(" and ", "+") for row in streams]
    labels = list(dict.fromkeys(gap["label"] for gap in parts[0]["less_whole"]))
    tables = []
    for label in labels:
        scores = (f"{_of(row['less_whole'], label)['run']:.3f}" for row in streams)
        whole = f"{_of(parts[0]['less_whole'], label)['against']:.3f}"
        rows = [("every part: score", whole, *scores)]
        for part in parts:
            its = [cells.get((row["name"], part["name"])) for row in streams]
            gaps = [part["less_whole"], *(one["less_before"] if one else () for one in its)]
            effects = (f"{_of(g, label)['difference']:+.3f}" if g else "" for g in gaps)
            rows.append((part["words"], *effects))
        about = f" ({label})" if len(labels) > 1 else ""
        title = f"Each part left out of each choice of streams, less every part{about}"
        tables.append(Table(title, "", ("", "all streams", *seen), tuple(rows)))
    return tables


def _of(gaps: Sequence[Row], label: str) -> Row:
    return next(gap for gap in gaps if gap["label"] == label)


def _table(title: str, whole: Row, rows: Sequence[Row]) -> Table:
    several = len({gap["label"] for row in rows for gap in row["less_whole"]}) > 1
    steps = any(row["less_before"] for row in rows)
    one_seed = "sd" not in (whole["score"] or {})
    spread = " [95 %]" if one_seed else ", mean ± sd"
    p, holm = (["p"], ["p (Holm)"]) if one_seed else ([], [])
    heads = ["", f"score{spread}", *(["label"] if several else [])]
    heads += [f"less whole{spread}", *p, *holm]
    heads += [f"less the step before{spread}", *p] if steps else []
    blank = [""] * (len(heads) - 2)
    cells = [(whole["words"], _score(whole), *blank)]
    for row in rows:
        for number, gap in enumerate(row["less_whole"]):
            first = (row["words"], _score(row)) if number == 0 else ("", "")
            line = [*first, *([gap["label"]] if several else []), _gap(gap)]
            line += [_p(gap), _p(gap, "_holm")] if one_seed else []
            if steps:
                before = row["less_before"][number] if row["less_before"] else None
                line.append(_gap(before) if before else "")
                line += [_p(before) if before else ""] if one_seed else []
            cells.append(tuple(line))
    return Table(title, "", tuple(heads), tuple(cells))


def _score(row: Row) -> str:
    score = row["score"]
    if score is None:
        return "–"
    ends = score["ci95"]
    told = f"{score['metric'].upper()} {score['value']:.3f}"
    if "sd" in score:
        return f"{told} ± {score['sd']:.3f}"
    return told if ends is None else f"{told} [{ends[0]:.3f}, {ends[1]:.3f}]"


def _gap(gap: Row) -> str:
    ends = gap["ci95_crossed"] or gap["ci95"]
    told = f"{gap['difference']:+.3f}"
    if "sd" in gap:
        return f"{told} ± {gap['sd']:.3f}"
    return told if ends is None else f"{told} [{ends[0]:+.3f}, {ends[1]:+.3f}]"


def _p(gap: Row, ending: str = "") -> str:
    kind = "p" if gap["p_crossed"] is None else "p_crossed"
    value = gap[f"{kind}{ending}"]
    return "–" if value is None else f"{value:.3f}"

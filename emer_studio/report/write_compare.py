"""A comparison of runs as one HTML file."""

from __future__ import annotations

from pathlib import Path

from emer_studio.core.files import write_atomic
from emer_studio.report.run_tables import pair_tables, run_rows
from emer_studio.report.sections import Section, as_html
from emer_studio.training.comparing.comparison import Comparison

__all__ = ["write_comparison"]


def write_comparison(out: Path, told: Comparison) -> None:
    """Write a comparison to `out`, atomically."""
    several = len(told.pairs) > 1
    marks = [
        name for name in ("simulated", "synthetic") if any(run[name] for run in told.runs)
    ]
    banners = {
        "synthetic": "SYNTHETIC: a check of the software, not evidence about people.",
        "simulated": "SIMULATED recordings: they say nothing about people.",
    }
    pairs = [
        Section(
            f"{pair.run} less {pair.against}",
            tables=tuple(pair_tables(pair, several=several)),
            points=pair.remarks,
        )
        for pair in told.pairs
    ]
    html = as_html(
        "compare",
        f"Comparison: {told.protocol}",
        ", ".join(run["name"] for run in told.runs),
        [banners[mark] for mark in marks],
        [Section("", tables=(run_rows(told),), points=told.remarks), *pairs],
        marks,
    )
    write_atomic(out, html)

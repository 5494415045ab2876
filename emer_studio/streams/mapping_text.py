"""A gaze mapping as a text that somebody can confirm, and as the facts behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from emer_studio.schema.streams import (
    GazeLayout,
    StreamHeader,
    describe,
    layout_facts,
    mapping_signature,
)

__all__ = ["mapping_facts", "mapping_text", "table"]


def mapping_facts(header: StreamHeader, layout: GazeLayout | None) -> dict[str, Any]:
    """Return what there is to confirm, with its signature.

    A stream that says nothing about gaze has its channels only, without roles.
    """
    if layout is not None:
        facts = layout_facts(layout)
    else:
        facts = {
            "layout": "",
            "channels": [
                {"role": "", "number": n, "label": channel.label, "unit": channel.unit}
                for n, channel in enumerate(header.channels, start=1)
            ],
        }
    signature = mapping_signature({**facts, "source_id": header.source_id})
    return {**facts, "signature": signature}


def mapping_text(
    header: StreamHeader, layout: GazeLayout | None, doubts: Sequence[str] = ()
) -> str:
    """Return every channel with its role, under what was understood of them."""
    if layout is None:
        labels = [(str(n), c.label, c.unit) for n, c in enumerate(header.channels, 1)]
        return table(("channel", "label", "unit"), labels)
    cells = [
        (row.role or "-", str(row.number), row.label, row.unit) for row in describe(layout)
    ]
    text = table(("role", "channel", "label", "unit"), cells)
    return "\n".join([*_facts(layout, doubts), "", text])


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows as aligned columns."""
    lines = [heads, *rows]
    widths = [max(len(row[i]) for row in lines) for i in range(len(heads))]
    padded = ([c.ljust(w) for c, w in zip(row, widths, strict=True)] for row in lines)
    return "\n".join("  ".join(cells).rstrip() for cells in padded)


def _facts(layout: GazeLayout, doubts: Sequence[str]) -> list[str]:
    lost = {
        "": "NaN when an eye is lost",
        "boolean": "a flag, 1 when seen",
        "confidence": f"confidence 0..1, used from {layout.valid_from:g}",
    }
    lines = [
        f"layout    {layout.name}",
        f"gaze      {layout.gaze_unit}, {layout.frame}",
        f"pupil     {layout.pupil_unit or 'unit not given'}",
        f"validity  {lost[layout.validity]}",
    ]
    if layout.refusal:
        lines += [f"refused   {layout.refusal}", f"          {layout.fix}"]
    return lines + [f"confirm   {doubt}" for doubt in doubts]

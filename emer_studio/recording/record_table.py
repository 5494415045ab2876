"""The live table of ``record`` in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.live import Live
from rich.table import Table

__all__ = ["LiveTable", "rows_text"]

_COLOURS = {"ok": "green", "connecting": "yellow", "silent": "red", "lost": "red"}


class LiveTable:
    """A table on standard error, redrawn in place; nothing where that is no terminal."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._live = (
            Live(console=console, auto_refresh=False) if console.is_terminal else None
        )
        if self._live is not None:
            self._live.start()

    def show(
        self, streams: Sequence[dict[str, Any]], missing: Sequence[str], footer: str
    ) -> None:
        """Draw the present state."""
        if self._live is not None:
            self._live.update(_table(streams, missing, footer), refresh=True)

    def close(self) -> None:
        """Leave the last table on the screen."""
        if self._live is not None:
            self._live.stop()
            self._live = None


def _table(streams: Sequence[dict[str, Any]], missing: Sequence[str], footer: str) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD, caption=footer, caption_justify="left", pad_edge=False
    )
    table.add_column("stream", overflow="fold")
    for title in ("rate Hz", "samples", "lost", "age s", "offset ms"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("state", no_wrap=True)
    hosts = {row["host"] for row in streams}
    for row in streams:
        colour = _COLOURS.get(row["state"], "white")
        name = f"{row['name']} @ {row['host']}" if len(hosts) > 1 else row["name"]
        table.add_row(name, *_numbers(row), f"[{colour}]{row['state']}[/]")
    for query in missing:
        table.add_row(query, *[""] * 5, "[yellow]not there[/]")
    return table


def _numbers(row: dict[str, Any]) -> list[str]:
    declared = f"/{row['declared_hz']:g}" if row["declared_hz"] > 0 else ""
    offset, unsure = row["offset_ms"], row["uncertainty_ms"]
    return [
        f"{row['rate_hz']:.1f}{declared}",
        f"{row['samples']}",
        f"{row['lost']}",
        f"{row['age_s']:.1f}",
        "" if offset is None else f"{offset:.2f} ± {unsure or 0:.2f}",
    ]


def rows_text(streams: Sequence[dict[str, Any]]) -> str:
    """Return the finished recording's streams as lines."""
    return "\n".join(
        f"  {s['name']:<24} {s['samples']:>9} samples  {s['effective_hz']:>9.3f} Hz"
        f"  lost {s['lost']}"
        for s in streams
    )

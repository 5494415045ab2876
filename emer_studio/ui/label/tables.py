"""The pre-label tables of a study's videos, each read once while it stays the same."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from emer_studio.ui.label.items import Item
from emer_studio.ui.label.predictions import Predictions, read_predictions

__all__ = ["Tables"]


class Tables:
    """What a model said about the videos."""

    def __init__(self) -> None:
        self._kept: dict[Path, tuple[tuple[int, int], Predictions | None]] = {}

    def of(self, item: Item) -> Predictions | None:
        """Return the predictions of an item's whole video; None where there are none."""
        table = item.video.parent / "derived" / "prelabel" / f"{item.video.stem}.csv"
        try:
            about = table.stat()
        except OSError:
            return None
        state = (about.st_mtime_ns, about.st_size)
        kept = self._kept.get(item.video)
        if kept is None or kept[0] != state:
            kept = self._kept[item.video] = (state, read_predictions(item.video))
        return kept[1]

    def means(self, items: Iterable[Item]) -> dict[str, dict[str, float]]:
        """Return the mean probabilities of each item that has any."""
        found = ((item, self.of(item)) for item in items)
        return {
            item.id: table.mean(item.first, item.last)
            for item, table in found
            if table is not None
        }

"""What was felt, what was shown and what a model thinks of a trial, kept apart."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from emer_studio.core.emotions import EMOTIONS
from emer_studio.ui.explore.trial import TrialStory
from emer_studio.ui.parts import Card, label

__all__ = ["Facts", "felt_of", "model_of", "shown_of"]

Lines = list[tuple[str, str]]


class Facts(Card):
    """Three blocks, each with its author."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks: dict[str, QGridLayout] = {}
        for name, author in (
            ("Felt", "by the participant"),
            ("Shown", "by the experts"),
            ("Shown, by a model", "an estimate, never a label"),
        ):
            block = QWidget()
            inside = QVBoxLayout(block)
            inside.setContentsMargins(0, 0, 0, 0)
            inside.setSpacing(1)
            inside.addWidget(label(name, "heading"))
            inside.addWidget(label(author, "small"))
            grid = QGridLayout()
            grid.setHorizontalSpacing(10)
            grid.setVerticalSpacing(2)
            grid.setColumnStretch(1, 1)
            inside.addLayout(grid)
            self.blocks[name] = grid
            self.box.addWidget(block)

    def clear(self) -> None:
        """Show nobody's."""
        for grid in self.blocks.values():
            _fill(grid, ())

    def setValue(self, story: TrialStory) -> None:
        """Show a trial's."""
        lines = (felt_of(story), shown_of(story), model_of(story))
        for grid, block in zip(self.blocks.values(), lines, strict=True):
            _fill(grid, block)


def felt_of(story: TrialStory) -> Lines:
    """Return what the participant said, page by page."""
    found: Lines = []
    for rating in story.ratings:
        value = rating.get("value")
        if isinstance(value, dict):
            scale = f" of {rating['points']}" if "points" in rating else ""
            found += [(str(item), f"{_short(said)}{scale}") for item, said in value.items()]
        else:
            found.append((str(rating.get("page", "")), _short(value)))
    return found or [("", "no rating")]


def shown_of(story: TrialStory) -> Lines:
    """Return what the experts agree on, and their votes."""
    if not story.labels:
        return [("", "not labelled, or not frozen yet")]
    found: Lines = []
    for part, agreed in story.labels.items():
        votes = sorted(agreed.votes.items(), key=lambda one: -one[1])
        told = ", ".join(f"{name} {count}" for name, count in votes)
        if part:  # one line each: a clip may have many windows
            found.append((part, f"{agreed.category or 'no majority'} ({told})"))
            continue
        found.append(("category", agreed.category or "no majority"))
        if agreed.intensity is not None:
            found.append(("intensity", f"{agreed.intensity:g} of 3"))
        found.append(("votes", told))
    return found


def model_of(story: TrialStory) -> Lines:
    """Return the model's mean over the trial's frames: the three highest."""
    if story.face is None or story.face.predictions is None:
        return [("", "not pre-labelled")]
    predictions = story.face.predictions
    rows = story.face.indices[story.face.indices < len(predictions.face)]
    seen = predictions.probabilities[rows]
    seen = seen[np.isfinite(seen).all(axis=1)]
    if not len(seen):
        return [("", "no face was found")]
    mean = seen.mean(axis=0)
    best = np.argsort(-mean)[:3]
    share = len(seen) / max(len(rows), 1)
    found = [(EMOTIONS[i], f"{mean[i]:.2f}") for i in best]
    return [*found, ("with face", f"{share:.0%}"), ("model", predictions.model)]


def _fill(grid: QGridLayout, lines: Iterable[tuple[str, str]]) -> None:
    while (item := grid.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
    for row, (name, text) in enumerate(lines):
        if name:
            grid.addWidget(label(name, "small"), row, 0)
            grid.addWidget(label(text, wrap=True), row, 1)
        else:
            grid.addWidget(label(text, "muted", wrap=True), row, 0, 1, 2)


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)

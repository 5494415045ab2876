"""Loss and validation score of every fold, as they come."""

from __future__ import annotations

from typing import Any, NamedTuple

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from emer_studio.ui import theme
from emer_studio.ui.parts import Card, label

__all__ = ["Curves"]

_SCORES = ("val_war", "val_ccc", "val_rmse")
_NAMES = {"val_war": "WAR", "val_ccc": "CCC", "val_rmse": "RMSE"}


class _Line(NamedTuple):
    """Which network learns: events of several come in any order."""

    fold: int
    seed: int | None
    label: str

    @property
    def name(self) -> str:
        seed = "" if self.seed is None else f" seed {self.seed}"
        return f"fold {self.fold}{seed} {self.label}".rstrip()


class Curves(QWidget):
    """Two plots fed by the ``epoch`` events of a training."""

    def __init__(self) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        self.loss, self.score = _plot(), _plot()
        self.score.getPlotItem().legend.hide()  # the colours are those of the loss
        self._score_card = Card("Validation")
        self.note = label("", "small")
        self._score_card.head.addWidget(self.note)
        loss_card = Card("Training loss")
        loss_card.box.addWidget(self.loss)
        self._score_card.box.addWidget(self.score)
        row.addWidget(loss_card, 1)
        row.addWidget(self._score_card, 1)
        self._points: dict[tuple[str, _Line], dict[int, float]] = {}
        self._lines: dict[tuple[str, _Line], Any] = {}

    @property
    def drawn(self) -> bool:
        """Whether there is any epoch to be seen."""
        return bool(self._points)

    def clear(self) -> None:
        """Forget the run before."""
        for plot in (self.loss, self.score):
            item = plot.getPlotItem()
            item.clear()
            item.legend.clear()
            item.setRange(xRange=(0, 1), yRange=(0, 1))  # not those of the run before
            item.enableAutoRange()
        self._points, self._lines = {}, {}
        self._score_card.heading.setText("Validation")
        self.note.setText("no epoch so far, or a model without any")

    def points(self, what: str, name: str) -> tuple[list[int], list[float]]:
        """Return the epochs and values of ``loss`` or ``score`` of one fold's line."""
        found = (
            v
            for (kind, line), v in self._points.items()
            if (kind, line.name) == (what, name)
        )
        values = next(found, {})
        return sorted(values), [values[epoch] for epoch in sorted(values)]

    def add(self, event: dict[str, Any]) -> None:
        """Add one epoch of one fold, in whatever order they come."""
        epoch, fold, seed = (event.get(name) for name in ("epoch", "fold", "seed"))
        if not isinstance(epoch, int) or not isinstance(fold, int):
            return  # a line that something else has damaged
        told = str(event.get("label"))
        number = told.rpartition("_")[2] if told.endswith(("valence", "arousal")) else ""
        line = _Line(fold, seed if isinstance(seed, int) else None, number)
        self._add("loss", line, epoch, event.get("loss"))
        score = next((key for key in _SCORES if key in event), None)
        if score is None:
            self.note.setText("too few participants for a validation part")
            return
        self.note.setText("")
        self._score_card.heading.setText(f"Validation {_NAMES[score]}")
        self._add("score", line, epoch, event[score])

    def _add(self, what: str, line: _Line, epoch: int, value: object) -> None:
        if not isinstance(value, int | float):
            return
        key = (what, line)
        if key not in self._points:
            self._points[key] = {}
            self._lines[key] = self._new_line(what, line)
        values = self._points[key]
        values[epoch] = float(value)  # a training that was killed does its last epoch again
        self._lines[key].setData(sorted(values), [values[one] for one in sorted(values)])

    def _new_line(self, what: str, line: _Line) -> Any:
        """Draw a fold in its colour, whichever came first, and name folds in order."""
        item = (self.loss if what == "loss" else self.score).getPlotItem()
        colour = theme.PLOT_COLOURS[(line.fold - 1) % len(theme.PLOT_COLOURS)]
        style = Qt.PenStyle.DashLine if line.label == "arousal" else Qt.PenStyle.SolidLine
        made = item.plot(
            pen=pg.mkPen(colour, width=2, style=style),
            symbol="o",
            symbolSize=5,
            symbolBrush=colour,
            symbolPen=None,
        )
        item.legend.clear()
        named = {one: drawn for (kind, one), drawn in self._lines.items() if kind == what}
        for one, drawn in sorted(
            (named | {line: made}).items(), key=lambda pair: pair[0].name
        ):
            item.legend.addItem(drawn, one.name)
        return made


class _Epochs(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph carries no types
    """An axis that only has whole numbers."""

    def tickSpacing(  # the name is pyqtgraph's
        self, low: float, high: float, size: float
    ) -> list[tuple[float, float]]:
        """Return one level of ticks, at least 1 apart."""
        spacing, _ = super().tickSpacing(low, high, size)[0]
        return [(max(1.0, float(round(spacing))), 0.0)]


def _plot() -> Any:
    axes = {"bottom": _Epochs("bottom")}
    made = pg.PlotWidget(background="w", axisItems=axes)
    made.setFrameShape(made.Shape.NoFrame)
    made.setMinimumHeight(150)
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    item = made.getPlotItem()
    item.setMenuEnabled(False)
    item.hideButtons()
    item.setMouseEnabled(x=False, y=False)
    item.setLabel("bottom", "epoch", color=theme.MUTED)
    item.showGrid(y=True, alpha=0.15)
    legend = item.addLegend(offset=(-8, 6), horSpacing=14)
    legend.setLabelTextColor(theme.MUTED)
    for name in ("left", "bottom"):
        axis = item.getAxis(name)
        axis.setPen(theme.LINE)
        axis.setTextPen(theme.MUTED)
    item.getAxis("left").setWidth(46)
    return made

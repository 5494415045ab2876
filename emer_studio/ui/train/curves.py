"""Loss and validation score of every fold, as they come."""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from emer_studio.ui import theme
from emer_studio.ui.parts import Card, label

__all__ = ["Curves"]

_SCORES = ("val_war", "val_ccc", "val_rmse")
_NAMES = {"val_war": "WAR", "val_ccc": "CCC", "val_rmse": "RMSE"}


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
        self._points: dict[tuple[str, str], tuple[list[int], list[float]]] = {}
        self._lines: dict[tuple[str, str], Any] = {}

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
        return self._points.get((what, name), ([], []))

    def add(self, event: dict[str, Any]) -> None:
        """Add one epoch of one fold."""
        epoch, told = event.get("epoch"), str(event.get("label"))
        if not isinstance(epoch, int):
            return  # a line that something else has damaged
        name = f"fold {event.get('fold')}"
        if told.endswith(("valence", "arousal")):
            name += f" {told.rpartition('_')[2]}"
        self._add("loss", name, epoch, event.get("loss"))
        score = next((key for key in _SCORES if key in event), None)
        if score is None:
            self.note.setText("too few participants for a validation part")
            return
        self.note.setText("")
        self._score_card.heading.setText(f"Validation {_NAMES[score]}")
        self._add("score", name, epoch, event[score])

    def _add(self, what: str, name: str, epoch: int, value: object) -> None:
        if not isinstance(value, int | float):
            return
        key = (what, name)
        if key not in self._points:
            self._points[key] = ([], [])
            plot = self.loss if what == "loss" else self.score
            place = sum(one == what for one, _ in self._lines)
            colour = theme.PLOT_COLOURS[place % len(theme.PLOT_COLOURS)]
            self._lines[key] = plot.getPlotItem().plot(
                pen=pg.mkPen(colour, width=2),
                symbol="o",
                symbolSize=5,
                symbolBrush=colour,
                symbolPen=None,
                name=name,
            )
        epochs, values = self._points[key]
        if epoch in epochs:  # a training that was killed does its last epoch again
            values[epochs.index(epoch)] = float(value)
        else:
            epochs.append(epoch)
            values.append(float(value))
        self._lines[key].setData(epochs, values)


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

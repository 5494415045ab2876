"""Where the participant looks, and the last ten seconds of gaze and pupil."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from emer_studio.core.ring import RingReader
from emer_studio.ui import theme

__all__ = ["GazeView", "mean_of_eyes"]

_SHOWN_S = 10.0
_TRAIL_S = 0.6
_LABEL = {"color": theme.MUTED, "font-size": "11px"}
_X, _Y = "#1f5f99", "#d55e00"
_ROWS = 2047  # all that the recorder's ring offers
# Chosen by us: the point moves with every poll; ten seconds of curves need neither thirty
# pictures a second nor more values than pixels, and would make clicks wait.
_CURVES_EVERY, _CURVE_POINTS = 3, 400
_OLD_S = 2.0  # chosen by us: as soon as a silent stream is told, nobody looks anywhere


def mean_of_eyes(
    rows: npt.NDArray[np.float64], columns: dict[str, Any], what: str
) -> npt.NDArray[np.float64]:
    """Return the mean over the eyes that are there, NaN where both are lost.

    A stream without values by eye gives its one value for both.

    Parameters
    ----------
    rows : ndarray, shape (n, 1 + n_channels)
        Ring rows; the stamp comes first.
    columns : dict of str to int
        Column by role, from the recorder's status.
    what : str
        ``x``, ``y`` or ``pupil``.
    """
    eyes = [eye for eye in ("left", "right") if f"{eye}_{what}" in columns]
    if not eyes and f"both_{what}" in columns:
        eyes = ["both"]
    found = [
        np.where(_valid(rows, columns, eye), rows[:, int(columns[f"{eye}_{what}"])], np.nan)
        for eye in eyes
    ]
    if not found:
        return np.full(len(rows), np.nan)
    stacked = np.stack(found)
    there = np.isfinite(stacked).sum(axis=0)
    total = np.nansum(stacked, axis=0)
    return np.where(there > 0, total / np.maximum(there, 1), np.nan)


def _valid(
    rows: npt.NDArray[np.float64], columns: dict[str, Any], eye: str
) -> npt.NDArray[np.bool_]:
    column = columns.get(f"{eye}_valid", columns.get("both_valid"))
    if column is None:
        return np.ones(len(rows), dtype=bool)
    return np.asarray(rows[:, int(column)] >= columns.get("valid_from", 0.5))


class GazeView(QWidget):
    """A screen-shaped plot of the gaze with a trail, and curves below it."""

    def __init__(self) -> None:
        super().__init__()
        self._ring: RingReader | None = None
        self._columns: dict[str, Any] = {}
        self._path = ""
        self._polls = 0
        self._newest_s, self._came_s = 0.0, 0.0  # the last stamp; when it was new here
        self.point: tuple[float, float] | None = None
        """Where on the screen the last sample looked, in fractions; None for nowhere."""
        self.screen_px = (1920.0, 1080.0)
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(10)
        curves = QVBoxLayout()
        curves.setSpacing(2)
        self.display = _plot()
        self._make_screen()
        self.curves, self.pupil = _plot(), _plot()
        self._make_curves()
        curves.addWidget(self.curves, 5)
        curves.addWidget(self.pupil, 4)
        box.addWidget(self.display, 5)
        box.addLayout(curves, 5)

    def _make_screen(self) -> None:
        item = self.display.getPlotItem()
        item.hideAxis("left")
        item.hideAxis("bottom")
        item.setAspectLocked(True, ratio=16 / 9)
        item.invertY(True)
        item.setXRange(0, 1, padding=0.02)
        item.setYRange(0, 1, padding=0.02)
        edge = pg.QtWidgets.QGraphicsRectItem(0, 0, 1, 1)
        edge.setPen(pg.mkPen("#9fabb8", width=1))
        edge.setBrush(pg.mkBrush("#f3f5f7"))
        item.addItem(edge)
        self._trail = item.plot(pen=pg.mkPen("#7fa6c9", width=2), connect="finite")
        self._point = item.plot(
            pen=None, symbol="o", symbolSize=13, symbolBrush=theme.ACCENT, symbolPen="w"
        )

    def _make_curves(self) -> None:
        top, low = self.curves.getPlotItem(), self.pupil.getPlotItem()
        # Named beside the curves: a legend inside would cover them, a title needs height.
        name = '<span style="color:{}">{}</span>'
        top.setLabel(
            "left", f"gaze {name.format(_X, 'x')} {name.format(_Y, 'y')}", **_LABEL
        )
        low.setLabel("left", "pupil", **_LABEL)
        top.setYRange(0, 1, padding=0.15)  # so that the outer numbers have their room, too
        top.getAxis("left").setTicks([[(y, f"{y:g}") for y in (0, 0.5, 1)]])
        low.getAxis("left").setTickDensity(0.5)
        self._x = top.plot(pen=pg.mkPen(_X), connect="finite")
        self._y = top.plot(pen=pg.mkPen(_Y), connect="finite")
        self._p = low.plot(pen=pg.mkPen("#00785a"), connect="finite")
        for item in (top, low):
            item.setXRange(-_SHOWN_S, 0, padding=0)
            item.getAxis("left").setWidth(52)
            item.getAxis("left").setStyle(hideOverlappingLabels=True)
        top.getAxis("bottom").setStyle(showValues=False)

    def follow(self, path: str, columns: dict[str, Any]) -> None:
        """Follow the recorder's ring of the gaze stream."""
        if path == self._path or not columns:
            return
        self.close_ring()
        with contextlib.suppress(OSError, ValueError):
            self._ring = RingReader(Path(path))
            self._path, self._columns = path, columns

    def poll(self) -> None:
        """Show the newest samples."""
        if self._ring is None:
            return
        rows = self._ring.latest(_ROWS)
        if not len(rows):
            return
        now = rows[-1, 0]
        if now != self._newest_s:
            self._newest_s, self._came_s = now, time.monotonic()
        rows = rows[rows[:, 0] > now - _SHOWN_S]
        t_s = rows[:, 0] - now
        x, y = (
            mean_of_eyes(rows, self._columns, "x"),
            mean_of_eyes(rows, self._columns, "y"),
        )
        if not self._columns.get("normalised", True):
            x, y = x / self.screen_px[0], y / self.screen_px[1]
        # One plot at a time: two painted at once would hold up a click twice as long.
        turn = self._polls % _CURVES_EVERY
        some = slice(None, None, max(len(t_s) // _CURVE_POINTS, 1))
        if turn == 0:
            self._x.setData(t_s[some], x[some])
            self._y.setData(t_s[some], y[some])
        elif turn == 1:
            pupil = mean_of_eyes(rows[some], self._columns, "pupil")
            self._p.setData(t_s[some], pupil)
        self._polls += 1
        recent = t_s > -_TRAIL_S
        self._trail.setData(x[recent], y[recent])
        old = time.monotonic() - self._came_s > _OLD_S
        seen = not old and np.isfinite(x[-1]) and np.isfinite(y[-1])
        self._point.setData([x[-1]] if seen else [], [y[-1]] if seen else [])
        on_screen = seen and 0 <= x[-1] <= 1 and 0 <= y[-1] <= 1
        self.point = (float(x[-1]), float(y[-1])) if on_screen else None

    def close_ring(self) -> None:
        """Let go of the ring and empty the curves."""
        if self._ring is not None:
            self._ring.close()
        self._ring, self._path, self.point = None, "", None
        for curve in (self._x, self._y, self._p, self._trail, self._point):
            curve.setData([], [])


def _small_font() -> QFont:
    font = QFont()
    font.setPixelSize(11)
    return font


def _plot() -> Any:
    made = pg.PlotWidget(background="w")
    made.setFrameShape(made.Shape.NoFrame)
    item = made.getPlotItem()
    item.setMenuEnabled(False)
    item.hideButtons()
    item.setMouseEnabled(x=False, y=False)
    for name in ("left", "bottom"):
        axis = item.getAxis(name)
        axis.setPen(theme.LINE)
        axis.setTextPen(theme.MUTED)
        axis.setTickFont(_small_font())
        axis.setStyle(maxTickLevel=0)
    made.setMinimumHeight(70)
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return made

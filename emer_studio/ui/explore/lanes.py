"""What a trial's lanes are made of: curves, spans and marks over its time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from emer_studio.core.emotions import EMOTIONS
from emer_studio.ui import theme
from emer_studio.ui.explore.trial import Curves, Face, TrialStory

__all__ = ["Curve", "Lane", "Span", "lanes_of"]

_FIXATION, _SACCADE, _BLINK = 1, 2, 3
_EVENT_LOOK = {
    _FIXATION: ("fixation", "#9fc3e4"),
    _SACCADE: ("saccade", "#d55e00"),
    _BLINK: ("blink", "#3b4754"),
}
_PURSUIT = ("pursuit", "#8fd3bd")
_FASTEST_DEG_S = 1000.0  # chosen by us: the fastest saccades; more is noise


@dataclass(frozen=True, slots=True)
class Curve:
    """A signal.

    Attributes
    ----------
    name, colour : str
    times_s, values : ndarray, shape (n,)
        NaN is a gap.
    """

    name: str
    colour: str
    times_s: npt.NDArray[np.float64]
    values: npt.NDArray[Any]

    def at(self, time_s: float) -> float:
        """Return the last value before a moment, at its beginning the first; else NaN."""
        row = int(np.searchsorted(self.times_s, time_s, side="right")) - 1
        return float(self.values[max(row, 0)]) if len(self.values) else float("nan")


@dataclass(frozen=True, slots=True)
class Span:
    """Something that lasts, or a mark where `end_s` is `start_s`."""

    start_s: float
    end_s: float
    name: str
    colour: str


@dataclass(frozen=True)
class Lane:
    """One strip of the time line.

    Attributes
    ----------
    name, unit : str
    low, high : float
        Values at its edges.
    height : float
        Beside the others'.
    digits : int
        Of a value in words.
    absent : str
        Why there is nothing in it.
    """

    name: str
    unit: str = ""
    low: float = 0.0
    high: float = 1.0
    height: float = 1.0
    digits: int = 2
    curves: tuple[Curve, ...] = ()
    spans: tuple[Span, ...] = ()
    absent: str = ""


def lanes_of(story: TrialStory, waiting: str, unit: str) -> list[Lane]:
    """Return the lanes of a trial.

    Parameters
    ----------
    story : TrialStory
    waiting : str
        Why there are no eyes, where there are none.
    unit : str
        Of the pupil.
    """
    marks = tuple(Span(at, at, words, theme.INK) for at, words in story.events)
    journal = Lane("Journal", height=0.42, spans=marks, absent="nothing noted")
    return [*_of_eyes(story.curves, waiting, unit), _of_face(story.face), journal]


def _of_eyes(curves: Curves | None, waiting: str, unit: str) -> list[Lane]:
    if curves is None:
        return [Lane("Eyes", height=3.4, absent=waiting)]
    values, times_s = curves.values, curves.values["times_s"]
    speed = np.minimum(values["speed_deg_s"], _FASTEST_DEG_S)
    gaze = (
        Curve("x", theme.PLOT_COLOURS[0], times_s, values["xy"][:, 0]),
        Curve("y", theme.PLOT_COLOURS[1], times_s, values["xy"][:, 1]),
    )
    pupil = tuple(
        Curve(name, colour, times_s, values[key])
        for name, colour, key in (
            ("recorded", "#c3cad2", "pupil_raw"),
            ("clean", theme.PLOT_COLOURS[0], "pupil"),
            ("without light", theme.PLOT_COLOURS[2], "pupil_lit"),
        )
        if np.isfinite(values[key]).any()
    )
    low, high = _range([curve.values for curve in pupil[-2:]])
    return [
        Lane("Gaze", "of display", -0.05, 1.05, curves=gaze),
        Lane(
            "Speed",
            "deg/s",
            0.0,
            max(float(np.nanmax(speed, initial=100.0)), 100.0),
            height=0.8,
            digits=0,
            curves=(Curve("", theme.PLOT_COLOURS[3], times_s, speed),),
        ),
        Lane("Eye events", height=0.42, spans=_events(curves), absent="none"),
        Lane("Pupil", unit, low, high, curves=pupil, absent="not recorded"),
    ]


def _events(curves: Curves) -> tuple[Span, ...]:
    found = []
    for kind, onset_s, duration_s, *_rest, pursuit in curves.events.tolist():
        name, colour = _PURSUIT if pursuit else _EVENT_LOOK[int(kind)]
        found.append(Span(onset_s, onset_s + duration_s, name, colour))
    return tuple(found)


def _of_face(face: Face | None) -> Lane:
    if face is None:
        return Lane("Shown, by model", absent="no face video")
    if face.predictions is None:
        return Lane(
            "Shown, by model", absent="not pre-labelled: Label › Study lead… does it"
        )
    known = face.indices < len(face.predictions.probabilities)
    rows = face.predictions.probabilities[face.indices[known]]
    times_s = face.times_s[known]
    curves = tuple(
        Curve(emotion, theme.EMOTION_COLOURS[emotion], times_s, rows[:, column])
        for column, emotion in enumerate(EMOTIONS)
    )
    return Lane("Shown, by model", "p", 0.0, 1.0, height=1.2, curves=curves)


def _range(values: list[npt.NDArray[Any]]) -> tuple[float, float]:
    """Return limits that hold all but the outermost half per cent, with some room."""
    known = [one[np.isfinite(one)] for one in values]
    joined = np.concatenate([np.empty(0), *known])
    if not len(joined):
        return 0.0, 1.0
    low, high = np.quantile(joined, [0.005, 0.995])
    room = max(0.15 * (high - low), 1e-3)
    return float(low - room), float(high + room)

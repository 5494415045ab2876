"""The check of an eye tracker: which points are shown, and what follows from the gaze."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from emer_studio.core import clock
from emer_studio.core.errors import BadInputError, EmerError, MissingError
from emer_studio.core.files import next_segment, write_atomic
from emer_studio.recording.gaze_internal import to_internal
from emer_studio.recording.gaze_quality import (
    GazeQuality,
    Limits,
    Quality,
    Target,
    gaze_quality,
)
from emer_studio.recording.screen_geometry import Geometry, geometry_of
from emer_studio.schema.protocol import Validation
from emer_studio.schema.streams import GazeLayout, StreamHeader, recognise
from emer_studio.session.gaze_plot import draw
from emer_studio.session.presenting import Place, Presenter
from emer_studio.streams.inlets import Inlet, find_one

__all__ = ["EACH_S", "LiveGaze", "check_s", "judge", "layout_of", "places_of"]

EACH_S = 1.8
"""How long a target is shown. Chosen by us: `recording.gaze_quality.ARRIVAL_S`, and a
second to measure in, which holds 30 samples of the slowest trackers."""
_NOTICE_S = 2.5  # before the first one, see `ui.participant.targets_page`
_NEAR, _HALF = 0.1, 0.3  # of the page: near its edge, and between there and the middle
_OPEN_S = 10.0
_LATE_S = 0.5  # chosen by us: samples that are still on their way
_Result = TypeVar("_Result")


def check_s(points: int) -> float:
    """Return how long a check takes, in seconds."""
    return _NOTICE_S + points * EACH_S


def places_of(points: int, seed: str) -> list[Place]:
    """Return the places of 5, 9 or 13 targets in the order of showing.

    The middle and the corners; with 9 also the middles of the edges, with 13 also the
    places between the middle and the corners.
    """
    near, far = _NEAR, 1 - _NEAR
    half, less = _HALF, 1 - _HALF
    found = [(0.5, 0.5), *((x, y) for x in (near, far) for y in (near, far))]
    if points >= 9:
        found += [(0.5, near), (0.5, far), (near, 0.5), (far, 0.5)]
    if points >= 13:
        found += [(x, y) for x in (half, less) for y in (half, less)]
    random.Random(seed).shuffle(found)
    return found


def layout_of(header: StreamHeader) -> GazeLayout:
    """Return where the gaze on the screen is in a stream.

    Raises
    ------
    MissingError
        When it has none, with the reason.
    """
    layout = recognise(header)
    if layout is None:
        raise MissingError(
            f"The channels of {header.name} do not say which is the gaze.",
            fix="Let the sender describe its channels (XDF Gaze Meta-Data convention).",
        )
    if not layout.usable:
        raise MissingError(f"{header.name}: {layout.refusal}", fix=layout.fix)
    return layout


def judge(
    layout: GazeLayout,
    values: npt.NDArray[Any],
    stamps_s: npt.NDArray[np.float64],
    targets: Sequence[Mapping[str, Any]],
    display: Mapping[str, Any],
    wanted: Validation,
) -> dict[str, Any]:
    """Measure the gaze at the targets and compare it with the limits.

    Parameters
    ----------
    layout : GazeLayout
    values, stamps_s : ndarray
        Samples as they came; stamps on the clock of the targets.
    targets : sequence of mapping
        As the participant's window tells them.
    display : mapping
        What the system says of the display.
    wanted : Validation
        The limits; distance and size where the tracker and the system do not tell them.

    Returns
    -------
    facts : dict
        ``accepted``, ``why`` and ``doubts`` (sentences), ``accuracy_deg``, ``worst_deg``,
        ``worst_point``, ``rms_deg``, ``sd_deg``, ``loss_pct``, ``rate_hz``, ``eyes``,
        ``points`` (a row each) and ``geometry``.
    """
    shown = [Target(**{name: target[name] for name in _FIELDS}) for target in targets]
    begin_s, end_s = shown[0].shown_s, shown[-1].gone_s
    inside = (stamps_s >= begin_s) & (stamps_s < end_s)
    sizes = {
        "display_px": _size(display, "px"),
        "display_mm": wanted.screen_mm or display.get("given_mm") or _size(display, "mm"),
    }
    gaze = to_internal(layout, np.asarray(values)[inside], **sizes)
    geometry = geometry_of(
        display,
        gaze.origin_mm,
        size_mm=wanted.screen_mm,
        distance_mm=wanted.distance_mm,
    )
    quality = gaze_quality(gaze, stamps_s[inside], shown, geometry, layout.eyes)
    limits = Limits(wanted.accuracy_deg, wanted.worst_deg, wanted.loss_pct)
    why = quality.shortfalls(limits)
    doubts = [*_unsure(geometry), *quality.one_eyed(limits)]
    return {"accepted": not why, "why": why, "doubts": doubts, **_facts(quality, geometry)}


_FIELDS = ("number", "x", "y", "shown_s", "gone_s")


def _size(display: Mapping[str, Any], unit: str) -> tuple[float, float] | None:
    size = tuple(float(display.get(f"{side}_{unit}") or 0) for side in ("width", "height"))
    return (size[0], size[1]) if min(size) > 0 else None


def _unsure(geometry: Geometry) -> list[str]:
    found = []
    if geometry.distance_from == "assumed":
        found.append(f"a distance of {geometry.distance_mm / 10:.0f} cm was assumed")
    if geometry.size_from == "assumed":
        size = f"{geometry.width_mm:.0f} x {geometry.height_mm:.0f} mm"
        found.append(f"a display of {size} was assumed")
    return found


def _facts(quality: GazeQuality, geometry: Geometry) -> dict[str, Any]:
    eyes = [name for name in quality.points if name != "gaze"]
    points = []
    for k, target in enumerate(quality.targets):
        by_eye = {eye: _row(quality.points[eye][k]) for eye in eyes}
        row = {"number": target.number, "x": target.x, "y": target.y}
        points.append({**row, **_row(quality.points["gaze"][k]), "eyes": by_eye})
    worst = quality.worst
    return {
        **_row(quality.overall["gaze"]),
        "worst_deg": None if worst is None else round(worst[1], 3),
        "worst_point": None if worst is None else worst[0].number,
        "rate_hz": round(quality.rate_hz, 1),
        "eyes": {eye: _row(quality.overall[eye]) for eye in eyes},
        "points": points,
        "geometry": asdict(geometry),
    }


def _row(quality: Quality) -> dict[str, Any]:
    return {
        name: round(value, 3) if isinstance(value, float) else value
        for name, value in asdict(quality).items()
    }


class LiveGaze:
    """Checks the tracker of a running session, from its stream as it comes.

    Parameters
    ----------
    query : str
        The stream, as `streams.inlets.matches` takes it; it may have been restarted.
    display : mapping
        What the system says of the participant's display.
    folder : Path
        Of the session, for the plots.
    seed : str
        Of the order of the points.
    wait_s : float
        How long a stream that is not there is waited for.
    """

    def __init__(
        self,
        query: str,
        display: Mapping[str, Any],
        folder: Path,
        seed: str,
        wait_s: float = _OPEN_S,
    ) -> None:
        self._query, self._display = query, display
        self._folder, self._seed, self._wait_s = folder, seed, wait_s
        self._done = 0

    def __call__(self, wanted: Validation, presenter: Presenter) -> dict[str, Any]:
        """Show the points once; return the facts of `judge`, and the plot's name.

        A tracker that is not there, or whose gaze cannot be measured, is not accepted.
        Waiting for it is done beside: the presenter hears of a pause meanwhile.
        """
        self._done += 1
        places = places_of(wanted.points, f"{self._seed}/{self._done}")
        given_up = threading.Event()
        with ExitStack() as held, ThreadPoolExecutor(1, "gaze-check") as beside:

            def aside(work: Callable[[], _Result]) -> _Result:
                future = beside.submit(work)
                presenter.wait_until(future.done)
                return future.result()

            try:
                inlet = aside(lambda: self._opened(held, given_up.is_set))
                targets = presenter.targets(places, EACH_S)
                return aside(lambda: self._judged(inlet, targets, wanted))
            except (BadInputError, MissingError) as problem:
                return _not_measured(problem)
            finally:
                given_up.set()

    def _opened(self, held: ExitStack, given_up: Callable[[], bool]) -> Inlet:
        inlet = Inlet(find_one(self._query, timeout_s=self._wait_s, stop=given_up))
        held.callback(inlet.close)
        inlet.open(_OPEN_S)
        inlet.clock_offset(0.0)  # begins to measure
        return inlet

    def _judged(
        self, inlet: Inlet, targets: Sequence[Mapping[str, Any]], wanted: Validation
    ) -> dict[str, Any]:
        values, stamps_s = _received(inlet)
        layout = layout_of(inlet.header)
        facts = judge(layout, values, stamps_s, targets, self._display, wanted)
        plot = next_segment(self._folder, "validation", ".svg")
        write_atomic(plot, draw(facts))
        return {**facts, "plot": plot.name}


def _not_measured(problem: EmerError) -> dict[str, Any]:
    return {"accepted": False, "why": [problem.message], "doubts": []}


def _received(inlet: Inlet) -> tuple[npt.NDArray[Any], npt.NDArray[np.float64]]:
    """Return what came in the meantime and comes still, on this computer's clock."""
    parts = []
    until_s = clock.now_s() + _LATE_S
    while clock.now_s() < until_s:
        values, stamps_s = inlet.pull(_LATE_S / 10)
        if len(stamps_s):
            parts.append((np.asarray(values), stamps_s))
    measured = inlet.clock_offset(_OPEN_S)
    if not parts or measured is None:
        raise MissingError("The tracker sent nothing, or its clock could not be measured.")
    stamps_s = np.concatenate([stamps_s for _, stamps_s in parts])
    return np.concatenate([values for values, _ in parts]), stamps_s + measured[1]

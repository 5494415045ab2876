"""How well a tracker measured somebody who looked at known targets.

The quantities are those of Holmqvist, Nyström & Mulvey (2012), *Eye tracker data quality:
what it is and how to measure it*, and of Tobii's *Accuracy and precision test method for
remote eye trackers* (2012): accuracy is how far the mean gaze is from the target,
precision how far samples are from each other (root mean square from sample to sample, and
standard deviation), loss how much of the time there is no gaze.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emer_studio.recording.gaze_internal import InternalGaze
from emer_studio.recording.screen_geometry import Geometry

__all__ = ["ARRIVAL_S", "GazeQuality", "Limits", "Quality", "Target", "gaze_quality"]

Floats = npt.NDArray[np.float64]
ARRIVAL_S = 0.8
"""Left out after a target appears. Chosen by us: a saccade begins after 0.1 to 0.3 s
(Saslow 1967; Fischer & Ramsperger 1984), crosses 40 degrees in 0.11 s (Carpenter 1988) and
is often followed by a correction, which again takes 0.1 to 0.3 s."""
_GLANCE_DEG = 1.0  # chosen by us: smaller excursions are drift and noise, and are measured
_GLANCE_SPREADS = 5.0  # chosen by us: beyond this the eye was elsewhere, or half closed
_LEAST_SAMPLES = 10  # chosen by us: a standard deviation of fewer is off by a quarter
_EYES = {"left": 0, "right": 1, "both": 2}  # their order in `InternalGaze`


@dataclass(frozen=True, slots=True)
class Target:
    """A point that was to be looked at.

    Attributes
    ----------
    number : int
        In the order of showing, from 1.
    x, y : float
        Fraction of the display, origin top left.
    shown_s, gone_s : float
        When it appeared and vanished, LSL clock.
    """

    number: int
    x: float
    y: float
    shown_s: float
    gone_s: float


@dataclass(frozen=True, slots=True)
class Limits:
    """What a tracker has to reach; see `schema.protocol.Validation` for the defaults."""

    accuracy_deg: float = 1.0
    worst_deg: float = 2.0
    loss_pct: float = 20.0


@dataclass(frozen=True, slots=True)
class Quality:
    """Numbers of one target, or of all; None where too little was seen.

    Attributes
    ----------
    accuracy_deg : float
        From the target to the mean gaze; over all targets the mean of it.
    right_deg, down_deg : float
        The same by direction.
    rms_deg : float
        Root mean square of the steps from sample to sample.
    sd_deg : float
        Standard deviation about the mean gaze, both directions together.
    loss_pct : float
        Share of the samples without gaze.
    samples : int
        That were counted.
    """

    accuracy_deg: float | None
    right_deg: float | None
    down_deg: float | None
    rms_deg: float | None
    sd_deg: float | None
    loss_pct: float
    samples: int


@dataclass(frozen=True, slots=True)
class GazeQuality:
    """What was measured, by target and over all, of the gaze and of each eye.

    Attributes
    ----------
    targets : tuple of Target
    points : dict of str to tuple of Quality
        One for each target, of ``gaze`` (the mean of the eyes that are seen, which is what
        is analysed) and of each eye that the tracker gives.
    overall : dict of str to Quality
    rate_hz : float
        Of the samples as they came; 0 when hardly any did.
    """

    targets: tuple[Target, ...]
    points: dict[str, tuple[Quality, ...]]
    overall: dict[str, Quality]
    rate_hz: float

    @property
    def worst(self) -> tuple[Target, float] | None:
        """The target with the largest error of the gaze, and that error in degrees."""
        known = [
            (target, point.accuracy_deg)
            for target, point in zip(self.targets, self.points["gaze"], strict=True)
            if point.accuracy_deg is not None
        ]
        return max(known, key=lambda pair: pair[1], default=None)

    def shortfalls(self, limits: Limits) -> list[str]:
        """Return what is not within the limits, one sentence each."""
        found, overall = [], self.overall["gaze"]
        if overall.accuracy_deg is not None and overall.accuracy_deg > limits.accuracy_deg:
            found.append(
                f"the mean error is {overall.accuracy_deg:.1f}°, the limit"
                f" {limits.accuracy_deg:g}°"
            )
        if self.worst is not None and self.worst[1] > limits.worst_deg:
            target, error_deg = self.worst
            found.append(
                f"the error {_place(target)} is {error_deg:.1f}°, the limit"
                f" {limits.worst_deg:g}°"
            )
        if overall.loss_pct > limits.loss_pct:
            found.append(
                f"{overall.loss_pct:.0f} % of the gaze is lost, the limit"
                f" {limits.loss_pct:g} %"
            )
        both = zip(self.targets, self.points["gaze"], strict=True)
        unseen = [target for target, point in both if point.accuracy_deg is None]
        if unseen:
            where = ", ".join(map(_place, unseen))
            found.append(f"hardly any gaze was measured {where}")
        return found

    def one_eyed(self, limits: Limits) -> list[str]:
        """Return what is lost of single eyes; the gaze may be within the limits still."""
        return [
            f"the {eye} eye is lost for {quality.loss_pct:.0f} % of the time"
            for eye, quality in self.overall.items()
            if eye in ("left", "right") and quality.loss_pct > limits.loss_pct
        ]


def gaze_quality(
    gaze: InternalGaze,
    stamps_s: Floats,
    targets: Sequence[Target],
    geometry: Geometry,
    eyes: Sequence[str],
) -> GazeQuality:
    """Measure a tracker while somebody looked at one target after the other.

    Parameters
    ----------
    gaze : InternalGaze
    stamps_s : ndarray, shape (n,), float64
        Of its samples, on the clock of the targets.
    targets : sequence of Target
    geometry : Geometry
        Makes degrees of fractions of the display.
    eyes : sequence of str
        Those that the stream gives: ``left``, ``right``, ``both``.
    """
    views = {"gaze": _together(gaze)} | {eye: gaze.xy[:, _EYES[eye]] for eye in eyes}
    rate_hz = _rate_hz(stamps_s)
    points: dict[str, tuple[Quality, ...]] = {}
    for name, xy in views.items():
        found = []
        for target in targets:
            begin_s = target.shown_s + ARRIVAL_S
            inside = (stamps_s >= begin_s) & (stamps_s < target.gone_s)
            # A sender may leave out what it did not see; one sample may fall on the edge.
            expected = int((target.gone_s - begin_s) * rate_hz) - 1
            count = max(int(inside.sum()), expected, 1)
            offsets = geometry.offsets_deg(xy[inside], (target.x, target.y))
            found.append(_at_target(offsets, count))
        points[name] = tuple(found)
    overall = {name: _over_all(found) for name, found in points.items()}
    return GazeQuality(tuple(targets), points, overall, rate_hz)


def _together(gaze: InternalGaze) -> Floats:
    """Return the mean of the eyes that are seen, else the gaze of both, shape (n, 2)."""
    seen = gaze.valid[:, :2, None]
    total = np.where(seen, gaze.xy[:, :2], 0.0).sum(axis=1)
    count = seen.sum(axis=1)
    mean = total / np.maximum(count, 1)
    return np.asarray(np.where(count > 0, mean, gaze.xy[:, 2]))


def _rate_hz(stamps_s: Floats) -> float:
    """Return the rate between neighbouring samples: what a sender declares may be wrong."""
    step_s = float(np.median(np.diff(stamps_s))) if len(stamps_s) > _LEAST_SAMPLES else 0.0
    return 1 / step_s if step_s > 0 else 0.0


def _at_target(offsets_deg: Floats, expected: int) -> Quality:
    """Measure one target; a glance elsewhere or a half-closed eye is left out.

    Samples count up to five robust spreads from their median place, and in any case up to
    one degree: so up to half of them may be elsewhere, and noise is left as it is.
    """
    seen = np.isfinite(offsets_deg).all(axis=1)
    loss_pct = 100 * (1 - int(seen.sum()) / expected)
    if seen.sum() < _LEAST_SAMPLES:
        return Quality(None, None, None, None, None, loss_pct, int(seen.sum()))
    away = np.hypot(*(offsets_deg - np.median(offsets_deg[seen], axis=0)).T)
    reach = max(_GLANCE_DEG, _GLANCE_SPREADS * float(np.median(away[seen])))
    kept = seen & (away <= reach)
    right_deg, down_deg = map(float, offsets_deg[kept].mean(axis=0))
    steps = np.diff(offsets_deg, axis=0)[kept[1:] & kept[:-1]]
    return Quality(
        accuracy_deg=float(np.hypot(right_deg, down_deg)),
        right_deg=right_deg,
        down_deg=down_deg,
        rms_deg=float(np.sqrt(np.mean(np.sum(steps**2, axis=1)))) if len(steps) else None,
        sd_deg=float(np.sqrt(np.sum(np.var(offsets_deg[kept], axis=0, ddof=1)))),
        loss_pct=loss_pct,
        samples=int(kept.sum()),
    )


def _over_all(points: Sequence[Quality]) -> Quality:
    """Return the mean over targets; spreads as root mean squares."""

    def mean(name: str) -> float | None:
        known = [value for p in points if (value := getattr(p, name)) is not None]
        return float(np.mean(known)) if known else None

    def spread(name: str) -> float | None:
        known = [value for p in points if (value := getattr(p, name)) is not None]
        return float(np.sqrt(np.mean(np.square(known)))) if known else None

    return Quality(
        accuracy_deg=mean("accuracy_deg"),
        right_deg=mean("right_deg"),
        down_deg=mean("down_deg"),
        rms_deg=spread("rms_deg"),
        sd_deg=spread("sd_deg"),
        loss_pct=float(np.mean([p.loss_pct for p in points])) if points else 100.0,
        samples=sum(p.samples for p in points),
    )


def _place(target: Target) -> str:
    """Return where a target was, in words."""
    rows = "top" if target.y < 1 / 3 else "bottom" if target.y > 2 / 3 else ""
    sides = "left" if target.x < 1 / 3 else "right" if target.x > 2 / 3 else ""
    where = " ".join(filter(None, (rows, sides))) or "middle"
    return f"at point {target.number} ({where})"

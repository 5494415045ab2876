"""From a sender's clock to the recorder's: a robust line through the clock offsets.

Between two resets a clock runs evenly, so its offset is a straight line in time. The line
is fitted by iteratively reweighted least squares with Huber's weights (P. J. Huber,
*Robust Estimation of a Location Parameter*, 1964; P. W. Holland and R. E. Welsch, *Robust
Regression Using Iteratively Reweighted Least-Squares*, 1977), beginning from Theil and
Sen's median of slopes (P. K. Sen, 1968), so that measurements disturbed by a busy network
count little. Where the measurements clearly leave that line (a quartz that warms up, a
system clock that is slewed to the network's time), its slow bend is followed too. A reset
or a step of the clock begins a new line; samples that may lie on either side of it are
marked.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

__all__ = ["FAR_S", "ClockFit", "correct"]

Floats = npt.NDArray[np.float64]

STEP_S = 0.010
"""An offset that moves by more than this between two measurements, and stays there, is a
step (chosen by us: ten times the error of one measurement, which liblsl's documentation
puts below 1 ms)."""
SHORTEST_SPAN_S = 1.0
"""Measurements over less time give a constant, not a line (chosen by us: 0.1 ms of error
over a second is 100 ppm, the drift of a poor quartz)."""
_HUBER = 1.345  # 95 % efficiency for normal errors (Holland and Welsch 1977)
_ROUNDS = 30
_TO_SIGMA = 1.4826  # median absolute deviation to standard deviation of a normal
_PAIRED = 200  # measurements that the median of slopes looks at (40,000 pairs: 2 ms)
_STEEPEST = 0.01  # no clock is wrong by 1 %: what looks like it is a step
_SLOPE_ERROR = 1e-4  # of the slope that steps are told by: about 0.1 ms over 1 s
_BEND_S = 5.0  # a bend is followed in pieces of this time: 10 of our measurements (chosen)
_BEND_LEAST = 10  # measurements in a piece, so that a few disturbed ones do not move it
# Less of a bend stays a line, as in pyxdf: our readers agree on ordinary recordings, and
# 0.3 ms is the accuracy that is promised anyway.
_BEND_S_MIN = 3e-4
FAR_S = 1e11  # three thousand years: no clock, but a damaged measurement
_LEAST_SCALE_S = 1e-6  # below this, weights would only follow rounding errors


@dataclass(frozen=True, slots=True)
class ClockFit:
    """A stream on the recorder's clock.

    Attributes
    ----------
    stamps_s : ndarray, shape (n,), float64
        Recorder's clock.
    uncertain : ndarray, shape (n,), bool
        Samples near a clock reset that cannot be told to be before or after it, and
        stamps that are no number.
    drift_ppm : float
        How much too fast the sender's clock runs, over the longest stretch; nan unless
        it was measured for at least `SHORTEST_SPAN_S`.
    uncertainty_s : float
        Robust standard deviation of the measurements about the line, of the worst
        stretch; nan with fewer than three measurements.
    resets : tuple of float
        Collection time (sender's clock, s) of the first measurement after each reset.
    outliers : int
        Single measurements that jumped and came back; they were not used.
    """

    stamps_s: Floats
    uncertain: npt.NDArray[np.bool_]
    drift_ppm: float
    uncertainty_s: float
    resets: tuple[float, ...] = ()
    outliers: int = 0


@dataclass(frozen=True, slots=True)
class _Line:
    """The offset `level_s` at `centre_s` on the sender's clock, its slope and its bend.

    The bend is what remains of the line at some moments; empty where there is none.
    """

    centre_s: float
    level_s: float
    slope: float
    sigma_s: float
    span_s: float
    bend_at_s: Floats = field(default_factory=lambda: np.empty(0))
    bend_s: Floats = field(default_factory=lambda: np.empty(0))

    def __call__(self, stamps_s: Floats) -> Floats:
        straight = self.level_s + self.slope * (stamps_s - self.centre_s)
        if not len(self.bend_s):
            return straight
        return straight + np.interp(stamps_s, self.bend_at_s, self.bend_s)


def correct(stamps_s: Floats, offsets_s: Floats) -> ClockFit:
    """Correct the stamps of one stream.

    Parameters
    ----------
    stamps_s : ndarray, shape (n,), float64
        Sender's clock, in the order of the file.
    offsets_s : ndarray, shape (m, 2), float64
        Collection time (sender's clock) and value of each measurement, in that order.
    """
    finite = np.isfinite(stamps_s)
    if not np.all(finite):  # what is no number stays as it is
        fit = correct(stamps_s[finite], offsets_s)
        corrected, uncertain = stamps_s.copy(), ~finite
        corrected[finite], uncertain[finite] = fit.stamps_s, fit.uncertain
        return replace(fit, stamps_s=corrected, uncertain=uncertain)
    certain = np.zeros(len(stamps_s), dtype=np.bool_)
    sound = offsets_s[np.all(np.abs(offsets_s) < FAR_S, axis=1)]  # nan is not less
    if not len(sound):
        return ClockFit(stamps_s, certain, float("nan"), float("nan"))
    stretches, outliers = _stretches(sound, stamps_s)
    lines = [_fit(stretch) for stretch in stretches]
    corrected, uncertain, begin = np.empty_like(stamps_s), certain, 0
    for i, line in enumerate(lines):
        end = len(stamps_s)
        if i + 1 < len(lines):
            end, first, last = _split(
                stamps_s, begin, stretches[i][-1], stretches[i + 1][0]
            )
            uncertain[first:last] = True
        corrected[begin:end] = stamps_s[begin:end] + line(stamps_s[begin:end])
        begin = end
    longest = max(lines, key=lambda line: line.span_s)
    sigmas = [line.sigma_s for line in lines if np.isfinite(line.sigma_s)]
    return ClockFit(
        corrected,
        uncertain,
        -longest.slope * 1e6 if longest.span_s >= SHORTEST_SPAN_S else float("nan"),
        max(sigmas, default=float("nan")),
        tuple(float(stretch[0, 0]) for stretch in stretches[1:]),
        outliers,
    )


def _fit(points: Floats) -> _Line:
    """Fit one stretch without resets; one measurement, or too short a time: a constant."""
    times, values = points[:, 0], points[:, 1]
    span = float(np.ptp(times))
    centre, level = float(np.mean(times)), float(np.median(values))
    if span < SHORTEST_SPAN_S:
        sigma = _scale(values - level) if len(values) > 2 else float("nan")
        return _Line(centre, level, 0.0, sigma, span)
    x, y = times - centre, values - level
    slope = _median_slope(x, y)
    base = float(np.median(y - slope * x))
    for _ in range(_ROUNDS):
        rest = np.abs(y - base - slope * x)
        scale = max(_scale(rest), _LEAST_SCALE_S)
        weight = np.minimum(1.0, _HUBER * scale / np.maximum(rest, 1e-12))
        mean_x, mean_y = np.average(x, weights=weight), np.average(y, weights=weight)
        before = (base, slope)
        slope = float(
            np.sum(weight * (x - mean_x) * (y - mean_y))
            / np.sum(weight * (x - mean_x) ** 2)
        )
        base = float(mean_y - slope * mean_x)
        if abs(base - before[0]) + abs(slope - before[1]) * span < 1e-9:
            break
    rest = y - base - slope * x
    at, bend = _bend(times, rest)
    if len(bend):
        rest = rest - np.interp(times, at, bend)
    sigma = _scale(rest) if len(x) > 2 else float("nan")
    return _Line(centre, level + base, slope, sigma, span, at, bend)


def _bend(times: Floats, rest: Floats) -> tuple[Floats, Floats]:
    """Return where and how much the measurements leave their line, if they clearly do.

    The median of what remains is taken piece by piece. It counts as a bend when the
    pieces lie further from the line than their own scatter explains; the ends are
    continued as the two outermost pieces run.
    """
    nothing = (np.empty(0), np.empty(0))
    step = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    count = int(np.ptp(times) // max(_BEND_S, _BEND_LEAST * step))
    if count < 3:
        return nothing
    pieces = np.array_split(np.arange(len(times)), count)
    if min(len(piece) for piece in pieces) < _BEND_LEAST:
        return nothing
    at = np.array([np.median(times[piece]) for piece in pieces])
    bend = np.array([np.median(rest[piece]) for piece in pieces])
    scatter = np.median([_scale(rest[p] - np.median(rest[p])) for p in pieces])
    of_median = 1.25 * scatter / np.sqrt(len(times) / count)  # of a normal's median
    if np.sqrt(np.mean(bend**2)) < max(_BEND_S_MIN, 3 * of_median):
        return nothing
    first = bend[0] - (bend[1] - bend[0]) / (at[1] - at[0]) * (at[0] - times[0])
    last = bend[-1] + (bend[-1] - bend[-2]) / (at[-1] - at[-2]) * (times[-1] - at[-1])
    return np.r_[times[0], at, times[-1]], np.r_[first, bend, last]


def _scale(rest: Floats) -> float:
    return float(_TO_SIGMA * np.median(np.abs(rest)))


def _median_slope(x: Floats, y: Floats) -> float:
    if len(x) > _PAIRED:
        keep = np.linspace(0, len(x) - 1, _PAIRED).astype(int)
        x, y = x[keep], y[keep]
    i, j = np.triu_indices(len(x), 1)
    apart = np.abs(x[j] - x[i]) > 0
    return float(np.median((y[j] - y[i])[apart] / (x[j] - x[i])[apart]))


def _stretches(points: Floats, stamps_s: Floats) -> tuple[list[Floats], int]:
    """Divide the measurements at resets; a jump of one measurement alone is left out.

    The very last one cannot be followed by others: there the samples tell whether the
    clock made that step.
    """
    if len(points) < 2:
        return [points], 0
    times, values = points[:, 0], points[:, 1]
    gaps = np.diff(times)
    forward = gaps > 0
    slopes = np.diff(values)[forward] / gaps[forward]
    slope = float(np.median(slopes)) if len(slopes) else 0.0
    slope = slope if abs(slope) < _STEEPEST else 0.0
    level = values - slope * times
    moves = np.diff(level)
    limit = max(STEP_S, 10 * _TO_SIGMA * float(np.median(np.abs(moves - np.median(moves)))))
    found: list[list[int]] = [[0]]
    outliers, i = 0, 1
    while i < len(points):
        last = found[-1][-1]
        elapsed = times[i] - times[last]
        is_last = i + 1 == len(points)
        followed = not is_last and abs(level[i + 1] - level[i]) <= limit
        if elapsed >= 0 and abs(level[i] - level[last]) <= limit + _SLOPE_ERROR * elapsed:
            found[-1].append(i)
        elif followed or (
            is_last and (elapsed < 0 or len(_jumps(stamps_s, points[last], points[i])))
        ):
            found.append([i])
        else:
            outliers += 1
        i += 1
    return [points[group] for group in found], outliers


def _split(stamps_s: Floats, begin: int, old: Floats, new: Floats) -> tuple[int, int, int]:
    """Find the first sample after a reset.

    Parameters
    ----------
    begin : int
        First sample of the stretch that ends here.
    old, new : ndarray, shape (2,)
        The last measurement before and the first one after the reset.

    Returns
    -------
    split, first, last : int
        The first sample of the new stretch; samples first..last-1 may belong to either.
    """
    raw = stamps_s[begin:]
    step = float(old[1] - new[1])  # of the sender's clock
    between = float((new[0] + new[1]) - (old[0] + old[1]))  # true time between the two
    may_old, may_new = _sides(raw, old, new)
    jumps = _jumps(raw, old, new)
    if len(jumps):
        split = begin + int(jumps[0]) + 1
        return split, split, split
    if step > 0:
        first, last = _first(may_new), _first(~may_old)
    else:
        first, last = _first(raw > new[0] - between), _first(~may_old)
    first, last = min(first, last), last
    near = _first(raw[first:last] + new[1] > 0.5 * (old.sum() + new.sum())) + first
    return begin + near, begin + first, begin + last


def _sides(
    raw: Floats, old: Floats, new: Floats
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Tell which samples may be of before, and which of after a reset."""
    between = float((new[0] + new[1]) - (old[0] + old[1]))
    return raw <= old[0] + between + STEP_S, raw >= new[0] - between - STEP_S


def _jumps(raw: Floats, old: Floats, new: Floats) -> npt.NDArray[np.int64]:
    """Return after which samples the stamps make the step of two measurements."""
    may_old, may_new = _sides(raw, old, new)
    stepped = _jumped(np.diff(raw), float(old[1] - new[1]))
    return np.flatnonzero(may_old[:-1] & may_new[1:] & stepped)


def _jumped(steps: Floats, step: float) -> npt.NDArray[np.bool_]:
    """Tell which intervals between samples can only be the clock's step."""
    if step < 0:
        return steps < 0.5 * step
    usual = float(np.median(steps)) if len(steps) else 0.0
    spread = float(np.quantile(steps, 0.95)) if len(steps) else 0.0
    close = np.abs(steps - step - usual) <= max(0.2 * step, STEP_S)
    return close & (spread < 0.5 * step)


def _first(mask: npt.NDArray[np.bool_]) -> int:
    """Return where `mask` is first true; its length when it never is."""
    return int(np.argmax(mask)) if mask.any() else len(mask)

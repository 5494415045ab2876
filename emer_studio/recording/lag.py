"""How late a camera saw a light that was switched at known times, and a microphone a click.

Both are fits of a known shape at an unknown shift; every pulse or click by itself gives the
uncertainty. What is not clearly there is None, never a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Lag", "click_lag", "light_lag"]

Floats = npt.NDArray[np.float64]

SPAN_S = (-0.1, 0.5)
"""Where a lag is looked for: a little too early shows a wrong clock; no camera, display or
sound path that is of use is half a second late (chosen by us)."""
_STEP_S = 0.001
_AROUND_S = 0.06  # how far one pulse alone may be from all of them together
_LEAST_T = 8.0  # Student's t of the light; chosen by us, movement of a face gives 3 to 5
_LEAST_PEAK = 8.0  # of a click above the median of what surrounds it; chosen by us
_LEAST_SHARE = 0.5  # of the pulses or clicks that must be found


@dataclass(frozen=True, slots=True)
class Lag:
    """A lag and how well it is known.

    Attributes
    ----------
    lag_s : float
        Stamp minus the time of the event.
    se_s : float
        Standard error from the spread of the single pulses.
    found, of : int
        Pulses that were found, and how many there were.
    contrast : float
        How clear it is: Student's t of the light, median peak over noise of the clicks.
    """

    lag_s: float
    se_s: float
    found: int
    of: int
    contrast: float


def light_lag(
    stamps_s: Floats, brightness: Floats, switched: Sequence[tuple[float, float]]
) -> Lag | None:
    """Return how late a camera saw a light, None where it did not see it.

    Parameters
    ----------
    stamps_s : ndarray, shape (n,)
        Frame stamps.
    brightness : ndarray, shape (n, k)
        Mean brightness of k parts of each frame, any unit.
    switched : sequence of (float, float)
        When the light changed (same clock as the stamps) and its level from then on; it is
        at the last level before the first change.

    Notes
    -----
    A frame is taken to collect light for one frame interval around a moment that lies the
    lag before its stamp. A camera that exposes shorter has the same middle.
    """
    first, last = switched[0][0], switched[-1][0]
    inside = (stamps_s > first - 0.6) & (stamps_s < last + 0.6 + SPAN_S[1])
    stamps_s, brightness = stamps_s[inside], brightness[inside]
    if len(stamps_s) < 4 * len(switched):
        return None
    frame_s = float(np.median(np.diff(stamps_s)))
    lags_s = np.arange(*SPAN_S, _STEP_S)
    level = _Light(switched, frame_s)
    rest = _detrended(stamps_s, brightness)
    scores = np.array([_score(level(stamps_s - lag), stamps_s, rest) for lag in lags_s])
    lag_s = _refined(lags_s, scores)
    part_weights, t = _parts(level(stamps_s - lag_s), stamps_s, rest)
    if t < _LEAST_T:
        return None
    series = (rest @ part_weights)[:, None]
    singles = [
        single
        for at, to in switched
        if to and (single := _single(stamps_s, series, level, at, lag_s)) is not None
    ]
    pulses = sum(1 for _, to in switched if to)
    if len(singles) < max(_LEAST_SHARE * pulses, 3):
        return None
    return Lag(lag_s, _standard_error(np.array(singles)), len(singles), pulses, t)


class _Light:
    """The mean level of a switched light over a frame around a moment."""

    def __init__(self, switched: Sequence[tuple[float, float]], frame_s: float) -> None:
        times = np.array([at for at, _ in switched])
        levels = np.array([to for _, to in switched], float)
        self._knots = np.concatenate([[times[0] - 60.0], times, [times[-1] + 60.0]])
        spans = np.diff(self._knots)
        self._sum = np.concatenate([[0.0], np.cumsum(spans * np.r_[levels[-1], levels])])
        self._half_s = frame_s / 2

    def __call__(self, at_s: Floats) -> Floats:
        high = np.interp(at_s + self._half_s, self._knots, self._sum)
        low = np.interp(at_s - self._half_s, self._knots, self._sum)
        return np.asarray((high - low) / (2 * self._half_s))


def _detrended(stamps_s: Floats, values: Floats) -> Floats:
    """Take mean and slope off each column: light in a room changes by itself."""
    base = np.column_stack([np.ones_like(stamps_s), stamps_s - stamps_s.mean()])
    fit, *_ = np.linalg.lstsq(base, values, rcond=None)
    return np.asarray(values - base @ fit)


def _score(model: Floats, stamps_s: Floats, rest: Floats) -> float:
    """Return how much of all parts' brightness a model explains."""
    model = _detrended(stamps_s, model[:, None])[:, 0]
    power = float(model @ model)
    return float(np.sum((model @ rest).clip(0) ** 2) / power) if power > 1e-12 else 0.0


def _refined(at: Floats, scores: Floats) -> float:
    """Return the top of the parabola through the best value and its neighbours."""
    best = int(np.argmax(scores))
    if not 0 < best < len(at) - 1:
        return float(at[best])
    left, top, right = scores[best - 1 : best + 2]
    bend = left - 2 * top + right
    shift = 0.5 * (left - right) / bend if bend < 0 else 0.0
    return float(at[best] + shift * (at[1] - at[0]))


def _parts(model: Floats, stamps_s: Floats, rest: Floats) -> tuple[Floats, float]:
    """Return a weight for each part, after how clearly it follows, and the largest t."""
    model = _detrended(stamps_s, model[:, None])[:, 0]
    power = float(model @ model)
    gain = model @ rest / power
    noise = rest - np.outer(model, gain)
    sd = np.sqrt(np.sum(noise**2, axis=0) / (len(stamps_s) - 3)) + 1e-9
    t = gain * np.sqrt(power) / sd
    weights = np.where(t > 0, gain / sd**2, 0.0)
    return weights / (np.abs(weights).max() + 1e-12), float(t.max())


def _single(
    stamps_s: Floats, series: Floats, level: _Light, at_s: float, lag_s: float
) -> float | None:
    """Return the lag of one pulse by itself, None where it has no top near `lag_s`."""
    near = np.abs(stamps_s - lag_s - at_s - 0.1) < 0.3
    if near.sum() < 6:
        return None
    lags_s = np.arange(lag_s - _AROUND_S, lag_s + _AROUND_S, _STEP_S)
    stamps_s, rest = stamps_s[near], _detrended(stamps_s[near], series[near])
    scores = np.array([_score(level(stamps_s - lag), stamps_s, rest) for lag in lags_s])
    best = int(np.argmax(scores))
    return _refined(lags_s, scores) if 0 < best < len(lags_s) - 1 else None


def click_lag(
    sound: Floats,
    first_s: float,
    rate_hz: float,
    clicks_s: Sequence[float],
    click: npt.NDArray[np.float32],
) -> Lag | None:
    """Return how late a microphone heard clicks, None where it did not hear them.

    Parameters
    ----------
    sound : ndarray, shape (n,)
        Samples.
    first_s : float
        When the first sample was taken.
    rate_hz : float
        True rate of the samples.
    clicks_s : sequence of float
        When the clicks were played, same clock.
    click : ndarray, shape (m,)
        Its samples at this rate.
    """
    heard = _heard(sound, first_s, rate_hz, clicks_s, click)
    least = max(_LEAST_SHARE * len(clicks_s), 3)
    if len(heard) < least:
        return None
    # All together first: the next click may be louder than the one that is looked for.
    together = int(np.argmax(np.mean(heard, axis=0)))
    reach = round(_AROUND_S * rate_hz)
    low, high = max(together - reach, 0), min(together + reach, heard.shape[1])
    peaks = heard[:, low:high].max(axis=1) / (np.median(heard, axis=1) + 1e-12)
    tops = [
        _refined(np.arange(low, high, dtype=float), alike[low:high])
        for alike, peak in zip(heard, peaks, strict=True)
        if peak >= _LEAST_PEAK
    ]
    if len(tops) < least:
        return None
    # Each window begins on a whole sample, up to half a sample from where it should.
    lags = SPAN_S[0] + np.array(tops) / rate_hz
    contrast = float(np.median(peaks))
    se_s = _standard_error(lags)
    return Lag(float(np.median(lags)), se_s, len(lags), len(clicks_s), contrast)


def _heard(
    sound: Floats,
    first_s: float,
    rate_hz: float,
    clicks_s: Sequence[float],
    click: npt.NDArray[np.float32],
) -> Floats:
    """Return how well the click fits around each one, shape (n clicks, lags)."""
    count = round((SPAN_S[1] - SPAN_S[0]) * rate_hz)
    rows = []
    for at_s in clicks_s:
        start = round((at_s + SPAN_S[0] - first_s) * rate_hz)
        if start >= 0 and start + count + len(click) <= len(sound):
            part = sound[start : start + count + len(click)]
            rows.append(_envelope(part, click)[:count])
    return np.array(rows).reshape(-1, count)


def _envelope(sound: Floats, click: npt.NDArray[np.float32]) -> Floats:
    """Return how well the click fits at each place: envelope of the matched filter."""
    matched = np.correlate(sound, click.astype(float), mode="valid")
    # The analytic signal by its spectrum (negative frequencies away, positive ones
    # doubled): scipy.signal has it, and takes longer to import than a session to begin.
    count = len(matched)
    spectrum = np.fft.rfft(matched)
    spectrum[1 : (count + 1) // 2] *= 2
    return np.abs(np.fft.ifft(spectrum, count))


def _standard_error(values: Floats) -> float:
    """Return the standard error of the middle of single values, from their spread."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values)))

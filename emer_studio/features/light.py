"""What of the pupil is the picture's light.

The pupil answers to light more than to feelings. Its answer is modelled as the logarithm
of luminance convolved with the pupil's impulse response (Hoeks & Levelt 1993, *Pupillary
dilation as a measure of attention*: t^n exp(-n t / t_max), n = 10.1, t_max = 0.93 s) and
fitted to each recording by least squares; what it does not explain is the corrected pupil.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emer_studio.features.runs import step_of

__all__ = ["LightFit", "light_answer", "without_light"]

Floats = npt.NDArray[np.float64]
_SHAPE, _PEAK_S = 10.1, 0.93  # Hoeks & Levelt 1993
_LENGTH_S = 4.0  # chosen by us: less than 1 % of the response is later
_DARKEST = 0.01
"""Added to luminance (0..1) before its logarithm; chosen by us: about what a black screen
in a lit room still sends, so that black is not infinitely dark."""
_LEAST_S = 5.0  # chosen by us: a fit of less follows chance


@dataclass(frozen=True, slots=True)
class LightFit:
    """What was corrected and how much of the pupil it explained.

    Attributes
    ----------
    corrected : ndarray, shape (n,), float64
        The pupil less the fitted answer, at the same mean; the pupil itself where no fit
        was possible.
    gain : float
        Change of the pupil per unit of the answer; negative in people. NaN without a fit.
    explained : float
        Share of the pupil's variance, 0..1; NaN without a fit.
    """

    corrected: Floats
    gain: float
    explained: float


def light_answer(times_s: Floats, luminance: Floats) -> Floats:
    """Return the pupil's answer to light of that course, without a gain.

    Parameters
    ----------
    times_s : ndarray, shape (n,), float64
        At a steady rate.
    luminance : ndarray, shape (n,), float64
        Relative, 0 (black) to 1; around the gaze, or over the screen.

    Returns
    -------
    ndarray, shape (n,), float64
        In units of the natural logarithm; before the first sample the light is taken to
        have been as it was at the first one.
    """
    from scipy.signal import fftconvolve  # half a second that most commands need not wait

    step_s = step_of(times_s)
    if step_s <= 0:
        return np.zeros(len(times_s))
    since_s = np.arange(0.0, _LENGTH_S, step_s)
    kernel = (since_s / _PEAK_S) ** _SHAPE * np.exp(-_SHAPE * (since_s / _PEAK_S - 1))
    kernel /= kernel.sum()
    level = np.log(_DARKEST + np.clip(_without_gaps(times_s, luminance), 0.0, 1.0))
    before = np.full(len(kernel) - 1, level[0])
    return np.asarray(fftconvolve(np.r_[before, level], kernel, mode="valid"))


def without_light(times_s: Floats, pupil: Floats, luminance: Floats) -> LightFit:
    """Fit the answer to light and subtract it.

    Parameters
    ----------
    times_s, pupil, luminance : ndarray, shape (n,), float64
        Of a whole recording; NaN where not known. See `light_answer`.
    """
    nothing = LightFit(pupil.copy(), float("nan"), float("nan"))
    if not np.isfinite(luminance).any():
        return nothing
    answer = light_answer(times_s, luminance)
    known = np.isfinite(pupil)
    if known.sum() * step_of(times_s) < _LEAST_S or np.std(answer[known]) < 1e-6:
        return nothing
    centred = answer - answer[known].mean()
    size = pupil[known] - pupil[known].mean()
    gain = float(centred[known] @ size / (centred[known] @ centred[known]))
    rest = size - gain * centred[known]
    explained = 1.0 - float(rest @ rest) / max(float(size @ size), 1e-12)
    return LightFit(pupil - gain * centred, gain, explained)


def _without_gaps(times_s: Floats, values: Floats) -> Floats:
    known = np.isfinite(values)
    return np.interp(times_s, times_s[known], values[known])

"""The coded flash and click that open and close a session.

White pulses on a dark screen with a chirp at the beginning of each, at intervals that fit
themselves at one shift only, so that a camera's brightness and a microphone's sound tell
how late they are. The closing code is the opening one backwards.

All numbers are chosen by us. No second holds more than three flashes, the general limit of
WCAG 2.2 (success criterion 2.3.1) for people with photosensitive epilepsy.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["MARKS", "chirp", "edges", "length_s", "onsets", "sound"]

MARKS = ("start", "end")
DARK_S = 0.6
"""Dark before the first pulse and after the last, seconds."""
PULSE_S = 0.2
"""White; at least five frames of a camera at 30 Hz."""
CHIRP_S = 0.012
_INTERVALS_S = (0.5, 0.75, 0.45, 0.9, 0.6, 0.8)
_CHIRP_HZ = (1500.0, 6000.0)  # every loudspeaker and microphone of a laptop takes these
_LOUDNESS = 0.25  # of full scale: heard, and no fright


def onsets(which: str) -> npt.NDArray[np.float64]:
    """Return when the pulses begin, seconds from the beginning of the mark.

    Parameters
    ----------
    which : {"start", "end"}
    """
    steps = _INTERVALS_S if which == "start" else _INTERVALS_S[::-1]
    return DARK_S + np.concatenate([[0.0], np.cumsum(steps)])


def edges(which: str) -> list[tuple[float, int]]:
    """Return the changes of the screen: when, seconds, and 1 for white or 0 for dark."""
    begins = map(float, onsets(which))
    return [change for at in begins for change in ((at, 1), (at + PULSE_S, 0))]


def length_s(which: str) -> float:
    """Return how long a mark lasts, seconds."""
    return float(onsets(which)[-1]) + PULSE_S + DARK_S


def chirp(rate_hz: float) -> npt.NDArray[np.float32]:
    """Return the click, a rising tone, shape (n,), full scale 1."""
    t_s = np.arange(round(CHIRP_S * rate_hz)) / rate_hz
    low, high = _CHIRP_HZ
    phase = 2 * np.pi * (low * t_s + (high - low) * t_s**2 / (2 * CHIRP_S))
    window = np.hanning(len(t_s))
    return np.asarray(_LOUDNESS * window * np.sin(phase), np.float32)


def sound(which: str, rate_hz: int, channels: int) -> npt.NDArray[np.float32]:
    """Return the sound of a mark, shape (n, channels)."""
    found = np.zeros((round(length_s(which) * rate_hz), channels), np.float32)
    click = chirp(rate_hz)[:, None]
    for at in onsets(which):
        first = round(float(at) * rate_hz)
        found[first : first + len(click)] += click
    return found

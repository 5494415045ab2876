"""A binocular gaze signal that nobody looked at: for simulated trackers and datasets.

Fixations with tremor and drift, saccades on the main sequence, blinks, a pupil that
answers to an emotion, measurement noise and losses. Everything follows from the seed,
whatever the sizes of the pieces it is drawn in. How eyes answer to an emotion is invented
here: it exercises software and says nothing about people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from emer_studio.core.errors import BadInputError

__all__ = [
    "BLINK",
    "FIXATION",
    "RESPONSES",
    "SACCADE",
    "EyeResponse",
    "GazeBatch",
    "GazeModel",
]

FIXATION, SACCADE, BLINK = 1, 2, 3
"""Codes of the true events."""

Floats = NDArray[np.float64]
_DEG_PER_SCREEN = np.array([44.0, 26.0])
"""Visual angle of a whole screen, degrees (a 24-inch screen at about 65 cm)."""
_NEVER = int(np.iinfo(np.int64).max)
_LATENCY_S = 0.2  # from a target to the saccade to it (Saslow 1967: about 0.2 s)
_LANDING_DEG = 0.05  # how near to a target a saccade ends (chosen by us: well trained)


@dataclass(frozen=True, slots=True)
class EyeResponse:
    """How the eyes behave while something is felt; all sizes are invented.

    Attributes
    ----------
    pupil_mm : float
        Change of the pupil from its baseline, mm.
    fixation_s : float
        Mean duration of a fixation, s; the saccade rate follows from it.
    spread : float
        Standard deviation of fixation places, fraction of the screen.
    blink_hz : float
        Mean blinks per second.
    """

    pupil_mm: float = 0.0
    fixation_s: float = 0.30
    spread: float = 0.12
    blink_hz: float = 0.25


RESPONSES: Mapping[str, EyeResponse] = MappingProxyType(
    {
        "happiness": EyeResponse(0.20, 0.26, 0.15, 0.32),
        "sadness": EyeResponse(0.05, 0.40, 0.09, 0.36),
        "fear": EyeResponse(0.50, 0.20, 0.20, 0.14),
        "surprise": EyeResponse(0.42, 0.33, 0.11, 0.10),
        "disgust": EyeResponse(0.14, 0.22, 0.21, 0.30),
        "anger": EyeResponse(0.36, 0.38, 0.07, 0.20),
        "neutral": EyeResponse(0.00, 0.30, 0.12, 0.25),
    }
)
"""The invented response to each emotion."""


@dataclass(frozen=True, slots=True)
class GazeBatch:
    """Consecutive samples; index 0 of the last axis is the left eye, 1 the right.

    Attributes
    ----------
    times_s : (N,) float64
        Seconds since the model was made.
    xy : (N, 2, 2) float64
        Gaze by eye and axis, fraction of the screen, origin top left; NaN when lost.
    pupil_mm, openness_mm : (N, 2) float64
        Pupil diameter and lid opening by eye; NaN when lost.
    origin_mm : (N, 2, 3) float64
        Eye position by eye and axis (x right, y up, z away from the screen); NaN when lost.
    valid : (N, 2) bool
        Whether the eye was measured.
    event : (N,) uint8
        The truth: `FIXATION`, `SACCADE` or `BLINK`.
    """

    times_s: Floats
    xy: Floats
    pupil_mm: Floats
    openness_mm: Floats
    origin_mm: Floats
    valid: NDArray[np.bool_]
    event: NDArray[np.uint8]


class GazeModel:
    """Draws a gaze signal piece by piece.

    Parameters
    ----------
    seed : int
        Everything is determined by it.
    rate_hz : float, optional
        Sampling rate; 120 Hz is a common rate of screen-based trackers.
    noise_deg : float, optional
        Measurement noise of each eye and axis, degrees (chosen by us).
    loss_hz : float, optional
        Mean number of short losses per second (chosen by us).
    accuracy_deg : float, optional
        How far what is measured lies from where the eyes look, the same everywhere, in a
        direction drawn from the seed. A dataset needs none.
    """

    def __init__(
        self,
        seed: int,
        rate_hz: float = 120.0,
        *,
        noise_deg: float = 0.1,
        loss_hz: float = 0.1,
        accuracy_deg: float = 0.0,
    ) -> None:
        if not rate_hz > 0:
            raise BadInputError(f"Expected a sampling rate above 0 Hz, found {rate_hz}.")
        self.rate_hz = float(rate_hz)
        self._noise = noise_deg / _DEG_PER_SCREEN
        streams = np.random.SeedSequence(seed).spawn(7)
        self._path, self._blinks, self._losses, body, *rest = map(
            np.random.default_rng, streams
        )
        self._pupil_rng, self._noise_rng, self._single_rng = rest
        self._index = 0
        self._at = np.array([0.5, 0.5])
        self._from = self._at
        self._saccade_start = self._saccade_end = 0
        self._fixation_end = -1
        self._blink = (-1, -1)
        self._next_blink = -1
        self._loss = (0, 0)
        self._next_loss = self._after(self._losses, loss_hz)
        self._loss_hz = loss_hz
        self._pupil_base_mm = float(body.uniform(3.0, 4.2))
        self._pupil_response = self._hippus = 0.0
        self._lid_mm = float(body.uniform(9.0, 11.5))
        self._head_mm = np.array(
            [body.normal(0, 15), body.normal(0, 12), body.normal(650, 25)]
        )
        self._half_ipd_mm = float(body.normal(63, 3)) / 2
        to = body.uniform(0, 2 * np.pi)
        self._error = accuracy_deg * np.array([np.cos(to), np.sin(to)]) / _DEG_PER_SCREEN
        self._target: tuple[float, float] | None = None

    def next(
        self, n: int, emotion: str = "neutral", *, response: EyeResponse | None = None
    ) -> GazeBatch:
        """Draw the next `n` samples.

        Parameters
        ----------
        n : int
            How many.
        emotion : str, optional
            One of the seven; chooses the response.
        response : EyeResponse, optional
            Taken instead of the emotion's response.
        """
        if response is None:
            if emotion not in RESPONSES:
                raise BadInputError(
                    f"Expected one of {', '.join(RESPONSES)}; found {emotion!r}."
                )
            response = RESPONSES[emotion]
        place = np.empty((n, 2))
        opening = np.ones(n)
        lost = np.zeros(n, bool)
        event = np.full(n, FIXATION, np.uint8)
        for i in range(n):
            now = self._index + i
            event[i] = self._move(now, response, place[i])
            opening[i] = self._blinking(now, response)
            lost[i] = self._losing(now)
        event[opening < 0.9] = BLINK
        batch = self._measure(place, opening, lost, event, response)
        self._index += n
        return batch

    def look_at(self, target: tuple[float, float] | None) -> None:
        """Look at a target, a fraction of the screen, and stay there; None looks freely."""
        if target != self._target:
            self._target = target
            begun = max(self._index, self._saccade_end)
            self._fixation_end = begun + round(_LATENCY_S * self.rate_hz)

    def _after(self, rng: np.random.Generator, rate_hz: float, start: int = 0) -> int:
        if rate_hz <= 0:
            return _NEVER
        return start + 1 + int(rng.exponential(self.rate_hz / rate_hz))

    def _move(self, now: int, response: EyeResponse, out: Floats) -> int:
        """Write where the eyes point at sample `now`; return the event."""
        if now > self._fixation_end:
            self._plan_saccade(now, response)
        if now < self._saccade_end:
            s = (now - self._saccade_start + 1) / (
                self._saccade_end - self._saccade_start + 1
            )
            out[:] = self._from + (self._at - self._from) * s**3 * (10 + s * (6 * s - 15))
            return SACCADE
        out[:] = self._at
        return FIXATION

    def _plan_saccade(self, now: int, response: EyeResponse) -> None:
        self._from = self._at
        chance = self._path.standard_normal(2)
        if self._target is None:
            self._at = np.clip(0.5 + response.spread * chance, 0.02, 0.98)
        else:
            self._at = np.array(self._target) + _LANDING_DEG / _DEG_PER_SCREEN * chance
        amplitude = float(np.hypot(*((self._at - self._from) * _DEG_PER_SCREEN)))
        # Main sequence: about 2.2 ms per degree + 21 ms
        # (Carpenter, Movements of the Eyes, 1988).
        length = max(round((0.0022 * amplitude + 0.021) * self.rate_hz), 1)
        # A gamma of shape 4 has the skew of measured fixation durations (chosen by us).
        fixation = max(self._path.gamma(4.0, response.fixation_s / 4.0), 0.06)
        self._saccade_start, self._saccade_end = now, now + length
        self._fixation_end = now + length + round(fixation * self.rate_hz)
        if self._target is not None:
            self._fixation_end = _NEVER

    def _blinking(self, now: int, response: EyeResponse) -> float:
        """Return the lid opening at sample `now`: 1 open, 0 closed."""
        if self._next_blink < now and now >= self._blink[1]:
            self._next_blink = self._after(self._blinks, response.blink_hz, now)
        if now == self._next_blink:
            length = max(round(self._blinks.uniform(0.12, 0.28) * self.rate_hz), 2)
            self._blink = (now, now + length)
        start, end = self._blink
        if not start <= now < end:
            return 1.0
        s = (now - start + 0.5) / (end - start)
        return float(1.0 - np.sin(np.pi * s) ** 0.5)

    def _losing(self, now: int) -> bool:
        if now == self._next_loss:
            length = max(round(self._losses.exponential(0.08) * self.rate_hz), 1)
            self._loss = (now, now + length)
            self._next_loss = self._after(self._losses, self._loss_hz, now + length)
        return self._loss[0] <= now < self._loss[1]

    def _pupil(self, n: int, response: EyeResponse) -> Floats:
        """Return the pupil diameter: a slow answer plus slow spontaneous change."""
        keep_answer = np.exp(-1.0 / (0.5 * self.rate_hz))
        keep_hippus = np.exp(-1.0 / (1.0 * self.rate_hz))
        step = 0.05 * np.sqrt(1 - keep_hippus**2) * self._pupil_rng.standard_normal(n)
        out = np.empty(n)
        for i in range(n):
            gap = self._pupil_response - response.pupil_mm
            self._pupil_response = response.pupil_mm + gap * keep_answer
            self._hippus = self._hippus * keep_hippus + step[i]
            out[i] = self._pupil_base_mm + self._pupil_response + self._hippus
        return out

    def _measure(
        self,
        place: Floats,
        opening: Floats,
        lost: NDArray[np.bool_],
        event: NDArray[np.uint8],
        response: EyeResponse,
    ) -> GazeBatch:
        """Turn the true state into what a tracker reports for both eyes."""
        n = len(place)
        times = (self._index + np.arange(n)) / self.rate_hz
        noise = self._noise_rng.standard_normal((n, 12))
        alone = self._single_rng.random((n, 2)) < 0.004
        valid = ~(lost[:, None] | (opening < 0.4)[:, None] | alone)
        xy = place[:, None, :] + self._error + self._noise * noise[:, :4].reshape(n, 2, 2)
        pupil = self._pupil(n, response)[:, None] + np.array([0.03, -0.03])
        pupil = pupil + 0.02 * noise[:, 4:6]
        lids = self._lid_mm * opening[:, None] + 0.15 * noise[:, 6:8]
        sway = np.sin(2 * np.pi * times[:, None] * np.array([0.11, 0.07, 0.05]))
        head = self._head_mm + sway * np.array([3.0, 2.0, 4.0])
        sides = np.array([[-self._half_ipd_mm, 0, 0], [self._half_ipd_mm, 0, 0]])
        origin = head[:, None, :] + sides + 0.2 * noise[:, 8:9, None]
        for values in (xy, pupil, origin):
            values[~valid] = np.nan
        lids[lost] = np.nan
        return GazeBatch(times, xy, pupil, np.maximum(lids, 0.0), origin, valid, event)

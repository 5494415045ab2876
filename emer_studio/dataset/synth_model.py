"""The known model behind a synthetic EMER, and what could be read from it at best.

target (the clip's design) -> felt -> shown (as felt, or masked) and, from felt alone, the
latent eye response. Every number is invented: the point is that the best reachable
accuracy is known, so a training chain can be checked against it. It is a software check,
not evidence about people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emer_studio.core.emotions import EMOTIONS
from emer_studio.schema.dataset import Limits
from emer_studio.synthetic.gaze import RESPONSES, EyeResponse

__all__ = ["SynthModel", "reachable_limits"]

Floats = NDArray[np.float64]
_N = len(EMOTIONS)
_DRAWS = 40_000
"""Latent eye vectors drawn per felt emotion; the limits are then exact to about 0.2 %."""

_MASKS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "happiness": {"neutral": 0.15},
        "sadness": {"happiness": 0.25, "neutral": 0.20},
        "fear": {"neutral": 0.25, "surprise": 0.10},
        "surprise": {"neutral": 0.20},
        "disgust": {"neutral": 0.20, "happiness": 0.10},
        "anger": {"neutral": 0.25, "happiness": 0.15},
        "neutral": {"happiness": 0.10},
    }
)
_EYE_NOISE = (0.16, 0.28, 0.05, 0.60)


@dataclass(frozen=True, slots=True)
class SynthModel:
    """Probabilities of the generating model; the defaults are invented.

    Attributes
    ----------
    p_felt : float
        Probability that the target emotion is the one felt; the rest is shared evenly.
    masks : mapping
        For each felt emotion, what is shown instead and how often.
    eye_noise : tuple of float
        Standard deviations of the latent eye vector around the felt emotion's mean:
        pupil change (mm), log fixation duration, spread (screens), log blink rate.
    """

    p_felt: float = 0.70
    masks: Mapping[str, Mapping[str, float]] = field(default_factory=lambda: _MASKS)
    eye_noise: tuple[float, ...] = _EYE_NOISE

    def felt_given_target(self) -> Floats:
        """Return P(felt | target), shape (7 targets, 7 felt)."""
        other = (1.0 - self.p_felt) / (_N - 1)
        return np.full((_N, _N), other) + np.eye(_N) * (self.p_felt - other)

    def shown_given_felt(self) -> Floats:
        """Return P(shown | felt), shape (7 felt, 7 shown)."""
        table = np.zeros((_N, _N))
        for i, felt in enumerate(EMOTIONS):
            for shown, p in self.masks[felt].items():
                table[i, EMOTIONS.index(shown)] = p
            table[i, i] = 1.0 - table[i].sum()
        return table

    def eye_means(self) -> Floats:
        """Return the mean latent eye vector of each emotion, shape (7, 4)."""
        return np.array([_to_latent(RESPONSES[emotion]) for emotion in EMOTIONS])

    def draw_eyes(self, felt: int, rng: np.random.Generator) -> EyeResponse:
        """Draw one sample's eye response to the felt emotion."""
        latent = self.eye_means()[felt] + np.array(self.eye_noise) * rng.standard_normal(4)
        pupil, log_fixation, spread, log_blink = latent
        return EyeResponse(
            pupil_mm=float(pupil),
            fixation_s=float(np.exp(log_fixation)),
            spread=float(max(spread, 0.01)),
            blink_hz=float(np.exp(log_blink)),
        )

    def described(self) -> dict[str, Any]:
        """Return all numbers of the model, for the manifest."""
        return {
            "p_felt": self.p_felt,
            "masks": {felt: dict(shown) for felt, shown in self.masks.items()},
            "eye_latent": ["pupil_mm", "log fixation_s", "spread", "log blink_hz"],
            "eye_means": self.eye_means().round(6).tolist(),
            "eye_noise": list(self.eye_noise),
        }


def _to_latent(response: EyeResponse) -> list[float]:
    return [
        response.pupil_mm,
        float(np.log(response.fixation_s)),
        response.spread,
        float(np.log(response.blink_hz)),
    ]


def reachable_limits(model: SynthModel, targets: Floats, seed: int = 0) -> Limits:
    """Compute the accuracy of the Bayes decision on the felt emotion.

    Parameters
    ----------
    model : SynthModel
        The generating model.
    targets : (7,) float64
        How often each target emotion occurs in the design; sums to 1.
    seed : int, optional
        Of the Monte Carlo draws.

    Returns
    -------
    Limits
        `face`: closed form, from the shown expression and the design's prior alone.
        `eyes`: from the latent eye vector, which the signal shows only with noise, so a
        real classifier stays below. `both`: from the two. `stimulus`: from the target.
    """
    given_target = model.felt_given_target()
    prior = targets @ given_target
    shown = model.shown_given_felt()
    rng = np.random.default_rng(seed)
    means, noise = model.eye_means(), np.array(model.eye_noise)
    eyes = both = 0.0
    for felt in range(_N):
        z = means[felt] + noise * rng.standard_normal((_DRAWS, 4))
        distance = (((z[:, None, :] - means) / noise) ** 2).sum(axis=2)
        weight = prior * np.exp(-0.5 * (distance - distance.min(axis=1, keepdims=True)))
        posterior = weight / weight.sum(axis=1, keepdims=True)
        eyes += prior[felt] * posterior.max(axis=1).mean()
        joint = posterior[:, :, None] * shown
        both += prior[felt] * joint.max(axis=1).sum(axis=1).mean()
    face = float((prior[:, None] * shown).max(axis=0).sum())
    stimulus = float((targets[:, None] * given_target).max(axis=1).sum())
    return Limits(
        face=round(face, 4),
        eyes=round(eyes, 4),
        both=round(both, 4),
        stimulus=round(stimulus, 4),
    )

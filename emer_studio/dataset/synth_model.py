"""The known model behind a synthetic EMER, and what could be read from it at best.

target (the clip's design) -> felt -> shown (as felt, or masked) and, from felt alone, the
latent eye response. Every number is invented: the point is that the best reachable
accuracy is known, so a training chain can be checked against it. It is a software check,
not evidence about people.

In a null world the eyes know less: only the clip's target, only its light, or nothing.
There a fair evaluation must not find that eyes help.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emer_studio.core.emotions import EMOTIONS
from emer_studio.schema.dataset import Limits
from emer_studio.synthetic.gaze import RESPONSES, EyeResponse

__all__ = ["WORLDS", "SynthModel", "reachable_limits"]

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
_LIGHT_MM = 0.35  # half of what the pupil differs between bright and dark clips; invented

WORLDS = ("feeling", "stimulus", "luminance", "nothing")
"""What eyes answer to: the felt emotion, or in a null world the clip's target emotion, its
light (half of the clips of each emotion are bright), or nothing at all."""


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
    world : str
        One of `WORLDS`.
    """

    p_felt: float = 0.70
    masks: Mapping[str, Mapping[str, float]] = field(default_factory=lambda: _MASKS)
    eye_noise: tuple[float, ...] = _EYE_NOISE
    world: str = "feeling"

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

    def shown_given_target(self) -> Floats:
        """Return P(shown | target), shape (7 targets, 7 shown)."""
        return np.asarray(self.felt_given_target() @ self.shown_given_felt())

    def eye_means(self) -> Floats:
        """Return the mean latent eye vector of each emotion, shape (7, 4)."""
        return np.array([_to_latent(RESPONSES[emotion]) for emotion in EMOTIONS])

    def masked(self, p: float) -> SynthModel:
        """Return the model in which every feeling is hidden with probability `p`.

        What is shown instead keeps its share; neutral is shown where nothing else is.
        """
        masks = {
            felt: {shown: p * q / sum(others.values()) for shown, q in others.items()}
            for felt, others in self.masks.items()
        }
        return replace(self, masks=masks)

    def eye_centre(self, felt: int, target: int, *, bright: bool) -> Floats:
        """Return the mean latent eye vector of a sample in this world, shape (4,)."""
        means, nothing = self.eye_means(), EMOTIONS.index("neutral")
        if self.world == "luminance":
            light = -_LIGHT_MM if bright else _LIGHT_MM
            return np.asarray(means[nothing] + np.array([light, 0.0, 0.0, 0.0]))
        return np.asarray(
            means[{"feeling": felt, "stimulus": target}.get(self.world, nothing)]
        )

    def draw_eyes(self, centre: Floats, rng: np.random.Generator) -> EyeResponse:
        """Draw one sample's eye response around its mean."""
        latent = centre + np.array(self.eye_noise) * rng.standard_normal(4)
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
            "world": self.world,
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


def reachable_limits(
    model: SynthModel, targets: Floats, seed: int = 0, *, shuffled: bool = False
) -> Limits:
    """Compute the accuracy of the Bayes decision on the felt emotion.

    Parameters
    ----------
    model : SynthModel
        The generating model.
    targets : (7,) float64
        How often each target emotion occurs in the design; sums to 1.
    seed : int, optional
        Of the Monte Carlo draws.
    shuffled : bool, optional
        The labels are of another draw: the commonest is the best guess from anything.

    Returns
    -------
    Limits
        `face`: closed form, from the shown expression and the design's prior alone.
        `eyes`: from the latent eye vector, which the signal shows only with noise, so a
        real classifier stays below. `both`: from the two. `stimulus`: from the target.
        `stimulus_face` and `all`: from the target and the face, and the eyes as well; where
        these two are equal, eyes must not help whoever knows the clip.
    """
    given_target = model.felt_given_target()
    joint = targets[:, None] * given_target  # P(target, felt)
    shown = model.shown_given_felt()
    prior = joint.sum(axis=0)
    if shuffled:
        best = _share(prior.max())
        names = ("face", "eyes", "both", "stimulus", "stimulus_face", "all")
        return Limits(**dict.fromkeys(names, best))
    rng = np.random.default_rng(seed)
    correct = np.zeros(3)  # from the eyes; eyes and face; eyes, face and target
    for target, felt in np.argwhere(joint > 0).tolist():
        for bright in (True, False):
            z = model.eye_centre(felt, target, bright=bright) + np.array(
                model.eye_noise
            ) * rng.standard_normal((_DRAWS // (2 * _N), 4))
            weight = _eye_likelihood(model, z) * joint  # (draws, target, felt)
            seen = shown[felt]  # P(shown | felt)
            correct += (
                0.5
                * joint[target, felt]
                * np.array(
                    [
                        _right(weight.sum(axis=1), felt).mean(),
                        _right_with_face(weight.sum(axis=1), shown, felt, seen),
                        _right_with_face(weight[:, target], shown, felt, seen),
                    ]
                )
            )
    with_face = joint[:, :, None] * shown  # P(target, felt, shown)
    eyes, both, everything = correct
    return Limits(
        face=_share(with_face.sum(axis=0).max(axis=0).sum()),
        eyes=_share(max(eyes, prior.max())),
        both=_share(both),
        stimulus=_share(joint.max(axis=1).sum()),
        stimulus_face=_share(with_face.max(axis=1).sum()),
        all=_share(everything),
    )


def _eye_likelihood(model: SynthModel, z: Floats) -> Floats:
    """Return P(z | target, felt) up to a factor by draw, shape (draws, 7, 7)."""
    noise = np.array(model.eye_noise)
    centres = np.array(
        [
            [
                [model.eye_centre(felt, target, bright=b) for b in (True, False)]
                for felt in range(_N)
            ]
            for target in range(_N)
        ]
    )
    distinct, where = np.unique(centres.reshape(-1, 4), axis=0, return_inverse=True)
    distance = (((z[:, None, :] - distinct) / noise) ** 2).sum(axis=2)
    near = np.exp(-0.5 * (distance - distance.min(axis=1, keepdims=True)))
    return np.asarray(near[:, where].reshape(len(z), _N, _N, 2).mean(axis=3))


def _right(weight: Floats, felt: int) -> Floats:
    """Return for each draw whether the best guess is `felt`; among equals, its share."""
    best = np.isclose(weight, weight.max(axis=1, keepdims=True), rtol=1e-9)
    return np.asarray(best[:, felt] / best.sum(axis=1))


def _right_with_face(weight: Floats, shown: Floats, felt: int, seen: Floats) -> float:
    """Return how often the best guess is `felt`, over what may be shown."""
    return float(
        sum(
            p * _right(weight * shown[:, face], felt).mean()
            for face, p in enumerate(seen)
            if p > 0
        )
    )


def _share(value: float) -> float:
    return round(float(min(value, 1.0)), 4)

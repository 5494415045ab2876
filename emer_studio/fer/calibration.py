"""How sure a model may be: probabilities softened by a temperature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emer_studio.fer.panel import Panel

__all__ = ["Mixing", "soften"]

Floats = npt.NDArray[np.float64]
_LEAST = 1e-9  # what a network rounds to zero is not impossible; chosen by us


def soften(p: Floats, temperature: float) -> Floats:
    """Return p ** (1 / temperature), made to sum to 1 over the last axis.

    Dividing logits by a temperature comes to the same (Guo et al. 2017); 1 changes nothing.
    """
    logits = np.log(np.maximum(p, _LEAST)) / temperature
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True), np.float64)


@dataclass(frozen=True, slots=True)
class Mixing:
    """How the models of a panel become one answer.

    Each is calibrated, the mean is taken, and that is calibrated again, because a mean of
    models that disagree is less sure than it could be.

    Attributes
    ----------
    members : tuple of float
        Temperature of each model.
    whole : float
        Temperature of the mean; with one model 1.
    """

    members: tuple[float, ...]
    whole: float = 1.0

    @classmethod
    def of(cls, panel: Panel, temperatures: Mapping[str, float]) -> Mixing:
        """Take from temperatures by name what a panel needs; what is not there is 1."""
        members = tuple(temperatures.get(model.name, 1.0) for model in panel.models)
        several = len(members) > 1
        return cls(members, temperatures.get(panel.name, 1.0) if several else 1.0)

    def mix(self, p: Floats) -> Floats:
        """Return probabilities (..., 7) from those of each model (..., m, 7)."""
        each = [soften(p[..., k, :], t) for k, t in enumerate(self.members)]
        if len(each) == 1:
            return p[..., 0, :] if self.members[0] == 1.0 else each[0]
        return soften(np.mean(each, axis=0), self.whole)

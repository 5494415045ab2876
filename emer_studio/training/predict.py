"""Deterministic predictions of one trained network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emer_studio.training.data import Batcher
from emer_studio.training.emert import Emert, EmertOutput

__all__ = ["Predictions", "predict"]

_BATCH = 16


@dataclass(frozen=True, slots=True)
class Predictions:
    """Predictions for some samples, in the order asked for.

    Attributes
    ----------
    values : (N,) float64
        Predicted numbers, or class numbers for a classification.
    probabilities : (N, C) float64
        Class probabilities; (N, 0) when numbers are predicted.
    """

    values: NDArray[np.float64]
    probabilities: NDArray[np.float64]


def predict(model: Emert, batcher: Batcher, indices: Sequence[int]) -> Predictions:
    """Predict samples with the same frames and rows every time.

    Parameters
    ----------
    model : Emert
        Put into evaluation mode here and back into its mode after.
    batcher : Batcher
        Gathers the samples.
    indices : sequence of int
        Sample numbers.
    """
    was_training = model.training
    model.eval()
    values: list[Tensor] = []
    probabilities: list[Tensor] = []
    with torch.inference_mode():
        for first in range(0, len(indices), _BATCH):
            output = model(*batcher.batch(indices[first : first + _BATCH]))
            value, chance = _read(model, output)
            values.append(value)
            probabilities.append(chance)
    model.train(was_training)
    if not values:
        return Predictions(np.zeros(0), np.zeros((0, 0)))
    return Predictions(
        torch.cat(values).double().cpu().numpy(),
        torch.cat(probabilities).double().cpu().numpy(),
    )


def _read(model: Emert, output: EmertOutput) -> tuple[Tensor, Tensor]:
    if model.config.variant == "discrete" and output.logits is not None:
        return output.logits.argmax(1), output.logits.float().softmax(1)
    assert output.value is not None
    return output.value, output.value.new_zeros((len(output.value), 0))

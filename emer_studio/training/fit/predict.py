"""Deterministic predictions of one trained network."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from emer_studio.training.feed.inputs import Feed
from emer_studio.training.fit.job import Predictions
from emer_studio.training.nets.network import Head, Network
from emer_studio.training.nets.precision import Precision, forward

__all__ = ["predict"]

_BATCH = 16


def predict(
    model: Network,
    feed: Feed,
    heads: Sequence[Head],
    indices: Sequence[int],
    precision: Precision = "fp32",
    check_stop: Callable[[], None] = lambda: None,
) -> dict[str, Predictions]:
    """Predict samples with the same frames and rows every time.

    Parameters
    ----------
    model : Network
        Put into evaluation mode here and back into its mode after.
    feed : Feed
        Gathers the samples.
    heads : sequence of Head
        What is asked.
    indices : sequence of int
        Sample numbers.
    precision : {"fp32", "bf16"}
        Of the network's arithmetic.
    check_stop : callable
        Called before each batch; see `job.Watch`.
    """
    was_training = model.training
    model.eval()
    found: dict[str, list[Tensor]] = {head.label: [] for head in heads}
    with torch.inference_mode():
        for first in range(0, len(indices), _BATCH):
            check_stop()
            inputs = feed.batch(indices[first : first + _BATCH])
            outputs = forward(model, inputs, precision)
            for head in heads:
                found[head.label].append(outputs.heads[head.label].double().cpu())
    model.train(was_training)
    return {head.label: _read(head, found[head.label]) for head in heads}


def _read(head: Head, parts: Sequence[Tensor]) -> Predictions:
    if not parts:
        return Predictions(np.zeros(0), np.zeros((0, len(head.classes))))
    values = torch.cat(list(parts))
    if not head.classes:
        return Predictions(values.numpy(), np.zeros((len(values), 0)))
    return Predictions(values.argmax(1).double().numpy(), values.softmax(1).numpy())

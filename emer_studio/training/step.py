"""One step of learning: forward, backward, and what the optimiser makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from emer_studio.training.losses import task_loss
from emer_studio.training.network import Head, Inputs, Network
from emer_studio.training.precision import Precision, forward
from emer_studio.training.presets import Preset

__all__ = ["learn", "make_optimiser"]


def make_optimiser(model: Network, preset: Preset) -> torch.optim.Optimizer:
    """Return the preset's optimiser; all parameters are moved in one fused call."""
    kind = torch.optim.AdamW if preset.decoupled else torch.optim.Adam
    return kind(
        model.parameters(),
        preset.learning_rate,
        weight_decay=preset.weight_decay,
        fused=True,
    )


def learn(
    model: Network,
    optimiser: torch.optim.Optimizer,
    inputs: Inputs,
    targets: Mapping[str, Tensor],
    heads: Sequence[Head],
    weights: Sequence[float],
    *,
    precision: Precision,
    clip_norm: float,
) -> Tensor:
    """Learn from one batch and return its loss.

    Parameters
    ----------
    model, optimiser
        Changed in place.
    inputs, targets, heads, weights
        See `losses.task_loss`.
    precision : {"fp32", "bf16"}
        Of the network's arithmetic; loss, gradients of the parameters and optimiser are
        float32.
    clip_norm : float
        Largest norm of the gradient; 0 for none.
    """
    loss = task_loss(forward(model, inputs, precision), targets, heads, weights)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    if clip_norm:
        torch.nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
    optimiser.step()
    return loss.detach()

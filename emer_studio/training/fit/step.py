"""One step of learning: forward, backward, and what the optimiser makes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from emer_studio.training.nets.losses import at_least_one, task_loss
from emer_studio.training.nets.network import Head, Inputs, Network
from emer_studio.training.nets.precision import Precision, forward
from emer_studio.training.presets import Preset

__all__ = ["Step", "make_optimiser", "recorded"]

Targets = Mapping[str, Tensor]


def make_optimiser(model: Network, preset: Preset) -> torch.optim.Optimizer:
    """Return the preset's optimiser; all parameters are moved in one fused call."""
    kind = torch.optim.AdamW if preset.decoupled else torch.optim.Adam
    return kind(
        model.parameters(),
        preset.learning_rate,
        weight_decay=preset.weight_decay,
        fused=True,
    )


@dataclass(frozen=True, slots=True)
class Step:
    """Learns from one batch at a time.

    Attributes
    ----------
    model, optimiser
        Changed in place.
    heads, weights : sequence
        What counts in the loss, and how much.
    precision : {"fp32", "bf16"}
        Of the network's arithmetic; loss, gradients of the parameters and optimiser are
        float32.
    clip_norm : float
        Largest norm of the gradient; 0 for none.
    counted : callable
        See `losses.task_loss`.
    """

    model: Network
    optimiser: torch.optim.Optimizer
    heads: Sequence[Head]
    weights: Sequence[float]
    precision: Precision = "fp32"
    clip_norm: float = 0.0
    counted: Callable[[Tensor], Tensor] = at_least_one

    def __call__(self, inputs: Inputs, targets: Targets) -> Tensor:
        """Learn from one batch and return its loss, without waiting for a device."""
        outputs = forward(self.model, inputs, self.precision)
        loss = task_loss(outputs, targets, self.heads, self.weights, self.counted)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        if self.clip_norm:
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.clip_norm)
        self.optimiser.step()
        return loss.detach()


_WARM = 3  # steps before recording, as torch's documentation of CUDA graphs asks


class _Recorded:
    """A step whose kernels a GPU was shown once and repeats for every full batch.

    The first steps are ordinary ones on a stream of their own; recording runs nothing, so
    no step is learnt twice. The last, smaller batch of an epoch is an ordinary step. What
    changes from step to step lies in tensors at fixed places: the batch, the learning rate
    and what `Network.progress` fills; the generator of the dropout moves on by itself.
    """

    def __init__(self, step: Step, batch_size: int, say: Callable[[str], None]) -> None:
        self._step, self._size, self._say = step, batch_size, say
        self._waited = 0
        self._graph: torch.cuda.CUDAGraph | None = None
        self._ordinary = False

    def __call__(self, inputs: Inputs, targets: Targets) -> Tensor:
        """Learn from one batch."""
        if self._ordinary or len(inputs.eye) != self._size:
            return self._step(inputs, targets)
        if self._waited < _WARM:
            return self._aside(inputs, targets)
        if self._graph is None and not self._record(inputs, targets):
            return self._step(inputs, targets)
        for held, new in zip(self._inputs, inputs, strict=True):
            held.copy_(new)
        for label, held in self._targets.items():
            held.copy_(targets[label])
        assert self._graph is not None
        self._graph.replay()
        return self._loss.clone()

    def _aside(self, inputs: Inputs, targets: Targets) -> Tensor:
        self._waited += 1
        self._make_movable()
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            loss = self._step(inputs, targets)
        torch.cuda.current_stream().wait_stream(stream)
        return loss

    def _make_movable(self) -> None:
        """Keep the learning rate on the device: a number would be recorded as it is."""
        for group in self._step.optimiser.param_groups:
            group["capturable"] = True
            group["lr"] = torch.as_tensor(group["lr"], device="cuda", dtype=torch.float32)

    def _record(self, inputs: Inputs, targets: Targets) -> bool:
        self._inputs = Inputs(*(value.clone() for value in inputs))
        self._targets = {label: value.clone() for label, value in targets.items()}
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph):
                self._loss = self._step(self._inputs, self._targets)
        except RuntimeError as problem:
            self._ordinary = True
            first = str(problem).partition("\n")[0]
            self._say(
                f"The GPU's step could not be recorded ({first}); it goes step by step."
            )
            return False
        self._graph = graph
        return True


def recorded(
    step: Step, batch_size: int, say: Callable[[str], None]
) -> Callable[[Inputs, Targets], Tensor]:
    """Return a step for a GPU that is recorded once and repeated; see `_Recorded`.

    Parameters
    ----------
    step : Step
        On a CUDA device.
    batch_size : int
        Of a full batch.
    say : callable
        Told when it cannot be recorded; the ordinary step is taken then.
    """
    return _Recorded(step, batch_size, say)

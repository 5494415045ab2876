"""What an interrupted training needs to go on as if nothing had happened."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

__all__ = ["TrainingState", "restore", "snapshot"]


@dataclass(slots=True)
class TrainingState:
    """Where a training stands.

    Attributes
    ----------
    epoch : int
        Epochs done.
    best : tuple of float or None
        Rank of the best epoch on the validation part.
    best_epoch : int
        Which one it was.
    waited : int
        Epochs since.
    samples, seconds : int, float
        Samples trained on and the time it took, evaluation left out.
    """

    epoch: int = 0
    best: tuple[float, ...] | None = None
    best_epoch: int = 0
    waited: int = 0
    samples: int = 0
    seconds: float = 0.0

    def hear(self, rank: tuple[float, ...], choosing: bool) -> bool:
        """Note an epoch's rank; return whether it is the one to keep so far."""
        if self.best is None or not choosing or rank > self.best:
            self.best, self.best_epoch, self.waited = rank, self.epoch, 0
            return True
        self.waited += 1
        return False


def snapshot(
    state: TrainingState,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Return everything that moves, as tensors and plain values."""
    return {
        "state": {
            "epoch": state.epoch,
            "best": None if state.best is None else list(state.best),
            "best_epoch": state.best_epoch,
            "waited": state.waited,
            "samples": state.samples,
            "seconds": state.seconds,
        },
        "optimiser": optimiser.state_dict(),
        "steps": schedule.last_epoch,
        "numpy": json.dumps(rng.bit_generator.state),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state() if torch.cuda.is_available() else None,
    }


def restore(
    kept: dict[str, Any],
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    rng: np.random.Generator,
) -> TrainingState:
    """Put everything back as `snapshot` found it; return where it stood."""
    fields = dict(kept["state"])
    fields["best"] = None if fields["best"] is None else tuple(fields["best"])
    if kept["optimiser"]:
        optimiser.load_state_dict(kept["optimiser"])
    schedule.last_epoch = kept["steps"]
    rng.bit_generator.state = json.loads(kept["numpy"])
    torch.set_rng_state(kept["torch"])
    if kept["cuda"] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(kept["cuda"])
    return TrainingState(**fields)

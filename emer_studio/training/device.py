"""What torch computes on, and how its threads wait; loads torch only when asked."""

from __future__ import annotations

import os

from emer_studio.core.errors import MissingError

__all__ = ["choose_device", "wait_without_spinning"]


def wait_without_spinning() -> None:
    """Let torch's threads sleep while they wait for each other; before torch is loaded.

    They spin otherwise, which on cores that others use as well made a step five times
    slower than one thread alone needs (measured at a load of 4 on 2 cores).
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def choose_device(wanted: str) -> str:
    """Return "cuda" or "cpu"; refuse a GPU that is not there.

    Raises
    ------
    MissingError
        When CUDA was asked for and does not work.
    """
    import torch

    there = wanted != "cpu" and torch.cuda.is_available()
    if wanted == "cuda" and not there:
        raise MissingError(
            "Training on CUDA was asked for, but torch finds no usable GPU.",
            fix="Use --device cpu, or install an NVIDIA driver and a CUDA build of torch.",
        )
    if there:
        torch.backends.cudnn.deterministic = True  # as the official code
        torch.backends.cudnn.benchmark = False
        torch.set_float32_matmul_precision("high")  # TF32, where bf16 is not asked for
    return "cuda" if there else "cpu"

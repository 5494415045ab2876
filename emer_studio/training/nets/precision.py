"""Whether a network computes in bfloat16; what it learns and answers stays in float32."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch

from emer_studio.training.nets.network import Inputs, Network, Outputs

__all__ = ["Precision", "best_precision", "forward", "pixel_type"]

Precision = Literal["fp32", "bf16"]


def best_precision(device: str) -> Precision:
    """Return bf16 where the device has instructions for it, else fp32.

    A choice by what the device can do, not by a measurement, so that the same command
    computes the same on the same machine every time. With AMX a step of the small network
    takes half the time (tests/benchmarks), with AVX512-bf16 that of a ResNet-18 0.6 of it;
    NVIDIA has had it since Ampere (compute capability 8).
    """
    if device == "cuda":
        fast = torch.cuda.get_device_capability()[0] >= 8
    else:
        # Public since torch 2.10; older versions compute in float32.
        tell: Callable[[], dict[str, Any]] = getattr(torch.cpu, "get_capabilities", dict)
        fast = bool(tell().get("avx512_bf16") or tell().get("amx_bf16"))
    return "bf16" if fast else "fp32"


def pixel_type(precision: Precision) -> torch.dtype:
    """Return the type in which pictures are handed to a network."""
    return torch.bfloat16 if precision == "bf16" else torch.float32


def forward(model: Network, inputs: Inputs, precision: Precision) -> Outputs:
    """Run a network in a precision; what it returns is float32, for losses and metrics."""
    half = precision == "bf16"
    with torch.autocast(inputs.eye.device.type, torch.bfloat16, enabled=half):
        found = model(inputs)
    heads = {label: value.float() for label, value in found.heads.items()}
    return Outputs(heads, found.penalty.float())

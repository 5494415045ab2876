"""An epoch as a person reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["epoch_text"]


def epoch_text(event: Mapping[str, Any]) -> str:
    """Return the line that tells a person of an epoch."""
    numbers = [(name, value) for name, value in event.items() if name.startswith("val_")]
    text = "  ".join(f"{name} {value:.3f}" for name, value in numbers)
    return (
        f"fold {event['fold']}/{event['folds']}  {event['label']}"
        f"  epoch {event['epoch']}/{event['epochs']}"
        f"  loss {event['loss']:.4f}  {text}  {event['samples_per_s']:.1f} samples/s"
    )

"""The models that can be trained, for whoever offers them without loading torch."""

from __future__ import annotations

__all__ = ["TRAINING_MODELS"]

TRAINING_MODELS = {
    "emert": "EMERT: face, eyes and gaze, felt and shown learnt together",
    "face-only": "the face alone",
    "eye-only": "the eyes alone",
    "late-fusion": "face alone and eyes alone, averaged",
    "window-statistics": "statistics of the eyes, gradient boosting",
    "resnet-lstm": "face net and LSTMs, joined",
    "resnet-transformer": "face net and one transformer over both",
    "mult": "MulT: every modality reads every other",
    "tfn": "Tensor Fusion Network: outer product of all",
}
"""Words by name, in the order they are offered: what `training.models.registry` finds."""

"""The models and presets of training, for whoever offers them without loading torch."""

from __future__ import annotations

__all__ = ["NO_NETWORKS", "TRAINING_MODELS", "TRAINING_PRESETS"]

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

NO_NETWORKS = frozenset({"window-statistics"})
"""Models that are no network, so that no part of them can be frozen."""

TRAINING_PRESETS = {
    "studio": ("Ours (studio)", 40),
    "official-2024": ("As the 2024 code (official-2024)", 200),
}
"""Words and usual epochs by name: what `training.presets.PRESETS` holds."""

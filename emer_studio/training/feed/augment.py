"""Changes of a training batch that leave its labels true; on the batch's device."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from emer_studio.training.nets.network import Inputs
from emer_studio.training.presets import Preset

__all__ = ["Changes", "changed", "draw_changes"]

_BRIGHTER = 0.2  # spreads of ImageNet's statistics; chosen by us
_EYE_NOISE = 0.1  # spreads of the training participants; chosen by us


class Changes(NamedTuple):
    """What is done to each of B clips.

    Attributes
    ----------
    mirrored : (B,) bool
        The face is mirrored.
    light, shift : (B,) float32
        Its normalised pixels are multiplied and raised, where there is a face.
    noise : float
        Spread of what is added to the eye rows, in spreads of the training participants.
    seen, looked : (B,) float32
        0 where the face, or the eyes, are taken away as a whole (modality dropout).
    """

    mirrored: Tensor
    light: Tensor
    shift: Tensor
    noise: float
    seen: Tensor
    looked: Tensor


def draw_changes(n: int, preset: Preset, device: torch.device) -> Changes | None:
    """Draw the changes of `n` clips as the preset wants them; torch's generator draws.

    A face is mirrored or not, a little brighter or darker, eye rows get a little noise;
    some clips lose their face or their eyes, so that a network learns to answer without.
    """
    if not preset.augment and not preset.drop_modality:
        return None
    spread = _BRIGHTER if preset.augment else 0.0
    drawn = torch.rand(n, device=device)
    return Changes(
        mirrored=torch.rand(n, device=device) < (0.5 if preset.augment else 0.0),
        light=1.0 + spread * torch.randn(n, device=device),
        shift=spread * torch.randn(n, device=device),
        noise=_EYE_NOISE if preset.augment else 0.0,
        seen=(drawn >= preset.drop_modality).float(),
        looked=(drawn < 1.0 - preset.drop_modality).float(),
    )


def changed(inputs: Inputs, changes: Changes) -> Inputs:
    """Change everything but the pictures, which `Feed` changes as it normalises them."""
    noise = changes.noise * torch.randn_like(inputs.eye) * inputs.eye_valid[:, :, None]
    looked = changes.looked[:, None]
    return inputs._replace(
        eye=(inputs.eye + noise) * looked[:, :, None],
        eye_valid=inputs.eye_valid * looked,
        gaze=inputs.gaze * looked[:, :, None],
        gaze_valid=inputs.gaze_valid * looked,
        maps=inputs.maps * looked[:, :, None, None],
    )

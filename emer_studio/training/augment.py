"""Changes of a training batch that leave its labels true; on the batch's device."""

from __future__ import annotations

import torch
from torch import Tensor

from emer_studio.training.network import Inputs
from emer_studio.training.presets import Preset

__all__ = ["augment"]

_BRIGHTER = 0.2  # spreads of ImageNet's statistics; chosen by us
_EYE_NOISE = 0.1  # spreads of the training participants; chosen by us


def augment(inputs: Inputs, preset: Preset) -> Inputs:
    """Return a batch as the preset wants it for training; torch's generator draws.

    Each clip's face is mirrored or not, a little brighter or darker, its eye rows get a
    little noise; then some clips lose their face or their eyes as a whole, so that a
    network learns to answer without (modality dropout).
    """
    face, face_valid, eye, eye_valid, gaze, gaze_valid, maps = inputs
    n, device = len(face), face.device
    if preset.augment:
        mirrored = _drawn(n, 0.5, device)[:, None, None, None, None]
        face = torch.where(mirrored, face.flip(4), face)
        light = 1.0 + _BRIGHTER * torch.randn(n, 1, 1, 1, 1, device=device)
        shift = _BRIGHTER * torch.randn(n, 1, 1, 1, 1, device=device)
        face = (face * light + shift) * face_valid[:, :, None, None, None]
        eye = eye + _EYE_NOISE * torch.randn_like(eye) * eye_valid[:, :, None]
    if preset.drop_modality:
        drawn = torch.rand(n, device=device)
        seen = (drawn >= preset.drop_modality).float()[:, None]
        looked = (drawn < 1.0 - preset.drop_modality).float()[:, None]
        face, face_valid = face * seen[:, :, None, None, None], face_valid * seen
        eye, eye_valid = eye * looked[:, :, None], eye_valid * looked
        gaze, gaze_valid = gaze * looked[:, :, None], gaze_valid * looked
        maps = maps * looked[:, :, None, None]
    return Inputs(face, face_valid, eye, eye_valid, gaze, gaze_valid, maps)


def _drawn(n: int, share: float, device: torch.device) -> Tensor:
    return torch.rand(n, device=device) < share

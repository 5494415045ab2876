"""Checkpoints: tensors and plain values only, written atomically."""

from __future__ import annotations

import io
import pickle
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import write_atomic
from emer_studio.training.data import EyeScale
from emer_studio.training.emert import Emert, EmertConfig
from emer_studio.training.resnet import ResNet18

__all__ = ["Checkpoint", "load_checkpoint", "load_cnn_weights", "save_checkpoint"]

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One trained network and what it needs to be used.

    Attributes
    ----------
    model : Emert
        On the processor, in evaluation mode when loaded.
    scale : EyeScale
        Standardisation of the eye columns, from its training participants.
    label : str
        The label it predicts.
    fold, epoch : int
        Fold it belongs to and the epoch it is from, both from 1.
    """

    model: Emert
    scale: EyeScale
    label: str
    fold: int
    epoch: int


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; a reader sees the old one or the new one, never half."""
    state = {name: value.cpu() for name, value in checkpoint.model.state_dict().items()}
    content = {
        "format_version": _VERSION,
        "network": asdict(checkpoint.model.config),
        "model": state,
        "eye_mean": torch.from_numpy(checkpoint.scale.mean),
        "eye_sd": torch.from_numpy(checkpoint.scale.sd),
        "label": checkpoint.label,
        "fold": checkpoint.fold,
        "epoch": checkpoint.epoch,
    }
    raw = io.BytesIO()
    torch.save(content, raw)
    write_atomic(path, raw.getvalue())


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises
    ------
    BadInputError
        When the file is missing or not one of ours.
    """
    content = _read(path)
    if not isinstance(content, dict) or content.get("format_version") != _VERSION:
        raise BadInputError(f"{path} is not a checkpoint of format version {_VERSION}.")
    try:
        model = Emert(EmertConfig(**content["network"]))
        model.load_state_dict(content["model"])
        scale = EyeScale(content["eye_mean"].numpy(), content["eye_sd"].numpy())
        names = (content["label"], content["fold"], content["epoch"])
    except (KeyError, TypeError, RuntimeError) as problem:
        raise BadInputError(f"{path} is a damaged checkpoint: {problem}.") from None
    model.eval()
    return Checkpoint(model, scale, *names)


def load_cnn_weights(path: Path) -> dict[str, torch.Tensor]:
    """Read ResNet-18 weights in torchvision's layout, as the official code starts from.

    Raises
    ------
    BadInputError
        When the file does not hold them.
    """
    content = _read(path)
    expected = ResNet18(keep_fc=False).state_dict()
    found = content if isinstance(content, dict) else {}
    wrong = [
        name
        for name, value in expected.items()
        if not isinstance(found.get(name), torch.Tensor) or found[name].shape != value.shape
    ]
    if wrong:
        raise BadInputError(
            f"{path} does not hold ResNet-18 weights in torchvision's layout: "
            f"{len(wrong)} of {len(expected)} tensors are missing or of another shape "
            f"(first: {wrong[0]})."
        )
    return {name: found[name] for name in expected}


def _read(path: Path) -> Any:
    if not path.is_file():
        raise BadInputError(f"{path} does not exist.")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (
        RuntimeError,
        pickle.UnpicklingError,
        EOFError,
        ValueError,
        KeyError,
    ) as problem:
        first = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        raise BadInputError(
            f"{path} is not a readable weights file: {first[:160]}"
        ) from None

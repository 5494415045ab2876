"""Checkpoints: tensors and plain values only, written atomically."""

from __future__ import annotations

import io
import pickle
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import write_atomic
from emer_studio.training.feed.eye_rows import EyeScale
from emer_studio.training.nets.network import Head, Shape
from emer_studio.training.nets.resnet import ResNet18

__all__ = [
    "Checkpoint",
    "load_checkpoint",
    "load_cnn_weights",
    "put_into",
    "read_weights",
    "save_checkpoint",
]

_VERSION = 2


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One trained network and what it needs to be used.

    Attributes
    ----------
    model, preset : str
        Which network it is.
    shape : Shape
        Sizes of its input.
    heads : tuple of Head
        What it predicts.
    state : dict of str to Tensor
        Its parameters and buffers, on the processor.
    scale : EyeScale
        Standardisation of the eye rows, from its training participants.
    fold, epoch : int
        Fold it belongs to and the epoch it is from, both from 1.
    training : dict, optional
        What going on with the training needs; in the last checkpoint of an unfinished one.
    """

    model: str
    preset: str
    shape: Shape
    heads: tuple[Head, ...]
    state: dict[str, torch.Tensor]
    scale: EyeScale
    fold: int
    epoch: int
    training: dict[str, Any] | None = None


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; a reader sees the old one or the new one, never half."""
    content = {
        "format_version": _VERSION,
        "model": checkpoint.model,
        "preset": checkpoint.preset,
        "shape": asdict(checkpoint.shape),
        "heads": [(head.label, list(head.classes)) for head in checkpoint.heads],
        "state": {name: value.cpu() for name, value in checkpoint.state.items()},
        "eye_mean": torch.from_numpy(checkpoint.scale.mean),
        "eye_sd": torch.from_numpy(checkpoint.scale.sd),
        "eye_limit": checkpoint.scale.limit,
        "fold": checkpoint.fold,
        "epoch": checkpoint.epoch,
        "training": checkpoint.training,
    }
    raw = io.BytesIO()
    torch.save(content, raw)
    write_atomic(path, raw.getvalue())


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint; nothing in the file is run.

    Raises
    ------
    BadInputError
        When the file is missing or not one of ours.
    """
    content = read_weights(path)
    if not isinstance(content, dict) or content.get("format_version") != _VERSION:
        raise BadInputError(
            f"{path} is not a checkpoint of format version {_VERSION}.",
            fix="Train again with this version of the program.",
        )
    try:
        scale = EyeScale(
            content["eye_mean"].numpy(), content["eye_sd"].numpy(), content["eye_limit"]
        )
        return Checkpoint(
            content["model"],
            content["preset"],
            Shape(**content["shape"]),
            tuple(Head(label, tuple(classes)) for label, classes in content["heads"]),
            content["state"],
            scale,
            content["fold"],
            content["epoch"],
            content["training"],
        )
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise BadInputError(f"{path} is a damaged checkpoint: {problem}.") from None


def put_into(model: torch.nn.Module, checkpoint: Checkpoint) -> None:
    """Give a network the parameters of a checkpoint.

    Raises
    ------
    BadInputError
        When it is the checkpoint of another architecture.
    """
    try:
        model.load_state_dict(checkpoint.state)
    except (RuntimeError, TypeError, AttributeError):
        own = model.state_dict()
        found = checkpoint.state if isinstance(checkpoint.state, dict) else {}
        fitting = sum(
            isinstance(found.get(name), torch.Tensor) and found[name].shape == value.shape
            for name, value in own.items()
        )
        raise BadInputError(
            f"The checkpoint of fold {checkpoint.fold} is of another architecture:"
            f" {fitting} of the {len(own)} tensors of {checkpoint.model} are in it and"
            f" {len(set(found) - set(own))} others.",
            fix="Start a new run, or put the run's own checkpoint back.",
        ) from None


def load_cnn_weights(path: Path) -> dict[str, torch.Tensor]:
    """Read ResNet-18 weights in torchvision's layout, as the official code starts from.

    Raises
    ------
    BadInputError
        When the file does not hold them.
    """
    content = read_weights(path)
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


def read_weights(path: Path) -> Any:
    """Read a file that torch saved; nothing in it is run.

    Raises
    ------
    BadInputError
        When it is missing, unreadable, or holds more than tensors and plain values.
    """
    if not path.is_file():
        raise BadInputError(f"{path} does not exist.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # what it reads badly, it refuses
            return torch.load(path, map_location="cpu", weights_only=True)
    except (
        RuntimeError,
        pickle.UnpicklingError,
        EOFError,
        ValueError,
        KeyError,
    ) as problem:
        if isinstance(problem, pickle.UnpicklingError) and "GLOBAL" in str(problem):
            raise BadInputError(
                f"{path} holds more than numbers: reading it would run code, so it is not"
                " read.",
                fix="Take a file of plain tensors from a source you trust.",
            ) from None
        raise BadInputError(
            f"{path} is not a readable weights file: it is damaged, or no file of tensors.",
            fix="Copy it again. Of a run that is not finished, delete it: --resume then"
            " trains that fold from its beginning.",
        ) from None

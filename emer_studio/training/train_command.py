"""The command that makes a run again, from what its ``run.json`` says."""

from __future__ import annotations

import shlex
from pathlib import Path

from emer_studio.schema.training import RunInfo

__all__ = ["train_command"]


def train_command(info: RunInfo) -> str:
    """Return the line to type; the dataset by its folder's name, a weights file as FILE."""
    if info.variant:
        return _ablate(info)
    words = ["emer-studio", "train", Path(info.dataset).name, "--protocol", info.protocol]
    words += ["--model", info.model, "--preset", info.preset]
    if info.preset == "official-2024" and info.view.sampling == "aligned":
        words.append("--corrected-input")
    if info.folds == "official":
        words += ["--folds", "official"]
    else:
        words += ["--folds", str(len(info.split)), "--folds-by", info.folds]
    words += ["--epochs", str(info.epochs), "--seed", str(info.seed)]
    words += ["--modalities", ",".join(info.modalities), *(["--maps"] if info.maps else [])]
    words += ["--face-net", info.face_net]
    if info.face_net == "resnet18":
        words += ["--cnn-weights", "none" if info.cnn_init == "random" else "FILE"]
    flags = {
        "--frozen": info.frozen, "--compile": info.compiled, "--graph": info.graph,
    }  # fmt: skip
    words += [flag for flag, given in flags.items() if given]
    return shlex.join([*words, "--precision", info.precision, "--device", info.device])


def _ablate(info: RunInfo) -> str:
    """Return the line that makes a run of an ablation, and the whole model beside it."""
    words = ["emer-studio", "ablate", Path(info.dataset).name, "--protocol", info.protocol]
    words += ["--variants", info.variant, "--folds", str(len(info.split))]
    words += ["--folds-by", info.folds, "--epochs", str(info.epochs)]
    words += ["--maps"] if info.maps else []
    words += ["--cnn-weights", "none" if info.cnn_init == "random" else "FILE"]
    return shlex.join([*words, "--seed", str(info.seed), "--device", info.device])

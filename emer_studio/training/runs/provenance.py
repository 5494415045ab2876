"""Which program, folds and hardware a run was made with."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

import emer_studio
from emer_studio.schema.training import FoldSplit

__all__ = ["code_sha256", "hardware", "split_sha256", "versions"]

_ASK_S = 10.0  # the driver's tool answers in a second or two, or not at all


def code_sha256() -> str:
    """Return a hash over all Python files of the program, with their names, sorted."""
    package = Path(emer_studio.__file__).parent
    own = hashlib.sha256()
    for name, path in sorted(
        (path.relative_to(package).as_posix(), path) for path in package.rglob("*.py")
    ):
        own.update(f"{name}\0".encode())
        own.update(hashlib.sha256(path.read_bytes()).digest())
    return own.hexdigest()


def split_sha256(split: Sequence[FoldSplit]) -> str:
    """Return a hash over who and what is in which part of which fold."""
    told = json.dumps([fold.model_dump(mode="json") for fold in split], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def versions() -> dict[str, str]:
    """Return the versions of Python and the libraries that matter."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
    }


def hardware(device: str) -> dict[str, str]:
    """Return what the numbers may depend on besides the program, in its last digits.

    Parameters
    ----------
    device : str
        "cpu" or "cuda".
    """
    found = {"threads": str(torch.get_num_threads())}
    if device.startswith("cuda"):
        found["gpu"] = torch.cuda.get_device_name()
        found["cuda"] = str(torch.version.cuda)
        if driver := _driver():
            found["driver"] = driver
    return found


def _driver() -> str:
    line = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        told = subprocess.run(
            line, capture_output=True, text=True, timeout=_ASK_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return told.stdout.strip().splitlines()[0] if told.stdout.strip() else ""

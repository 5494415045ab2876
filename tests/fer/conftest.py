"""A real, small expression network of our own, and the command line as a person runs it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from emer_studio.core import settings
from emer_studio.core.emotions import EMOTIONS
from emer_studio.schema.models import ModelEntry

ROOT = Path(__file__).resolve().parents[2]


def run_cli(*arguments: str, env: dict[str, str] | None = None) -> Any:
    """Run ``emer-studio ARGUMENTS`` as a child process."""
    return subprocess.run(
        [sys.executable, "-m", "emer_studio", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | (env or {}),
        timeout=120,
        check=False,
    )


def last_json(done: Any) -> dict[str, Any]:
    return json.loads(done.stdout.strip().splitlines()[-1])


def write_linear_network(
    path: Path, weights: np.ndarray, channels: int = 1, side: int = 8
) -> None:
    """Write a network: mean level of the input in each channel, times weights (c, k)."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["data"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"], axis=1),
        helper.make_node("MatMul", ["flat", "w"], ["label"]),
    ]
    graph = helper.make_graph(
        nodes,
        "linear",
        [
            helper.make_tensor_value_info(
                "data", TensorProto.FLOAT, ["n", channels, side, side]
            )
        ],
        [
            helper.make_tensor_value_info(
                "label", TensorProto.FLOAT, ["n", weights.shape[1]]
            )
        ],
        [numpy_helper.from_array(weights.astype(np.float32), "w")],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8
    )
    onnx.save(model, str(path))


def entry_for(path: Path, classes: tuple[str, ...], **changes: Any) -> ModelEntry:
    """Describe a network of `write_linear_network` as the manifest would."""
    gray = {"width": 8, "height": 8, "colour": "gray", "scale": 1 / 255, "mean": (0.0,)}
    values: dict[str, Any] = {
        "name": "linear",
        "title": "a network of the tests",
        "task": "expression",
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "size_bytes": path.stat().st_size,
        "licence": "MIT",
        "training_data": "none",
        "sources": (),
        "input": gray | {"std": (1.0,), "crop": "square"},
        "output": {
            "values": "logits",
            "classes": classes,
            "ignored": tuple(set(classes) - set(EMOTIONS)),
        },
    }
    return ModelEntry.model_validate(values | changes)


@pytest.fixture(scope="session")
def mini_xception(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real model, installed once through the command line; skipped when unreachable."""
    done = run_cli("models", "install", "mini-xception", "--json")
    if done.returncode == 3:
        pytest.skip("mini-xception can be neither found nor fetched here")
    assert done.returncode == 0, done.stderr
    path = Path(last_json(done)["path"])
    assert path.parent == settings.models_dir()
    return path

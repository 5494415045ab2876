"""A head's networks as one ONNX file that `models import` takes, and its manifest.

The file holds the network of everybody and one for each fold, so that a participant's
clips are pre-labelled by a network that never learned from that participant; each has an
output of its own, and its marks stand in the manifest (`fer.heads`).
"""

from __future__ import annotations

import hashlib
import json
import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import WorkFailedError
from emer_studio.fer.expression import ExpressionModel
from emer_studio.schema.dataset import FACE_SIZE
from emer_studio.schema.models import HeadEntry, InputSpec, ModelEntry, OutputSpec
from emer_studio.training.fer_head.net import MEAN, STD, FerHead

__all__ = ["PARITY", "Member", "check_parity", "entry_for", "manifest_text", "onnx_bytes"]

PARITY = 1e-4
"""How far a probability of the file may be from the network's. Chosen by us: far below
what is shown or decided with, far above what the order of additions makes (1e-6)."""


@dataclass(frozen=True, slots=True)
class Member:
    """One network of the file.

    Attributes
    ----------
    output : str
        Its output's name.
    head : FerHead
    trained_on : tuple of str
        Marks of whom it learned from.
    """

    output: str
    head: FerHead
    trained_on: tuple[str, ...]


class _Side(nn.Module):
    """Networks side by side, a result each."""

    def __init__(self, heads: Sequence[FerHead]) -> None:
        super().__init__()
        self.heads = nn.ModuleList(heads)

    def forward(self, face: Tensor) -> tuple[Tensor, ...]:
        return tuple(head(face) for head in self.heads)


def onnx_bytes(members: Sequence[Member]) -> bytes:
    """Return the file's content; nothing in it tells of this machine."""
    networks = _Side([member.head.cpu() for member in members]).eval()
    batch = torch.export.Dim("n")
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # torchvision is not missed
    with warnings.catch_warnings():
        # torch 2.13 copies its own trees in a way that it calls deprecated itself.
        warnings.simplefilter("ignore", FutureWarning)
        program = torch.onnx.export(
            networks,
            (torch.zeros(2, 3, FACE_SIZE, FACE_SIZE),),
            dynamo=True,
            verbose=False,
            input_names=["face"],
            output_names=[member.output for member in members],
            dynamic_shapes=({0: batch},),
        )
    assert program is not None
    model: Any = program.model_proto
    for node in model.graph.node:  # stack traces, with the paths of this machine
        del node.metadata_props[:]
        node.doc_string = ""
    return bytes(model.SerializeToString())


def entry_for(
    name: str, title: str, training_data: str, members: Sequence[Member], content: bytes
) -> ModelEntry:
    """Return what the manifest says of the file."""
    known = {mark for member in members for mark in member.trained_on}
    return ModelEntry(
        name=name,
        title=title,
        task="expression",
        file=f"{name}.onnx",
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        licence="the lab's own",
        training_data=training_data,
        sources=(),
        inputs=("face",),
        trained_on=tuple(sorted(known)),
        heads=tuple(HeadEntry(output=m.output, trained_on=m.trained_on) for m in members),
        input=InputSpec(
            width=FACE_SIZE,
            height=FACE_SIZE,
            colour="rgb",
            scale=1 / 255,
            mean=MEAN,
            std=STD,
            crop="aligned",
        ),
        output=OutputSpec(values="logits", classes=EMOTIONS),
    )


def check_parity(
    entry: ModelEntry, content: bytes, members: Sequence[Member], faces: Tensor
) -> float:
    """Return the largest difference of a probability, file against network.

    Parameters
    ----------
    entry, content
        The file as it will be used.
    members : sequence of Member
    faces : Tensor, (n, 3, 112, 112)
        As the networks take them.

    Raises
    ------
    WorkFailedError
        When it is above `PARITY`.
    """
    model, tensors = ExpressionModel(entry, content), list(faces.cpu().numpy())
    worst = 0.0
    for member in members:
        with torch.no_grad():
            wanted: NDArray[np.float32] = member.head(faces.cpu()).softmax(dim=1).numpy()
        found = model.through(member.output).infer(tensors)
        worst = max(worst, float(np.abs(found - wanted).max()))
    if worst > PARITY:
        raise WorkFailedError(
            f"The exported file says something else than the network: probabilities differ"
            f" by up to {worst:.2g}, expected at most {PARITY:g}. Nothing was written."
        )
    return worst


def manifest_text(entry: ModelEntry) -> str:
    """Return a manifest of one model as TOML."""
    plain = entry.model_dump(exclude_none=True, exclude={"input", "output", "heads"})
    assert entry.input is not None
    assert entry.output is not None
    lines = ["format_version = 1", "", "[[model]]", *_pairs(plain)]
    lines += ["", "[model.input]", *_pairs(entry.input.model_dump())]
    lines += ["", "[model.output]", *_pairs(entry.output.model_dump())]
    for head in entry.heads:
        lines += ["", "[[model.heads]]", *_pairs(head.model_dump())]
    return "\n".join(lines) + "\n"


def _pairs(values: dict[str, Any]) -> list[str]:
    """Return keys and values; what JSON calls a text, number or list, TOML does too."""
    return [f"{k} = {json.dumps(v, ensure_ascii=False)}" for k, v in values.items()]

"""Weights saved by the official code, put into our network of the same topology.

Known of the official names are those of its parts: ``subnet.f_extractor``,
``subnet.e_lstm``, ``specific_projection_v/a/l``, ``distriminator`` (so spelt),
``transformer.CrossTransformerEncoder.layers``. Inside a part, a tensor is told by its name
where ours says the same, else by its shape and place in the file; what was told by its
place alone is said, because nobody can check it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from emer_studio.core.errors import BadInputError
from emer_studio.training.nets.checkpoint import read_weights
from emer_studio.training.official.topology import Emert

__all__ = ["Imported", "import_official"]

_PARTS = (
    ("subnet.f_extractor.", r"f_extractor\."),
    ("subnet.proj_v1.", r"proj_v1\."),
    ("subnet.e_lstm.", r"\be_lstm\."),
    ("subnet.g_lstm.", r"lstm\."),
    ("specific_projection_v.", r"specific_projection_v\."),
    ("specific_projection_a.", r"specific_projection_a\."),
    ("specific_projection_l.", r"specific_projection_l\."),
    ("discriminator.", r"dist?c?riminator\."),
    ("transformer.", r"^transformer\."),
    ("invariant_projection.", r"invariant|share|common"),
    ("", r""),
)
"""Beginning of our names and what theirs hold, in the order in which they are taken."""
_DEAD = re.compile(r"f_extractor\.fc\.|^classifier\.|num_batches_tracked$")
_TELLING = (
    "to_q",
    "to_k",
    "to_v",
    "to_out",
    "weight_ih",
    "weight_hh",
    "bias_ih",
    "bias_hh",
)


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a file.

    Attributes
    ----------
    state : dict of str to Tensor
        For `Emert.load_state_dict`, complete.
    by_place : tuple of str
        Our names of tensors that only their shape and place told.
    unused : tuple of str
        Their names that our network has no use for.
    """

    state: dict[str, Tensor]
    by_place: tuple[str, ...]
    unused: tuple[str, ...]


def import_official(path: Path, model: Emert) -> Imported:
    """Read a weights file of the official code for a network of ours.

    Raises
    ------
    BadInputError
        When the file cannot be read without running code, or a tensor is missing.
    """
    theirs = _tensors(read_weights(path), path)
    ours = {k: v for k, v in model.state_dict().items() if not k.endswith("tracked")}
    state, by_place = _copied(model), []
    for prefix, pattern in _PARTS:
        part = [name for name in ours if name.startswith(prefix) and name not in state]
        mine = {k: v for k, v in theirs.items() if re.search(pattern, k)}
        for name in part:
            found = _match(name[len(prefix) :], ours[name], mine)
            if found is None:
                raise BadInputError(
                    f"{path} lacks {name} {tuple(ours[name].shape)}: it does not hold the"
                    f" official network for this label (variant {model.config.variant}).",
                    fix="Check the protocol: each label has its own network.",
                )
            chosen, told = found
            state[name] = theirs.pop(chosen)
            del mine[chosen]
            if not told:
                by_place.append(name)
    return Imported(state, tuple(by_place), tuple(theirs))


def _match(
    tail: str, ours: Tensor, theirs: Mapping[str, Tensor]
) -> tuple[str, bool] | None:
    """Return the first of their names that fits, and whether its name told."""
    alike = [name for name, value in theirs.items() if value.shape == ours.shape]
    for name in alike:
        if name.endswith("." + tail) or name == tail:
            return name, True
    word = next((word for word in _TELLING if word in tail), "")
    kind = tail.rsplit(".", 1)[-1]
    told = [n for n in alike if word and word in n and n.rsplit(".", 1)[-1] == kind]
    if told:
        return told[0], True
    same = [name for name in alike if name.rsplit(".", 1)[-1] == kind]
    return (same[0], len(alike) == 1) if same else ((alike[0], False) if alike else None)


def _copied(model: Emert) -> dict[str, Tensor]:
    """Return our counters of batches; nobody's results depend on them."""
    return {k: v for k, v in model.state_dict().items() if k.endswith("tracked")}


def _tensors(content: Any, path: Path) -> dict[str, Tensor]:
    if isinstance(content, dict):
        for key in ("state_dict", "model", "net"):
            if isinstance(content.get(key), dict):
                content = content[key]
                break
        found = {str(k).removeprefix("module."): v for k, v in content.items()}
        if found and all(isinstance(value, Tensor) for value in found.values()):
            return {k: v for k, v in found.items() if not _DEAD.search(k)}
    raise BadInputError(
        f"{path} is no file of weights: expected tensors by name.",
        fix="Give the file that the official code saved (a state_dict).",
    )

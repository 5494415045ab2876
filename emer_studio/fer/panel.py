"""One expression model, or several that look at the same faces."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from emer_studio.core.errors import BadInputError
from emer_studio.features.faces import Face
from emer_studio.fer.expression import Array, ExpressionModel, Picture, Reading
from emer_studio.fer.heads import choose

__all__ = ["Panel", "hash_of"]


def hash_of(hashes: Sequence[str]) -> str:
    """Return the hash of one model, or one for several."""
    if len(hashes) == 1:
        return hashes[0]
    return hashlib.sha256("".join(hashes).encode()).hexdigest()


class Panel:
    """Models that look at the same faces; most often one.

    Parameters
    ----------
    models : sequence of ExpressionModel
        In the order of their names.
    """

    def __init__(self, models: Sequence[ExpressionModel]) -> None:
        self.models = tuple(models)

    @classmethod
    def open(cls, names: str) -> Panel:
        """Open installed models by their names with commas between them."""
        wanted = sorted({name.strip() for name in names.split(",") if name.strip()})
        if not wanted:
            raise BadInputError("Expected the name of a model; found none.")
        return cls([ExpressionModel.open(name) for name in wanted])

    def for_recording(self, video: Path) -> Panel:
        """Return the panel that may speak of a recording (`heads.choose`)."""
        chosen = [choose(model.entry, video).output for model in self.models]
        return Panel([m.through(c) for m, c in zip(self.models, chosen, strict=True)])

    @property
    def heads(self) -> dict[str, str]:
        """The output that each model with several networks speaks through."""
        return {model.name: model.head for model in self.models if model.entry.heads}

    @property
    def name(self) -> str:
        """Their names with a plus between them."""
        return "+".join(model.name for model in self.models)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the models and, with several, that of all of them."""
        return (*(model.name for model in self.models), self.name)

    @property
    def sha256(self) -> str:
        """The model's file's; of several, that of their hashes one behind the other."""
        return hash_of([model.entry.sha256 for model in self.models])

    def prepare(self, bgr: Picture, face: Face) -> list[Array]:
        """Cut out a face as each of the models wants it."""
        return [model.prepare(bgr, face) for model in self.models]

    def read(self, faces: Sequence[Sequence[Array]]) -> Reading:
        """Run prepared faces through every model.

        Returns
        -------
        Reading
            With an axis for the models behind the first: (n, m, 7) and (n, m, 2).
        """
        found = [
            model.read([face[k] for face in faces]) for k, model in enumerate(self.models)
        ]
        p: npt.NDArray[np.float32] = np.stack([one.p for one in found], axis=1)
        return Reading(p, np.stack([one.va for one in found], axis=1))

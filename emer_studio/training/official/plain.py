"""The official code's way of training, written plainly: what `bench train` compares with.

Its loader's work and its step as described, with nothing made faster and nothing slowed
down: for every sample and every epoch the whole eye sheet is read and every frame of the
clip is decoded, though 8 frames and 32 rows are used; float32, channels first, plain Adam.
Two choices are in its favour: the sheet is read once for both eye streams, and the
pictures are stored in the size they are needed in.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from emer_studio.training.nets.losses import LOSS_WEIGHTS, modality_loss
from emer_studio.training.official.topology import Emert, EmertConfig

__all__ = ["Batch", "OfficialFiles", "Plain", "loader", "write_files"]

_SIDE, _FRAMES, _ROWS, _WORKERS = 112, 8, 32, 2


class Batch(NamedTuple):
    """Faces (B, 8, 3, 112, 112), eye rows (B, 32, D), gaze (B, 32, 2), classes (B,)."""

    face: Tensor
    eye: Tensor
    gaze: Tensor
    classes: Tensor


class OfficialFiles(torch.utils.data.Dataset[Batch]):
    """``face/<ID>/*.jpg`` and ``eye/<ID>.xlsx``, read anew for every sample.

    Parameters
    ----------
    folder : Path
        As `write_files` leaves it.
    names : sequence of str
        The samples.
    """

    def __init__(self, folder: Path, names: list[str]) -> None:
        self._folder, self._names = folder, names

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, index: int) -> Batch:
        """Read one sample."""
        name = self._names[index]
        table = self._sheet(name)
        rows = _of_parts(list(range(len(table))), _ROWS)
        points = _of_parts(list(range(len(table))), _ROWS)
        faces = torch.stack(_of_parts(self._pictures(name), _FRAMES))
        eyes = torch.from_numpy(table[rows])
        gaze = torch.from_numpy(table[points][:, :2].copy())
        return Batch(faces, eyes, gaze, torch.tensor(index % 7))

    def _sheet(self, name: str) -> NDArray[np.float32]:
        import pandas as pd

        table = pd.read_excel(self._folder / "eye" / f"{name}.xlsx")
        return np.asarray(table, np.float32)

    def _pictures(self, name: str) -> list[Tensor]:
        import cv2

        paths = list((self._folder / "face" / name).iterdir())
        paths.sort(key=lambda path: path.name[-5])  # its key: the last digit
        found = []
        for path in paths:
            whole: Any = cv2.imread(str(path))
            picture: Any = cv2.resize(whole, (_SIDE, _SIDE))
            found.append(torch.from_numpy(picture).permute(2, 0, 1).float().div(255.0))
        return found


def _of_parts(items: list[Any], parts: int) -> list[Any]:
    edges = [part * len(items) // parts for part in range(parts + 1)]
    return [random.choice(items[first:last]) for first, last in itertools.pairwise(edges)]


def loader(files: OfficialFiles, batch: int) -> Iterator[Batch]:
    """Yield an epoch as its DataLoader does: two workers, shuffled, nothing pinned."""
    return iter(
        torch.utils.data.DataLoader(
            files, batch_size=batch, shuffle=True, num_workers=_WORKERS
        )
    )


class Plain:
    """Its network of seven classes and its optimiser.

    Parameters
    ----------
    columns : int
        Numbers in an eye row.
    device : torch.device
        Where it is trained.
    """

    def __init__(self, columns: int, device: torch.device) -> None:
        config = EmertConfig("discrete", eye_columns=columns, keep_dead_layers=True)
        self._device = device
        self._model = Emert(config).to(device)
        self._optimiser = torch.optim.Adam(
            self._model.parameters(), 1e-4, weight_decay=5e-4, foreach=False
        )

    def step(self, batch: Batch) -> float:
        """Learn from one batch and return its loss, which it reads after each."""
        face, eye, gaze, classes = (x.to(self._device) for x in batch)
        found = self._model(face, eye, gaze)
        weights = LOSS_WEIGHTS["discrete"]
        loss = nn.functional.cross_entropy(found.logits, classes)
        loss = loss + weights.alpha * modality_loss(found.invariant)
        loss = loss + weights.beta * modality_loss(found.specific)
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step()
        return float(loss.detach())


def write_files(
    folder: Path, names: list[str], frames: int, rows: int, columns: int
) -> OfficialFiles:
    """Write clips as the official loader reads them: smooth pictures, random rows."""
    import cv2
    import pandas as pd

    rng = np.random.default_rng(0)
    ramp = np.add.outer(np.arange(_SIDE), np.arange(_SIDE)) // 2
    (folder / "eye").mkdir(parents=True)
    for name in names:
        table = pd.DataFrame(rng.normal(size=(rows, columns)))
        table.to_excel(folder / "eye" / f"{name}.xlsx", index=False)
        (folder / "face" / name).mkdir(parents=True)
        for frame in range(frames):
            picture = np.dstack([(ramp + shade) % 256 for shade in rng.integers(0, 256, 3)])
            path = folder / "face" / name / f"{frame:04d}.jpg"
            cv2.imwrite(str(path), picture.astype(np.uint8))
    return OfficialFiles(folder, names)

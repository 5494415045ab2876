"""The networks of a head that is not finished: kept one by one, and gone on with."""

from __future__ import annotations

import contextlib
import hashlib
import io
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from emer_studio import __version__
from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import read_json, write_atomic, write_json
from emer_studio.core.lockfile import locked
from emer_studio.dataset.cache import verify_hashes
from emer_studio.schema.fer_head import BEGUN_FILE
from emer_studio.schema.training import FoldSplit
from emer_studio.study.runs import LOCK_FILE
from emer_studio.training.fer_head.clips import HeadClips
from emer_studio.training.fer_head.net import FerHead, HeadSettings
from emer_studio.training.nets.checkpoint import read_weights
from emer_studio.training.runs.provenance import code_sha256, versions

__all__ = ["IfChanged", "Part", "Parts", "kept_parts", "parts_of"]

IfChanged = Literal["refuse", "anew"]
_WORDS = {
    "dataset_sha256": "the dataset",
    "clips_sha256": "the labels, or the clips they are of",
    "split": "who is in which fold",
    "epochs": "--epochs",
    "seed": "--seed",
}
_TOLD = ("app_version", "versions", "code_sha256", "device")
"""What may have changed meanwhile, and is said."""


@dataclass(frozen=True, slots=True)
class Part:
    """One trained network.

    Attributes
    ----------
    head : FerHead
        On the processor.
    epoch : int
        The one that was chosen.
    seconds : float
        How long it was trained.
    """

    head: FerHead
    epoch: int
    seconds: float


class Parts:
    """The folder of the networks that are trained; 0 is the one of everybody."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, number: int, part: Part) -> None:
        """Write a network, whole or not at all."""
        raw = io.BytesIO()
        state = {name: value.cpu() for name, value in part.head.state_dict().items()}
        torch.save({"state": state, "epoch": part.epoch, "seconds": part.seconds}, raw)
        write_atomic(self._file(number), raw.getvalue())

    def find(self, number: int, device: str) -> Part | None:
        """Return a network that was trained before, for evaluation.

        Raises
        ------
        BadInputError
            When its file is damaged.
        """
        if not self._file(number).is_file():
            return None
        content, head = read_weights(self._file(number)), FerHead()
        try:
            head.load_state_dict(content["state"])
            return Part(head.to(device).eval(), content["epoch"], content["seconds"])
        except (KeyError, TypeError, AttributeError, RuntimeError):
            raise BadInputError(
                f"{self._file(number)} is damaged.", fix="Delete it: it is trained again."
            ) from None

    def __len__(self) -> int:
        return len(list(self._folder.glob("*.pt")))

    def _file(self, number: int) -> Path:
        return self._folder / f"fold{number}.pt"


def parts_of(out: Path) -> Path:
    """Return where the networks of a head lie until it is whole: hidden, it is no model."""
    return out.with_name(f".{out.name}.parts")


@contextlib.contextmanager
def kept_parts(
    out: Path,
    clips: HeadClips,
    split: Sequence[FoldSplit],
    settings: HeadSettings,
    if_changed: IfChanged,
    console: Console,
) -> Iterator[Parts]:
    """Hold the folder of a head's networks; it goes when the head was written.

    Parameters
    ----------
    out : Path
        Of the head.
    clips, split, settings
        What it is made of.
    if_changed : {"refuse", "anew"}
        What becomes of networks that were made of something else.
    console : Console
        Hears with what it goes on.

    Raises
    ------
    BadInputError
        When there are such, or another process trains the same head.
    """
    folder = parts_of(out)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / LOCK_FILE, f"training {out.name}", f"The head {out}"):
        parts, now = Parts(folder), _made_of(clips, split, settings)
        if not (folder / BEGUN_FILE).is_file() or not _goes_on(
            folder, now, clips, if_changed, console
        ):
            for path in folder.glob("*.pt"):
                path.unlink()
            write_json(folder / BEGUN_FILE, now)
        elif n := len(parts):
            console.say(f"Going on: {n} of {len(split) + 1} networks are trained already.")
        try:
            yield parts
        except BaseException:
            if not len(parts):
                shutil.rmtree(folder, ignore_errors=True)
            raise
        shutil.rmtree(folder, ignore_errors=True)


def _goes_on(
    folder: Path,
    now: dict[str, Any],
    clips: HeadClips,
    if_changed: IfChanged,
    console: Console,
) -> bool:
    """Tell whether the networks that are there are of the same; say what differs."""
    before = read_json(folder / BEGUN_FILE)
    changed = [words for name, words in _WORDS.items() if before.get(name) != now[name]]
    if not changed and len(Parts(folder)) and (files := verify_hashes(clips.dataset)):
        raise BadInputError(
            f"The dataset {clips.dataset.folder} is damaged: {', '.join(files)}.",
            fix="Build it anew.",
        )
    if changed and len(Parts(folder)) and if_changed == "refuse":
        raise BadInputError(
            f"{len(Parts(folder))} networks in {folder} are of a training that was cut off,"
            f" and since then there changed: {'; '.join(changed)}.",
            fix="Give the same again, or throw them away: --if-changed anew.",
        )
    if changed and len(Parts(folder)):
        console.say(f"Begun anew; since the last time there changed: {'; '.join(changed)}.")
    if not changed and (other := [x for x in _TOLD if before.get(x) != now[x]]):
        console.say(
            f"The networks that are there were trained with another {', '.join(other)}: the"
            " numbers may differ from those of a training that nothing cut off."
        )
    return not changed


def _made_of(
    clips: HeadClips, split: Sequence[FoldSplit], settings: HeadSettings
) -> dict[str, Any]:
    """Return everything that decides on a network, and what else may."""
    digest = hashlib.sha256()
    for sample, frames in zip(clips.samples, clips.frames, strict=True):
        digest.update(sample.sample_id.encode() + b"\0" + frames.tobytes() + b"\0")
    digest.update(clips.target.tobytes() + clips.truth.tobytes())
    return {
        "format_version": 1,
        "synthetic": clips.dataset.manifest.synthetic,
        "dataset_sha256": clips.dataset.manifest_sha256,
        "clips_sha256": digest.hexdigest(),
        "split": [fold.model_dump(mode="json") for fold in split],
        "epochs": settings.epochs,
        "seed": settings.seed,
        "device": settings.device,
        "app_version": __version__,
        "versions": versions(),
        "code_sha256": code_sha256(),
    }

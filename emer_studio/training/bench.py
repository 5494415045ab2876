"""How fast training is, beside the official way in the same run.

Every path is measured in turn, several times over, so that whoever else uses the machine
slows all of them; medians are compared.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

from emer_studio.core.emotions import EMOTIONS
from emer_studio.dataset.cache_reader import Dataset
from emer_studio.schema.dataset import DatasetManifest, StoredSample
from emer_studio.training.feed.augment import draw_changes
from emer_studio.training.feed.inputs import Feed, fit_scale
from emer_studio.training.fit.step import Step, make_optimiser
from emer_studio.training.models.emert import StudioEmert
from emer_studio.training.nets.network import FaceNet, Head, Network, channels_last
from emer_studio.training.nets.precision import Precision, pixel_type
from emer_studio.training.official.network import OfficialNetwork
from emer_studio.training.official.plain import (
    Batch,
    OfficialFiles,
    Plain,
    loader,
    write_files,
)
from emer_studio.training.presets import OFFICIAL, STUDIO, Preset

__all__ = ["Measured", "Size", "in_memory", "measure"]

_HEADS = (Head("er_emotion", EMOTIONS),)


@dataclass(frozen=True, slots=True)
class Size:
    """What is trained on; EMER's own numbers by default, except for how many clips.

    Attributes
    ----------
    clips, frames, rows : int
        Clips, and the frames and eye rows of each.
    batch : int
        Clips of a step.
    """

    clips: int = 32
    frames: int = 300
    rows: int = 1466
    batch: int = 16


@dataclass(frozen=True, slots=True)
class Measured:
    """One path.

    Attributes
    ----------
    name : str
    samples_per_s : float
        Median over the repeats.
    peer : str
        The path it is compared with; empty for none.
    """

    name: str
    samples_per_s: float
    peer: str = ""


def in_memory(size: Size, seed: int = 0) -> Dataset:
    """Make a dataset of noise that lies in memory; nothing can be learnt from it."""
    rng = np.random.default_rng(seed)
    samples = tuple(
        StoredSample(
            sample_id=f"s{i}",
            participant=f"P{i % 8}",
            stimulus=f"c{i // 8}",
            er_emotion=EMOTIONS[i % len(EMOTIONS)],
            frame_first=i * size.frames,
            n_frames=size.frames,
            eye_first=i * size.rows,
            n_eyes=size.rows,
            sha256=f"{i:064x}",
        )
        for i in range(size.clips)
    )
    manifest = DatasetManifest(
        name="noise", synthetic=True, n_samples=size.clips, sha256={},
        app_version="", created="",
    )  # fmt: skip
    width, frames = len(manifest.eye_columns), size.clips * size.frames
    faces = np.frombuffer(rng.bytes(frames * 112 * 112 * 3), np.uint8)
    return Dataset(
        folder=Path("noise"),
        manifest=manifest,
        manifest_sha256="0" * 64,
        samples=samples,
        faces=faces.reshape(frames, 112, 112, 3),
        faces_valid=np.ones(frames, np.uint8),
        face_times_s=np.tile(np.linspace(0.0, 10.0, size.frames), size.clips),
        eyes=rng.normal(size=(size.clips * size.rows, width)).astype(np.float32),
        eye_times_s=np.tile(np.linspace(0.0, 10.0, size.rows), size.clips),
    )


class _Ours:
    """Our feed and our step, on a network."""

    def __init__(
        self,
        dataset: Dataset,
        preset: Preset,
        kind: Callable[..., Network],
        face_net: FaceNet,
        device: str,
        precision: Precision,
        size: Size,
    ) -> None:
        scale = fit_scale(dataset, preset.view, range(size.clips))
        where = torch.device(device)
        self._preset, self._size = preset, size
        self._feed = Feed(dataset, preset.view, scale, where, pixels=pixel_type(precision))
        made = kind(self._feed.shape(face_net), _HEADS)
        self._model = channels_last(made).to(where).train()
        optimiser = make_optimiser(self._model, preset)
        self._learn = Step(
            self._model, optimiser, _HEADS, [1.0], precision, preset.clip_norm
        )
        classes = [i % len(EMOTIONS) for i in range(size.clips)]
        self._classes = torch.tensor(classes, device=where)
        self._rng = np.random.default_rng(0)

    def _batches(self, steps: int) -> list[list[int]]:
        order = np.resize(self._rng.permutation(self._size.clips), steps * self._size.batch)
        return [part.tolist() for part in np.split(order, steps)]

    def gather(self, steps: int) -> None:
        """Feed without learning."""
        for picked in self._batches(steps):
            self._feed.batch(picked, self._rng)

    def learn(self, steps: int) -> None:
        """Feed and learn."""
        loss = torch.zeros(())
        for picked in self._batches(steps):
            changes = draw_changes(len(picked), self._preset, self._feed.device)
            inputs = self._feed.batch(picked, self._rng, changes)
            loss = self._learn(inputs, {"er_emotion": self._classes[picked]})
        float(loss)  # waits for a device


def measure(
    size: Size, device: str, precision: Precision, steps: int, repeats: int
) -> tuple[list[Measured], list[str]]:
    """Measure every path in turn and return them, and what was left out.

    Parameters
    ----------
    size : Size
        What is trained on.
    device, precision : str
        Of our paths; the official one is float32 on the same device.
    steps : int
        Of one measurement.
    repeats : int
        Measurements of each path, after one that does not count.
    """
    left_out: list[str] = []
    with _paths(size, device, precision, left_out) as paths:
        spent: dict[str, list[float]] = {name: [] for name, _, _ in paths}
        for repeat in range(repeats + 1):
            for name, _, path in paths:
                started = time.perf_counter()
                path(steps)
                if repeat:
                    spent[name].append(time.perf_counter() - started)
    samples = steps * size.batch
    return [
        Measured(name, samples / statistics.median(spent[name]), peer)
        for name, peer, _ in paths
    ], left_out


_STEP, _WHOLE = "official, plain: step", "official, plain: loader and step"
_Way = tuple[str, str, Callable[[int], None]]


@contextmanager
def _paths(
    size: Size, device: str, precision: Precision, left_out: list[str]
) -> Iterator[Sequence[_Way]]:
    dataset = in_memory(size)
    where = torch.device(device)
    columns = dataset.eyes.shape[1]
    plain = Plain(columns, where)
    ready = Batch(
        torch.rand(size.batch, 8, 3, 112, 112),
        torch.randn(size.batch, 32, columns),
        torch.randn(size.batch, 32, 2),
        torch.arange(size.batch) % len(EMOTIONS),
    )
    first = _Ours(dataset, OFFICIAL, OfficialNetwork, "resnet18", device, precision, size)
    small = _Ours(dataset, STUDIO, StudioEmert, "small", device, precision, size)
    paths: list[_Way] = [
        (_STEP, "", lambda steps: _repeated(plain, ready, steps)),
        ("official network, ours: feed and step", _STEP, first.learn),
        ("studio, small network: feed and step", _STEP, small.learn),
        ("studio: feed alone", "", small.gather),
    ]
    with tempfile.TemporaryDirectory() as folder:
        missing = [name for name in ("pandas", "openpyxl", "cv2") if not _there(name)]
        if missing:
            left_out.append(
                f"the official loader's work: {', '.join(missing)} not installed here"
            )
        else:
            names = [f"{i}_film_fear" for i in range(size.clips)]
            files = write_files(Path(folder), names, size.frames, size.rows, columns)
            paths.append((_WHOLE, "", lambda steps: _epochs(plain, files, size, steps)))
            paths.append(("official network, ours: end to end", _WHOLE, first.learn))
        yield paths


def _repeated(plain: Plain, ready: Batch, steps: int) -> None:
    for _ in range(steps):
        plain.step(ready)


def _epochs(plain: Plain, files: OfficialFiles, size: Size, steps: int) -> None:
    done = 0
    while done < steps:
        for batch in loader(files, size.batch):
            plain.step(batch)
            done += 1
            if done == steps:
                break


def _there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False

"""What a fold learns does not depend on a single number of whoever is not trained on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from emer_studio.core.console import Console
from emer_studio.dataset.cache import CacheWriter, Dataset, open_cache
from emer_studio.schema.benchmark import load_benchmark
from emer_studio.schema.dataset import POLARITIES, SampleRow
from emer_studio.schema.training import FoldSplit, Part
from emer_studio.training.fit.job import Settings, Watch
from emer_studio.training.models.registry import model_named
from emer_studio.training.nets.checkpoint import Checkpoint, load_checkpoint
from emer_studio.training.prepare import prepare
from emer_studio.training.presets import STUDIO
from emer_studio.training.runs.fold_jobs import jobs_of

SMALL = replace(STUDIO, view=replace(STUDIO.view, frames=1, rows=4), batch_size=4)
NEXT = dict(zip(POLARITIES, (*POLARITIES[1:], POLARITIES[0]), strict=True))


def _dataset(folder: Path) -> Dataset:
    """Write six people who saw six clips each, with what was felt and shown."""
    rng = np.random.default_rng(3)
    with CacheWriter(folder, name="d", synthetic=True) as writer:
        width = len(writer.manifest.eye_columns)
        for place in range(36):
            row = SampleRow(
                sample_id=f"s{place}", participant=f"P{place // 6}",
                stimulus=f"c{place % 6}", er3=POLARITIES[place % 3],
                fer3=POLARITIES[place // 6 % 3],
            )  # fmt: skip
            writer.add(
                row, rng.integers(0, 256, (1, 112, 112, 3), dtype=np.uint8), np.ones(1),
                np.zeros(1), rng.normal(size=(8, width)).astype(np.float32), np.arange(8.0),
            )  # fmt: skip
    return open_cache(folder)


def _changed(dataset: Dataset, split: FoldSplit, parts: Collection[Part | None]) -> Dataset:
    """Return other faces, eyes and labels of whoever is in some parts; None is unused."""
    faces, eyes, samples = np.array(dataset.faces), np.array(dataset.eyes), []
    for sample in dataset.samples:
        if split.part_of(sample.participant, sample.stimulus) in parts:
            faces[sample.frame_first] = 255 - faces[sample.frame_first]
            eyes[sample.eye_first : sample.eye_first + sample.n_eyes] += 1000.0
            other = {name: NEXT[getattr(sample, name)] for name in ("er3", "fer3")}
            samples.append(sample.model_copy(update=other))
        else:
            samples.append(sample)
    return replace(dataset, faces=faces, eyes=eyes, samples=tuple(samples))


def _learnt(dataset: Dataset, folder: Path) -> tuple[FoldSplit, Checkpoint, Checkpoint]:
    """Return the first fold, and its network after the last and the best epoch."""
    folder.mkdir()
    prepared = prepare(dataset, load_benchmark("er3"), 3, 0, "both")
    split, model = prepared.split[0], model_named("emert")
    settings = Settings(preset=SMALL, epochs=2)
    ((_, job),) = jobs_of(prepared, model, settings, split, folder)
    assert "fer3" in {head.label for head in job.others}
    model.fit(job, settings, Watch(Console(), lambda: None))
    last, best = (load_checkpoint(job.file(f"{which}.pt")) for which in ("last", "best"))
    return split, last, best


def _same(one: Checkpoint, other: Checkpoint) -> bool:
    tensors = all(torch.equal(one.state[name], other.state[name]) for name in one.state)
    scales = (np.array_equal(one.scale.mean, other.scale.mean),
              np.array_equal(one.scale.sd, other.scale.sd))  # fmt: skip
    return tensors and all(scales)


def test_only_the_training_part_is_learnt_from(tmp_path: Path) -> None:
    dataset = _dataset(tmp_path / "d")
    split, last, best = _learnt(dataset, tmp_path / "a")
    # The validation part chooses the epoch and does nothing else.
    unseen = _changed(dataset, split, ("test", None))
    _, last_again, best_again = _learnt(unseen, tmp_path / "b")
    assert _same(last, last_again)
    assert _same(best, best_again)
    held_out = _changed(dataset, split, ("validation", "test", None))
    assert _same(last, _learnt(held_out, tmp_path / "c")[1])
    assert not _same(last, _learnt(_changed(dataset, split, ("train",)), tmp_path / "e")[1])

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from emer_studio.dataset.cache import CacheWriter, Dataset, open_cache
from emer_studio.schema.dataset import SampleRow
from emer_studio.training.feed.augment import draw_changes
from emer_studio.training.feed.inputs import Feed, fit_scale
from emer_studio.training.feed.picking import Picker
from emer_studio.training.feed.residency import (
    Held,
    Staged,
    Store,
    Thinned,
    stored,
    tier_for,
)
from emer_studio.training.feed.sampling import aligned_picks, official_picks
from emer_studio.training.fit.step import Step, make_optimiser
from emer_studio.training.models.emert import StudioEmert
from emer_studio.training.nets.frozen import freeze
from emer_studio.training.nets.network import Head, channels_last
from emer_studio.training.nets.precision import Precision, forward, pixel_type
from emer_studio.training.presets import OFFICIAL, STUDIO, View

CPU = torch.device("cpu")
HEADS = (Head("er_emotion", ("a", "b", "c")), Head("er_valence"))
TARGETS = {
    "er_emotion": torch.tensor([0, 2, -1, 1]),
    "er_valence": torch.tensor([0.5, float("nan"), -0.25, 0.0]),
}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Clips of all kinds: long and short, without a face, without frames, without eyes."""
    folder = tmp_path_factory.mktemp("fast") / "d"
    rng = np.random.default_rng(0)
    with CacheWriter(folder, name="all kinds") as writer:
        for i, (frames, rows) in enumerate([(90, 200), (3, 50), (40, 0), (0, 70), (1, 1)]):
            writer.add(
                SampleRow(sample_id=f"s{i}", participant=f"P{i}", stimulus="c"),
                rng.integers(0, 256, (frames, 112, 112, 3), dtype=np.uint8),
                (rng.random(frames) < 0.6) if i else np.zeros(frames, bool),
                np.sort(rng.uniform(0, 9, frames)),
                rng.normal(size=(rows, 39)).astype(np.float32),
                np.arange(rows) / 25.0 - 0.01,
            )
    return open_cache(folder)


@pytest.mark.parametrize("view", [STUDIO.view, OFFICIAL.view])
@pytest.mark.parametrize("drawn", [False, True])
def test_an_epoch_is_picked_at_once_as_clip_by_clip(
    dataset: Dataset, view: View, drawn: bool
) -> None:
    order = [4, 0, 2, 3, 1, 0]
    together, alone = (np.random.default_rng(7) if drawn else None for _ in range(2))
    rows = Picker(dataset, view)(order, together)
    for place, index in enumerate(order):
        clip, sample = dataset.clip(index), dataset.samples[index]
        if view.sampling == "official":
            expected = official_picks(sample.n_frames, sample.n_eyes, 8, 32, alone)
        else:
            expected = aligned_picks(
                clip.face_times_s, clip.faces_valid, clip.eye_times_s, 8, 32, alone
            )
        firsts = (sample.frame_first, sample.eye_first, sample.eye_first)
        for found, own, first in zip(rows, expected, firsts, strict=True):
            assert found[place].tolist() == [r if r < 0 else r + first for r in own]


def test_the_tier_follows_the_free_memory() -> None:
    gib = 1024**3
    emer, thin = 1303 * 300 * 37632, 1303 * 32 * 37632
    free = (None, 140 * gib, 24 * gib, 8 * gib, 2 * gib)
    assert [tier_for(emer, thin, each) for each in free] == [
        "map", "gpu", "gpu-32", "gpu-32", "host",
    ]  # fmt: skip


def test_every_tier_gives_the_same_frames(dataset: Dataset) -> None:
    rows = Picker(dataset, STUDIO.view)([0, 2, 1], np.random.default_rng(1)).frames
    expected = torch.from_numpy(dataset.faces[rows])
    assert stored(dataset, CPU).tier == "map"
    staged = Staged(dataset.faces, CPU)
    staged.expect(rows)
    stores: list[Store] = [stored(dataset, CPU), Held(dataset.faces, CPU), staged, staged]
    for store in stores:  # the last one was not told what would come
        assert torch.equal(store.gather(rows), expected)
    staged.expect(rows)
    assert torch.equal(staged.gather(rows[:1]), expected[:1])


def test_a_small_gpu_evaluates_on_the_very_same_frames(dataset: Dataset) -> None:
    thin = stored(dataset, CPU, "gpu-32")
    assert isinstance(thin, Thinned)
    assert len(thin._rows) < len(dataset.faces)
    picker = Picker(dataset, STUDIO.view)
    middle = picker(range(3)).frames
    assert torch.equal(thin.gather(middle), torch.from_numpy(dataset.faces[middle]))
    drawn = picker([2] * 50, np.random.default_rng(3)).frames
    held = {frame.numpy().tobytes() for frame in thin.gather(drawn).flatten(0, 1)}
    shown = {dataset.faces[row].tobytes() for row in range(93, 133)}
    with_face = {
        dataset.faces[row].tobytes() for row in range(93, 133) if dataset.faces_valid[row]
    }
    assert held <= with_face < shown
    assert stored(dataset, CPU, "map").tier == "map"


def _one_step(dataset: Dataset, precision: Precision, fast: bool) -> list[Tensor]:
    """Return the loss and all gradients of one step of the studio preset."""
    scale = fit_scale(dataset, STUDIO.view, [0, 1])
    feed = Feed(dataset, STUDIO.view, scale, CPU, pixels=pixel_type(precision))
    if fast:
        feed.frames = Held(dataset.faces, CPU)
    torch.manual_seed(0)
    model = StudioEmert(feed.shape("small"), HEADS)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        if isinstance(module, torch.nn.MultiheadAttention):
            module.dropout = 0.0
    model = channels_last(model) if fast else model
    torch.manual_seed(1)
    changes = draw_changes(4, STUDIO, CPU)
    rows = feed.picks([0, 1, 2, 4], np.random.default_rng(0))
    inputs = feed.batch([0, 1, 2, 4], changes=changes, rows=rows)
    if not fast:
        inputs = inputs._replace(face=inputs.face.contiguous())
    learn = Step(model, make_optimiser(model, STUDIO), HEADS, [1.0, 0.5], precision)
    loss = learn(inputs, TARGETS)
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    assert all(g.dtype == torch.float32 for g in gradients)
    return [loss, *gradients]


def test_the_fast_way_learns_what_the_plain_way_learns(dataset: Dataset) -> None:
    plain = _one_step(dataset, "fp32", fast=False)
    for found, expected in zip(_one_step(dataset, "fp32", fast=True), plain, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    half = _one_step(dataset, "bf16", fast=True)
    assert float(half[0]) == pytest.approx(float(plain[0]), rel=0.02)
    flat, bent = (torch.cat([g.flatten() for g in all_[1:]]) for all_ in (plain, half))
    # Noise is the worst case: with three digits another place can be the brightest one.
    assert float(torch.cosine_similarity(flat, bent, dim=0)) > 0.97


def test_pictures_are_normalised_and_changed_in_one_go(dataset: Dataset) -> None:
    feed = Feed(dataset, STUDIO.view, fit_scale(dataset, STUDIO.view, [0]), CPU)
    torch.manual_seed(0)
    changes = draw_changes(3, replace(STUDIO, drop_modality=0.0), CPU)
    assert changes is not None
    picked, rows = [2, 2, 3], feed.picks([2, 2, 3])
    changes = changes._replace(
        mirrored=torch.tensor([True, False, True]), seen=torch.tensor([1.0, 0.0, 1.0])
    )
    plain = feed.batch(picked, rows=rows)
    found = feed.batch(picked, changes=changes, rows=rows)
    expected = plain.face[0].flip(3) * changes.light[0] + changes.shift[0]
    torch.testing.assert_close(found.face[0], expected, rtol=1e-5, atol=1e-5)
    assert not found.face[1:].any()
    assert found.face_valid.sum(1).tolist() == [8.0, 0.0, 0.0]
    assert torch.equal(found.gaze, plain.gaze)


def test_a_frozen_backbone_answers_like_the_whole_network(dataset: Dataset) -> None:
    feed = Feed(dataset, STUDIO.view, fit_scale(dataset, STUDIO.view, [0]), CPU)
    torch.manual_seed(0)
    model = StudioEmert(feed.shape("small"), HEADS).eval()
    whole = forward(model, feed.batch([2, 1]), "fp32").heads["er_emotion"]
    freeze(model, feed, "fp32")
    assert feed.batch([2, 1]).face.shape == (2, 8, 128)
    quick = forward(model, feed.batch([2, 1]), "fp32").heads["er_emotion"]
    torch.testing.assert_close(quick[0], whole[0], rtol=1e-4, atol=1e-5)
    before = [p.clone() for p in model.face.cnn.parameters()]
    targets = {name: values[:2] for name, values in TARGETS.items()}
    learn = Step(model.train(), make_optimiser(model, STUDIO), HEADS, [1.0, 1.0])
    learn(feed.batch([2, 1]), targets)
    after = list(model.face.cnn.parameters())
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_learns_what_the_processor_learns(dataset: Dataset) -> None:
    cuda = torch.device("cuda")
    feed = Feed(dataset, STUDIO.view, fit_scale(dataset, STUDIO.view, [0]), cuda)
    assert feed.frames.tier == "gpu"
    near = Feed(dataset, STUDIO.view, fit_scale(dataset, STUDIO.view, [0]), CPU)
    for found, expected in zip(feed.batch([0, 1]), near.batch([0, 1]), strict=True):
        torch.testing.assert_close(found.cpu(), expected, rtol=1e-4, atol=1e-5)


_BARE = """
import sys
for name in ("PySide6 av cryptography cv2 h5py jinja2 matplotlib onnx onnxruntime openpyxl"
             " pandas platformdirs psutil psygnal pyarrow pylsl pyqtgraph pyxdf rich scipy"
             " sklearn sounddevice sqlalchemy yaml").split():
    sys.modules[name] = None
from emer_studio.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_the_benchmark_needs_torch_numpy_and_pydantic_only() -> None:
    words = (
        "bench train --steps 1 --repeats 1 --clips 2 --batch 2 --frames 8 --rows 32"
        " --device cpu --json"
    )
    done = subprocess.run(
        [sys.executable, "-c", _BARE, *words.split()],
        capture_output=True, text=True, check=False, timeout=150,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert "pandas, openpyxl, cv2 not installed" in result["left_out"][0]
    assert all(path["samples_per_s"] > 0 for path in result["paths"])
    assert not any("loader" in path["name"] for path in result["paths"])

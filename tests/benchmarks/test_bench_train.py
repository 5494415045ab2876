from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from emer_studio.core.process import command_line
from emer_studio.training.official.plain import Plain, write_files


def test_the_official_way_reads_everything_and_uses_little(tmp_path: Path) -> None:
    files = write_files(tmp_path, ["1_film_fear"], frames=23, rows=40, columns=39)
    opened = {path.name[-5] for path in (tmp_path / "face" / "1_film_fear").iterdir()}
    assert opened == set("0123456789")
    face, eye, gaze, classes = files[0]
    assert (face.shape, eye.shape, gaze.shape) == ((8, 3, 112, 112), (32, 39), (32, 2))
    assert 0.0 <= float(face.min()) < float(face.max()) <= 1.0
    sheet = files._sheet("1_film_fear")
    assert sheet.shape == (40, 39)
    for row, point in zip(eye.numpy(), gaze.numpy(), strict=True):
        assert (sheet == row).all(1).any()
        assert (sheet[:, :2] == point).all(1).any()
    # Its order: by the last digit, so the first of eight parts holds frames 0, 10, 20.
    pictures = files._pictures("1_film_fear")
    first = {picture.numpy().tobytes() for picture in pictures[: 23 // 8]}
    assert face[0].numpy().tobytes() in first
    assert int(classes) == 0


def test_the_plain_step_learns() -> None:
    torch.manual_seed(0)
    plain = Plain(39, torch.device("cpu"))
    assert sum(p.numel() for p in plain._model.parameters()) == 12_625_209
    before = plain._model.class_head.weight.detach().clone()
    batch = (
        torch.rand(2, 8, 3, 112, 112), torch.randn(2, 32, 39), torch.randn(2, 32, 2),
        torch.tensor([1, 5]),
    )  # fmt: skip
    assert np.isfinite(plain.step(batch))
    assert not torch.equal(before, plain._model.class_head.weight)


@pytest.mark.skipif(os.name != "posix", reason="the loader's workers are forked")
def test_the_short_benchmark_has_every_way() -> None:
    line = command_line(
        *"bench train --steps 1 --repeats 1 --clips 2 --batch 2 --frames 10".split(),
        *"--rows 32 --device cpu --json".split(),
    )  # fmt: skip
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=150)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    ways = {one["name"]: one for one in result["paths"]}
    assert result["left_out"] == []
    assert ways["official network, ours: end to end"]["ratio"] > 0
    assert ways["official, plain: loader and step"]["ratio"] is None
    assert len(ways) == 6

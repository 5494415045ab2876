"""What would be trained on, told without training and, where it can be, without torch."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emer_studio.cli import main
from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import EmerError
from emer_studio.dataset.cache import CacheWriter, Dataset, open_cache
from emer_studio.schema.dataset import SampleRow
from emer_studio.schema.training_models import NO_NETWORKS
from emer_studio.schema.training_request import TrainingRequest
from emer_studio.training.fit.network_model import NetworkModel
from emer_studio.training.models.registry import all_models
from emer_studio.training.runs.begin import ready_for
from emer_studio.training.runs.dry_run import dry_run


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write two clips of each of four people, with what they felt."""
    folder = tmp_path_factory.mktemp("data") / "small"
    rng = np.random.default_rng(0)
    eyes = rng.normal(size=(4, 39)).astype(np.float32)
    eyes[:, 6] = np.nan
    with CacheWriter(folder, name="small") as writer:
        for who, clip in itertools.product(range(4), range(2)):
            row = SampleRow(
                sample_id=f"{who}/{clip}", participant=f"P{who}", stimulus=f"c{clip}",
                er_emotion=EMOTIONS[clip],
            )  # fmt: skip
            faces = rng.integers(0, 255, (1, 112, 112, 3)).astype(np.uint8)
            writer.add(row, faces, np.ones(1, bool), np.zeros(1), eyes, np.arange(4.0))
    return folder


def test_a_dry_run_loads_nothing_that_only_a_training_needs(dataset: Path) -> None:
    code = (
        "import sys\nfrom emer_studio.cli import main\n"
        "assert main(sys.argv[1:]) == 0\n"
        "heavy = {'torch', 'scipy', 'pandas', 'sklearn', 'sqlalchemy', 'cv2', 'av'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    words = ["train", str(dataset), "--protocol", "all", "--folds", "2", "--dry-run"]
    words += ["--preset", "official-2024", "--frozen"]
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "8 samples of 4 people and 2 clips, 2 folds (participant)" in done.stdout
    column = open_cache(dataset).manifest.eye_names()[6]
    assert f"these eye columns, which tell nothing: {column}." in done.stdout
    assert "fer7: " in done.stdout
    assert "cannot be trained: No sample of" in done.stdout


def problem_at_start(request: TrainingRequest, dataset: Dataset) -> str:
    """Return what a training is refused for when it is to begin."""
    try:
        ready_for(request, dataset, request.protocol, None)
    except EmerError as problem:
        return problem.message
    return ""


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"folds": 5}, "5 folds by participant need"),
        ({"folds": 3, "folds_by": "stimulus"}, "3 folds by stimulus need"),
        ({"folds": "official"}, "official set"),
        ({"folds": "official", "folds_by": "both"}, "cannot be by both as well"),
        ({"protocol": "fer7"}, "has the label fer_emotion"),
        ({"model": "none-such"}, "no model called 'none-such'"),
        ({"model": "window-statistics", "frozen": True}, "--frozen has no meaning"),
        ({"model": "window-statistics", "epochs": 3}, "--epochs has no meaning"),
        ({"model": "window-statistics", "cnn_weights": "w.pt"}, "--cnn-weights has no"),
        ({"corrected_input": True}, "studio needs none"),
        ({"maps": True}, "has no fixation maps"),
        ({"cnn_weights": "none-such.pt"}, "none-such.pt does not exist"),
        ({"cnn_weights": "w.pt", "face_net": "small"}, "cannot start from ResNet-18"),
        ({"device": "cuda"}, ""),
        ({}, ""),
    ],
)
def test_it_refuses_what_a_training_would(
    dataset: Path, asked: dict[str, Any], words: str
) -> None:
    usual = TrainingRequest(dataset=str(dataset), protocol="er7", folds=2)
    request = usual.model_copy(update=asked)
    opened = open_cache(dataset)
    (told,) = dry_run(request, opened)["benchmarks"]
    assert told["problem"] == problem_at_start(request, opened)
    assert words in told["problem"]
    assert told["problem"] or asked in ({}, {"device": "cuda"})


def test_nothing_is_begun_in_the_background_that_would_be_refused(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    how = ["--background", "--out", str(run)]
    for words, said in (
        (["--protocol", "fer7"], "has the label fer_emotion"),
        (["--protocol", "all", "--folds", "9"], "No benchmark can be trained on"),
    ):
        assert main(["train", str(dataset), *words, *how]) == 2
        assert said in capsys.readouterr().err
        assert not run.exists()


def test_every_model_without_a_network_is_known_to_be_one() -> None:
    found = {n for n, one in all_models().items() if not isinstance(one, NetworkModel)}
    assert found == NO_NETWORKS

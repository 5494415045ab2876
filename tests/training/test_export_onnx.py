"""An exported network answers as the run does, and says what it must not be used for."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from emer_studio.cli import main
from emer_studio.core.console import Console
from emer_studio.core.errors import WorkFailedError
from emer_studio.dataset.cache import open_cache
from emer_studio.dataset.synth import SynthConfig, synthesise
from emer_studio.study.runs import open_run
from emer_studio.training import onnx_export
from emer_studio.training.feed.inputs import Feed, fit_scale
from emer_studio.training.models.emert import MODEL
from emer_studio.training.nets.checkpoint import load_checkpoint
from emer_studio.training.nets.network import Head, Inputs
from emer_studio.training.onnx_export import Inference, export_run, onnx_bytes, parity
from emer_studio.training.runs.begin import begin_run
from emer_studio.training.runs.run_info import read_run, settings_of
from emer_studio.training.scores.predicted import read_predictions
from emer_studio.withdrawal.trained import facts_of
from training_runs import small, write_random

CPU = ["CPUExecutionProvider"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("onnx")
    synthesise(folder / "d", SynthConfig(participants=4, clips=4, frames=8, clip_s=2.0))
    words = ("--protocol", "er3", "--folds", "2", "--epochs", "1", "--precision", "fp32")
    for model in ("emert", "face-only"):
        out = ("--model", model, "--out", str(folder / model))
        assert main(["train", str(folder / "d"), *words, *out]) == 0
    return folder


def test_a_file_answers_as_the_run_predicted(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--fold", "2", "--out", str(made / "net.onnx"), "--json")
    assert main(["export-onnx", str(made / "emert"), *words]) == 0
    (one,) = json.loads(capsys.readouterr().out.splitlines()[-1])["files"]
    assert one["max_difference"] <= 1e-4
    dataset, info = open_cache(made / "d"), read_run(made / "emert")
    results = open_run(made / "emert").results
    assert results is not None
    told = read_predictions(made / "emert", results)["er3"]
    place = {sample.sample_id: i for i, sample in enumerate(dataset.samples)}
    session = onnxruntime.InferenceSession(one["file"], providers=CPU)
    best = load_checkpoint(made / "emert" / "fold2_er3_best.pt")
    view = settings_of(info, "cpu").preset.view
    feed = Feed(dataset, view, best.scale, torch.device("cpu"))
    where = np.flatnonzero(told.folds == 2)
    inputs = feed.batch([place[told.samples[i]] for i in where])
    given = {x.name: getattr(inputs, x.name).numpy() for x in session.get_inputs()}
    assert list(given) == list(Inputs._fields[:-1])
    (found,) = session.run(["er3"], given)
    np.testing.assert_allclose(found, told.probabilities[where], atol=2e-6)


def test_the_official_network_answers_as_it_did(tmp_path: Path) -> None:
    dataset = open_cache(write_random(tmp_path / "d"))
    view = small(
        dataset.folder, protocol="er3", preset="official-2024"
    ).settings.preset.view
    feed = Feed(dataset, view, fit_scale(dataset, view, range(8)), torch.device("cpu"))
    heads = (Head("er3", ("negative", "neutral", "positive")),)
    torch.manual_seed(1)
    assert MODEL.official is not None
    network = MODEL.official(feed.shape("resnet18"), heads)
    network.train()(
        feed.batch(range(8))
    )  # what batch normalisation has seen is in the file
    asked = Inference(network, heads).eval()
    content = onnx_bytes(asked, feed.batch([0, 1]), heads)
    assert parity(content, asked, feed, range(8)) <= 2e-6
    (found,) = asked(*feed.batch(range(8))[:-1])
    assert found.std(dim=0).min() > 2e-5  # clips get other answers than one another


def test_a_network_with_fixation_maps_asks_for_them(tmp_path: Path) -> None:
    dataset, run = write_random(tmp_path / "d"), tmp_path / "run"
    run.mkdir()
    ready = small(dataset, protocol="er3", epochs=1, precision="fp32", maps=True)
    begin_run(ready, run, Console(), lambda: None)
    (one,) = export_run(run, open_cache(dataset), tmp_path / "net.onnx", 1)
    assert one.difference <= 2e-6
    results = open_run(run).results
    assert results is not None
    told = read_predictions(run, results)["er3"]
    where = np.flatnonzero(told.folds == 1)
    best, view = load_checkpoint(run / "fold1_er3_best.pt"), ready.settings.preset.view
    feed = Feed(open_cache(dataset), view, best.scale, torch.device("cpu"), maps=True)
    inputs = feed.batch([int(told.samples[i][1:]) for i in where])
    session = onnxruntime.InferenceSession(one.file, providers=CPU)
    given = {name: getattr(inputs, name).numpy() for name in Inputs._fields}
    (found,) = session.run(["er3"], given)
    np.testing.assert_allclose(found, told.probabilities[where], atol=2e-6)
    (other,) = session.run(["er3"], given | {"maps": given["maps"][:, :, ::-1]})
    assert np.abs(other - found).max() > 1e-4


def test_a_file_tells_what_it_is_and_holds_nothing_of_training(made: Path) -> None:
    path = made / "net.onnx"
    facts, model = facts_of(path), onnx.load(path)
    best = load_checkpoint(made / "emert" / "fold2_er3_best.pt")
    assert facts["heads"] == {"er3": ["negative", "neutral", "positive"]}
    np.testing.assert_allclose(facts["eye_scale"]["mean"], best.scale.mean)
    assert facts["eye_scale"]["limit"] == best.scale.limit
    assert facts["view"]["eyes"] == "summary"
    assert facts["dataset_manifest_sha256"] == open_cache(made / "d").manifest_sha256
    assert (facts["synthetic"], facts["has_seen_gaze"]) == (True, True)
    assert facts["use"] == model.doc_string == "not for pre-labelling: has seen gaze"
    assert (facts["fold"], facts["epoch"]) == (2, 1)
    weights = [one.name for one in model.graph.initializer]
    assert not [name for name in weights if "names_" in name]
    raw = path.read_bytes()
    assert str(Path(__file__).parents[2]).encode() not in raw
    batch = {
        d.dim_param for i in model.graph.input for d in i.type.tensor_type.shape.dim[:1]
    }
    assert len(batch) == 1
    assert "" not in batch


def test_a_file_that_answers_otherwise_is_not_written(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_export, "PARITY", -1.0)
    with pytest.raises(WorkFailedError, match="nothing was written"):
        export_run(made / "face-only", open_cache(made / "d"), made / "other.onnx", 1)
    assert not (made / "other.onnx").exists()


def test_a_file_for_each_fold_says_that_it_has_seen_faces_only(made: Path) -> None:
    found = export_run(made / "face-only", open_cache(made / "d"), made / "f.onnx")
    assert [one.file.name for one in found] == ["f_fold1.onnx", "f_fold2.onnx"]
    assert [one.inputs for one in found] == [("face", "face_valid")] * 2
    facts = facts_of(found[1].file)
    assert (facts["has_seen_gaze"], facts["use"], facts["fold"]) == (False, "", 2)
    own, other = (one.file.read_bytes() for one in found)
    assert own != other


def test_bad_questions_are_refused(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, taken = str(made / "emert"), made / "taken.onnx"
    taken.touch()
    for words, said in (
        ([run, "--out", str(made / "net.bin")], "ending in .onnx"),
        ([run, "--fold", "9", "--out", str(made / "x.onnx")], "no fold 9"),
        ([run, "--out", str(taken)], "already exists"),
        ([str(made / "d"), "--out", str(made / "x.onnx")], "not a training run"),
    ):
        assert main(["export-onnx", *words]) == 2
        assert said in capsys.readouterr().err

"""The models we compare with: what each looks at, and what it makes of nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from emer_studio.core.console import Console
from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.dataset.cache import CacheWriter, Dataset, open_cache
from emer_studio.dataset.synth import SynthConfig, synthesise
from emer_studio.dataset.synth_model import SynthModel
from emer_studio.schema.dataset import SampleRow
from emer_studio.schema.eye_columns import EyeColumn
from emer_studio.training.feed.eye_statistics import clip_statistics, span_statistics
from emer_studio.training.fit.job import FoldJob, Settings, Watch
from emer_studio.training.fit.network_model import NetworkModel
from emer_studio.training.models import registry
from emer_studio.training.models.late_fusion import LateFusion
from emer_studio.training.models.window_statistics import MODEL as STATISTICS
from emer_studio.training.nets.heads import masked_max
from emer_studio.training.nets.network import Head, Inputs, Network, Shape
from emer_studio.training.nets.resnet import ResNet18

LOOKS_AT = {
    "face-only": ("face",),
    "eye-only": ("eye",),
    "late-fusion": ("face", "eye"),
    "resnet-lstm": ("face", "eye"),
    "resnet-transformer": ("face", "eye"),
    "mult": ("face", "eye", "gaze"),
    "tfn": ("face", "eye", "gaze"),
}
SHAPE = Shape(face_frames=3, eye_rows=7, eye_width=5, face_net="small")
HEADS = (Head("er3", ("negative", "neutral", "positive")), Head("er_valence"))
WATCH = Watch(Console(), lambda: None)


def _network(name: str, shape: Shape = SHAPE) -> Network:
    torch.manual_seed(0)
    model = registry.model_named(name)
    assert isinstance(model, NetworkModel)
    return model.build(shape, HEADS)


def _inputs(samples: int = 4, seed: int = 1, shape: Shape = SHAPE) -> Inputs:
    """Random streams of which the last picture and row are lost."""
    rng = torch.Generator().manual_seed(seed)
    frames, rows = shape.face_frames, shape.eye_rows

    def drawn(*size: int) -> Tensor:
        return torch.randn(samples, *size, generator=rng)

    face_valid, eye_valid = torch.ones(samples, frames), torch.ones(samples, rows)
    face_valid[:, -1] = eye_valid[:, -1] = 0
    return Inputs(
        face=drawn(frames, 3, 112, 112) * face_valid[:, :, None, None, None],
        face_valid=face_valid,
        eye=drawn(rows, shape.eye_width) * eye_valid[:, :, None],
        eye_valid=eye_valid,
        gaze=drawn(rows, 2) * eye_valid[:, :, None],
        gaze_valid=eye_valid.clone(),
        maps=torch.zeros(samples, 0, 36, 64),
    )


def _without(inputs: Inputs, *absent: str) -> Inputs:
    """Say that streams are lost, and leave in them what was there."""
    lost = {f"{name}_valid": torch.zeros_like(getattr(inputs, f"{name}_valid"))
            for name in absent}  # fmt: skip
    return inputs._replace(**lost)


def _answer(network: Network, inputs: Inputs) -> Tensor:
    """Return class scores and number side by side, (B, 4)."""
    with torch.no_grad():
        heads = network.eval()(inputs).heads
    return torch.cat([heads["er3"].log_softmax(1), heads["er_valence"][:, None]], 1)


def test_every_file_with_a_model_is_found() -> None:
    folder = Path(registry.__file__).parent
    files = [f for f in folder.glob("*.py") if "\nMODEL = " in f.read_text("utf-8")]
    assert len(registry.all_models()) == len(files)
    assert {*LOOKS_AT, "window-statistics"} <= set(registry.all_models())
    for name, model in registry.all_models().items():
        assert model.name == name
        assert model.words
    with pytest.raises(BadInputError, match="no model called 'gpt'"):
        registry.model_named("gpt")


@pytest.mark.parametrize("name", LOOKS_AT)
def test_it_answers_every_head_and_all_of_it_learns(name: str) -> None:
    network, inputs = _network(name).train(), _inputs()
    truth, numbers = torch.tensor([0, 1, 2, 0]), torch.tensor([0.9, -0.3, 0.1, -0.8])
    found = network(inputs)
    assert found.heads["er3"].shape == (4, 3)
    assert found.heads["er_valence"].shape == (4,)
    loss = functional.cross_entropy(found.heads["er3"], truth)
    loss = loss + functional.mse_loss(found.heads["er_valence"], numbers) + found.penalty
    loss.backward()
    idle = [
        key
        for key, parameter in network.named_parameters()
        if parameter.grad is None or not parameter.grad.any()
    ]
    assert idle == []


@pytest.mark.parametrize("name", LOOKS_AT)
def test_it_can_learn_a_few_clips_by_heart(name: str) -> None:
    network, inputs = _network(name).train(), _inputs(6)
    inputs = inputs._replace(face=inputs.face[..., ::3, ::3].contiguous())  # quicker
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    truth = torch.tensor([0, 1, 2, 2, 1, 0])
    numbers = torch.tensor([0.9, -0.3, 0.1, -0.8, 0.5, 0.0])
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    for _ in range(40):
        heads = network(inputs).heads
        wrong = functional.cross_entropy(heads["er3"], truth)
        off = functional.mse_loss(heads["er_valence"], numbers)
        optimizer.zero_grad()
        (wrong + off).backward()
        optimizer.step()
    assert heads["er3"].argmax(1).tolist() == truth.tolist()
    assert off.item() < 0.05  # the variance of the numbers is 0.3


@pytest.mark.parametrize("name", LOOKS_AT)
def test_what_is_absent_says_nothing_and_the_rest_still_answers(name: str) -> None:
    network, inputs, other = _network(name), _inputs(), _inputs(seed=2)
    whole = _answer(network, inputs)
    for absent in ("face", "eye", "gaze"):
        found = _answer(network, _without(inputs, absent))
        assert torch.isfinite(found).all()
        held = inputs._replace(**{absent: getattr(other, absent)})
        torch.testing.assert_close(_answer(network, _without(held, absent)), found)
        assert torch.allclose(found, whole, atol=1e-5) == (absent not in LOOKS_AT[name])
        for present in set(LOOKS_AT[name]) - {absent}:
            changed = _without(inputs, absent)
            changed = changed._replace(**{present: getattr(other, present)})
            assert not torch.allclose(_answer(network, changed), found, atol=1e-5)
    nothing = _answer(network, _without(inputs, "face", "eye", "gaze"))
    assert torch.isfinite(nothing).all()
    torch.testing.assert_close(nothing, nothing[:1].expand(4, -1))


@pytest.mark.parametrize("name", LOOKS_AT)
def test_a_clip_is_judged_by_itself(name: str) -> None:
    network, inputs = _network(name), _inputs()
    order = torch.tensor([2, 0, 3, 1])
    turned = Inputs(*(stream[order] for stream in inputs))
    torch.testing.assert_close(_answer(network, turned), _answer(network, inputs)[order])
    first = inputs.face_valid.clone()
    first[0] = 0
    mixed = _answer(network, inputs._replace(face_valid=first))
    torch.testing.assert_close(mixed[1:], _answer(network, inputs)[1:])


@pytest.mark.parametrize("name", [name for name in LOOKS_AT if "face" in LOOKS_AT[name]])
def test_the_order_of_pictures_matters_where_time_is_read(name: str) -> None:
    network, inputs = _network(name), _inputs()
    turned = inputs._replace(face=inputs.face[:, [1, 0, 2]])
    same = torch.allclose(_answer(network, turned), _answer(network, inputs), atol=1e-6)
    assert same == (name in ("face-only", "late-fusion", "tfn"))


@pytest.mark.parametrize("name", LOOKS_AT)
def test_start_from_reaches_the_face_net(name: str) -> None:
    weights = ResNet18().state_dict()
    assert not _network(name).start_from(weights)
    if "face" in LOOKS_AT[name]:
        shape = Shape(face_frames=1, eye_rows=2, eye_width=3, face_net="resnet18")
        network = _network(name, shape)
        assert network.start_from(weights)
        place = "layer4.1.conv2.weight"
        (own,) = (v for k, v in network.state_dict().items() if k.endswith(place))
        assert torch.equal(own, weights[place])
        assert torch.isfinite(_answer(network, _inputs(1, shape=shape))).all()


def test_late_fusion_is_the_mean_of_those_who_see() -> None:
    network, inputs = _network("late-fusion"), _inputs()
    assert isinstance(network, LateFusion)
    face, eye = _answer(network.face, inputs), _answer(network.eye, inputs)
    with torch.no_grad():
        heads = network.eval()(inputs).heads
    torch.testing.assert_close(heads["er3"], (face + eye)[:, :3] / 2)
    torch.testing.assert_close(heads["er_valence"], (face + eye)[:, 3] / 2)
    torch.testing.assert_close(_answer(network, _without(inputs, "face")), eye)
    torch.testing.assert_close(_answer(network, _without(inputs, "eye")), face)


def test_the_largest_of_what_was_seen() -> None:
    tokens = torch.tensor([[[1.0, -5.0], [9.0, -2.0]], [[3.0, 3.0], [4.0, 4.0]]])
    found = masked_max(tokens, torch.tensor([[1.0, 0.0], [0.0, 0.0]]))
    assert found.tolist() == [[1.0, -5.0], [0.0, 0.0]]


# --- statistics and trees -----------------------------------------------------------------


def test_statistics_of_rows_by_hand() -> None:
    nan = np.nan
    rows = np.array([[1.0, nan], [nan, nan], [3.0, nan], [8.0, np.inf]])
    found = span_statistics(rows)
    np.testing.assert_allclose(
        found[:, 0], [4.0, np.std([1.0, 3.0, 8.0]), 1.0, 3.0, 8.0, 0.75]
    )
    np.testing.assert_array_equal(found[:, 1], [nan] * 5 + [0.0])
    np.testing.assert_array_equal(span_statistics(rows[:0])[-1], [0.0, 0.0])


@pytest.fixture(scope="module")
def telling(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Eyes that nearly always tell what is felt; nobody needs the pictures."""
    folder = tmp_path_factory.mktemp("telling") / "d"
    model = SynthModel(p_felt=0.4, eye_noise=(0.03, 0.05, 0.01, 0.1))
    synthesise(folder, SynthConfig(12, 7, frames=1, clip_s=4.0, rate_hz=30.0), model)
    return open_cache(folder)


@pytest.fixture
def sparse(tmp_path: Path) -> Dataset:
    """Twelve short clips with a column nobody ever measured; one has no eyes at all."""
    columns = [EyeColumn(name=n, unit="1", meaning=n) for n in ("gaze_x", "gaze_y", "lost")]
    rng = np.random.default_rng(0)
    with CacheWriter(tmp_path / "d", name="d", eye_columns=columns) as writer:
        for i in range(12):
            rows = 0 if i == 3 else 9
            eyes = rng.normal(0, 1, (rows, 3)).astype(np.float32)
            eyes[:, 2] = np.nan
            writer.add(
                SampleRow(sample_id=f"s{i}", participant=f"P{i % 4}", stimulus="c"),
                np.zeros((1, 112, 112, 3), np.uint8), np.ones(1), np.zeros(1),
                eyes, np.arange(rows) / 10.0,
            )  # fmt: skip
    return open_cache(tmp_path / "d")


def _job(
    dataset: Dataset, targets: dict[str, NDArray[Any]], train: Sequence[int], *heads: Head
) -> FoldJob:
    return FoldJob(
        dataset=dataset, scored=heads, others=(), targets=targets, fold=1, folds=4,
        train=train, validation=(), folder=dataset.folder, name="any",
    )  # fmt: skip


def test_trees_hear_what_the_eyes_tell(telling: Dataset) -> None:
    head, some = Head("er_emotion", EMOTIONS), ("fear", "neutral", "sadness", "surprise")
    felt = np.array(
        [EMOTIONS.index(s.er_emotion) if s.er_emotion in some else -1
         for s in telling.samples]
    )  # fmt: skip
    arousal = np.array([s.er_arousal for s in telling.samples], np.float32)
    people = np.array([int(s.participant[1:]) for s in telling.samples])
    train, test = np.flatnonzero(people <= 8), np.flatnonzero((people > 8) & (felt >= 0))
    targets = {"er_emotion": felt, "er_arousal": arousal}
    job = _job(telling, targets, train.tolist(), head, Head("er_arousal"))
    fitted = STATISTICS.fit(job, Settings(), WATCH)
    found = fitted.predict(test.tolist())
    usual = np.bincount(felt[train][felt[train] >= 0]).argmax()
    right = found["er_emotion"].values == felt[test]
    assert right.mean() >= (usual == felt[test]).mean() + 0.4
    off = np.abs(found["er_arousal"].values - arousal[test]).mean()
    assert off < 0.8 * np.abs(arousal[train].mean() - arousal[test]).mean()
    assert found["er_arousal"].probabilities.shape == (len(test), 0)
    np.testing.assert_allclose(found["er_emotion"].probabilities.sum(1), 1.0)
    # 39 columns, 6 statistics, 4 windows, and the 21 measures of the dataset.
    assert fitted.facts["eye_statistics"] == 39 * 6 * 4 + 21


def test_trees_can_do_with_little(sparse: Dataset) -> None:
    classes = np.array([2, 2, 4, 4, 2, 4, 2, 4, -1, 2, 2, 2])
    numbers = np.linspace(-1, 1, 12).astype(np.float32)
    numbers[0] = np.nan
    heads = Head("er_emotion", EMOTIONS), Head("er_valence")
    job = _job(sparse, {"er_emotion": classes, "er_valence": numbers}, range(9), *heads)
    found = STATISTICS.fit(job, Settings(), WATCH).predict(range(12))
    shares = found["er_emotion"].probabilities
    assert shares.shape == (12, 7)
    assert not shares[:, [0, 1, 3, 5, 6]].any()
    assert (shares[:, [2, 4]] > 0).all()
    assert np.isfinite(found["er_valence"].values).all()
    only = _job(sparse, {"er_emotion": classes}, [9, 10, 11], heads[0])
    found = STATISTICS.fit(only, Settings(modalities=("gaze",)), WATCH).predict([0, 3])
    assert found["er_emotion"].values.tolist() == [2, 2]
    assert STATISTICS.fit(job, Settings(), WATCH).predict([])["er_valence"].values.size == 0


def test_trees_are_fitted_again_on_the_same_data_only(sparse: Dataset) -> None:
    numbers = np.linspace(-1, 1, 12).astype(np.float32)
    job = _job(sparse, {"er_valence": numbers}, range(9), Head("er_valence"))
    with pytest.raises(BadInputError, match="was not fitted on"):
        STATISTICS.again(job, Settings())
    first = STATISTICS.fit(job, Settings(), WATCH).predict(range(12))["er_valence"]
    again = STATISTICS.again(job, Settings()).predict(range(12))["er_valence"]
    np.testing.assert_array_equal(first.values, again.values)
    other = replace(job, dataset=replace(sparse, manifest_sha256="0" * 64))
    with pytest.raises(BadInputError, match="was not fitted on"):
        STATISTICS.again(other, Settings())


def test_trees_look_at_what_they_may(sparse: Dataset) -> None:
    head = Head("er_emotion", EMOTIONS)
    job = _job(sparse, {"er_emotion": np.zeros(12, np.int64)}, range(6), head)
    gaze = STATISTICS.fit(job, Settings(modalities=("face", "gaze")), WATCH)
    assert gaze.facts["eye_statistics"] == 2 * 6 * 4
    with pytest.raises(BadInputError, match="nothing but eyes"):
        STATISTICS.fit(job, Settings(modalities=("face",)), WATCH)
    unlabelled = _job(sparse, {"er_emotion": np.full(12, -1)}, range(6), head)
    with pytest.raises(BadInputError, match="No training sample of fold 1"):
        STATISTICS.fit(unlabelled, Settings(), WATCH)


def test_thirds_are_of_time(sparse: Dataset) -> None:
    rows = np.asarray(sparse.clip(0).eyes, np.float64)
    found = clip_statistics(sparse, [0, 3], [1]).reshape(2, 4, 6)
    np.testing.assert_allclose(found[0, 0, 0], rows[:, 1].mean())
    # Rows at 0, 0.1, ..., 0.8 s: a third of the time is 0.267 s.
    for part, span in enumerate((slice(0, 3), slice(3, 6), slice(6, 9)), start=1):
        np.testing.assert_allclose(found[0, part, 0], rows[span, 1].mean())
    assert np.isnan(found[1, :, :5]).all()
    assert (found[1, :, 5] == 0).all()

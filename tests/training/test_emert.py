from __future__ import annotations

from pathlib import Path

import pytest
import torch

from emer_studio.core.errors import BadInputError
from emer_studio.training.nets.checkpoint import load_cnn_weights
from emer_studio.training.nets.losses import modality_loss, task_loss
from emer_studio.training.nets.network import Head, Outputs, channels_last
from emer_studio.training.nets.resnet import ResNet18
from emer_studio.training.official.topology import (
    Emert,
    EmertConfig,
    Variant,
    reverse_gradient,
)

COUNTS = {
    "value": (12_768_179, 12_249_796),
    "discrete": (12_625_209, 12_106_826),
    "intensity": (12_765_946, 12_247_563),
}


@pytest.mark.parametrize("variant", ["value", "discrete", "intensity"])
def test_parameter_counts_are_those_of_the_official_networks(variant: Variant) -> None:
    for dead, expected in zip((True, False), COUNTS[variant], strict=True):
        model = Emert(EmertConfig(variant, keep_dead_layers=dead))
        assert sum(p.numel() for p in model.parameters()) == expected


@pytest.mark.parametrize("variant", ["value", "discrete", "intensity"])
def test_shapes_and_that_every_parameter_learns(variant: Variant) -> None:
    torch.manual_seed(0)
    model = Emert(EmertConfig(variant, n_classes=3, eye_columns=5))
    output = model(
        torch.randn(2, 8, 3, 112, 112), torch.randn(2, 32, 5), torch.randn(2, 32, 2)
    )
    assert output.invariant.shape == output.specific.shape == (2, 3, 3)
    assert (output.value is None) == (variant == "discrete")
    assert (output.logits is None) == (variant == "value")
    if output.value is not None:
        assert output.value.shape == (2,)
    if output.logits is not None:
        assert output.logits.shape == (2, 3)
    loss = modality_loss(output.invariant) + modality_loss(output.specific)
    for found in (output.value, output.logits):
        loss = loss if found is None else loss + found.square().sum()
    loss.backward()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []


def test_the_gradient_is_reversed() -> None:
    x = torch.tensor([1.0, -2.0], requires_grad=True)
    y = reverse_gradient(x, 0.5)
    assert torch.equal(y, x)
    (y * torch.tensor([3.0, 4.0])).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [-1.5, -2.0]


def test_the_discriminator_learns_while_the_invariant_part_resists() -> None:
    torch.manual_seed(0)
    model = Emert(EmertConfig("discrete")).eval()
    inputs = torch.randn(2, 8, 3, 112, 112), torch.randn(2, 32, 39), torch.randn(2, 32, 2)

    def loss() -> torch.Tensor:
        return modality_loss(model(*inputs).invariant)

    start = loss()
    start.backward()
    for part, sign in ((model.discriminator, -1), (model.invariant_projection, 1)):
        kept = {name: value.clone() for name, value in part.state_dict().items()}
        with torch.no_grad():
            for p in part.parameters():
                assert p.grad is not None
                p -= 0.05 * p.grad  # one step of plain descent
            assert sign * (float(loss()) - float(start)) > 0
            part.load_state_dict(kept)


def test_a_missing_label_adds_nothing_to_the_loss() -> None:
    torch.manual_seed(0)
    heads = (Head("fer_emotion", ("a", "b", "c")), Head("fer_valence"))
    outputs = Outputs(
        {"fer_emotion": torch.randn(3, 3), "fer_valence": torch.randn(3)},
        torch.tensor(0.5),
    )
    nan = float("nan")
    none = {"fer_emotion": torch.full((3,), -1), "fer_valence": torch.full((3,), nan)}
    assert float(task_loss(outputs, none, heads, (1.0, 1.0))) == 0.5
    some = {
        "fer_emotion": torch.tensor([-1, 2, -1]),
        "fer_valence": torch.tensor([0.25, nan, -0.5]),
    }
    found = task_loss(outputs, some, heads, (1.0, 2.0))
    named = torch.nn.functional.cross_entropy(
        outputs.heads["fer_emotion"][1:2], torch.tensor([2])
    )
    number = torch.nn.functional.smooth_l1_loss(
        outputs.heads["fer_valence"][[0, 2]], torch.tensor([0.25, -0.5])
    )
    assert torch.isclose(found, 0.5 + named + 2.0 * number)


def test_channels_last_changes_nothing_that_matters() -> None:
    torch.manual_seed(0)
    model = Emert(EmertConfig("discrete")).eval()
    inputs = torch.randn(2, 8, 3, 112, 112), torch.randn(2, 32, 39), torch.randn(2, 32, 2)
    with torch.no_grad():
        before = model(*inputs).logits
        after = channels_last(model)(*inputs).logits
    torch.testing.assert_close(before, after, rtol=1e-4, atol=1e-5)


def test_cnn_weights_in_torchvision_layout(tmp_path: Path) -> None:
    torch.manual_seed(0)
    source = ResNet18(keep_fc=True)
    torch.save(source.state_dict(), tmp_path / "resnet18.pth")
    weights = load_cnn_weights(tmp_path / "resnet18.pth")
    model = Emert(EmertConfig("discrete"))
    model.subnet.f_extractor.load_state_dict(weights)
    assert torch.equal(
        model.subnet.f_extractor.layer4[1].conv2.weight, weights["layer4.1.conv2.weight"]
    )
    torch.save({"conv1.weight": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(BadInputError, match="torchvision"):
        load_cnn_weights(tmp_path / "other.pth")
    (tmp_path / "text.pth").write_text("no weights")
    with pytest.raises(BadInputError, match="not a readable"):
        load_cnn_weights(tmp_path / "text.pth")

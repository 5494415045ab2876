"""Weights under the official names give what the same network gives under ours."""

from __future__ import annotations

import json
import pickle
import re
from pathlib import Path

import pytest
import torch

from emer_studio.cli import main
from emer_studio.core.errors import BadInputError
from emer_studio.dataset.synth import SynthConfig, synthesise
from emer_studio.training.official.topology import Emert, EmertConfig
from emer_studio.training.official.weights import import_official

_TAILS = (
    (r"^discriminator\.", "distriminator."),
    (r"^subnet\.g_lstm\.", "subnet.t_lstm."),
    (r"^transformer\.layers\.", "transformer.CrossTransformerEncoder.layers."),
    (r"\.attend\.norm_q\.", ".0.norm1."),
    (r"\.attend\.norm_k\.", ".0.norm2."),
    (r"\.attend\.norm_v\.", ".0.norm3."),
    (r"\.attend\.to_", ".0.fn.to_"),
    (r"\.feed\.norm\.", ".1.norm."),
    (r"\.feed\.net\.", ".1.fn.net."),
    (r"^class_head\.", "out."),
    (r"^value_head\.", "regress."),
)
"""Names as such code has them; only those of the parts are known to be official."""


def _official(model: Emert, path: Path) -> None:
    state = {}
    for name, value in model.state_dict().items():
        for pattern, tail in _TAILS:
            name = re.sub(pattern, tail, name)
        state["module." + name] = value
    torch.save(state, path)


@pytest.mark.parametrize("variant", ["discrete", "value", "intensity"])
def test_every_tensor_finds_its_place(variant: str, tmp_path: Path) -> None:
    torch.manual_seed(1)
    config = EmertConfig(variant, keep_dead_layers=True)  # type: ignore[arg-type]
    source = Emert(config).eval()
    with torch.no_grad():  # norms start alike: only different ones can be mixed up
        for value in source.parameters():
            value.add_(0.01 * torch.randn_like(value))
    _official(source, tmp_path / "w.pth")
    model = Emert(EmertConfig(variant)).eval()  # type: ignore[arg-type]
    imported = import_official(tmp_path / "w.pth", model)
    model.load_state_dict(imported.state)
    assert imported.unused == ()
    inputs = torch.randn(2, 8, 3, 112, 112), torch.randn(2, 32, 39), torch.randn(2, 32, 2)
    with torch.no_grad():
        for mine, theirs in zip(model(*inputs), source(*inputs), strict=True):
            assert (mine is None) == (theirs is None)
            if mine is not None:
                torch.testing.assert_close(mine, theirs)
    other = Emert(EmertConfig("value" if variant != "value" else "discrete"))
    with pytest.raises(BadInputError, match="lacks"):
        import_official(tmp_path / "w.pth", other)


def test_a_file_with_code_in_it_is_refused(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "run",))

    (tmp_path / "w.pth").write_bytes(pickle.dumps({"a": Trap()}))
    with pytest.raises(BadInputError, match="not a readable weights file"):
        import_official(tmp_path / "w.pth", Emert(EmertConfig("discrete")))
    assert not (tmp_path / "run").exists()


def test_weights_are_scored_on_a_dataset(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    synthesise(tmp_path / "d", SynthConfig(participants=2, clips=2, frames=2, clip_s=1.0))
    torch.manual_seed(0)
    _official(Emert(EmertConfig("value")), tmp_path / "w.pth")
    line = ["evaluate", str(tmp_path / "w.pth"), "--dataset", str(tmp_path / "d")]
    assert main(line) == 2
    assert "--protocol" in capsys.readouterr().err
    assert main([*line, "--protocol", "er-va"]) == 2
    assert "--label er_valence or er_arousal" in capsys.readouterr().err
    words = ["--protocol", "er-va", "--label", "er_valence", "--device", "cpu", "--json"]
    assert main([*line, *words]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["samples"] == 4
    assert {"mae", "rmse", "ccc", "batch_averaged"} <= set(found)
    assert "may have been trained on" in found["remarks"][1]

"""What an ablation changes, that it goes on where it was left, and what it tells."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from emer_studio.cli import main
from emer_studio.core.files import read_json
from emer_studio.dataset.synth import SynthConfig, synthesise
from emer_studio.schema.training import parse_run
from emer_studio.study.runs import open_run
from emer_studio.training.ablation.variants import DEVIATIONS, WHOLE, variants
from emer_studio.training.fit.job import Settings
from emer_studio.training.models.emert import PARTS, StudioEmert
from emer_studio.training.nets.network import Head, Inputs, Shape
from emer_studio.training.presets import OFFICIAL, STUDIO, View
from emer_studio.training.runs.run_info import settings_of
from emer_studio.training.train_command import train_command
from training_runs import write_random

HEADS = (Head("er3", ("negative", "neutral", "positive")), Head("er_valence"))
SHAPE = Shape(face_frames=2, eye_rows=4, eye_width=5, face_net="small")


def _inputs() -> Inputs:
    rng = torch.Generator().manual_seed(0)
    one = torch.ones
    return Inputs(
        torch.rand(3, 2, 3, 112, 112, generator=rng), one(3, 2),
        torch.rand(3, 4, 5, generator=rng), one(3, 4),
        torch.rand(3, 4, 2, generator=rng), one(3, 4), torch.zeros(3, 0, 36, 64),
    )  # fmt: skip


def test_the_last_step_is_the_official_preset_and_every_deviation_is_a_step() -> None:
    steps = [one for one in variants(["official"]) if one.group == "official"]
    assert len(steps) == len(DEVIATIONS)
    last = steps[-1].change(Settings())
    assert replace(last.preset, epochs=OFFICIAL.epochs) == OFFICIAL
    assert last.face_net == "resnet18"
    seen = [one.change(Settings()) for one in steps]
    assert len({str(settings) for settings in [Settings(), *seen]}) == len(steps) + 1
    assert [one.before for one in steps] == ["", *(one.name for one in steps[:-1])]
    apart = {
        f.name
        for f in fields(STUDIO)
        if getattr(STUDIO, f.name) != getattr(OFFICIAL, f.name)
    }
    assert apart - {"name", "view", "corrected", "epochs"} == {
        "augment", "drop_modality", "joint", "others", "learning_rate", "weight_decay",
        "decoupled", "warm_up", "clip_norm", "patience",
    }  # fmt: skip


def test_there_are_seven_subsets_and_each_part_is_left_out_once() -> None:
    subsets = {one.change(Settings()).modalities for one in variants(["modalities"])}
    assert len(subsets) == 7
    parts = [one for one in variants(["parts"]) if one is not WHOLE]
    left_out = {part for one in parts for part in one.change(Settings()).without}
    assert left_out == set(PARTS)
    assert variants(names=["official-02-modality-dropout"])[1].name.startswith(
        "official-01"
    )


def test_a_matrix_leaves_each_part_out_of_each_subset_that_has_it() -> None:
    every = {one.name: one for one in variants(["matrix"])}
    cells = [one for one in every.values() if one.group == "matrix"]
    assert {every[one.before].group for one in cells} == {"modalities"}
    assert {every[one.part].group for one in cells} == {"parts"}
    assert len({one.before for one in cells}) == 6  # with all three: the parts themselves
    assert len(cells) == 3 * 7 + 4 + 5 + 4
    for one in cells:
        seen = every[one.before].change(Settings())
        assert every[one.part].change(seen) == one.change(Settings()) != seen
    alone = [one for one in cells if one.before in ("only-face", "only-eye", "only-gaze")]
    assert not {"split", "decoupling"} & {
        p for v in alone for p in v.change(Settings()).without
    }
    names = [one.name for one in variants(names=["only-face-without-attention"])]
    assert names == [
        "whole",
        "only-face",
        "without-attention",
        "only-face-without-attention",
    ]


@pytest.mark.parametrize("part", PARTS)
def test_a_part_left_out_changes_the_network_and_nothing_before_it(part: str) -> None:
    def made(*without: str) -> StudioEmert:
        torch.manual_seed(0)
        return StudioEmert(replace(SHAPE, without=without), HEADS)

    whole, less = made(), made(part)
    own = dict(less.named_parameters())
    for name, value in whole.named_parameters():
        if name in own:
            assert torch.equal(own[name], value)
    assert len(own) < len(list(whole.named_parameters()))
    for network in (whole, less):
        network.progress(1.0)
        network.train()
    with torch.no_grad():
        asked, all_of_it = less(_inputs()), whole(_inputs())
    assert asked.heads["er3"].shape == (3, 3)
    assert float(all_of_it.penalty) > 0
    assert (float(asked.penalty) == 0) == (part != "attention")
    same = torch.allclose(
        whole.eval()(_inputs()).heads["er3"], less.eval()(_inputs()).heads["er3"], atol=1e-5
    )
    assert same == (part == "decoupling")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("ablate")
    synthesise(made / "d", SynthConfig(participants=4, clips=4, frames=8, clip_s=2.0))
    return made


def _ablate(folder: Path, *more: str) -> int:
    words = (
        "--protocol",
        "er3",
        "--folds",
        "2",
        "--epochs",
        "1",
        "--out",
        str(folder / "a"),
    )
    names = "without-attention,official-01-augmentation,official-02-modality-dropout"
    return main(["ablate", str(folder / "d"), *words, "--variants", names, *more])


def test_an_ablation_is_one_job_that_goes_on_where_it_was_left(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _ablate(folder, "--html", str(folder / "a.html"), "--json") == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    rows = {row["name"]: row for row in told["variants"]}
    assert list(rows) == [
        "whole", "without-attention", "official-01-augmentation",
        "official-02-modality-dropout",
    ]  # fmt: skip
    for name, row in rows.items():
        assert (
            row["score"]["value"] == read_json(folder / "a" / name / "results.json")["war"]
        )
        (gap,) = row["less_whole"] or [{"difference": 0.0}]
        less = row["score"]["value"] - rows["whole"]["score"]["value"]
        assert gap["difference"] == pytest.approx(less)
    step = rows["official-02-modality-dropout"]
    assert step["before"] == "official-01-augmentation"
    before = rows["official-01-augmentation"]["score"]["value"]
    assert step["less_before"][0]["difference"] == pytest.approx(
        step["score"]["value"] - before
    )
    for row in told["variants"][1:]:
        (gap,) = row["less_whole"]
        assert gap["p_holm"] >= gap["p"]
    assert step["less_before"][0]["p"] is not None
    assert step["less_before"][0]["p_holm"] is None  # alone, it is corrected for nothing
    assert len(told["deviations"]) == len(DEVIATIONS)
    written = (folder / "a.html").read_text()
    assert "means instead of cross-attention" in written
    assert "Step by step to official-2024" in written

    # Killed in the middle of the second run: only that one is trained again.
    info = folder / "a" / "without-attention" / "run.json"
    info.write_text(info.read_text().replace('"state": "done"', '"state": "running"'))
    (folder / "a" / "without-attention" / "results.json").unlink()
    kept = {p: p.stat().st_mtime_ns for p in (folder / "a").glob("*/results.json")}
    assert _ablate(folder, "--json") == 0
    again = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert again["variants"] == told["variants"]
    assert all(path.stat().st_mtime_ns == when for path, when in kept.items())
    assert len(list((folder / "a").glob("*/results.json"))) == 4

    assert _ablate(folder, "--epochs", "2") == 2
    assert "epochs differ" in capsys.readouterr().err


def test_a_variant_is_evaluated_and_named_as_it_was_made(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = folder / "a" / "without-attention"
    info = open_run(run).info
    assert (info.variant, info.without) == ("without-attention", ("attention",))
    assert open_run(run).kind == "emert (without-attention)"
    assert "ablate d --protocol er3 --variants without-attention" in train_command(info)
    assert main(["evaluate", str(run), "--dataset", str(folder / "d"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["same_as_run"] is True
    step = open_run(folder / "a" / "official-02-modality-dropout").info
    assert step.changes == {"augment": False, "drop_modality": 0.0}
    preset = settings_of(step, "cpu").preset
    assert preset == replace(STUDIO, augment=False, drop_modality=0.0, view=View())
    old = info.model_dump(mode="json")
    for name in ("variant", "without", "changes"):
        del old[name]
    assert settings_of(parse_run(old, "run.json"), "cpu").without == ()


def test_several_seeds_are_told_as_mean_and_deviation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset, out, page = write_random(tmp_path / "d"), tmp_path / "a", tmp_path / "a.html"
    words = ["ablate", str(dataset), "--protocol", "er3", "--folds", "2", "--epochs", "1"]
    words += ["--seeds", "3,4", "--maps", "--out", str(out)]
    words += ["--variants", "only-face-without-attention"]
    none = str(tmp_path / "none.pth")
    assert main([*words, "--cnn-weights", none]) == 2
    assert f"{none} does not exist" in capsys.readouterr().err
    assert not out.exists()

    words += ["--cnn-weights", "none"]
    assert main([*words, "--html", str(page), "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    whole, less, part, cell = told["variants"]
    wars = {
        name: [read_json(out / f"seed{k}" / name / "results.json")["war"] for k in (3, 4)]
        for name in ("whole", "only-face", cell["name"])
    }
    assert whole["score"]["values"] == wars["whole"]
    assert whole["score"]["value"] == pytest.approx(np.mean(wars["whole"]))
    assert whole["score"]["sd"] == pytest.approx(np.std(wars["whole"], ddof=1))
    gaps = np.subtract(wars["only-face"], wars["whole"])
    (gap,) = less["less_whole"]
    assert gap["values"] == pytest.approx(gaps)
    assert gap["difference"] == pytest.approx(gaps.mean())
    assert (gap["p"], gap["ci95"]) == (None, None)
    assert f"{gaps.mean():+.3f} ± {gaps.std(ddof=1):.3f}" in page.read_text()
    assert (cell["before"], cell["part"]) == (less["name"], part["name"])
    value, before = (float(np.mean(wars[name])) for name in (cell["name"], less["name"]))
    assert f">{before:.3f}</td>" in page.read_text()
    assert f">{value - before:+.3f}</td>" in page.read_text()
    assert "seeds 3, 4" in page.read_text()
    assert "One seed" not in page.read_text()
    looks = {n: open_run(out / "seed3" / n).info for n in ("whole", "only-face")}
    assert [looks[name].maps for name in looks] == [True, False]
    assert train_command(looks["whole"]).count("--maps --cnn-weights none") == 1
    done = {path: path.stat().st_mtime_ns for path in out.glob("*/*/results.json")}
    assert main([*words, "--json"]) == 0  # nothing is trained twice
    assert {path: path.stat().st_mtime_ns for path in done} == done


def test_an_unknown_variant_lists_them_all(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "ablate",
        str(folder / "d"),
        "--protocol",
        "er3",
        "--variants",
        "without-sense",
    ]
    assert main(words) == 2
    said = capsys.readouterr().err
    assert "without-sense" in said
    assert "only-face-eye" in said

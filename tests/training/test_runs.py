"""The registry of runs and what is said about them, on runs whose answers are decided."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest

from emer_studio.cli import main
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import read_json, write_json
from emer_studio.core.lockfile import holder_of
from emer_studio.study.run_changes import delete, pin, rename
from emer_studio.study.runs import open_run, runs_at
from emer_studio.training import cmd_train
from emer_studio.training.comparing.comparison import Comparison
from emer_studio.training.comparing.paired_tests import holm, mcnemar
from emer_studio.training.comparing.remarks import few_words
from emer_studio.training.comparing.runs import compare_runs
from emer_studio.training.train_command import train_command
from run_folders import FOLDS, PEOPLE, right_except, run_info, write_numbers, write_run

N = 72
SHARED = (0, 1, 2)  # places that both get wrong
ONLY_B = tuple(range(3, 5))  # wrong in A alone: 2
ONLY_A = tuple(range(5, 50, 5))  # wrong in B alone: 9


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A, which is right more often than B, in a folder of runs."""
    write_run(tmp_path / "runs" / "a", right_except(*SHARED, *ONLY_B))
    write_run(tmp_path / "runs" / "b", right_except(*SHARED, *ONLY_A), seed=1)
    return tmp_path / "runs"


def _compared(*folders: Path, **more: bool) -> Comparison:
    return compare_runs([open_run(folder) for folder in folders], **more)


def _refused(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    assert main([*map(str, words)]) == 2
    said = capsys.readouterr().err
    assert said.count("emer-studio:") == 1
    return said


def _json(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    assert main([*map(str, words), "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found


# -- comparing


def test_a_difference_is_what_can_be_counted_by_hand(runs: Path) -> None:
    (pair,) = _compared(runs / "b", runs / "a").pairs
    assert (pair.run, pair.against) == ("a", "b")
    (label,) = pair.labels
    war = label.scores[0]
    assert (war.score, label.samples, pair.same_folds) == ("war", N, True)
    assert war.run == pytest.approx(67 / N)
    assert war.difference == pytest.approx((9 - 2) / N)
    assert war.ci95 is not None
    assert war.ci95[0] < war.difference < war.ci95[1]
    right = label.right
    assert right is not None
    assert (right.both, right.run_only, right.against_only, right.neither) == (58, 9, 2, 3)
    assert right.p == pytest.approx(binomtest(9, 11).pvalue, rel=1e-12)
    by_hand = {k: [0, 0] for k in (1, 2, 3)}
    for n in range(N):
        fold = by_hand[FOLDS[PEOPLE[n // 6]]]
        fold[0] += n not in (*SHARED, *ONLY_B)
        fold[1] += n not in (*SHARED, *ONLY_A)
    for fold in label.folds:
        mine, yours = by_hand[fold.fold]
        assert (fold.samples, fold.difference) == (24, pytest.approx((mine - yours) / 24))


def test_the_order_of_runs_changes_nothing_but_the_sign(runs: Path) -> None:
    there, back = (
        _compared(runs / x, runs / y).pairs[0].labels[0].scores[0] for x, y in ("ab", "ba")
    )
    assert there.difference == -back.difference
    assert there.p == back.p
    assert there.p_crossed == back.p_crossed
    assert there.ci95 is not None
    assert back.ci95 is not None
    assert there.ci95 == pytest.approx((-back.ci95[1], -back.ci95[0]))


@pytest.mark.parametrize(("one", "other"), [(0, 0), (1, 0), (4, 4), (300, 250), (7, 1900)])
def test_mcnemar_is_the_exact_binomial_test(one: int, other: int) -> None:
    mine = np.array([True] * one + [False] * other + [True])
    yours = np.array([False] * one + [True] * other + [True])
    expected = binomtest(one, one + other).pvalue if one + other else 1.0
    assert mcnemar(mine, yours).p == pytest.approx(expected, rel=1e-9)


def test_holm_corrects_what_is_known_and_keeps_the_order() -> None:
    assert holm([0.01, 0.04, None, 0.03]) == pytest.approx([0.03, 0.06, None, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]


def test_several_runs_are_corrected_for_and_one_like_another_is_no_better(
    runs: Path,
) -> None:
    write_run(runs / "c", right_except(*SHARED, *ONLY_B))
    told = _compared(runs / "a", runs / "b", runs / "c")
    to_b, to_c = (pair.labels[0] for pair in told.pairs)
    assert to_b.right is not None
    assert to_b.right.p_holm == pytest.approx(2 * to_b.right.p)
    assert (to_c.scores[0].difference, to_c.scores[0].p) == (0, 1)
    assert to_b.scores[0].p is not None
    assert to_b.scores[0].p_holm == pytest.approx(min(1, 2 * to_b.scores[0].p))
    assert any("corrected for the 2" in remark for remark in told.remarks)
    assert len(_compared(runs / "a", runs / "b", runs / "c", all_pairs=True).pairs) == 3


def test_few_people_or_stimuli_are_said(runs: Path) -> None:
    told = _compared(runs / "a", runs / "b").remarks
    assert [r for r in told if "are tested" in r] == [
        "6 stimuli are tested: with fewer than 10, intervals over people and stimuli are"
        " too narrow and their p too small."
    ]
    assert len(few_words(people=9, stimuli=9)) == 2
    for enough_or_none_drawn in (10, 1, 0):
        assert few_words(10, enough_or_none_drawn) == []


def test_runs_that_tested_other_samples_share_what_they_share(runs: Path) -> None:
    write_run(runs / "less", people=PEOPLE[1:], withdrawn=[PEOPLE[0]])
    told = _compared(runs / "a", runs / "less")
    (pair,) = told.pairs
    label = pair.labels[0]
    assert (label.samples, label.run_only, label.against_only) == (66, 0, 6)
    assert label.scores[0].difference == 0  # all that A gets wrong is of the first person
    assert "on the 66 test samples that both have; left out are 0 and 6" in pair.remarks[0]
    assert "less: 1 participant has withdrawn" in told.remarks[0]
    other = {who: 1 + n % 2 for n, who in enumerate(PEOPLE)}
    write_run(runs / "halves", folds=other)
    (pair,) = _compared(runs / "a", runs / "halves").pairs
    assert not pair.same_folds
    assert not pair.labels[0].folds
    assert pair.labels[0].scores[0].difference == pytest.approx(5 / N)
    assert "trained on other people" in pair.remarks[0]


def test_another_dataset_is_never_paired(runs: Path) -> None:
    write_run(runs / "x", dataset_manifest_sha256="b" * 64, synthetic=True)
    told = _compared(runs / "a", runs / "x")
    (pair,) = told.pairs
    score = pair.labels[0].scores[0]
    assert not pair.paired
    assert pair.labels[0].right is None
    assert score.difference == pytest.approx(5 / N)
    assert (score.p, score.ci95, score.p_holm) == (None, None, None)
    assert score.against_ci95 is not None
    assert "nothing is tested" in pair.remarks[0]


def test_numbers_are_compared_for_each_label(tmp_path: Path) -> None:
    write_numbers(tmp_path / "a", {"er_valence": 0.1, "er_arousal": -0.3})
    write_numbers(tmp_path / "b", {"er_valence": 0.2, "er_arousal": -0.3})
    valence, arousal = _compared(tmp_path / "b", tmp_path / "a").pairs[0].labels
    assert [s.score for s in valence.scores] == ["rmse", "mae", "ccc", "pearson"]
    assert valence.right is None
    assert valence.scores[1].difference == pytest.approx(-0.1)
    assert valence.scores[1].ci95 == pytest.approx((-0.1, -0.1))
    assert arousal.scores[1].difference == pytest.approx(0, abs=1e-9)


def test_what_cannot_be_compared_is_refused_in_a_sentence(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compare = ("runs", "compare", runs / "a")
    write_run(runs / "er7", protocol="er7")
    assert "a: er3, er7: er7" in _refused(capsys, *compare, runs / "er7")
    write_json(runs / "cut" / "run.json", run_info("er3", FOLDS, state="running"))
    assert "it is killed" in _refused(capsys, *compare, runs / "cut")
    assert "given twice" in _refused(capsys, *compare, runs / "a")
    assert "at least two" in _refused(capsys, *compare)
    assert "not a training run" in _refused(capsys, *compare, runs)
    for name, people in (("first", PEOPLE[:6]), ("last", PEOPLE[6:])):
        write_run(runs / name, people=people)
    apart = runs / "first", runs / "last"
    assert "share no test sample" in _refused(capsys, "runs", "compare", *apart)
    table = runs / "b" / "predictions.csv"
    lines = table.read_text().splitlines()
    changed = lines[1].replace("negative", "positive", 1)
    table.write_text("\n".join([lines[0], changed, *lines[2:]]))
    assert "disagree about what is right for er3" in _refused(capsys, *compare, runs / "b")
    table.write_text("\n".join([*lines, lines[5]]))
    assert "line 74: S001/c5 was tested twice" in _refused(capsys, *compare, runs / "b")
    table.write_text("\n".join([lines[0], lines[1].replace("negative", "joy"), *lines[2:]]))
    told = _refused(capsys, *compare, runs / "b")
    assert (
        "line 2 is wrong: expected one of negative, neutral, positive, found 'joy'" in told
    )
    table.write_text("\n".join([*lines, "S001/c9,S001"]))
    assert "line 74: expected a label out of er3" in _refused(capsys, *compare, runs / "b")


def test_a_comparison_is_told_and_written(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = runs.parent / "c.html"
    assert (
        main(["runs", "compare", *map(str, (runs / "b", runs / "a")), "--html", str(page)])
        == 0
    )
    text = capsys.readouterr().out
    for words in ("+0.097", "p (McNemar)", "WAR by fold", "trained once"):
        assert words in text
    html = page.read_text()
    assert '<meta name="emer-report" content="compare"' in html
    assert "McNemar" in html
    assert "S001" not in html
    assert "already exists" in _refused(
        capsys, "runs", "compare", runs / "a", runs / "b", "--html", page
    )


# -- the registry


def test_a_list_tells_what_lives_from_what_was_killed(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unfinished = run_info("er3", FOLDS, state="running", started="2026-11-21T09:00:00Z")
    dead = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    for name, pid in (("alive", os.getpid()), ("dead", dead.pid)):
        write_json(runs / name / "run.json", unfinished)
        write_json(runs / name / "train.lock", {"pid": pid})
    assert open_run(runs / "dead").state == "running"
    dead.kill()
    dead.communicate()
    (runs / "broken").mkdir()
    (runs / "broken" / "run.json").write_text("{")
    write_run(runs / "b", maps=True, modalities=["face", "eye"])
    found = _json(capsys, "runs", "list", runs)
    states = {Path(run["folder"]).name: run["state"] for run in found["runs"]}
    assert states == {"alive": "running", "dead": "killed", "a": "done", "b": "done"}
    assert {Path(run["folder"]).name for run in found["runs"][:2]} == {"alive", "dead"}
    assert "not valid JSON" in found["damaged"][0]["why"]
    main(["runs", "list", str(runs)])
    text = capsys.readouterr().out
    assert "WAR 0.931 [0.400, 0.950]" in text
    assert "killed: it broke off" in text
    assert "emert (face, eye, with maps)" in text
    assert "holds no training run" in _refused(capsys, "runs", "list", runs.parent / "no")


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("OURS", True),
        ('{"pid": 1, "host": "another-computer"}', True),  # nobody can tell from here
        ("999999999", False),
        ('{"pid": "x"}', False),
        ("{", False),
        ("[]", False),
    ],
)
def test_a_lock_counts_while_its_process_lives(
    tmp_path: Path, text: str, held: bool
) -> None:
    (tmp_path / "train.lock").write_text(text.replace("OURS", str(os.getpid())))
    assert (holder_of(tmp_path / "train.lock") is not None) == held


def test_a_dataset_lists_its_own_runs_and_a_study_all(runs: Path) -> None:
    base = runs.parent
    for name in ("one", "two"):
        (base / name).mkdir()
        (base / name / "samples.csv").touch()
        (base / name / "manifest.json").write_text(name)
    write_run(runs / "of-one", dataset=str((base / "one").resolve()))
    assert [entry.name for entry in runs_at(base / "one")[0]] == ["of-one"]
    assert runs_at(base / "two")[0] == []
    study = base / "study"
    study.mkdir()
    (study / "study.yaml").touch()
    runs.rename(study / "derived")
    assert len(runs_at(study)[0]) == 3


def test_a_name_and_a_pin_leave_the_evidence_alone(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (runs / "a" / "run.json").read_bytes()
    assert rename(runs / "a", " All clips ").name == "All clips"
    assert pin(runs / "a", pinned=True).name == "All clips"
    assert main(["runs", "note", str(runs / "a"), "lamp was off"]) == 0
    assert (runs / "a" / "run.json").read_bytes() == before
    main(["runs", "list", str(runs)])
    told = capsys.readouterr().out
    assert "*  All clips" in told
    assert "All clips: lamp was off" in told
    assert rename(runs / "a", "").name == "a"
    for name in ("x" * 81, "two\nlines"):
        assert "one line and up to 80" in _refused(
            capsys, "runs", "rename", runs / "a", name
        )
    write_json(runs / "b" / "registry.json", {"pinned": "perhaps"})
    assert "registry.json is wrong: pinned" in _refused(capsys, "runs", "pin", runs / "b")


def test_a_run_is_deleted_whole_or_not_at_all(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    doomed = runs / "b"
    pin(doomed, pinned=True)
    assert "is pinned" in _refused(capsys, "runs", "delete", doomed, "--yes")
    assert main(["runs", "unpin", str(doomed)]) == 0
    assert "Add --yes" in _refused(capsys, "runs", "delete", doomed)
    write_json(doomed / "run.json", {**read_json(doomed / "run.json"), "state": "running"})
    write_json(doomed / "train.lock", {"pid": os.getpid()})
    assert "being trained" in _refused(capsys, "runs", "delete", doomed, "--yes")
    (doomed / "train.lock").unlink()
    (doomed / "data").mkdir()
    (doomed / "data" / "samples.csv").touch()
    assert "more than a run (samples.csv)" in _refused(
        capsys, "runs", "delete", doomed, "--yes"
    )
    (doomed / "data" / "samples.csv").rename(doomed / "data" / "curves.csv")
    assert len(list(doomed.iterdir())) == 5  # all that was refused has left it as it was
    crashed = runs / ".c.run-deleted"  # as a crash within an earlier deletion leaves it
    write_run(crashed)
    assert [entry.name for entry in runs_at(runs)[0]] == ["a", "b"]
    assert delete(doomed) > 1000
    assert [path.name for path in runs.iterdir()] == ["a"]
    with pytest.raises(BadInputError, match="not a training run"):
        delete(runs)


# -- what leaves the lab


def test_a_card_says_what_it_is_for_and_names_nobody(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rename(runs / "a", "With | maps")
    out = runs.parent / "card.md"
    assert main(["runs", "card", str(runs / "a"), "--out", str(out)]) == 0
    card = out.read_text()
    for words in (
        "# Model card: With \\| maps", "a" * 64, "| participants | 12 |",
        "EMERT, all test samples | 0.931", "majority: always", "24 | 33.3 %",
        "Article 5(1)(f)", "What is felt is not what is shown", "not known: the dataset",
    ):  # fmt: skip
        assert words in card, words
    assert not any(who in card for who in PEOPLE)
    assert "/nowhere" not in card
    page = out.with_suffix(".html")
    assert main(["runs", "card", str(runs / "a"), "--out", str(page)]) == 0
    html = page.read_text()
    assert html.count("data:image/png") == 3
    assert not any(who in html for who in PEOPLE)
    write_run(runs / "made", synthetic=True)
    capsys.readouterr()
    assert main(["runs", "card", str(runs / "made")]) == 0
    assert "> **SYNTHETIC" in capsys.readouterr().out
    assert "ending in .md or .html" in _refused(
        capsys, "runs", "card", runs / "a", "--out", out.with_suffix(".pdf")
    )


def test_the_command_of_a_card_is_one_that_train_takes(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    cmd_train.arguments(parser)
    about = {"preset": "official-2024", "maps": True, "modalities": ["face", "eye"]}
    more = {"cnn_init": "sha256:0", "dataset": "/home/maria/pilot set", "frozen": True}
    info = open_run(write_run(tmp_path / "r", **about, **more)).info
    line = shlex.split(train_command(info))
    assert line[:3] == ["emer-studio", "train", "pilot set"]
    args = parser.parse_args(line[2:])
    assert (args.protocol, args.folds, args.folds_by) == ("er3", 3, "participant")
    assert (args.model, args.preset, args.face_net) == (
        "emert",
        about["preset"],
        "resnet18",
    )
    assert (args.epochs, args.seed, args.device) == (3, 0, "cpu")
    assert args.modalities == ("face", "eye")
    assert args.maps
    assert args.corrected_input
    assert args.cnn_weights == Path("FILE")
    assert args.frozen
    assert (args.precision, args.compile, args.graph) == ("fp32", False, False)
    random = info.model_copy(update={"cnn_init": "random"})
    assert "--cnn-weights none" in train_command(random)


def test_figures_are_files_that_come_out_the_same(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = []
    for name in ("one", "two"):
        out = runs.parent / name
        assert main(["runs", "figures", str(runs / "a"), "--out", str(out)]) == 0
        drawn.append({path.name: path.read_bytes() for path in out.iterdir()})
    assert sorted(drawn[0]) == [
        f"{name}.{ending}"
        for name in ("confusion_er3", "folds_war", "reliability_er3")
        for ending in ("png", "svg")
    ]
    assert drawn[0] == drawn[1]
    assert b">neutral<" in drawn[0]["confusion_er3.svg"]
    assert "already exists" in _refused(
        capsys, "runs", "figures", runs / "a", "--out", runs.parent / "one"
    )

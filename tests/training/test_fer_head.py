"""From blind labels to the next pre-labeller, on recorded sessions of drawn faces."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from emer_studio.cli import main
from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import WorkFailedError
from emer_studio.core.process import Child
from emer_studio.fer.heads import choose, mark_of
from emer_studio.fer.known import entry_of, known_models, own_entry
from emer_studio.fer.runs import run_of, show, write_about
from emer_studio.labels.blind import blind_labels
from emer_studio.labels.ratings import events_of
from emer_studio.labels.store import open_store
from emer_studio.schema.fer_head import FerHeadRun, read_head
from emer_studio.schema.predictions import PredictedItems, PrelabelSummary, read_summary
from emer_studio.study.folder import Study, create_study, open_study
from emer_studio.training.fer_head.export import Member, check_parity
from emer_studio.training.fer_head.net import FerHead
from emer_studio.withdrawal.reach import find
from raters_of_labels import say
from sessions import CLIPS, write_session

PEOPLE, TRIALS = ("P001", "P002", "P003", "P004"), 3
SMALL = ("--folds", "2", "--epochs", "14", "--min-clips", "8", "--device", "cpu")
ASSISTED = {"mode": "assisted", "model": "mini-xception"}


@dataclass(frozen=True)
class Made:
    """A study, and the head that was trained on it."""

    study: Study
    sessions: dict[str, Path]
    assisted: str
    out: Path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EMER_STUDIO_HOME", str(folder))
        yield folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Made:
    study = create_study(tmp_path_factory.mktemp("s") / "study", name="Our lab", seed=5)
    sessions = {
        code: write_session(
            study, code, trials=TRIALS, size=(320, 240), moment_s=7.3 * number
        )
        for number, code in enumerate(PEOPLE)
    }
    assisted = f"{sessions['P002'].name}/trial-3"
    store = open_store(study)
    for folder in sessions.values():
        for trial in range(1, TRIALS + 1):
            item = f"{folder.name}/trial-{trial}"
            about = {"visible": {"mode": "blind"}, "input_by": "key", "stage": "A"}
            if item == assisted:
                about |= {"visible": ASSISTED, "stage": "B"}
            for rater in ("E1", "E2", "E3"):
                store.append_many(rater, item, {"category": CLIPS[trial - 1]}, **about)
    store.close()
    for folder in sessions.values():
        _pre_label(folder, "anger")
    assert main(["train-head", str(study.folder), *SMALL, "--json"]) == 0
    return Made(study, sessions, assisted, study.derived / "heads" / "our-lab-head")


def _pre_label(session: Path, always: str) -> None:
    """Let a model have said the same of every clip."""
    place = run_of(session / "face_001.mkv", "old-model")
    p = dict.fromkeys(EMOTIONS, 0.05) | {always: 0.7}
    about: dict[str, Any] = {
        "app_version": "0", "table": "face_001.csv", "model": "old-model",
        "model_sha256": "0" * 64,
    }  # fmt: skip
    one = {"frames": 12, "face_share": 1.0, "p_top": p, "p_mean": p, "category": always}
    items = {f"{session.name}/trial-{k + 1}": one for k in range(TRIALS)}
    summary = PrelabelSummary(
        **about, source="face_001.mkv", source_sha256="0" * 64, detector="haar",
        detector_sha256="0" * 64, frames=1, faces=1, frames_with_face=1, frames_multi=0,
        mean_p={}, fps=1.0,
    )  # fmt: skip
    place.table.parent.mkdir(parents=True)
    place.table.write_text("frame\n")
    write_about(place, summary, PredictedItems.model_validate({**about, "items": items}))
    show(session / "face_001.mkv", "old-model")


def _rows(out: Path) -> list[dict[str, str]]:
    with (out / "predictions.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_it_is_judged_on_people_it_had_not_seen_beside_what_it_would_replace(
    made: Made,
) -> None:
    run, rows = read_head(made.out), _rows(made.out)
    assert sorted(p for fold in run.split for p in fold.test) == sorted(PEOPLE)
    for fold in run.split:
        assert not set(fold.test) & {*fold.train, *fold.validation}
    right = np.mean([row["truth"] == row["prediction"] for row in rows])
    assert run.scores.war == pytest.approx(right)
    assert run.scores.war > run.commonest  # one drawn person, three faces
    assert run.against is not None
    assert (run.against.model, run.against.other.war) == ("old-model", 0.0)
    assert run.against.differences["war"].difference == pytest.approx(run.scores.war)
    assert run.against.differences["war"].p < 0.05
    assert 0 < run.scores.ece < 1
    assert run.against.other.ece == pytest.approx(0.7)  # sure to .7, never right
    assert run.simulated
    assert {path.name for path in made.out.iterdir()} == {
        "our-lab-head.onnx", "our-lab-head.toml", "run.json", "predictions.csv",
    }  # fmt: skip
    assert (made.study.derived / "dataset" / "manifest.json").is_file()  # made for it
    # A withdrawal finds it, and flags it as it flags every run.
    assert made.out in find(made.study, "P001", video_only=False).runs
    about = json.loads((made.out / "run.json").read_text())
    assert FerHeadRun.model_validate({**about, "withdrawn": ["P001"]}).withdrawn


def test_a_label_that_a_model_suggested_is_neither_learned_from_nor_a_judge(
    made: Made,
) -> None:
    names = {row["sample_id"] for row in _rows(made.out)}
    assert len(names) == len(PEOPLE) * TRIALS - 1
    assert made.assisted not in names
    run = read_head(made.out)
    assert (run.elsewhere, run.unseen, run.scores.clips) == (1, 0, len(names))


def test_who_saw_a_prediction_in_the_blind_pass_is_not_blind(tmp_path: Path) -> None:
    study = create_study(tmp_path / "study", seed=1)
    three = [(rater, "A", "s/trial-1", {"category": "fear"}) for rater in ("A", "B", "C")]
    say(study, [*three, *((who, "A", "s/trial-2", said) for who, _, _, said in three)])
    store = open_store(study)
    store.seen("C", "s/trial-2", visible=ASSISTED, stage="A")
    store.close()
    found = blind_labels(events_of(study))
    assert (set(found.agreed), found.elsewhere) == ({"s/trial-1"}, 1)


def test_the_file_says_what_the_network_says(made: Made) -> None:
    entry = own_entry(made.out / "our-lab-head.toml")
    content = (made.out / entry.file).read_bytes()
    assert 0 <= read_head(made.out).parity < 1e-4
    assert str(Path(__file__).parents[2]).encode() not in content
    torch.manual_seed(1)
    others = [
        Member(head.output, FerHead().eval(), head.trained_on) for head in entry.heads
    ]
    with pytest.raises(WorkFailedError, match="something else than the network"):
        check_parity(entry, content, others, torch.randn(3, 3, 112, 112))


def test_nobody_is_pre_labelled_by_a_network_that_knows_them(
    made: Made, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, study = "our-lab-head", Path(shutil.copytree(made.study.folder, home / "copy"))
    assert main(["models", "import", name, str(made.out / f"{name}.onnx")]) == 0
    entry, run = entry_of(name), read_head(made.out)
    known = {head.output: head.trained_on for head in entry.heads}
    assert [len(marks) for marks in known.values()] == [4, 2, 2]
    new = write_session(open_study(study), "P009", trials=1, size=(320, 240))
    videos = {
        code: study / "sessions" / folder.name / "face_001.mkv"
        for code, folder in [*made.sessions.items(), ("P009", new)]
    }
    for code, video in videos.items():
        output = choose(entry, video).output
        assert mark_of(code, 5) not in known[output]
        fold = next((f"fold{f.fold}" for f in run.split if code in f.test), "everybody")
        assert output == fold
    two = (videos["P001"], videos["P009"])
    words = ("prelabel", *(str(v.parent) for v in two), "--detector", "haar", "--json")
    assert main([*words, "--model", name]) == 0
    for video in two:
        summary = read_summary(run_of(video, name).summary)
        spoke = choose(entry, video).output
        assert (summary.model, spoke in summary.remark) == (name, True)
    capsys.readouterr()
    assert main(list(words)) == 0  # from now on without naming it
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["model"] == name
    only = entry.model_copy(update={"heads": entry.heads[:1]})
    assert "learned from P001" in choose(only, made.sessions["P001"] / "x.mkv").why_not
    (home / "models" / entry.file).unlink()
    (home / "models" / f"{name}.toml").unlink()


def test_too_few_labels_are_one_clear_message(
    made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outside = Path(shutil.copytree(made.study.derived / "dataset", tmp_path / "d"))
    study, out = str(made.study.folder), tmp_path / "out"
    cases = [
        ([study], "at least 100 clips that experts agree on blind; found 11. 1 more were"),
        ([study, *SMALL, "--folds", "5"], "at least 5 labelled participants, found 4"),
        ([study, *SMALL, "--against", "nobody"], "been pre-labelled by nobody"),
        ([study, *SMALL, "--name", "Our Head"], "small letters"),
        ([str(outside), *SMALL], "which of its FER labels were given blind"),
        ([str(tmp_path), *SMALL], "is not a dataset"),
    ]
    for words, says in cases:
        assert main(["train-head", *words, "--out", str(out)]) == 2
        told = capsys.readouterr().err
        assert says in told
        assert told.count("emer-studio:") == 1
    assert not out.exists()


def test_killed_it_goes_on_to_the_very_same_head(
    made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = Path(shutil.copytree(made.study.folder, tmp_path / "study"))
    shutil.rmtree(study / "derived" / "heads")
    before = {path for path in study.rglob("*") if path.is_file()}
    words = ["train-head", str(study), *SMALL, "--name", "our-lab-head"]
    child = Child("head", [*words, "--events", "--adopt"])
    try:
        child.wait_for("network", timeout_s=90)  # the first of three
        os.kill(child.pid, signal.SIGKILL)
    finally:
        child.stop()
    out = study / "derived" / "heads" / "our-lab-head"
    parts = out.with_name(".our-lab-head.parts")
    left = {path for path in study.rglob("*") if path.is_file()} - before
    assert {path.parent for path in left} == {parts}  # nothing that is a model or a run
    assert "our-lab-head" not in {entry.name for entry in known_models()}
    assert parts in find(open_study(study), "P001", video_only=False).shared
    kept = {path: path.read_bytes() for path in parts.glob("*.pt")}
    assert 1 <= len(kept) < 3

    capsys.readouterr()
    store = open_store(open_study(study))
    item = f"{made.sessions['P001'].name}/trial-1"
    about = {"visible": {"mode": "blind"}, "input_by": "key", "stage": "A"}
    assert main([*words, "--epochs", "15"]) == 2
    assert "there changed: --epochs" in capsys.readouterr().err
    store.append_many("E4", item, {"category": "anger"}, **about)
    assert main(words) == 2
    assert "there changed: the labels" in capsys.readouterr().err
    store.undo("E4", item, visible=about["visible"], input_by="key")
    store.close()
    assert {path: path.read_bytes() for path in kept} == kept
    assert not out.exists()

    assert main([*words, "--json"]) == 0
    assert f"Going on: {len(kept)} of 3 networks" in capsys.readouterr().err
    assert not parts.exists()
    differs = {"created", "dataset", "seconds", "study"}
    assert read_head(out).model_dump(exclude=differs) == read_head(made.out).model_dump(
        exclude=differs
    )
    assert _rows(out) == _rows(made.out)

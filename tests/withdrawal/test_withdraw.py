"""A withdrawal: nothing of one participant is left, and nothing of the others changes."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from emer_studio.cli import main
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import read_json, write_atomic, write_json
from emer_studio.core.lockfile import locked as file_lock
from emer_studio.core.process import command_line
from emer_studio.dataset.build import build_dataset
from emer_studio.dataset.cache import CacheWriter
from emer_studio.fer.heads import mark_of
from emer_studio.labels.store import LabelStore, fold
from emer_studio.recording.check import check_session
from emer_studio.report.session_quality import session_quality
from emer_studio.schema.dataset import SampleRow
from emer_studio.schema.training import parse_run
from emer_studio.session.resume import find_unfinished
from emer_studio.study.consents import Consent, Consents
from emer_studio.study.decisions import decide
from emer_studio.study.folder import Study, create_study, open_study
from emer_studio.study.lock import locked
from emer_studio.study.slots import Slots
from emer_studio.study.vault import Vault
from emer_studio.withdrawal.reach import find
from sessions import write_prelabels, write_session

MARKER = "quinquireme"  # in every place that can hold a participant's words
PHRASE = "one two three four"
BLIND = {"mode": "blind"}


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of two people with everything that can be made of them."""
    study = create_study(tmp_path_factory.mktemp("w") / "study", seed=7)
    for code in ("P001", "P002"):
        for _ in range(1 + (code == "P001")):
            size = (160, 120) if code == "P001" else (192, 144)  # videos that differ
            write_prelabels(write_session(study, code, size=size))
        Slots(study.folder).take("demo", code, simulated=True)
        text = MARKER if code == "P001" else "bireme"
        consent = Consent(code, "2026-11-21T10:00:00Z", True, ("take_part",), (text,))
        Consents(study.folder).add(consent)
        Vault(study.folder, PHRASE).put(code, {"name": text})
    for folder in (study.folder / "sessions").glob("sub-P001_*"):
        (folder / "log.txt").write_text(MARKER)
        decide(folder, session_quality(folder), 1, "keep", reason=MARKER, by="op1")
        with (folder / "journal.jsonl").open("a") as stream:
            line = {"event": "note", "t_s": 9e9, "text": MARKER}
            stream.write(json.dumps(line) + "\n")
    _label(study)
    build_dataset(study, study.derived / "dataset", workers=1)
    _dataset_of(study.derived / "others", "P002")
    (study.derived / "reports").mkdir()
    (study.derived / "reports" / "report.html").write_text(MARKER)
    _run(study, "mixed", ("P001", "P002"))
    _run(study, "others", ("P002", "P003"))
    _run(study, "synthetic", ("P001", "P002"), synthetic=True)
    return study.folder


def _label(study: Study) -> None:
    store = LabelStore(study.folder / "labels.sqlite")
    sessions = sorted((study.folder / "sessions").iterdir())
    for folder in sessions:
        item, mine = f"{folder.name}/trial-1", "P001" in folder.name
        for who in ("E1", "E2"):
            store.seen(who, item, visible=BLIND)
            word = MARKER if mine else "bireme"
            store.set(who, item, "note", word, visible=BLIND, input_by="key")
            store.set(who, item, "category", "fear", visible=BLIND, input_by="key")
        store.undo("E1", item, visible=BLIND, input_by="key")
    store.close()


def _dataset_of(folder: Path, code: str) -> None:
    with CacheWriter(folder, name="others") as writer:
        row = SampleRow(
            sample_id="a", participant=code, session="s", stimulus="c", trial=1,
            start_s=0.0, end_s=1.0,
        )  # fmt: skip
        faces, times = np.zeros((1, 112, 112, 3), np.uint8), np.zeros(1)
        columns = len(writer.manifest.eye_columns)
        eyes = np.zeros((1, columns), np.float32)
        writer.add(row, faces, np.ones(1), times, eyes, times)


def _run(study: Study, name: str, people: tuple[str, ...], synthetic: bool = False) -> None:
    folder = study.derived / "runs" / name
    fold_ = {"fold": 1, "train": people[:1], "validation": [], "test": people[1:]}
    about = {
        "state": "done", "protocol": "er7", "preset": "official-2024",
        "model": "emert", "cnn_init": "random", "epochs": 1, "batch_size": 1,
        "seed": 0, "device": "cpu", "split": [fold_], "dataset": "d", "dataset_name": "d",
        "dataset_manifest_sha256": "0" * 64, "synthetic": synthetic, "simulated": False,
        "app_version": "0", "versions": {}, "started": "now",
    }  # fmt: skip
    write_json(folder / "run.json", about)
    rows = [f"{code}-{MARKER if code == 'P001' else 'b'},{code},x,1,a,b" for code in people]
    head = "sample_id,participant,label,fold,truth,prediction"
    if not synthetic:
        write_atomic(folder / "predictions.csv", "\n".join([head, *rows, ""]))


@pytest.fixture
def study(once: Path, tmp_path: Path) -> Study:
    return open_study(Path(shutil.copytree(once, tmp_path / "study")))


def withdraw(
    study: Study,
    *words: str,
    code: str = "P001",
    phrase: str | None = PHRASE,
    said: str = "",
) -> tuple[int, dict[str, Any], str]:
    environment = {k: v for k, v in os.environ.items() if "PASSPHRASE" not in k}
    if phrase is not None:
        environment["EMER_STUDIO_VAULT_PASSPHRASE"] = phrase
    who = ("--participant", code, *words, *(() if "--events" in words else ("--json",)))
    done = subprocess.run(
        command_line("withdraw", str(study.folder), *who),
        input=said,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment,
    )
    assert "Traceback" not in done.stderr
    lines = done.stdout.strip().splitlines()
    return done.returncode, json.loads(lines[-1]) if lines else {}, done.stderr


def inside(
    study: Study, *words: str, code: str = "P001", phrase: str | None = PHRASE
) -> tuple[int, dict[str, Any], str]:
    """Do as `withdraw` does, without a process of its own and without a terminal."""
    said, told = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        redirect_stdout(said),
        redirect_stderr(told),
    ):
        for name in [name for name in os.environ if "PASSPHRASE" in name]:
            patch.delenv(name)
        if phrase is not None:
            patch.setenv("EMER_STUDIO_VAULT_PASSPHRASE", phrase)
        patch.setattr(sys, "stdin", io.StringIO())
        who = ("--participant", code, *words, "--json")
        done = main(["withdraw", str(study.folder), *who])
    lines = said.getvalue().strip().splitlines()
    return done, json.loads(lines[-1]) if lines else {}, told.getvalue()


def files_of(study: Study) -> dict[str, bytes]:
    return {
        path.relative_to(study.folder).as_posix(): path.read_bytes()
        for path in sorted(study.folder.rglob("*"))
        if path.is_file()
    }


def standing(study: Study) -> tuple[dict[Any, Any], list[str], int]:
    store = LabelStore(study.folder / "labels.sqlite")
    try:
        return fold(store.events()), store.verify(), len(store.events())
    finally:
        store.close()


def test_nothing_of_one_is_left_and_others_are_untouched(study: Study) -> None:
    before, labelled = files_of(study), standing(study)
    ours = [before[name] for name in before if "sub-P001" in name and "mkv" in name]
    pieces = [video[len(video) // 2 :][:500] for video in ours]
    assert [len(piece) for piece in pieces] == [500, 500]
    code, result, _ = withdraw(study, "--yes")
    assert code == 0
    assert (result["sessions"], result["labels"]) == (2, 14)
    assert sorted(result["rebuild"]) == ["derived/dataset", "derived/reports/report.html"]
    assert result["flagged"] == ["derived/runs/mixed"]
    assert any("weights of derived/runs/mixed" in text for text in result["beyond"])

    after = files_of(study)
    for name, content in after.items():
        assert MARKER.encode() not in content, name
        assert not any(piece in content for piece in pieces), name
        assert "sub-P001" not in name
        assert b"sub-P001" not in content, name
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {
        "participants.tsv",
        "consents.jsonl",
        "withdrawals.tsv",
        "labels.sqlite",
        "vault.enc",
        "vault.enc.bak",
        "derived/runs/mixed/run.json",
        "derived/runs/mixed/predictions.csv",
    }
    gone = set(before) - set(after)
    assert all(
        name.startswith(("sessions/sub-P001", "derived/dataset/", "derived/reports/"))
        for name in gone
    )
    kept = {key: value for key, value in labelled[0].items() if "P002" in key[1]}
    now, broken, count = standing(study)
    assert (now, broken) == (kept, [])
    assert count == labelled[2] + 1  # the erasure itself
    assert Vault(study.folder, PHRASE).entries == {"P002": {"name": "bireme"}}


def test_what_stays_is_the_code_and_the_day(study: Study) -> None:
    lines = Consents(study.folder).path.read_text().splitlines(keepends=True)
    inside(study, "--yes")
    with (study.folder / "withdrawals.tsv").open() as stream:
        (line,) = csv.DictReader(stream, delimiter="\t")
    assert line == {"withdrawn": line["withdrawn"], "participant": "P001", "what": "all"}
    first, second = study.participants()
    assert (first.participant, first.created) == ("P001", "")
    assert first.consent == f"withdrawn {line['withdrawn']}"
    assert second.consent == "simulated"
    assert Consents(study.folder).path.read_text() == lines[1]
    assert Slots(study.folder).of("demo", "P001", simulated=True) == 0
    assert Slots(study.folder).of("demo", "P003", simulated=True) == 2
    with pytest.raises(BadInputError, match="has withdrawn"):
        study.check_code("P001", simulated=True)
    run = study.derived / "runs" / "mixed"
    assert parse_run(read_json(run / "run.json"), "").withdrawn == ("P001",)
    assert len((run / "predictions.csv").read_text().splitlines()) == 2


def test_the_video_alone_can_go(study: Study) -> None:
    before = files_of(study)
    code, result, _ = inside(study, "--yes", "--video-only", phrase=None)
    assert (code, result["files"], result["labels"]) == (0, 2, 0)
    after = files_of(study)
    mine = [name for name in after if "sub-P001" in name]
    assert not any("derived" in name or name.endswith(".mkv") for name in mine)
    assert {Path(name).name for name in mine} >= {"streams_001.xdf", "journal.jsonl"}
    assert after["vault.enc"] == before["vault.enc"]
    assert after["labels.sqlite"] == before["labels.sqlite"]
    sessions = [s for s in study.sessions() if s.manifest.participant == "P001"]
    for session in sessions:
        found = check_session(session.folder)
        assert found["verdict"] == "amber", found["findings"]
        assert any("were withdrawn on" in text for text in found["findings"])
    (row,) = [r for r in study.participants() if r.participant == "P001"]
    assert row.consent.startswith("simulated, video withdrawn")
    assert not row.withdrawn
    path = sessions[-1].folder / "session.json"
    write_json(path, read_json(path) | {"state": "running"})
    with pytest.raises(BadInputError, match="has withdrawn the face video"):
        find_unfinished(study, "P001")
    last = Consents(study.folder).of("P001")
    assert last is not None
    assert not last.agreed  # whoever comes again is asked again


@pytest.mark.parametrize(
    ("words", "more", "said"),
    [
        ((), {}, "no terminal to ask"),
        (("--yes",), {"phrase": None}, "needs its passphrase"),
        (("--yes",), {"phrase": "wrong"}, "passphrase is wrong"),
        (("--yes",), {"code": "P009"}, "'P009' is no participant"),
    ],
)
def test_a_refusal_erases_nothing(study: Study, words: Any, more: Any, said: str) -> None:
    before = files_of(study)
    code, _, stderr = inside(study, *words, **more)
    assert code == 2
    assert said in stderr
    assert files_of(study) == before


def test_it_waits_for_a_session_that_runs(study: Study) -> None:
    with locked(study.folder, "session of P002"):
        before = files_of(study)
        code, _, stderr = withdraw(study, "--yes")
        assert code == 2
        assert "in use: session of P002" in stderr
        assert files_of(study) == before


def test_it_can_be_done_again_and_takes_what_came_back(study: Study) -> None:
    back = sorted((study.folder / "sessions").glob("sub-P001_*"))[0]
    shutil.copytree(back, study.folder.parent / "backup")
    assert inside(study, "--yes")[0] == 0
    shutil.copytree(study.folder.parent / "backup", back)  # a backup was put back
    code, result, _ = inside(study, "--yes")
    assert (code, result["sessions"], result["labels"]) == (0, 1, 0)
    assert not back.exists()
    assert standing(study)[1] == []


def test_a_code_without_a_row_is_not_used_again(study: Study) -> None:
    (study.folder / "participants.tsv").unlink()
    assert inside(study, "--yes")[0] == 0
    (row,) = study.participants()
    assert (row.participant, row.withdrawn) == ("P001", True)


@pytest.mark.skipif(os.name == "nt", reason="needs a Unix terminal")
def test_at_a_terminal_a_person_types_the_code(study: Study) -> None:
    wrong, told = at_a_terminal(study, {"Type P001": "P002"})
    assert (wrong, "Nothing was erased" in told) == (2, True)
    assert list((study.folder / "sessions").glob("sub-P001_*"))
    code, told = at_a_terminal(study, {"Type P001": "P001", "Passphrase": PHRASE})
    assert code == 0, told
    assert PHRASE not in told  # typed without echo
    assert not list((study.folder / "sessions").glob("sub-P001_*"))


def at_a_terminal(study: Study, answers: dict[str, str]) -> tuple[int, str]:
    """Run the command at a real terminal; type each answer when its question stands."""
    import pty

    ours, theirs = pty.openpty()
    words = command_line("withdraw", str(study.folder), "--participant", "P001")
    terminal = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    with subprocess.Popen(words, **terminal, start_new_session=True) as process:
        os.close(theirs)
        told, waiting = "", dict(answers)
        while True:
            try:
                told += os.read(ours, 1000).decode()
            except OSError:  # the other end is closed
                break
            for question in [q for q in waiting if q in told]:
                os.write(ours, f"{waiting.pop(question)}\n".encode())
        code = process.wait(timeout=30)
    os.close(ours)
    return code, told


def test_a_window_hands_the_passphrase_over(study: Study) -> None:
    said = json.dumps({"cmd": "passphrase", "value": PHRASE}) + "\n"
    code, result, _ = withdraw(study, "--yes", "--events", phrase=None, said=said)
    assert (code, result["sessions"]) == (0, 2)


def test_an_erasure_that_nobody_wrote_down_shows(study: Study) -> None:
    import sqlite3

    raw = sqlite3.connect(study.folder / "labels.sqlite")
    raw.execute("DROP TRIGGER no_UPDATE")
    raw.execute("UPDATE label_event SET op = 'erased', value = 'null' WHERE seq = 2")
    raw.commit()
    raw.close()
    assert len(standing(study)[1]) == 1


def test_what_was_exported_into_the_study_is_found(tmp_path: Path) -> None:
    study = create_study(tmp_path / "study", seed=7)
    write_session(study, "P001", trials=1)
    places = [study.folder / "bids", study.derived / "out" / "tables"]
    for place, form in zip(places, ("bids", "tables"), strict=True):
        words = ["export", str(study.folder), "--format", form, "--out", str(place)]
        assert main(words) == 0
    assert set(find(study, "P001", video_only=False).shared) == set(places)


def _network(path: Path, fold: int, dataset: str) -> Path:
    """Write a network as `export-onnx` describes one."""
    shape = [onnx.helper.make_tensor_value_info(n, 1, [1]) for n in ("x", "y")]
    node = onnx.helper.make_node("Identity", ["x"], ["y"])
    graph = onnx.helper.make_graph([node], "one", shape[:1], shape[1:])
    model = onnx.helper.make_model(graph)
    facts = {
        "dataset_manifest_sha256": dataset, "protocol": "er7", "model": "emert",
        "fold": fold,
    }  # fmt: skip
    onnx.helper.set_model_props(model, {k: json.dumps(v) for k, v in facts.items()})
    write_atomic(path, model.SerializeToString())
    return path


def test_what_learned_from_them_is_told_with_what_to_do(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, known = study.derived / "runs" / "mixed", study.derived / "onnx"
    folds = [("P001", "P002"), ("P002", "P001")]
    split = [
        {"fold": k + 1, "train": [learnt], "validation": [], "test": [tested]}
        for k, (learnt, tested) in enumerate(folds)
    ]
    write_json(run / "run.json", read_json(run / "run.json") | {"split": split})
    _network(known / "mixed_fold1.onnx", 1, "0" * 64)
    _network(known / "mixed_fold2.onnx", 2, "0" * 64)  # never learned from P001
    _network(known / "of_others.onnx", 1, "1" * 64)
    (known / "no_network.onnx").write_bytes(b"something else")
    head = study.derived / "heads" / "face"
    write_json(head / "run.json", {"kind": "fer-head", "split": split})
    models = tmp_path / "models"
    monkeypatch.setenv("EMER_STUDIO_MODELS", str(models))
    for name, who in (("mine", "P001"), ("theirs", "P002")):
        mark = mark_of(who, study.file.seed)
        write_atomic(models / f"{name}.toml", _MANIFEST.format(name=name, mark=mark))
    told = inside(study, "--yes")[1]["beyond"]
    (weights,) = [text for text in told if "weights of derived/runs/mixed" in text]
    assert "those of fold 1 of 2 learned from P001; train anew" in weights
    (weights,) = [text for text in told if "weights of derived/heads/face" in text]
    assert "those of everybody and of fold 1" in weights
    networks = [text for text in told if "the network" in text]
    assert [text.split(":")[0] for text in networks] == [
        "the network derived/onnx/mixed_fold1.onnx"
    ]
    (model,) = [text for text in told if "on this computer" in text]
    assert model.startswith("the model mine")
    assert str(models / "mine.onnx") in model


_MANIFEST = """format_version = 1
[[model]]
name = "{name}"
title = "a head"
task = "expression"
file = "{name}.onnx"
sha256 = "{0:064d}"
size_bytes = 1
licence = "our own"
training_data = "ours"
sources = []
inputs = ["face"]
trained_on = ["{mark}"]
[model.input]
width = 112
height = 112
colour = "rgb"
scale = 1.0
mean = [0.0, 0.0, 0.0]
std = [1.0, 1.0, 1.0]
crop = "aligned"
[model.output]
values = "logits"
classes = ["anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"]
""".replace("{0:064d}", "0" * 64)


def test_nothing_else_that_was_made_keeps_naming_them(study: Study) -> None:
    item, run = "sub-P001_ses-01/trial-1", study.derived / "runs" / "mixed"
    log = '{"event": "note", "text": "sub-P002_ses-01"}\n'
    (run / "events.jsonl").write_text(f'{{"event": "note", "text": "{item}"}}\n{log}')
    gone = [
        study.derived / "comparison" / "ablation.html",
        study.derived / "prelabel" / "calibration.json",
        study.derived / "found.csv",
        study.derived / "heads" / ".face.parts" / "begun.json",
    ]
    kept = [study.derived / "others.csv", study.folder / "labels-for-ann.csv"]
    for path, text in (
        *((path, item) for path in gone), (kept[0], "sub-P002_ses-01"), (kept[1], item)
    ):  # fmt: skip
        write_atomic(path, text)
    told = inside(study, "--yes")[1]
    assert not [path for path in gone if path.exists()]
    assert all(path.is_file() for path in kept)
    assert (run / "events.jsonl").read_text() == log
    assert "derived/comparison/ablation.html" in told["rebuild"]
    named = [text for text in told["beyond"] if "names sessions of P001" in text]
    assert [text.split(",")[0] for text in named] == ["labels-for-ann.csv"]


def test_a_training_that_runs_is_to_be_stopped_first(study: Study) -> None:
    run = study.derived / "runs" / "mixed"
    with file_lock(run / "train.lock", "training er7", "The run"):
        before = files_of(study)
        code, _, stderr = inside(study, "--yes")
        assert (code, files_of(study)) == (2, before)
        assert f"train --stop {run}" in stderr

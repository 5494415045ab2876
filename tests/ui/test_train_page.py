"""The train page: forms, curves from events, tables from files, and real trainings."""

from __future__ import annotations

import json
import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from PySide6.QtCore import QObject, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QImage
from PySide6.QtWidgets import QApplication, QLabel, QTableWidget

from emer_studio.core.console import Console
from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.files import new_folder, read_json, write_json
from emer_studio.core.lockfile import holder_of
from emer_studio.dataset.cache import CacheWriter
from emer_studio.dataset.synth import SynthConfig, synthesise
from emer_studio.schema.dataset import SampleRow
from emer_studio.schema.training_models import TRAINING_MODELS, TRAINING_PRESETS
from emer_studio.schema.training_request import TrainingRequest
from emer_studio.study.folder import create_study, open_study
from emer_studio.study.runs import open_run
from emer_studio.training.runs.begin import begin_run
from emer_studio.ui.train.curves import Curves
from emer_studio.ui.train.follow import Follower
from emer_studio.ui.train.page import TrainPage
from emer_studio.ui.train.results import results_rows, seeds_of
from emer_studio.ui.train.trainings import training_at, trainings_of
from run_folders import FOLDS, run_info
from training_runs import events, small

RESULTS = {
    "protocol": "er3",
    "war": 0.5,
    "uar": 0.4,
    "samples": 20,
    "ci95": {"war": [0.4, 0.6]},
    "baselines": {"majority": {"war": 0.3, "uar": 0.33}},
    "folds": [{"fold": 1, "war": 0.55, "uar": 0.5, "test_participants": ["S001", "S002"]}],
}


def test_the_table_has_folds_the_pool_and_the_baselines():
    heads, rows = results_rows(RESULTS)
    assert heads == ["", "WAR", "UAR", "Model less it", "Test participants"]
    assert rows[0] == ["Fold 1", "0.550", "0.500", "", "S001, S002"]
    assert rows[1] == ["Pooled", "0.500", "0.400", "", "20 samples"]
    assert rows[2][:3] == ["95 % interval", "0.400 – 0.600", "–"]
    assert rows[3][:2] == ["Majority baseline", "0.300"]
    gap = {"war": {"difference": 0.2, "p": 0.01, "p_crossed": 0.04}}
    more = {
        "by_label": {"er3": {"comparisons": {"majority": gap}}},
        "fold_mean": {"war": 0.5, "uar": 0.4},
        "fold_sd": {"war": 0.1, "uar": 0.2},
    }
    rows = results_rows({**RESULTS, **more})[1]
    assert rows[2][:2] == ["Folds", "0.500 ± 0.100"]
    assert rows[4][-2:] == ["+0.200, p 0.040", "always the most frequent answer"]
    seeds = {"war": {"mean": 0.45, "sd": 0.05, "seeds": 3}}
    rows = results_rows(RESULTS, seeds)[1]
    assert rows[2] == ["3 seeds", "0.450 ± 0.050", "–", "", "mean ± sd of what is pooled"]


def test_a_run_of_several_seeds_knows_them_all(tmp_path):
    batch = tmp_path / "all_1"
    run = batch / "er7" / "seed1"
    write_json(run / "run.json", run_info("er7", FOLDS, seed=1))
    entry = open_run(run)
    assert (entry.name, entry.batch, seeds_of(entry)) == ("seed1", None, {})
    request = TrainingRequest(dataset="d", protocol="all", seeds=(0, 1))
    write_json(batch / "start.json", request.model_dump(mode="json"))
    assert entry.name == "er7/seed1 of all_1"
    assert seeds_of(entry) == {}  # not all are done
    spread = {"mean": 0.5, "sd": 0.1, "seeds": 2}
    of_one = {"mean": 0.5, "sd": None, "seeds": 1}
    scores = {"er7": {"war": spread, "uar": spread}, "er3": {"war": of_one}}
    write_json(batch / "all.json", {"scores": scores})
    assert seeds_of(entry) == {"war": spread, "uar": spread}
    write_json(run / "run.json", run_info("er3", FOLDS, seed=1))
    assert seeds_of(open_run(run)) == {}


def test_each_fold_has_its_own_line(qtbot):
    curves = Curves()
    for fold in (1, 2):
        for epoch in (1, 2, 3):
            event = {"fold": fold, "epoch": epoch, "loss": 1 / epoch, "label": "er3"}
            curves.add({**event, "val_war": 0.1 * epoch})
    assert curves.points("loss", "fold 2") == ([1, 2, 3], [1.0, 1 / 2, 1 / 3])
    assert curves.points("score", "fold 1")[1] == pytest.approx([0.1, 0.2, 0.3])
    curves.add({"fold": 1, "epoch": 3, "loss": 0.7, "label": "er3"})  # again, after a kill
    assert curves.points("loss", "fold 1") == ([1, 2, 3], [1.0, 1 / 2, 0.7])
    curves.add({"fold": 3, "epoch": 1, "loss": 0.5, "label": "er_valence", "val_rmse": 0.2})
    assert curves.points("score", "fold 3 valence") == ([1], [0.2])
    curves.add({"fold": 4, "epoch": None, "label": None, "loss": 1.0})  # a damaged line
    assert curves.points("loss", "fold 3 valence") == ([1], [0.5])
    curves.clear()
    assert curves.points("loss", "fold 1") == ([], [])
    assert curves.note.text().startswith("no epoch so far")
    assert curves.loss.viewRange()[1][0] < 0.1 < 0.9 < curves.loss.viewRange()[1][1]
    curves.close()
    curves.deleteLater()


SESSION = "sub-P001_ses-01_20261121T101500"


def _write_dataset(folder):
    """Four people, three clips each, of sessions; one sample is excluded."""
    rng = np.random.default_rng(0)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with CacheWriter(folder, name="small", synthetic=True) as writer:
        for i in range(12):
            who, clip = divmod(i, 3)
            row = SampleRow(
                sample_id=f"{SESSION.replace('P001', f'P00{who + 1}')}/trial-{clip + 1}",
                participant=f"P00{who + 1}", stimulus=f"c{clip}", trial=clip + 1,
                er_emotion=EMOTIONS[clip], excluded=i == 11,
                reason="the tracker was off" if i == 11 else "",
            )  # fmt: skip
            faces = rng.integers(0, 255, (1, 112, 112, 3)).astype(np.uint8)
            eyes = rng.normal(size=(4, 39)).astype(np.float32)
            writer.add(row, faces, np.ones(1, bool), np.zeros(1), eyes, np.arange(4.0))
    told = "trial,used,reason\n1,yes,\n2,left out,broken off\n3,left out,broken off\n"
    (folder / "trials.csv").write_text(told)


@pytest.fixture(scope="module")
def trained_once(tmp_path_factory):
    """The folder of a study with a small dataset and a real, finished training on it."""
    study = create_study(tmp_path_factory.mktemp("trained") / "study", seed=7)
    _write_dataset(study.derived / "small")
    ready = small(study.derived / "small")
    ready = replace(ready, settings=replace(ready.settings, epochs=2))
    begin_run(ready, new_folder(study.derived / "runs" / "first"), Console(), lambda: None)
    return study.folder


@pytest.fixture
def trained(trained_once, tmp_path):
    """A copy of it, whatever is trained in it ended after the test."""
    made = open_study(shutil.copytree(trained_once, tmp_path / "trained"))
    yield made
    for lock in made.derived.glob("**/train.lock"):
        if (holder := holder_of(lock)) is not None:
            os.kill(holder["pid"], signal.SIGKILL)


def test_an_empty_study_says_what_to_do(page, study):
    made = page(TrainPage, study)
    assert made.empty.isVisible()
    assert not made.setup.start.isEnabled()
    assert not made.setup.build.isEnabled()  # nothing was recorded yet
    assert made.setup.synth.isEnabled()
    assert made.setup.protocol.count() == 7 + 1
    made.views.choose(1)
    assert made.runs.empty.isVisible()


def test_the_form_offers_what_can_be_trained():
    from emer_studio.training.models.registry import all_models
    from emer_studio.training.presets import PRESETS

    assert {m.name: m.words for m in all_models().values()} == TRAINING_MODELS
    told = {name: epochs for name, (_words, epochs) in TRAINING_PRESETS.items()}
    assert told == {name: preset.epochs for name, preset in PRESETS.items()}


def test_a_dataset_that_cannot_be_used_is_shown_with_the_reason(page, study, qtbot):
    good, *bad = (study.derived / name for name in ("good", "cut", "older", "folder"))
    _write_dataset(good)
    for folder in bad:
        shutil.copytree(good, folder)
    cut, older, blocked = (folder / "manifest.json" for folder in bad)
    cut.write_bytes(cut.read_bytes()[:200])
    write_json(older, {**read_json(older), "format_version": 0, "n_samples": "many"})
    blocked.unlink()
    blocked.mkdir()
    made = page(TrainPage, study)
    setup = made.setup
    assert setup.chosen().folder == good
    told = setup.damaged.text().splitlines()
    assert len(told) == 3
    assert any(
        "cut cannot be used: manifest.json is not valid JSON." in one for one in told
    )
    assert any("format_version: Input should be 1" in one for one in told)
    assert any("manifest.json cannot be read: Is a directory." in one for one in told)
    assert all("Build it again" in one for one in told)
    setup.dataset.setFocus()
    qtbot.keyClick(setup.dataset, Qt.Key.Key_Down)
    qtbot.keyClick(setup.dataset, Qt.Key.Key_End)
    assert setup.chosen().folder == good
    assert setup.start.isEnabled()
    shutil.rmtree(good)
    made.refresh()
    assert setup.chosen() is None
    assert setup.dataset.currentText() == ""
    assert not setup.start.isEnabled()
    for folder in bad:
        shutil.rmtree(folder)
    made.refresh()
    assert not setup.damaged.isVisible()


def test_official_sets_are_offered_where_there_are_some(page, study):
    folder = study.derived / "emer"
    synthesise(folder, SynthConfig(2, 1, 1, 4))
    made = page(TrainPage, study)
    more = made.setup.more
    more.toggle.click()
    assert not more.official.isVisible()
    (folder / "sets.csv").write_text("sample_id,set\n")
    made.refresh()
    assert more.official.isVisible()
    more.official.click()
    assert not more.folds.isEnabled()
    assert made.setup.choice().folds == "official"
    assert made.setup.choice().apart == "participant"
    assert not more.apart.isEnabled()
    more.official.click()
    more.apart.setCurrentText("people and clips")
    assert made.setup.choice().apart == "both"
    more.seeds.setText("0, 0")
    assert "Each seed once" in made.setup.why.text()
    assert not made.setup.start.isEnabled()
    more.seeds.setText("0, 1")
    assert "--seeds 0,1 " in " ".join(made.setup.choice().words())
    assert made.setup.start.isEnabled()
    more.parallel.setValue(3)
    assert more.summary.text() == "5 folds by people and clips, seeds 0, 1, 3 at once"
    assert "--parallel 3 " in " ".join(made.setup.choice().words())
    made.setup.epochs.setValue(7)
    more.frozen.click()
    assert {"--preset", "--frozen", "--epochs"} <= {*made.setup.choice().words()}
    made.setup.model.setCurrentIndex(made.setup.model.findData("window-statistics"))
    assert not {"--preset", "--frozen", "--epochs"} & {*made.setup.choice().words()}
    for part in (made.setup.preset, made.setup.epochs, more.frozen):
        assert not part.isEnabled()
    assert "quick look" not in more.summary.text()


def test_tab_leaves_every_table(page, trained, qtbot):
    made = page(TrainPage, trained)
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    made.views.buttons[1].setFocus()
    met = []
    while made.views.buttons[1] not in met and len(met) < 30:
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        met.append(QApplication.focusWidget())
    assert {made.runs.list.grid, made.runs.result.table, made.views.buttons[1]} <= {*met}


def test_what_will_be_trained_on_is_told_before_it_is(page, trained, qtbot):
    made = page(TrainPage, trained)
    made.views.choose(0)
    assert made.simulated
    made.setup.more.folds.setValue(2)
    made.setup.protocol.setCurrentIndex(made.setup.protocol.findData("er7"))
    qtbot.waitUntil(lambda: made.plan.told is not None, timeout=60000)
    (found,) = made.plan.told["benchmarks"]
    assert (found["samples"], found["participants"], found["stimuli"]) == (11, 4, 3)
    assert found["left_out"] == [{"why": "excluded: the tracker was off", "samples": 1}]
    shown = " ".join(one.text() for one in made.plan.findChildren(QLabel))
    assert "11 samples, 4 people, 3 clips" in shown
    assert "excluded: the tracker was off" in shown
    assert "Clips are on both sides" in shown
    assert "2 trials never became samples: broken off." in shown
    (folds,) = made.plan.findChildren(QTableWidget)
    tested = ", ".join(folds.item(row, 4).text() for row in range(2))
    assert sorted(tested.split(", ")) == ["P001", "P002", "P003", "P004"]
    made.setup.protocol.setCurrentIndex(made.setup.protocol.findData("all"))
    qtbot.waitUntil(lambda: len(made.plan.told["benchmarks"]) == 7, timeout=60000)
    (every,) = (one for one in made.plan.findChildren(QTableWidget) if one is not folds)
    cells = {every.item(row, 0).text(): every.item(row, 4).text() for row in range(7)}
    assert cells["Emotion felt, seven classes"] == "1: excluded: the tracker was off"
    assert "No sample of" in cells["Intensity of the emotion seen"]
    assert made.setup.start.isEnabled()
    made.setup.protocol.setCurrentIndex(made.setup.protocol.findData("fer7"))
    qtbot.waitUntil(lambda: not made.setup.start.isEnabled(), timeout=60000)
    assert "has the label fer_emotion" in made.plan.refused
    made.setup.protocol.setCurrentIndex(made.setup.protocol.findData("er7"))
    assert made.setup.start.isEnabled()


def test_events_are_read_on_from_where_they_were_left(tmp_path):
    path = tmp_path / "events.jsonl"
    follower = Follower(path)
    assert follower.read() == []
    path.write_text('{"event": "begin"}\n{"event": "epo')
    assert follower.read() == [{"event": "begin"}]
    path.write_text('{"event": "begin"}\n{"event": "epo\n[1]\n{"event": "ended"}\n')
    assert follower.read() == [{"event": "ended"}]  # what a crash left is passed over
    assert follower.read() == []


def test_several_runs_under_one_folder_are_one_training(study):
    folder = study.derived / "runs" / "all_1"
    request = TrainingRequest(dataset="d", protocol="all", seeds=(0, 1))
    write_json(folder / "start.json", request.model_dump(mode="json"))
    write_json(folder / "train.lock", {"pid": os.getpid()})
    assert [one.state for one in trainings_of(study)] == ["starting"]
    inner = folder / "er7" / "seed0"
    write_json(inner / "run.json", run_info("er7", FOLDS, state="paused"))
    write_json(inner / "train.lock", {"pid": os.getpid()})
    (one,) = trainings_of(study)
    assert (one.folder, one.run, one.state) == (folder, inner, "paused")
    assert training_at(inner) == one
    (folder / "train.lock").unlink()
    assert [one.state for one in trainings_of(study)] == ["killed"]
    (folder / "events.jsonl").write_text(
        '{"event": "error", "text": "The disk is full.", "code": 3}\n'
        '{"event": "ended", "code": 3}\n'
    )
    write_json(inner / "run.json", run_info("er7", FOLDS))
    (one,) = trainings_of(study)
    assert (one.state, one.problem) == ("failed", "The disk is full.")
    write_json(folder / "all.json", {})
    assert trainings_of(study) == []


def told(event, **fields):
    return json.dumps({"at": "2026-11-22T10:00:00Z", "event": event, **fields}) + "\n"


def epoch(fold, epoch, loss, **more):
    """Return an epoch as a training of three folds tells it."""
    return told("epoch", fold=fold, folds=3, epoch=epoch, epochs=9, label="er7", loss=loss,
                val_war=1 - loss, **more)  # fmt: skip


def test_folds_and_runs_that_are_trained_at_the_same_time_keep_apart(page, study, qtbot):
    folder = study.derived / "runs" / "seeds_1"
    request = TrainingRequest(dataset="d", protocol="er7", seeds=(0, 1, 2))
    write_json(folder / "start.json", request.model_dump(mode="json"))
    runs = {seed: folder / f"seed{seed}" for seed in (2, 0, 1)}
    for seed, run in runs.items():
        write_json(run / "run.json", run_info("er7", FOLDS, seed=seed, state="running"))
    for place in (folder, *runs.values()):
        write_json(place / "train.lock", {"pid": os.getpid()})
    log = runs[0] / "events.jsonl"
    log.write_text(
        told("begin", resumed=False)
        + epoch(3, 1, 0.9)
        + epoch(1, 1, 0.8)
        + told("progress", step="fold 1/3 epoch 2/9", done=1, total=2)
        + epoch(1, 2, 0.7)
        + epoch(3, 3, 0.5)  # before the second: two processes tell of them
        + epoch(3, 2, 0.6)
        + epoch(1, 1, 0.4, seed=1)
        + told("progress", step="0 of 3 trainings done", done=6, total=27, eta_s=300)
    )
    made = page(TrainPage, study)
    view = made.runs.running
    assert view.training.run == runs[0]
    assert view.curves.points("loss", "fold 1") == ([1, 2], [0.8, 0.7])
    assert view.curves.points("loss", "fold 3") == ([1, 2, 3], [0.9, 0.6, 0.5])
    assert view.curves.points("loss", "fold 1 seed 1") == ([1], [0.4])
    assert view.curves.points("score", "fold 3")[1] == pytest.approx([0.1, 0.4, 0.5])
    legend = view.curves.loss.getPlotItem().legend
    named = [text.text for _sample, text in legend.items]
    assert named == ["fold 1", "fold 1 seed 1", "fold 3"]
    assert view.bar.value() == round(1000 * 6 / 27)
    assert view.where.text() == "seed 0  ·  0 of 3 trainings done  ·  about 5 min left"
    with log.open("a") as stream:
        stream.write(epoch(2, 1, 0.85) + epoch(1, 3, 0.6))
        stream.write(told("progress", step="1 of 3 trainings done", done=14, total=27))
    qtbot.waitUntil(lambda: view.bar.value() == round(1000 * 14 / 27))
    assert view.curves.points("loss", "fold 2") == ([1], [0.85])
    step = "fold 2/3 epoch 1/9 of er_arousal"
    with log.open("a") as stream:
        stream.write(told("progress", step=step, done=1, total=2, share=0.53))
    qtbot.waitUntil(lambda: view.bar.value() == 530)
    assert view.where.text() == "seed 0  ·  Fold 2 of 3, epoch 1 of 9 of er arousal"
    assert view.curves.points("loss", "fold 1")[0] == [1, 2, 3]
    (runs[1] / "run.json").touch()  # another one's checkpoint does not take its place
    made.refresh()
    assert view.training.run == runs[0]
    write_json(runs[0] / "run.json", run_info("er7", FOLDS, seed=0))  # it is done
    made.refresh()
    assert view.training.run == runs[1]
    assert view.state.text() == "running, 1 run done"
    assert not view.curves.drawn


def test_a_training_that_ended_before_it_was_a_run_can_be_removed(page, trained, qtbot):
    folder = trained.derived / "runs" / "er7_1"
    request = TrainingRequest(dataset="d", protocol="er7")
    write_json(folder / "start.json", request.model_dump(mode="json"))
    log = folder / "events.jsonl"
    log.write_text(told("error", text="The disk is full.") + told("ended", code=3))
    other = folder / "notes.txt"
    other.write_text("somebody's")
    made = page(TrainPage, trained)
    said = []
    made.said.connect(said.append)
    (entry,) = made.runs.live.trainings
    made.runs.follow(entry.folder)
    view = made.runs.running
    assert view.where.text() == "The disk is full."
    qtbot.mouseClick(view.remove, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(said) == 1, timeout=30000)
    assert "(notes.txt); nothing was deleted" in said[0]
    assert log.exists()
    other.unlink()
    qtbot.mouseClick(view.remove, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not folder.exists(), timeout=30000)
    qtbot.waitUntil(made.runs.result.isVisible, timeout=10000)
    assert not made.runs.live.isVisible()
    assert len(said) == 1


def test_the_shown_run_tells_of_all_seeds_once_they_are_done(page, trained):
    made = page(TrainPage, trained)
    result, runs = made.runs.result, trained.derived / "runs"
    assert result.table.item(4, 0).text() != "2 seeds"
    request = TrainingRequest(dataset="d", protocol="er7", seeds=(0, 1))
    write_json(runs / "start.json", request.model_dump(mode="json"))
    spread = {"war": {"mean": 0.5, "sd": 0.1, "seeds": 2}}
    write_json(runs / "all.json", {"scores": {"er7": spread}})
    result.show_run(result.entry)
    assert result.table.item(4, 0).text() == "2 seeds"
    assert result.table.item(4, 1).text() == "0.500±0.100"


def test_a_cell_of_the_confusion_opens_its_trials(page, trained, qtbot):
    made = page(TrainPage, trained)
    result = made.runs.result
    assert result.isVisible()  # a study with runs opens on them
    assert made.simulated
    assert result.table.item(2, 0).text() == "Pooled"
    result.views.buttons[1].click()
    heat = result.map
    total = sum(int(heat.item(r, c).text() or 0) for r in range(7) for c in range(7))
    assert total == 11
    right = [one for one in result._answers if one.truth == EMOTIONS[1]]
    column = EMOTIONS.index(right[0].found)
    heat.setCurrentCell(1, (column + 1) % 7)
    qtbot.keyClick(heat, Qt.Key.Key_Left if column < 6 else Qt.Key.Key_End)
    assert heat.currentColumn() == column
    listed = result.samples
    assert listed.answers
    assert {(one.truth, one.found) for one in listed.answers} == {
        (EMOTIONS[1], EMOTIONS[column])
    }
    qtbot.keyClick(heat, Qt.Key.Key_Return)
    with qtbot.waitSignal(made.wants) as asked:
        qtbot.keyClick(listed.grid, Qt.Key.Key_Return)
    assert asked.args[0] == f"explore:{listed.answers[0].sample}"
    result.views.buttons[2].click()
    assert len(result.curves.points("loss", "fold 2")[0]) == 2


@pytest.fixture
def opened(qapp):
    """The files and folders that the desktop was asked to open."""

    class Desktop(QObject):
        @Slot(QUrl)
        def open(self, url):
            found.append(Path(url.toLocalFile()))

    found, desktop = [], Desktop()
    QDesktopServices.setUrlHandler("file", desktop, "open")
    yield found
    QDesktopServices.unsetUrlHandler("file")


def test_a_run_is_told_in_papers_that_can_be_sent_to_anyone(page, trained, qtbot, opened):
    made = page(TrainPage, trained)
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    papers, reports = made.runs.result.papers, trained.derived / "reports"
    said, wanted = [], []
    made.said.connect(said.append)
    made.wants.connect(wanted.append)

    def press(letter, name):
        key = getattr(Qt.Key, f"Key_{letter}")
        qtbot.keyClick(made, key, Qt.KeyboardModifier.AltModifier)
        qtbot.waitUntil(lambda: papers.busy.text() != "")
        assert not papers.report.isEnabled()  # one after the other
        qtbot.waitUntil(lambda: papers.busy.text() == "", timeout=90000)
        assert papers.report.isEnabled()
        return reports / name

    reports.write_text("in the way")
    papers.report.click()
    assert "could not be made" in said.pop()
    reports.unlink()
    for letter, name, words in (
        ("P", "first.html", "clip identity"),
        ("C", "first card.html", "Intended use"),
    ):
        assert words in press(letter, name).read_text()
        assert wanted.pop() == f"report:{name}"
    papers.figures.setFocus()
    drawn = press("G", "first figures")
    assert opened == [drawn]
    assert QApplication.focusWidget() is papers.figures
    assert {one.suffix for one in drawn.iterdir()} == {".svg", ".png"}
    assert all(QImage(str(one)).width() > 300 for one in drawn.glob("*.png"))
    network = press("O", "../onnx/first.onnx").resolve()
    assert onnxruntime.InferenceSession(network).get_outputs()
    assert said.pop().startswith(f"{network} differs from the network by at most")
    (trained.derived / "runs" / "first" / "predictions.csv").unlink()
    assert not press("C", "first card_2.html").exists()
    assert "has no predictions.csv" in said.pop()
    assert not wanted


def test_a_training_outlives_the_window_and_a_kill(page, trained, qtbot):
    """Start, pause, kill, go on, stop: in a process that the page only follows."""
    made = page(TrainPage, trained)
    made.views.choose(0)
    setup = made.setup
    setup.protocol.setCurrentIndex(setup.protocol.findData("er7"))
    setup.more.folds.setValue(2)
    setup.epochs.setValue(500)
    setup.start.click()
    view = made.runs.running
    qtbot.waitUntil(lambda: len(view.curves.points("loss", "fold 1")[0]) > 1, timeout=60000)
    run = view.training.folder
    assert made.runs.isVisible()
    assert "Fold 1 of 2" in view.where.text()
    assert " left" in view.where.text()
    assert "samples/s" in view.load.text()
    view.pause.click()
    qtbot.waitUntil(lambda: view.training.state == "paused", timeout=20000)
    assert view.go_on.isVisible()

    other = page(TrainPage, trained)  # another window, while it rests
    assert other.runs.running.training.state == "paused"
    assert len(other.runs.running.curves.points("loss", "fold 1")[0]) > 1

    os.kill(holder_of(run / "train.lock")["pid"], signal.SIGKILL)
    qtbot.waitUntil(lambda: view.training.state == "killed", timeout=20000)
    assert "broke off" in view.where.text()
    assert not view.stop.isVisible()
    told = len(events(run, "epoch"))
    view.go_on.click()
    qtbot.waitUntil(lambda: view.training.state == "running", timeout=60000)
    qtbot.waitUntil(lambda: len(events(run, "epoch")) > told, timeout=60000)
    view.stop.click()
    qtbot.waitUntil(lambda: view.training.state == "interrupted", timeout=30000)
    assert [one["resumed"] for one in events(run, "begin")] == [False, True]
    assert read_json(run / "run.json")["state"] == "interrupted"
    assert view.go_on.isVisible()


def test_a_finished_training_shows_its_table(page, trained, qtbot):
    made = page(TrainPage, trained)
    made.views.choose(0)
    setup = made.setup
    setup.protocol.setCurrentIndex(setup.protocol.findData("er7"))
    setup.more.folds.setValue(2)
    setup.epochs.setValue(1)
    setup.start.click()
    result = made.runs.result
    began = [one.folder for one in made.runs.list.entries]
    qtbot.waitUntil(
        lambda: result.entry is not None and result.entry.folder not in began, timeout=90000
    )
    assert result.isVisible()
    heads = [result.table.item(row, 0).text() for row in range(result.table.rowCount())]
    assert heads[:3] == ["Fold 1", "Fold 2", "Pooled"]
    assert len(made.runs.list.entries) == 2

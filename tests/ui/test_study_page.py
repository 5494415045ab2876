"""The study page and what to do next, on real folders and with the real check command."""

from __future__ import annotations

from emer_studio.core.files import read_json, write_json
from emer_studio.labels.store import LabelStore
from emer_studio.schema.dataset import DatasetManifest
from emer_studio.ui.label.items import find_items
from emer_studio.ui.study.next_step import next_step
from emer_studio.ui.study.page import StudyPage
from sessions import write_session


def _cells(grid):
    return [
        [grid.item(row, column).text() for column in range(grid.columnCount())]
        for row in range(grid.rowCount())
    ]


def test_an_empty_study_offers_the_first_session(page, study, qtbot):
    made = page(StudyPage, study)
    assert made.no_sessions.isVisible()
    assert made.no_participants.isVisible()
    assert not made.view.isVisible()
    with qtbot.waitSignal(made.wants) as asked:
        made.next_button.click()
    assert asked.args == ["session"]


def test_sessions_are_listed_and_checked_by_the_command(page, study, qtbot):
    session = write_session(study)
    made = page(StudyPage, study)
    (row,) = _cells(made.sessions)
    assert row[0] == "P001"
    assert row[3:] == ["complete", "2 of 2", "2", "green", "none", "simulated"]
    qtbot.waitUntil(lambda: session.name in made.findings, timeout=20000)
    assert made.findings[session.name] == []
    assert made.view.lines[0].startswith("Nothing to say")
    assert made.simulated


def test_a_damaged_session_turns_red_and_says_why(page, study, qtbot):
    session = write_session(study)
    (session / "presented.csv").unlink()
    made = page(StudyPage, study)
    qtbot.waitUntil(lambda: session.name in made.findings, timeout=20000)
    assert "red: trial 1 has no rows in presented.csv" in made.view.lines
    assert read_json(session / "session.json")["verdict"] == "red"
    assert _cells(made.sessions)[0][6] == "red"
    assert "is red" in next_step(study).text


def test_a_session_that_was_cut_off_keeps_its_manifest(page, study, qtbot):
    session = write_session(study)
    path = session / "session.json"
    write_json(path, {**read_json(path), "state": "running", "verdict": ""})
    made = page(StudyPage, study)
    qtbot.waitUntil(lambda: session.name in made.findings, timeout=20000)
    assert any("cut off" in line for line in made.view.lines)
    assert read_json(path)["verdict"] == ""


def test_a_new_session_appears_by_itself(page, study, qtbot):
    made = page(StudyPage, study)
    write_session(study)
    qtbot.waitUntil(lambda: made.sessions.rowCount() == 1, timeout=5000)
    assert made.participants.rowCount() == 1


def test_the_next_step_follows_the_work(study):
    assert next_step(study).page == "session"
    write_session(study)
    assert next_step(study).page == "label"
    store = LabelStore(study.folder / "labels.sqlite")
    for item in find_items(study):
        how = {"visible": {"mode": "blind"}, "input_by": "keyboard"}
        store.set("R1", item.id, "category", "neutral", **how)
    store.close()
    assert next_step(study).page == "train"
    (study.derived / "dataset").mkdir()
    manifest = DatasetManifest(
        name="d", n_samples=2, sha256={}, app_version="0.1.0", created="2026-11-22"
    )
    told = manifest.model_dump(mode="json")
    write_json(study.derived / "dataset" / "manifest.json", told)
    assert next_step(study).action == "Train"
    run = study.derived / "runs" / "er3"
    write_json(run / "run.json", {"state": "done"})
    write_json(run / "results.json", {"war": 0.5})
    assert next_step(study).page == "report"
    (study.derived / "reports").mkdir()
    (study.derived / "reports" / "report.html").write_text("<p>ok</p>")
    assert next_step(study).page == "session"


def test_a_session_that_nobody_runs_any_more_is_cut_off(page, study):
    session = write_session(study)
    path = session / "session.json"
    path.write_text(path.read_text().replace('"state": "complete"', '"state": "running"'))
    made = page(StudyPage, study)
    (row,) = _cells(made.sessions)
    assert row[3] == "cut off"

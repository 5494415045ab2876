"""The quality of a session: the same trials are excluded here and left out of a dataset."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emer_studio.cli import main
from emer_studio.core.errors import BadInputError
from emer_studio.core.process import command_line
from emer_studio.dataset.build import build_dataset
from emer_studio.dataset.cache import open_cache, verify_hashes
from emer_studio.recording.check import check_session
from emer_studio.report.collect import collect_session
from emer_studio.report.session_quality import quality_of, session_quality
from emer_studio.report.write import write_report
from emer_studio.schema.decisions import outcome
from emer_studio.schema.session_quality import QUALITY_FILE, SessionQuality, kept_quality
from emer_studio.study.backup import back_up
from emer_studio.study.decisions import DECISIONS_FILE, decide, decisions_of
from emer_studio.study.demographics import Demographics
from emer_studio.study.folder import Study, create_study, open_study
from emer_studio.study.second_place import not_backed_up
from emer_studio.ui.label.items import find_items
from sessions import write_session

Event = dict[str, Any]
Change = Callable[[list[Event]], list[Event]]


def edit(folder: Path, change: Change) -> None:
    path = folder / "journal.jsonl"
    events = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(f"{json.dumps(event)}\n" for event in change(events)))


def mishaps(events: list[Event]) -> list[Event]:
    """4 broken off, 5 marked, 6 not finished, 8 paused, 9 not rated and seen before."""
    found = []
    events[0]["seen_before"] = ["sadness"]
    for event in events:
        trial, name = event.get("trial"), event["event"]
        if trial == 4 and name == "clip_end":
            found.append({**event, "complete": False})
            about = {"trial": 4, "clip": event["clip"], "replaced_by": 10}
            found.append({"event": "trial_interrupted", "t_s": event["t_s"], **about})
            continue
        if (trial in (4, 6) and name in ("rating", "trial_done")) or (
            trial == 9 and name == "rating"
        ):
            continue
        if trial == 8 and name == "rating":
            at = event["t_s"]
            found.append({"event": "paused", "t_s": at - 0.08, "by": "operator"})
            found.append({"event": "resumed", "t_s": at - 0.02, "by": "operator"})
        found.append(event)
        if trial == 5 and name == "clip_end":
            mark = {
                "trial": 5,
                "clip": event["clip"],
                "why": ["its sound broke off 2 times"],
            }
            found.append({"event": "trial_marked", "t_s": event["t_s"], **mark})
    return found


def without_frames(folder: Path, trial: int, places: tuple[int, ...]) -> None:
    """Take the frames at some places of a trial out of ``presented.csv``."""
    path = folder / "presented.csv"
    head, *rows = path.read_text().splitlines()
    mine = [row for row in rows if row.startswith(f"{trial},")]
    gone = {mine[place] for place in places}
    path.write_text("\n".join([head, *(row for row in rows if row not in gone)]) + "\n")


@pytest.fixture(scope="module")
def messy(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study with one session in which most things happened that can."""
    study = create_study(tmp_path_factory.mktemp("quality") / "study", seed=7)
    folder = write_session(study, trials=9, size=(240, 180), blind=(2,), faceless=(3,))
    edit(folder, mishaps)
    without_frames(folder, 7, (3, 4))
    return study


@pytest.fixture(scope="module")
def quality(messy: Study) -> SessionQuality:
    return session_quality(messy.sessions()[0].folder)


def test_each_trial_gets_a_suggestion_with_its_reason(quality: SessionQuality) -> None:
    told = {
        trial.trial: (trial.suggestion, "; ".join(trial.reasons))
        for trial in quality.trials
    }
    assert told == {
        1: ("keep", ""),
        2: ("exclude", "eyes in 0% of the samples only"),
        3: ("exclude", "a face in 0% of the frames only"),
        4: ("exclude", "its clip was broken off; trial 10 follows it"),
        5: ("exclude", "its sound broke off 2 times"),
        6: ("exclude", "not finished"),
        7: ("look", "10 of 12 frames were shown"),
        8: ("look", "paused for 0 s between its clip and its ratings"),
        9: ("look", "it has no rating; its clip was seen in an earlier session"),
    }
    assert [quality.count(name) for name in ("keep", "look", "exclude")] == [1, 3, 5]


def test_what_was_measured_is_told_beside_it(quality: SessionQuality) -> None:
    first, blind, faceless = quality.trials[:3]
    assert (first.gaze_lost_pct, first.face_lost_pct, first.ratings) == (0.0, 0.0, 1)
    assert first.onset_late_ms == 0.0
    assert blind.gaze_lost_pct == 100.0
    assert faceless.face_lost_pct == 100.0
    streams = {stream.name: stream for stream in quality.streams}
    assert streams["EMER_SimGaze"].effective_hz == pytest.approx(60, rel=0.01)
    assert streams["EMER_SimGaze"].eyes_lost_pct == pytest.approx(100 * 0.6 / 9.5, abs=1)
    assert quality.verdict == "red"  # a finished trial without a rating
    assert quality.detector


def test_a_dataset_leaves_out_exactly_what_is_excluded(
    messy: Study, quality: SessionQuality, tmp_path: Path
) -> None:
    table = "participant\tutc\tprotocol\tage\nP001\t\tx\t34\nP009\t\tx\t51\n"
    Demographics(messy.folder).path.write_text(table)
    report = build_dataset(messy, tmp_path / "d", workers=1)
    dataset = open_cache(tmp_path / "d")
    used = {row.trial for row in dataset.samples if not row.excluded}
    assert used == {t.trial for t in quality.trials if t.suggestion != "exclude"}
    why = {t.trial: t.reasons[0] for t in quality.trials if t.suggestion == "exclude"}
    told = [*report.left_out, *report.excluded]
    assert {entry["trial"]: entry["reason"] for entry in told}.items() <= why.items()
    people = tmp_path / "d" / "participants.csv"
    assert people.read_text().split() == ["participant,age", "P001,34"]
    assert verify_hashes(dataset) == []
    people.write_text("participant,age\nP001,35\n")
    assert verify_hashes(dataset) == ["participants.csv"]


def test_what_is_kept_is_made_anew_when_the_recording_has_changed(
    messy: Study, quality: SessionQuality, tmp_path: Path
) -> None:
    folder = tmp_path / messy.sessions()[0].name
    shutil.copytree(messy.sessions()[0].folder, folder)
    assert kept_quality(folder) == quality == quality_of(folder)
    with (folder / "journal.jsonl").open("a") as journal:
        journal.write("\n")
    assert kept_quality(folder) is None
    (folder / QUALITY_FILE).write_text('{"format_version": 9}')
    assert kept_quality(folder) is None


def test_without_gaze_or_video_every_trial_is_excluded(tmp_path: Path) -> None:
    study = create_study(tmp_path / "study", seed=1)
    folder = write_session(study, trials=1)
    (folder / "face_001.mkv").unlink()
    (trial,) = session_quality(folder).trials
    assert (trial.suggestion, trial.reasons) == ("exclude", ("no face frames",))
    (folder / "streams_001.xdf").unlink()
    (trial,) = session_quality(folder).trials
    assert trial.reasons == ("there is no gaze stream in the recording",)
    edit(folder, lambda events: [*events, {"t_s": 1.0, "event": "clip_onset"}])
    with pytest.raises(BadInputError, match="not in our own form"):
        session_quality(folder)


def test_the_command_prints_it_and_refuses_what_is_no_session(
    messy: Study, quality: SessionQuality
) -> None:
    words = command_line("quality", str(messy.sessions()[0].folder), "--json")
    done = subprocess.run(words, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["counts"] == {"keep": 1, "look": 3, "exclude": 5}
    assert told["trials"] == quality.model_dump(mode="json")["trials"]
    assert main(["quality", str(messy.folder)]) == 2


def again(events: list[Event]) -> list[Event]:
    """Let trial 8 be a repeat that the operator asked for."""
    return [
        {**event, "repeated": True}
        if event["event"] == "trial_started" and event["trial"] == 8
        else event
        for event in events
    ]


@pytest.fixture(scope="module")
def decided(messy: Study, tmp_path_factory: pytest.TempPathFactory) -> Study:
    """The same study, with decisions of a person about its session."""
    copy = shutil.copytree(messy.folder, tmp_path_factory.mktemp("decided") / "study")
    folder = open_study(copy).sessions()[0].folder
    edit(folder, again)
    measured = session_quality(folder)
    for trial, word, reason in (
        (1, "exclude", "on the phone"),
        (2, "keep", "the eyes are in the video"),
        (5, "keep", "heard on the recording"),
        (5, "suggestion", ""),
        (7, "keep", ""),
        (8, "keep", "asleep the first time"),
    ):
        decide(folder, measured, trial, word, reason=reason, by="op1")
    return open_study(copy)


def test_what_a_person_decides_goes_before_what_is_suggested(
    decided: Study, tmp_path: Path
) -> None:
    folder = decided.sessions()[0].folder
    measured, decisions = quality_of(folder), decisions_of(folder)
    assert measured.trials[7].reasons == ("shown before: a first reaction happens once",)
    told = {trial.trial: outcome(trial, decisions) for trial in measured.trials}
    assert [told[trial] for trial in (1, 2, 5, 7, 8, 9)] == [
        *("exclude", "keep", "exclude", "keep", "keep", "look"),
    ]
    report = build_dataset(decided, tmp_path / "d", workers=1)
    used = {row.trial for row in open_cache(tmp_path / "d").samples if not row.excluded}
    assert used == {trial for trial, word in told.items() if word != "exclude"}
    excluded = {entry["trial"]: entry["reason"] for entry in report.excluded}
    assert excluded[1] == "decided by a person: on the phone"
    assert {entry["trial"]: entry["because"] for entry in report.kept} == {
        2: "the eyes are in the video",
        8: "asleep the first time",
    }
    page = tmp_path / "report.html"
    facts = collect_session(decided.sessions()[0])
    write_report(page, title="x", sessions=[facts], runs=())
    first = page.read_text().split("</div>")[0]
    assert "exclude</span>, decided by op1: on the phone" in first
    assert "keep</span>, decided by op1: asleep the first time" in first


def test_a_decision_is_added_and_nothing_else_is_touched(
    decided: Study, messy: Study
) -> None:
    ours, theirs = (one.sessions()[0].folder for one in (decided, messy))
    assert (ours / "session.json").read_bytes() == (theirs / "session.json").read_bytes()
    before = quality_of(ours)  # kept from before the decisions
    assert tuple(check_session(ours)["findings"]) == before.findings
    lines = (ours / DECISIONS_FILE).read_text().splitlines()
    about = json.loads(lines[1])
    assert about.pop("utc").endswith("Z")
    assert about == {
        "trial": 2,
        "decision": "keep",
        "reason": "the eyes are in the video",
        "suggested": "exclude",
        "by": "op1",
    }
    assert len(lines) == 6  # what was taken back stays in the file


@pytest.mark.parametrize(
    ("trial", "word", "told"),
    [
        (4, "keep", "cannot be kept: its clip was broken off; trial 10 follows it"),
        (2, "keep", "to keep it needs a reason"),
        (1, "exclude", "to exclude it needs a reason"),
        (12, "exclude", "has no trial 12; it has: 1, 2"),
    ],
)
def test_what_cannot_be_decided_is_told_and_not_written(
    quality: SessionQuality, tmp_path: Path, trial: int, word: str, told: str
) -> None:
    reason = "because" if trial in (4, 12) else " "
    with pytest.raises(BadInputError, match=told):
        decide(tmp_path, quality, trial, word, reason=reason, by="op1")
    assert list(tmp_path.iterdir()) == []


def test_a_line_that_was_cut_is_passed_over_and_a_bad_one_is_named(
    quality: SessionQuality, decided: Study, tmp_path: Path
) -> None:
    path = tmp_path / DECISIONS_FILE
    decide(tmp_path, quality, 1, "exclude", reason="löwe", by="op1")
    whole = path.read_bytes()
    for kept in range(len(whole) - 1):  # a crash may come after every byte, also within ö
        path.write_bytes(whole[:kept])
        assert decisions_of(tmp_path) == {}
    decide(tmp_path, quality, 3, "exclude", reason="turned away", by="op1")
    assert list(decisions_of(tmp_path)) == [3]
    assert path.read_bytes().startswith(whole[:kept] + b"\n")
    good = path.read_bytes()
    for bad, why in (
        (b"[7]\n", "valid dictionary"),
        (b"excluded 7\n", "it is no JSON"),
        (whole.replace(b'"exclude"', b'"drop"'), "'decision'"),
        (whole.replace(b"l\xc3\xb6we", b" "), "needs a reason"),
    ):
        path.write_bytes(good + bad)
        with pytest.raises(BadInputError, match=f"line 3 cannot be understood: .*{why}"):
            decisions_of(tmp_path)
    with pytest.raises(BadInputError, match="line 3"):
        decide(tmp_path, quality, 1, "exclude", reason="more", by="op1")
    assert path.read_bytes() == good + bad
    damaged = Path(shutil.copytree(decided.folder, tmp_path / "study"))
    folder = open_study(damaged).sessions()[0].folder
    (folder / DECISIONS_FILE).write_text("7: exclude\n")
    with pytest.raises(BadInputError, match=r"No trial could .* line 1 cannot"):
        build_dataset(open_study(damaged), tmp_path / "d")


def test_a_copy_does_not_count_once_something_was_decided(
    decided: Study, tmp_path: Path
) -> None:
    study = open_study(Path(shutil.copytree(decided.folder, tmp_path / "study")))
    session, disk = study.sessions()[0], tmp_path / "disk"
    disk.mkdir()

    def decide_now(done: int, of: int) -> None:
        if done == of - 1:  # the session is copied, the study not yet
            decide(session.folder, quality_of(session.folder), 9, "keep", reason="", by="x")

    back_up(study, disk, decide_now)
    assert not_backed_up(study) == [session.name]  # the copy is without the last line
    back_up(study, disk)
    assert not_backed_up(study) == []
    assert f"{session.name}/trial-8" in [item.id for item in find_items(study)]
    decide(session.folder, quality_of(session.folder), 8, "suggestion", reason="", by="x")
    assert f"{session.name}/trial-8" not in [item.id for item in find_items(study)]
    back_up(study, disk)
    copy = disk / "study" / "sessions" / session.name / DECISIONS_FILE
    assert copy.read_bytes() == (session.folder / DECISIONS_FILE).read_bytes()


def test_the_command_decides(decided: Study, capsys: pytest.CaptureFixture[str]) -> None:
    folder = decided.sessions()[0].folder

    def run(*more: str) -> tuple[int, str, str]:
        code = main(["quality", str(folder), *more])
        return (code, *capsys.readouterr())

    words = ("--trial", "3", "--decide", "exclude", "--because", "turned away")
    _, said, problem = run(*words, "--by", "op2")
    assert "exclude, decided by op2: turned away" in said, problem
    assert "keep 3, look 1, exclude 5" in said
    code, _, problem = run("--trial", "3")
    assert (code, "both the trial and what" in problem) == (2, True)

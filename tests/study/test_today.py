"""The day's list, the changeover checklist, and the room that is left."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import date, datetime
from pathlib import Path

import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import read_json, write_atomic, write_json
from emer_studio.core.process import command_line
from emer_studio.core.settings import Settings
from emer_studio.schema.protocol import find_protocol
from emer_studio.study.appointments import Appointments, parse_when
from emer_studio.study.backup import back_up
from emer_studio.study.changeover import DEFAULT_ITEMS, items_of, open_items, tick
from emer_studio.study.folder import Study, create_study, open_study
from emer_studio.study.forecast import camera_bytes_s, forecast, recorded_bytes
from emer_studio.study.today import next_due, visits_on
from emer_studio.withdrawal.erase import erase
from emer_studio.withdrawal.reach import find
from sessions import write_session

DAY = date(2026, 3, 2)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One session, begun on the day at noon."""
    study = create_study(tmp_path_factory.mktemp("today") / "Pilot", seed=1)
    path = write_session(study, trials=1) / "session.json"
    noon = datetime(2026, 3, 2, 12, 0).astimezone().isoformat()
    write_json(path, {**read_json(path), "started": noon})
    return study.folder


@pytest.fixture
def study(recorded: Path, tmp_path: Path) -> Study:
    return open_study(Path(shutil.copytree(recorded, tmp_path / "Pilot")))


def change(study: Study, **fields: object) -> None:
    path = study.sessions()[0].folder / "session.json"
    write_json(path, {**read_json(path), **fields})


def next_of(study: Study, code: str) -> str:
    return next(v.next for v in visits_on(study, DAY) if v.participant == code)


def test_a_day_lists_who_comes_and_who_was_here_by_the_clock(study: Study) -> None:
    book = Appointments(study.folder)
    book.add("P003", parse_when("15:00", DAY))
    book.add("P002", parse_when("9:30", DAY))
    book.add("P004", parse_when("2026-03-03 10:00", DAY))
    book.add("P003", parse_when("16:00", DAY))  # moved
    listed = [(v.at, v.participant, v.state) for v in visits_on(study, DAY)]
    assert listed == [
        ("09:30", "P002", ""),
        ("12:00", "P001", "complete, green"),
        ("16:00", "P003", ""),
    ]
    assert next_due(study, DAY) == "P002"
    assert [v.participant for v in visits_on(study, date(2026, 3, 3))] == ["P004"]
    assert book.drop("P002", DAY) == 1
    assert next_due(study, DAY) == "P003"
    for wrong in ("soon", "25:00", "2026-02-30 10:00"):
        with pytest.raises(BadInputError, match="is no time"):
            parse_when(wrong, DAY)
    with pytest.raises(BadInputError, match="participant code"):
        book.add("Ada Lovelace", parse_when("9:30", DAY))


def test_the_next_step_of_a_visit_follows_its_session(study: Study, tmp_path: Path) -> None:
    change(study, verdict="red")
    left = "changeover: 5 to tick; read what was found; no second copy"
    assert next_of(study, "P001") == left
    change(study, verdict="amber")
    assert next_of(study, "P001") == "changeover: 5 to tick; no second copy"
    (session,) = study.sessions()
    for item in DEFAULT_ITEMS:
        tick(session, item, done=True)
    assert next_of(study, "P001") == "no second copy"
    (tmp_path / "disk").mkdir()
    back_up(study, tmp_path / "disk")
    assert next_of(study, "P001") == ""
    change(study, state="running", verdict="")
    assert next_of(study, "P001").startswith("go on with the session")


def test_ticks_are_kept_with_the_session_and_nothing_else_is_touched(study: Study) -> None:
    (session,) = study.sessions()
    before = read_json(session.folder / "session.json")
    tick(session, DEFAULT_ITEMS[0], done=True)
    tick(session, DEFAULT_ITEMS[1], done=True)
    tick(session, DEFAULT_ITEMS[1], done=False)
    after = read_json(session.folder / "session.json")
    assert list(after.pop("changeover")) == [DEFAULT_ITEMS[0]]
    assert after == {k: v for k, v in before.items() if k != "changeover"}
    (session,) = study.sessions()
    assert session.manifest.changeover[DEFAULT_ITEMS[0]].startswith("20")
    assert open_items(study, session) == DEFAULT_ITEMS[1:]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("", DEFAULT_ITEMS),
        ("changeover: [Lamp off]\n", ("Lamp off",)),
        ("changeover: []\n", ()),
    ],
)
def test_a_protocol_may_have_a_checklist_of_its_own(
    study: Study, written: str, expected: tuple[str, ...]
) -> None:
    (session,) = study.sessions()
    text = find_protocol("demo").read_text(encoding="utf-8")
    write_atomic(study.folder / session.manifest.protocol, text + written)
    assert items_of(study, session) == expected


def test_the_room_is_learned_from_sessions_and_estimated_before(
    study: Study, tmp_path: Path
) -> None:
    (size,) = recorded_bytes(study, simulated=True)
    drawn = Settings(last_camera="sim")
    files = [p for p in study.sessions()[0].folder.rglob("*") if p.is_file()]
    assert size == sum(path.stat().st_size for path in files)
    room = forecast(study, drawn)
    assert (room.session_bytes, room.recorded) == (size, 1)
    assert room.left == pytest.approx((room.free_bytes - 1e9) / size, abs=1)
    assert recorded_bytes(study, "1" * 64, simulated=True) == []
    assert forecast(study, Settings()).recorded == 0  # a drawn face tells nothing
    change(study, state="aborted")
    assert forecast(study, drawn).recorded == 0
    empty = create_study(tmp_path / "empty")
    estimate = forecast(empty, Settings()).session_bytes
    assert estimate > 60 * 40 * camera_bytes_s("", "", "")
    assert camera_bytes_s("1920x1080", "30", "") == 2.25 * camera_bytes_s(
        "1280x720", "", ""
    )


def test_a_withdrawal_takes_the_appointments_too(study: Study) -> None:
    book = Appointments(study.folder)
    book.add("P001", parse_when("2026-04-01 10:00", DAY))
    book.add("P002", parse_when("2026-04-01 11:00", DAY))
    erase(study, find(study, "P001", video_only=False), None)
    assert [one.participant for one in book.all()] == ["P002"]


def test_the_command_enters_and_lists(study: Study) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command_line("today", str(study.folder), "--date", "2026-03-02", *words),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    done = run("--add", "P007", "--at", "10:30", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [visit["participant"] for visit in told["visits"]] == ["P007", "P001"]
    assert told["room_for_sessions"] >= 0
    assert run("--add", "P008").returncode == 2
    assert run("--drop", "P099").returncode == 2

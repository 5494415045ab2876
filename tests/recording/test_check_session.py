"""What someone changes in a session folder is seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from emer_studio.recording.check import check_session
from emer_studio.recording.reader import Recording
from emer_studio.study.folder import create_study
from sessions import write_session


@pytest.fixture
def session(tmp_path: Path) -> Path:
    folder = write_session(create_study(tmp_path / "study", seed=1))
    assert check_session(folder)["verdict"] == "green", check_session(folder)["findings"]
    return folder


def lines_of(folder: Path) -> list[str]:
    return (folder / "journal.jsonl").read_text().splitlines()


def write_lines(folder: Path, lines: list[str]) -> None:
    (folder / "journal.jsonl").write_text("".join(f"{line}\n" for line in lines))


def emptied(folder: Path) -> None:
    (folder / "journal.jsonl").write_text("")


def without_end(folder: Path) -> None:
    write_lines(folder, lines_of(folder)[:-1])


def broken_line(folder: Path) -> None:
    lines = lines_of(folder)
    lines[3] = "{broken"
    write_lines(folder, lines)


def other_rating(folder: Path) -> None:
    lines = lines_of(folder)
    at = next(i for i, line in enumerate(lines) if json.loads(line)["event"] == "rating")
    event = json.loads(lines[at])
    event["value"]["valence"] = 9
    lines[at] = json.dumps(event)
    write_lines(folder, lines)


def odd_events(folder: Path) -> None:
    odd = ['{"t_s": 1.0, "event": "clip_onset"}', '{"t_s": 1.0, "event": "trial_done"}']
    write_lines(folder, [*lines_of(folder), *odd])


def no_recording(folder: Path) -> None:
    (folder / "streams_001.xdf").unlink()


def empty_segment(folder: Path) -> None:
    (folder / "streams_002.xdf").write_bytes(b"")


def short_table(folder: Path) -> None:
    table = folder / "face_001.frames.csv"
    table.write_text(table.read_text()[:200])


def wrong_times(folder: Path) -> None:
    table = folder / "face_001.frames.csv"
    rows = [line.split(",") for line in table.read_text().splitlines()]
    moved = [rows[0], *([*row[:2], "999.5", *row[3:]] for row in rows[1:])]
    table.write_text("\n".join(map(",".join, moved)) + "\n")


def latin_presented(folder: Path) -> None:
    table = folder / "presented.csv"
    table.write_bytes(table.read_bytes() + "1,né,é\n".encode("latin-1"))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (emptied, "does not hold the beginning"),
        (without_end, "does not hold the end"),
        (broken_line, "lines 4 are no events"),
        (other_rating, "markers say what the journal does not: rating"),
        (odd_events, "not in our own form"),
        (no_recording, "no file of the first recorder"),
        (empty_segment, "streams_002.xdf"),
        (short_table, "are not in it"),
        (wrong_times, "face_001.frames.csv"),
    ],
)
def test_it_is_red_and_says_where(
    session: Path, change: Callable[[Path], None], expected: str
) -> None:
    change(session)
    result = check_session(session)
    json.dumps(result, allow_nan=False)
    assert result["verdict"] == "red"
    red = "\n".join(text for text in result["findings"] if text.startswith("red"))
    assert expected in red, result["findings"]


def test_a_table_that_is_not_utf8_stops_no_check(session: Path) -> None:
    latin_presented(session)
    assert check_session(session)["verdict"] in ("green", "amber", "red")


def test_one_unreadable_segment_hides_no_other(session: Path) -> None:
    count = len(Recording(session).streams)
    empty_segment(session)
    assert len(Recording(session).streams) == count

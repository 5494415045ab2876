"""Files, rings, settings and the clock."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pylsl
import pytest

from emer_studio.core import clock, settings
from emer_studio.core.errors import BadInputError, EmerError, MissingError
from emer_studio.core.files import (
    new_folder,
    next_free,
    next_segment,
    sha256_file,
    write_atomic,
)
from emer_studio.core.ring import RingReader, RingWriter


def test_the_clock_is_the_lsl_clock() -> None:
    assert clock.now_s() <= pylsl.local_clock() <= clock.now_s()


def test_an_error_tells_what_to_do() -> None:
    problem = MissingError("No camera.", fix="Plug one in.")
    assert isinstance(problem, EmerError)
    assert problem.exit_code == 3
    assert str(problem) == "No camera.\n  → Plug one in."


def test_an_atomic_write_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.txt"
    write_atomic(path, "one")
    write_atomic(path, b"two")
    assert path.read_text() == "two"
    assert list(path.parent.iterdir()) == [path]
    assert len(sha256_file(path)) == 64


def test_what_cannot_be_written_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "session.json"
    write_atomic(path, "one")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomic(path, "two")
    monkeypatch.undo()
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_atomic(tmp_path / "folder", "two")
    assert path.read_text() == "one"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["folder", "session.json"]


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    assert new_folder(tmp_path / "new").is_dir()
    (tmp_path / "new" / "file").write_text("data")
    with pytest.raises(BadInputError, match="not empty"):
        new_folder(tmp_path / "new")
    assert (tmp_path / "new" / "file").read_text() == "data"
    assert next_free(tmp_path / "new") == tmp_path / "new_2"


def test_a_reader_sees_the_newest_rows_in_order(tmp_path: Path) -> None:
    writer = RingWriter(tmp_path / "a.ring", 8, (2,))
    reader = RingReader(tmp_path / "a.ring")
    assert len(reader.latest(4)) == 0
    for number in range(20):
        writer.write([number, -number])
    assert reader.written == 20
    rows = reader.latest(100)
    np.testing.assert_array_equal(rows[:, 0], np.arange(13, 20))
    np.testing.assert_array_equal(reader.latest(2), [[18, -18], [19, -19]])
    writer.close()
    reader.close()


def test_pictures_travel_through_a_ring(tmp_path: Path) -> None:
    writer = RingWriter(tmp_path / "p.ring", 3, (4, 5, 3), "uint8")
    picture = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    writer.write(picture)
    reader = RingReader(tmp_path / "p.ring")
    np.testing.assert_array_equal(reader.latest(1)[0], picture)
    reader.close()
    writer.close()


def test_broken_settings_never_stop_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMER_STUDIO_HOME", str(tmp_path))
    settings.remember(last_study="/somewhere")
    assert settings.load().last_study == "/somewhere"
    (tmp_path / "settings.json").write_text(
        '{"last_page": 5, "unknown": "x", "last_gaze": "g"}'
    )
    assert settings.load().last_gaze == "g"
    assert settings.load().last_page == "study"
    (tmp_path / "settings.json").write_text("{broken")
    assert settings.load() == settings.Settings()


def test_what_a_crash_left_of_a_segment_takes_its_number(tmp_path):
    assert next_segment(tmp_path, "face", ".mkv").name == "face_001.mkv"
    (tmp_path / "face_001.frames.csv").touch()  # the table comes before the video
    (tmp_path / "face_002.mkv.writing").touch()
    (tmp_path / "face_0031.mkv").touch()
    assert next_segment(tmp_path, "face", ".mkv").name == "face_003.mkv"

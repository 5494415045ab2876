"""A second copy: whole, verified, never thinner than before."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest

from emer_studio.core.errors import BadInputError, WorkFailedError
from emer_studio.core.files import read_json, sha256_file, write_json
from emer_studio.core.process import command_line
from emer_studio.study import backup as module
from emer_studio.study.backup import back_up, backed_up, known_backups
from emer_studio.study.folder import Study, open_study
from emer_studio.study.lock import locked

Recorded = tuple[Path, dict[str, Any]]


@pytest.fixture
def study(recorded_study: Recorded, tmp_path: Path) -> Study:
    folder = tmp_path / "Pilot"
    shutil.copytree(recorded_study[0], folder)
    with contextlib.closing(sqlite3.connect(folder / "labels.sqlite")) as labels:
        labels.execute("create table if not exists mark (text)")
        labels.execute("insert into mark values ('first')")
        labels.commit()
    (folder / "derived").mkdir(exist_ok=True)
    (folder / "derived" / "big.bin").write_bytes(b"x" * 1000)
    return open_study(folder)


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    (tmp_path / "disk").mkdir()
    return tmp_path / "disk"


def files_of(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): sha256_file(path)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_everything_recorded_is_there_byte_for_byte(study: Study, disk: Path) -> None:
    before = files_of(study.folder)
    done = back_up(study, disk)
    copy = files_of(disk / "Pilot")
    kept = {name for name in before if not name.startswith("derived/")}
    assert set(copy) == kept
    same = kept - {"labels.sqlite"}  # a database is copied by its own means
    assert {name: copy[name] for name in same} == {name: before[name] for name in same}
    with sqlite3.connect(disk / "Pilot" / "labels.sqlite") as labels:
        assert labels.execute("select text from mark").fetchall() == [("first",)]
    assert done.copied == len(kept)
    assert set(backed_up(study)) == set(done.sessions) == {study.sessions()[0].name}


def test_again_copies_only_what_changed_and_keeps_the_older_copy(
    study: Study, disk: Path
) -> None:
    back_up(study, disk)
    path = study.sessions()[0].folder / "session.json"
    older = path.read_text()
    write_json(path, {**read_json(path), "verdict": "red"})
    done = back_up(study, disk)
    assert (done.copied, done.replaced) == (0, 1)
    copies = disk / "Pilot" / "sessions" / path.parent.name
    assert read_json(copies / "session.json")["verdict"] == "red"
    (before,) = copies.glob("session.json.before-*")
    assert before.read_text() == older
    assert set(backed_up(study)) == {path.parent.name}  # a verdict is no recording
    with (path.parent / "journal.jsonl").open("a") as journal:
        journal.write("{}\n")
    assert backed_up(study) == {}


def test_a_disk_that_does_not_keep_what_is_written_is_told(
    study: Study, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flipping(source: Path, target: Path) -> None:
        raw = bytearray(source.read_bytes())
        if raw:
            raw[0] ^= 1
        target.write_bytes(raw)

    monkeypatch.setattr(module.shutil, "copyfile", flipping)
    before = files_of(study.folder)
    with pytest.raises(WorkFailedError, match="does not read back"):
        back_up(study, disk)
    assert files_of(study.folder) == before
    assert known_backups(study) == []
    assert not list(disk.rglob("*.part"))


def test_places_that_are_no_second_place_are_refused(study: Study, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="no folder"):
        back_up(study, tmp_path / "nowhere")
    with pytest.raises(BadInputError, match="inside the study"):
        back_up(study, study.folder / "derived")


def test_the_command_tells_what_has_no_copy(study: Study, disk: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command_line("backup", str(study.folder), *words, "--json"),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert run().returncode == 1
    with locked(study.folder, "a session"):
        assert run("--to", str(disk)).returncode == 2
    done = run("--to", str(disk))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["replaced"] == 0
    assert run().returncode == 0

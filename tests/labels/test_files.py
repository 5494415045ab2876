"""The file itself: its log, its copies, shares of other computers, and what is erased."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from emer_studio.core.errors import BadInputError, WorkFailedError
from emer_studio.labels import database as module
from emer_studio.labels.store import LabelStore, find_store, fold, open_store
from emer_studio.study.backup import back_up
from emer_studio.study.folder import Study, create_study, open_study

SHOWN = {"visible": {"mode": "blind"}, "input_by": "key", "stage": "A"}
GONE, KEPT = "sub-P001_ses-01_x/trial-1", "sub-P002_ses-01_x/trial-1"


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return create_study(tmp_path / "study", seed=7)


@pytest.fixture
def store(study: Study) -> Iterator[LabelStore]:
    assert find_store(study) is None
    opened = open_store(study)
    for item in (GONE, KEPT):
        opened.set("R1", item, "note", "quinquireme", **SHOWN)
    yield opened
    opened.close()


def mode_of(path: Path) -> str:
    with sqlite3.connect(path) as raw:
        mode = str(raw.execute("PRAGMA journal_mode").fetchone()[0])
    raw.close()
    return mode


def test_a_copy_is_whole_while_somebody_labels(
    study: Study, store: LabelStore, tmp_path: Path
) -> None:
    path = study.folder / "labels.sqlite"
    assert path.with_name("labels.sqlite-wal").stat().st_size > 0  # not in the file yet
    (tmp_path / "disk").mkdir()
    back_up(study, tmp_path / "disk")
    copied = tmp_path / "disk" / "study"
    assert [p.name for p in copied.glob("labels*")] == ["labels.sqlite"]
    assert mode_of(copied / "labels.sqlite") == "delete"
    assert back_up(study, tmp_path / "disk").replaced == 0
    copy = open_store(open_study(copied))
    assert fold(copy.events()) == fold(store.events())
    assert copy.verify() == []
    copy.close()


def test_what_is_erased_is_in_no_file_though_a_window_is_open(
    study: Study, store: LabelStore
) -> None:
    window = open_store(study)
    assert len(window.events()) == 2
    assert store.erase(lambda item: item in (GONE, KEPT)) == 2
    for file in study.folder.glob("labels*"):
        assert b"quinquireme" not in file.read_bytes(), file
    assert window.verify() == []
    assert [event.op for event in window.events() if not event.erased] == ["erase"]
    window.close()


def test_a_reader_in_the_middle_is_told_and_the_second_time_it_is_done(
    study: Study, store: LabelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = sqlite3.connect(study.folder / "labels.sqlite")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM label_event").fetchone()
    monkeypatch.setattr(module, "_WAIT_S", 0.2)
    eraser = open_store(study)
    with pytest.raises(WorkFailedError, match=r"withdraw once more|another program"):
        eraser.erase(lambda item: item == GONE)
    reader.close()
    eraser.erase(lambda item: item == GONE)
    assert fold(eraser.events()) == {("R1", KEPT): {"note": "quinquireme"}}
    assert eraser.verify() == []
    eraser.close()


def test_no_wal_on_a_share_of_another_computer(
    study: Study, store: LabelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = study.folder / "labels.sqlite"
    store.close()
    assert mode_of(path) == "wal"
    share = SimpleNamespace(mountpoint=str(study.folder), fstype="cifs", opts="rw")
    monkeypatch.setattr(module.psutil, "disk_partitions", lambda all: [share])
    moved = open_store(study)
    assert mode_of(path) == "delete"
    moved.set("R1", KEPT, "category", "fear", **SHOWN)
    assert moved.verify() == []
    moved.close()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("labels: mysql://host/db", "should be the address of"),
        ("labels: postgresql+psycopg://host", "should be the address of"),
        ("labels: postgresql://me:secret@host/db", "has a password in it"),
        ("labels: postgresql://host/db?password=secret", "has a password in it"),
    ],
)
def test_an_address_that_is_none_is_refused_by_its_line(
    study: Study, line: str, said: str
) -> None:
    path = study.folder / "study.yaml"
    path.write_text(f"{path.read_text()}{line}\n")
    with pytest.raises(BadInputError, match=rf"line \d+: .*{said}") as caught:
        open_study(study.folder)
    assert "secret" not in str(caught.value)


def test_an_address_with_a_broken_port_is_told(study: Study) -> None:
    path = study.folder / "study.yaml"
    path.write_text(f"{path.read_text()}labels: postgresql://host:x1/db\n")
    with pytest.raises(BadInputError, match="is not an address"):
        open_store(open_study(study.folder))

"""The copy after each session: to the place that was set, and never to a wrong one."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from emer_studio.core import settings
from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError, MissingError
from emer_studio.core.files import read_json, write_json
from emer_studio.core.process import command_line
from emer_studio.session.cmd_run import copy_after_session
from emer_studio.study import backup as module
from emer_studio.study.backup import back_up, backed_up
from emer_studio.study.changeover import tick
from emer_studio.study.folder import Study, create_study, open_study
from emer_studio.study.second_place import back_up_again, not_backed_up
from sessions import write_session


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    study = create_study(tmp_path_factory.mktemp("place") / "Pilot", seed=1)
    write_session(study, trials=1)
    return study.folder


@pytest.fixture
def study(recorded: Path, tmp_path: Path) -> Study:
    return open_study(Path(shutil.copytree(recorded, tmp_path / "Pilot")))


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    (tmp_path / "disk").mkdir()
    return tmp_path / "disk"


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command_line(*words), capture_output=True, text=True, timeout=60, check=False
    )


def test_the_place_is_set_kept_used_again_and_given_up(study: Study, disk: Path) -> None:
    with pytest.raises(BadInputError, match="No second place"):
        back_up_again(study)
    where = ("backup", str(study.folder))
    assert run(*where, "--always").returncode == 2
    assert run(*where, "--to", str(disk), "--always").returncode == 0
    assert settings.second_place(study.folder) == str(disk)
    assert not_backed_up(study) == []
    write_session(study, "P002", trials=1)
    assert len(not_backed_up(study)) == 1
    assert run(*where, "--again", "--json").returncode == 0
    told = json.loads(run(*where, "--json").stdout)
    assert (told["not_backed_up"], told["place"]) == ([], str(disk))
    assert run(*where, "--never").returncode == 0
    assert settings.second_place(study.folder) == ""


def test_a_disk_that_is_not_there_is_told_and_loses_nothing(
    study: Study, disk: Path, tmp_path: Path
) -> None:
    settings.remember_second_place(study.folder, str(disk))
    back_up_again(study)
    disk.rename(tmp_path / "in the drawer")
    with pytest.raises(MissingError, match="is not there: nothing was copied"):
        back_up_again(study)
    disk.mkdir()  # the mount point without its disk
    done = run("backup", str(study.folder), "--again")
    assert done.returncode == 3
    assert "is not the disk of before" in done.stderr
    assert list(disk.iterdir()) == []
    disk.rmdir()
    (tmp_path / "in the drawer").rename(disk)
    assert back_up_again(study).copied == 0


def test_a_session_without_a_window_is_copied_by_itself(
    study: Study, disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy_after_session(study, Console())
    assert capsys.readouterr().err == ""  # no place, no word
    settings.remember_second_place(study.folder, str(disk))
    copy_after_session(study, Console())
    assert "every file read back" in capsys.readouterr().err
    assert not_backed_up(study) == []
    disk.rename(disk.with_name("drawer"))
    copy_after_session(study, Console())
    assert "NOT BACKED UP: The second place" in capsys.readouterr().err
    settings.remember_second_place(study.folder, "")


def test_a_tick_while_its_file_is_copied_is_no_broken_disk(
    study: Study, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (session,) = study.sessions()
    plain = shutil.copyfile

    def ticking(source: Path, target: Path) -> None:
        plain(source, target)
        if Path(source).name == "session.json" and not session_ticked(study):
            tick(session, "Chair cleaned", done=True)

    monkeypatch.setattr(module.shutil, "copyfile", ticking)
    back_up(study, disk)
    copy = disk / "Pilot" / "sessions" / session.name / "session.json"
    assert list(read_json(copy)["changeover"]) == ["Chair cleaned"]


def session_ticked(study: Study) -> bool:
    return bool(study.sessions()[0].manifest.changeover)


def test_what_is_derived_later_leaves_a_session_backed_up(study: Study, disk: Path) -> None:
    back_up(study, disk)
    (session,) = study.sessions()
    write_json(session.folder / "derived" / "quality.json", {})
    assert set(backed_up(study)) == {session.name}

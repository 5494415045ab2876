"""The study folder: codes, session numbers, frozen copies."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import sha256_file
from emer_studio.study.folder import create_study, open_study
from emer_studio.study.lock import holder, locked


def test_a_study_opens_as_it_was_made(tmp_path: Path) -> None:
    made = create_study(tmp_path / "s", name="Tiny", seed=7)
    study = open_study(tmp_path / "s")
    assert study.file == made.file
    assert (study.file.name, study.file.seed) == ("Tiny", 7)
    assert study.participants() == []
    assert study.sessions() == []


def test_participants_keep_their_place(tmp_path: Path) -> None:
    study = create_study(tmp_path / "s")
    study.add_participant("P001", simulated=False)
    study.add_participant("P002", simulated=True)
    study.add_participant("P001", simulated=True)  # known already: nothing changes
    rows = study.participants()
    assert [(r.participant, r.simulated, r.consent) for r in rows] == [
        ("P001", False, "on paper"),
        ("P002", True, "simulated"),
    ]
    study.check_code("P002", simulated=True)
    study.check_code("P003", simulated=False)
    with pytest.raises(BadInputError, match="P001 is a real participant"):
        study.check_code("P001", simulated=True)
    with pytest.raises(BadInputError, match="P002 is a simulated participant"):
        study.check_code("P002", simulated=False)


@pytest.mark.parametrize("code", ["", "../P001", "P 001", "Jörg", "P-1", "P/1"])
def test_a_code_that_could_be_a_path_or_a_name_is_refused(
    tmp_path: Path, code: str
) -> None:
    study = create_study(tmp_path / "s")
    with pytest.raises(BadInputError, match="participant code"):
        study.add_participant(code, simulated=False)


def test_session_numbers_go_on_and_never_repeat(tmp_path: Path) -> None:
    study = create_study(tmp_path / "s")
    assert study.session_number("P001", None) == 1
    (study.folder / "sessions" / "sub-P001_ses-01_20260101T000000").mkdir()
    (study.folder / "sessions" / "sub-P0011_ses-07_20260101T000000").mkdir()
    assert study.session_number("P001", None) == 2
    assert study.session_number("P001", 5) == 5
    for none in (0, -3):
        with pytest.raises(BadInputError, match="count from 1"):
            study.session_number("P001", none)
    with pytest.raises(BadInputError, match="already has a session 1"):
        study.session_number("P001", 1)


def test_a_file_is_frozen_once_per_content(tmp_path: Path) -> None:
    study = create_study(tmp_path / "s")
    source = tmp_path / "protocol.yaml"
    source.write_text("one")
    first = study.freeze(source, "protocols")
    assert study.freeze(source, "protocols") == first
    source.write_text("two")
    second = study.freeze(source, "protocols")
    assert first != second
    assert (first.read_text(), second.read_text()) == ("one", "two")
    assert sha256_file(second)[:8] in second.name


def test_what_is_no_study_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="emer-studio new"):
        open_study(tmp_path)


def test_only_one_holds_a_study_and_a_dead_holder_holds_nothing(tmp_path: Path) -> None:
    study = create_study(tmp_path / "s").folder
    with locked(study, "session P001"):
        assert holder(study) is not None
        with (
            pytest.raises(BadInputError, match="session P001 by process"),
            locked(study, "x"),
        ):
            pass
    assert holder(study) is None
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    facts = {"pid": gone.pid, "host": socket.gethostname(), "since": "", "what": "dead"}
    (study / "study.lock").write_text(json.dumps(facts))
    with locked(study, "next"):
        assert (holder(study) or {})["what"] == "next"
    assert not (study / "study.lock").exists()


def test_a_damaged_session_is_named_not_forgotten(tmp_path: Path) -> None:
    study = create_study(tmp_path / "s")
    for name, content in (("sub-P001_ses-01_x", "{"), ("sub-P002_ses-01_x", None)):
        (study.folder / "sessions" / name).mkdir()
        if content is not None:
            (study.folder / "sessions" / name / "session.json").write_text(content)
    assert study.sessions() == []
    (broken, why), (empty, missing) = study.damaged()
    assert (broken, empty) == ("sub-P001_ses-01_x", "sub-P002_ses-01_x")
    assert "not valid JSON" in why
    assert "does not exist" in missing

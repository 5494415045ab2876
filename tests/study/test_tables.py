"""A table that somebody opened in a spreadsheet is read as it is meant, or not at all."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.study.appointments import Appointments
from emer_studio.study.backup import known_backups
from emer_studio.study.demographics import Demographics
from emer_studio.study.folder import create_study
from emer_studio.study.slots import Slots

WHEN = datetime(2026, 11, 22, 10, 30)


def test_the_mark_of_a_spreadsheet_costs_no_row(tmp_path: Path) -> None:
    people = tmp_path / "demographics.tsv"
    people.write_text("participant\tutc\tprotocol\tage\nP001\t\temer\t31\n", "utf-8-sig")
    assert Demographics(tmp_path).of("P001") == {"age": "31"}
    coming = tmp_path / "appointments.tsv"
    coming.write_text("when\tparticipant\n2026-11-22 09:30:00\tP001\n", "utf-8-sig")
    Appointments(tmp_path).add("P002", WHEN)
    assert [one.participant for one in Appointments(tmp_path).all()] == ["P001", "P002"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"when\tparticipant\n22.11.2026 9:30\tP001\n", "22.11.2026 9:30 P001"),
        (b"when;participant\n2026-11-22 09:30;P001\n", "no column 'when'"),
        (b"when\tparticipant\n2026-11-22 09:30\tP001\tlate\n", "without a column"),
        ("when\tparticipant\n".encode("utf-16"), "cannot be read as text"),
    ],
)
def test_what_cannot_be_read_is_told_and_never_written_over(
    tmp_path: Path, content: bytes, expected: str
) -> None:
    path = tmp_path / "appointments.tsv"
    path.write_bytes(content)
    with pytest.raises(BadInputError, match=expected):
        Appointments(tmp_path).add("P002", WHEN)
    assert path.read_bytes() == content


def test_every_table_of_a_study_says_so(tmp_path: Path) -> None:
    study = create_study(tmp_path / "study", seed=1)
    tables = {
        "participants": study.participants,
        "counterbalance": Slots(study.folder).all,
        "demographics": Demographics(study.folder).all,
        "backups": lambda: known_backups(study),
    }
    for name, read in tables.items():
        assert not read()
        (study.folder / f"{name}.tsv").write_bytes("Straße".encode("latin-1"))
        with pytest.raises(BadInputError, match=f"{name}.tsv"):
            read()

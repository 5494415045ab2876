"""Consents on the disk: kept, found again, and only a withdrawal takes one out."""

from __future__ import annotations

from pathlib import Path

from emer_studio.study.consents import Consent, Consents


def consent(code: str, agreed: bool = True) -> Consent:
    given = ("take_part", "record_video") if agreed else ()
    return Consent(code, "2026-11-21T10:00:00.000Z", agreed, given, ("share",))


def test_the_last_answer_counts(tmp_path: Path) -> None:
    kept = Consents(tmp_path)
    assert kept.of("P001") is None
    for one in (consent("P001"), consent("P002"), consent("P001", False), consent("")):
        kept.add(one)
    assert kept.of("P001") == consent("P001", False)
    assert kept.of("P002") == consent("P002")
    assert kept.of("") is None  # somebody who never took part is nobody
    assert len(kept.all()) == 4


def test_a_line_that_a_crash_cut_off_loses_no_other(tmp_path: Path) -> None:
    kept = Consents(tmp_path)
    kept.add(consent("P001"))
    with kept.path.open("a") as stream:
        stream.write('{"participant": "P0')
    assert kept.of("P001") == consent("P001")
    kept.add(consent("P002"))
    assert kept.path.read_text().splitlines()[2].startswith('{"participant": "P002"')
    assert [one.participant for one in kept.all()] == ["P001", "P002"]


def test_who_may_have_answered_otherwise_is_asked_again(tmp_path: Path) -> None:
    kept = Consents(tmp_path)
    for code in ("P001", "P002"):
        kept.add(consent(code))
    with kept.path.open("a") as stream:
        stream.write('{"participant": "P001", "agreed": fal\n')
    assert kept.of("P001") is None
    assert kept.of("P002") == consent("P002")


def test_lines_of_others_stay_as_they_were(tmp_path: Path) -> None:
    kept = Consents(tmp_path)
    for code in ("P001", "P002", "P001"):
        kept.add(consent(code))
    other = kept.path.read_text().splitlines(keepends=True)[1]
    assert kept.drop(lambda code: code == "P001") == 2
    assert kept.path.read_text() == other
    assert kept.drop(lambda code: code == "P009") == 0


def test_each_answer_speaks_of_the_scopes_it_names(tmp_path: Path) -> None:
    kept = Consents(tmp_path)
    assert kept.allowed("P001") is None
    kept.add(Consent("P001", "2026-11-21T10:00:00Z", True, ("take_part", "share"), ()))
    kept.add(Consent("P001", "2026-11-22T10:00:00Z", False, (), ("record_video",)))
    assert kept.allowed("P001") == {"take_part", "share"}
    kept.add(Consent("P001", "2026-11-23T10:00:00Z", False, (), ("share",)))
    assert kept.allowed("P001") == {"take_part"}
    with kept.path.open("a") as stream:
        stream.write('{"participant": "P001", "refu\n')
    assert kept.allowed("P001") is None
    assert kept.allowed("P002") is None

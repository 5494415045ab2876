"""What a protocol asks of a person: checked, kept by code, never a name, gone on demand."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from emer_studio.core.errors import BadInputError, WorkFailedError
from emer_studio.core.process import command_line
from emer_studio.schema.base import parse_yaml
from emer_studio.schema.protocol import Protocol, find_protocol
from emer_studio.study.demographics import Demographics
from emer_studio.study.folder import Study, create_study
from emer_studio.withdrawal.erase import erase
from emer_studio.withdrawal.reach import find

ITEMS = """
demographics:
  - {id: age, kind: number, question: {en: "How old?"}, low: 18, high: 99}
  - {id: hand, kind: choice, question: {en: "Which hand?"}, labels: [right, left]}
  - {id: remarks, kind: text, question: {en: "Anything else?"}, optional: true}
"""
GOOD = {"age": "34", "hand": "left"}


def protocol_with(items: str) -> Protocol:
    text = find_protocol("demo").read_text(encoding="utf-8") + items
    return parse_yaml(text, Protocol, source="test.yaml")


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return create_study(tmp_path / "study", seed=1)


def test_answers_are_kept_by_code_and_asked_for_once(study: Study) -> None:
    protocol, book = protocol_with(ITEMS), Demographics(study.folder)
    assert book.missing(protocol, "P001")
    book.put(protocol, "P001", GOOD)
    book.put(protocol, "P002", {**GOOD, "remarks": 'tab\\t and "quotes"'})
    assert not book.missing(protocol, "P001")
    other = protocol_with(ITEMS.replace("hand", "glasses"))
    assert book.missing(other, "P001")
    book.put(other, "P001", {"age": "35", "glasses": "right"})
    assert book.of("P001") == {"age": "35", "hand": "left", "glasses": "right"}
    assert book.of("P002")["remarks"] == 'tab\\t and "quotes"'


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ({"hand": "left"}, "'age' is missing"),
        ({**GOOD, "age": "17"}, "'age' is between 18 and 99"),
        ({**GOOD, "age": "nan"}, "'age' is between 18 and 99"),
        ({**GOOD, "age": "old"}, "'age' is a number"),
        ({**GOOD, "hand": "both"}, "'hand' is none of right, left"),
        ({**GOOD, "remarks": "two\nlines"}, "'remarks' is one line"),
        ({**GOOD, "name": "Ada"}, "'name' is not asked"),
    ],
)
def test_an_answer_that_does_not_fit_is_told_and_nothing_is_kept(
    study: Study, answers: dict[str, str], told: str
) -> None:
    book = Demographics(study.folder)
    with pytest.raises(BadInputError, match=told):
        book.put(protocol_with(ITEMS), "P001", answers)
    assert book.all() == {}


@pytest.mark.parametrize(
    ("item", "told"),
    [
        ("{id: First_Name, kind: text, question: {en: x}}", "go to the vault"),
        ("{id: utc, kind: text, question: {en: x}}", "taken by the table"),
        ("{id: a, kind: choice, question: {en: x}}", "names its 'labels'"),
        ("{id: a, kind: choice, question: {en: x}, labels: [one]}", "two or more"),
        ("{id: a, kind: text, question: {en: x}, low: 1}", "only a number"),
        ("{id: a, kind: number, question: {en: x}, low: 9, high: 2}", "is below"),
    ],
)
def test_an_item_that_cannot_be_asked_is_refused_with_its_line(
    item: str, told: str
) -> None:
    with pytest.raises(BadInputError, match=told) as problem:
        protocol_with(f"\ndemographics:\n  - {item}\n")
    assert "line" in str(problem.value)


def test_nothing_is_asked_or_ticked_twice() -> None:
    item = "  - {id: a, kind: text, question: {en: x}}\n"
    with pytest.raises(BadInputError, match="two items have the same id"):
        protocol_with(f"\ndemographics:\n{item}{item}")
    with pytest.raises(BadInputError, match="stand there once"):
        protocol_with("\nchangeover: [Lamp off, Lamp off]\n")


def test_a_withdrawal_takes_the_answers_too(study: Study) -> None:
    protocol, book = protocol_with(ITEMS), Demographics(study.folder)
    study.add_participant("P001", simulated=False)
    for code in ("P001", "P002"):
        book.put(protocol, code, GOOD)
    erase(study, find(study, "P001", video_only=False), None)
    assert list(book.all()) == ["P002"]
    assert "P001" not in book.path.read_text()


def test_answers_wait_where_the_table_cannot_be_written(study: Study) -> None:
    protocol, book = protocol_with(ITEMS), Demographics(study.folder)
    book.path.mkdir()  # nothing can be put in its place
    told = book.put(protocol, "P001", GOOD)
    assert "demographics.tsv cannot be written" in told
    assert "The answers of P001 are safe in demographics.waiting.jsonl" in told
    assert "P001, P002" in book.put(protocol, "P002", {**GOOD, "remarks": "löwe"})
    assert not book.missing(protocol, "P001")  # nobody is asked twice
    assert "cannot be written" in book.enter_waiting()
    with book.waiting_path.open("a") as stream:
        stream.write('{"participant": "P003", "age')  # cut by a crash
    book.path.rmdir()
    assert book.enter_waiting() == ""
    assert not book.waiting_path.exists()
    assert not list(study.folder.glob(".demographics*"))
    assert book.of("P002") == {**GOOD, "remarks": "löwe"}
    assert len(book.path.read_text().splitlines()) == 3


def test_a_damaged_table_is_left_alone_and_the_answers_wait(study: Study) -> None:
    protocol, book = protocol_with(ITEMS), Demographics(study.folder)
    book.path.write_text("who\tage\nP001\t34\n")
    assert "has no column 'participant'" in book.put(protocol, "P002", GOOD)
    assert book.path.read_text() == "who\tage\nP001\t34\n"
    book.path.write_text("participant\tage\nP002\t33\nP001\t34\n")
    assert book.put(protocol, "P003", GOOD) == ""
    assert book.of("P002") == GOOD  # the later answer
    assert list(book.all()) == ["P002", "P001", "P003"]
    book.waiting_path.write_text("P004 is 28\n")
    told = book.put(protocol, "P005", GOOD)
    assert "line 1 cannot be understood" in told
    assert "P005" in book.waiting_path.read_text()


def test_where_nothing_can_be_kept_the_answers_are_told(study: Study) -> None:
    book = Demographics(study.folder)
    book.path.mkdir()
    book.waiting_path.mkdir()
    with pytest.raises(WorkFailedError, match=r"could not be kept .*: age 34, hand left"):
        book.put(protocol_with(ITEMS), "P001", GOOD)


def test_a_withdrawal_takes_what_waits_too(study: Study) -> None:
    protocol, book = protocol_with(ITEMS), Demographics(study.folder)
    study.add_participant("P001", simulated=False)
    book.path.mkdir()
    for code in ("P001", "P002"):
        book.put(protocol, code, GOOD)
    book.path.rmdir()
    erase(study, find(study, "P001", video_only=False), None)
    assert list(book.all()) == ["P002"]
    assert not book.waiting_path.exists()


def test_the_command_keeps_and_prints_answers(study: Study, tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(find_protocol("demo").read_text(encoding="utf-8") + ITEMS)

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command_line("demographics", str(study.folder), *words),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    who = ("--participant", "P001", "--protocol", str(path))
    assert run(*who, "--set", "age=34", "hand=left").stdout == "P001: age 34, hand left\n"
    wrong = run(*who, "--set", "age=7", "hand=left")
    assert (wrong.returncode, "between 18 and 99" in wrong.stderr) == (2, True)
    assert run("--set", "age=34").returncode == 2

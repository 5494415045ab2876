"""Protocol files: mistakes are told with file, line and the nearest valid key."""

from __future__ import annotations

from pathlib import Path

import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import data_dir
from emer_studio.schema.protocol import find_protocol, load_protocol

DEMO = data_dir() / "protocols" / "induction" / "demo.yaml"


def changed(tmp_path: Path, old: str, new: str) -> Path:
    text = DEMO.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "changed.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def test_the_shipped_protocol_is_found_by_name_and_loads() -> None:
    protocol = load_protocol(find_protocol("demo"))
    assert protocol.name == "demo"
    assert protocol.page("sam").points == 9


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("fixation_s: 1.0", "fixaton_s: 1.0", ["unknown key", "fixaton_s", "'fixation_s'"]),
        ("instructions:", "instructons:", ["unknown key 'instructons'", "'instructions'"]),
        ("shuffle: true", "shufle: true", ["blocks.0.order.shufle", "'shuffle'"]),
        ("points: 9", "points: 8", ["points"]),
        ("ratings: [sam]", "ratings: [sma]", ["'sma'", "only sam"]),
        ("washout_s: 1.0", "washout_s: -1", ["washout_s", "greater than or equal to 0"]),
        ("name: demo", "", ["'name' is missing"]),
    ],
    ids=[
        "a deep key",
        "a top key",
        "a key in an order",
        "a value",
        "a reference",
        "a limit",
        "a missing key",
    ],
)
def test_a_mistake_names_file_and_key(
    tmp_path: Path, old: str, new: str, expected: list[str]
) -> None:
    path = changed(tmp_path, old, new)
    with pytest.raises(BadInputError) as problem:
        load_protocol(path)
    assert str(path) in str(problem.value)
    for words in expected:
        assert words in str(problem.value)


def test_the_line_is_the_line_of_the_mistake(tmp_path: Path) -> None:
    path = changed(tmp_path, "fixation_s: 1.0", "fixaton_s: 1.0")
    lines = path.read_text(encoding="utf-8").splitlines()
    line = next(i for i, text in enumerate(lines, 1) if "fixaton_s" in text)
    with pytest.raises(BadInputError, match=f"line {line}: unknown key"):
        load_protocol(path)


def test_broken_yaml_has_a_line_too(tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("name: demo\ntitle: [unclosed\nclips: x\n")
    with pytest.raises(BadInputError, match="line 3"):
        load_protocol(path)


@pytest.mark.parametrize(
    "text",
    ["name: &a [*a]\n", "name: " + "[" * 2000, "name: 2020-13-45\n", "- a\n", "\x00"],
)
def test_odd_yaml_is_a_message_too(tmp_path: Path, text: str) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(text)
    with pytest.raises(BadInputError, match=r"odd\.yaml"):
        load_protocol(path)


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("ratings: [sam]", "ratings: [sma]", "ratings:"),
        ("languages:", "before: [sma]\nlanguages:", "before:"),
        ("id: main", "id: main\n    ratings: [sam]\n  - id: main", "blocks:"),
    ],
    ids=["a page of a block", "a page before", "two blocks of one name"],
)
def test_what_only_shows_in_the_whole_has_its_line(
    tmp_path: Path, old: str, new: str, where: str
) -> None:
    path = changed(tmp_path, old, new)
    lines = path.read_text(encoding="utf-8").splitlines()
    line = next(i for i, text in enumerate(lines, 1) if text.strip().startswith(where))
    with pytest.raises(BadInputError, match=f"line {line}: "):
        load_protocol(path)

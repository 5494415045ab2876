"""A protocol that moves keeps its clips."""

from __future__ import annotations

import shutil

import pytest

from emer_studio.schema.protocol import find_protocol
from emer_studio.schema.relocate import relocated

TEXT = "# mine\nname: p\nclips: {}  # ours\nrating_pages: []\n"


@pytest.fixture
def folders(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new" / "deep"
    for folder in (old, new):
        folder.mkdir(parents=True)
    (old / "clips.yaml").write_text("clips: []")
    return old, new


def test_a_path_leads_to_the_same_file_from_the_new_place(folders):
    old, new = folders
    moved = relocated(TEXT.format("clips.yaml"), old, new)
    assert moved == TEXT.format("../../old/clips.yaml")
    assert relocated(moved, new, old) == TEXT.format("clips.yaml")
    assert relocated(TEXT.format('"clips.yaml"'), old, new) == TEXT.format(
        '"../../old/clips.yaml"'
    )


def test_what_leads_nowhere_or_is_absolute_or_broken_stays(folders):
    old, new = folders
    whole = str((old / "clips.yaml").resolve())
    for text in (TEXT.format("nowhere.yaml"), TEXT.format(whole), "name: 'open\nclips: x"):
        assert relocated(text, old, new) == text


def test_figures_move_too(folders):
    old, new = folders
    (old / "sam").mkdir()
    page = "  - id: s\n    figures: {folder: sam, sha256: x}\n"
    text = f"clips: clips.yaml\nrating_pages:\n{page}"
    assert "{folder: ../../old/sam, sha256: x}" in relocated(text, old, new)


def test_a_shipped_protocol_can_be_copied_anywhere(tmp_path):
    demo = find_protocol("demo")
    text = demo.read_text(encoding="utf-8")
    moved = relocated(text, demo.parent, tmp_path)
    (line,) = [line for line in moved.split("\n") if line.startswith("clips: ")]
    assert (tmp_path / line.removeprefix("clips: ")).is_file()
    shutil.copytree(demo.parents[2] / "stimuli", tmp_path / "stimuli")
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert relocated(text, demo.parent, tmp_path / "a" / "b") != text  # never another file

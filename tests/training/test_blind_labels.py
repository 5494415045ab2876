"""A model is judged by what experts said before they saw any suggestion."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.dataset.blind import BLIND_FILE, BLIND_HEAD, read_blind, read_left_out
from emer_studio.dataset.cache import CacheWriter, Dataset, open_cache
from emer_studio.schema.dataset import SampleRow
from emer_studio.schema.training import FoldSplit
from emer_studio.training.scores.remarks import led_words
from emer_studio.training.scores.subsets import discordant_table
from emer_studio.training.task import Task, labels_of

CLASSES = ("anger", "fear")
SPLIT = FoldSplit(fold=1, train=("P0",), validation=(), test=("P1", "P2"))


def _dataset(folder: Path, blind: list[list[str]] | None) -> Dataset:
    with CacheWriter(folder, name="d") as writer:
        for i in range(3):
            row = SampleRow(
                sample_id=f"s{i}", participant=f"P{i}", stimulus="c",
                fer_emotion="fear", fer_intensity=2.0, er_emotion="fear",
            )  # fmt: skip
            writer.add(
                row,
                np.full((2, 112, 112, 3), i, np.uint8), np.ones(2, bool), np.arange(2.0),
                np.full((3, 39), i, np.float32), np.arange(3.0),
            )  # fmt: skip
        if blind is not None:
            writer.add_table(BLIND_FILE, [BLIND_HEAD, *blind])
    return open_cache(folder)


def test_the_test_part_has_the_blind_labels(tmp_path: Path) -> None:
    # s0 and s1 were changed in the review; s2 had no blind consensus at all.
    blind = [["s0", "anger", "", "", "1.0", ""], ["s1", "anger", "", "", "1.0", ""]]
    dataset = _dataset(tmp_path / "d", blind)
    classes = labels_of(dataset, Task("fer_emotion", CLASSES)).of_fold(dataset, SPLIT)
    assert classes.usable.tolist() == [True, True, False]
    assert classes.classes[:2].tolist() == [1, 0]
    target = classes.as_target(regression=False)
    assert target.tolist() == [1, 0, -1]
    numbers = labels_of(dataset, Task("fer_intensity")).of_fold(dataset, SPLIT)
    assert numbers.values[:2].tolist() == [2.0, 1.0]
    felt = labels_of(dataset, Task("er_emotion", CLASSES)).of_fold(dataset, SPLIT)
    assert felt.usable.all()


def test_where_felt_and_shown_differ_is_told_by_the_blind_labels(tmp_path: Path) -> None:
    # All say that fear was felt. The review made fear of the anger that s1 showed; of s2
    # the blind pass says nothing.
    blind = [["s0", "fear", "", "", "", "", "0"], ["s1", "anger", "", "", "", "", "0"]]
    dataset = _dataset(tmp_path / "d", blind)
    weights = np.ones((2, 3))
    for label, right in (("fer_emotion", 1.0), ("er_emotion", 0.0)):
        angry = {"model": np.zeros(3)}
        table = discordant_table(dataset, Task(label, CLASSES), range(3), angry, weights)
        assert (table["missing"], table["both"], table["discordant"]) == ("", 2, 1)
        assert table["accuracy"]["model"]["discordant"]["value"] == right
        assert table["other"]["value"] == 1.0 - right


def test_without_the_table_labels_are_taken_as_they_are(tmp_path: Path) -> None:
    dataset = _dataset(tmp_path / "d", None)
    labels = labels_of(dataset, Task("fer_emotion", CLASSES))
    assert labels.unled is None
    assert labels.of_fold(dataset, SPLIT) is labels


def test_results_say_how_many_labels_were_imported_without_a_word(tmp_path: Path) -> None:
    blind = [["s0", "anger", "", "", "", "", "0"], ["s1", "", "", "", "", "", "3"]]
    dataset = _dataset(tmp_path / "d", blind)
    labels = labels_of(dataset, Task("fer_emotion", CLASSES))
    assert led_words(dataset, labels) == (
        "2 samples are learnt from but never tested on: the blind pass alone gave them no"
        " label (1 of them has imported labels that do not say they were made blind)"
    )
    assert read_left_out(dataset.folder) == {"s0": 0, "s1": 3}


def test_a_damaged_table_is_one_message(tmp_path: Path) -> None:
    dataset = _dataset(tmp_path / "d", [["s0", "anger", "high", "", "", ""]])
    with pytest.raises(BadInputError, match="is damaged"):
        read_blind(dataset.folder)

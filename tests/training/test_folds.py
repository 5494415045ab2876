from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emer_studio.core.errors import BadInputError
from emer_studio.dataset.clip_facts import ClipFacts
from emer_studio.dataset.sets import read_sets
from emer_studio.schema.dataset import StoredSample
from emer_studio.schema.training import FoldSplit, StimulusSplit
from emer_studio.training.folds import (
    check_films,
    check_leakage,
    make_folds,
    official_folds,
)

names = st.integers(0, 30).map("P{:02d}".format)


@settings(deadline=None)
@given(st.lists(names, min_size=2, max_size=200), st.integers(2, 6), st.integers(0, 99))
def test_folds_are_disjoint_and_complete(people: list[str], n: int, seed: int) -> None:
    distinct = set(people)
    if len(distinct) < n:
        with pytest.raises(BadInputError, match="participants"):
            make_folds(people, n, seed)
        return
    folds = make_folds(people, n, seed)
    tested = [name for fold in folds for name in fold.test]
    assert sorted(tested) == sorted(distinct)
    for fold in folds:
        parts = [set(fold.train), set(fold.validation), set(fold.test)]
        assert set.union(*parts) == distinct
        assert sum(map(len, parts)) == len(distinct)
        assert fold.train
        assert fold.test
        assert bool(fold.validation) == (len(distinct) - len(fold.test) >= 3)
    assert make_folds(list(reversed(people)), n, seed) == folds


def test_folds_are_balanced_and_follow_the_seed() -> None:
    people = [f"P{i:02d}" for i in range(20) for _ in range(10)]
    folds = make_folds(people, 5, 0)
    assert [len(fold.test) for fold in folds] == [4] * 5
    assert folds != make_folds(people, 5, 1)


def _sample(name: str, participant: str, digit: str) -> StoredSample:
    return StoredSample(
        sample_id=name, participant=participant, stimulus="c", frame_first=0, n_frames=1,
        eye_first=0, n_eyes=1, sha256=digit * 64,
    )  # fmt: skip


def test_the_gate_refuses_a_participant_on_both_sides() -> None:
    split = FoldSplit(fold=1, train=("A", "B"), validation=(), test=("B",))
    with pytest.raises(BadInputError, match="participant B is in train and in test"):
        check_leakage([], split)


def test_the_gate_refuses_the_same_recording_on_both_sides() -> None:
    split = FoldSplit(fold=2, train=("A",), validation=("C",), test=("B",))
    samples = [_sample("a", "A", "1"), _sample("b", "B", "2"), _sample("c", "C", "3")]
    check_leakage(samples, split)
    check_leakage([*samples, _sample("a2", "A", "1")], split)
    with pytest.raises(BadInputError, match=r"samples a .* and b2 .* same data"):
        check_leakage([*samples, _sample("b2", "B", "1")], split)
    with pytest.raises(BadInputError, match="leaks"):
        check_leakage([*samples, _sample("c2", "C", "2")], split)


def test_the_gate_keeps_windows_of_a_clip_on_one_side() -> None:
    people = [f"P{p}" for p in range(6)]
    windows = [
        _sample(f"{p}/trial-1/w-0{w}", p, "0").model_copy(
            update={"unit": "window", "sha256": f"{k}{w}" * 32}
        )
        for k, p in enumerate(people)
        for w in (1, 2, 3)
    ]
    for split in make_folds([s.participant for s in windows], 3, seed=0):
        check_leakage(windows, split)
        sides = [{*split.train, *split.validation}, {*split.test}]
        trials = [{s.trial_id for s in windows if s.participant in side} for side in sides]
        assert trials[0].isdisjoint(trials[1])
    other = windows[1].model_copy(update={"participant": "P5"})  # a code that was changed
    split = FoldSplit(fold=1, train=("P0",), validation=(), test=("P5",))
    with pytest.raises(BadInputError, match="are parts of one clip"):
        check_leakage([windows[0], other], split)


def test_official_sets_are_the_folds() -> None:
    samples = [_sample(f"{p}{k}", p, str(k)) for p in "ABCDEF" for k in range(2)]
    sets = {s.sample_id: 1 + "ABCDEF".index(s.participant) // 2 for s in samples}
    folds = official_folds(samples, sets, 0)
    assert [(f.fold, f.test) for f in folds] == [
        (1, ("A", "B")),
        (2, ("C", "D")),
        (3, ("E", "F")),
    ]
    for fold in folds:
        assert {*fold.train, *fold.validation, *fold.test} == set("ABCDEF")
        assert len(fold.validation) == 1
    with pytest.raises(BadInputError, match="at least 2 official sets, found 1"):
        official_folds(samples[:4], sets, 0)


def test_official_sets_that_share_people_or_miss_samples_are_refused() -> None:
    samples = [_sample(f"{p}{k}", p, str(k)) for p in "ABC" for k in range(2)]
    sets = {"A0": 1, "A1": 3, "B0": 2, "B1": 2, "C0": 3, "C1": 3}
    with pytest.raises(BadInputError, match=r"1 of 3 participants .*\(A in 1, 3\)"):
        official_folds(samples, sets, 0)
    for hole in ({**sets, "C1": None}, {k: v for k, v in sets.items() if k != "C1"}):
        with pytest.raises(BadInputError, match=r"1 of 6 samples .* such as C1"):
            official_folds(samples, hole, 0)


def test_a_list_of_sets_that_is_missing_or_damaged_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="has no official sets"):
        read_sets(tmp_path)
    (tmp_path / "sets.csv").write_text("sample_id,set\na,1\nb,\n")
    assert read_sets(tmp_path) == {"a": 1, "b": None}
    (tmp_path / "sets.csv").write_text("sample_id,set\na,first\n")
    with pytest.raises(BadInputError, match="damaged"):
        read_sets(tmp_path)


def test_one_film_under_two_names_is_on_one_side() -> None:
    everybody = ("P0", "P1")
    split = FoldSplit(
        fold=1, train=everybody, validation=(), test=everybody, by="stimulus",
        stimuli=StimulusSplit(train=("a", "b"), validation=(), test=("c",)),
    )  # fmt: skip
    film = ClipFacts("0" * 64, "fear")
    check_films(split, {"a": film, "b": film, "c": ClipFacts("1" * 64, "")})
    check_films(split, {"a": ClipFacts("", ""), "c": ClipFacts("", "")})
    with pytest.raises(BadInputError, match=r"b \(train\) and c \(test\) are the same"):
        check_films(split, {"b": film, "c": film})

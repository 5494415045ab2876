from __future__ import annotations

import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.schema.dataset import StoredSample
from emer_studio.schema.training import FoldSplit, StimulusSplit
from emer_studio.training.folds import check_leakage
from emer_studio.training.stimulus_folds import crossed_folds, stimulus_folds


def _samples(people: int, clips: int) -> list[StoredSample]:
    return [
        StoredSample(
            sample_id=f"P{p}c{c}", participant=f"P{p}", stimulus=f"c{c}", frame_first=0,
            n_frames=1, eye_first=0, n_eyes=1, sha256=f"{p:032x}{c:032x}",
        )
        for p in range(people)
        for c in range(clips)
    ]  # fmt: skip


def _part(split: FoldSplit, samples: list[StoredSample], part: str) -> list[StoredSample]:
    return [s for s in samples if split.part_of(s.participant, s.stimulus) == part]


def test_folds_by_stimulus_share_no_clip_and_test_every_sample_once() -> None:
    samples = _samples(3, 6)
    folds = stimulus_folds(samples, 3, seed=0)
    tested = []
    for split in folds:
        check_leakage(samples, split)
        clips = [{s.stimulus for s in _part(split, samples, p)} for p in ("train", "test")]
        kept = {s.stimulus for s in _part(split, samples, "validation")}
        assert [len(c) for c in clips] == [3, 2]
        assert len(kept) == 1
        assert clips[0].isdisjoint(clips[1] | kept)
        tested += [s.sample_id for s in _part(split, samples, "test")]
    assert sorted(tested) == sorted(s.sample_id for s in samples)
    assert stimulus_folds(samples[::-1], 3, seed=0) == folds


def test_folds_by_both_share_neither_and_test_one_cell_in_each() -> None:
    samples = _samples(6, 9)
    for split in crossed_folds(samples, 3, seed=1):
        check_leakage(samples, split)
        parts = [_part(split, samples, p) for p in ("train", "validation", "test")]
        assert [len(p) for p in parts] == [3 * 5, 1 * 1, 2 * 3]
        for name in ("participant", "stimulus"):
            train, kept, test = ({getattr(s, name) for s in part} for part in parts)
            assert len(train | kept | test) == len(train) + len(kept) + len(test)
    few = crossed_folds(_samples(6, 4), 2, seed=1)[0]  # two clips cannot give one away
    assert not few.validation
    assert [len(_part(few, _samples(6, 4), p)) for p in ("train", "test")] == [6, 6]


def test_too_few_stimuli_are_told() -> None:
    for folds in (stimulus_folds, crossed_folds):
        with pytest.raises(BadInputError, match=r"3 folds by stimulus .* stimuli, found 2"):
            folds(_samples(4, 2), 3, 0)


def test_the_gate_refuses_a_stimulus_on_both_sides() -> None:
    samples = _samples(4, 4)
    clips = StimulusSplit(train=("c0", "c1"), validation=(), test=("c1", "c2"))
    people = ("P0", "P1", "P2", "P3")
    shared = FoldSplit(
        fold=1, train=people, validation=(), test=people, by="stimulus", stimuli=clips
    )
    with pytest.raises(BadInputError, match="stimulus c1 is in train and in test"):
        check_leakage(samples, shared)
    clips = clips.model_copy(update={"test": ("c2", "c3")})
    check_leakage(samples, shared.model_copy(update={"stimuli": clips}))
    both = shared.model_copy(update={"stimuli": clips, "by": "both"})
    with pytest.raises(BadInputError, match="participant P0 is in train and in test"):
        check_leakage(samples, both)
    double = samples[2].model_copy(update={"sha256": samples[0].sha256})
    with pytest.raises(BadInputError, match="same data"):
        check_leakage([samples[0], double], shared.model_copy(update={"stimuli": clips}))

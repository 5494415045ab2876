"""The clips that a pre-labeller may learn from and be judged by, and their faces."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import next_free
from emer_studio.dataset.build import build_dataset
from emer_studio.dataset.cache import Dataset, open_cache
from emer_studio.labels.blind import BlindLabels, blind_labels
from emer_studio.labels.ratings import events_of
from emer_studio.schema.dataset import StoredSample
from emer_studio.study.folder import Study, open_study

__all__ = ["HeadClips", "Source", "find_source", "labelled_clips"]

OnTrial = Callable[[int, int], None]
Soft = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Source:
    """Where labels and faces come from.

    Attributes
    ----------
    study : Study or None
        None for a synthetic dataset, whose raters are drawn and saw no prediction.
    dataset : Dataset or None
        None where the study has none yet.
    """

    study: Study | None
    dataset: Dataset | None


@dataclass(frozen=True)
class HeadClips:
    """Clips with a blind consensus and at least one frame with a face.

    Attributes
    ----------
    dataset : Dataset
    samples : tuple of StoredSample
    frames : tuple of ndarray of int64
        Of each clip, the rows of ``faces.u8`` with a face, in order of time.
    target : (N, 7) float32
        Share of the experts' votes for each emotion.
    truth : (N,) int64
        Number of the emotion that they agree on.
    elsewhere, unseen : int
        See `schema.fer_head.FerHeadRun`.
    """

    dataset: Dataset
    samples: tuple[StoredSample, ...]
    frames: tuple[NDArray[np.int64], ...]
    target: NDArray[np.float32]
    truth: NDArray[np.int64]
    elsewhere: int
    unseen: int

    @property
    def participants(self) -> list[str]:
        """Whose face each clip shows."""
        return [sample.participant for sample in self.samples]

    @property
    def stimuli(self) -> list[str]:
        """What was watched in each clip."""
        return [sample.stimulus for sample in self.samples]


def find_source(folder: Path) -> Source:
    """Find what belongs to a study or a dataset.

    Raises
    ------
    BadInputError
        When it is neither, or a dataset of which nobody knows how its labels were made.
    """
    if (folder / "study.yaml").is_file():
        study = open_study(folder)
        return Source(study, _newest(study))
    dataset = open_cache(folder)
    if dataset.manifest.synthetic:
        return Source(None, dataset)
    for parent in dataset.folder.resolve().parents:
        if (parent / "study.yaml").is_file():
            return Source(open_study(parent), dataset)
    raise BadInputError(
        f"{folder} lies in no study: it does not tell which of its FER labels were given"
        " blind, and labels given beside a model's suggestion would flatter any model.",
        fix="Give the study, whose label store knows.",
    )


def _newest(study: Study) -> Dataset | None:
    """Return the study's newest dataset of its own recordings."""
    paths = sorted(study.derived.glob("**/manifest.json"), key=lambda p: p.stat().st_mtime)
    own = {session.name for session in study.sessions()}
    for path in reversed(paths):
        try:
            dataset = open_cache(path.parent)
        except BadInputError:
            continue  # unfinished, or a manifest of something else
        recorded = {sample.session for sample in dataset.samples}
        if not dataset.manifest.synthetic and recorded & own:
            return dataset
    return None


def labelled_clips(source: Source, least: int, on_trial: OnTrial) -> HeadClips:
    """Bring labels and faces together; a study without a dataset gets one.

    Parameters
    ----------
    source : Source
    least : int
        Clips that are needed.
    on_trial : callable
        Hears how many trials of a new dataset are done, and of how many.

    Raises
    ------
    BadInputError
        When there are too few, with how many are needed and what happened to the others.
    """
    if source.study is None:
        assert source.dataset is not None
        return _put_together(source.dataset, _of_dataset(source.dataset), 0, least)
    study = source.study
    found = blind_labels(events_of(study), study.file.consensus)
    if len(found.agreed) < least:
        raise _too_few(len(found.agreed), least, found.elsewhere, 0)
    dataset = source.dataset
    if dataset is None:
        out = next_free(study.derived / "dataset")
        build_dataset(study, out, on_trial=on_trial)
        dataset = open_cache(out)
    return _put_together(dataset, _of_study(found), found.elsewhere, least)


def _of_study(found: BlindLabels) -> dict[str, tuple[str, Soft]]:
    return {
        item: (one.category, one.soft or {one.category: 1.0})
        for item, one in found.agreed.items()
        if one.category is not None
    }


def _of_dataset(dataset: Dataset) -> dict[str, tuple[str, Soft]]:
    votes = _votes(dataset.folder / "votes.csv")
    return {
        sample.sample_id: (name, votes.get(sample.sample_id, {name: 1.0}))
        for sample in dataset.samples
        if (name := sample.fer_emotion) is not None
    }


def _votes(path: Path) -> dict[str, Soft]:
    """Return the share of each emotion in the votes; empty where there are none."""
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [(row.pop("sample_id"), row) for row in csv.DictReader(stream)]
    counted = {name: {k: float(v or 0) for k, v in row.items()} for name, row in rows}
    return {
        name: {k: v / sum(row.values()) for k, v in row.items()}
        for name, row in counted.items()
        if sum(row.values())
    }


def _put_together(
    dataset: Dataset, labels: Mapping[str, tuple[str, Soft]], elsewhere: int, least: int
) -> HeadClips:
    samples, frames = [], []
    for sample in dataset.samples:
        if sample.sample_id not in labels or sample.excluded:
            continue
        first, end = sample.frame_first, sample.frame_first + sample.n_frames
        seen = first + np.flatnonzero(dataset.faces_valid[first:end])
        if len(seen):
            samples.append(sample)
            frames.append(seen.astype(np.int64))
    unseen = len(labels) - len(samples)
    if len(samples) < least:
        raise _too_few(len(samples), least, elsewhere, unseen)
    told = [labels[sample.sample_id] for sample in samples]
    soft = [[share.get(emotion, 0.0) for emotion in EMOTIONS] for _, share in told]
    truth = np.array([EMOTIONS.index(name) for name, _ in told], np.int64)
    if len(np.unique(truth)) < 2:
        raise BadInputError(
            f"All {len(samples)} clips have the same category, {told[0][0]}: there is"
            " nothing to tell apart."
        )
    return HeadClips(
        dataset, tuple(samples), tuple(frames), np.array(soft, np.float32), truth,
        elsewhere, unseen,
    )  # fmt: skip


def _too_few(found: int, least: int, elsewhere: int, unseen: int) -> BadInputError:
    text = f"Expected at least {least} clips that experts agree on blind; found {found}."
    if elsewhere:
        text += (
            f" {elsewhere} more were settled in the review, by adjudication or elsewhere:"
            " such labels may have been suggested by a model, so they cannot judge one."
        )
    if unseen:
        text += f" {unseen} more are not in the dataset, excluded, or show no face."
    more = "build the dataset anew" if unseen else "label more clips blind"
    return BadInputError(text, fix=f"First {more}; --min-clips asks for fewer.")

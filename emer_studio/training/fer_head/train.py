"""The loop that turns experts' blind labels into the next pre-labeller."""

from __future__ import annotations

import csv
import io
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from emer_studio import __version__
from emer_studio.core.clock import utc_now
from emer_studio.core.console import Console
from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.files import refuse_taken, write_atomic, write_json
from emer_studio.fer.heads import mark_of
from emer_studio.schema.fer_head import FerHeadRun
from emer_studio.schema.models import ModelEntry
from emer_studio.schema.training import FoldSplit
from emer_studio.study.folder import Study
from emer_studio.training.fer_head import score
from emer_studio.training.fer_head.clips import HeadClips
from emer_studio.training.fer_head.export import (
    Member,
    check_parity,
    entry_for,
    manifest_text,
    onnx_bytes,
)
from emer_studio.training.fer_head.net import (
    HeadSettings,
    fit_head,
    look_at,
    pictures,
)
from emer_studio.training.fer_head.parts import IfChanged, Part, Parts, kept_parts
from emer_studio.training.folds import check_leakage, make_folds

__all__ = ["HeadJob", "train_head"]

Floats = NDArray[np.float64]
_EVERYBODY = "everybody"
_PARITY_FACES = 32  # each of another clip; chosen by us


@dataclass(frozen=True)
class HeadJob:
    """What is to be made.

    Attributes
    ----------
    name : str
        Of the model.
    out : Path
        The folder, which must be new.
    study : Study or None
        Whose labels they are.
    clips : HeadClips
    rival : Rival or None
        What the head would replace.
    folds : int
    settings : HeadSettings
    if_changed : {"refuse", "anew"}
        What becomes of networks of a training that was cut off, where something changed.
    """

    name: str
    out: Path
    study: Study | None
    clips: HeadClips
    rival: score.Rival | None
    folds: int
    settings: HeadSettings
    if_changed: IfChanged = "refuse"


def train_head(
    job: HeadJob, console: Console, check_stop: Callable[[], None]
) -> FerHeadRun:
    """Train, judge, export and write a head.

    Each network is kept as it is done (`parts`), so a training that was cut off goes on
    with the next one, and makes the same head; the head itself appears at the end.

    Raises
    ------
    BadInputError
        When the folder is taken, there are too few people, a split would leak, or what
        was begun before is of other labels, data or settings.
    WorkFailedError
        When the exported file is not the network.
    """
    refuse_taken(job.out)
    split = make_folds(job.clips.participants, job.folds, job.settings.seed)
    for fold in split:
        check_leakage(job.clips.samples, fold)
    with kept_parts(
        job.out, job.clips, split, job.settings, job.if_changed, console
    ) as parts:
        return _made(job, split, _Training(job, split, parts, console, check_stop))


def _made(job: HeadJob, split: list[FoldSplit], trained: _Training) -> FerHeadRun:
    members, frames = trained.members(), trained.frames
    began_s = time.monotonic()
    content = onnx_bytes(members)
    run = _numbers(job, split, frames)
    entry = entry_for(job.name, _title(job), _told(job, run), members, content)
    rows = np.concatenate([part[:1] for part in job.clips.frames])[:_PARITY_FACES]
    parity = check_parity(entry, content, members, pictures(job.clips, rows))
    made = {
        "chosen_epochs": tuple(trained.epochs),
        "seconds": round(trained.seconds + time.monotonic() - began_s, 1),
        "parity": parity,
        "model_sha256": entry.sha256,
    }
    run = run.model_copy(update=made)
    _write(job, run, entry, content, frames)
    return run


class _Training:
    """Trains a network for each fold, and one on everybody."""

    def __init__(
        self,
        job: HeadJob,
        split: list[FoldSplit],
        parts: Parts,
        console: Console,
        check_stop: Callable[[], None],
    ) -> None:
        self._job, self._split, self._console = job, split, console
        self._parts, self._check_stop = parts, check_stop
        self._done, self._epochs = 0, (len(split) + 1) * job.settings.epochs
        self.epochs: list[int] = []
        self.seconds = 0.0
        self.frames: list[Floats] = [np.empty((0, len(EMOTIONS)))] * len(job.clips.samples)
        """Probabilities of each clip's frames, by the network that never saw the person."""

    def members(self) -> list[Member]:
        """Return the networks, that of everybody first."""
        folds = [self._of_fold(fold) for fold in self._split]
        people = sorted(set(self._job.clips.participants))
        everyone = list(range(len(self._job.clips.samples)))
        until = round(median(self.epochs))
        head = self._trained(0, everyone, (), until).head
        return [Member(_EVERYBODY, head, self._marks(people)), *folds]

    def _of_fold(self, fold: FoldSplit) -> Member:
        clips, people = self._job.clips, self._job.clips.participants
        parts = {
            part: [k for k, one in enumerate(people) if one in getattr(fold, part)]
            for part in ("train", "validation", "test")
        }
        part = self._trained(fold.fold, parts["train"], parts["validation"])
        self.epochs.append(part.epoch)
        judged = look_at(part.head, clips, parts["test"])
        for number, p in zip(parts["test"], judged, strict=True):
            self.frames[number] = p
        # Who chose the epoch has been learned from as well.
        return Member(
            f"fold{fold.fold}", part.head, self._marks([*fold.train, *fold.validation])
        )

    def _trained(
        self, fold: int, train: list[int], validation: Sequence[int], until: int = 0
    ) -> Part:
        """Return a network, the one that was trained before a kill where there is one."""
        settings = self._job.settings
        part = self._parts.find(fold, settings.device)
        if part is None:
            began_s = time.monotonic()
            head, epoch = fit_head(
                self._job.clips, train, validation, settings, fold=fold,
                until=until or None, on_step=self._check_stop, on_epoch=self._hear(fold),
            )  # fmt: skip
            part = Part(head, epoch, time.monotonic() - began_s)
            self._parts.keep(fold, part)
            self._console.event("network", fold=fold, of=len(self._split))
        else:
            self._done += until or settings.epochs
        self.seconds += part.seconds
        return part

    def _marks(self, people: list[str]) -> tuple[str, ...]:
        """Return whom a network knows; drawn faces are nobody's."""
        study = self._job.study
        if study is None or self._job.clips.dataset.manifest.synthetic:
            return ()
        return tuple(sorted(mark_of(person, study.file.seed) for person in people))

    def _hear(self, fold: int) -> Callable[[int, float, float | None], None]:
        step = f"fold {fold} of {len(self._split)}" if fold else "the head of everybody"

        def hear(epoch: int, loss: float, validation: float | None) -> None:
            self._done += 1
            self._console.event(
                "epoch", fold=fold, epoch=epoch, loss=round(loss, 4),
                validation=None if validation is None else round(validation, 4),
            )  # fmt: skip
            self._console.progress(step, self._done, self._epochs)

        return hear


def _numbers(job: HeadJob, split: list[FoldSplit], frames: list[Floats]) -> FerHeadRun:
    clips, seed = job.clips, job.settings.seed
    p = score.spoken(frames)
    beside = score.against(clips, p, job.rival, seed) if job.rival else None
    missing = ""
    if beside is None:
        missing = "no clip of it has been pre-labelled before"
    by = (clips.truth, clips.participants, seed)
    about = clips.dataset.manifest
    return FerHeadRun(
        app_version=__version__,
        name=job.name,
        created=utc_now(),
        dataset=str(clips.dataset.folder.resolve()),
        dataset_sha256=clips.dataset.manifest_sha256,
        synthetic=about.synthetic,
        simulated=about.simulated,
        elsewhere=clips.elsewhere,
        unseen=clips.unseen,
        seed=seed,
        epochs=job.settings.epochs,
        chosen_epochs=(),
        split=tuple(split),
        device=job.settings.device,
        seconds=0.0,
        parity=0.0,
        model_sha256="",
        scores=score.scores_of(p, *by),
        scores_of_mean=score.scores_of(score.spoken_by_mean(frames), *by),
        commonest=float(np.bincount(clips.truth).max() / len(clips.truth)),
        against=beside,
        against_missing=missing,
    )


def _title(job: HeadJob) -> str:
    whose = job.study.file.name if job.study else job.clips.dataset.manifest.name
    return f"face head of {whose}"


def _told(job: HeadJob, run: FerHeadRun) -> str:
    """Return what the manifest says of data and numbers."""
    kind = "SYNTHETIC faces. " * run.synthetic + "SIMULATED recordings. " * run.simulated
    one = run.scores
    text = (
        f"{kind}{one.clips} clips of {one.participants} participants ({_title(job)}),"
        f" labels of the blind pass. On people it had not seen: accuracy {one.war:.2f},"
        f" mean recall {one.uar:.2f}, calibration error {one.ece:.2f}"
    )
    if run.against is not None:
        other = run.against.other
        text += f"; {run.against.model} on {other.clips} of them {other.war:.2f}"
    return text + "."


def _write(
    job: HeadJob, run: FerHeadRun, entry: ModelEntry, content: bytes, frames: list[Floats]
) -> None:
    """Write the folder beside its place and move it there whole."""
    beside = job.out.with_name(f".{job.out.name}.writing")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        write_atomic(beside / entry.file, content)
        write_atomic(beside / f"{entry.name}.toml", manifest_text(entry))
        write_atomic(beside / "predictions.csv", _table(job, frames))
        write_json(beside / "run.json", run.model_dump(mode="json"))
        if job.out.is_dir():
            job.out.rmdir()  # empty, or it would have been refused
        beside.rename(job.out)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def _table(job: HeadJob, frames: list[Floats]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(_rows(job, frames))
    return text.getvalue()


def _rows(job: HeadJob, frames: list[Floats]) -> Iterator[list[str]]:
    """Yield each clip with what it is, and what a network said that had not seen it."""
    rival = job.rival.said if job.rival else {}
    head = ["sample_id", "participant", "truth", "prediction", "against"]
    yield [*head, *(f"p_{emotion}" for emotion in EMOTIONS)]
    for sample, truth, p in zip(
        job.clips.samples, job.clips.truth, score.spoken(frames), strict=True
    ):
        theirs = rival.get(sample.sample_id)
        other = "" if theirs is None else EMOTIONS[int(theirs.argmax())]
        said = [EMOTIONS[int(truth)], EMOTIONS[int(p.argmax())], other]
        cells = [f"{value:.6f}" for value in p]
        yield [sample.sample_id, sample.participant, *said, *cells]

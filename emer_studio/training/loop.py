"""Training one network on one fold."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from emer_studio.core.console import Console
from emer_studio.core.errors import WorkFailedError
from emer_studio.dataset.cache import Dataset
from emer_studio.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from emer_studio.training.data import Batcher, fit_eye_scale
from emer_studio.training.emert import Emert, EmertConfig, channels_last
from emer_studio.training.losses import LOSS_WEIGHTS, total_loss
from emer_studio.training.metrics import (
    classification_scores,
    confusion_matrix,
    regression_scores,
)
from emer_studio.training.predict import predict
from emer_studio.training.sampling import Sampling
from emer_studio.training.task import Labels, Task

__all__ = ["FoldJob", "Settings", "TrainedFold", "train_fold"]


@dataclass(frozen=True, slots=True)
class Settings:
    """How to train; the defaults are those of the official code.

    Attributes
    ----------
    epochs : int
        Also the period of the cosine schedule.
    batch_size : int
        The last batch of an epoch may be smaller.
    learning_rate, weight_decay : float
        Of Adam (coupled L2).
    seed : int
        Initial weights, order, sampling and dropout.
    sampling : {"aligned", "official"}
        How a clip is reduced to frames and rows.
    device : str
        "cpu" or "cuda".
    cnn_weights : dict, optional
        Initial weights of the face network; drawn at random when absent.
    """

    epochs: int = 200
    batch_size: int = 16
    learning_rate: float = 1e-4
    weight_decay: float = 5e-4
    seed: int = 0
    sampling: Sampling = "aligned"
    device: str = "cpu"
    cnn_weights: dict[str, torch.Tensor] | None = None


@dataclass(frozen=True, slots=True)
class FoldJob:
    """One network to train.

    Attributes
    ----------
    dataset : Dataset
        The data.
    task : Task
        What it predicts.
    labels : Labels
        Of all samples.
    fold, folds : int
        Number of the fold and of all folds.
    train, validation : sequence of int
        Sample numbers; without validation the last epoch is taken.
    best, last : Path
        Where the checkpoints go.
    """

    dataset: Dataset
    task: Task
    labels: Labels
    fold: int
    folds: int
    train: Sequence[int]
    validation: Sequence[int]
    best: Path
    last: Path


@dataclass(frozen=True, slots=True)
class TrainedFold:
    """What training one network gave.

    Attributes
    ----------
    checkpoint : Checkpoint
        The chosen epoch, read back from its file.
    samples, seconds : int, float
        Samples trained on and the time it took, evaluation left out.
    """

    checkpoint: Checkpoint
    samples: int
    seconds: float


def train_fold(
    job: FoldJob, settings: Settings, console: Console, check_stop: Callable[[], None]
) -> TrainedFold:
    """Train, keeping the best epoch on the validation participants.

    Parameters
    ----------
    job : FoldJob
        What to train.
    settings : Settings
        How.
    console : Console
        Hears an event for each epoch and the progress of each step.
    check_stop : callable
        Called before each step; raises KeyboardInterrupt to end the run.
    """
    seeds = np.random.SeedSequence([settings.seed, job.fold, *job.task.label.encode()])
    rng = np.random.default_rng(seeds.spawn(1)[0])
    torch.manual_seed(int(seeds.generate_state(1)[0]))
    device = torch.device(settings.device)
    scale = fit_eye_scale(job.dataset, job.train)
    batcher = Batcher(job.dataset, scale, settings.sampling, device)
    model = new_model(job, settings).to(device)
    optimiser = torch.optim.Adam(
        model.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=settings.epochs)
    best: tuple[float, ...] | None = None
    seconds = 0.0
    for epoch in range(1, settings.epochs + 1):
        started = time.perf_counter()
        loss = _epoch(
            job, settings, model, optimiser, batcher, rng, epoch, console, check_stop
        )
        schedule.step()
        spent = time.perf_counter() - started
        seconds += spent
        held_out, rank = _validate(job, model, batcher)
        checkpoint = Checkpoint(model, scale, job.task.label, job.fold, epoch)
        save_checkpoint(job.last, checkpoint)
        if best is None or not job.validation or rank > best:
            best = rank
            save_checkpoint(job.best, checkpoint)
        speed = len(job.train) / max(spent, 1e-9)
        _report(job, settings, console, epoch, loss, held_out, speed)
    return TrainedFold(load_checkpoint(job.best), len(job.train) * settings.epochs, seconds)


def new_model(job: FoldJob, settings: Settings) -> Emert:
    """Make the network of a job; its face network is channels-last in memory."""
    model = Emert(
        EmertConfig(
            variant=job.task.variant,
            n_classes=max(len(job.task.classes), 1),
            eye_columns=job.dataset.eyes.shape[1],
        )
    )
    if settings.cnn_weights is not None:
        model.subnet.f_extractor.load_state_dict(settings.cnn_weights)
    return channels_last(model)


def _epoch(
    job: FoldJob,
    settings: Settings,
    model: Emert,
    optimiser: torch.optim.Optimizer,
    batcher: Batcher,
    rng: np.random.Generator,
    epoch: int,
    console: Console,
    check_stop: Callable[[], None],
) -> float:
    """Train one epoch and return the mean loss over samples."""
    model.train()
    device = torch.device(settings.device)
    order = rng.permutation(np.asarray(job.train))
    values, classes = (
        torch.from_numpy(array).to(device)
        for array in (job.labels.values, job.labels.classes)
    )
    total = torch.zeros((), device=device)
    starts = range(0, len(order), settings.batch_size)
    for step, first in enumerate(starts, start=1):
        check_stop()
        picked = order[first : first + settings.batch_size]
        index = torch.from_numpy(picked).to(device)
        output = model(*batcher.batch(picked.tolist(), rng))
        loss = total_loss(
            output, values[index], classes[index], LOSS_WEIGHTS[job.task.variant]
        )
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        total += loss.detach() * len(picked)
        console.progress(
            f"fold {job.fold}/{job.folds} epoch {epoch}/{settings.epochs}",
            step,
            len(starts),
        )
    mean = float(total) / len(order)
    if not np.isfinite(mean):
        raise WorkFailedError(
            f"The loss of fold {job.fold} became {mean} in epoch {epoch}; training "
            "stopped. The checkpoints of earlier epochs are kept."
        )
    return mean


def _validate(
    job: FoldJob, model: Emert, batcher: Batcher
) -> tuple[dict[str, float], tuple[float, ...]]:
    """Return the validation scores and a rank in which greater is better."""
    if not job.validation:
        return {}, (0.0,)
    found = predict(model, batcher, job.validation)
    if job.task.regression:
        truth: NDArray[Any] = job.labels.values[list(job.validation)].astype(np.float64)
        scores = regression_scores(truth, found.values)
        rank: tuple[float, ...] = (-scores["rmse"],)
    else:
        truth = job.labels.classes[list(job.validation)]
        confusion = confusion_matrix(
            truth, found.values.astype(np.int64), len(job.task.classes)
        )
        scores = classification_scores(confusion)
        chance = found.probabilities[np.arange(len(truth)), truth]
        scores["loss"] = float(-np.log(np.maximum(chance, 1e-12)).mean())
        # Few validation samples tie often; the loss decides then.
        rank = (scores["war"], -scores["loss"])
    return {f"val_{name}": value for name, value in scores.items()}, rank


def _report(
    job: FoldJob,
    settings: Settings,
    console: Console,
    epoch: int,
    loss: float,
    held_out: dict[str, float],
    speed: float,
) -> None:
    """Tell a window the epoch's numbers; a person sees them as one line."""
    rounded = {name: round(value, 5) for name, value in held_out.items()}
    if console.events:
        console.event(
            "epoch", fold=job.fold, folds=job.folds, epoch=epoch, epochs=settings.epochs,
            label=job.task.label, loss=round(loss, 5), **rounded,
            samples_per_s=round(speed, 2),
        )  # fmt: skip
        return
    text = "  ".join(f"{name} {value:.3f}" for name, value in held_out.items())
    console.say(
        f"fold {job.fold}/{job.folds}  {job.task.label}  epoch {epoch}/{settings.epochs}  "
        f"loss {loss:.4f}  {text}  {speed:.1f} samples/s"
    )

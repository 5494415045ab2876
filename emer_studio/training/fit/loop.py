"""Training one network on one fold, from where it was left."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from emer_studio.core.errors import WorkFailedError
from emer_studio.training.feed.augment import draw_changes
from emer_studio.training.feed.inputs import Feed
from emer_studio.training.feed.picking import Rows
from emer_studio.training.fit.epoch_text import epoch_text
from emer_studio.training.fit.job import FoldJob, Settings, Watch
from emer_studio.training.fit.resources import resources
from emer_studio.training.fit.step import Step, make_optimiser, recorded
from emer_studio.training.fit.team import Team, team
from emer_studio.training.fit.training_state import TrainingState, restore, snapshot
from emer_studio.training.fit.validation import Standing, standing
from emer_studio.training.nets.checkpoint import Checkpoint, put_into, save_checkpoint
from emer_studio.training.nets.network import Inputs, Network
from emer_studio.training.presets import Preset

__all__ = ["train_network"]

_STEP_S, _RESOURCES_S = 0.25, 2.0  # chosen by us: a moving bar, a curve of an hour


@dataclass(slots=True)
class _Run:
    """Everything that moves while one network is trained."""

    team: Team
    job: FoldJob
    settings: Settings
    watch: Watch
    model: Network
    feed: Feed
    learn: Callable[[Inputs, Mapping[str, Tensor]], Tensor]
    optimiser: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler
    targets: dict[str, Tensor]
    rng: np.random.Generator
    state: TrainingState

    @property
    def preset(self) -> Preset:
        return self.settings.preset


def train_network(
    job: FoldJob,
    settings: Settings,
    watch: Watch,
    model: Network,
    feed: Feed,
    plain: Checkpoint,
    resumed: Checkpoint | None,
) -> TrainingState:
    """Train, keeping the best epoch on the validation participants.

    Each epoch leaves ``…_last.pt``, from which an interrupted training goes on as if
    nothing had happened, and the best one ``…_best.pt``.

    Parameters
    ----------
    job, settings, watch
        See `job`.
    model : Network
        On its device.
    feed : Feed
        Gathers the batches.
    plain : Checkpoint
        The network's description; state, epoch and training are filled in.
    resumed : Checkpoint, optional
        The last one of an interrupted training of the same job.
    """
    run = _begun(job, settings, watch, model, feed, resumed)
    pace = watch.pace
    while not _ended(run):
        pace.at_epoch(run.state.epoch)
        run.state.epoch += 1
        started = pace.now_s()
        loss = _epoch(run)
        spent = pace.now_s() - started
        run.state.seconds += spent
        run.state.samples += len(job.train)
        found = _standing(run)
        pace.looked(len(job.validation))
        better = run.state.hear(found.rank, bool(job.validation))
        _keep(run, plain, better=better)
        _report(run, loss, found, len(job.train) / max(spent, 1e-9))
    pace.at_epoch(run.state.epoch)
    return run.state


def _begun(
    job: FoldJob,
    settings: Settings,
    watch: Watch,
    model: Network,
    feed: Feed,
    resumed: Checkpoint | None,
) -> _Run:
    if resumed is not None:
        put_into(model, resumed)
    preset = settings.preset
    steps = math.ceil(len(job.train) / preset.batch_size)
    optimiser = make_optimiser(model, preset)
    seeds = np.random.SeedSequence([settings.seed, job.fold, *job.name.encode()])
    run = _Run(
        team=team(),
        job=job,
        settings=settings,
        watch=watch,
        model=model,
        feed=feed,
        learn=_learner(job, settings, watch, model, optimiser),
        optimiser=optimiser,
        schedule=_schedule(optimiser, preset, steps * settings.epochs, steps),
        targets={
            label: torch.from_numpy(values).to(settings.device)
            for label, values in job.targets.items()
        },
        rng=np.random.default_rng(seeds.spawn(1)[0]),
        state=TrainingState(),
    )
    if resumed is not None and resumed.training is not None:
        run.state = restore(resumed.training, optimiser, run.schedule, run.rng)
    run.team.apart()
    return run


def _learner(
    job: FoldJob,
    settings: Settings,
    watch: Watch,
    model: Network,
    optimiser: torch.optim.Optimizer,
) -> Callable[[Inputs, Mapping[str, Tensor]], Tensor]:
    preset = settings.preset
    weights = [1.0] * len(job.scored) + [preset.others] * len(job.others)
    step = Step(
        team().together(model), optimiser, job.heads, weights, settings.precision,
        preset.clip_norm, team().counted,
    )  # fmt: skip
    if settings.graph and settings.device == "cuda" and team().size == 1:
        return recorded(step, preset.batch_size, watch.console.say)
    return step


def _schedule(
    optimiser: torch.optim.Optimizer, preset: Preset, steps: int, per_epoch: int
) -> torch.optim.lr_scheduler.LRScheduler:
    """Return a cosine to zero, after a linear rise where the preset has one.

    Stepwise for a preset with a rise, epoch by epoch as the official code without one.
    """
    rise = round(preset.warm_up * steps)

    def factor(step: int) -> float:
        if not rise:
            step -= step % per_epoch
        if step < rise:
            return (step + 1) / rise
        return 0.5 * (1.0 + math.cos(math.pi * (step - rise) / max(steps - rise, 1)))

    return torch.optim.lr_scheduler.LambdaLR(optimiser, factor)


def _ended(run: _Run) -> bool:
    patience, state = run.preset.patience, run.state
    enough = bool(patience) and bool(run.job.validation) and state.waited >= patience
    return state.epoch >= run.settings.epochs or enough


def _epoch(run: _Run) -> float:
    """Train one epoch and return the mean loss over samples."""
    job, preset, device = run.job, run.preset, run.feed.device
    run.model.train()
    order = run.rng.permutation(np.asarray(job.train))
    starts = range(0, len(order), preset.batch_size)
    rows = run.feed.picks(order.tolist(), run.rng)
    total = torch.zeros((), device=device)
    for step, first in enumerate(starts, start=1):
        run.watch.check_stop()
        batch = min(preset.batch_size, len(order) - first)
        mine = run.team.share(first, first + batch)
        done = (run.state.epoch - 1 + (step - 1) / len(starts)) / run.settings.epochs
        run.model.progress(done)
        after = first + preset.batch_size
        coming = run.team.share(after, min(after + preset.batch_size, len(order)))
        here, next_ = rows.part(mine), rows.part(coming)
        total += _step(run, order[mine].tolist(), here, next_) * batch
        run.watch.pace.learnt(batch)
        _tell(run, step, len(starts))
    mean = float(run.team.mean(total)) / len(order)
    run.watch.pace.learnt(0)  # what a GPU had still to do
    if not np.isfinite(mean):
        raise WorkFailedError(
            f"The loss of fold {job.fold} became {mean} in epoch {run.state.epoch}; "
            "training stopped. The checkpoints of earlier epochs are kept."
        )
    return mean


def _step(run: _Run, picked: Sequence[int], rows: Rows, coming: Rows) -> Tensor:
    """Learn from one batch and return its loss."""
    changes = draw_changes(len(picked), run.preset, run.feed.device)
    inputs = run.feed.batch(picked, changes=changes, rows=rows)
    index = torch.as_tensor(picked, device=run.feed.device)
    targets = {label: values[index] for label, values in run.targets.items()}
    run.feed.expect(coming)
    loss = run.learn(inputs, targets)
    run.schedule.step()
    return loss


def _tell(run: _Run, step: int, steps: int) -> None:
    """Tell where it is and how long it will take, not for every step of a fast network."""
    job, pace, console = run.job, run.watch.pace, run.watch.console
    if pace.due("step", _STEP_S):
        left = pace.eta_s()
        where = f"fold {job.fold}/{job.folds} epoch {run.state.epoch}/{run.settings.epochs}"
        where += f" of {job.name}" if pace.jobs > job.folds else ""
        console.progress(
            where, step, steps, share=round(pace.share(step / steps), 4),
            **({} if left is None else {"eta_s": round(left, 1)}),
        )  # fmt: skip
    if pace.due("resources", _RESOURCES_S):
        speed = round(pace.samples_per_s or 0.0, 2)
        console.event("resources", samples_per_s=speed, **resources(run.settings.device))


def _standing(run: _Run) -> Standing:
    """Return how the network stands; of a team, the leader looks for all."""
    found = Standing()
    if run.team.leads:
        found = standing(
            run.job, run.model, run.feed, run.settings.precision, run.watch.check_stop
        )
    return run.team.same(found)


def _keep(run: _Run, plain: Checkpoint, *, better: bool) -> None:
    """Write the best one first: after a crash between the two, the epoch comes again."""
    if not run.team.leads:
        return
    job = run.job
    weights = {name: value.cpu() for name, value in run.model.state_dict().items()}
    checkpoint = replace(plain, state=weights, epoch=run.state.epoch)
    if better:
        save_checkpoint(job.file("best.pt"), checkpoint)
    training = snapshot(run.state, run.optimiser, run.schedule, run.rng)
    training["ended"] = _ended(run)
    if training["ended"]:  # nothing goes on from here
        training["optimiser"] = {}
    save_checkpoint(job.file("last.pt"), replace(checkpoint, training=training))


def _report(run: _Run, loss: float, found: Standing, speed: float) -> None:
    """Tell a window the epoch's numbers; a person sees them as one line."""
    job, console, epoch = run.job, run.watch.console, run.state.epoch
    held_out = {name: round(value, 5) for name, value in found.scores.items()}
    told = {
        "fold": job.fold, "folds": job.folds, "epoch": epoch,
        "epochs": run.settings.epochs, "label": job.name, "loss": round(loss, 5),
        **held_out, "samples_per_s": round(speed, 2),
    }  # fmt: skip
    console.event("epoch", **told)
    console.note(epoch_text(told))

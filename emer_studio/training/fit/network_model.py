"""A network as a model: made, trained on a fold, kept in files, read from them again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from emer_studio.core.errors import BadInputError
from emer_studio.training.feed.eye_rows import EyeScale
from emer_studio.training.feed.inputs import Feed, fit_scale
from emer_studio.training.feed.residency import SMALLER
from emer_studio.training.fit.job import Fitted, FoldJob, Settings, Watch
from emer_studio.training.fit.loop import train_network
from emer_studio.training.fit.predict import predict
from emer_studio.training.fit.team import team
from emer_studio.training.fit.training_state import TrainingState
from emer_studio.training.nets.checkpoint import Checkpoint, load_checkpoint, put_into
from emer_studio.training.nets.compiling import compile_parts
from emer_studio.training.nets.frozen import freeze
from emer_studio.training.nets.network import Head, Network, Shape, channels_last
from emer_studio.training.nets.precision import pixel_type

__all__ = ["Builder", "NetworkModel"]

Builder = Callable[[Shape, Sequence[Head]], Network]


@dataclass(frozen=True, slots=True)
class NetworkModel:
    """A `job.Learner` that is a network.

    Attributes
    ----------
    name, words : str
        What it is called, and what it is, for a table.
    build : callable
        Makes the network for sizes and heads.
    official : callable, optional
        What stands in its place with the preset official-2024; it learns one label.
    joint : bool
        Whether one network learns all labels.
    """

    name: str
    words: str
    build: Builder
    official: Builder | None = None
    joint: bool = True

    def fit(self, job: FoldJob, settings: Settings, watch: Watch) -> Fitted:
        """Learn from the training part; go on where a last checkpoint lies."""
        self.learn(job, settings, watch)
        return self._fitted(job, settings, watch.check_stop)

    def learn(self, job: FoldJob, settings: Settings, watch: Watch) -> None:
        """Do what `fit` does, and leave it in files; of a team, the leader leaves them."""
        last = job.file("last.pt")
        kept = self._checked(job, last) if team().leads and last.is_file() else None
        resumed = team().same(kept)
        torch.manual_seed(_seed(job, settings))
        scale = fit_scale(job.dataset, settings.preset.view, job.train)
        if resumed is not None:
            scale = resumed.scale
        feed = _feed(job, settings, scale)
        shape = replace(feed.shape(settings.face_net), without=settings.without)
        model = self._made(shape, job.heads, settings)
        plain = Checkpoint(
            self.name, settings.preset.name, shape, job.heads, {}, scale, job.fold, 0
        )
        if settings.frozen:
            freeze(model, feed, settings.precision)
        if settings.compiled:
            parts = compile_parts(model)
            watch.console.say(f"{parts} parts of the network are compiled as they are met.")
        watch.console.event(
            "feed", fold=job.fold, frames_in=feed.frames.tier, frozen=settings.frozen,
            epochs_done=resumed.epoch if resumed is not None else 0,
        )  # fmt: skip
        if feed.frames.tier in SMALLER:
            watch.console.say(f"Fold {job.fold}: {SMALLER[feed.frames.tier]}")
        train_network(job, settings, watch, model, feed, plain, resumed)

    def again(self, job: FoldJob, settings: Settings) -> Fitted:
        """Return the best epoch of a training that has ended, from its files."""
        return self._fitted(job, settings, lambda: None)

    def _fitted(
        self, job: FoldJob, settings: Settings, check_stop: Callable[[], None]
    ) -> Fitted:
        model, best = self.best(job, settings)
        done = load_checkpoint(job.file("last.pt")).training or {}
        feed = _feed(job, settings, best.scale)
        if settings.frozen:
            freeze(model, feed, settings.precision)
        state = TrainingState(**done.get("state", {}))
        return Fitted(
            predict=lambda indices: predict(
                model, feed, job.scored, indices, settings.precision, check_stop
            ),
            epoch=best.epoch,
            samples=state.samples,
            seconds=state.seconds,
            facts={
                "parameters": sum(p.numel() for p in model.parameters()),
                "frames_in": feed.frames.tier,
                "frozen_backbone": settings.frozen,
            },
        )

    def best(self, job: FoldJob, settings: Settings) -> tuple[Network, Checkpoint]:
        """Return the network of the best epoch, and the checkpoint that it is from."""
        found = self._checked(job, job.file("best.pt"))
        return self.restored(found, settings), found

    def restored(self, found: Checkpoint, settings: Settings) -> Network:
        """Return the network of a checkpoint.

        Raises
        ------
        BadInputError
            When its tensors are those of another architecture.
        """
        model = self._made(found.shape, found.heads, settings)
        put_into(model, found)
        return model

    def _made(self, shape: Shape, heads: Sequence[Head], settings: Settings) -> Network:
        official = settings.preset.name == "official-2024" and self.official is not None
        build = self.official if official and self.official else self.build
        model = build(shape, heads)
        if settings.cnn_weights is not None:
            model.start_from(settings.cnn_weights)  # one without a face has no use for them
        return channels_last(model).to(settings.device)

    def _checked(self, job: FoldJob, path: Path) -> Checkpoint:
        found = load_checkpoint(path)
        known = {head.label for head in found.heads}
        asked = {head.label for head in job.scored}
        if (found.model, found.fold) != (self.name, job.fold) or not asked <= known:
            raise BadInputError(
                f"{path} belongs to another training ({found.model}, fold {found.fold},"
                f" {', '.join(head.label for head in found.heads)}).",
                fix="Start a new run instead.",
            )
        return found


def _feed(job: FoldJob, settings: Settings, scale: EyeScale) -> Feed:
    return Feed(
        job.dataset,
        settings.preset.view,
        scale,
        torch.device(settings.device),
        modalities=settings.modalities,
        maps=settings.maps,
        pixels=pixel_type(settings.precision),
    )


def _seed(job: FoldJob, settings: Settings) -> int:
    seeds = np.random.SeedSequence([settings.seed, job.fold, *job.name.encode()])
    return int(seeds.generate_state(1)[0])

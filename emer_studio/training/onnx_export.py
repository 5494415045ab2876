"""The networks of a finished run as ONNX files that answer as the run does."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

from emer_studio import __version__
from emer_studio.core.errors import BadInputError, WorkFailedError
from emer_studio.core.files import write_atomic
from emer_studio.dataset.cache import Dataset
from emer_studio.training.feed.inputs import Feed
from emer_studio.training.fit.job import FoldJob
from emer_studio.training.fit.network_model import NetworkModel
from emer_studio.training.nets.checkpoint import Checkpoint
from emer_studio.training.nets.network import Head, Inputs, Network
from emer_studio.training.prepare import members
from emer_studio.training.runs.fold_jobs import jobs_of
from emer_studio.training.scores.evaluate import Again, open_again

__all__ = ["PARITY", "Exported", "Inference", "export_run", "onnx_bytes", "parity"]

PARITY = 1e-4
"""Largest difference to the network in float32 that is let through; chosen by us: far above
rounding (1e-6), far below anything that changes an answer."""
_EYES = {"eye", "eye_valid", "gaze", "gaze_valid", "maps"}
_SAMPLES = 16
NOT_FOR_PRELABELLING = "not for pre-labelling: has seen gaze"


@dataclass(frozen=True, slots=True)
class Exported:
    """One file.

    Attributes
    ----------
    file : Path
    fold : int
    labels : tuple of str
        What it answers.
    inputs : tuple of str
        What it asks for.
    difference : float
        Largest difference to the network over the samples it was tried on.
    samples : int
        How many those were.
    """

    file: Path
    fold: int
    labels: tuple[str, ...]
    inputs: tuple[str, ...]
    difference: float
    samples: int


class Inference(nn.Module):
    """A network without what only its training needs.

    Parameters
    ----------
    network : Network
    heads : sequence of Head
        What is answered: probabilities of classes, or numbers.
    """

    def __init__(self, network: Network, heads: Sequence[Head]) -> None:
        super().__init__()
        self.network, self.asked = network, tuple(heads)

    def forward(
        self,
        face: Tensor,
        face_valid: Tensor,
        eye: Tensor,
        eye_valid: Tensor,
        gaze: Tensor,
        gaze_valid: Tensor,
        maps: Tensor | None = None,
    ) -> tuple[Tensor, ...]:
        """Answer one batch, see `network.Inputs`."""
        if maps is None:
            maps = face.new_zeros((face.shape[0], 0, 1, 1))
        found = self.network(
            Inputs(face, face_valid, eye, eye_valid, gaze, gaze_valid, maps)
        ).heads
        return tuple(
            found[head.label].softmax(1) if head.classes else found[head.label]
            for head in self.asked
        )


def export_run(
    run: Path, dataset: Dataset, out: Path, fold: int | None = None
) -> list[Exported]:
    """Write the best network of a fold, or of all folds, and try each on real samples.

    Parameters
    ----------
    run : Path
        A finished run of a network.
    dataset : Dataset
        The one that it was trained on; its test samples are what the file is tried on.
    out : Path
        The file; with several networks ``_fold2`` and the label are added to its name.
    fold : int, optional
        From 1; all when absent.

    Raises
    ------
    BadInputError
        When the run is unfinished, of no network, has no such fold or is of other data.
    WorkFailedError
        When a file answers otherwise than the network; nothing is written then.
    """
    again = _checked(run, dataset, fold)
    plan = list(_networks(again, run, fold))
    files = [_free(out, job, len(plan), len(again.prepared.tasks)) for job, *_ in plan]
    found = []
    for file, (job, network, best, test) in zip(files, plan, strict=True):
        feed = _feed(again, dataset, best)
        asked = feed.batch(test[:2] if len(test) > 1 else [*test, *test])
        content = onnx_bytes(Inference(network, job.scored), asked, job.scored)
        used, seen = _inputs(content), _sees_eyes(content, again)
        content = _described(content, again, job, best, dataset, has_seen_gaze=seen)
        worst = parity(content, Inference(network, job.scored).eval(), feed, test)
        if not worst <= PARITY:
            raise WorkFailedError(
                f"The ONNX file of fold {job.fold} differs from the network by {worst:.2g},"
                f" more than {PARITY:g}; nothing was written.",
            )
        labels = tuple(head.label for head in job.scored)
        found.append(
            (content, Exported(file, job.fold, labels, tuple(used), worst, len(test)))
        )
    for content, one in found:
        write_atomic(one.file, content)
    return [one for _, one in found]


def onnx_bytes(network: Inference, asked: Inputs, heads: Sequence[Head]) -> bytes:
    """Return a network as ONNX for any number of clips.

    Nothing in it tells of this machine. Inputs that it does not look at are left out.
    """
    names = list(Inputs._fields)
    given = list(asked)
    if not asked.maps.shape[1]:
        names, given = names[:-1], given[:-1]
    batch = torch.export.Dim("clips")
    for name in ("torch.onnx", "onnxscript"):  # torchvision is not missed
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        # torch 2.13 copies its own trees in a way that it calls deprecated itself.
        warnings.simplefilter("ignore", FutureWarning)
        # That all inputs have the same number of clips, and how an LSTM keeps its weights.
        warnings.simplefilter("ignore", UserWarning)
        program = torch.onnx.export(
            network.eval(),
            tuple(given),
            dynamo=True,
            verbose=False,
            input_names=names,
            output_names=[head.label for head in heads],
            dynamic_shapes=tuple({0: batch} for _ in given),
        )
    assert program is not None
    model: Any = program.model_proto
    for node in model.graph.node:  # stack traces, with the paths of this machine
        del node.metadata_props[:]
        node.doc_string = ""
    used = {name for node in model.graph.node for name in node.input}
    kept = [one for one in model.graph.input if one.name in used]
    del model.graph.input[:]
    model.graph.input.extend(kept)
    return bytes(model.SerializeToString())


def parity(content: bytes, network: nn.Module, feed: Feed, samples: Sequence[int]) -> float:
    """Return the largest difference to the network, sample by sample and all at once."""
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    wanted = [one.name for one in session.get_inputs()]
    worst = 0.0
    for batch in (list(samples), list(samples[:1])):
        inputs = feed.batch(batch)
        with torch.inference_mode():
            expected = network(*(inputs if inputs.maps.shape[1] else inputs[:-1]))
        given = {name: getattr(inputs, name).numpy() for name in wanted}
        for mine, theirs in zip(session.run(None, given), expected, strict=True):
            if mine.shape != tuple(theirs.shape):
                return float("inf")
            worst = max(worst, float(np.abs(mine - theirs.numpy()).max()))
    return worst


def _checked(run: Path, dataset: Dataset, fold: int | None) -> Again:
    again = open_again(run, dataset, "cpu")
    if not isinstance(again.learner, NetworkModel):
        raise BadInputError(f"{run} is a run of {again.info.model}, which is no network.")
    if dataset.manifest_sha256 != again.info.dataset_manifest_sha256:
        raise BadInputError(
            f"{dataset.folder} is not the dataset that {run} was trained on.",
            fix=f"Give {again.info.dataset_name} ({again.info.dataset}).",
        )
    folds = [split.fold for split in again.info.split]
    if fold is not None and fold not in folds:
        raise BadInputError(
            f"{run} has no fold {fold}; it has {min(folds)} to {max(folds)}."
        )
    return again


def _networks(
    again: Again, run: Path, fold: int | None
) -> Iterator[tuple[FoldJob, Network, Checkpoint, list[int]]]:
    assert isinstance(again.learner, NetworkModel)
    settings = replace(again.settings, precision="fp32", cnn_weights=None)
    for split in again.info.split:
        if fold not in (None, split.fold):
            continue
        for tasks, job in jobs_of(again.prepared, again.learner, settings, split, run):
            network, best = again.learner.best(job, settings)
            labels = tasks[0][1].of_fold(job.dataset, split)
            test = members(job.dataset, labels, split, "test")[:_SAMPLES]
            yield job, network.cpu().eval(), best, list(test)


def _feed(again: Again, dataset: Dataset, best: Checkpoint) -> Feed:
    settings = again.settings
    return Feed(
        dataset,
        settings.preset.view,
        best.scale,
        torch.device("cpu"),
        modalities=settings.modalities,
        maps=settings.maps,
    )


def _inputs(content: bytes) -> list[str]:
    import onnx

    return [one.name for one in onnx.load_from_string(content).graph.input]


def _sees_eyes(content: bytes, again: Again) -> bool:
    looks = bool({"eye", "gaze"} & set(again.settings.modalities))
    return looks and bool(_EYES & set(_inputs(content)))


def _described(
    content: bytes,
    again: Again,
    job: FoldJob,
    best: Checkpoint,
    dataset: Dataset,
    *,
    has_seen_gaze: bool,
) -> bytes:
    """Add to a file what one needs to know to use it, and what it must not be used for."""
    import onnx

    info, scale = again.info, best.scale
    facts: dict[str, Any] = {
        "heads": {head.label: list(head.classes) for head in job.scored},
        "eye_scale": {
            "mean": scale.mean.tolist(), "sd": scale.sd.tolist(), "limit": scale.limit,
        },
        "eye_columns": dataset.manifest.eye_names(),
        "view": info.view.model_dump(),
        "modalities": list(info.modalities),
        "dataset": info.dataset_name,
        "dataset_manifest_sha256": info.dataset_manifest_sha256,
        "synthetic": info.synthetic,
        "simulated": info.simulated,
        "has_seen_gaze": has_seen_gaze,
        "use": NOT_FOR_PRELABELLING if has_seen_gaze else "",
        "protocol": info.protocol,
        "model": info.model,
        "preset": info.preset,
        "without": list(info.without),
        "fold": job.fold,
        "split_sha256": info.split_sha256,
        "epoch": best.epoch,
        "trained_in": info.precision,
        "app_version": __version__,
    }  # fmt: skip
    model = onnx.load_from_string(content)
    onnx.helper.set_model_props(
        model, {name: json.dumps(value) for name, value in facts.items()}
    )
    model.producer_name, model.producer_version = "EMER Studio", __version__
    model.doc_string = facts["use"]
    return bytes(model.SerializeToString())


def _free(out: Path, job: FoldJob, networks: int, labels: int) -> Path:
    """Return the name of one network's file; refuse one that is taken."""
    file = out
    if networks > 1:
        label = f"_{job.name}" if labels > 1 and len(job.scored) == 1 else ""
        file = out.with_name(f"{out.stem}_fold{job.fold}{label}{out.suffix}")
    if file.exists():
        raise BadInputError(
            f"{file} already exists; nothing was written.",
            fix="Choose another name with --out.",
        )
    return file

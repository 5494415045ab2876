"""Several processes that train one network together, on one computer or on several.

torchrun starts them; each learns from its share of every batch, and gradients are averaged
by `torch.nn.parallel.DistributedDataParallel`. The first one leads: it alone looks at the
validation people, keeps files, and is told to pause or stop. Batches are those of a single
process, so its results are those, but for the rounding of sums, and for layers that look
at a batch as a whole (batch normalisation), each of which sees its share.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar, cast

import torch
import torch.distributed as dist
from torch import Tensor

from emer_studio.core.errors import BadInputError, MissingError
from emer_studio.training.nets.network import Network

__all__ = ["Team", "joined", "team"]

Value = TypeVar("Value")
_PATIENCE = timedelta(days=7)  # a pause is no failure; chosen by us


@dataclass(frozen=True, slots=True)
class Team:
    """The processes that train together.

    Attributes
    ----------
    rank : int
        Number of this one; 0 leads.
    size : int
        How many there are.
    """

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this one keeps the files."""
        return self.rank == 0

    def share(self, first: int, last: int) -> slice:
        """Return which samples of a batch are this one's.

        A batch of fewer samples than there are processes is learnt by each of them as a
        whole, which averages to the same.
        """
        if last - first < self.size:
            return slice(first, last)
        return slice(first + self.rank, last, self.size)

    def together(self, model: Network) -> Network:
        """Return the network with gradients that are averaged over all processes."""
        if self.size == 1:
            return model
        parallel = torch.nn.parallel.DistributedDataParallel(model)
        return cast("Network", parallel)  # called like one; nothing else is asked of it

    def counted(self, counts: Tensor) -> Tensor:
        """Return by what sums over this one's samples are divided.

        Averaged over the processes, the quotients are then means over the whole batch,
        however the labels are dealt out.
        """
        if self.size > 1:
            counts = counts.clone()
            dist.all_reduce(counts)
        return counts.clamp(min=1) / self.size

    def mean(self, value: Tensor) -> Tensor:
        """Return the mean over all processes."""
        if self.size == 1:
            return value
        value = value.clone()
        dist.all_reduce(value)
        return value / self.size

    def same(self, value: Value) -> Value:
        """Return what the leader has, whatever this one has."""
        if self.size == 1:
            return value
        box: list[Any] = [value if self.leads else None]
        dist.broadcast_object_list(box, src=0)
        return cast("Value", box[0])

    def apart(self) -> None:
        """Let the generators of the others draw other numbers than the leader's."""
        if self.rank:
            torch.manual_seed(torch.randint(2**31, ()).item() + self.rank)


def team() -> Team:
    """Return the processes that this one has joined; itself alone otherwise."""
    if dist.is_available() and dist.is_initialized():
        return Team(dist.get_rank(), dist.get_world_size())
    return Team()


@contextlib.contextmanager
def joined(device: str) -> Iterator[Team]:
    """Join the processes that torchrun started, until this one's work is done.

    Parameters
    ----------
    device : str
        "cpu" or "cuda", the same for all; each takes the GPU of its number on its computer.

    Raises
    ------
    BadInputError, MissingError
        When torchrun said too little, or there are fewer GPUs than processes.
    """
    place = int(os.environ.get("LOCAL_RANK", "0"))
    if device == "cuda":
        if place >= torch.cuda.device_count():
            raise MissingError(
                f"Process {place} of this computer has no GPU; it has"
                f" {torch.cuda.device_count()}.",
                fix="Ask torchrun for as many processes as there are GPUs"
                " (--nproc-per-node), or train with --device cpu.",
            )
        torch.cuda.set_device(place)
    try:
        dist.init_process_group("nccl" if device == "cuda" else "gloo", timeout=_PATIENCE)
    except ValueError as problem:
        raise BadInputError(
            f"The processes could not find each other: {problem}.",
            fix="Start them with torchrun, see docs/training.md.",
        ) from None
    try:
        yield team()
    finally:
        dist.destroy_process_group()

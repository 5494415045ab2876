"""Where the frames and eye rows of a dataset lie while a network is trained on them.

On a GPU all frames if they fit, else 32 of each clip, else they stay in the host's files
and one thread fetches the next batch meanwhile. On a processor the memory map is as near
as anything can be: what was read stays in the system's page cache.
"""

from __future__ import annotations

import threading
from typing import Any, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emer_studio.dataset.cache_reader import Dataset
from emer_studio.training.feed.sampling import aligned_picks

__all__ = [
    "SMALLER",
    "Held",
    "Mapped",
    "Staged",
    "Store",
    "Thinned",
    "Tier",
    "stored",
    "tier_for",
    "tier_here",
]

Tier = Literal["gpu", "gpu-32", "host", "map"]
SMALLER: dict[Tier, str] = {
    "gpu-32": "The GPU has no room for all frames: 32 of each clip lie there, the nearest"
    " stands for each of the others.",
    "host": "The GPU has no room for the frames: they are read from the disk meanwhile.",
}
"""What a person is told where not everything fits."""
_SHARE = 0.5  # of the free memory; chosen by us: the rest is the network's
_CANDIDATES = 32  # frames of a clip: four for each of the eight segments
_AT_ONCE = 4096  # rows of one copy to the device


class Store(Protocol):
    """Rows of one array, gathered onto a device."""

    tier: Tier

    def gather(self, rows: NDArray[np.int64]) -> Tensor:
        """Return ``array[rows]`` on the device."""

    def expect(self, rows: NDArray[np.int64]) -> None:
        """Hear which rows will be asked for next."""


class Mapped:
    """Read from the memory map as they are asked for."""

    tier: Tier = "map"

    def __init__(self, array: NDArray[Any], device: torch.device) -> None:
        self._array, self._device = array, device

    def gather(self, rows: NDArray[np.int64]) -> Tensor:
        """Return the rows."""
        return torch.from_numpy(np.take(self._array, rows, axis=0)).to(self._device)

    def expect(self, rows: NDArray[np.int64]) -> None:
        """Do nothing: a page that was read is in memory."""


class Held:
    """All rows in the device's memory."""

    tier: Tier = "gpu"

    def __init__(self, array: NDArray[Any], device: torch.device) -> None:
        kind = torch.from_numpy(np.zeros(0, array.dtype)).dtype
        self._rows = torch.empty(array.shape, dtype=kind, device=device)
        for first in range(0, len(array), _AT_ONCE):
            part = np.array(array[first : first + _AT_ONCE])
            self._rows[first : first + len(part)] = torch.from_numpy(part)

    def gather(self, rows: NDArray[np.int64]) -> Tensor:
        """Return the rows; nothing but their numbers is sent."""
        index = torch.from_numpy(rows.ravel()).to(self._rows.device, non_blocking=True)
        found = self._rows.index_select(0, index)
        return found.view(*rows.shape, *found.shape[1:])

    def expect(self, rows: NDArray[np.int64]) -> None:
        """Do nothing: everything is here."""


class Thinned(Held):
    """Some frames of each clip in the device's memory; the nearest of them is taken.

    Parameters
    ----------
    array : ndarray
        All frames.
    kept : (K,) int64
        Row numbers that are held, increasing.
    nearest : (N,) int64
        For each row of `array` the place in `kept` of the one that stands for it.
    device : torch.device
        Where they lie.
    """

    tier: Tier = "gpu-32"

    def __init__(
        self,
        array: NDArray[Any],
        kept: NDArray[np.int64],
        nearest: NDArray[np.int64],
        device: torch.device,
    ) -> None:
        super().__init__(np.take(array, kept, axis=0), device)
        self._nearest = nearest

    def gather(self, rows: NDArray[np.int64]) -> Tensor:
        """Return the frames that stand for the rows."""
        return super().gather(self._nearest[rows])


class Staged:
    """Read by one thread into page-locked memory while the device computes."""

    tier: Tier = "host"

    def __init__(self, array: NDArray[Any], device: torch.device) -> None:
        self._array, self._device = array, device
        self._thread: threading.Thread | None = None
        self._asked: NDArray[np.int64] | None = None
        self._read: Tensor | None = None

    def expect(self, rows: NDArray[np.int64]) -> None:
        """Begin to read."""
        self._join()
        self._asked = rows
        self._thread = threading.Thread(target=self._fetch, args=(rows,), daemon=True)
        self._thread.start()

    def gather(self, rows: NDArray[np.int64]) -> Tensor:
        """Return the rows; at once where they were expected."""
        self._join()
        if self._asked is None or not np.array_equal(self._asked, rows):
            self._fetch(rows)
        read, self._asked, self._read = self._read, None, None
        assert read is not None
        # Torch's allocator keeps page-locked memory until the copy out of it has ended.
        return read.to(self._device, non_blocking=True)

    def _fetch(self, rows: NDArray[np.int64]) -> None:
        found = torch.from_numpy(np.take(self._array, rows, axis=0))
        self._read = found.pin_memory() if self._device.type == "cuda" else found

    def _join(self) -> None:
        if self._thread is not None:
            self._thread.join()
            self._thread = None


def tier_for(everything: int, thinned: int, free: int | None) -> Tier:
    """Choose a tier.

    Parameters
    ----------
    everything, thinned : int
        Bytes of all frames, and of 32 of each clip.
    free : int or None
        Free bytes of the GPU; None without one.
    """
    if free is None:
        return "map"
    if everything <= _SHARE * free:
        return "gpu"
    return "gpu-32" if thinned <= _SHARE * free else "host"


def tier_here(dataset: Dataset, device: torch.device, among: int = 1) -> Tier:
    """Choose a tier for a dataset on a device as full as it is now.

    Parameters
    ----------
    dataset : Dataset
    device : torch.device
    among : int
        How many processes are to hold it there, each a copy of its own.
    """
    frame = int(np.prod(dataset.faces.shape[1:]))
    thin = sum(min(s.n_frames, _CANDIDATES) for s in dataset.samples) * frame
    free = torch.cuda.mem_get_info(device)[0] // among if device.type == "cuda" else None
    return tier_for(len(dataset.faces) * frame, thin, free)


def stored(dataset: Dataset, device: torch.device, tier: Tier | None = None) -> Store:
    """Return the frames of a dataset where they fit best; kept for the next who asks.

    A GPU that is fuller than it said takes the next smaller tier.
    """
    for kept, where, store in _LAST:
        if kept is dataset and where == device and tier in (None, store.tier):
            return store
    _LAST.clear()
    first = tier or tier_here(dataset, device)
    order: tuple[Tier, ...] = ("gpu", "gpu-32", "host")
    tries = (first,) if first == "map" else order[order.index(first) :]
    for each in tries:
        try:
            store = _made(each, dataset, device)
            break
        except torch.cuda.OutOfMemoryError:
            torch.cuda.empty_cache()
    _LAST.append((dataset, device, store))
    return store


_LAST: list[tuple[Dataset, torch.device, Store]] = []


def _made(tier: Tier, dataset: Dataset, device: torch.device) -> Store:
    if tier == "gpu":
        return Held(dataset.faces, device)
    if tier == "gpu-32":
        return Thinned(dataset.faces, *_candidates(dataset), device)
    return (Staged if tier == "host" else Mapped)(dataset.faces, device)


def _candidates(dataset: Dataset) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which frames are held, and which of them stands for each frame.

    The held ones are those that a deterministic evaluation picks and three more beside
    each; where a clip has a face at all, they show one.
    """
    kept: list[NDArray[np.int64]] = []
    nearest = np.zeros(len(dataset.faces), np.int64)
    for index, sample in enumerate(dataset.samples):
        if not sample.n_frames:
            continue
        clip = dataset.clip(index)
        own = np.unique(
            aligned_picks(
                clip.face_times_s, clip.faces_valid, clip.eye_times_s,
                _CANDIDATES, _CANDIDATES,
            ).frames
        )  # fmt: skip
        edges = (own[1:] + own[:-1]) / 2.0
        place = np.searchsorted(edges, np.arange(sample.n_frames))
        before = sum(map(len, kept))
        nearest[sample.frame_first : sample.frame_first + sample.n_frames] = before + place
        kept.append(own + sample.frame_first)
    return np.concatenate(kept) if kept else np.zeros(0, np.int64), nearest

"""The network of a pre-labeller: one picture of a face in, seven scores out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from emer_studio.core.emotions import EMOTIONS
from emer_studio.training.fer_head.clips import HeadClips
from emer_studio.training.nets.encoders import SmallFaceNet

__all__ = ["MEAN", "STD", "FerHead", "HeadSettings", "fit_head", "look_at", "pictures"]

Floats = NDArray[np.float64]
OnStep = Callable[[], None]
OnEpoch = Callable[[int, float, float | None], None]

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's RGB between 0 and 1, as for every network of ours."""
FRAMES_TO_LEARN = 4
"""Of a clip in an epoch, drawn anew from as many equal parts of it. Chosen by us: next to
each other, frames of a face say the same."""
FRAMES_TO_JUDGE, FRAMES_TO_CHOOSE = 32, 8
"""Of a clip at most, evenly spread, where it is judged, and where the epoch is chosen.
Chosen by us: one in ten of a clip of 10 s at 30 Hz."""
_BATCH = 32
_LEARNING_RATE = 3e-3
"""Chosen by us on drawn faces: with 1e-3 it takes twice the epochs."""
_WEIGHT_DECAY, _WARM_UP = 1e-2, 0.05  # as the preset "studio"
_GAIN, _OFFSET = 0.2, 0.05
"""How much brighter or darker a face is made, and how much light is added; chosen by us."""


class FerHead(nn.Module):
    """A small face network with a linear layer on it; 0.17 million parameters.

    It looks at 56 x 56 pixels: more than the 48 x 48 of FER2013, on which people and
    networks tell expressions, and four times as quick as 112 x 112.
    """

    def __init__(self) -> None:
        super().__init__()
        self.face = SmallFaceNet()
        self.head = nn.Linear(SmallFaceNet.width, len(EMOTIONS))

    def forward(self, face: Tensor) -> Tensor:
        """Map (B, 3, 112, 112) pictures to (B, 7) scores."""
        return torch.as_tensor(self.head(self.face(functional.avg_pool2d(face, 2))))


@dataclass(frozen=True, slots=True)
class HeadSettings:
    """How to train.

    Attributes
    ----------
    epochs : int
        Also the period of the schedule.
    seed : int
    device : str
    """

    epochs: int
    seed: int
    device: str = "cpu"


def fit_head(
    clips: HeadClips,
    train: Sequence[int],
    validation: Sequence[int],
    settings: HeadSettings,
    *,
    fold: int = 0,
    until: int | None = None,
    on_step: OnStep = lambda: None,
    on_epoch: OnEpoch = lambda _epoch, _loss, _validation: None,
) -> tuple[FerHead, int]:
    """Train a head.

    Parameters
    ----------
    clips : HeadClips
    train, validation : sequence of int
        Clips to learn from, and to choose the epoch by; without the latter the last one
        is taken.
    settings : HeadSettings
    fold : int
        Its number, 0 for the head of everybody.
    until : int, optional
        The last epoch; the schedule is that of all of them.
    on_step : callable
        Called before each step; may end it by raising.
    on_epoch : callable
        Called with the epoch, its mean loss and the log loss of the validation part, None
        without one.

    Returns
    -------
    head : FerHead
        Of the best epoch, for evaluation.
    epoch : int
        From 1.
    """
    torch.manual_seed(settings.seed * 1000 + fold)
    rng = np.random.default_rng([settings.seed, 31, fold])
    head = FerHead().to(settings.device)
    optimiser = torch.optim.AdamW(
        head.parameters(), lr=_LEARNING_RATE, weight_decay=_WEIGHT_DECAY
    )
    steps = settings.epochs * -(-len(train) * FRAMES_TO_LEARN // _BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda k: _rate(k, steps))
    best, chosen, least = _copy(head), 0, float("inf")
    for epoch in range(1, (until or settings.epochs) + 1):
        losses = []
        for rows, owners in _batches(clips, train, rng):
            on_step()
            losses.append(_step(head, clips, rows, owners, optimiser, rng))
            schedule.step()
        surprise = _surprise(head, clips, validation) if len(validation) else None
        on_epoch(epoch, float(np.mean(losses)), surprise)
        if surprise is None or surprise < least:
            best, chosen = _copy(head), epoch
            least = least if surprise is None else surprise
    head.load_state_dict(best)
    return head.eval(), chosen


def look_at(
    head: FerHead, clips: HeadClips, wanted: Sequence[int], most: int = FRAMES_TO_JUDGE
) -> list[Floats]:
    """Return the probabilities (frames, 7) of each of some clips, of so many frames."""
    head.eval()
    device = next(head.parameters()).device
    found = []
    with torch.no_grad():
        for number in wanted:
            rows = _spread(clips.frames[number], most)
            scores = head(pictures(clips, rows, device))
            found.append(scores.softmax(dim=1).double().cpu().numpy())
    return found


def pictures(
    clips: HeadClips, rows: NDArray[np.int64], device: torch.device | str = "cpu"
) -> Tensor:
    """Return some faces (n, 3, 112, 112) as the network takes them."""
    return _standard(_unit(clips, rows, device))


def _unit(clips: HeadClips, rows: NDArray[np.int64], device: torch.device | str) -> Tensor:
    """Return some faces as RGB between 0 and 1."""
    faces = torch.from_numpy(np.ascontiguousarray(clips.dataset.faces[rows]))
    return faces.to(device).permute(0, 3, 1, 2).float() / 255.0


def _standard(unit: Tensor) -> Tensor:
    mean = torch.tensor(MEAN, device=unit.device)[:, None, None]
    std = torch.tensor(STD, device=unit.device)[:, None, None]
    return (unit - mean) / std


def _batches(
    clips: HeadClips, train: Sequence[int], rng: np.random.Generator
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Draw the frames of an epoch, and whose clip each of them is of, in drawn order."""
    drawn = [_drawn(clips.frames[number], rng) for number in train]
    rows = np.concatenate(drawn)
    owners = np.repeat(np.asarray(train, np.int64), [len(part) for part in drawn])
    order = rng.permutation(len(rows))
    parts = np.array_split(order, max(-(-len(rows) // _BATCH), 1))
    return [(rows[part], owners[part]) for part in parts]


def _drawn(frames: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw one frame of each of some equal parts of a clip; all of a shorter one."""
    if len(frames) <= FRAMES_TO_LEARN:
        return frames
    places = (np.arange(FRAMES_TO_LEARN) + rng.random(FRAMES_TO_LEARN)) / FRAMES_TO_LEARN
    return np.asarray(frames[(places * len(frames)).astype(np.int64)])


def _spread(frames: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Return at most so many frames, evenly spread."""
    if len(frames) <= most:
        return frames
    return np.asarray(frames[((np.arange(most) + 0.5) * len(frames) / most).astype(int)])


def _step(
    head: FerHead,
    clips: HeadClips,
    rows: NDArray[np.int64],
    owners: NDArray[np.int64],
    optimiser: torch.optim.Optimizer,
    rng: np.random.Generator,
) -> float:
    head.train()
    device = next(head.parameters()).device
    faces = _standard(_changed(_unit(clips, rows, device), rng))
    wanted = torch.from_numpy(clips.target[owners]).to(device)
    loss = functional.cross_entropy(head(faces), wanted)
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()
    return float(loss.detach())


def _changed(unit: Tensor, rng: np.random.Generator) -> Tensor:
    """Mirror half of the faces, and light all of them otherwise."""
    n, device = len(unit), unit.device
    mirrored = torch.from_numpy(rng.random(n) < 0.5).to(device)[:, None, None, None]
    gain = torch.from_numpy(rng.uniform(1 - _GAIN, 1 + _GAIN, (n, 1, 1, 1))).to(device)
    offset = torch.from_numpy(rng.uniform(-_OFFSET, _OFFSET, (n, 1, 1, 1))).to(device)
    faces = torch.where(mirrored, unit.flip(3), unit)
    return (faces * gain.float() + offset.float()).clamp(0.0, 1.0)


def _surprise(head: FerHead, clips: HeadClips, wanted: Sequence[int]) -> float:
    """Return the log loss over clips, each by the mean over its frames."""
    frames = look_at(head, clips, wanted, FRAMES_TO_CHOOSE)
    found = np.stack([p.mean(axis=0) for p in frames])
    share = clips.target[np.asarray(wanted, np.int64)]
    return float(-(share * np.log(np.maximum(found, 1e-9))).sum(axis=1).mean())


def _rate(step: int, steps: int) -> float:
    """Return the learning rate's factor: a linear rise, then half a cosine."""
    rise = max(round(_WARM_UP * steps), 1)
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + float(np.cos(np.pi * min((step - rise) / max(steps - rise, 1), 1))))


def _copy(head: FerHead) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in head.state_dict().items()}

"""A quick look: the face network stays as it is, its features are worked out once."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor, nn

from emer_studio.core.errors import BadInputError
from emer_studio.dataset.cache_reader import Dataset
from emer_studio.training.feed.inputs import Feed
from emer_studio.training.nets.encoders import SmallFaceNet
from emer_studio.training.nets.network import Network
from emer_studio.training.nets.precision import Precision
from emer_studio.training.nets.resnet import ResNet18

__all__ = ["freeze"]

_AT_ONCE = 128  # pictures; as many as a step of sixteen clips has


def freeze(model: Network, feed: Feed, precision: Precision) -> None:
    """Let the feed give features of the face network instead of pictures.

    The network passes features through and learns nothing any more; its weights are still
    in the checkpoints.

    Parameters
    ----------
    model : Network
        Changed in place.
    feed : Feed
        Gives features from now on; of frames as they are, neither mirrored nor brighter.
    precision : {"fp32", "bf16"}
        Of the face network's arithmetic.

    Raises
    ------
    BadInputError
        When the model does not look at pictures with a network of ours.
    """
    found = [m for m in model.modules() if isinstance(m, ResNet18 | SmallFaceNet)]
    if len(found) != 1:
        raise BadInputError(
            f"--frozen needs a model with one face network; this one has {len(found)}.",
            fix="Leave out --frozen.",
        )
    found[0].requires_grad_(requires_grad=False)
    feed.features = _features(found[0], feed, precision)


_LAST: list[tuple[Dataset, str, Tensor]] = []
"""Of the last face network: with given weights it is the same one in every fold."""


def _features(cnn: nn.Module, feed: Feed, precision: Precision) -> Tensor:
    """Return the features (N, W) of all frames of the dataset, on the feed's device."""
    key = f"{_fingerprint(cnn)} {precision} {feed.device} {feed.view.pixels}"
    for dataset, kept, features in _LAST:
        if dataset is feed.dataset and kept == key:
            return features
    _LAST.clear()
    was_training = cnn.training
    cnn.eval()
    half = precision == "bf16"
    parts = []
    with (
        torch.inference_mode(),
        torch.autocast(feed.device.type, torch.bfloat16, enabled=half),
    ):
        for first in range(0, len(feed.dataset.faces), _AT_ONCE):
            last = min(first + _AT_ONCE, len(feed.dataset.faces))
            parts.append(cnn(feed.pictures(first, last)).float())
    cnn.train(was_training)
    # A clone: what inference mode made cannot be learnt from.
    features = torch.cat(parts).clone() if parts else torch.zeros(0, 1)
    _LAST.append((feed.dataset, key, features))
    return features


def _fingerprint(module: nn.Module) -> str:
    digest = hashlib.sha256()
    for value in module.state_dict().values():
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()

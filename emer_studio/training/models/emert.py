"""EMERT, the Eye-behavior-aided Multimodal Emotion Recognition Transformer.

`StudioEmert` is ours, after the papers' idea: felt and shown emotion learnt together, each
stream split into a part of its own and a part all share, the shared part reading the own
parts by cross-attention. With the preset official-2024 the network of the public code
(`training.official.network`) stands in its place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from emer_studio.training.fit.network_model import NetworkModel
from emer_studio.training.nets.encoders import EyeTokens, FaceTokens, MapTokens
from emer_studio.training.nets.fusion import Fusion
from emer_studio.training.nets.heads import Heads, masked_mean
from emer_studio.training.nets.network import Head, Inputs, Network, Outputs, Shape
from emer_studio.training.official.network import OfficialNetwork
from emer_studio.training.official.topology import reverse_gradient

__all__ = ["MODEL", "PARTS", "StudioEmert"]

PARTS = ("decoupling", "split", "attention")
"""What `Shape.without` may name: the discriminators behind the reversed gradient, the split
into own and shared parts (and the discriminators, which tell them apart), and the
cross-attention, in whose place stands the mean of the shared parts."""
_WIDTH = 64
_APART = 0.01  # weight of the discriminators, as alpha and beta of the official code


class StudioEmert(Network):
    """The network of the preset studio.

    Parameters
    ----------
    shape : Shape
        Sizes of the input.
    heads : sequence of Head
        What is predicted.
    """

    def __init__(self, shape: Shape, heads: Sequence[Head]) -> None:
        super().__init__()
        self.face = FaceTokens(_WIDTH, shape.face_net)
        self.eye = EyeTokens(shape.eye_width, _WIDTH)
        self.gaze = EyeTokens(2, _WIDTH)
        self.maps = MapTokens(_WIDTH) if shape.maps else None
        sizes = [shape.face_frames, shape.eye_rows, shape.eye_rows]
        if shape.maps:
            sizes.append(shape.maps)
        self.drop = nn.Dropout(0.2)
        self.own = nn.ModuleList(nn.Linear(_WIDTH, _WIDTH) for _ in sizes)
        self.shared: nn.Module = nn.Linear(_WIDTH, _WIDTH)
        # One discriminator each: a single one is pulled both ways by the same weights.
        self.names_own: nn.Module = nn.Linear(_WIDTH, len(sizes))
        self.names_shared: nn.Module = nn.Linear(_WIDTH, len(sizes))
        self.fusion: nn.Module = Fusion(_WIDTH, sizes)
        self.heads = Heads(_WIDTH * (1 + len(sizes)), heads)
        self.without = frozenset(shape.without)
        self._leave_out()
        self.register_buffer("ramp", torch.zeros(()), persistent=False)
        self.ramp: Tensor

    def _leave_out(self) -> None:
        """Drop parts after all were drawn: what remains begins as in the whole network."""
        if self.without & {"decoupling", "split"}:
            self.names_own, self.names_shared = nn.Identity(), nn.Identity()
        if "split" in self.without:
            self.shared = nn.Identity()
        if "attention" in self.without:
            self.fusion = nn.Identity()

    def progress(self, share: float) -> None:
        """Raise the reversed gradient from 0 to 1 (Ganin et al., JMLR 2016, 5.2.2)."""
        self.ramp.fill_(2.0 / (1.0 + math.exp(-10.0 * share)) - 1.0)

    def start_from(self, weights: dict[str, Tensor]) -> bool:
        """Take ResNet-18 weights for the face."""
        return self.face.start_from(weights)

    def forward(self, inputs: Inputs) -> Outputs:
        """Predict from one batch."""
        tokens = [self.face(inputs.face), self.eye(inputs.eye), self.gaze(inputs.gaze)]
        valid = [inputs.face_valid, inputs.eye_valid, inputs.gaze_valid]
        if self.maps is not None:
            tokens.append(self.maps(inputs.maps))
            valid.append((inputs.maps.amax(dim=(2, 3)) > 0).float())
        tokens = [self.drop(x) for x in tokens]
        own = [layer(x) for layer, x in zip(self.own, tokens, strict=True)]
        shared = own if "split" in self.without else [self.shared(x) for x in tokens]
        there = torch.cat(valid, 1)
        if "attention" in self.without:
            fused = masked_mean(torch.cat(shared, 1), there)
        else:
            fused = self.fusion(torch.cat(shared, 1), torch.cat(own, 1), there)
        means = [masked_mean(x, v) for x, v in zip(own, valid, strict=True)]
        features = self.drop(torch.cat([fused, *means], 1))
        return Outputs(self.heads(features), self._apart(own, shared, valid))

    def _apart(
        self, own: Sequence[Tensor], shared: Sequence[Tensor], valid: Sequence[Tensor]
    ) -> Tensor:
        """Return the discriminators' loss; streams that are absent say nothing."""
        loss = self.ramp.new_zeros(())
        if not self.training or self.without & {"decoupling", "split"}:
            return loss
        for number, (mine, common, there) in enumerate(
            zip(own, shared, valid, strict=True)
        ):
            hidden = reverse_gradient(masked_mean(common, there), self.ramp)
            seen = (there.amax(1) > 0).float()
            for names, mean in (
                (self.names_own, masked_mean(mine, there)),
                (self.names_shared, hidden),
            ):
                each = -names(mean).log_softmax(1)[:, number]
                loss = loss + (each * seen).sum() / seen.sum().clamp(min=1.0)
        return _APART * loss


MODEL = NetworkModel(
    name="emert",
    words="EMERT: face, eyes and gaze, felt and shown learnt together",
    build=StudioEmert,
    official=OfficialNetwork,
)

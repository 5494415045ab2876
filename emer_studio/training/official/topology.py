"""EMERT in the topology of the official 2024 code, written from its description.

A face, an eye and a gaze stream are encoded, each is split into a part of its own
(specific) and a part all share (invariant), an adversarial discriminator keeps the two
apart, and the invariant tokens read the specific ones by cross-attention. Deviations from
a plain reading of that description are noted where they are made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn

from emer_studio.training.nets.network import MODALITIES
from emer_studio.training.nets.resnet import ResNet18
from emer_studio.training.nets.transformer import CrossTransformer

__all__ = [
    "Emert",
    "EmertConfig",
    "EmertOutput",
    "reverse_gradient",
]

Variant = Literal["value", "discrete", "intensity"]


@dataclass(frozen=True, slots=True)
class EmertConfig:
    """Size of one network.

    Attributes
    ----------
    variant : {"value", "discrete", "intensity"}
        One real number (the official ``model``), classes (``model_D``), or a real number
        beside classes (``in_model``).
    n_classes : int
        Classes of the discrete and intensity variants.
    eye_columns : int
        Width of an eye row; 39 in the official code.
    face_frames, eye_rows : int
        Frames and rows a clip is reduced to; 8 and 32 in the official code.
    keep_dead_layers : bool
        Keep the two layers that the official networks own and never use.
    """

    variant: Variant
    n_classes: int = 7
    eye_columns: int = 39
    face_frames: int = 8
    eye_rows: int = 32
    keep_dead_layers: bool = False


class EmertOutput(NamedTuple):
    """What a forward pass returns.

    Attributes
    ----------
    value : (B,) or None
        The predicted number.
    logits : (B, C) or None
        Class scores.
    invariant, specific : (B, 3, 3)
        Discriminator scores by modality: which modality it takes each part for.
    """

    value: Tensor | None
    logits: Tensor | None
    invariant: Tensor
    specific: Tensor


class _Reverse(torch.autograd.Function):
    """Identity whose gradient changes sign (Ganin & Lempitsky, ICML 2015)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: float | Tensor) -> Tensor:
        ctx.scale = scale
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        return -ctx.scale * gradients[0], None


def reverse_gradient(x: Tensor, scale: float | Tensor = 1.0) -> Tensor:
    """Return `x`; its gradient is multiplied by ``-scale`` (1.0 in the official code)."""
    reversed_x: Tensor = _Reverse.apply(x, scale)  # type: ignore[no-untyped-call]
    return reversed_x


class Encoders(nn.Module):
    """The three streams, each turned into tokens of width 128.

    Parameters
    ----------
    config : EmertConfig
        Sizes.
    """

    def __init__(self, config: EmertConfig) -> None:
        super().__init__()
        self.f_extractor = ResNet18(keep_fc=config.keep_dead_layers)
        self.proj_v1 = nn.Linear(512, 128)
        self.e_lstm = nn.LSTM(config.eye_columns, 128, 3, batch_first=True)
        self.g_lstm = nn.LSTM(2, 128, 3, batch_first=True)
        self.dropout = nn.Dropout(0.5)

    def forward(self, face: Tensor, eye: Tensor, gaze: Tensor) -> list[Tensor]:
        """Return the face, eye and gaze tokens, (B, 8 | 32 | 32, 128)."""
        features = self.f_extractor(face.flatten(0, 1)).unflatten(0, face.shape[:2])
        tokens = (self.proj_v1(features), self.e_lstm(eye)[0], self.g_lstm(gaze)[0])
        return [self.dropout(x) for x in tokens]


def _projection(variant: Variant) -> nn.Module:
    if variant == "discrete":
        return nn.Sequential(nn.Linear(128, 64), nn.LeakyReLU(0.1), nn.Linear(64, 32))
    return nn.Linear(128, 64)


class Emert(nn.Module):
    """The whole network.

    Parameters
    ----------
    config : EmertConfig
        Variant and sizes.
    """

    def __init__(self, config: EmertConfig) -> None:
        super().__init__()
        self.config = config
        width = 32 if config.variant == "discrete" else 64
        self.subnet = Encoders(config)
        self.specific_projection_v = _projection(config.variant)
        self.specific_projection_a = _projection(config.variant)
        self.specific_projection_l = _projection(config.variant)
        self.invariant_projection = _projection(config.variant)
        self.discriminator = nn.Linear(width, len(MODALITIES))
        self.transformer = CrossTransformer(width, config.face_frames + 2 * config.eye_rows)
        self.value_head: nn.Module | None = None
        self.class_head: nn.Module | None = None
        if config.variant == "value":
            self.value_head = _value_head()
        elif config.variant == "intensity":
            self.value_head = nn.Linear(width, 1)
        if config.variant != "value":
            self.class_head = nn.Linear(width, config.n_classes)
        if config.keep_dead_layers:
            # 5,383 unused parameters; this shape is our reading (768 x 7 + 7 = 5,383).
            self.classifier = nn.Linear(768, 7)

    def forward(self, face: Tensor, eye: Tensor, gaze: Tensor) -> EmertOutput:
        """Predict from one batch.

        Parameters
        ----------
        face : (B, 8, 3, 112, 112) float
            Normalised pictures.
        eye : (B, 32, D) float
            Normalised eye rows.
        gaze : (B, 32, 2) float
            Normalised gaze points.
        """
        tokens = self.subnet(face, eye, gaze)
        projections = (
            self.specific_projection_v,
            self.specific_projection_a,
            self.specific_projection_l,
        )
        specific = [p(x) for p, x in zip(projections, tokens, strict=True)]
        invariant = [self.invariant_projection(x) for x in tokens]
        fused = self.transformer(torch.cat(invariant, 1), torch.cat(specific, 1)).mean(1)
        shared = reverse_gradient(torch.stack([x.mean(1) for x in invariant], 1))
        own = torch.stack([x.mean(1) for x in specific], 1)
        value, logits = self.value_head, self.class_head
        return EmertOutput(
            value=None if value is None else value(fused).squeeze(1),
            logits=None if logits is None else logits(fused),
            invariant=self.discriminator(shared),
            specific=self.discriminator(own),
        )


def _value_head() -> nn.Module:
    layers: list[nn.Module] = []
    for inputs, outputs in ((64, 32), (32, 16), (16, 8)):
        layers += [nn.Linear(inputs, outputs), nn.LeakyReLU()]
    return nn.Sequential(*layers, nn.Linear(8, 1))

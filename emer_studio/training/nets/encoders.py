"""Encoders that our networks share: a stream of a clip becomes tokens of one width."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from emer_studio.training.nets.network import FaceNet
from emer_studio.training.nets.resnet import ResNet18

__all__ = ["EyeTokens", "FaceTokens", "MapTokens", "SmallFaceNet"]


class SmallFaceNet(nn.Module):
    """A small network for 112 x 112 faces, for those who start from random weights (ours).

    Four convolutions, the first over patches of 7 x 7 every 4 pixels: 0.19 million
    parameters instead of the 11 million of ResNet-18, for the few hundred clips of a lab.
    """

    width = 128

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for outputs, size, stride in (
            (32, 7, 4),
            (64, 3, 2),
            (96, 3, 1),
            (self.width, 3, 2),
        ):
            layers += [
                nn.Conv2d(channels, outputs, size, stride, size // 2, bias=False),
                nn.BatchNorm2d(outputs),
                nn.ReLU(inplace=True),
            ]
            channels = outputs
        self.body = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, 3, 112, 112) pictures to (B, 128) features, which pass as they are."""
        if x.dim() == 2:
            return x
        return torch.amax(self.body(x), dim=(2, 3))


class FaceTokens(nn.Module):
    """Pictures of a clip as tokens.

    Parameters
    ----------
    width : int
        Of the tokens.
    face_net : {"resnet18", "small"}
        What looks at each picture.
    """

    def __init__(self, width: int, face_net: FaceNet) -> None:
        super().__init__()
        self.cnn: ResNet18 | SmallFaceNet
        self.cnn = ResNet18() if face_net == "resnet18" else SmallFaceNet()
        inner = 512 if face_net == "resnet18" else SmallFaceNet.width
        self.project = nn.Sequential(nn.Linear(inner, width), nn.LayerNorm(width))

    def forward(self, face: Tensor) -> Tensor:
        """Return (B, F, width) from pictures (B, F, 3, 112, 112)."""
        features = self.cnn(face.flatten(0, 1)).unflatten(0, face.shape[:2])
        return torch.as_tensor(self.project(features))

    def start_from(self, weights: dict[str, Tensor]) -> bool:
        """Take ResNet-18 weights; return whether there is one to take them."""
        if not isinstance(self.cnn, ResNet18):
            return False
        self.cnn.load_state_dict(weights)
        return True


class EyeTokens(nn.Module):
    """Eye rows in order of time as tokens that know of their neighbours.

    Parameters
    ----------
    inputs : int
        Numbers in a row.
    width : int
        Of the tokens; even.
    """

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.embed = nn.Sequential(
            nn.Linear(inputs, width), nn.GELU(), nn.Linear(width, width)
        )
        self.read = nn.LSTM(width, width // 2, batch_first=True, bidirectional=True)
        self.norm = nn.LayerNorm(width)

    def forward(self, rows: Tensor) -> Tensor:
        """Return (B, R, width) from rows (B, R, inputs)."""
        tokens = self.embed(rows)
        return torch.as_tensor(self.norm(tokens + self.read(tokens)[0]))


class MapTokens(nn.Module):
    """Fixation maps (B, M, 36, 64) as M tokens.

    Parameters
    ----------
    width : int
        Of the tokens.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        sizes: Sequence[tuple[int, int]] = ((1, 16), (16, 32), (32, 64))
        layers: list[nn.Module] = []
        for inputs, outputs in sizes:
            layers += [nn.Conv2d(inputs, outputs, 3, 2, 1), nn.GELU()]
        self.cnn = nn.Sequential(*layers, nn.AdaptiveAvgPool2d((3, 4)), nn.Flatten())
        self.project = nn.Sequential(nn.Linear(64 * 12, width), nn.LayerNorm(width))

    def forward(self, maps: Tensor) -> Tensor:
        """Return (B, M, width)."""
        features = self.cnn(maps.flatten(0, 1).unsqueeze(1)).unflatten(0, maps.shape[:2])
        return torch.as_tensor(self.project(features))

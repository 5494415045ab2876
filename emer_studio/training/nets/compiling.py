"""Compiling the parts of a network that gain from it."""

from __future__ import annotations

from torch import _dynamo

from emer_studio.training.nets.encoders import SmallFaceNet
from emer_studio.training.nets.fusion import Fusion
from emer_studio.training.nets.network import Network
from emer_studio.training.nets.resnet import ResNet18
from emer_studio.training.nets.transformer import CrossTransformer

__all__ = ["compile_parts"]


def compile_parts(model: Network) -> int:
    """Compile face network and fusion apart, in place; return how many parts there were.

    LSTMs are left as they are: cuDNN's own are as fast, and compiling a whole network
    breaks into pieces at them. Weights keep their names. A part that cannot be compiled
    runs as it was written; torch warns of it once. What is dropped out is drawn as without
    compiling, so that both learn the same.
    """
    from torch._inductor import config  # not for those who compile nothing

    config.fallback_random = True
    _dynamo.config.suppress_errors = True
    kinds = (ResNet18, SmallFaceNet, Fusion, CrossTransformer)
    parts = [module for module in model.modules() if isinstance(module, kinds)]
    for part in parts:
        part.compile()
    return len(parts)

"""``emer-studio`` without what several processes rightly draw apart: dropout, augmentation.

Run by torchrun, and alone: what is learnt has to be the same then.
"""

from __future__ import annotations

import sys
from dataclasses import replace

from torch import nn

from emer_studio.cli import main
from emer_studio.training import presets
from emer_studio.training.presets import STUDIO, View

_SMALL = replace(
    STUDIO, view=View(frames=1, rows=4, eyes="summary"), batch_size=3, augment=False,
    drop_modality=0.0,
)  # fmt: skip


class _NoDropout(nn.Identity):
    def __init__(self, *_: object, **__: object) -> None:
        super().__init__()


if __name__ == "__main__":
    nn.Dropout = _NoDropout  # type: ignore[assignment,misc]
    presets.PRESETS["studio"] = _SMALL
    sys.exit(main())

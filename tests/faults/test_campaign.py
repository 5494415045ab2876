"""The short form of the fault campaign."""

from __future__ import annotations

import random
from pathlib import Path

from faults.campaign import recorder_killed


def test_a_recorder_alone_keeps_its_promise(tmp_path: Path) -> None:
    rng = random.Random()
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert "recorder alone" in recorder_killed(rng, folder)

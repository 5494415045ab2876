"""The short form: killed while labels are stored, nothing is lost, doubled or halved."""

from __future__ import annotations

import random
from pathlib import Path

from faults.labels_killed import kill_again_and_again


def test_a_kill_loses_and_doubles_no_label(tmp_path: Path) -> None:
    told = kill_again_and_again(tmp_path / "labels.sqlite", 5, random.Random())
    assert "all there" in told

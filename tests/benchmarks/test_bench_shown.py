from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("bench_shown.py")


def test_a_short_table_is_made_and_not_made_twice(tmp_path: Path) -> None:
    words = "--people 4 --clips 7 --frames 2 --folds 2 --epochs 1".split()
    line = [sys.executable, str(SCRIPT), "--out", str(tmp_path), *words]
    line += ["--only", "eye-only, eyes carry n"]
    told = []
    for _ in range(2):
        done = subprocess.run(
            line, capture_output=True, text=True, check=False, timeout=150
        )
        assert done.returncode == 0, done.stderr
        told.append(done.stdout)
    assert "eye-only, eyes carry nothing: " in told[0].splitlines()[0]  # how long it took
    assert "| eye-only, eyes carry nothing | nothing | 0." in told[1]
    assert "SYNTHETIC" in told[1]
    rows = [row for row in told[0].splitlines() if row.startswith("|")]
    assert rows == [row for row in told[1].splitlines() if row.startswith("|")]

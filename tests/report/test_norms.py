"""What clips bring about, on viewings whose numbers are known."""

from __future__ import annotations

import csv
import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emer_studio.cli import main
from emer_studio.core.errors import BadInputError
from emer_studio.core.process import command_line
from emer_studio.report.norms import Viewing, _viewing, norms_of
from emer_studio.report.write_norms import write_norms
from emer_studio.study.folder import create_study

NAN = float("nan")


def views(
    clip: str, emotion: str, hits: int, of: int = 10, strength: float = 5.0
) -> list[Viewing]:
    return [
        Viewing(f"P{k}", clip, emotion, float(k < hits), strength, -0.5, 0.25)
        for k in range(of)
    ]


def test_the_most_successful_clips_of_an_emotion_are_recommended() -> None:
    seen = [
        *views("poor", "fear", 2),
        *views("good", "fear", 9, strength=7.0),
        *views("fair", "fear", 6),
        *views("weaker", "fear", 5, strength=4.0),
        *views("fine", "fear", 8, strength=6.0),
        *views("few", "fear", 5, of=5, strength=9.0),
        *views("calm", "neutral", 10),
    ]
    norms = norms_of(seen)
    assert [n.clip for n in norms][-1] == "calm"
    fear = {n.clip: n for n in norms if n.emotion == "fear"}
    assert [name for name, n in fear.items() if n.recommended] == ["good", "fine", "fair"]
    assert fear["good"].hits.value == pytest.approx(0.9)
    assert fear["good"].hits.low < 0.9 <= fear["good"].hits.high
    assert fear["good"].success > fear["fine"].success > fear["poor"].success
    assert not fear["few"].recommended  # five people say too little
    assert (fear["poor"].valence.value, fear["poor"].arousal.value) == (-0.5, 0.25)


@pytest.mark.parametrize(
    ("value", "hit", "strength"),
    [
        ({"fear": 6, "anger": 5, "other": 1}, 1.0, 6.0),
        ({"fear": 6, "anger": 6, "other": 1}, 0.0, 6.0),  # not stronger by a point
        ({"fear": 3, "anger": 1, "other": 7}, 0.0, 3.0),
    ],
)
def test_a_hit_is_a_point_above_all_others(
    value: dict[str, int], hit: float, strength: float
) -> None:
    found = _viewing("P1", "c", "fear", [{"kind": "items", "value": value}])
    assert (found.hit, found.strength) == (hit, strength)


def test_one_chosen_emotion_is_a_hit_without_a_strength() -> None:
    ratings: list[dict[str, Any]] = [
        {"kind": "choice", "value": "fear"},
        {"kind": "choice", "value": "yes"},  # had seen it before
        {"kind": "sam", "value": {}, "mapped": {"valence": 0.25, "arousal": 1.0}},
    ]
    found = _viewing("P1", "c", "fear", ratings)
    assert found.hit == 1.0
    assert np.isnan(found.strength)
    assert (found.valence, found.arousal) == (0.25, 1.0)
    assert np.isnan(_viewing("P1", "c", "fear", []).hit)


def test_the_report_has_figures_recommendations_and_a_table_beside_it(
    tmp_path: Path,
) -> None:
    study = create_study(tmp_path / "study", seed=1)
    seen = [
        *views("dark", "fear", 9),
        *views("mild", "fear", 4),
        *views("sea", "neutral", 8),
    ]
    norms = norms_of(seen)
    page, table = write_norms(study, norms, tmp_path / "n.html")
    text = page.read_text()
    first, rest = text.split("All clips")
    assert text.count("data:image/png") == 2  # hit rates, and the plane
    assert "<b>dark</b>" in first
    assert "mild" not in first.split("<h3>")[0]  # too seldom what it is meant for
    assert "mild" in rest
    assert f"{norms[0].hits.value:.2f} [{norms[0].hits.low:.2f}" in first
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert [row["clip"] for row in rows] == ["dark", "mild", "sea"]
    with pytest.raises(BadInputError, match=r"n\.csv already exists"):
        write_norms(study, norms, tmp_path / "n.csv")
    with pytest.raises(BadInputError, match=r"expected \.html or \.csv"):
        write_norms(study, norms, tmp_path / "n.txt")


def test_the_command_tells_and_writes_what_a_session_answered(
    recorded_study: tuple[Path, dict[str, Any]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = command_line(
        "norms", str(recorded_study[0]), "--out", str(tmp_path / "n.csv"), "--json"
    )
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["simulated"]
    assert {row["clip"] for row in told["clips"]} == {"up", "down"}
    table = list(csv.DictReader((tmp_path / "n.csv").read_text().splitlines()))
    for row, clip in zip(table, told["clips"], strict=True):
        assert float(row["valence"]) == pytest.approx(clip["valence"], abs=1e-4)
        assert clip["hits"] is None  # no emotion is asked in this protocol
        assert (row["hits"], row["recommended"]) == ("", "false")
    assert main(command[3:]) == 2
    assert "already exists" in capsys.readouterr().err

"""From several labels to one: quorum, ties, reviews, adjudication, a model of raters."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emer_studio.cli import main
from emer_studio.dataset.trials import Trial, sample_row
from emer_studio.labels.consensus import consensus_of_ratings
from emer_studio.labels.dawid_skene import expectation_maximisation
from emer_studio.labels.ratings import Rating
from emer_studio.labels.units import Span
from emer_studio.schema.consensus import ConsensusRules
from raters_of_labels import blind_ratings, study_with

Said = Mapping[str, Any] | str


def rated(item: str, *said: Said, stage: str = "A", first: int = 1) -> list[Rating]:
    return [
        Rating(
            f"E{number}",
            item,
            stage,
            {"category": one} if isinstance(one, str) else dict(one),
            utc=f"2026-11-22T10:00:{number:02d}",
            event_ids=(f"{item}{stage}{number}",),
        )
        for number, one in enumerate(said, start=first)
    ]


def test_a_majority_needs_a_quorum_and_a_tie_waits():
    found = consensus_of_ratings(
        [
            *rated("clear", "fear", "fear", "anger"),
            *rated("tie", "fear", "fear", "anger", "anger"),
            *rated("few", "fear", "fear"),
            *rated("apart", "fear", "anger", "neutral"),
        ]
    )
    told = {item: (one.category, one.state, one.waits) for item, one in found.items()}
    assert told == {
        "clear": ("fear", "agreed", False),
        "tie": (None, "disagreed", True),
        "few": (None, "too few", False),
        "apart": (None, "disagreed", True),
    }
    assert found["clear"].votes == {"fear": 2, "anger": 1}
    assert found["clear"].soft == pytest.approx({"fear": 2 / 3, "anger": 1 / 3})
    assert found["clear"].agreement == pytest.approx(2 / 3)
    assert found["clear"].events == ("clearA1", "clearA2", "clearA3")
    lab_of_two = consensus_of_ratings(
        rated("few", "fear", "fear"), ConsensusRules(quorum=2)
    )
    assert lab_of_two["few"].category == "fear"


def test_a_review_replaces_the_blind_word_and_an_adjudicator_ends_it():
    blind = rated("x", {"category": "fear", "valence": -0.5}, "anger", "neutral")
    review = rated("x", "anger", stage="B")
    found = consensus_of_ratings([*blind, *review])["x"]
    assert (found.category, found.valence) == ("anger", -0.5)  # only the word is replaced
    assert "xA1" in found.events
    assert "xB1" in found.events
    last = rated(
        "x",
        {"category": "sadness", "reason": "lips", "valence": -0.25},
        stage="adjudication",
        first=9,
    )
    for order in ([*blind, *review, *last], [*last, *review, *blind]):
        found = consensus_of_ratings(order)["x"]
        assert (found.category, found.state, found.reason) == (
            "sadness", "adjudicated", "lips",
        )  # fmt: skip
        assert found.votes == {"anger": 2, "neutral": 1}
        assert found.valence == -0.25
    silent = [*rated("y", "fear", stage="training"), *rated("y", "fear", stage="A-repeat")]
    assert consensus_of_ratings(silent) == {}


def test_numbers_seconds_and_faces_that_cannot_be_judged():
    found = consensus_of_ratings(
        [
            *rated(
                "v",
                {"category": "fear", "intensity": 1, "valence": -1, "second": "anger"},
                {"category": "fear", "intensity": 3, "valence": -0.5, "second": "anger"},
                {"category": "anger", "intensity": 2, "valence": 0.0},
            ),
            *rated("gone", {"quality": "no_face"}, {"quality": "no_face"}, "fear"),
            *rated("flag", "fear", "fear", {"category": "fear", "quality": "flag"}),
            *rated("dim", {"category": "fear", "quality": "unclear"}, "fear", "fear"),
        ]
    )
    v = found["v"]
    assert (v.intensity, v.valence, v.second) == (2.0, -0.5, "anger")
    assert v.intensities == {"fear": 2.0, "anger": 2.0}
    assert found["gone"].state == "no_face"
    assert (found["flag"].state, found["flag"].category) == ("flagged", None)
    assert found["dim"].votes == {"fear": 2}
    span = Span("v", 1, "clip", "", 0.0, 1.0, 0.0, 1.0)
    row = sample_row("s", "P1", Trial(1, "c", 0.0, 1.0), span, v, "")
    assert (row.fer_valence, row.fer_emotion, row.fer_intensity) == (-0.5, "fear", 2.0)


def test_dawid_and_skene_learn_who_errs():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 3, 300)
    swaps = np.array([1, 0, 2])  # three raters who exchange the first two classes
    means = [truth, truth, swaps[truth], swaps[truth], swaps[truth]]
    said = [np.where(rng.random(300) < 0.8, m, rng.integers(0, 3, 300)) for m in means]
    said += [np.where(rng.random(300) < 0.98, truth, 0)] * 2
    codes = np.stack(said, axis=1).astype(float)
    votes = np.stack([(codes == k).sum(axis=1) for k in range(3)], axis=1).argmax(axis=1)
    found = expectation_maximisation(codes, 3).argmax(axis=1)
    assert (found == truth).mean() > max((votes == truth).mean() + 0.02, 0.95)
    ratings = [*rated("x", "fear", "fear", "anger"), *rated("y", "fear", "fear")]
    by_model = consensus_of_ratings(ratings, ConsensusRules(method="dawid-skene"))
    assert by_model["x"].state == "model"  # never to be taken for a count of votes
    assert by_model["y"].state == "too few"
    assert sum(by_model["x"].soft.values()) == pytest.approx(1.0, abs=1e-5)


def test_the_command_writes_the_table_and_what_it_stands_on(tmp_path: Path, capsys):
    said = [*blind_ratings(), ("E1", "A", "sub-P000_ses-01/trial-99", {"category": "fear"})]
    study = study_with(tmp_path / "s", said)
    out = tmp_path / "consensus.csv"
    words = ["labels", "consensus", str(study.folder), "--out", str(out)]
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["states"]["too few"] == 1
    with out.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == told["items"] == 49
    for row in rows:
        votes = {k: int(v) for k, v in row.items() if k.startswith("votes_")}
        if row["state"] == "agreed":
            assert 2 * votes[f"votes_{row['fer7']}"] > sum(votes.values())
            assert row["fer3"] in ("positive", "neutral", "negative")
            assert len(row["events"].split()) == 12
        else:
            assert row["fer7"] == ""
    beside = json.loads(out.with_suffix(".json").read_text(encoding="utf-8"))
    assert beside["study_hash"] == told["study_hash"]
    assert main(words) == 2
    assert main(["labels", "consensus", str(study.folder), "--quorum", "0"]) == 2

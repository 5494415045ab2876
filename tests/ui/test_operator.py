"""A whole session by hand: one mouse and one keyboard for operator and participant."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from desktops import two_monitors
from emer_studio.core import settings
from emer_studio.recording.reader import read_journal
from emer_studio.schema.rig import Rig
from emer_studio.session.rigs import keep_rig
from protocols import write_short_protocol
from senders import Sender

ROBOT = Path(__file__).parents[1] / "operator_robot.py"
MOST_CLICKS = 12


@pytest.fixture
def tracker(unique):
    sender = Sender(f"gaze-{unique}", "120", f"src-{unique}")
    yield sender
    sender.kill()


def test_a_click_in_the_console_costs_the_participant_no_answer(
    study, tracker, tmp_path, monkeypatch
):
    """And a frozen tracker, a killed recorder and a kept rig on the way."""
    monkeypatch.setenv("EMER_STUDIO_HOME", str(tmp_path / "home"))
    protocol = write_short_protocol(tmp_path / "protocol", seconds=4.0)
    room = {"screen_mm": (300.0, 190.0), "distance_mm": 600.0, "display": 1}
    keep_rig(Rig(name="Room", camera="sim:pre=60", gaze=tracker.name, **room))
    settings.remember(last_rig="Room", last_protocol=str(protocol))
    words = [sys.executable, str(ROBOT), str(study.folder), str(tracker.process.pid)]
    with two_monitors() as environment:
        done = subprocess.run(
            words, env=environment, capture_output=True, text=True, timeout=150
        )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["clicks_to_run"] <= MOST_CLICKS
    assert said["outcome"] == "Session complete"
    assert said["verdict"] == "amber"
    (folder,) = (study.folder / "sessions").iterdir()
    journal = read_journal(folder)
    ratings = [entry["value"] for entry in journal if entry["event"] == "rating"]
    assert ratings == [{"valence": 7, "arousal": 4}, {"valence": 2, "arousal": 3}]
    moments = [entry.get("at") for entry in journal if entry["event"] == "moment"]
    assert moments == [None, None, None, "participant"]  # a key reached the console
    assert not [entry for entry in journal if entry.get("asked") == "skip"]
    findings = [entry["what"] for entry in journal if entry["event"] == "finding"]
    assert any("is back after" in what for what in findings)
    assert any("started again" in what for what in findings)
    manifest = json.loads((folder / "session.json").read_text())
    assert manifest["rig"] == "Room"
    assert manifest["display"]["given_mm"] == [300.0, 190.0]
    assert manifest["display"]["name"] == "right"

"""Clips that are damaged or vanish during a session: marked, and the session goes on."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from emer_studio.core.process import command_line
from emer_studio.dataset.build import build_dataset
from emer_studio.dataset.cache import open_cache
from emer_studio.recording.check import check_session
from emer_studio.recording.reader import Recording
from emer_studio.study.folder import create_study, open_study
from protocols import SMALL, write_short_protocol


def _damage(path: Path) -> None:
    """Overwrite some bytes in the middle: the beginning still decodes."""
    raw = bytearray(path.read_bytes())
    middle = len(raw) // 2
    raw[middle : middle + 600] = bytes(600)
    path.write_bytes(raw)


def _plan(study: Path, process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    """Wait for the first clip's onset; return the session's plan."""
    while process.poll() is None:
        for journal in (study / "sessions").glob("*/journal.jsonl"):
            lines = [json.loads(line) for line in journal.read_text().splitlines()]
            if any(line["event"] == "clip_onset" for line in lines):
                return next(line["plan"] for line in lines if "plan" in line)
        time.sleep(0.05)
    raise AssertionError(f"the session ended: {process.communicate()}")


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session whose first clip is damaged and whose second vanishes during the first."""
    folder = tmp_path_factory.mktemp("faults")
    study = folder / "study"
    create_study(study, seed=1)
    protocol = write_short_protocol(folder / "protocol", seconds=3.0)
    for clip in protocol.parent.glob("*.mp4"):
        _damage(clip)
    who = ("--participant", "P001", "--protocol", str(protocol))
    process = subprocess.Popen(
        command_line("run", str(study), *who, "--simulate", *SMALL, "--headless", "--json"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        second = _plan(study, process)[1]["clip"]
        (gone,) = (study / "stimuli").glob(f"{second}*.mp4")
        gone.unlink()
        out, err = process.communicate(timeout=90)
    finally:
        process.kill()
    assert process.returncode == 0, err
    return Path(json.loads(out.strip().splitlines()[-1])["session"])


def test_the_journal_marks_both_trials_and_the_session_is_complete(session: Path) -> None:
    recording = Recording(session)
    assert recording.manifest.state == "complete"
    assert recording.manifest.trials_done == 1
    assert "do not decode" in recording.marks[1]
    assert "it was not shown: There is no clip" in recording.marks[2]
    summary = recording.events("clip_end")[0]["summary"]
    assert summary["shown"] > 60  # it played on behind the damage
    assert summary["decode_errors"] > 0


def test_check_names_both_and_is_not_green(session: Path) -> None:
    result = check_session(session)
    found = "\n".join(result["findings"])
    assert result["verdict"] == "amber", found
    assert "trial 1: " in found
    assert "trial 2: it was not shown" in found
    assert "trials that were not finished: 2" in found


def test_a_dataset_leaves_the_marked_trial_out(session: Path, tmp_path: Path) -> None:
    report = build_dataset(open_study(session.parents[1]), tmp_path / "d", workers=1)
    assert report.samples == 1
    (row,) = open_cache(tmp_path / "d").samples
    assert row.excluded
    assert "do not decode" in row.reason

"""One trial on the real window: shown, answered, and nothing kept of it."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

import pytest

from emer_studio.core.process import Child, command_line
from protocols import write_short_protocol


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command_line("protocol", "try", *words),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_a_trial_is_shown_and_what_was_answered_is_told(tmp_path):
    path = write_short_protocol(tmp_path / "lab", 1.0)
    before = sorted(path.parent.iterdir())
    unsaved = tmp_path / "elsewhere" / "unsaved.yaml"
    unsaved.parent.mkdir()
    text = path.read_text().replace("fixation_s: 0.3", "fixation_s: 0.1")
    unsaved.write_text(
        text.replace("trial: {", "trial: {baseline: {kind: luminance, seconds: 0.2}, ")
    )
    done = run(
        str(unsaved),
        "--as",
        str(path),
        "--trial",
        "2",
        "--simulate",
        "--headless",
        "--json",
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.strip().splitlines()[-1])
    assert (found["trial"], found["state"]) == (2, "complete")
    assert found["clip"] in ("up", "down")
    (answer,) = found["ratings"]
    assert answer["page"] == "sam"
    assert set(answer["value"]) == {"valence", "arousal"}
    assert found["pictures"]["shown"] > 0
    assert sorted(path.parent.iterdir()) == before
    assert sorted(unsaved.parent.iterdir()) == [unsaved]
    assert not list(Path(tempfile.gettempdir()).glob("emer-try-*"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--trial", "3"], "trials 1 to 2"),
        (["--language", "fr"], "no language 'fr'"),
        (["--as", "/nowhere/p.yaml"], "short-clips.yaml"),
    ],
)
def test_what_cannot_be_tried_is_told(tmp_path, words, told):
    done = run(str(write_short_protocol(tmp_path, 1.0)), *words, "--headless")
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_the_end_of_its_input_ends_it(tmp_path):
    path = write_short_protocol(tmp_path, 1.0)
    child = Child("try", ["protocol", "try", str(path), "--headless", "--events"])
    try:
        while child.wait_for("state", timeout_s=60)["state"] != "rating":
            pass
    finally:
        assert child.stop(20.0) == 0
    assert child.wait_for("result", timeout_s=5)["state"] == "aborted"

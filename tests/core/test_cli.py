"""The command line: every command is there, wrong use is one message and no traceback."""

from __future__ import annotations

import importlib
import subprocess
from pathlib import Path

import pytest

from emer_studio.cli import COMMANDS
from emer_studio.core.process import command_line


def call(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command_line(*arguments),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_listed_command_exists(name: str) -> None:
    module = importlib.import_module(COMMANDS[name].module)
    assert callable(module.run)
    assert callable(module.arguments)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (
            ("run", "nowhere", "--participant", "P001", "--protocol", "demo"),
            2,
            "not a study",
        ),
        (("check", "nowhere.xdf"), 2, "does not exist"),
        (("salvage", "nowhere.xdf"), 2, "does not exist"),
        (("protocol", "check", "nowhere.yaml"), 2, "no protocol"),
        (("plan", "nowhere"), 2, "one of: demo"),
        (("report", "nowhere", "--out", "x.html"), 2, "not a study"),
        (
            ("record", "--out", "x.xdf", "--stream", "no-such", "--wait", "1"),
            3,
            "did not appear",
        ),
        (("camera", "--camera", "file:none.mp4", "--out", "x.mkv"), 2, "does not exist"),
        (("camera", "--camera", "webcam", "--out", "x.mkv"), 2, "not a camera"),
        (("simulate", "gaze", "--rate", "0"), 2, "between 0 and"),
        (("train", "nowhere", "--protocol", "er7"), 2, "nowhere"),
        (("dataset", "build", "nowhere"), 2, "not a study"),
        (("nonsense",), 2, "invalid choice"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_bad_input_is_one_clear_message(
    arguments: tuple[str, ...], code: int, words: str, tmp_path: Path
) -> None:
    done = call(*arguments, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_study_is_made_once_and_never_overwritten(tmp_path: Path) -> None:
    study = tmp_path / "study"
    assert call("new", str(study), "--seed", "5").returncode == 0
    before = (study / "study.yaml").read_text()
    again = call("new", str(study))
    assert again.returncode == 2
    assert "already exists" in again.stderr
    assert (study / "study.yaml").read_text() == before

"""The copies of protocols that a study keeps can be checked, planned and tried again."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from emer_studio.core.process import command_line
from emer_studio.schema.protocol import load_protocol
from emer_studio.session.devices import Devices
from emer_studio.session.prepare import prepare
from emer_studio.session.protocol_desk import Desk
from emer_studio.stimulus.library import clip_file, manifest_of
from emer_studio.study.folder import open_study
from emer_studio.study.frozen import frozen_manifest, is_frozen


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command_line(*words), capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def study(recorded_study, tmp_path) -> Path:
    """A copy of a recorded study whose protocol and clips are gone from where they were."""
    return Path(shutil.copytree(recorded_study[0], tmp_path / "copied"))


def test_a_frozen_copy_is_checked_with_the_manifest_it_was_used_with(study):
    (copy,) = (study / "protocols").glob("*.yaml")
    assert is_frozen(copy)
    done = run("protocol", "check", str(copy), "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["trials"], found["clips"], found["warnings"]) == (2, 2, [])
    done = run("plan", str(copy), "--json")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["trials"]) == 2


def test_its_clips_are_the_copies_that_were_shown(study):
    (copy,) = (study / "protocols").glob("*.yaml")
    manifest, path = manifest_of(load_protocol(copy), copy)
    files = [clip_file(clip, path) for clip in manifest.clips]
    assert all(file.is_file() and file.parent == path.parent for file in files)
    assert len(set(files)) == 2
    opened = open_study(study)
    assert opened.freeze(copy, "protocols") == copy
    assert opened.freeze(files[0], "stimuli") == files[0]


def test_a_clip_that_was_never_shown_is_a_warning(study):
    (copy,) = (study / "protocols").glob("*.yaml")
    for session in (study / "sessions").glob("*/session.json"):
        about = json.loads(session.read_text())
        del about["clips_sha256"]["down"]
        session.write_text(json.dumps(about))
    done = run("protocol", "check", str(copy), "--json")
    assert done.returncode == 0, done.stderr
    assert "'down' was never shown" in json.loads(done.stdout)["warnings"][0]


def test_without_its_sessions_a_frozen_copy_says_what_is_missing(study):
    (copy,) = (study / "protocols").glob("*.yaml")
    shutil.rmtree(study / "sessions")
    assert frozen_manifest(copy) is None
    done = run("protocol", "check", str(copy))
    assert done.returncode == 2
    assert "'clips' names 'short-clips.yaml'" in done.stderr


def test_the_editor_shows_a_frozen_copy_with_its_clips(study):
    (copy,) = (study / "protocols").glob("*.yaml")
    desk = Desk()
    page = desk.read(copy.read_text(encoding="utf-8"), copy)
    desk.check(page, 0, 0)
    assert page.mistakes == []
    lengths = [part["seconds"] for part in page.stretches if part["kind"] == "clip"]
    assert lengths == pytest.approx([2.0, 2.0], abs=0.1)


def test_a_session_can_be_repeated_with_a_frozen_copy(study):
    (copy,) = (study / "protocols").glob("*.yaml")
    kept = {
        path.name for kind in ("protocols", "stimuli") for path in (study / kind).iterdir()
    }
    devices = Devices("sim", "sim", True, True, None, "en", 1.0)
    prepared = prepare(open_study(study), "P002", str(copy), devices, None)
    assert prepared.protocol_path == copy
    assert len(prepared.clips.files) == 2
    again = {
        path.name for kind in ("protocols", "stimuli") for path in (study / kind).iterdir()
    }
    assert again == kept

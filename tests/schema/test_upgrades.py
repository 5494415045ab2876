"""Sessions of an older format version are read, checked and built; newer ones refused."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import read_json, write_json
from emer_studio.dataset.build import build_dataset
from emer_studio.dataset.cache import open_cache
from emer_studio.recording.check import check_session
from emer_studio.recording.reader import Recording
from emer_studio.schema.upgrades import upgraded
from emer_studio.study.folder import create_study, open_study
from sessions import write_session

FIRST_LAYOUT = (
    *("participant", "session", "state", "simulated", "simulated_devices", "started"),
    *("ended", "app_version", "python", "platform", "protocol", "protocol_sha256"),
    *("manifest", "manifest_sha256", "clips_sha256", "language", "seed"),
    *("participant_index", "gaze_stream", "camera", "display", "audio", "streams"),
    *("videos", "trials_planned", "trials_done", "problem", "verdict"),
)
"""Keys of ``session.json`` in the first recordings, version aside."""


def as_first_recorded(session: Path, **more: Any) -> None:
    path = session / "session.json"
    now = read_json(path)
    write_json(path, {key: now[key] for key in FIRST_LAYOUT} | more)


def hashes(folder: Path) -> dict[str, str]:
    files = [path for path in sorted(folder.glob("*")) if path.is_file()]
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.mark.parametrize("version", [{}, {"format_version": 0}])
def test_a_first_session_is_read_checked_and_built(
    tmp_path: Path, version: dict[str, int]
) -> None:
    study = create_study(tmp_path / "study", seed=1)
    session = write_session(study, trials=3)
    verdict = check_session(session)["verdict"]
    as_first_recorded(session, **version)
    before = hashes(session)
    assert check_session(session)["verdict"] == verdict
    manifest = Recording(session).manifest
    assert (manifest.format_version, manifest.standby, manifest.imported) == (1, (), {})
    report = build_dataset(open_study(study.folder), tmp_path / "d", workers=1)
    assert report.samples >= 1
    assert open_cache(tmp_path / "d").manifest.simulated
    assert hashes(session) == before  # a recording is never rewritten


def test_a_newer_version_is_refused_by_name(tmp_path: Path) -> None:
    study = create_study(tmp_path / "study", seed=1)
    session = write_session(study)
    as_first_recorded(session, format_version=2)
    with pytest.raises(BadInputError, match=r"newer EMER Studio: .* is 2, .* up to 1"):
        Recording(session)
    ((name, why),) = study.damaged()
    assert name == session.name
    assert "Nothing was changed" in why
    text = (study.folder / "study.yaml").read_text()
    newer = text.replace("format_version: 1", "format_version: 7")
    (study.folder / "study.yaml").write_text(newer)
    with pytest.raises(BadInputError, match=r"study\.yaml, line 1: it was .* newer"):
        open_study(study.folder)


def test_steps_follow_one_another_and_what_stands_there_stays() -> None:
    first = {"participant": "P001", "override": "late", "format_version": 0}
    now = upgraded(first, "SessionManifest", 1)
    assert (now["override"], now["format_version"], now["standby"]) == ("late", 1, [])
    assert first["format_version"] == 0
    with pytest.raises(ValueError, match=r"version -1; this program knows: 0, 1"):
        upgraded({"format_version": -1}, "SessionManifest", 1)
    assert upgraded({}, "StudyFile", 1) == {}
    assert json.dumps(upgraded({"format_version": "x"}, "StudyFile", 1)) != "{}"

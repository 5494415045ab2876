"""Old recordings become flagged sessions that everything else reads."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from emer_studio.cli import main
from emer_studio.dataset.build import build_dataset
from emer_studio.dataset.cache import open_cache
from emer_studio.dataset.fitness import gaze_of
from emer_studio.features.frames import FrameReader
from emer_studio.recording.reader import Recording
from emer_studio.recording.video import VideoWriter
from emer_studio.recording.xdf import XdfWriter
from emer_studio.report.session_quality import session_quality
from emer_studio.study.changeover import open_items
from emer_studio.study.folder import create_study, open_study
from emer_studio.study.today import visits_on
from emer_studio.synthetic.face import FaceRenderer
from emer_studio.synthetic.gaze import GazeModel
from emer_studio.ui.label.items import find_items
from gaze_headers import header, tobii_pro_app

SECONDS, HZ, FPS = 8.0, 60.0, 10.0
STARTS_AT = 0.5  # the video, after the gaze
COLUMNS = ("trial", "clip", "onset_s", "end_s", "valence", "arousal", "emotion")
TRIALS = [
    dict(zip(COLUMNS, row, strict=True))
    for row in (
        (1, "film_happy", 1.0, 3.0, 7, 5, "happiness"),
        (2, "film_sad", 4.0, 7.0, 1, 9, "Sadness"),
        (3, "unrated", 7.2, 7.9, None, None, None),
    )
]
GAZE = GazeModel(11, HZ, loss_hz=0.2).next(round(SECONDS * HZ))


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Tobii table and an XDF file with the same gaze, a video, trials."""
    root = tmp_path_factory.mktemp("old")
    columns: dict[str, Any] = {"Recording timestamp [ms]": GAZE.times_s * 1e3}
    rows = np.full((len(GAZE.times_s), 6), np.nan)
    for i, eye in enumerate(("left", "right")):
        for k, axis in enumerate("XY"):
            columns[f"Gaze point {eye} {axis} [DACS px]"] = GAZE.xy[:, i, k] * 1000
            rows[:, 3 * i + k] = GAZE.xy[:, i, k]
        columns[f"Pupil diameter {eye} [mm]"] = rows[:, 3 * i + 2] = GAZE.pupil_mm[:, i]
    pd.DataFrame(columns).to_csv(root / "gaze.tsv", sep="\t", index=False)
    writer = XdfWriter(root / "lab.xdf")
    text = header(tobii_pro_app(), name="Tobii", rate=HZ, fmt="double64")
    number = writer.add_stream(text)
    writer.offset(number, 0.0, 0.0)
    writer.samples(number, GAZE.times_s, rows)
    writer.offset(number, SECONDS, 0.0)
    writer.close()
    video = VideoWriter(root / "face.mkv", width_px=320, height_px=240, fps=FPS)
    face = FaceRenderer(3, 320, 240)
    for t_s in np.arange(0, SECONDS - STARTS_AT, 1 / FPS).tolist():
        video.write(face.render(t_s=t_s), t_s)
    video.close()
    pd.DataFrame(TRIALS).to_csv(root / "trials.csv", index=False)
    return root


def words(study: Path, root: Path, gaze: str) -> list[str]:
    kind = "--xdf" if gaze.endswith("xdf") else "--gaze"
    files = (
        kind,
        root / gaze,
        "--video",
        root / "face.mkv",
        "--video-starts-at",
        STARTS_AT,
    )
    who = ("--participant", "P007", "--trials", root / "trials.csv")
    display = ("--display-px", 1000, 1000, "--display-mm", 500, 300)
    return [*map(str, ("import-session", study, *who, *files, *display))]


def imported(
    study: Path, root: Path, gaze: str, capsys: pytest.CaptureFixture[str]
) -> dict[str, Any]:
    before = {p: p.read_bytes() for p in root.iterdir()}
    assert main([*words(study, root, gaze), "--json"]) == 0
    assert before == {p: p.read_bytes() for p in root.iterdir()}
    return dict(json.loads(capsys.readouterr().out.strip().splitlines()[-1]))


@pytest.mark.parametrize("gaze", ["gaze.tsv", "lab.xdf"])
def test_everything_reads_an_imported_session(
    sources: Path, tmp_path: Path, gaze: str, capsys: pytest.CaptureFixture[str]
) -> None:
    study = create_study(tmp_path / "study")
    said = imported(study.folder, sources, gaze, capsys)
    assert (said["trials"], said["ratings"], said["samples"]) == (3, 4, len(GAZE.times_s))
    assert said["verdict"] == "amber"
    assert [text for text in said["findings"] if "imported" not in text] == []
    folder = Path(said["session"])
    assert main(words(study.folder, sources, gaze)) == 2
    assert f"imported before: it is {folder.name}" in capsys.readouterr().err
    if gaze == "lab.xdf":
        copy = folder / "streams_001.xdf"
        assert copy.read_bytes() == (sources / gaze).read_bytes()
    (session,) = open_study(study.folder).sessions()
    assert session.manifest.imported["gaze"].startswith(f".{gaze.split('.')[1]} sha256:")
    assert gaze not in (folder / "session.json").read_text()  # names may be a person's
    assert open_items(study, session) == ()
    assert visits_on(study, datetime.fromisoformat(session.manifest.started).date()) == []
    recording = Recording(folder)
    table = gaze_of(recording)
    np.testing.assert_allclose(table.xy[:, :2], GAZE.xy, atol=1e-6)
    np.testing.assert_allclose(table.times_s, GAZE.times_s, atol=1e-6)
    assert table.geometry.width_mm == 500
    (video,) = recording.videos
    times_s = recording.frame_times(video)
    assert times_s[0] == STARTS_AT
    frames = FrameReader(video)
    assert len(frames) == len(times_s) == said["frames"]
    frames.close()
    assert [item.trial for item in find_items(study)] == [1, 2, 3]
    report = build_dataset(study, tmp_path / "d")
    assert (report.samples, report.left_out, report.excluded) == (3, [], [])
    dataset = open_cache(tmp_path / "d")
    assert dataset.manifest.imported
    assert "from elsewhere" in dataset.manifest.notes
    first, second, third = dataset.samples
    assert (first.er_valence, first.er_arousal, first.er_emotion) == (0.5, 0, "happiness")
    assert (second.er_valence, second.er_arousal) == (-1, 1)
    assert (second.er_emotion, third.er_emotion) == ("sadness", None)
    inside = (GAZE.times_s >= 1) & (GAZE.times_s < 3)
    clip = dataset.clip(0)
    np.testing.assert_allclose(clip.eye_times_s, GAZE.times_s[inside] - 1, atol=1e-6)
    np.testing.assert_allclose(clip.face_times_s, np.arange(20) / FPS, atol=1.1e-3)
    if gaze == "gaze.tsv":  # the same parts for both
        quality = session_quality(folder)
        assert [trial.suggestion for trial in quality.trials[:2]] == ["keep", "keep"]


def test_bad_input_is_one_message_and_changes_nothing(
    sources: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = create_study(tmp_path / "study").folder
    before = sorted(study.rglob("*"))
    root = tmp_path / "old"
    root.mkdir()
    for path in sources.iterdir():
        (root / path.name).write_bytes(path.read_bytes())
    trials = pd.DataFrame(TRIALS)
    tables = {
        "onset_s is missing": trials.drop(columns="onset_s"),
        "a rating of 0 is outside 1 to 9": trials.assign(valence=0),
        "expected an emotion of": trials.assign(emotion="joyful"),
        "trial 2 begins before trial 1 has ended": trials.assign(onset_s=[1, 2.5, 7.2]),
        "two rows have the same trial": trials.assign(trial=1),
        "row 3: end_s is 'later', no number": trials.assign(end_s=["3", "later", "7.9"]),
        "expected onset_s before end_s": trials.assign(end_s=[0.5, 7, 7.9]),
        "the gaze from 0 to 7.98333 s": trials.assign(
            onset_s=trials["onset_s"] + 1e6, end_s=trials["end_s"] + 1e6
        ),
    }
    for text, table in tables.items():
        table.to_csv(root / "trials.csv", index=False)
        assert main(words(study, root, "gaze.tsv")) == 2
        assert text in capsys.readouterr().err
    trials.to_csv(root / "trials.csv", index=False)
    (root / "face.mkv").write_bytes(b"no video")
    assert main(words(study, root, "gaze.tsv")) == 2
    assert "not a readable video" in capsys.readouterr().err
    (root / "lab.xdf").write_bytes(b"no XDF")
    assert main(words(study, root, "lab.xdf")) == 2
    assert "XDF" in capsys.readouterr().err
    assert sorted(study.rglob("*")) == before

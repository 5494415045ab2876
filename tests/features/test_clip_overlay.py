"""Maps laid over clips: on the clip's own clock, of one trial and pooled over people."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from clips import write_clip
from emer_studio.cli import main
from emer_studio.core.files import read_json, write_json
from emer_studio.features.viewings import viewings_of
from emer_studio.schema.eye_parameters import EyeParameters
from emer_studio.study.folder import create_study, open_study
from emer_studio.withdrawal.reach import find
from sessions import write_session

ONSET_S = 1000.29  # of the first trial that `write_session` writes


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people, two clips; the file of the second clip is gone."""
    made = create_study(tmp_path_factory.mktemp("overlay") / "study")
    display = {"width_px": 1920, "height_px": 1080, "given_mm": [530, 300]}
    for code in ("P001", "P002"):
        path = write_session(made, code) / "session.json"
        write_json(path, read_json(path) | {"display": display})
    clips = [{"id": name, "file": f"{name}.mp4"} for name in ("happiness", "sadness")]
    listed = "".join(f"  - {json.dumps(c | {'emotion': c['id']})}\n" for c in clips)
    (made.folder / "stimuli" / "demo.yaml").write_text(f"name: demo\nclips:\n{listed}")
    write_clip(made.folder / "stimuli" / "happiness.mp4", seconds=0.6, fps=20, tone_hz=None)
    return made.folder


def first_session(study: Path) -> Path:
    return min((study / "sessions").iterdir())


def looked_at(at_s: float) -> float:
    """Return where `write_session` lets the eyes be, as fraction of the width."""
    return 0.5 + 0.3 * math.sin(at_s)


def overlaid(
    source: Path, out: Path, *more: str, capsys: pytest.CaptureFixture[str]
) -> dict[str, Any]:
    capsys.readouterr()
    words = ["features", str(source), "--overlay", str(out), *more, "--json"]
    assert main(words) == 0, capsys.readouterr().err
    return dict(json.loads(capsys.readouterr().out))


def test_a_trial_becomes_a_video_with_maps_in_time(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, session = tmp_path / "out", first_session(study)
    said = overlaid(session, out, "--window", "0.2", capsys=capsys)
    (one,) = said["overlays"]
    assert "sadness.mp4 does not exist" in said["notes"][0]
    assert (one["trial"], one["participants"], one["simulated"]) == (1, ["P001"], True)
    with av.open(str(out / one["video"])) as container:
        pictures = [f.to_ndarray(format="rgb24") for f in container.decode(video=0)]
    assert len(pictures) == one["pictures"] == 12
    at = round(looked_at(ONSET_S + 0.3) * 320), round((1 - looked_at(ONSET_S + 0.3)) * 180)
    near = pictures[6][at[1] - 12 : at[1] + 13, at[0] - 12 : at[0] + 13]
    assert near.max() > 200  # the ring, on a clip that is as dark as its frame's number
    assert pictures[6][120:, :60].max() < 60
    with np.load(out / one["maps"]) as maps:
        assert maps["windows"].shape == (3, 72, 128)
        assert maps["starts_s"] == pytest.approx([0.0, 0.2, 0.4])
        assert maps["whole"].sum() == pytest.approx(1.0, abs=1e-4)
        assert json.loads(str(maps["about"]))["simulated"] is True
    assert "own use" in (out / "FOR_OWN_USE_ONLY.txt").read_text()


def test_the_maps_of_a_clip_are_pooled_over_people(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = study / "derived" / "overlay"
    said = overlaid(study, out, capsys=capsys)
    (one,) = said["overlays"]
    assert one["participants"] == ["P001", "P002"]
    assert out in find(open_study(study), "P001", video_only=False).shared  # withdrawal
    assert sorted(path.name for path in out.iterdir()) == [
        "FOR_OWN_USE_ONLY.txt",
        "happiness.maps.npz",
        "happiness.overlay.mkv",
    ]
    for words in ((study, "--trial", "1"), (first_session(study), "--trial", "9")):
        bad = ["features", *map(str, words), "--overlay", str(tmp_path / "no")]
        assert main(bad) == 2
    assert not (tmp_path / "no").exists()


def test_a_picture_that_came_late_has_the_gaze_of_that_moment(
    study: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(study, tmp_path / "study"))
    session = first_session(copy)
    path = session / "presented.csv"
    head, *rows = path.read_text().splitlines()
    place = head.split(",").index("shown_s")
    for number, row in enumerate(rows):
        cells = row.split(",")
        if cells[0] == "1" and int(cells[2]) >= 4:  # a stall of 0.2 s in the first clip
            cells[place] = repr(float(cells[place]) + 0.2)
        rows[number] = ",".join(cells)
    path.write_text("\n".join([head, *rows]) + "\n")
    (one,), _ = viewings_of(session, EyeParameters(), [1])
    for clip_s, since_onset_s in ((0.1, 0.1), (0.3, 0.5)):
        at = one.gaze_at(clip_s)
        assert at is not None
        assert at[0] == pytest.approx(looked_at(ONSET_S + since_onset_s), abs=0.01)
    assert one.gaze_at(5.0) is None

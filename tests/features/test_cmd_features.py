"""``features``: tables beside each other, from a session, an XDF file and an export."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clips import write_clip
from emer_studio.cli import main
from emer_studio.core.files import read_json, write_json
from emer_studio.features.eye_events import EVENT_COLUMNS
from emer_studio.study.folder import create_study
from emer_studio.synthetic.gaze import GazeModel
from sessions import write_session


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clips: the file of the first one is kept, that of the second is gone."""
    study = create_study(tmp_path_factory.mktemp("features") / "study")
    folder = write_session(study)
    display = {"width_px": 1920, "height_px": 1080, "given_mm": [530, 300]}
    write_json(
        folder / "session.json", read_json(folder / "session.json") | {"display": display}
    )
    clips = [{"id": name, "file": f"{name}.mp4"} for name in ("happiness", "sadness")]
    listed = "".join(f"  - {json.dumps(c | {'emotion': c['id']})}\n" for c in clips)
    (study.folder / "stimuli" / "demo.yaml").write_text(f"name: demo\nclips:\n{listed}")
    write_clip(study.folder / "stimuli" / "happiness.mp4", seconds=0.2, tone_hz=None)
    return folder


def features(*words: object) -> tuple[int, Path]:
    return main(["features", *map(str, words), "--json"]), Path(str(words[-1]))


def result(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    return dict(json.loads(capsys.readouterr().out.strip().splitlines()[-1]))


def test_a_session_and_its_own_xdf_file_have_the_same_events(
    session: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    limits = tmp_path / "limits.yaml"
    limits.write_text("fixation_s: 0.1\n")
    size = ("--display-mm", 530, 300)
    words = (session, session / "streams_001.xdf", "--parameters", limits, *size)
    code, out = features(*words, "--samples", "--out", tmp_path / "out")
    said = result(capsys)
    assert (code, said["left_out"]) == (0, [])
    assert [one["parameters"]["fixation_s"] for one in said["inputs"]] == [0.1, 0.1]
    own = pd.read_csv(out / f"{session.name}.events.csv")
    same = pd.read_csv(out / "streams_001.events.csv")
    assert list(same) == list(EVENT_COLUMNS)
    pd.testing.assert_frame_equal(own.drop(columns="trial"), same)
    assert len(own) == sum(
        said["inputs"][0][k] for k in ("fixations", "saccades", "blinks")
    )
    measures = pd.read_csv(out / f"{session.name}.measures.csv")
    assert measures[["trial", "clip"]].values.tolist() == [[1, "happiness"], [2, "sadness"]]
    inside = own[own["kind"] == "fixation"]["trial"].value_counts()
    assert measures["fixations"].tolist() == [inside.get(1, 0), inside.get(2, 0)]
    assert len(pd.read_csv(out / "streams_001.measures.csv")) == 1
    samples = pd.read_csv(out / f"{session.name}.samples.csv")
    assert len(samples) == said["inputs"][0]["samples"]
    assert set(samples["event"]) <= {"none", "fixation", "saccade", "blink"}
    with np.load(out / f"{session.name}.maps.npz") as maps:
        about = json.loads(str(maps["about"]))
        assert [m["over"] for m in about] == ["clip", "display"]
        for one in about:
            density = maps[f"trial_{one['trial']:03d}"]
            assert density.shape == (72, 128)  # clip and display are 16:9
            assert density.sum() == pytest.approx(1.0, abs=1e-4)
    assert any("the whole display (sadness)" in n for n in said["inputs"][0]["notes"])


def export(path: Path, seed: int) -> Path:
    batch = GazeModel(seed, 60.0).next(240)
    columns = {"Recording timestamp [ms]": batch.times_s * 1e3}
    for k, axis in enumerate("XY"):
        columns[f"Gaze point left {axis} [DACS px]"] = batch.xy[:, 0, k] * 1000
    pd.DataFrame(columns).to_csv(path, sep="\t", index=False)
    return path


def test_one_bad_input_is_told_and_the_others_are_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = export(tmp_path / "good.tsv", 1)
    bad = tmp_path / "bad.csv"
    bad.write_text("a,b\n1,2\n")
    words = (good, bad, "--display-px", 1000, 1000, "--method", "idt")
    code, out = features(*words, "--out", tmp_path / "out")
    said = result(capsys)
    assert code == 1
    assert "no gaze is found in its columns: 'a', 'b'" in said["left_out"][0]["reason"]
    (one,) = said["inputs"]
    assert one["parameters"]["method"] == "idt"
    assert any("531 x 299 mm are assumed" in note for note in one["notes"])
    assert sorted(p.name for p in out.iterdir()) == ["good.events.csv", "good.measures.csv"]
    before = (out / "good.events.csv").read_bytes()
    assert features(*words, "--out", out)[0] == 2
    assert (out / "good.events.csv").read_bytes() == before


@pytest.mark.parametrize("rows", [1, 300])
def test_a_table_without_an_event_has_measures(tmp_path: Path, rows: int) -> None:
    lost = export(tmp_path / "lost.tsv", 1)
    table = pd.read_csv(lost, sep="\t")[:rows]
    table.iloc[:, 1:] = np.nan
    table.to_csv(lost, sep="\t", index=False)
    code, out = features(lost, "--display-px", 9, 9, "--out", tmp_path / "out")
    assert code == 0
    (measures,) = pd.read_csv(out / "lost.measures.csv").to_dict("records")
    assert (measures["fixations"], measures["seen"]) == (0, 0)


def test_bad_words_are_one_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = export(tmp_path / "good.tsv", 1)
    limits = tmp_path / "limits.yaml"
    limits.write_text("saccade_speed: 3\n")
    cases = {
        "unknown key 'saccade_speed'": (good, "--parameters", limits),
        "size in px is not known": (good,),
        "Two inputs are called 'good'": (good, good),
        "does not exist": (tmp_path / "none.tsv",),
        "is not a session": (tmp_path,),
        "cannot be 0 x 5": (good, "--display-px", 0, 5),
    }
    for text, words in cases.items():
        assert features(*words, "--out", tmp_path / "out")[0] == 2
        assert text in capsys.readouterr().err
        assert not (tmp_path / "out").exists()

"""A small tree in EMER's layout, with drawn faces, becomes a dataset."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest

from emer_studio.cli import main
from emer_studio.core.errors import BadInputError
from emer_studio.dataset.cache import open_cache, verify_hashes
from emer_studio.dataset.emer_labels import read_labels
from emer_studio.dataset.emer_layout import open_emer
from emer_studio.dataset.import_emer import import_emer
from emer_studio.synthetic.face import FaceRenderer

SAMPLES = {"10_film_happy": 1, "2_sport_anger": 2, "2_film_sad": 2}
FRAMES = 11
ROWS = 40
COLUMNS = [
    "Gaze point X [DACS px]",
    "Gaze point Y [DACS px]",
    "Pupil diameter left [mm]",
    *(f"Column {number}" for number in range(36)),
]


def sheet(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(rng.normal(size=(ROWS, 39)), columns=COLUMNS)
    table[COLUMNS[:2]] = rng.uniform(0, 1000, (ROWS, 2))
    table.loc[3, COLUMNS[:3]] = np.nan
    return table


def picture(sample: str, number: int) -> np.ndarray:
    face = FaceRenderer(len(sample)).render_crop(t_s=number / 10)
    face[:8, :8] = number * 20  # tells the frame apart
    return face


@pytest.fixture(scope="module")
def emer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three samples of two people; the last also lacks a frame that can be read."""
    root = tmp_path_factory.mktemp("emer")
    (root / "eye").mkdir()
    for seed, (sample, number) in enumerate(SAMPLES.items()):
        folder = root / "face" / f"set{number}" / sample
        folder.mkdir(parents=True)
        for frame in range(FRAMES):
            cv2.imwrite(str(folder / f"frame{frame}.png"), picture(sample, frame))
        sheet(seed).to_excel(root / "eye" / f"{sample}.xlsx", index=False)
    (root / "face" / "set2" / "2_film_sad" / "frame4.png").write_bytes(b"cut")
    labels = pd.DataFrame(
        {
            "ID": list(SAMPLES),
            "ER_3class": ["Positive", "Negative", "Neutral"],
            "ER_7class": ["Happiness", "anger", "Neutral"],
            "ER_Valence": [0.75, -0.5, 0.0],
            "ER_Arousal": [0.25, 1.0, -1.0],
            "FER_3class": ["Neutral", "Negative", "Negative"],
            "FER_7class": ["Neutral", "Disgust", "Sad"],
            "FER_Valence": [0.09, -0.31, -0.5],
            "FER_Arousal": [0.1, 0.2, 0.3],
            "FER_Intensity": [0.0, 1.75, 2.5],
        }
    )
    labels.to_excel(root / "EMER_label.xlsx", index=False)
    lines = [f"{sample} set{number}" for sample, number in SAMPLES.items()]
    (root / "emer_set.txt").write_text("\n".join(lines) + "\n")
    return root


def test_a_whole_tree(
    emer: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {p: p.stat().st_mtime_ns for p in emer.rglob("*")}
    out = tmp_path / "d"
    assert main(["dataset", "import-emer", str(emer), "--out", str(out), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["samples"], said["columns"], said["left_out"]) == (3, 39, [])
    assert said["doubts"] == ["2_film_sad: 1 of 11 frames cannot be read"]
    assert before == {p: p.stat().st_mtime_ns for p in emer.rglob("*")}
    dataset = open_cache(out)
    assert verify_hashes(dataset) == []
    assert "Inferred" in dataset.manifest.notes
    names = dataset.manifest.eye_names()
    assert names[:3] == ("gaze_x", "gaze_y", "pupil_diameter_left_mm")
    assert [c.meaning for c in dataset.manifest.eye_columns] == COLUMNS
    assert [c.unit for c in dataset.manifest.eye_columns[:3]] == ["px", "px", "mm"]
    rows = {row.sample_id: (i, row) for i, row in enumerate(dataset.samples)}
    assert {r.participant for _, r in rows.values()} == {"2", "10"}
    index, row = rows["2_sport_anger"]
    assert (row.stimulus, row.er3, row.er_emotion, row.fer_emotion) == (
        "sport_anger",
        "negative",
        "anger",
        "disgust",
    )
    assert (row.er_valence, row.er_arousal, row.fer_intensity) == (-0.5, 1.0, 1.75)
    clip = dataset.clip(index)
    for frame in range(FRAMES):  # by number: 10 after 9; red before blue
        np.testing.assert_array_equal(
            clip.faces[frame], picture("2_sport_anger", frame)[:, :, ::-1]
        )
    np.testing.assert_allclose(clip.face_times_s, np.arange(FRAMES) / 30)
    np.testing.assert_allclose(clip.eyes, sheet(1).to_numpy(), rtol=1e-6)
    assert np.isnan(clip.eyes[3, :3]).all()
    assert clip.eye_times_s[-1] < clip.face_times_s[-1] + 1 / 30
    valid = np.asarray(dataset.clip(rows["2_film_sad"][0]).faces_valid)
    assert np.flatnonzero(valid == 0).tolist() == [4]
    sets = pd.read_csv(out / "sets.csv")
    assert dict(zip(sets["sample_id"], sets["set"], strict=True)) == SAMPLES


def test_what_is_broken_is_told_one_by_one(emer: Path, tmp_path: Path) -> None:
    root = tmp_path / "emer"
    shutil.copytree(emer, root)
    extra = root / "face" / "set3"
    for sample in ("3_a", "4_b", "5_c", "6_d", "noname"):
        shutil.copytree(root / "face" / "set1" / "10_film_happy", extra / sample)
        shutil.copy(root / "eye" / "2_film_sad.xlsx", root / "eye" / f"{sample}.xlsx")
    for path in (extra / "3_a").iterdir():
        path.unlink()
    (root / "eye" / "4_b.xlsx").write_bytes(b"no workbook")
    (root / "eye" / "5_c.xlsx").unlink()
    sheet(1).drop(columns="Column 7").to_excel(root / "eye" / "6_d.xlsx", index=False)
    table = pd.read_excel(root / "EMER_label.xlsx")
    more = table[:1].loc[[0] * 6].assign(ID=["3_a", "4_b", "5_c", "6_d", "noname", "9_z"])
    table = pd.concat([table, more])
    table.loc[table["ID"] == "2_film_sad", "ER_Valence"] = 7.0
    table.loc[table["ID"] == "2_sport_anger", table.columns[1:]] = np.nan
    table.to_excel(root / "EMER_label.xlsx", index=False)
    (root / "emer_set.txt").write_text("set3: 2_film_sad\n")
    report = import_emer(root, tmp_path / "d", display_px=(2000.0, 1000.0))
    why = {one["sample"]: one["reason"] for one in report.left_out}
    assert set(why) == {"9_z", "2_sport_anger", "3_a", "4_b", "5_c", "6_d", "noname"}
    assert "neither frames nor an eye sheet" in why["9_z"]
    assert why["2_sport_anger"] == "there are no labels"
    assert why["3_a"] == "its folder of frames is empty"
    assert "not a readable workbook" in why["4_b"]
    assert why["5_c"] == "there is no eye sheet"
    assert "lacks the column 'Column 7'" in why["6_d"]
    assert "does not begin with a participant's number" in why["noname"]
    assert any("'ER_Valence' is '7.0': not used" in doubt for doubt in report.doubts)
    assert any("lies in set2, and emer_set.txt says set3" in d for d in report.doubts)
    dataset = open_cache(tmp_path / "d")
    rows = {row.sample_id: row for row in dataset.samples}
    assert set(rows) == {"10_film_happy", "2_film_sad"}
    assert rows["2_film_sad"].er_valence is None
    assert rows["2_film_sad"].er3 == "neutral"
    assert dataset.manifest.eye_columns[0].unit == "1"
    gaze = dataset.clip(0).eyes[:, :2] * (2000.0, 1000.0)
    np.testing.assert_allclose(
        gaze, sheet(0 if dataset.samples[0].participant == "10" else 2)[COLUMNS[:2]]
    )


Rows = dict[str, Any]


@pytest.mark.parametrize(
    ("columns", "view", "found"),
    [
        (
            {"ID": "1_a", "Emotion": "fear", "Valence": -0.2, "Intensity": 2},
            "",
            {"fer_emotion": "fear", "fer_valence": -0.2, "fer_intensity": 2.0},
        ),
        (
            {"ID": "1_a", "Emotion": "fear", "Valence": "-0,2"},
            "er",
            {"er_emotion": "fear", "er_valence": -0.2},
        ),
        (
            {"Sample": "1_a", "Valence (FER)": 0.5, "ER - 3": "pos", "ER intensity": 1},
            "",
            {"fer_valence": 0.5, "er3": "positive"},
        ),
    ],
)
def test_names_of_label_columns(
    tmp_path: Path, columns: Rows, view: str, found: Rows
) -> None:
    pd.DataFrame([columns]).to_excel(tmp_path / "l.xlsx", index=False)
    assert read_labels(tmp_path / "l.xlsx", view).by_sample == {"1_a": found}


def test_a_head_of_two_lines(tmp_path: Path) -> None:
    head = [["ID", "ER", None, "FER", None], [None, "7-class", "V", "7-class", "V"]]
    table = pd.DataFrame([*head, ["1_a", "fear", 0.5, "neutral", 0.0]])
    table.to_excel(tmp_path / "l.xlsx", index=False, header=False)
    assert read_labels(tmp_path / "l.xlsx").by_sample == {
        "1_a": {
            "er_emotion": "fear",
            "er_valence": 0.5,
            "fer_emotion": "neutral",
            "fer_valence": 0.0,
        }
    }


def test_labels_of_no_view_are_asked_for(tmp_path: Path) -> None:
    pd.DataFrame([{"ID": "1_a", "Emotion": "fear"}]).to_excel(tmp_path / "l.xlsx")
    with pytest.raises(BadInputError, match=r"'Emotion' say what(.|\n)*--view er"):
        read_labels(tmp_path / "l.xlsx")


@pytest.mark.parametrize(
    "text",
    ["set1\n1_a\n1_b\nset2:\n2_a\n", "1_a 1\n1_b,1\n2_a;2\n", "set1: 1_a 1_b\nset2: 2_a"],
)
def test_forms_of_the_list_of_sets(tmp_path: Path, text: str) -> None:
    for sample in ("1_a", "1_b", "2_a"):  # the official folders, without sets
        (tmp_path / "face" / sample).mkdir(parents=True)
    (tmp_path / "eye").mkdir()
    (tmp_path / "EMER_label.xlsx").touch()
    (tmp_path / "emer_set.txt").write_text(text)
    found = open_emer(tmp_path)
    assert [f.set_number for f in found.samples] == [1, 1, 2]
    assert found.doubts == ()


def test_another_folder_is_one_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "face").mkdir()
    out = tmp_path / "out"
    assert main(["dataset", "import-emer", str(tmp_path), "--out", str(out)]) == 2
    assert "lacks eye/, EMER_label.xlsx; found: face" in capsys.readouterr().err
    assert not out.exists()

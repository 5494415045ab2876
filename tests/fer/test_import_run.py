"""Other tools' predictions become a run of their own, frame by frame."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.features.frames import FrameReader
from emer_studio.fer.external import TOOLS
from emer_studio.fer.import_run import import_run, video_of
from emer_studio.schema.predictions import read_items, read_summary
from emer_studio.study.folder import create_study
from sessions import write_session

from .conftest import last_json, run_cli


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    study = create_study(tmp_path_factory.mktemp("import") / "study", name="I", seed=1)
    return write_session(study) / "face_001.mkv"


def _rows(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def test_py_feat_with_two_faces_and_a_frame_without(video: Path, tmp_path: Path) -> None:
    names = (*TOOLS["py-feat"].box, "FaceScore", "frame", "AU01", "anger", "disgust")
    names += ("fear", "happiness", "sadness", "surprise", "neutral", "input", "valence")
    mine, other = "10,10,60,70,0.99", "200,10,20,20,0.99"
    happy, angry = "0,0,0,0.8,0,0,0.2,x.mp4,0.5", "0.9,0,0,0,0,0,0.1,x.mp4,-0.5"
    table = _write(
        tmp_path / "a.csv",
        ",".join(names),
        *[f"{mine},{k}.0,0.3,{happy}" for k in (0, 1, 2)],
        f"{other},1,0.3,{angry}",
        f"{other},3,0.3,{angry}",
        ",,,,,4,,,,,,,,,x.mp4,",
    )
    shown, summary = import_run(video, "py-feat", table)
    rows = _rows(shown)
    assert shown == video.parent / "derived" / "prelabel" / "face_001.csv"
    states = ["ok", "multi", "ok", "no_face", "no_face", "no_face"]
    assert [row["status"] for row in rows[:6]] == states
    assert [row["n_faces"] for row in rows[:5]] == ["1", "2", "1", "1", "0"]
    assert float(rows[1]["p_happiness"]) == pytest.approx(0.8)
    assert (rows[1]["valence"], rows[1]["arousal"]) == ("0.5000", "")
    frames = FrameReader(video)
    assert [int(row["pts"]) for row in rows] == frames.pts.tolist()
    frames.close()
    assert (summary.model, summary.imported, summary.frames_with_face) == (
        "py-feat", "a.csv", 3
    )  # fmt: skip
    assert len(read_items(shown.with_suffix(".items.json")).items) == 2


def test_facereader_by_time_libreface_by_name(video: Path, tmp_path: Path) -> None:
    frames = FrameReader(video)
    times_s = frames.times_s[:4].tolist()
    frames.close()
    values = "0.2\t0.6\t0\t0\t0\t0\t0\t-0.1\t0.3"
    table = _write(
        tmp_path / "log.txt",
        "Video analysis detailed log",
        "Face Model:\tGeneral",
        "",
        "Video Time\tNeutral\tHappy\tSad\tAngry\tSurprised\tScared\tDisgusted"
        "\tValence\tArousal",
        *[f"00:00:{t:06.3f}\t{values}" for t in times_s[:3]],
        f"00:00:{times_s[3]:06.3f}\t" + "\t".join(["FIT_FAILED"] * 9),
    )
    shown, summary = import_run(video, "facereader", table)
    rows = _rows(shown)
    assert [row["status"] for row in rows[:4]] == ["ok", "ok", "ok", "no_face"]
    assert float(rows[0]["p_happiness"]) == pytest.approx(0.75)
    assert (rows[0]["x"], rows[0]["valence"]) == ("", "-0.1000")
    assert "intensities" in summary.remark
    late = _write(tmp_path / "late.txt", *table.read_text().splitlines()[:4],
                  f"00:10:00.000\t{values}")  # fmt: skip
    with pytest.raises(BadInputError, match="another video"):
        import_run(video, "facereader", late)

    table = _write(
        tmp_path / "b.csv",
        "frame_time_in_ms,frame_idx,au_1,facial_expression",
        *("0,0,1,Happiness", "33,1,1,Contempt", "66,2,1,Sadness"),
    )
    rows = _rows(import_run(video, "libreface", table)[0])
    assert [row["status"] for row in rows[:4]] == ["ok", "ok", "ok", "no_face"]
    assert [row["p_sadness"] for row in rows[:3]] == ["0.000000", "", "1.000000"]


def test_openface_gives_faces_and_says_that_it_knows_no_emotions(
    video: Path, tmp_path: Path
) -> None:
    table = _write(
        tmp_path / "of.csv",
        "frame, face_id, timestamp, confidence, success, AU01_r, AU01_c",
        *("1, 0, 0.0, 0.98, 1, 0.2, 0", "2, 0, 0.033, 0.01, 0, 0, 0"),
    )
    done = run_cli("prelabel", "import", str(video), "--from", "openface", str(table))
    assert done.returncode == 0, done.stderr
    assert "no emotions" in done.stdout
    run = video.parent / "derived" / "prelabel" / "openface" / "face_001.csv"
    assert [row["status"] for row in _rows(run)[:2]] == ["ok", "no_face"]
    assert {row["p_anger"] for row in _rows(run)} == {""}
    shown = video.parent / "derived" / "prelabel" / "face_001.json"
    assert not shown.is_file() or read_summary(shown).model != "openface"


@pytest.mark.parametrize(
    ("tool", "lines", "words"),
    [
        ("py-feat", ["frame,anger", "0,1"], "missing are happiness"),
        ("libreface", ["frame_idx,facial_expression", "0,Bored"], "line 2.*'Bored'"),
        ("libreface", ["frame_idx,facial_expression", "9999,Fear"], "another video"),
        ("openface", ["frame,success,confidence", "0,1,1"], "count from 1"),
        ("openface", ["frame,success,confidence", "x,1,1"], "line 2"),
        ("openface", ["frame,success,confidence"], "no rows"),
        ("facereader", [""], "missing are Video Time"),
    ],
)
def test_another_tables_are_refused(video, tmp_path, tool, lines, words) -> None:
    with pytest.raises(BadInputError, match=words):
        import_run(video, tool, _write(tmp_path / "t.csv", *lines))


def test_which_video_a_table_is_of(tmp_path: Path) -> None:
    study = create_study(tmp_path / "study", name="I", seed=1)
    first, second = write_session(study, "P001"), write_session(study, "P002")
    named = _write(tmp_path / f"{second.name}_face_001.csv", "x")
    assert video_of(study.folder, named) == second / "face_001.mkv"
    assert video_of(first, tmp_path / "any.csv") == first / "face_001.mkv"
    with pytest.raises(BadInputError, match="does not say of which"):
        video_of(study.folder, tmp_path / "any.csv")
    done = run_cli("prelabel", "import", str(study.folder), "--json")
    assert (done.returncode, "--from TOOL" in done.stderr) == (2, True)
    done = run_cli(
        "prelabel", "import", str(first), "--from", "libreface", str(named), "--json"
    )
    assert (done.returncode, "frame_idx" in done.stderr) == (2, True)
    _write(named, "frame_idx,facial_expression", "0,fear")
    done = run_cli(
        "prelabel", "import", str(study.folder), "--from", "libreface", str(named), "--json"
    )
    assert last_json(done)["frames_with_face"] == 1

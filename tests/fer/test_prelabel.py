"""Pre-labelling: every decoded frame is a row, with a face, with several or with none."""

from __future__ import annotations

import csv
import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError, WorkFailedError
from emer_studio.features.faces import HaarDetector
from emer_studio.fer import look, prelabel
from emer_studio.fer.expression import ExpressionModel
from emer_studio.fer.facefile import FaceFile, record_type
from emer_studio.fer.frames import Source
from emer_studio.fer.panel import Panel
from emer_studio.fer.runs import recordings_of
from emer_studio.schema.predictions import COLUMNS, PROBABILITY_COLUMNS, read_summary
from emer_studio.synthetic.face import FaceRenderer

from .conftest import entry_for, last_json, run_cli, write_linear_network

PTS_MS = (0, 33, 67, 100, 250, 283, 317, 350, 900, 933, 967, 1000)  # uneven on purpose


def _picture(index: int) -> np.ndarray:
    """Frames 0-5 show one face, 6-8 none, 9-11 two."""
    if 6 <= index <= 8:
        return np.full((240, 480, 3), 90 + index, np.uint8)
    left = FaceRenderer(1, 240, 240).render("happiness", t_s=1.0, face_px=110)
    right = FaceRenderer(2, 240, 240).render("neutral", t_s=1.0, face_px=95)
    if index < 6:
        right = np.full_like(right, 120)
    return np.concatenate([left, right], axis=1)


def _write_video(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"crf": "15"})
        stream.width, stream.height, stream.pix_fmt = 480, 240, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for index, pts in enumerate(PTS_MS):
            frame = av.VideoFrame.from_ndarray(_picture(index), format="bgr24")
            frame.pts, frame.time_base = pts, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("video") / "face_001.mkv"
    _write_video(path)
    return path


def _panel(folder: Path, first: float = 2.0) -> Panel:
    path = folder / "linear.onnx"
    write_linear_network(path, np.asarray([[first, 1.0, 0.0, 0.5, 0.1, 0.2, 0.3]]))
    return Panel([ExpressionModel(entry_for(path, EMOTIONS), path)])


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Panel:
    return _panel(tmp_path_factory.mktemp("model"))


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_every_frame_is_a_row_with_its_own_time(video: Path, panel: Panel, tmp_path: Path):
    steps: list[tuple[int, int]] = []
    table = tmp_path / "t.csv"
    summary = prelabel.prelabel_file(
        video,
        panel,
        HaarDetector(),
        table,
        progress=lambda done, total, fps: steps.append((done, total)),
    )
    rows = _table(table)
    assert [row["status"] for row in rows] == ["ok"] * 6 + ["no_face"] * 3 + ["multi"] * 3
    assert [int(row["frame"]) for row in rows] == list(range(12))
    assert [int(row["pts"]) for row in rows] == list(PTS_MS)
    times_s = [float(row["time_s"]) for row in rows]
    assert times_s == pytest.approx([pts / 1000 for pts in PTS_MS])
    for row in rows:
        assert (row["p_fear"] == "") == (row["status"] == "no_face")
    for row in rows[9:]:  # who was there before, on the left
        assert float(row["x"]) + float(row["w"]) < 240
    assert (summary.frames, summary.faces) == (12, 6 + 6)
    assert (summary.frames_with_face, summary.frames_multi) == (9, 3)
    assert sum(p for p in summary.mean_p.values() if p is not None) == pytest.approx(
        1, abs=1e-4
    )
    assert steps[-1] == (12, 12)
    assert list(tmp_path.iterdir()) == [table]


def test_the_table_has_the_documented_columns(video: Path, panel, tmp_path: Path):
    prelabel.prelabel_file(video, panel, HaarDetector(), tmp_path / "t.csv")
    table = _table(tmp_path / "t.csv")
    assert tuple(table[0]) == COLUMNS
    for line in table:
        values = [line[column] for column in (*PROBABILITY_COLUMNS, "x", "det_score")]
        assert all(values) == (line["status"] != "no_face")
        assert any(values) == (line["status"] != "no_face")
        assert line["valence"] == line["arousal"] == ""
    total = sum(float(table[0][column]) for column in PROBABILITY_COLUMNS)
    assert total == pytest.approx(1.0, abs=1e-5)


def test_what_was_cut_off_goes_on_where_it_stopped(
    video: Path, panel: Panel, tmp_path: Path, monkeypatch
):
    """Also behind half a record, and never with what another model said."""
    monkeypatch.setattr(look, "_BLOCK", 4)
    whole, cut = tmp_path / "whole.csv", tmp_path / "cut.csv"
    prelabel.prelabel_file(video, panel, HaarDetector(), whole)

    steps: list[int] = []

    def run(panel: Panel, stop_at: int = 0) -> int:
        """Return after how many frames the first report came."""
        steps.clear()

        def report(done: int, total: int, fps: float) -> None:
            steps.append(done)
            if done == stop_at:
                raise KeyboardInterrupt

        prelabel.prelabel_file(video, panel, HaarDetector(), cut, progress=report)
        return steps[0]

    with pytest.raises(KeyboardInterrupt):
        run(panel, stop_at=8)
    assert not cut.exists()
    faces = tmp_path / "cut.faces"
    kept = faces.read_bytes()
    faces.write_bytes(kept[: len(kept) - 5])
    assert run(panel) == 6 + 4  # of eight frames, the last was cut and the one before goes
    assert cut.read_bytes() == whole.read_bytes()

    for broken in (kept + bytes(500), kept[:50], b""):  # zeros: what a power cut leaves
        with pytest.raises(KeyboardInterrupt):
            run(panel, stop_at=8)
        faces.write_bytes(broken)
        assert run(panel) == (7 + 4 if len(broken) > 50 else 4)
        assert cut.read_bytes() == whole.read_bytes()

    with pytest.raises(KeyboardInterrupt):
        run(panel, stop_at=8)
    assert run(_panel(tmp_path, first=0.0)) == 4
    assert cut.read_bytes() != whole.read_bytes()
    assert len(_table(cut)) == 12


def test_two_at_once_never_mix_their_faces(tmp_path: Path):
    first, rows = FaceFile(tmp_path / "v.faces", {"a": 1}, 1), np.zeros(3, record_type(1))
    rows["frame"] = range(3)
    first.append(rows)
    second = FaceFile(tmp_path / "v.faces", {"a": 1}, 1)
    assert second.frames == 2
    rows["frame"] += 3
    with pytest.raises(WorkFailedError, match="another pre-labelling"):
        first.append(rows)
    rows["frame"] -= 1
    second.append(rows)
    assert [int(one["frame"][0]) for one in second.by_frame()] == [0, 1, 2, 3, 4]


def test_somebody_larger_who_passes_by_is_not_the_participant(panel, tmp_path: Path):
    path, table = tmp_path / "two.mkv", tmp_path / "two.csv"
    left = FaceRenderer(1, 240, 240).render("neutral", t_s=1.0, face_px=100)
    right = FaceRenderer(2, 240, 240).render("neutral", t_s=1.0, face_px=130)
    wall = np.full_like(right, 120)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"crf": "15"})
        stream.width, stream.height, stream.pix_fmt = 480, 240, "yuv420p"
        for index in range(12):
            sides = [wall if index == 8 else left, right if 6 <= index <= 8 else wall]
            picture = np.concatenate(sides, axis=1)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "bgr24")))
        container.mux(stream.encode(None))
    summary = prelabel.prelabel_file(path, panel, HaarDetector(), table)
    rows = _table(table)
    assert [row["status"] for row in rows] == [
        *["ok"] * 6, "multi", "multi", "no_face", *["ok"] * 3
    ]  # fmt: skip
    assert all(float(row["x"]) < 240 for row in rows if row["x"])
    assert (rows[8]["n_faces"], rows[8]["p_anger"]) == ("1", "")
    assert (summary.faces, summary.frames_with_face) == (14, 11)


def _study(folder: Path, video: Path) -> Path:
    session = folder / "sessions" / "sub-P001_ses-01_20261121T101500"
    session.mkdir(parents=True)
    (folder / "study.yaml").write_text("format_version: 1\n", "utf-8")
    (session / "session.json").write_text(json.dumps({"simulated": True}), "utf-8")
    (session / "face_001.mkv").write_bytes(video.read_bytes())
    (session / "face_002.mkv.writing").write_bytes(b"still being written")
    return session


def test_a_study_is_done_once_and_again_when_something_changed(
    video, panel, tmp_path: Path
):
    session = _study(tmp_path / "study", video)
    detector = HaarDetector()
    (recording,) = recordings_of(tmp_path / "study")
    assert recordings_of(session) == [recording]
    table, summary, fresh = prelabel.prelabel_recording(recording, panel, detector)
    assert fresh
    assert table == session / "derived" / "prelabel" / "face_001.csv"
    assert len(_table(table)) == summary.frames == 12
    assert read_summary(table.with_suffix(".json")) == summary
    assert summary.simulated is True

    assert prelabel.prelabel_recording(recording, panel, detector)[1:] == (summary, False)
    assert prelabel.prelabel_recording(recording, panel, detector, again=True)[2]
    table.unlink()
    assert prelabel.prelabel_recording(recording, panel, detector)[2]
    recording.write_bytes(recording.read_bytes() + b"\0")
    assert prelabel.prelabel_recording(recording, panel, detector)[2]
    table.with_suffix(".json").write_text("{}", "utf-8")
    assert prelabel.prelabel_recording(recording, panel, detector)[2]


def test_a_video_cut_off_keeps_the_frames_it_has(tmp_path: Path, panel, video: Path):
    """What a power cut leaves: the rows of the frames that are there, and no exception."""
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(video.read_bytes()[: int(video.stat().st_size * 0.6)])
    summary = prelabel.prelabel_file(cut, panel, HaarDetector(), tmp_path / "t.csv")
    rows = _table(tmp_path / "t.csv")
    assert 1 <= len(rows) < len(PTS_MS)
    assert [int(row["pts"]) for row in rows] == list(PTS_MS[: len(rows)])
    assert summary.frames == len(rows)


@pytest.mark.parametrize("name", ["broken.mkv", "broken.png", "empty.mp4", "sound.wav"])
def test_what_cannot_be_decoded_is_refused(tmp_path: Path, panel, name: str):
    path = tmp_path / name
    path.write_bytes(b"" if name.startswith("empty") else b"\x13\x37" * 500)
    if name == "sound.wav":
        import wave

        with wave.open(str(path), "wb") as sound:
            sound.setparams((1, 2, 8000, 0, "NONE", ""))
            sound.writeframes(bytes(1600))
    with pytest.raises(BadInputError, match=name):
        prelabel.prelabel_file(path, panel, HaarDetector(), tmp_path / "t.csv")
    assert list(tmp_path.iterdir()) == [path]


def test_folders_that_are_no_study_are_refused(tmp_path: Path):
    with pytest.raises(BadInputError, match="neither a study"):
        recordings_of(tmp_path)
    (tmp_path / "study.yaml").touch()
    with pytest.raises(BadInputError, match="no finished face recording"):
        recordings_of(tmp_path)


def test_declared_frames_are_never_relied_on(shared: Path):
    source = Source(shared / "media" / "no_face.mp4")
    assert sum(1 for _ in source) == 95
    assert source.expected == 98


# -- the command, as a person runs it


def test_command_without_the_model_says_how_to_get_it(tmp_path: Path, video: Path):
    env = {"EMER_STUDIO_HOME": str(tmp_path)}
    done = run_cli("prelabel", str(video), env=env)
    assert done.returncode == 3
    assert "emer-studio models install mini-xception" in done.stderr
    done = run_cli("prelabel", str(tmp_path / "absent.mp4"), env=env)
    assert (done.returncode, "absent.mp4" in done.stderr) == (2, True)


def test_command_on_a_video_without_a_face(
    mini_xception: Path, shared: Path, tmp_path: Path
):
    out = tmp_path / "no_face.csv"
    done = run_cli(
        "prelabel", str(shared / "media" / "no_face.mp4"), "--out", str(out), "--json",
        env={"EMER_STUDIO_MODELS": str(shared / "models")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = last_json(done)
    assert (result["frames"], result["faces"], result["detector"]) == (95, 0, "yunet")
    assert set(result["mean_p"].values()) == {None}
    assert result["outputs"] == [str(out)]
    table = _table(out)
    assert len(table) == 95
    assert {row["status"] for row in table} == {"no_face"}


def test_command_on_a_study_and_on_pictures(
    mini_xception: Path, video: Path, tmp_path: Path
):
    session = _study(tmp_path / "study", video)
    done = run_cli("prelabel", str(tmp_path / "study"), "--detector", "haar", "--events")
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert any(event["event"] == "progress" for event in events)
    assert events[-1]["event"] == "result"
    assert events[-1]["frames"] == 12
    assert events[-1]["mean_p"].keys() == set(EMOTIONS)
    assert events[-1]["outputs"] == [str(session / "derived" / "prelabel" / "face_001.csv")]
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"nothing")
    done = run_cli("prelabel", str(broken), "--json")
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    done = run_cli("prelabel", str(video), str(video), "--out", "x.csv")
    assert done.returncode == 2


def test_without_out_the_table_goes_to_standard_output(mini_xception: Path, shared: Path):
    done = run_cli("prelabel", str(shared / "media" / "justin.jpg"))
    assert done.returncode == 0, done.stderr
    (row,) = csv.DictReader(done.stdout.splitlines())
    assert row["status"] == "ok"
    assert float(row["p_happiness"]) >= 0.9

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.dataset.cache import CacheWriter, open_cache, verify_hashes
from emer_studio.schema.dataset import SampleRow
from emer_studio.schema.eye_columns import EyeColumn

COLUMNS = [
    EyeColumn(name=name, unit="1", meaning=name) for name in ("gaze_x", "gaze_y", "k")
]


def _row(number: int, **labels: object) -> SampleRow:
    fields = {"sample_id": f"s{number}", "participant": f"P{number}", "stimulus": "c"}
    return SampleRow.model_validate({**fields, **labels})


def _data(frames: int = 3, rows: int = 5, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    eyes = rng.random((rows, 3), np.float32)
    eyes[:1] = np.nan
    return [
        rng.integers(0, 255, (frames, 112, 112, 3), np.uint8),
        np.arange(frames) % 2 == 0,
        np.arange(frames) / 30.0,
        eyes,
        np.arange(rows) / 60.0,
    ]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    first, second = _data(3, 5, 1), _data(0, 7, 2)
    with CacheWriter(folder, name="d", eye_columns=COLUMNS, simulated=True) as writer:
        writer.add(_row(1, er_valence=-0.5, fer_emotion="fear"), *first)
        writer.add(
            _row(2, er_valence=0.1, er3="positive", excluded=True, reason="x, y"), *second
        )
    data = open_cache(folder)
    assert [s.er3 for s in data.samples] == ["negative", "positive"]
    assert (data.samples[0].fer_emotion, data.samples[0].er_emotion) == ("fear", None)
    assert data.samples[0].fer3 is None
    assert data.samples[1].reason == "x, y"
    assert data.manifest.simulated
    assert not data.manifest.synthetic
    for index, expected in enumerate((first, second)):
        clip = data.clip(index)
        found = (
            clip.faces,
            clip.faces_valid,
            clip.face_times_s,
            clip.eyes,
            clip.eye_times_s,
        )
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_array_equal(a, b)
    assert verify_hashes(data) == []


def test_a_half_written_dataset_is_refused(tmp_path: Path) -> None:
    writer = CacheWriter(tmp_path / "d", name="d", eye_columns=COLUMNS)
    writer.add(_row(1), *_data())
    writer.abort()
    with pytest.raises(BadInputError, match="unfinished"):
        open_cache(tmp_path / "d")


def test_other_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="no manifest"):
        open_cache(tmp_path)
    with pytest.raises(BadInputError, match="not a folder"):
        open_cache(tmp_path / "absent")
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(BadInputError, match="not valid JSON"):
        open_cache(tmp_path)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(BadInputError, match="not empty"):
        CacheWriter(tmp_path, name="d")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("file", ["faces.u8", "eyes.f32", "samples.csv"])
def test_a_damaged_file_is_refused(file: str, tmp_path: Path) -> None:
    with CacheWriter(tmp_path / "d", name="d", eye_columns=COLUMNS) as writer:
        writer.add(_row(1), *_data())
    path = tmp_path / "d" / file
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(BadInputError, match=file):
        open_cache(tmp_path / "d")


def test_a_changed_byte_is_found(tmp_path: Path) -> None:
    with CacheWriter(tmp_path / "d", name="d", eye_columns=COLUMNS) as writer:
        writer.add(_row(1), *_data())
    with (tmp_path / "d" / "faces.u8").open("r+b") as stream:
        stream.write(b"\x00\x01\x02")
    assert verify_hashes(open_cache(tmp_path / "d")) == ["faces.u8"]


@pytest.mark.parametrize(
    ("position", "wrong", "says"),
    [
        (0, np.zeros((3, 100, 112, 3), np.uint8), "expected faces"),
        (0, np.zeros((3, 112, 112, 3), np.float32), "expected faces"),
        (1, np.zeros(2, bool), "3 faces"),
        (2, np.array([0.0, 2.0, 1.0]), "not in order"),
        (3, np.zeros((5, 39), np.float32), "3 columns"),
        (4, np.zeros(4), "5 eye rows"),
    ],
)
def test_wrong_data_are_refused_and_not_written(
    position: int, wrong: np.ndarray, says: str, tmp_path: Path
) -> None:
    data = _data()
    data[position] = wrong
    with CacheWriter(tmp_path / "d", name="d", eye_columns=COLUMNS) as writer:
        with pytest.raises(BadInputError, match=says):
            writer.add(_row(1), *data)
        writer.add(_row(1), *_data())
        with pytest.raises(BadInputError, match="twice"):
            writer.add(_row(1), *_data())
    assert len(open_cache(tmp_path / "d").samples) == 1

"""The XDF writer: whatever is written, the reference reader gives back."""

from __future__ import annotations

import logging
import uuid
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import pytest
import pyxdf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emer_studio.core.errors import BadInputError
from emer_studio.recording.reader import read_xdf
from emer_studio.recording.xdf import XdfWriter

logging.getLogger("pyxdf").setLevel(logging.ERROR)
DTYPES = {
    "int8": np.int8,
    "int16": np.int16,
    "int32": np.int32,
    "int64": np.int64,
    "float32": np.float32,
    "double64": np.float64,
}


def header(name: str, channel_format: str, channels: int, rate: float = 0.0) -> str:
    return (
        f'<?xml version="1.0"?><info><name>{escape(name)}</name><type>Test</type>'
        f"<channel_count>{channels}</channel_count><nominal_srate>{rate}</nominal_srate>"
        f"<channel_format>{channel_format}</channel_format><source_id>x</source_id>"
        "<desc/></info>"
    )


def load(path: Path) -> dict[str, Any]:
    streams, _ = pyxdf.load_xdf(
        str(path), dejitter_timestamps=False, synchronize_clocks=False
    )
    return {stream["info"]["name"][0]: stream for stream in streams}


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_numbers_of_every_format_come_back(data: st.DataObject, tmp_path: Path) -> None:
    channel_format = data.draw(st.sampled_from(sorted(DTYPES)))
    channels = data.draw(st.integers(1, 40))
    chunks = data.draw(st.lists(st.integers(0, 300), min_size=1, max_size=4))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    path = tmp_path / f"{uuid.uuid4()}.xdf"
    writer = XdfWriter(path)
    number = writer.add_stream(header("numbers", channel_format, channels))
    stamps, values, clock = [], [], 0.0
    for count in chunks:
        chunk_stamps = clock + np.cumsum(rng.random(count))
        clock = float(chunk_stamps[-1]) if count else clock
        chunk = (rng.random((count, channels)) * 200 - 100).astype(DTYPES[channel_format])
        writer.samples(number, chunk_stamps, chunk)
        stamps.append(chunk_stamps)
        values.append(chunk)
    writer.close()
    found = load(path)["numbers"]
    np.testing.assert_array_equal(found["time_stamps"], np.concatenate(stamps))
    np.testing.assert_array_equal(
        np.asarray(found["time_series"]).reshape(-1, channels), np.concatenate(values)
    )
    assert int(found["footer"]["info"]["sample_count"][0]) == sum(chunks)


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    texts=st.lists(st.text(max_size=400), min_size=1, max_size=20),
)
def test_any_text_comes_back(texts: list[str], tmp_path: Path) -> None:
    path = tmp_path / f"{uuid.uuid4()}.xdf"
    writer = XdfWriter(path)
    number = writer.add_stream(header("texts", "string", 1))
    writer.samples(
        number, np.arange(len(texts), dtype=float), [[t] for t in texts], sync=True
    )
    writer.close()
    assert [row[0] for row in load(path)["texts"]["time_series"]] == texts


def test_footers_tell_the_truth_and_offsets_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.xdf"
    writer = XdfWriter(path)
    number = writer.add_stream(header("a", "float32", 1, 10.0))
    writer.samples(number, np.array([5.0, 6.5]), np.ones((2, 1), np.float32))
    writer.offset(number, 5.1, -0.25)
    empty = writer.add_stream(header("empty", "float32", 1))
    writer.close()
    streams = load(path)
    footer = streams["a"]["footer"]["info"]
    assert float(footer["first_timestamp"][0]) == 5.0
    assert float(footer["last_timestamp"][0]) == 6.5
    offset = footer["clock_offsets"][0]["offset"][0]
    assert (float(offset["time"][0]), float(offset["value"][0])) == (5.1, -0.25)
    assert streams["a"]["clock_values"] == [-0.25]
    assert len(streams["empty"]["time_stamps"]) == 0
    assert empty == 2
    np.testing.assert_allclose(read_xdf(path)["a"][0], [4.75, 6.25])


def test_what_was_written_survives_without_a_close(tmp_path: Path) -> None:
    path = tmp_path / "killed.xdf"
    writer = XdfWriter(path)
    number = writer.add_stream(header("a", "int32", 2))
    for k in range(5):
        writer.samples(number, np.array([float(k)]), np.array([[k, -k]], np.int32))
    raw = path.read_bytes()  # what a SIGKILL leaves: nothing waits in our own memory
    writer.close()
    path.with_name("copy.xdf").write_bytes(raw)
    assert len(load(path.with_name("copy.xdf"))["a"]["time_stamps"]) == 5


def test_an_existing_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xdf"
    path.write_bytes(b"precious")
    with pytest.raises(BadInputError, match="already exists"):
        XdfWriter(path)
    assert path.read_bytes() == b"precious"


@pytest.mark.parametrize("content", [b"", b"XDF", b"not an xdf file at all"])
def test_what_is_no_xdf_is_bad_input(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.xdf"
    path.write_bytes(content)
    with pytest.raises(BadInputError, match="cannot be read as XDF"):
        read_xdf(path)


def test_golden_files_read_as_the_reference_reader_reads_them(shared: Path) -> None:
    for path in sorted((shared / "xdf").glob("*.xdf")):
        expected, _ = pyxdf.load_xdf(str(path), dejitter_timestamps=False)
        found = read_xdf(path)
        assert len(found) == len(expected)
        for stream in expected:
            stamps, values = found[stream["info"]["name"][0]]
            # exact where offsets are constant; elsewhere two robust fits differ a little
            within_s = 0.0 if path.name == "minimal.xdf" else 1e-4
            np.testing.assert_allclose(stamps, stream["time_stamps"], rtol=0, atol=within_s)
            np.testing.assert_array_equal(
                np.asarray(values), np.asarray(stream["time_series"])
            )

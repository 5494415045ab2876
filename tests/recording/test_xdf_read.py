"""Our reader: the same samples as the reference reader, and damage costs little."""

from __future__ import annotations

import logging
import struct
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyxdf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emer_studio.recording.xdf import XdfWriter
from emer_studio.recording.xdf_format import (
    BOUNDARY,
    BOUNDARY_UUID,
    FILE_HEADER,
    FOOTER,
    MAGIC,
    NUMBERS,
    SAMPLES,
    STREAM_HEADER,
    chunk_bytes,
    length_bytes,
)
from emer_studio.recording.xdf_load import load_xdf
from xdf_files import header, one_stream

logging.getLogger("pyxdf").setLevel(logging.CRITICAL)
FORMATS = [*sorted(NUMBERS), "string"]


def drawn_values(data: st.DataObject, channel_format: str, n: int, channels: int) -> Any:
    if channel_format == "string":
        row = st.lists(st.text(max_size=300), min_size=channels, max_size=channels)
        return data.draw(st.lists(row, min_size=n, max_size=n))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    dtype = np.dtype(NUMBERS[channel_format])
    return np.frombuffer(rng.bytes(n * channels * dtype.itemsize), dtype).reshape(n, -1)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_whatever_is_written_comes_back_in_both_readers(
    data: st.DataObject, tmp_path: Path
) -> None:
    drawn = []  # everything is drawn first: a draw may break off
    for k in range(data.draw(st.integers(1, 3))):
        channel_format = data.draw(st.sampled_from(FORMATS))
        channels = data.draw(st.integers(1, 5))
        counts = data.draw(st.lists(st.integers(1, 8), max_size=4))
        chunks = [drawn_values(data, channel_format, n, channels) for n in counts]
        drawn.append(
            (header(f"s{k}", channel_format, channels, 10.0 * k), channels, chunks)
        )
    path = tmp_path / f"{uuid.uuid4()}.xdf"
    writer = XdfWriter(path)
    written: dict[str, tuple[list[float], list[Any], int]] = {}
    for k, (xml, channels, chunks) in enumerate(drawn):
        number = writer.add_stream(xml)
        stamps: list[float] = []
        rows: list[Any] = []
        for values in chunks:
            times = np.arange(len(stamps), len(stamps) + len(values)) * 0.1 + 100
            writer.samples(number, times, values)
            stamps += times.tolist()
            rows += [list(row) for row in values]
        written[f"s{k}"] = (stamps, rows, channels)
    writer.close()
    loaded = load_xdf(path)
    reference, _ = pyxdf.load_xdf(
        str(path), dejitter_timestamps=False, synchronize_clocks=False
    )
    assert loaded.findings == ()
    for stream, theirs in zip(loaded.streams, reference, strict=True):
        stamps, rows, channels = written[stream.header.name]
        assert stream.findings == ()
        assert stream.footer_count == len(stamps)
        assert stream.raw_stamps_s.tolist() == stream.stamps_s.tolist() == stamps
        assert np.asarray(theirs["time_stamps"]).tolist() == stamps
        if stream.header.channel_format == "string":
            assert stream.values == theirs["time_series"] == rows
        else:
            assert stream.values.dtype == np.dtype(NUMBERS[stream.header.channel_format])
            expected = np.array(rows, stream.values.dtype).reshape(-1, channels)
            assert stream.values.tobytes() == expected.tobytes()
            assert theirs["time_series"].tobytes() == expected.tobytes()


def test_stamps_that_were_left_out_follow_from_the_rate(tmp_path: Path) -> None:
    """LabRecorder leaves out stamps; mixed with whole chunks, and in text streams."""

    def sample(stamp: float | None, value: bytes) -> bytes:
        return (b"\x00" if stamp is None else b"\x08" + struct.pack("<d", stamp)) + value

    numbers = [struct.pack("<h", k) for k in range(6)]
    texts = [length_bytes(1) + b"abcdef"[k : k + 1] for k in range(6)]
    raw = MAGIC + chunk_bytes(FILE_HEADER, b"<info><version>1.0</version></info>")
    for number, channel_format in ((1, "int16"), (2, "string")):
        xml = header(channel_format, channel_format, 1, 8.0).encode()
        raw += chunk_bytes(STREAM_HEADER, struct.pack("<I", number) + xml)
    for number, values in ((1, numbers), (2, texts)):
        for stamps, part in (
            ([5.0, None, None], values[:3]),
            ([None, 7.0], values[3:5]),
            ([9.0], values[5:]),
        ):
            body = b"".join(sample(t, v) for t, v in zip(stamps, part, strict=True))
            head = struct.pack("<I", number) + length_bytes(len(part))
            raw += chunk_bytes(SAMPLES, head + body)
            raw += chunk_bytes(99, b"a chunk that only a later version knows")
    path = tmp_path / "elided.xdf"
    path.write_bytes(raw)
    loaded = load_xdf(path)
    assert loaded.findings == ()
    first, second = loaded.streams
    expected = [5.0, 5.125, 5.25, 5.375, 7.0, 9.0]
    assert first.stamps_s.tolist() == second.stamps_s.tolist() == expected
    assert first.values[:, 0].tolist() == list(range(6))
    assert second.values == [[c] for c in "abcdef"]


@pytest.mark.parametrize("name", ["minimal.xdf", "clock_resets.xdf", "empty_streams.xdf"])
def test_golden_files_hold_the_same_samples(name: str, shared: Path) -> None:
    path = shared / "xdf" / name
    raw, _ = pyxdf.load_xdf(str(path), dejitter_timestamps=False, synchronize_clocks=False)
    loaded = load_xdf(path)
    assert loaded.findings == ()
    found = {stream.header.name: stream for stream in loaded.streams}
    assert len(found) == len(raw)
    for theirs in raw:
        ours = found[theirs["info"]["name"][0]]
        np.testing.assert_array_equal(ours.raw_stamps_s, theirs["time_stamps"])
        np.testing.assert_array_equal(
            np.asarray(ours.values), np.asarray(theirs["time_series"])
        )
        assert ours.offsets_s[:, 1].tolist() == list(theirs["clock_values"])
        assert len(ours.resets_s) == (name == "clock_resets.xdf")


def test_a_damaged_middle_costs_up_to_the_next_boundary(tmp_path: Path) -> None:
    whole = one_stream(tmp_path / "a.xdf", chunks=30, boundary_every=10)
    raw = bytearray(whole.path.read_bytes())
    at = whole.chunk_ends[4]
    raw[at : at + 3] = b"\xff\xff\xff"  # the length of the sixth chunk
    path = tmp_path / "damaged.xdf"
    path.write_bytes(raw)
    loaded = load_xdf(path)
    (stream,) = loaded.streams
    assert stream.values[:, 0].tolist() == [*range(5), *range(10, 30)]
    (finding,) = loaded.findings
    assert finding.kind == "corrupted"
    assert f"bytes {at} to" in finding.text
    assert "next boundary" in finding.text


def test_a_damaged_sample_costs_its_chunk_only(tmp_path: Path) -> None:
    whole = one_stream(tmp_path / "a.xdf", chunks=30, boundary_every=0)
    raw = bytearray(whole.path.read_bytes())
    stamp_width = whole.chunk_ends[4] + 2 + 2 + 4 + 2
    assert raw[stamp_width] == 8
    raw[stamp_width] = 77
    path = tmp_path / "damaged.xdf"
    path.write_bytes(raw)
    (stream,) = load_xdf(path).streams
    assert stream.values[:, 0].tolist() == [*range(5), *range(6, 30)]
    assert [finding.kind for finding in stream.findings] == ["corrupted"]


@pytest.mark.parametrize("seed", range(40))
def test_no_damage_makes_the_reader_crash(seed: int, tmp_path: Path) -> None:
    whole = one_stream(tmp_path / "a.xdf", chunks=40, boundary_every=10)
    raw = bytearray(whole.path.read_bytes())
    rng = np.random.default_rng(seed)
    at = int(rng.integers(4, len(raw) - 60))
    raw[at : at + 60] = rng.bytes(60)
    path = tmp_path / "damaged.xdf"
    path.write_bytes(raw)
    loaded = load_xdf(path)
    if at > whole.header_end:
        (stream,) = loaded.streams
        assert len(stream.values) >= 40 - 12  # chunks up to the next boundary, at most


def test_a_header_that_is_not_xml_costs_its_stream_only(tmp_path: Path) -> None:
    path = tmp_path / "a.xdf"
    writer = XdfWriter(path)
    first = writer.add_stream(header("bad", "float32", 1))
    second = writer.add_stream(header("good", "float32", 1))
    for number in (first, second):
        writer.samples(number, np.arange(3.0), np.ones((3, 1)))
    writer.close()
    path.write_bytes(path.read_bytes().replace(b"<name>bad</name>", b"<name>bad<name<>"))
    loaded = load_xdf(path)
    assert [stream.header.name for stream in loaded.streams] == ["good"]
    assert len(loaded.streams[0].values) == 3
    assert {finding.kind for finding in loaded.findings} == {"header"}
    assert "not XML" in loaded.findings[0].text


def test_text_that_is_not_utf8_is_shown_and_told(tmp_path: Path) -> None:
    path = tmp_path / "a.xdf"
    writer = XdfWriter(path)
    number = writer.add_stream(header("text", "string", 1))
    writer.samples(number, np.arange(2.0), [[b"caf\xe9"], ["café"]])
    writer.close()
    (stream,) = load_xdf(path).streams
    assert stream.values == [["caf\ufffd"], ["café"]]
    assert [finding.kind for finding in stream.findings] == ["text"]
    assert "1 texts" in stream.findings[0].text


def test_boundaries_and_footers_of_the_format_are_those_of_the_specification() -> None:
    """Bytes given in the specification, so that writer and reader cannot err together."""
    assert BOUNDARY_UUID.hex() == "43a546dccbf5410fb30ed5467383cbe4"
    assert chunk_bytes(BOUNDARY, BOUNDARY_UUID)[:4] == b"\x01\x12\x05\x00"
    assert chunk_bytes(FOOTER, b"x" * 300)[:7] == b"\x04\x2e\x01\x00\x00\x06\x00"

"""A cut or damaged file always becomes a loadable one, and loses next to nothing."""

from __future__ import annotations

import bisect
import json
import logging
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import pyxdf

from emer_studio.core.errors import BadInputError, WorkFailedError
from emer_studio.core.process import command_line
from emer_studio.recording import salvage as module
from emer_studio.recording.salvage import salvage
from emer_studio.recording.xdf_load import load_xdf
from xdf_files import one_stream, three_streams

logging.getLogger("pyxdf").setLevel(logging.CRITICAL)
EVERY = 13  # bytes between two cuts that the reference reader is asked about as well
MAGIC_BYTES = 4


@pytest.mark.timeout(300)
def test_a_file_cut_at_any_byte_loads_and_loses_at_most_the_last_chunk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every position with our reader, every 13th with the reference reader as well."""
    monkeypatch.setattr(module, "fsync_file", lambda stream: stream.flush())  # 30,000 files
    whole = three_streams(30_000)
    cut, out = tmp_path / "cut.xdf", tmp_path / "out.xdf"
    cut.write_bytes(whole.raw)
    for position in range(len(whole.raw), MAGIC_BYTES - 1, -1):
        os.truncate(cut, position)  # writing it anew each time would take most of the time
        last = bisect.bisect_right(whole.ends, position) - 1  # the last whole chunk
        expected = whole.counts[last] if last >= 0 else {}
        report = salvage(cut, out)
        found = {row["name"]: row["samples"] for row in report["streams"]}
        assert found == expected, position
        if position not in (MAGIC_BYTES, *whole.ends):
            assert report["findings"], position  # never silent
        if position % EVERY == 0:
            loaded = load_xdf(out)
            assert loaded.findings == ()
            ours = {
                s.header.name: (len(s.stamps_s), s.footer_count) for s in loaded.streams
            }
            assert ours == {name: (n, n) for name, n in expected.items()}, position
            streams, _ = pyxdf.load_xdf(
                str(out), dejitter_timestamps=False, synchronize_clocks=False
            )
            theirs = {s["info"]["name"][0]: len(s["time_stamps"]) for s in streams}
            assert theirs == expected, position
        out.unlink()


def test_a_damaged_middle_is_left_out_and_the_rest_has_true_footers(tmp_path: Path) -> None:
    whole = one_stream(tmp_path / "a.xdf", chunks=60, boundary_every=10)
    raw = bytearray(whole.path.read_bytes())
    begin = whole.chunk_ends[23]
    raw[begin : begin + 5] = b"\xff" * 5
    damaged = tmp_path / "damaged.xdf"
    damaged.write_bytes(raw)
    report = salvage(damaged)
    assert report["salvaged"] == str(tmp_path / "damaged_salvaged.xdf")
    assert damaged.read_bytes() == raw
    (stream,), _ = pyxdf.load_xdf(report["salvaged"], dejitter_timestamps=False)
    counter = stream["time_series"][:, 0].tolist()
    assert counter == [*range(24), *range(30, 60)]
    footer = stream["footer"]["info"]
    assert int(footer["sample_count"][0]) == len(counter)
    assert float(footer["last_timestamp"][0]) == 5.9
    written = footer["clock_offsets"][0]["offset"]
    assert len(written) == len(stream["clock_values"]) == 11
    assert "damaged" in report["findings"][0]
    assert report["bytes_left_out"] > 0


def test_a_chunk_damaged_inside_is_left_out(tmp_path: Path) -> None:
    whole = one_stream(tmp_path / "a.xdf", chunks=10, boundary_every=0)
    raw = bytearray(whole.path.read_bytes())
    raw[whole.chunk_ends[4] + 10] = 77  # the width of the stamp
    whole.path.write_bytes(raw)
    report = salvage(whole.path)
    (stream,), _ = pyxdf.load_xdf(report["salvaged"], dejitter_timestamps=False)
    np.testing.assert_array_equal(stream["time_series"][:, 0], [*range(5), *range(6, 10)])
    assert any("left out" in text for text in report["findings"])


def test_a_file_header_that_is_damaged_is_replaced(tmp_path: Path) -> None:
    whole = one_stream(tmp_path / "a.xdf", chunks=4, boundary_every=0)
    raw = whole.path.read_bytes().replace(
        b"<version>1.0</version>", b"<version>1.0<version> "
    )
    whole.path.write_bytes(raw)
    report = salvage(whole.path)
    (stream,), head = pyxdf.load_xdf(report["salvaged"])
    assert head["info"]["version"] == ["1.0"]
    assert len(stream["time_stamps"]) == 4
    assert report["findings"]


def test_nothing_is_ever_overwritten(tmp_path: Path) -> None:
    whole = one_stream(tmp_path / "a.xdf", chunks=4, boundary_every=0)
    first = salvage(whole.path)["salvaged"]
    second = salvage(whole.path)["salvaged"]
    assert first != second
    precious = tmp_path / "precious.xdf"
    precious.write_bytes(b"precious")
    with pytest.raises(BadInputError, match="already exists"):
        salvage(whole.path, precious)
    with pytest.raises(BadInputError, match="already exists"):
        salvage(whole.path, whole.path)
    assert precious.read_bytes() == b"precious"


def test_a_full_disk_leaves_no_half_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = one_stream(tmp_path / "a.xdf", chunks=4, boundary_every=0)

    def full(_stream: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "fsync_file", full)
    with pytest.raises(WorkFailedError, match="No space left"):
        salvage(whole.path, tmp_path / "out.xdf")
    assert not (tmp_path / "out.xdf").exists()
    assert whole.path.exists()


def test_the_command_tells_what_it_saved(tmp_path: Path) -> None:
    whole = one_stream(tmp_path / "a.xdf", chunks=40, boundary_every=10)
    whole.path.write_bytes(whole.path.read_bytes()[: whole.chunk_ends[30] + 9])
    done = subprocess.run(
        command_line("salvage", str(whole.path), "--json"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.strip().splitlines()[-1])
    assert report["streams"] == [{"name": "count", "samples": 31}]
    assert "ends inside a chunk" in report["findings"][0]
    (stream,), _ = pyxdf.load_xdf(report["salvaged"])
    assert len(stream["time_stamps"]) == 31

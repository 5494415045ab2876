"""Bad input is a clear finding in `check`: never a crash, never a silent repair."""

from __future__ import annotations

import json
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emer_studio.core.process import command_line
from emer_studio.recording.check import check_xdf
from emer_studio.recording.xdf import XdfWriter
from xdf_files import header, one_stream

N, RATE = 1000, 100.0


def made(
    path: Path,
    *,
    stamps: Callable[[np.ndarray], np.ndarray] = lambda t: t,
    offset: Callable[[np.ndarray], np.ndarray] = lambda t: 0.0 * t - 3.0,
    rate: float | str = RATE,
) -> Path:
    """A stream of 10 s at 100 Hz whose stamps or offsets are bent as asked for."""
    writer = XdfWriter(path)
    xml = header("s", "float32", 1, RATE).replace(
        f"<nominal_srate>{RATE}", f"<nominal_srate>{rate}"
    )
    number = writer.add_stream(xml)
    times = 50 + np.arange(N) / RATE
    writer.samples(number, stamps(times.copy()), np.ones((N, 1), np.float32))
    moments = np.arange(50.5, 60, 1.0)
    for moment, value in zip(moments, offset(moments), strict=True):
        writer.offset(number, float(moment), float(value))
    writer.close()
    return path


def put(index: int, value: float) -> Callable[[np.ndarray], np.ndarray]:
    def bend(times: np.ndarray) -> np.ndarray:
        times[index] = value
        return times

    return bend


def texts(result: dict[str, Any], colour: str) -> str:
    json.dumps(result, allow_nan=False)  # what --json prints is JSON
    return "\n".join(t for t in result["findings"] if t.startswith(colour))


def test_a_sound_file_is_green(tmp_path: Path) -> None:
    result = check_xdf(made(tmp_path / "a.xdf"))
    assert result["verdict"] == "green", result["findings"]
    (row,) = result["streams"]
    assert (row["drift_ppm"], row["clock_resets"], row["uncertain"]) == (0.0, 0, 0)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("index", [0, 500, N - 1])
def test_stamps_that_are_no_number(tmp_path: Path, value: float, index: int) -> None:
    result = check_xdf(made(tmp_path / "a.xdf", stamps=put(index, value)))
    assert "s: 1 stamps that are no number" in texts(result, "red")
    assert result["streams"][0]["samples"] == N


def test_stamps_that_go_backwards(tmp_path: Path) -> None:
    result = check_xdf(made(tmp_path / "a.xdf", stamps=put(500, 54.9)))
    assert "s: stamps go backwards, 1 times" in texts(result, "red")


def test_drift_is_told_in_ppm(tmp_path: Path) -> None:
    result = check_xdf(made(tmp_path / "a.xdf", offset=lambda t: -3 - 1e-3 * (t - 50)))
    assert result["streams"][0]["drift_ppm"] == pytest.approx(1000, abs=1)
    assert "its clock runs +1000 ppm" in texts(result, "amber")


def test_a_clock_that_stepped_is_told(tmp_path: Path) -> None:
    """The clock jumps by +7 s in the middle: stamps and offsets both show it."""
    path = tmp_path / "a.xdf"
    writer = XdfWriter(path)
    number = writer.add_stream(header("s", "float32", 1, RATE))
    times = np.arange(N) / RATE
    writer.samples(number, times + 7.0 * (times > 5.2), np.ones((N, 1), np.float32))
    for moment in np.arange(0.5, 10, 1.0):
        step = 7.0 * (moment > 5.2)
        writer.offset(number, float(moment + step), float(-3.0 - step))
    writer.close()
    result = check_xdf(path)
    assert result["streams"][0]["clock_resets"] == 1
    assert "reset or stepped 1 times" in texts(result, "amber")
    assert texts(result, "red") == ""


def test_a_clock_that_is_not_known_well_is_told(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    path = made(tmp_path / "a.xdf", offset=lambda t: -3 + rng.normal(0, 0.003, len(t)))
    assert "its clock offset is known to" in texts(check_xdf(path), "amber")


def test_a_footer_that_lies(tmp_path: Path) -> None:
    path = made(tmp_path / "a.xdf")
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"<sample_count>1000<", b"<sample_count>1001<"))
    assert "the footer says 1001 samples, 1000 are" in texts(check_xdf(path), "red")
    path.write_bytes(raw.replace(b"<sample_count>1000<", b"<sample_count>many<"))
    assert "the footer cannot be read" in texts(check_xdf(path), "amber")


def test_a_rate_that_is_a_lie_or_none(tmp_path: Path) -> None:
    assert "declares 30 Hz, delivered 100" in texts(
        check_xdf(made(tmp_path / "a.xdf", rate=30.0)), "amber"
    )
    for number, rate in enumerate(("nan", "inf", "-5")):
        result = check_xdf(made(tmp_path / f"{number}.xdf", rate=rate))
        assert "which is none" in texts(result, "amber")


@pytest.mark.parametrize("rate", ["fast", "1e400"])
def test_a_header_that_cannot_be_read(tmp_path: Path, rate: str) -> None:
    path = made(tmp_path / "a.xdf")
    good, bad = b"<nominal_srate>100.0", f"<nominal_srate>{rate:>5}".encode()
    path.write_bytes(path.read_bytes().replace(good, bad[: len(good)].ljust(len(good))))
    result = check_xdf(path)
    assert result["verdict"] != "green"
    texts(result, "red")


def test_a_header_that_is_not_xml(tmp_path: Path) -> None:
    path = made(tmp_path / "a.xdf")
    path.write_bytes(path.read_bytes().replace(b"<name>s</name>", b"<name>s<name> "))
    result = check_xdf(path)
    red = texts(result, "red")
    assert "stream 1 cannot be read" in red
    assert "not XML" in red
    assert "holds no stream" in red


def test_cut_and_damaged_stretches(tmp_path: Path) -> None:
    whole = one_stream(tmp_path / "a.xdf", chunks=60, boundary_every=10)
    raw = whole.path.read_bytes()
    whole.path.write_bytes(raw[: whole.chunk_ends[40] + 7])
    result = check_xdf(whole.path)
    assert "it ends inside a chunk (7 bytes)" in texts(result, "amber")
    assert "no footer" in texts(result, "amber")
    at = whole.chunk_ends[20]
    whole.path.write_bytes(raw[:at] + struct.pack("<I", 0xFFFFFFFF) + raw[at + 4 :])
    result = check_xdf(whole.path)
    assert f"bytes {at} to" in texts(result, "red")
    assert "the footer says 60 samples, 51 are" in texts(result, "red")


def test_text_that_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "a.xdf"
    writer = XdfWriter(path)
    number = writer.add_stream(header("t", "string", 1))
    writer.samples(number, np.arange(1.0), [[b"\xff\xfe"]])
    writer.close()
    assert "1 texts are not valid UTF-8" in texts(check_xdf(path), "amber")


def test_the_command_ends_without_a_traceback(tmp_path: Path) -> None:
    path = made(tmp_path / "a.xdf", stamps=put(3, np.inf))
    done = subprocess.run(
        command_line("check", str(path)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "no number" in done.stdout


def two_streams(path: Path, stamps: np.ndarray) -> Path:
    """A sound stream beside one with these stamps."""
    writer = XdfWriter(path)
    for name, times in (("good", 50 + np.arange(N) / RATE), ("odd", stamps)):
        number = writer.add_stream(header(name, "float32", 1, RATE))
        writer.samples(number, times, np.ones((len(times), 1), np.float32))
        writer.offset(number, float(times[0]), 0.0)
    writer.close((50.0, 60.0))
    return path


def test_a_foreign_clock_blames_its_own_stream_only(tmp_path: Path) -> None:
    unix = 1.7e9 + np.arange(N) / RATE
    result = check_xdf(two_streams(tmp_path / "a.xdf", unix))
    assert "odd: its stamps lie" in texts(result, "red")
    assert "good" not in texts(result, "red")
    one_ahead = 50 + np.arange(N) / RATE
    one_ahead[-1] = 1e7
    result = check_xdf(two_streams(tmp_path / "b.xdf", one_ahead))
    assert "good" not in texts(result, "red") + texts(result, "amber")


def test_a_stream_that_ended_early_is_red_though_it_has_no_gap(tmp_path: Path) -> None:
    result = check_xdf(two_streams(tmp_path / "a.xdf", 50 + np.arange(N // 2) / RATE))
    assert "odd: ends 5.0 s before the recording does" in texts(result, "red")


def test_absurd_clock_offsets_are_named_and_not_used(tmp_path: Path) -> None:
    path = made(tmp_path / "a.xdf", offset=lambda t: np.where(t > 58, 1e308, -3.0))
    assert "implausible clock offsets" in texts(check_xdf(path), "amber")

"""A Tobii through the real command and real LSL; only the device itself is drawn."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError, MissingError, WorkFailedError
from emer_studio.core.process import Child, command_line
from emer_studio.devices import tobii_calibration, tobii_titta
from emer_studio.devices.tobii_calibration import CanCalibrate, calibrate
from emer_studio.recording.xdf_load import RecordedStream, load_streams
from emer_studio.schema.streams import recognise
from tobii_generator import TittaPy_v2 as titta

_GENERATOR = Path(__file__).parents[1] / "tobii_generator"


@pytest.fixture
def serial(monkeypatch: pytest.MonkeyPatch, unique: str) -> str:
    """The serial number of the only tracker that our children find."""
    path = os.pathsep.join(filter(None, [str(_GENERATOR), os.environ.get("PYTHONPATH")]))
    monkeypatch.setenv("PYTHONPATH", path)
    monkeypatch.setenv("TOBII_SERIAL", unique)
    return unique


@pytest.fixture
def sending(serial: str) -> Iterator[Child]:
    child = Child("tobii", ["tobii", "--events"])
    try:
        assert child.wait_for("sending", timeout_s=30)["name"] == "Tobii_gaze"
        yield child
    finally:
        child.stop()


def tobii(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command_line("tobii", *words),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def record(folder: Path, serial: str) -> dict[str, RecordedStream]:
    names = ("Tobii_gaze", "Tobii_timeSync", "Tobii_positioning")
    queries = [f"id:EMERStudio:{name}@{serial}" for name in names]
    words = [word for query in queries for word in ("--stream", query)]
    file = folder / "tobii.xdf"
    done = subprocess.run(
        command_line("record", "--out", str(file), *words, "--seconds", "2.5"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    return {stream.header.name: stream for stream in load_streams(file)}


def test_its_streams_are_those_of_a_tobii_on_the_lsl_clock(
    sending: Child, serial: str, tmp_path: Path
) -> None:
    streams = record(tmp_path, serial)
    gaze = streams["Tobii_gaze"]
    layout = recognise(gaze.header)
    assert layout is not None
    assert (layout.name, layout.usable, layout.doubts) == ("TittaLSL", True, ())
    assert (gaze.header.nominal_hz, gaze.header.manufacturer) == (250.0, "Tobii")
    values = np.asarray(gaze.values)
    assert values.shape[1] == 38
    columns = {role: values[:, index] for role, index in layout.columns.items()}
    raw = {name: values[:, 36 + at] for at, name in enumerate(("device", "system"))}
    # No sample of the device is missing, and each is where its own clock puts it.
    np.testing.assert_allclose(np.diff(raw["device"]), 1 / 250, atol=2e-6)
    stamps_s = raw["system"] - titta.AHEAD_US / 1e6
    assert len(stamps_s) > 400
    np.testing.assert_allclose(gaze.stamps_s, stamps_s, atol=5e-4)  # clocks are measured
    assert np.abs(np.median(gaze.stamps_s - stamps_s)) < 5e-5
    # What is lost is NaN, whatever the device left there.
    seen = columns["left_valid"] > 0
    assert 0.7 < seen.mean() < 0.9
    assert np.isnan(columns["left_x"][~seen]).all()
    steps = np.diff(columns["left_x"][seen]) % 1
    assert np.isin(np.round(steps * 1000), (1, 21)).all()
    assert np.nanmean(columns["right_pupil"]) == pytest.approx(3.3, abs=1e-5)
    assert np.nanmean(columns["left_openness"]) == pytest.approx(9.0)
    assert np.nanmean(columns["left_origin_z"]) == pytest.approx(640.0)

    sync = streams["Tobii_timeSync"]
    assert sync.header.type == "TimeSync"
    np.testing.assert_allclose(np.diff(np.asarray(sync.values)[:, 0]), 200_000, atol=2)
    place = np.asarray(streams["Tobii_positioning"].values)
    np.testing.assert_allclose(place[:, [0, 4, 6]].mean(0), [0.54, 0.46, 0.8], atol=1e-5)

    status = sending.wait_for("status", timeout_s=5)
    assert status["distance_mm"] == 640
    assert 50 < status["left_pct"] < 100
    assert "nearer or further" in status["advice"]


def test_a_tracker_that_sends_no_openness_is_not_waited_for(
    serial: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOBII_MODEL", "Tobii Pro Nano")
    done = tobii("--seconds", "3", "--json")
    assert done.returncode == 0, done.stderr
    assert "sends no eye openness; gaze goes without it" in done.stderr
    assert "Tobii Pro Nano: calibration changed" in done.stderr
    assert json.loads(done.stdout)["samples"] > 50


def test_a_tracker_that_goes_away_ends_the_command_with_the_reason(
    serial: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOBII_TROUBLE", "lost")
    child = Child("tobii", ["tobii", "--events"])
    try:
        with pytest.raises(WorkFailedError, match="the connection was lost"):
            child.wait_for("result", timeout_s=30)
    finally:
        assert child.finish(10.0) == 1


@pytest.mark.usefixtures("library")
def test_it_is_calibrated_with_targets_on_the_participants_window(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The real window; but two targets, which go sooner, are enough to wait for."""
    monkeypatch.setattr(tobii_calibration, "PLACES", ((0.5, 0.5), (0.9, 0.1)))
    monkeypatch.setattr(tobii_calibration, "_EACH_S", 1.6)
    _, tracker = tobii_titta.connect()
    calibrates = cast("CanCalibrate", tracker)
    result = calibrate(calibrates, (), Console(events=True), threading.Event())
    assert result["status"] == "success"
    assert [(point["x"], point["y"]) for point in result["points"]] == [
        pytest.approx(place, abs=0.002) for place in ((0.5, 0.5), (0.9, 0.1))
    ]
    assert {(p["left_used"], p["right_used"]) for p in result["points"]} == {(20, 18)}


def test_a_calibration_without_eyes_says_so(
    serial: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOBII_TROUBLE", "no eyes")
    done = tobii("--calibrate")
    assert done.returncode == 1
    assert "did not collect at target 1: no eyes" in done.stderr
    assert "Traceback" not in done.stderr


def test_trackers_are_listed(serial: str) -> None:
    done = tobii("--list", "--json")
    (row,) = json.loads(done.stdout)["trackers"]
    assert row["serial_number"] == serial
    assert row["supported_frequencies"] == [60.0, 120.0, 250.0]


def test_without_a_tracker_it_says_what_to_do(
    serial: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOBII_SERIAL", "")
    done = tobii()
    assert done.returncode == 3
    assert "No Tobii eye tracker answered" in done.stderr
    assert "Eye Tracker Manager" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch, serial: str) -> None:
    """TittaPy in this very process."""
    monkeypatch.syspath_prepend(str(_GENERATOR))
    for name in ("TittaPy_v1", "TittaPy"):
        monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.usefixtures("library")
def test_a_rate_that_it_does_not_have_is_refused() -> None:
    _, tracker = tobii_titta.connect()
    tobii_titta.set_rate(tracker, 120.0)
    assert tracker.frequency == 120.0
    with pytest.raises(BadInputError, match="60, 120, 250 Hz"):
        tobii_titta.set_rate(tracker, 600.0)


@pytest.mark.usefixtures("library")
def test_an_address_that_does_not_answer_is_named() -> None:
    with pytest.raises(MissingError, match=r"tet-tcp://10\.0\.0\.1 cannot be reached"):
        tobii_titta.connect("tet-tcp://10.0.0.1")


def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TittaPy_v2", "TittaPy_v1", "TittaPy"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingError) as raised:
        tobii_titta.connect()
    assert 'pip install "TittaPy' in raised.value.fix
    assert raised.value.exit_code == 3

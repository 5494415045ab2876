"""Accepting a rig: a short real one, what its numbers mean, and what is kept of it."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from emer_studio.core import settings
from emer_studio.core.console import Console
from emer_studio.schema.acceptance import Acceptance, AcceptedLine, Hardware
from emer_studio.schema.streams import StreamHeader
from emer_studio.session.accept.computer import computer_items, run_tool
from emer_studio.session.accept.judge import judge_rig
from emer_studio.session.accept.kept import acceptances, hardware_of, keep, rig_item
from emer_studio.session.accept.linux import linux_settings
from emer_studio.session.accept.rig import Measured, RigTest, measure_rig
from emer_studio.session.accept.watch import Disturbances
from emer_studio.session.devices import Devices
from emer_studio.session.preflight import _Known, _rig
from emer_studio.session.preflight_devices import Filmed

CAMERA = {"driver": "V4L2", "spec": "0", "width_px": 1280, "height_px": 720, "fps": 30.0}
CAMERA |= {"pixel_format": "MJPG", "simulated": False}
SOUND = {"samples": 144_000, "dropped_samples": 480, "missing_samples": 0}
DISPLAY = {"name": "DP-1", "width_px": 1920, "height_px": 1080, "refresh_hz": 59.94}


def tracker(name: str = "Tobii", source: str = "a") -> StreamHeader:
    facts = ("Gaze", 38, "double64", 120.0, source, "lab-pc", (), False, 0.0)
    return StreamHeader(name, *facts)


def accepted(
    hardware: Hardware, verdict: str = "go", made: str = "2026-11-21"
) -> Acceptance:
    state = "no-go" if verdict == "no-go" else "go"
    return Acceptance(
        made=f"{made}T10:00:00.000Z",
        app_version="0",
        seconds=600.0,
        hardware=hardware,
        verdict=verdict,
        lines=(AcceptedLine(name="camera", state=state, said="5 % lost"),),
    )


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EMER_STUDIO_HOME", str(tmp_path / "home"))
    return settings.config_dir()


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """Three seconds with simulated devices, by the processes of a session."""
    devices = Devices(
        camera="sim",
        gaze="sim",
        simulate=False,
        windowed=True,
        display=None,
        language="en",
        gaze_wait_s=10.0,
        gaze_confirmed=True,
    )
    folder = tmp_path_factory.mktemp("rig")
    return measure_rig(RigTest(devices, 3.0), folder, Console(), threading.Event())


def states(found: Measured) -> dict[str, str]:
    return {item.name: item.state for item in judge_rig(found).items}


def test_a_rig_is_measured_by_what_a_session_runs(measured: Measured) -> None:
    judged = judge_rig(measured)
    numbers = judged.measures
    assert numbers["tracker_rate_hz"] == pytest.approx(120, rel=0.02)
    assert numbers["tracker_interval_ms"] == pytest.approx(1000 / 120, rel=0.01)
    assert numbers["tracker_lost_pct"] == 0
    assert -1 < numbers["tracker_age_p50_ms"] < 100
    assert numbers["camera_rate_hz"] == pytest.approx(30, rel=0.1)
    assert numbers["camera_written_p50_ms"] > 0
    assert numbers["clips"] >= 1
    assert numbers["clip_frames_expected"] == 90 * numbers["clips"]
    assert numbers["woken_late_max_ms"] >= numbers["woken_late_p99_ms"]
    assert numbers["clock_steps"] == 0
    assert numbers["recorded_mb_per_min"] > 0
    assert measured.simulated == ("gaze", "camera")
    assert {
        "camera",
        "encoder",
        "tracker",
        "ticks",
        "age",
        "clips",
        "disk",
        "clock",
    } <= set(states(measured))
    assert all(item.fix for item in judged.items if item.state != "go")


def test_what_a_rig_loses_is_judged(measured: Measured) -> None:
    clip = {"shown": 90, "expected": 90, "interval_max_ms": 40.0, "audio_underflows": 0}
    good = replace(measured, clips=[clip], audio={"silent": False}, troubles=[])
    found = states(good)
    assert found["clips"] == found["sound"] == found["recording"] == "go"
    told = {"findings": ["red: T: the eyes were lost in 100 % of the samples"]}
    nobody = replace(good, recorded=measured.recorded | told)
    assert states(nobody)["recording"] == "go"
    for fields, name, state in (
        ({"clips": [clip | {"shown": 89}]}, "clips", "doubt"),
        ({"clips": [clip | {"shown": 80}]}, "clips", "no-go"),
        ({"clips": [clip | {"audio_underflows": 2}]}, "sound", "doubt"),
        ({"audio": {"silent": True}}, "sound", "doubt"),
        ({"ages_ms": None}, "age", "doubt"),
        ({"ages_ms": (20.0, 300.0)}, "age", "doubt"),
        ({"results": {"camera": {"dropped": 50}}}, "camera", "no-go"),
        ({"results": {"microphone": SOUND}}, "microphone", "doubt"),
        ({"troubles": ["the camera process ended unexpectedly"]}, "process", "no-go"),
        ({"disturbances": Disturbances(1, 900, (), 0, 9)}, "computer", "doubt"),
        ({"disturbances": Disturbances(1, 2, (130.0,), 0, 9)}, "clock", "doubt"),
        ({"disturbances": Disturbances(1, 2, (), 40.0, 9)}, "suspended", "no-go"),
    ):
        bad = replace(good, **fields)
        assert states(bad)[name] == state, fields
        assert judge_rig(bad).verdict in ("doubt", "no-go")


def test_an_acceptance_is_kept_and_speaks_for_its_hardware_for_a_quarter(
    home: Path,
) -> None:
    mine = hardware_of(CAMERA, tracker(), DISPLAY)
    assert hardware_of(CAMERA, tracker(source="b"), DISPLAY) == mine
    other = hardware_of(CAMERA | {"width_px": 640}, tracker("EyeLink"), DISPLAY)
    now = datetime.fromisoformat("2026-12-01T00:00:00Z")
    assert rig_item(mine, acceptances(), now).said == "this rig was never measured"
    path = keep(accepted(mine))
    assert path.name.startswith("2026-11-21_rig-")
    assert keep(accepted(mine)) != path
    (home / "acceptance" / "x.json").write_text("{}")
    known = acceptances()
    assert known == [accepted(mine)] * 2
    item = rig_item(mine, known, now)
    assert (item.state, item.said) == ("go", "measured on 2026-11-21")
    item = rig_item(other, known, now)
    assert (item.state, "camera and the tracker changed" in item.said) == ("doubt", True)
    later = datetime.fromisoformat("2027-02-21T00:00:00Z")
    assert rig_item(mine, known, later).said.endswith("91 days ago")
    refused = [*known, accepted(mine, "no-go", "2026-11-22")]
    assert "camera: 5 % lost" in rig_item(mine, refused, now).said
    tried = [accepted(mine).model_copy(update={"simulated": ("camera",)})]
    assert rig_item(mine, tried, now).said == "this rig was never measured"


def test_a_preflight_asks_for_it_where_there_is_hardware(home: Path) -> None:
    known = _Known(filmed=Filmed((), 0.0, CAMERA), tracker=tracker(), display=DISPLAY)
    (item,) = _rig(known)
    assert (item.name, item.state) == ("rig", "doubt")
    assert "accept-rig" in item.fix
    known.filmed = Filmed((), 0.0, CAMERA | {"simulated": True})
    assert list(_rig(known)) == []


POWER = "gsettings get org.gnome.settings-daemon.plugins.power sleep-inactive-ac-"
LINUX = {
    f"{POWER}type": "'suspend'\n",
    f"{POWER}timeout": "1200\n",
    "gsettings get org.gnome.desktop.session idle-delay": "uint32 300\n",
    "gsettings get org.gnome.desktop.notifications show-banners": "true\n",
    "powerprofilesctl get": "power-saver\n",
    "xset q": "  timeout:  0    cycle:  600\n DPMS is Disabled\n",
    "apt-config dump": 'APT::Periodic::Unattended-Upgrade "1";\n',
}
CALM = LINUX | {
    f"{POWER}type": "'nothing'\n",
    "gsettings get org.gnome.desktop.session idle-delay": "uint32 0\n",
    "gsettings get org.gnome.desktop.notifications show-banners": "false\n",
    "powerprofilesctl get": "balanced\n",
    "apt-config dump": 'APT::Periodic::Unattended-Upgrade "0";\n',
}
HELD = "caffeine 1000 op 77 caffeinated sleep:idle operator asked block\n"
SLEEP = "Power Setting\n  Min: 0x00000000\n  AC: 0x{ac:08x}\n  DC: 0x00000258\n"
VERSION = r"reg query HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion"
WINDOWS = {
    "powercfg /query SCHEME_CURRENT SUB_SLEEP STANDBYIDLE": SLEEP.format(ac=1800),
    "powercfg /query SCHEME_CURRENT SUB_VIDEO VIDEOIDLE": SLEEP.format(ac=0),
    f"{VERSION} /v ProgramFilesDir": r"    ProgramFilesDir    REG_SZ    C:\Program Files",
    rf"{VERSION}\WindowsUpdate\Auto~Update\RebootRequired": "HKEY_LOCAL_MACHINE",
    "powercfg /getactivescheme": "GUID: 381b4222-f694-41f0-9685-ff5bb260df2e  (Balanced)",
}


@pytest.mark.parametrize(
    ("system", "answers", "doubtful"),
    [
        ("linux", CALM, set()),
        (
            "linux",
            LINUX,
            {"sleep", "screen saver", "notifications", "updates", "power plan"},
        ),
        (
            "linux",
            LINUX | {"systemd-inhibit --list --no-legend --no-pager": HELD},
            {"screen saver", "notifications", "updates", "power plan"},
        ),
        ("win32", WINDOWS, {"sleep", "notifications", "updates"}),
    ],
    ids=["a calm Linux", "a Linux as it comes", "one that is held awake", "Windows"],
)
def test_settings_that_spoil_sessions_are_found(
    system, answers, doubtful, monkeypatch
) -> None:
    monkeypatch.setenv("XDG_CURRENT_DESKTOP", "ubuntu:GNOME")
    items = list(computer_items(answers.get, system))
    assert {item.name for item in items if item.state == "doubt"} == doubtful
    assert all(item.fix for item in items if item.state == "doubt")


def test_what_a_system_does_not_tell_is_said(tmp_path: Path) -> None:
    items = list(computer_items(lambda _line: None, "darwin"))
    assert len(items) == 5
    assert all("does not tell" in item.said for item in items)
    assert run_tool("no-such-tool --here") is None
    assert run_tool("python3 -c print(3~+~4)") in ("7\n", "7\r\n", None)
    found = dict(linux_settings(LINUX.get, tmp_path / "none", desktop="KDE"))
    assert set(found) == {"screen saver", "power plan", "updates"}  # GNOME does not run
    (tmp_path / "restart").touch()
    found = dict(linux_settings(lambda _line: None, tmp_path / "restart"))
    assert found == {"updates": (False, "a restart is pending")}

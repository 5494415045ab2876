"""The lab's LSL configuration holds; ours fills what it leaves open."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from emer_studio.streams.lsl_config import lab_files, lab_text, overlay
from senders import SENDER


def test_an_empty_configuration_becomes_ours() -> None:
    text = overlay("") or ""
    assert text.startswith("[log]\nlevel = -1\n[tuning]\nTimeUpdateInterval = 0.5\n")


def test_a_round_of_probes_ends_before_the_next_begins() -> None:
    settings = dict(
        line.split(" = ") for line in (overlay("") or "").splitlines() if " = " in line
    )
    count = int(settings["TimeProbeCount"])
    takes_s = count * float(settings["TimeProbeInterval"]) + float(
        settings["TimeProbeMaxRTT"]
    )
    assert takes_s < float(settings["TimeUpdateInterval"])
    assert int(settings["TimeUpdateMinProbes"]) <= count


def test_the_labs_text_stays_as_it_is_and_ours_follows() -> None:
    lab = "; our lab\n[lab]\nSessionID = room2\n[tuning]\nSmoothingHalftime = 30\n"
    text = overlay(lab) or ""
    assert text.startswith(lab)
    assert "TimeUpdateInterval = 0.5" in text


def test_clock_measurements_tuned_by_the_lab_are_left_alone() -> None:
    lab = "[tuning]\nTimeProbeCount = 10\n"
    assert overlay(lab) == lab + "[log]\nlevel = -1\n"


@pytest.mark.parametrize("lab", ["[log]\nlevel = 2\n", "[log]\nfile = lsl.log\n"])
def test_a_lab_that_logs_is_left_to_it(lab: str) -> None:
    assert "level = -1" not in (overlay(lab) or "")


@pytest.mark.parametrize(
    "lab", ["[tuning\nx = 1", "no pair", "[a]\nx = 1\n[a]\nx = 2", "x =", "= 3"]
)
def test_what_liblsl_would_refuse_is_left_to_liblsl(lab: str) -> None:
    assert overlay(lab) is None


def test_the_first_readable_file_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LSLAPICFG", str(tmp_path / "absent.cfg"))
    assert lab_files()[0] == tmp_path / "absent.cfg"
    folder = tmp_path / "home" / "lsl_api"
    folder.mkdir(parents=True)
    (folder / "lsl_api.cfg").write_text("[lab]\nSessionID = home\n")
    assert "home" in (lab_text() or "")
    (tmp_path / "lsl_api.cfg").write_text("[lab]\nSessionID = here\n")
    assert "here" in (lab_text() or "")
    (tmp_path / "lsl_api.cfg").write_bytes(b"\xff\xfe\x00")
    assert lab_text() is None


RECEIVE = """
import json, sys, time
from emer_studio.streams.inlets import Inlet, find_one
inlet = Inlet(find_one(sys.argv[1], timeout_s=10))
header = inlet.open(10)
inlet.clock_offset(0.0)
began, moments = time.monotonic(), {}
while time.monotonic() - began < 2.5:
    measured = inlet.clock_offset(0.0)
    if measured:
        moments.setdefault(measured[0], time.monotonic() - began)
    time.sleep(0.01)
inlet.close()
print(json.dumps(list(moments.values())))
"""


def test_liblsl_measures_early_and_often_within_the_labs_network(
    unique: str, tmp_path: Path
) -> None:
    """A sender in a session (LSL's word for a room) of its own is heard, so both held."""
    config = tmp_path / "lsl_api.cfg"
    lab = Path(os.environ["LSLAPICFG"]).read_text()
    lab = re.sub("SessionID = .*", f"SessionID = {unique}", lab)
    config.write_text(f"{lab}[tuning]\nSmoothingHalftime = 30\n")
    env = {**os.environ, "LSLAPICFG": str(config)}
    words = [sys.executable, "-c", SENDER, f"s-{unique}", "100", unique]
    with subprocess.Popen(words, stdout=subprocess.PIPE, env=env) as sender:
        assert sender.stdout is not None
        sender.stdout.readline()
        receive = [sys.executable, "-c", RECEIVE, f"s-{unique}"]
        try:
            done = subprocess.run(
                receive, env=env, capture_output=True, text=True, timeout=30, check=True
            )
        finally:
            sender.kill()
    moments = json.loads(done.stdout)
    assert moments[0] < 1.0
    assert 4 <= len(moments) <= 6

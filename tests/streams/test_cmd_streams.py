"""``emer-studio streams`` with real outlets of foreign senders."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections.abc import Iterator

import pylsl
import pytest

from emer_studio.core.process import command_line
from emer_studio.schema.streams import recognise
from emer_studio.streams.inlets import Inlet, find_one
from gaze_headers import Fields, neon, titta


def outlet(name: str, kind: str, rate: float, channels: list[Fields], **acquisition: str):
    info = pylsl.StreamInfo(
        name, kind, len(channels), rate, pylsl.cf_double64, f"src-{name}"
    )
    node = info.desc().append_child("acquisition")
    for key, value in acquisition.items():
        node.append_child_value(key, value)
    rows = info.desc().append_child("channels")
    for channel in channels:
        row = rows.append_child("channel")
        for key, value in channel.items():
            row.append_child_value(key, value)
    return pylsl.StreamOutlet(info)


@pytest.fixture
def tracker_and_glasses(unique: str) -> Iterator[tuple[str, str]]:
    """A TittaLSL stream whose gaze runs far beyond 0..1, and a Neon stream."""
    names = (f"Tobii_gaze-{unique}", f"{unique}_Neon Gaze")
    tracker = outlet(names[0], "Gaze", 600, titta(), manufacturer="Tobii")
    glasses = outlet(names[1], "Gaze", 0, neon(), manufacturer="Pupil Labs")
    stop = threading.Event()

    def send() -> None:
        while not stop.wait(0.01):
            tracker.push_sample([800.0] * 38)

    sender = threading.Thread(target=send)
    sender.start()
    yield names
    stop.set()
    sender.join()
    del glasses


def streams(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command_line("streams", *words),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_headers_arrive_as_they_were_sent(tracker_and_glasses: tuple[str, str]) -> None:
    for name, layout, usable in zip(
        tracker_and_glasses,
        ("TittaLSL", "Neon / Pupil Invisible"),
        (True, False),
        strict=True,
    ):
        inlet = Inlet(find_one(name, timeout_s=10))
        found = recognise(inlet.fetch_header(5))
        inlet.close()
        assert found is not None
        assert (found.name, found.usable) == (layout, usable)
        assert "<channels>" in inlet.header_xml  # verbatim: what the file will hold


def test_the_list_says_what_is_usable_and_why_not(
    tracker_and_glasses: tuple[str, str],
) -> None:
    done = streams("--json", "--wait", "1.5")
    assert done.returncode == 0, done.stderr
    rows = {row["name"]: row for row in json.loads(done.stdout)["streams"]}
    tracker, glasses = (rows[name] for name in tracker_and_glasses)
    assert tracker["usable"]
    assert tracker["channels"] == 38
    assert not glasses["usable"]
    assert "head-worn" in glasses["why_not"]
    text = streams("--wait", "1.5").stdout
    assert "Neon / Pupil Invisible" in text
    assert "does not say where on the screen" in text


def test_one_stream_is_shown_with_every_channel_and_what_its_values_tell(
    tracker_and_glasses: tuple[str, str],
) -> None:
    name = tracker_and_glasses[0]
    done = streams("--stream", name, "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["channels"][0]["role"] == "left_x"
    assert len(result["channels"]) == 38
    assert any("these may be pixels" in doubt for doubt in result["doubts"])
    assert any("declares 600 Hz and sends" in doubt for doubt in result["doubts"])
    assert 50 < result["measured_hz"] < 110
    assert "<desc>" in result["header_xml"]
    text = streams("--stream", name).stdout
    assert "normalised, screen, origin top left" in text
    assert "right_openness" in text


def test_a_stream_that_is_not_there_is_missing(unique: str) -> None:
    assert streams("--stream", f"none-{unique}", "--wait", "1").returncode == 3


def test_watching_tells_what_sends_until_it_is_interrupted(tracker_and_glasses) -> None:
    tracker, glasses = tracker_and_glasses
    command = command_line("streams", "--watch")
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as watching:
        waiting = {(tracker, "sending"), (glasses, "quiet")}
        assert watching.stderr is not None
        for line in watching.stderr:
            waiting -= {
                (name, now) for name, now in waiting if name in line and now in line
            }
            if not waiting:
                break
        watching.send_signal(signal.SIGINT)
        assert "Traceback" not in watching.stderr.read()
    assert watching.returncode == 0

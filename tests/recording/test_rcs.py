"""LabRecorder's remote control, spoken as LabRecorder's clients speak it."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from emer_studio.core.process import Child
from emer_studio.recording.rcs import FileName
from emer_studio.recording.reader import load_streams
from senders import Sender


@pytest.fixture
def sender(unique: str) -> Iterator[Sender]:
    sender = Sender(f"rcs-{unique}", "100", f"rcs-{unique}")
    yield sender
    sender.kill()


class Client:
    """A client that knows nothing but the protocol."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=20)

    def say(self, line: str) -> bytes:
        self._socket.sendall(line.encode() + b"\n")
        return self._socket.recv(2)

    def status(self) -> dict[str, object]:
        self._socket.sendall(b"status\n")
        text = b""
        while not text.endswith(b"\n"):
            text += self._socket.recv(65536)
        return dict(json.loads(text))

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def recorder(tmp_path: Path, sender: Sender) -> Iterator[tuple[Child, Client]]:
    words = ["--out", str(tmp_path), "--stream", sender.name, "--rcs", "0", "--events"]
    child = Child("recorder", ["record", *words])
    client = Client(child.wait_for("listening", timeout_s=30)["port"])
    yield child, client
    client.close()
    assert child.stop() == 0


def wait_until_there(client: Client, name: str) -> None:
    deadline = time.monotonic() + 10
    while name not in client.status()["network"]:  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_client_starts_stops_and_names_recordings(
    recorder: tuple[Child, Client], sender: Sender, tmp_path: Path
) -> None:
    _, client = recorder
    wait_until_there(client, sender.name)
    assert client.say("update") == b"OK"
    assert client.say("select all") == b"OK"
    name = f"filename {{root:{tmp_path}/lab}} {{participant:P07}} {{task:film}} {{run:3}}"
    assert client.say(name) == b"OK"
    expected = (
        tmp_path / "lab/sub-P07/ses-S001/beh/sub-P07_ses-S001_task-film_run-003_beh.xdf"
    )
    for path in (expected, expected.with_name(expected.stem + "_2.xdf")):
        assert client.say("start") == b"OK"
        status = client.status()
        assert status["recording"] is True
        assert status["file"] == str(path)
        time.sleep(0.8)
        assert client.say("stop") == b"OK"
        assert client.status()["recording"] is False
        (stream,) = load_streams(path)
        assert stream.header.name == sender.name
        assert stream.footer_count == len(stream.stamps_s) > 50


def test_every_line_is_answered_and_nothing_selected_is_said(
    recorder: tuple[Child, Client], tmp_path: Path
) -> None:
    _, client = recorder
    assert client.say("whatever this is") == b"OK"
    assert client.say("stop") == b"OK"
    assert client.say("select none") == b"OK"
    assert client.say("start") == b"OK"
    status = client.status()
    assert status["recording"] is False
    assert "selected" in str(status["problem"])
    assert not list(tmp_path.rglob("*.xdf"))


@pytest.mark.parametrize(
    "name", ["{root:/tmp/a\0b}", "{run:" + "9" * 5000 + "}", "{template:[%a}", "{{{{:::"]
)
def test_no_line_from_outside_ends_a_recording(
    recorder: tuple[Child, Client], sender: Sender, name: str
) -> None:
    child, client = recorder
    wait_until_there(client, sender.name)
    assert client.say("start") == b"OK"
    assert client.say(f"filename {name}") == b"OK"
    assert client.say("start") == b"OK"
    assert client.status()["recording"] is True
    assert client.say("stop") == b"OK"
    assert child.running


def test_a_client_that_asks_all_the_time_hides_no_lost_stream(
    recorder: tuple[Child, Client], sender: Sender
) -> None:
    child, client = recorder
    wait_until_there(client, sender.name)
    client.say("start")
    sender.kill()
    said = []
    deadline = time.monotonic() + 4
    while time.monotonic() < deadline and not said:
        client.status()
        event = child.next_event("finding", timeout_s=0.0)
        said += [event] if event else []
    assert said
    assert "gone" in said[0]["what"]


def test_a_port_that_is_taken_is_exit_code_3(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        words = ["record", "--out", str(tmp_path), "--rcs", port, "--events"]
        child = Child("recorder", words)
        assert port in child.wait_for("error", timeout_s=30)["text"]
        assert child.finish(10) == 3


def test_file_names_are_built_as_labrecorder_builds_them(tmp_path: Path) -> None:
    name = FileName(tmp_path)
    name.obey("{template:exp%n\\block_%b[_acq-%a].xdf} {task:../../etc}")
    assert name.path() == tmp_path / "exp1" / "block_....etc.xdf"
    name.obey("{template:x_%n.xdf}")
    assert name.path() == tmp_path / "x_1.xdf"
    (tmp_path / "x_1.xdf").touch()
    assert name.path() == tmp_path / "x_2.xdf"
    name.obey("{template:} {acquisition:left} {run:12}")
    assert (
        name.path().name
        == "sub-P001_ses-S001_task-...._acq-left_run-012_beh.xdf".replace("....", "....etc")
    )

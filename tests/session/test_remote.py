"""The link to a second PC: real TLS on the loopback, with consoles good, bad and dead."""

from __future__ import annotations

import contextlib
import queue
import socket
import ssl
import stat
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emer_studio.cli import main
from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError, MissingError
from emer_studio.core.process import Child
from emer_studio.core.ring import RingReader, RingWriter
from emer_studio.recording.reader import read_journal
from emer_studio.session.desk import Desk
from emer_studio.session.remote import client as client_module
from emer_studio.session.remote import guest as guest_module
from emer_studio.session.remote import server as server_module
from emer_studio.session.remote.client import LinkClient, split_address
from emer_studio.session.remote.guest import Guest
from emer_studio.session.remote.identity import (
    Pairing,
    client_context,
    new_token,
    own_identity,
)
from emer_studio.session.remote.local_rings import LocalRings
from emer_studio.session.remote.server import LinkServer
from emer_studio.session.remote.story import Story
from emer_studio.session.remote.welcome import consoles_welcome
from emer_studio.session.remote.wire import DEFAULT_PORT, HELLO, Message, packed
from emer_studio.study.folder import create_study
from protocols import write_short_protocol

HOST, EVENTS = "127.0.0.1", "--events"
ABOUT = {"participant": "P001", "protocol": "demo", "microphone": ""}


class Door:
    """A session's side of the link, and what it was asked for."""

    def __init__(self, folder: Path) -> None:
        context, fingerprint = own_identity(folder)
        self.pairing = Pairing(new_token(), fingerprint)
        self.asked: queue.Queue[dict[str, Any]] = queue.Queue()
        self.changes: queue.Queue[tuple[str, bool]] = queue.Queue()
        self.server = LinkServer(
            0,
            context,
            self.pairing,
            ABOUT,
            obey=self.asked.put,
            on_change=lambda who, here: self.changes.put((who, here)),
            host=HOST,
        )
        self.port = self.server.start()

    def cut(self) -> None:
        """Break every connection, as a pulled cable does."""

        def abort() -> None:
            for writer in tuple(self.server._connections):
                writer.transport.abort()

        self.server._call(abort)

    def raw(self, *, hello: bool) -> ssl.SSLSocket:
        """Connect as no console of ours does."""
        plain = socket.create_connection((HOST, self.port), timeout=10)
        link = client_context().wrap_socket(plain)
        if hello:
            link.sendall(packed({"hello": HELLO, "token": self.pairing.token}))
        return link


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    made = Door(tmp_path / "console")
    yield made
    made.server.close()


class Heard:
    """A console, and what it has heard."""

    def __init__(self, door: Door, pairing: Pairing | None = None) -> None:
        self.messages: queue.Queue[Message] = queue.Queue()
        self.link = LinkClient(HOST, door.port, pairing or door.pairing, self.messages.put)

    def until(self, kind: str) -> list[dict[str, Any]]:
        """Return what was heard up to an event of this kind."""
        found = []
        while not found or found[-1].get("event") != kind:
            found.append(self.messages.get(timeout=10).facts)
        return found


@pytest.fixture
def join(door: Door) -> Iterator[Callable[[], Heard]]:
    made: list[Heard] = []

    def start() -> Heard:
        console = Heard(door)
        console.link.start()
        made.append(console)
        return console

    yield start
    for console in made:
        console.link.close()


def entry(number: int, text: str = "") -> dict[str, Any]:
    return {"event": "journal", "entry": {"event": "note", "number": number, "text": text}}


def numbers(events: list[dict[str, Any]]) -> list[int]:
    return [e["entry"]["number"] for e in events if e["event"] == "journal"]


def test_a_console_hears_what_was_and_what_is_and_is_obeyed(door, join) -> None:
    door.server.tell(entry(1))
    for state in ("fixation", "clip"):
        door.server.tell({"event": "state", "state": state, "trial": 1, "of": 2})
    first = join()
    events = first.until("state")
    assert events[0]["event"] == "welcome"
    assert events[0]["participant"] == "P001"
    assert events[0]["seconds"] >= 0
    assert numbers(events) == [1]
    assert [e["state"] for e in events if e["event"] == "state"] == ["clip"]
    second = join()
    assert door.changes.get(timeout=10) == (HOST, True)
    door.server.tell(entry(2))
    door.server.tell({"event": "result", "state": "complete"})
    assert numbers(first.until("result")) == [2]
    assert numbers(second.until("result")) == [1, 2]
    first.link.send("pause")
    assert door.asked.get(timeout=10) == {"cmd": "pause", "who": HOST}
    second.link.send("note", text="x" * 9000, who="somebody else")
    note = door.asked.get(timeout=10)
    assert (note["who"], len(note["text"])) == (HOST, 2000)
    door.server.close()
    assert first.until("link_ended")[-1]["text"] == ""


def test_only_token_and_fingerprint_open_the_door(door, tmp_path, unique) -> None:
    for pairing, words in (
        (Pairing(new_token(), door.pairing.fingerprint), "does not know this token"),
        (Pairing(door.pairing.token, "0" * 32), "fingerprint is not the one"),
    ):
        with pytest.raises(BadInputError, match=words):
            Heard(door, pairing).link.start()
    assert door.server._refused == 1  # who pins another certificate has said nothing
    assert door.changes.empty()
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]

        def answer() -> None:
            link, _ = other.accept()
            link.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            link.close()

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(MissingError, match="no session of EMER Studio"):
            LinkClient(HOST, port, door.pairing, print).start()
        thread.join()
    with pytest.raises(MissingError, match="No session answers"):
        LinkClient(HOST, port, door.pairing, print).start()


def closed(link: socket.socket) -> bool:
    try:
        return link.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:  # without a farewell
        return True


def test_a_refused_console_says_why_and_ends(door, capsys) -> None:
    where, known = f"{HOST}:{door.port}", ["--fingerprint", door.pairing.fingerprint]
    for words, code, said in (
        (["--token", new_token(), *known], 2, "does not know this token"),
        (["--token", new_token(), "--fingerprint", "0" * 32], 2, "fingerprint"),
        (["--token", "short", *known], 2, "16 letters and digits"),
    ):
        assert main(["console", where, *words, EVENTS]) == code
        told = capsys.readouterr().err
        assert said in told
        assert "→" in told


def test_silence_and_nonsense_are_closed_and_consoles_still_come_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "_HANDSHAKE_S", 0.2)
    monkeypatch.setattr(server_module, "_HELLO_S", 0.2)
    door = Door(tmp_path / "console")
    try:
        mute = socket.create_connection((HOST, door.port), timeout=10)
        assert closed(mute)
        mute.close()
        for said in (
            b"",
            struct.pack(">II", 2**31, 0),
            packed({})[:8] + b"[]",
            b"GET / HT",
        ):
            with door.raw(hello=False) as link:
                link.sendall(said)
                assert closed(link)
        with door.raw(hello=True) as link:  # let in, and then nonsense
            link.sendall(packed({"cmd": "format the disk"}))
            assert door.changes.get(timeout=10)[1] is True
            assert door.changes.get(timeout=10)[1] is False
        console = Heard(door)
        console.link.start()
        console.link.close()
        assert door.asked.empty()
    finally:
        door.server.close()


def test_a_console_that_stalls_is_left_behind(
    door, join, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guest_module, "_STALLED_S", 0.3)
    stalled = door.raw(hello=True)
    assert door.changes.get(timeout=10) == (HOST, True)
    awake = join()
    heard = []
    for batch in range(8):  # 16 MB: more than system and link hold for the stalled one
        for number in range(100):
            door.server.tell(entry(100 * batch + number, "x" * 20_000))
        door.server.tell({"event": "message"})
        heard += numbers(awake.until("message"))
    assert heard == list(range(800))
    assert door.changes.get(timeout=10) == (HOST, True)
    assert door.changes.get(timeout=10) == (HOST, False)
    assert len(door.server._guests) == 1
    stalled.close()


def test_a_request_that_hangs_does_not_hold_up_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "_GOODBYE_S", 0.1)
    door, free, began = Door(tmp_path / "console"), threading.Event(), threading.Event()

    def hang(_command: dict[str, Any]) -> None:
        began.set()
        free.wait(30)

    door.server._obey = hang
    console = Heard(door)
    console.link.start()
    for _ in range(3):
        console.link.send("pause")
    assert began.wait(10)
    door.server.close()  # returns although the request does not
    assert not free.is_set()
    console.link.close()
    free.set()


def test_a_crowd_at_the_door_is_let_in_a_few_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "_MOST_AT_ONCE", 2)
    monkeypatch.setattr(server_module, "_HANDSHAKE_S", 0.2)
    door = Door(tmp_path / "console")
    crowd = [socket.create_connection((HOST, door.port), timeout=10) for _ in range(5)]
    console = Heard(door)
    try:
        console.link.start()  # when those before it have been sent away
        assert all(map(closed, crowd[:4]))
    finally:
        console.link.close()
        for one in crowd:
            one.close()
        door.server.close()


def test_a_long_story_is_told_from_where_it_fits() -> None:
    story = Story()
    for number in range(300):
        story.add(entry(number, "x" * 20_000))
    told = list(story)
    assert sum(map(len, told)) <= 2 * 2**20
    assert told[-1] == packed(entry(299, "x" * 20_000))


def test_facts_go_first_and_of_pictures_only_the_newest() -> None:
    guest = Guest("x", None)  # type: ignore[arg-type]
    guest.newest("camera", b"old")
    guest.newest("camera", b"new")
    guest.fact(b"first")
    guest.fact(b"second")
    sent = [guest._next() for _ in range(4)]
    assert sent == [b"first", b"second", b"new", b""]


def test_a_console_that_was_cut_off_comes_back_and_is_told_everything(
    door, join, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "_AGAIN_S", (0.05,))
    console = join()
    door.server.tell(entry(1))
    console.until("journal")
    door.cut()
    console.until("link_lost")
    door.server.tell(entry(2))
    console.until("welcome")
    door.server.tell({"event": "result"})
    assert numbers(console.until("result")) == [1, 2]


def test_pictures_and_samples_arrive_in_rings_of_the_other_computer(
    door, join, tmp_path: Path
) -> None:
    camera = RingWriter(tmp_path / "camera.ring", 3, (48, 64, 3), "uint8")
    gaze = RingWriter(tmp_path / "gaze.ring", 2048, (3,))
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:, 32:] = (40, 120, 200)
    samples = np.column_stack([np.arange(50) / 60, np.full(50, np.nan), np.arange(50)])
    camera.write(picture)
    gaze.write_rows(samples)
    row = {"name": "T", "ring": str(gaze.path), "gaze": {"left_x": 1}, "rate_hz": 60.0}
    door.server.tell({"event": "live", "camera": str(camera.path), "gaze": "T"})
    door.server.tell({"event": "recorder_status", "streams": [row]})
    console, rings = join(), LocalRings()
    seen: dict[str, Any] = {}
    try:
        while not {"camera", "ring"} <= {k for k, v in seen.items() if v}:
            for event in rings.events(console.messages.get(timeout=10)):
                seen |= {k: v for k, v in event.items() if k in ("camera", "gaze")}
                for found in event.get("streams") or ():
                    seen["ring"] = found["ring"]
            door.server.tell({"event": "recorder_status", "streams": [row]})
        assert seen["gaze"] == "T"
        assert str(tmp_path) not in seen["camera"]
        shown = RingReader(Path(seen["camera"]))
        assert np.abs(shown.latest(1)[0].astype(int) - picture).mean() < 4
        shown.close()
        drawn = RingReader(Path(seen["ring"]))
        np.testing.assert_array_equal(drawn.latest(2047), samples)
        drawn.close()
        assert rings.events(Message({"event": "picture", "of": "camera"}, b"no JPEG")) == []
    finally:
        rings.close()
        camera.close()
        gaze.close()


def test_the_identity_is_kept_and_made_anew_when_it_is_damaged(tmp_path: Path) -> None:
    folder = tmp_path / "console"
    _, first = own_identity(folder)
    assert own_identity(folder)[1] == first
    file = folder / "identity.pem"
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.write_bytes(file.read_bytes()[:200])
    assert own_identity(folder)[1] != first


def test_pairing_forgives_groups_and_capitals_and_nothing_else() -> None:
    token = new_token()
    assert Pairing(token, "ab" * 16).knows(token.upper().replace("-", " "))
    assert not Pairing(token, "ab" * 16).knows(token[:-1])
    for bad in (("", "ab" * 16), (token, "ab"), ("é" * 16, "ab" * 16)):
        with pytest.raises(BadInputError, match="letters and digits"):
            Pairing(*bad)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("10.0.0.5", ("10.0.0.5", 7443)),
        ("lab-pc:80", ("lab-pc", 80)),
        ("[fe80::1]:9000", ("fe80::1", 9000)),
        ("fe80::1", ("fe80::1", 7443)),
    ],
)
def test_addresses(text: str, found: tuple[str, int]) -> None:
    assert split_address(text) == found


@pytest.mark.parametrize("text", ["", ":80", "pc:0", "pc:x", "pc:70000"])
def test_no_addresses(text: str) -> None:
    with pytest.raises(BadInputError, match="HOST"):
        split_address(text)


def test_a_second_session_on_one_computer_takes_the_next_port_and_says_so() -> None:
    heard: list[dict[str, Any]] = []
    console = Console()
    console.listeners.append(heard.append)
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # somebody else's: just as taken
            stack.enter_context(socket.create_server(("", DEFAULT_PORT)))
        desk = Desk(threading.Event())
        stack.enter_context(consoles_welcome(None, console, desk, {}))
        link = next(event for event in heard if event["event"] == "link")
        said = next(event for event in heard if event["event"] == "message")
        port = int(link["lines"][0].split()[2].rpartition(":")[2])
        assert DEFAULT_PORT < port < DEFAULT_PORT + 10
        assert said["text"].endswith(f"join on port {port}.")
        with socket.create_connection((HOST, port), timeout=10):
            pass
        with pytest.raises(BadInputError, match=f"port {port} cannot be opened"):
            stack.enter_context(consoles_welcome(port, console, desk, {}))


def test_a_session_is_followed_noted_and_ended_from_another_computer(tmp_path) -> None:
    """Two commands that know nothing of each other but the line that one of them shows."""
    study = create_study(tmp_path / "study", seed=1).folder
    protocol = write_short_protocol(tmp_path / "protocol")
    words = ["run", str(study), "--participant", "P001", "--protocol", str(protocol)]
    session = Child(
        "session", [*words, "--simulate", "--headless", "--console", "0", EVENTS]
    )
    console = None
    try:
        line = session.wait_for("link", timeout_s=30)["lines"][0].split()
        assert line[:2] == ["emer-studio", "console"]
        address = f"{HOST}:{line[2].rpartition(':')[2]}"
        console = Child("console", ["console", address, *line[3:], EVENTS])
        assert console.wait_for("welcome", timeout_s=30)["participant"] == "P001"
        assert console.wait_for("live", timeout_s=30)
        while console.wait_for("state", timeout_s=60)["state"] != "clip":
            pass
        console.send("note", text="from afar")
        console.send("abort")
        result = console.wait_for("result", timeout_s=60)
        assert result["state"] == "aborted"
        assert console.finish(20) == 0
        assert session.finish(20) == 0
    finally:
        for child in (console, session):
            if child is not None:
                child.stop()
    journal = read_journal(Path(result["session"]))
    told = {e["event"]: e for e in journal if e.get("who") == HOST}
    assert told["remote_console"]["here"] is True
    assert told["note"]["text"] == "from afar"
    assert told["operator"]["asked"] == "abort"
    assert not any("marker" in text for text in result["findings"])

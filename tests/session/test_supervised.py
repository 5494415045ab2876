"""Processes that die at the worst moment are begun anew, and not for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from emer_studio.session.supervised import Supervised
from senders import Sender


@pytest.fixture
def sender(unique: str) -> Iterator[Sender]:
    sender = Sender(f"sup-{unique}", "50", f"sup-{unique}")
    yield sender
    sender.kill()


def test_a_run_that_dies_before_anyone_waits_for_it_is_followed_by_others(
    sender: Sender, tmp_path: Path
) -> None:
    told: list[dict[str, object]] = []
    ended = threading.Event()

    def hear(_who: str, event: dict[str, object]) -> None:
        told.append(event)
        if event["event"] == "gave_up":
            ended.set()

    process = Supervised(
        "recorder",
        lambda run: [
            "record",
            *("--out", str(tmp_path / f"{run}.xdf")),
            *("--stream", sender.name, "--seconds", "0.05", "--events"),
        ],
        ready="recording",
        on_event=hear,
    )
    try:
        time.sleep(2.5)  # it has come and gone by now
        assert process.wait_until_ready()["event"] == "recording"
        assert ended.wait(40)  # ends by itself every time: this makes no sense for ever
    finally:
        process.stop(5.0)
    assert process.gave_up
    assert process.runs == 5
    assert len(list(tmp_path.glob("*.xdf"))) == 5  # what each run recorded is kept
    assert sum(e["event"] == "finding" for e in told) == 4


def test_a_spare_process_is_the_next_run_and_ends_with_the_last(
    sender: Sender, tmp_path: Path
) -> None:
    told: list[dict[str, object]] = []
    process = Supervised(
        "recorder",
        lambda run: [
            "record",
            *("--out", str(tmp_path / f"{run}.xdf"), "--stream", sender.name, "--events"),
        ],
        ready="recording",
        on_event=lambda _who, event: told.append(event),
    )
    try:
        process.wait_until_ready()
        process.keep_spare("record")
        spare = process._spare
        assert spare is not None
        process.child.kill()
        deadline = time.monotonic() + 20
        while not any("started again" in str(e.get("what")) for e in told):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert process.child is spare
        assert process._spare is not spare  # and there is another one
    finally:
        process.stop(5.0)
    assert not spare.running
    assert {path.name for path in tmp_path.glob("*.xdf")} == {"1.xdf", "2.xdf"}


def test_a_spare_that_died_or_cannot_be_had_stops_nothing(
    sender: Sender, tmp_path: Path
) -> None:
    told: list[dict[str, object]] = []
    log = tmp_path / "log.txt"
    process = Supervised(
        "recorder",
        lambda run: [
            "record",
            *("--out", str(tmp_path / f"{run}.xdf"), "--stream", sender.name, "--events"),
        ],
        ready="recording",
        on_event=lambda _who, event: told.append(event),
        log=lambda: log,
    )
    try:
        process.wait_until_ready()
        process.keep_spare("record")
        dead = process._spare
        assert dead is not None
        dead.kill()
        process.child.kill()
        deadline = time.monotonic() + 20
        while not any("started again" in str(e.get("what")) for e in told):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert process.child is not dead
        assert process.runs == 2  # the dead one was no attempt
        log = tmp_path  # a folder: no file of errors can be opened
        process._drop(process._spare)
        process._spare = None
        process.keep_spare("record")
        assert process._spare is None
    finally:
        process.stop(5.0)


def test_a_spare_that_dies_waiting_is_replaced_and_not_for_ever(
    unique: str, tmp_path: Path
) -> None:
    told: list[dict[str, object]] = []
    process = Supervised(
        "camera",
        lambda run: [
            "camera",
            *("--camera", "sim", "--out", str(tmp_path / f"{run}.mkv")),
            *("--source-id", unique, "--width", "160", "--height", "120", "--events"),
        ],
        ready="camera_ready",
        on_event=lambda _who, event: told.append(event),
    )

    def until(happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not happened():
            assert time.monotonic() < deadline
            time.sleep(0.02)

    try:
        process.wait_until_ready()
        process.keep_spare("camera")
        spares = [process._spare]
        for _ in range(3):
            spares[-1].kill()
            until(lambda: process._spare not in (None, spares[-1]))
            spares.append(process._spare)
        assert not [e for e in told if e["event"] in ("down", "gave_up")]
        process.child.kill()
        until(lambda: any("started again" in str(e.get("what")) for e in told))
        assert process.child is spares[-1]  # the last of them was ready
        until(lambda: process._spare is not None)
        process._spare.kill()  # the fourth to die waiting
        until(lambda: process._spare is None)
        assert process.up
        assert process.runs == 2
        assert sum(e["event"] == "down" for e in told) == 1
    finally:
        process.stop(5.0)
    assert not any(spare.running for spare in spares)

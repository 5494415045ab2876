"""Who belongs to a recording: restarted, moved, doubled and late senders."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from emer_studio.recording.lookout import Add, GoOn, Lookout, Tell
from emer_studio.streams.inlets import Found

FOUND = Found(
    name="Tobii",
    type="Gaze",
    source_id="tracker-1",
    hostname="here",
    nominal_hz=120.0,
    channel_count=6,
    channel_format="float32",
    uid="run-1",
    info=None,
)
AGAIN = replace(FOUND, uid="run-2")


@dataclass
class FakeTrack:
    found: Found
    lost: bool = False
    quiet: bool = True
    lost_since_s: float = float("inf")
    connecting: bool = False
    query: str = "Tobii"


def seen_over(
    lookout: Lookout, found: list[Found], tracks: list[Any], seconds: float = 10.0
) -> list[GoOn | Add | Tell]:
    """Look ten times a second, carrying out nothing."""
    actions: list[GoOn | Add | Tell] = []
    for tick in range(int(seconds * 10)):
        for action in lookout.look(found, tracks, 100.0 + tick / 10):
            if action not in actions:
                actions.append(action)
    return actions


def test_a_sender_that_is_there_needs_nothing() -> None:
    assert seen_over(Lookout(["Tobii"]), [FOUND], [FakeTrack(FOUND)]) == []


def test_a_restarted_sender_is_taken_up_at_once() -> None:
    track = FakeTrack(FOUND, lost=True, lost_since_s=100.0)
    (first, *_) = Lookout(["Tobii"]).look([AGAIN], [track], 100.2)
    assert first == GoOn(track, AGAIN)


def test_a_sender_that_left_no_trace_is_replaced_by_its_next_run() -> None:
    track = FakeTrack(FOUND)  # its connection never broke, it just does not answer any more
    assert seen_over(Lookout(["Tobii"]), [AGAIN], [track]) == [GoOn(track, AGAIN)]


def test_a_track_that_still_delivers_is_not_left_for_a_twin() -> None:
    track = FakeTrack(FOUND, quiet=False)  # only its answers to discovery were missed
    (action,) = seen_over(Lookout(["Tobii"]), [AGAIN], [track])
    assert isinstance(action, Tell)


def test_a_broken_connection_to_a_living_sender_is_made_anew() -> None:
    track = FakeTrack(FOUND, lost=True, lost_since_s=100.0)
    lookout = Lookout(["Tobii"])
    assert list(lookout.look([FOUND], [track], 101.0)) == []  # it may only seem to live
    assert list(lookout.look([FOUND], [track], 104.0)) == [GoOn(track, FOUND)]


@pytest.mark.parametrize("queries", [["Tobii"], []])
def test_a_sender_on_another_host_is_recorded_apart_and_reported(
    queries: list[str],
) -> None:
    track = FakeTrack(FOUND, lost=True, lost_since_s=100.0)
    elsewhere = replace(AGAIN, hostname="next-room")
    (action,) = seen_over(Lookout(queries), [elsewhere], [track], 1.0)
    assert isinstance(action, Add)
    assert "here" in action.why
    assert "next-room" in action.why


def test_a_second_stream_with_our_id_is_reported_once_and_left_alone() -> None:
    twin = replace(AGAIN, hostname="next-room")
    (action,) = seen_over(Lookout(["Tobii"]), [FOUND, twin], [FakeTrack(FOUND)])
    assert isinstance(action, Tell)
    assert "not recorded" in action.what


def test_a_second_stream_with_our_id_is_recorded_where_everything_is() -> None:
    (action,) = seen_over(Lookout([]), [FOUND, AGAIN], [FakeTrack(FOUND, query="")])
    assert isinstance(action, Add)
    assert action.found == AGAIN


def test_without_a_source_id_the_same_shape_on_the_same_host_is_the_same_sender() -> None:
    nameless, again = replace(FOUND, source_id=""), replace(AGAIN, source_id="")
    track = FakeTrack(nameless, lost=True, lost_since_s=100.0)
    tell, go_on = seen_over(Lookout(["Tobii"]), [again], [track], 0.5)
    assert isinstance(tell, Tell)
    assert go_on == GoOn(track, again)


def test_other_channels_are_another_stream() -> None:
    track = FakeTrack(FOUND, lost=True, lost_since_s=100.0)
    wider = replace(AGAIN, channel_count=38)
    assert seen_over(Lookout(["Tobii"]), [wider], [track]) == []


def test_a_late_stream_joins_when_it_was_asked_for() -> None:
    late = replace(FOUND, name="Late", source_id="late", uid="late-1")
    track = FakeTrack(FOUND)
    assert seen_over(Lookout(["Tobii"]), [FOUND, late], [track]) == []
    (action,) = seen_over(Lookout(["Tobii", "Late"]), [FOUND, late], [track])
    assert isinstance(action, Add)
    assert action.query == "Late"
    (action,) = seen_over(Lookout([]), [FOUND, late], [replace_query(track, "")])
    assert isinstance(action, Add)


def replace_query(track: FakeTrack, query: str) -> FakeTrack:
    return replace(track, query=query)


def test_nothing_is_decided_while_a_track_connects() -> None:
    track = FakeTrack(FOUND, lost=True, lost_since_s=100.0, connecting=True)
    assert seen_over(Lookout([]), [AGAIN], [track]) == []

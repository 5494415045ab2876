"""What the alarm bar says, and when it goes."""

from __future__ import annotations

import pytest

from emer_studio.ui.session.alarms import Alarms


class Clock:
    """A clock that is set by hand."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def alarms(clock):
    return Alarms(clock)


def row(name="Tobii", kind="Gaze", state="ok", **fields):
    return {"name": name, "type": kind, "state": state, "samples": 9, **fields}


def recorder(*rows, who="recorder", **fields):
    return {"event": f"{who}_status", "streams": list(rows), "free_gb": 50.0, **fields}


def test_a_silent_tracker_is_told_and_forgotten_when_it_is_well(alarms):
    alarms.take(recorder(row()))
    assert alarms.now() == []
    alarms.take(recorder(row(state="silent", age_s=3.1)))
    assert alarms.now() == ["Gaze: silent for 3 s. Check the tracker."]
    alarms.take(recorder(row(state="lost", age_s=7.0)))
    assert alarms.now() == ["Gaze: disconnected for 7 s. Check the tracker."]
    alarms.take(recorder(row(state="connecting", age_s=8.0)))
    assert alarms.now() == ["Gaze: being connected again."]
    alarms.take(recorder(row()))
    assert alarms.now() == []


def test_a_stream_that_is_missing_after_a_restart_is_told(alarms):
    alarms.take(recorder(row(), row("EMER_Markers", "Markers")))
    alarms.take(recorder(row("EMER_Markers", "Markers")))
    assert alarms.now() == ["Gaze: is not there. Check the tracker."]


def test_a_stream_that_goes_on_elsewhere_is_well(alarms):
    alarms.take(recorder(row(state="lost", age_s=9.0), row()))
    assert alarms.now() == []


def test_a_dead_recorder_is_told_within_two_seconds(alarms, clock):
    alarms.take(recorder(row()))
    clock.now_s += 1.3
    assert alarms.now() == []
    clock.now_s += 0.3
    assert alarms.now() == ["Recorder: its program has stopped and is being started again."]
    alarms.take(recorder(row(), who="standby recorder"))
    assert alarms.now()[0].endswith("The second recorder goes on recording.")
    alarms.take(recorder(row()))
    assert alarms.now() == []


def test_a_death_that_is_reported_is_told_at_once(alarms):
    alarms.take(recorder(row()))
    alarms.take({"event": "down", "who": "recorder"})
    assert alarms.now()[0].startswith("Recorder: its program has stopped")
    alarms.take(recorder(row()))
    assert alarms.now() == []


def test_a_camera_is_told_once_whoever_notices(alarms, clock):
    silent = {"event": "camera_status", "problem": "no picture for 2.2 s", "silent_s": 2.2}
    alarms.take(silent)
    alarms.take(recorder(row("EMER_Webcam", "VideoFrames", "silent", age_s=2.0)))
    assert alarms.now() == ["Camera: no picture for 2 s. Check the camera."]
    clock.now_s += 2
    alarms.take(recorder(row("EMER_Webcam", "VideoFrames", "lost", age_s=4.0)))
    assert alarms.now() == ["Camera: its program has stopped and is being started again."]
    what = "the camera process ended unexpectedly (exit code 1) and is not started again"
    alarms.take({"event": "journal", "entry": {"event": "finding", "what": what}})
    assert alarms.now() == ["Camera: its program has stopped for good."]


def test_little_room_on_the_disk_is_told(alarms):
    alarms.take(recorder(row(), free_gb=1.25))
    assert alarms.now() == ["Disk: only 1.2 GB are free."]


def test_the_end_of_a_session_is_no_alarm(alarms, clock):
    alarms.take(recorder(row()))
    alarms.take({"event": "state", "state": "done"})
    clock.now_s += 20
    assert alarms.now() == []
    alarms.begin()
    alarms.take(recorder(row(state="silent", age_s=1.0)))
    assert alarms.now()

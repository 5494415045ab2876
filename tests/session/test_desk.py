"""What the operator asks for: what is done with it, what is written, what waits."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from emer_studio.session.desk import Desk


class Window:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def send(self, name: str, /, **_fields: Any) -> None:
        self.told.append(name)

    def put(self, name: str, /, **fields: Any) -> None:
        self.told.append(f"{name} {fields['kind']}")


@pytest.fixture
def desk() -> Any:
    made = Desk(threading.Event())
    made.written = []
    made.window = Window()
    record = lambda name, **fields: made.written.append((name, fields))  # noqa: E731
    made.open(made.window, record)
    return made


def test_every_command_is_written_and_the_keyboard_goes_back(desk: Any) -> None:
    for name in ("pause", "resume", "skip", "repeat", "moment", "note", "unheard-of"):
        desk.obey({"cmd": name, "text": "noise"})
    assert [name for name, _ in desk.written] == [*["operator"] * 4, "moment", "note"]
    assert desk.window.told == [
        *("pause", "focus", "resume", "focus", "trial_request skip", "focus"),
        *("trial_request repeat", "focus", "focus", "focus", "focus"),
    ]


def test_a_key_in_the_participants_window_does_what_needs_no_answer(desk: Any) -> None:
    assert desk.press("moment")
    assert desk.press("pause")
    assert not any(desk.press(name) for name in ("skip", "repeat", "note"))
    assert desk.written == [
        ("moment", {"at": "participant"}),
        ("operator", {"asked": "pause", "at": "participant"}),
    ]


def test_what_waits_for_the_end_of_the_trial_comes_once(desk: Any) -> None:
    assert not desk.between()
    desk.obey({"cmd": "check_gaze"})
    desk.obey({"cmd": "pause_after"})
    assert "pause" not in desk.window.told
    assert desk.between()
    assert desk.window.told[-1] == "pause"
    assert not desk.between()
    assert desk.window.told.count("pause") == 1


def test_a_question_that_stood_too_long_skips_no_other_trial(desk: Any) -> None:
    desk.trial = 4
    desk.obey({"cmd": "skip", "trial": 3})
    assert desk.window.told == ["focus"]
    assert desk.written == [("operator", {"asked": "skip", "too_late": True})]
    desk.obey({"cmd": "skip", "trial": 4})
    assert desk.window.told[1:] == ["trial_request skip", "focus"]

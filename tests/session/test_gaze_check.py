"""The check of an eye tracker in a session: what is shown, judged and written down."""

from __future__ import annotations

import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emer_studio.core import clock
from emer_studio.core.errors import MissingError
from emer_studio.devices.eyetracker_sim import GAZE_CHANNELS, gaze_rows
from emer_studio.schema.protocol import Protocol, Validation, find_protocol, load_protocol
from emer_studio.schema.streams import Channel, StreamHeader, recognise
from emer_studio.session.gaze_check import (
    EACH_S,
    LiveGaze,
    judge,
    layout_of,
    places_of,
)
from emer_studio.session.gaze_plot import draw
from emer_studio.session.patience import PatientPresenter
from emer_studio.session.plan import build_plan
from emer_studio.session.presenting import Presenter
from emer_studio.session.requests import Finish, PauseRequest, StopRequest
from emer_studio.session.runner import Runner, State
from emer_studio.session.steps import GazeCheck, Run, Text, steps_of
from emer_studio.stimulus.library import manifest_of
from emer_studio.streams.outlets import Outlet, OutletSpec
from emer_studio.synthetic.gaze import GazeModel
from presenters import HeadlessPresenter

DISPLAY = {"width_px": 1920, "height_px": 1080, "width_mm": 531.0, "height_mm": 299.0}
RATE_HZ = 250.0


@pytest.mark.parametrize("points", [5, 9, 13])
def test_the_points_spread_over_the_page_in_an_order_of_their_own(points: int) -> None:
    places = places_of(points, "P001/1/1")
    assert len(set(places)) == points
    assert np.mean(places, axis=0) == pytest.approx([0.5, 0.5])
    assert np.ptp(places, axis=0) == pytest.approx([0.8, 0.8])
    assert places_of(points, "P001/1/1") == places
    other = places_of(points, "P001/1/2")
    assert other != places
    assert sorted(other) == sorted(places)


def header(channels: tuple[Channel, ...]) -> StreamHeader:
    fields: dict[str, Any] = {"name": "T", "type": "Gaze", "channel_format": "float32"}
    fields |= {"source_id": "x", "hostname": "h", "simulated": True, "configured_hz": 0.0}
    return StreamHeader(
        **fields, nominal_hz=RATE_HZ, channels=channels, channel_count=len(channels)
    )


def simulated(points: int = 9, **model: float) -> tuple[Any, ...]:
    """What a simulated tracker sends while its eyes follow the targets."""
    tracker = GazeModel(3, RATE_HZ, **model)
    targets, rows, now_s = [], [gaze_rows(tracker, 250, "neutral")], 50.0
    for number, (x, y) in enumerate(places_of(points, "1"), start=1):
        tracker.look_at((x, y))
        rows.append(gaze_rows(tracker, round(EACH_S * RATE_HZ), "neutral"))
        when = {"shown_s": now_s, "gone_s": now_s + EACH_S}
        targets.append({"number": number, "x": x, "y": y, **when})
        now_s += EACH_S
    values = np.concatenate(rows)
    stamps_s = 49.0 + np.arange(len(values)) / RATE_HZ
    return recognise(header(GAZE_CHANNELS)), values, stamps_s, targets


@pytest.mark.parametrize(("accuracy", "noise"), [(0.4, 0.1), (0.8, 0.3)])
def test_a_simulated_trackers_error_and_noise_are_found_again(accuracy, noise) -> None:
    facts = judge(*simulated(accuracy_deg=accuracy, noise_deg=noise), DISPLAY, Validation())
    assert facts["accepted"], facts["why"]
    # The model counts in fractions of a flat screen, hence up to 12 % at its edges.
    assert facts["accuracy_deg"] == pytest.approx(accuracy, rel=0.15)
    for eye in ("left", "right"):
        assert facts["eyes"][eye]["sd_deg"] == pytest.approx(noise * 2**0.5, rel=0.15)
        assert facts["eyes"][eye]["rms_deg"] == pytest.approx(noise * 2, rel=0.15)
    assert facts["rate_hz"] == pytest.approx(RATE_HZ, abs=0.1)
    assert facts["geometry"]["distance_from"] == "tracker"
    assert facts["geometry"]["distance_mm"] == pytest.approx(650, abs=75)
    assert len(facts["points"]) == 9
    assert facts["doubts"] == []


def test_what_is_not_within_the_limits_is_said_and_drawn() -> None:
    layout, values, stamps_s, targets = simulated(5, accuracy_deg=1.5)
    values[:, :8] = np.nan  # the left eye
    values[stamps_s > targets[-1]["shown_s"], :] = np.nan
    facts = judge(layout, values, stamps_s, targets, {}, Validation(points=5))
    assert not facts["accepted"]
    assert facts["points"][-1]["accuracy_deg"] is None
    assert len(facts["why"]) == 3
    assert "the mean error is 1." in facts["why"][0]
    assert "the left eye is lost for 100 % of the time" in facts["doubts"]
    assert "a display of 531 x 299 mm was assumed" in facts["doubts"]
    picture = ET.fromstring(draw(facts))
    texts = [text.text or "" for text in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert any(text.endswith(": no gaze") for text in texts)
    assert sum(text.endswith("°") for text in texts) == 4 + 1  # the points, and the scale


def test_eyes_that_look_elsewhere_are_not_accepted() -> None:
    layout, values, stamps_s, _ = simulated(5)
    freely = gaze_rows(GazeModel(3, RATE_HZ), len(values), "neutral")
    targets = simulated(5)[3]
    facts = judge(layout, freely, stamps_s, targets, DISPLAY, Validation(points=5))
    assert not facts["accepted"]
    assert facts["accuracy_deg"] > 2


def test_a_stream_without_gaze_on_the_screen_is_refused() -> None:
    with pytest.raises(MissingError, match="do not say which is the gaze"):
        layout_of(header((Channel("a", ""), Channel("b", ""))))


def test_a_live_tracker_that_cannot_be_measured_does_not_end_the_session(
    unique: str, tmp_path: Path
) -> None:
    pixels = tuple(
        Channel(f"left_{axis}", f"Screen{axis.upper()}", "pixels", "left") for axis in "xy"
    )
    spec = OutletSpec(unique, "Gaze", pixels, "float32", 100.0, f"id-{unique}")
    outlet = Outlet(spec)

    class Watched(HeadlessPresenter):
        def targets(self, places: Any, each_s: float) -> list[dict[str, Any]]:
            begin_s = clock.now_s()
            for k in range(20):
                outlet.push([float(k), 1.0], clock.now_s())
                time.sleep(0.01)
            row = {"number": 1, "x": 0.5, "y": 0.5}
            return [{**row, "shown_s": begin_s, "gone_s": clock.now_s()}]

    try:
        check = LiveGaze(unique, {}, tmp_path, "seed")  # nobody knows the display's size
        facts = check(Validation(points=5), Watched())
    finally:
        outlet.close()
    assert not facts["accepted"]
    assert "size of the display" in facts["why"][0]
    assert list(tmp_path.iterdir()) == []


def test_a_pause_is_written_down_while_the_tracker_is_still_looked_for(
    unique: str, tmp_path: Path
) -> None:
    written = []
    paused = threading.Event()

    class Looking(HeadlessPresenter):
        def wait_until(self, done: Callable[[], bool]) -> None:
            if not paused.is_set():
                assert not done()
                raise PauseRequest("operator", 1.0)
            super().wait_until(done)

    def sit_out(request: PauseRequest) -> None:
        written.append(request.by)
        paused.set()

    check = LiveGaze(unique, {}, tmp_path, "seed", wait_s=0.5)
    facts = check(Validation(points=5), PatientPresenter(Looking(), sit_out))
    assert written == ["operator"]
    assert "did not appear" in facts["why"][0]


def test_the_end_of_a_session_does_not_wait_for_a_tracker(
    unique: str, tmp_path: Path
) -> None:
    presenter = HeadlessPresenter(1, StopRequest(Finish.ABORTED))
    check = LiveGaze(unique, {}, tmp_path, "seed", wait_s=3600.0)
    with pytest.raises(StopRequest):
        check(Validation(points=5), presenter)


BLOCKS = [
    {
        "id": "main",
        "ratings": ["sam"],
        "breaks": {"every": 2, "text": {"en": "Rest."}},
    }
]


def protocol_with(**wanted: Any) -> tuple[Protocol, tuple[Any, ...]]:
    path = find_protocol("demo")
    raw = load_protocol(path).model_dump(exclude_unset=True)
    change = {"validation": wanted, "blocks": BLOCKS, "baseline_s": 1.0}
    protocol = Protocol.model_validate(raw | change)
    plan = build_plan(protocol, manifest_of(protocol, path)[0], participant_index=0, seed=1)
    return protocol, tuple(steps_of(protocol, plan))


def test_the_check_stands_before_the_baseline_and_after_breaks_where_asked() -> None:
    _, steps = protocol_with(points=5)
    (at,) = [k for k, step in enumerate(steps) if isinstance(step, GazeCheck)]
    assert not any(isinstance(step, Run) for step in steps[:at])
    _, steps = protocol_with(points=5, after_breaks=True)
    checks = [k for k, step in enumerate(steps) if isinstance(step, GazeCheck)]
    assert len(checks) == 2
    before = steps[checks[1] - 1]
    assert isinstance(before, Text)
    assert before.what == "break"


def run_with(
    answers: list[dict[str, Any]],
    presenter: HeadlessPresenter,
    between: Any = lambda: None,
    **wanted: Any,
):
    written: list[tuple[str, dict[str, Any]]] = []
    states: list[State] = []

    def check(limits: Validation, shown_by: Presenter) -> dict[str, Any]:
        assert len(shown_by.targets(places_of(limits.points, "x"), EACH_S)) == limits.points
        return answers.pop(0)

    runner = Runner(
        protocol_with(**wanted)[1],
        presenter,
        title="T",
        language="en",
        record=lambda name, **fields: written.append((name, fields)),
        announce=lambda state, trial: states.append(state),
        situation=lambda trial: None,
        check_gaze=check,
        between=between,
    )
    assert runner.run() is Finish.COMPLETE
    assert State.VALIDATION in states
    checks = [fields for name, fields in written if name == "validation"]
    return checks, [fields["what"] for name, fields in written if name == "finding"]


BAD = {"accepted": False, "why": ["too far"], "points": []}
GOOD = {"accepted": True, "why": [], "points": []}


def test_it_is_repeated_until_accepted() -> None:
    checks, findings = run_with([BAD, GOOD], HeadlessPresenter(), points=5)
    assert [(c["number"], c["accepted"], c["last"]) for c in checks] == [
        (1, False, False),
        (2, True, True),
    ]
    assert findings == []


def test_after_the_allowed_tries_the_session_goes_on_with_a_finding() -> None:
    checks, findings = run_with([BAD, BAD], HeadlessPresenter(), points=5, tries=2)
    assert [c["last"] for c in checks] == [False, True]
    assert findings == ["the eye tracker was not accepted: too far"]


def test_a_tracker_that_is_not_there_is_not_waited_for_again() -> None:
    gone = {"accepted": False, "why": ["gone"], "doubts": []}
    checks, findings = run_with([gone], HeadlessPresenter(), points=5)
    assert len(checks) == 1
    assert findings == ["the eye tracker was not accepted: gone"]


def test_a_pause_shows_all_points_again() -> None:
    presenter = HeadlessPresenter(pauses=(3,))
    run_with([GOOD], presenter, points=5)
    assert presenter.calls[2:5] == ["targets", "wait_out", "targets"]


def test_the_operator_asks_for_one_between_trials_and_before_a_clip_shown_anew() -> None:
    asked = [GazeCheck("asked", Validation(points=5))]
    checks, _ = run_with(
        [GOOD, GOOD],
        HeadlessPresenter(),
        lambda: asked.pop() if asked else None,
        points=5,
    )
    assert [c["when"] for c in checks] == ["asked", "start"]
    plain = HeadlessPresenter()
    run_with([GOOD], plain, points=5)
    cross = next(k for k, name in enumerate(plain.calls, start=1) if name == "play")
    before_it = HeadlessPresenter(asked=(cross, "repeat"))
    wanted: list[GazeCheck] = []

    def between() -> GazeCheck | None:
        if before_it.calls[-1:] == ["play"]:  # in the trial itself
            wanted.append(GazeCheck("asked", Validation(points=5)))
            return wanted[-1]
        return None

    checks, _ = run_with([GOOD, GOOD], before_it, between, points=5)
    assert [c["when"] for c in checks] == ["start", "asked"]

"""The whole process, as its parent meets it: JSON lines, a real clip, real files."""

from __future__ import annotations

import csv
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from clips import write_clip
from emer_studio.core import clock
from emer_studio.core.process import Child
from emer_studio.session.clock_watch import STOOD_S

SAM = {"id": "sam", "kind": "sam", "dimensions": ["valence", "arousal", "dominance"]}
CHOICE = {
    "id": "emotion",
    "kind": "choice",
    "question": {"en": "Which word fits best?"},
    "labels": ["fear", "neutral"],
}


class Window(Child):
    """A participant's process and everything it has said."""

    def __init__(self, folder: Path, *more: str) -> None:
        self.heard: list[dict] = []
        self.presented = folder / "presented.csv"
        super().__init__(
            "participant",
            ["participant", "--presented", str(self.presented), "--windowed", *more],
            on_event=self.heard.append,
            stderr_path=folder / "stderr.txt",
        )

    def names(self) -> list[str]:
        return [event["event"] for event in self.heard]


@pytest.fixture
def start(tmp_path) -> Iterator:
    started: list[Window] = []

    def begin(*more: str) -> Window:
        window = Window(tmp_path, *more)
        started.append(window)
        return window

    yield begin
    for window in started:
        if window.running:
            window.kill()
        window.stop()


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clips") / "two.mp4", seconds=2.0)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_trial_with_a_simulated_participant(start, clip, tmp_path):
    window = start("--simulate", "--seed", "3", "--snapshot", str(tmp_path / "pages"))
    ready = window.wait_for("ready", timeout_s=20)
    assert ready["simulated"]
    assert ready["display"]["width_px"] > 0
    window.send("show", page="text", title="Hello", body="Welcome.", button=None)
    window.wait_for("page_done", timeout_s=5)
    window.send("prepare", trial=1, clip="two", file=str(clip), trim_in_s=0)
    facts = window.wait_for("clip_ready", timeout_s=10)
    assert (facts["width"], facts["height"], facts["frames"]) == (320, 180, 60)
    window.send("situation", emotion="fear", valence=-1.0, arousal=1.0)
    before = clock.now_s()
    window.send("play")
    onset = window.wait_for("clip_onset", timeout_s=5)
    assert before < onset["t_s"] < before + 0.5
    end = window.wait_for("clip_end", timeout_s=10)
    assert end["complete"]
    assert end["t_s"] - onset["t_s"] == pytest.approx(2.0, abs=0.2)
    window.send("rate", trial=1, page=SAM)
    rating = window.wait_for("rating", timeout_s=10)
    assert rating["value"]["valence"] <= 4
    assert rating["value"]["arousal"] >= 6
    for name, value in rating["value"].items():
        assert rating["mapped"][name] == (value - 5) / 4
    assert rating["input"] == "keyboard"
    assert rating["simulated"]
    window.send("rate", trial=1, page=CHOICE)
    assert window.wait_for("rating", timeout_s=10)["value"] in ("fear", "neutral")
    assert window.names().count("rating_change") >= 4

    rows = _rows(window.presented)
    assert len(rows) == end["summary"]["shown"]
    assert float(rows[0]["shown_s"]) == pytest.approx(onset["t_s"], abs=1e-5)
    assert end["summary"]["expected"] == 60
    skipped = sum(int(row["dropped_before"]) for row in rows)
    assert len(rows) + skipped <= 60
    assert end["summary"]["shown"] + end["summary"]["dropped"] == 60
    started = time.monotonic()
    assert window.stop() == 0
    assert time.monotonic() - started < 1.0
    names = [path.name for path in sorted((tmp_path / "pages").iterdir())]
    assert [name[4:] for name in names[:2]] == ["text.png", "clip-last-picture.png"]


def test_the_end_of_the_input_in_the_middle_of_a_clip_closes_the_files(start, clip):
    window = start()
    window.wait_for("ready", timeout_s=20)
    window.send("prepare", trial=7, clip="two", file=str(clip))
    window.wait_for("clip_ready", timeout_s=10)
    window.send("play")
    window.wait_for("clip_onset", timeout_s=5)
    time.sleep(0.4)
    started = time.monotonic()
    assert window.stop() == 0
    assert time.monotonic() - started < 1.0
    end = next(event for event in window.heard if event["event"] == "clip_end")
    assert not end["complete"]
    rows = _rows(window.presented)
    assert len(rows) == end["summary"]["shown"] > 3
    assert {row["trial"] for row in rows} == {"7"}


def test_what_goes_wrong_is_reported_and_the_window_lives_on(start, clip, tmp_path):
    window = start("--language", "zh")
    window.wait_for("ready", timeout_s=20)
    window.send("prepare", trial=1, clip="gone", file=str(tmp_path / "gone.mp4"))
    assert "There is no clip" in window.wait_for("clip_failed", timeout_s=5)["text"]
    for command, fields in (
        ("play", {}),
        ("dance", {}),
        ("show", {"page": "moon"}),
        ("show", {}),
        ("rate", {"trial": 1, "page": {"id": "x", "kind": "sam"}}),
        ("prepare", {"trial": "one", "clip": "a", "file": "b"}),
    ):
        window.send(command, **fields)
        assert window.wait_for("error", timeout_s=5)["text"], command
    picture = tmp_path / "deep" / "shot.png"
    window.send("snapshot", path=str(picture))
    window.wait_for("snapshot", timeout_s=5)
    assert picture.stat().st_size > 500
    window.send("quit")
    deadline = time.monotonic() + 2
    while window.running and time.monotonic() < deadline:
        time.sleep(0.02)
    assert window.returncode == 0


def test_ctrl_c_of_the_terminal_is_left_to_the_parent(start):
    window = start()
    window.wait_for("ready", timeout_s=20)
    window._process.send_signal(signal.SIGINT)
    window.send("show", page="fixation")
    assert window.wait_for("page_shown", timeout_s=5)["page"] == "fixation"
    assert window.stop() == 0


@pytest.mark.parametrize(
    ("more", "words"),
    [(["--language", "xx"], "no texts"), (["--display", "9"], "no display 9")],
)
def test_wrong_arguments_end_with_code_2(start, tmp_path, more, words):
    window = start(*more)
    assert window._process.wait(20) == 2
    assert words in (tmp_path / "stderr.txt").read_text()
    window.stop()
    assert words in window.last_error  # its parent, and so the operator, hears why
    assert window.last_code == 2


def test_a_clip_across_which_everything_stood_still_does_not_end_as_whole(start, clip):
    """The picture would catch up: its end is past before anybody can ask for a pause."""
    window = start()
    window.wait_for("ready", timeout_s=20)
    window.send("prepare", trial=1, clip="two", file=str(clip))
    window.wait_for("clip_ready", timeout_s=10)
    window.send("play")
    window.wait_for("clip_onset", timeout_s=5)
    process = psutil.Process(window.pid)
    process.suspend()
    time.sleep(STOOD_S + 0.5)
    process.resume()
    end = window.wait_for("clip_end", timeout_s=5)
    assert not end["complete"]
    assert window.wait_for("pause_requested", timeout_s=5)["by"] == "suspend"
    assert "the clip stood still for" in window.wait_for("finding", timeout_s=5)["what"]

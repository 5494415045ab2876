"""Pauses: what breaks off, what is kept, who ends them, and the mirror meanwhile."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from clips import write_clip
from emer_studio.core.process import Child
from emer_studio.core.ring import RingReader
from emer_studio.devices.audio import open_output
from emer_studio.stimulus.framelog import FrameLog
from emer_studio.ui.participant import pages
from emer_studio.ui.participant.display_watch import DisplayWatch
from emer_studio.ui.participant.mirror import MIRROR_SIZE, Mirror
from emer_studio.ui.participant.pages import BlankPage
from emer_studio.ui.participant.pause_page import PausePage
from emer_studio.ui.participant.presenter import ClipPresenter
from emer_studio.ui.participant.process import ParticipantProcess
from emer_studio.ui.participant.window import ParticipantWindow
from emer_studio.ui.words import Words

K = Qt.Key
SAM = {"id": "sam", "kind": "sam", "dimensions": ["valence", "arousal"]}


@pytest.fixture
def process(qtbot, monkeypatch, tmp_path):
    monkeypatch.setattr(pages, "_DEAF_S", 0.0)
    words = Words("en", "participant")
    window = ParticipantWindow(words)
    window.resize(640, 360)
    window.show()
    presenter = ClipPresenter(FrameLog(tmp_path / "presented.csv"), open_output())
    heard = []
    process = ParticipantProcess(
        window, presenter, words, lambda name, **fields: heard.append((name, fields))
    )
    process.heard, process.window, process.presenter = heard, window, presenter
    yield process
    window.finish()
    window.deleteLater()
    presenter.close()


def _told(process, name):
    return [fields for what, fields in process.heard if what == name]


def _do(process, name, **fields):
    process.command.emit({"cmd": name, **fields})


def _play(process, qtbot, path):
    _do(process, "prepare", trial=3, clip="c", file=str(path))
    qtbot.waitUntil(lambda: bool(_told(process, "clip_ready")), timeout=10_000)
    _do(process, "play")
    qtbot.waitUntil(lambda: bool(_told(process, "clip_onset")), timeout=5000)


def test_a_pause_breaks_a_clip_off_and_tells_its_end_first(process, qtbot, tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", seconds=5.0)
    _play(process, qtbot, clip)
    process.window.pause_requested.emit("escape")
    names = [name for name, _ in process.heard]
    assert names[-2:] == ["clip_end", "pause_requested"]
    end = _told(process, "clip_end")[0]
    assert end["complete"] is False
    assert 0 < end["summary"]["shown"] < end["summary"]["expected"]
    assert isinstance(process.window.page, PausePage)
    assert not process.presenter.playing


def test_a_rating_page_gives_what_was_filled_in_and_takes_it_again(process):
    _do(process, "rate", trial=1, page=SAM)
    QTest.keyClick(process.window, K.Key_7)
    process.window.pause_requested.emit("handle")
    asked = _told(process, "pause_requested")[0]
    assert asked["by"] == "participant"
    assert asked["how"] == "handle"
    QTest.keyClick(process.window, K.Key_Return)
    assert _told(process, "resumed")[0]["by"] == "participant"
    _do(process, "rate", trial=1, page=SAM, earlier=asked["answers"])
    QTest.keyClick(process.window, K.Key_Down)
    QTest.keyClick(process.window, K.Key_2)
    QTest.keyClick(process.window, K.Key_Return)
    assert _told(process, "rating")[0]["value"] == {"valence": 7, "arousal": 2}


def test_a_mark_that_a_pause_breaks_off_says_nothing_more(process, qtbot):
    _do(process, "mark", which="start")
    qtbot.waitUntil(lambda: bool(_told(process, "light")), timeout=5000)
    process.pause("operator")
    told = len(process.heard)
    qtbot.wait(1500)
    assert len(process.heard) == told
    assert isinstance(process.window.page, PausePage)
    _do(process, "mark", which="start")  # dropped, as all that is shown
    _do(process, "resume")
    _do(process, "mark", which="middle")
    assert "no mark" in _told(process, "error")[0]["text"]


def test_what_arrives_in_a_pause_is_not_shown(process):
    _do(process, "pause")
    page = process.window.page
    for command in ("show", "play", "rate"):
        _do(process, command, page="fixation", trial=1)
    assert process.window.page is page
    assert not _told(process, "error")
    _do(process, "resume")
    assert isinstance(process.window.page, BlankPage)
    assert _told(process, "resumed")[0]["by"] == "operator"
    _do(process, "resume")
    assert len(_told(process, "resumed")) == 1


def test_the_participant_does_not_end_a_pause_of_the_operator_but_may_end_it_all(process):
    _do(process, "pause")
    QTest.keyClick(process.window, K.Key_Return)
    assert not _told(process, "resumed")
    process.window.pause_requested.emit("close")
    assert not _told(process, "stop_requested")
    process.window.pause_requested.emit("escape")
    assert _told(process, "stop_requested")[0]["how"] == "escape"


def test_a_display_that_goes_away_pauses_hides_and_waits(process, qtbot):
    """The signals are the application's own; no display is unplugged here."""
    screen = QApplication.primaryScreen()
    watch = DisplayWatch(process.window, screen)
    process.watch(watch)
    QApplication.instance().screenRemoved.emit(screen)
    assert _told(process, "pause_requested")[0]["by"] == "display"
    assert not process.window.isVisible()
    _do(process, "resume")
    assert not _told(process, "resumed")
    QApplication.instance().screenAdded.emit(screen)
    assert process.window.isVisible()
    said = [fields["what"] for fields in _told(process, "finding")]
    assert [text.rpartition(" ")[2] for text in said] == ["gone", "display", "back"]
    _do(process, "resume")
    assert _told(process, "resumed")


@pytest.fixture
def two_displays(monkeypatch):
    """Two displays of an Xvfb, of which the right one can be unplugged."""
    if not (shutil.which("Xvfb") and shutil.which("xrandr")):
        pytest.skip("Xvfb and xrandr (Debian: xvfb, x11-xserver-utils) are not installed")
    read, write = os.pipe()
    command = ["Xvfb", "-noreset", "-displayfd", str(write), "-screen", "0", "1600x600x24"]
    server = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as answer:
        monkeypatch.setenv("DISPLAY", f":{answer.readline().strip()}")
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)

    def monitor(*words: str) -> None:
        subprocess.run(["xrandr", *words], check=True, capture_output=True)

    monitor("--setmonitor", "left", "800/200x600/150+0+0", "screen")
    right = ("--setmonitor", "right", "800/200x600/150+800+0", "none")
    monitor(*right)
    yield lambda plugged: monitor(*(right if plugged else ("--delmonitor", "right")))
    server.terminate()
    server.wait()


def test_a_display_is_really_unplugged_and_plugged_in_again(two_displays, tmp_path):
    words = ["participant", "--presented", str(tmp_path / "presented.csv")]
    child = Child("participant", [*words, "--display", "1"])
    try:
        assert child.wait_for("ready", timeout_s=30)["display"]["name"] == "right"
        two_displays(False)
        assert child.wait_for("pause_requested", timeout_s=10)["by"] == "display"
        child.send("resume")
        said = [child.wait_for("finding", timeout_s=10)["what"] for _ in range(2)]
        assert said[0] == "the display right is gone"
        assert said[1] == "the session waits for the participant's display"
        two_displays(True)
        assert "right is back" in child.wait_for("finding", timeout_s=10)["what"]
        child.send("snapshot", path=str(tmp_path / "page.png"))
        child.wait_for("snapshot", timeout_s=10)
        assert QPixmap(str(tmp_path / "page.png")).width() == 800
        child.send("resume")
        assert child.wait_for("resumed", timeout_s=10)["by"] == "operator"
    finally:
        child.stop()


def test_the_mirror_shows_pages_and_clips(process, qtbot, tmp_path):
    mirror = Mirror(process.window, tmp_path / "mirror.ring")
    process.presenter.mirror = mirror.clip
    reader = RingReader(tmp_path / "mirror.ring")
    _do(process, "show", page="blank", luminance=1.0)
    qtbot.waitUntil(lambda: reader.written > 0, timeout=3000)
    picture = reader.latest(1)[0]
    width, height = MIRROR_SIZE
    assert picture.shape == (height, width, 3)
    assert picture[height // 2].mean() > 250
    before = reader.written
    _play(process, qtbot, write_clip(tmp_path / "clip.mp4", seconds=2.0))
    qtbot.waitUntil(lambda: reader.written > before + 2, timeout=3000)
    assert reader.latest(1)[0].mean() < 60  # the clip begins dark, the page was white
    process.pause("operator")
    reader.close()
    mirror.close()

"""The presenter when something around a clip breaks: it ends, says why, and lives on."""

from __future__ import annotations

import gc
import time
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QWidget

from clips import write_clip
from emer_studio.devices.audio import SilentOutput
from emer_studio.stimulus.framelog import FrameLog, faults
from emer_studio.ui.participant.clip_page import ClipPage
from emer_studio.ui.participant.presenter import ClipPresenter, Preparation


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "a.mp4", seconds=0.5)


@pytest.fixture
def window(qtbot) -> QWidget:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(320, 180)
    window.show()
    return window


class Played:
    """A presenter, its log, and what it told."""

    def __init__(self, folder: Path, window: QWidget, qtbot) -> None:
        self.log = FrameLog(folder / "presented.csv")
        self.presenter = ClipPresenter(self.log, SilentOutput())
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.presenter.happened.connect(lambda name, what: self.told.append((name, what)))
        self._window, self._qtbot = window, qtbot

    def prepare(self, path: Path) -> None:
        before = len(self.told)
        self.presenter.prepare(Preparation(1, "a", path), (320, 180))
        self._qtbot.waitUntil(lambda: len(self.told) > before)

    def play(self) -> None:
        page = ClipPage(self._window)
        page.resize(320, 180)
        page.show()
        self.presenter.play(page)

    def end(self) -> dict[str, Any]:
        self._qtbot.waitUntil(lambda: self.told[-1][0] == "clip_end", timeout=5000)
        return dict(self.told[-1][1])


@pytest.fixture
def played(tmp_path: Path, window: QWidget, qtbot):
    it = Played(tmp_path, window, qtbot)
    yield it
    it.presenter.close()


def test_a_log_that_cannot_be_written_ends_the_clip_with_a_reason(played, clip) -> None:
    played.prepare(clip)
    played.log.close()
    played.play()
    end = played.end()
    assert not end["complete"]
    assert "closed file" in end["summary"]["problem"]
    assert faults(end["summary"])


@pytest.mark.parametrize("picture", [0, 10])
def test_a_clip_that_stands_still_while_it_is_painted_is_not_caught_up(
    played, clip, qtbot, monkeypatch, picture: int
) -> None:
    """However late it is: its end is past, and nothing is asked of the clock again."""
    monkeypatch.setattr("emer_studio.ui.participant.presenter.STOOD_S", 0.6)
    paint, shown, stood = ClipPage.present, [], []

    def present(page: ClipPage, frame: Any) -> float:
        shown.append(frame)
        time.sleep(1.0 if len(shown) == picture + 1 else 0.0)
        return paint(page, frame)

    monkeypatch.setattr(ClipPage, "present", present)
    played.presenter.stood_still.connect(stood.append)
    played.prepare(clip)
    played.play()
    qtbot.waitUntil(lambda: bool(stood), timeout=5000)
    assert stood[0] >= 1.0
    assert "clip_end" not in [name for name, _ in played.told]
    played.presenter.abort()
    assert not played.end()["complete"]


def test_no_search_for_garbage_while_a_clip_plays(played, clip) -> None:
    played.prepare(clip)
    played.play()
    assert not gc.isenabled()
    assert played.end()["complete"]
    assert gc.isenabled()


def test_a_clip_that_fails_leaves_the_presenter_ready_for_the_next(
    played, clip, tmp_path: Path
) -> None:
    played.prepare(tmp_path / "gone.mp4")
    assert played.told[-1][0] == "clip_failed"
    played.prepare(clip)
    assert played.told[-1][0] == "clip_ready"
    played.play()
    assert played.end()["summary"]["problem"] == ""

"""Targets to look at: where and when each is, told as it was submitted."""

from __future__ import annotations

from itertools import pairwise

import pytest
from PySide6.QtGui import QPixmap

from emer_studio.ui.participant import targets_page
from emer_studio.ui.participant.look import BACKGROUND
from emer_studio.ui.participant.targets_page import TargetsPage
from emer_studio.ui.participant.window import ParticipantWindow
from emer_studio.ui.words import Words

PLACES = [(0.9, 0.1), (0.5, 0.5), (0.1, 0.9)]


@pytest.fixture
def window(qtbot, monkeypatch):
    monkeypatch.setattr(targets_page, "NOTICE_S", 0.1)
    window = ParticipantWindow(Words("en", "participant"))
    window.resize(640, 360)
    window.show()
    yield window
    window.finish()
    window.deleteLater()


def shown(window, qtbot, each_s: float = 0.3):
    page = TargetsPage(window, Words("en", "participant"), PLACES, each_s)
    appeared: list[dict] = []
    pictures: list[QPixmap] = []
    page.appeared.connect(appeared.append)
    page.appeared.connect(lambda target: pictures.append(page.grab()))
    window.show_page(page)
    with qtbot.waitSignal(page.finished, timeout=5000) as done:
        page.begin()
    return page, appeared, pictures, done.args[0]


def test_each_target_is_told_when_it_appears_and_when_it_is_gone(window, qtbot):
    _, appeared, _, targets = shown(window, qtbot)
    assert [target["number"] for target in appeared] == [1, 2, 3]
    assert [t["t_s"] for t in appeared] == [t["shown_s"] for t in targets]
    for before, after in pairwise(targets):
        assert before["gone_s"] == after["shown_s"]
    for target in targets:
        assert target["gone_s"] - target["shown_s"] == pytest.approx(0.3, abs=0.15)


def test_places_are_fractions_of_the_display_also_in_a_window(window, qtbot):
    page, _, _, targets = shown(window, qtbot)
    display, corner = page.screen().geometry(), page.mapToGlobal(page.rect().topLeft())
    for (x, y), target in zip(PLACES, targets, strict=True):
        assert target["x"] * display.width() + display.x() == pytest.approx(
            corner.x() + x * page.width(), abs=0.1
        )
        assert target["y"] * display.height() + display.y() == pytest.approx(
            corner.y() + y * page.height(), abs=0.1
        )


def test_one_target_at_a_time_at_its_place(window, qtbot):
    page, _, pictures, _ = shown(window, qtbot)
    for k, picture in enumerate(pictures):
        image = picture.toImage()
        for j, (x, y) in enumerate(PLACES):
            at = image.pixelColor(round(x * image.width()), round(y * image.height()))
            assert at.name() == ("#000000" if j == k else BACKGROUND.name())
    empty = page.grab().toImage()
    colours = {empty.pixelColor(x, 36).name() for x in range(empty.width())}
    assert colours == {BACKGROUND.name()}


def test_a_page_that_is_taken_away_tells_nothing_more(window, qtbot):
    page = TargetsPage(window, Words("zh", "participant"), PLACES, 0.1)
    told: list[dict] = []
    page.appeared.connect(told.append)
    window.show_page(page)
    page.begin()
    qtbot.waitUntil(lambda: bool(told), timeout=3000)
    window.show_page(targets_page.Page(window))
    count = len(told)
    qtbot.wait(400)
    assert len(told) == count

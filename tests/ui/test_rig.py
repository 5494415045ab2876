"""The rig on the session form: its name, the display, the camera's picture."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QInputDialog, QMessageBox

from emer_studio.core.settings import config_dir
from emer_studio.schema.rig import Rig
from emer_studio.session.rigs import keep_rig, known_rigs
from emer_studio.ui.session.choice import SessionChoice
from emer_studio.ui.session.display_line import DisplayLine, show_numbers
from emer_studio.ui.session.form import SessionForm


@pytest.fixture
def form(qtbot, study, monkeypatch, tmp_path):
    monkeypatch.setenv("EMER_STUDIO_HOME", str(tmp_path / "home"))
    made = SessionForm(study, SessionChoice(protocol="demo", camera="sim", gaze="sim"))
    made.resize(1000, 800)
    made.show()
    yield made
    made.finish()
    made.close()
    made.deleteLater()


def test_a_rig_is_kept_chosen_and_left_when_a_device_changes(form, monkeypatch):
    monkeypatch.setattr(QInputDialog, "getText", lambda *_w, **_k: ("Room 2", True))
    form.display.setValue(0, (600.0, 340.0), 620.0)
    form.rig.keep.click()
    (kept,) = known_rigs()
    assert (kept.name, kept.camera, kept.display) == ("Room 2", "sim", 0)
    assert (kept.screen_mm, kept.distance_mm) == ((600.0, 340.0), 620.0)
    assert form.value().rig == "Room 2"
    form.setValue(replace(form.value(), camera="1"))
    assert form.value().rig == ""
    form.display.distance_mm.setValue(0)
    form.rig.box.setCurrentIndex(form.rig.box.findData("Room 2"))
    form.rig.box.activated.emit(form.rig.box.currentIndex())
    chosen = form.value()
    assert (chosen.rig, chosen.camera, chosen.distance_mm) == ("Room 2", "sim", 620.0)
    words = chosen.arguments(form._study.folder)
    for word in ("--rig", "Room 2", "--screen-mm", "600x340", "--distance-mm", "620"):
        assert word in words
    yes = QMessageBox.StandardButton.Yes
    monkeypatch.setattr(QMessageBox, "question", lambda *_w: yes)
    form.rig.forget.click()
    assert known_rigs() == ()
    assert form.value().rig == ""


def test_a_size_is_a_persons_word_only_where_somebody_typed_it(qtbot):
    line = DisplayLine()
    qtbot.addWidget(line)
    line.setValue(0, None, None)
    assert line.number() == 0
    assert line.width_mm.value() > 0  # what the system says
    assert line.screen_mm() is None
    line.width_mm.setValue(line.width_mm.value() + 7)
    assert line.screen_mm() is not None
    assert line.distance() is None


def test_every_display_shows_its_number(qtbot):
    (sign,) = show_numbers()
    assert sign.text() == "0"
    with qtbot.waitSignal(sign.destroyed, timeout=6000):
        pass


def test_the_picture_is_shown_and_the_camera_free_before_it_is_needed(form, qtbot):
    card = form.camera_card
    form.setValue(replace(form.value(), camera="sim:pre=30"))
    started = []
    form.startAsked.connect(started.append)
    card.show_it.click()
    qtbot.waitUntil(lambda: "Face" in card.said.text(), timeout=20_000)
    assert "30." in card.said.text() or "29." in card.said.text()
    assert card.view.pictures > 0
    folder = card._folder
    form.start.click()
    assert not started  # one program at a time has a camera
    qtbot.waitUntil(lambda: bool(started), timeout=10_000)
    assert not card.job.running
    assert not folder.exists()


def test_a_rig_brings_its_own_display_and_nothing_of_the_one_before(form):
    known = {"camera": "sim:pre=30", "screen_mm": (600.0, 340.0), "distance_mm": 620.0}
    keep_rig(Rig(name="measured", display=0, **known))
    keep_rig(Rig(name="as told", display=0))
    keep_rig(Rig(name="window"))
    form.rig.list_rigs()
    for name, display, size in (
        ("measured", 0, (600.0, 340.0)),
        ("as told", 0, None),
        ("measured", 0, (600.0, 340.0)),
        ("window", None, None),
    ):
        form.choose_rig(name)
        chosen = form.value()
        assert (chosen.rig, chosen.display, chosen.screen_mm) == (name, display, size)
        assert (chosen.distance_mm is None) == (size is None)
    form.choose_rig("measured")
    form.setValue(replace(form.value(), participant="P009"))  # the next participant
    assert form.value().rig == "measured"
    assert form.value().screen_mm == (600.0, 340.0)


def test_the_size_of_a_display_that_is_gone_is_not_that_of_another(form):
    keep_rig(Rig(name="far", display=7, screen_mm=(600.0, 340.0), distance_mm=620.0))
    form.rig.list_rigs()
    form.display.setValue(0, None, None)
    form.choose_rig("far")
    chosen = form.value()
    assert (chosen.rig, chosen.display, chosen.screen_mm) == ("", None, None)
    form.list_protocols()  # as the page does whenever it is shown
    assert "Display 7 of the rig far is not there" in form.problem.text()
    assert form.problem.isVisible()


def test_rigs_that_cannot_be_read_are_told_and_left_alone(form, study, qtbot, monkeypatch):
    keep_rig(Rig(name="Room"))
    form.rig.list_rigs("Room")
    path = config_dir() / "rigs.json"
    path.write_text("{broken")
    monkeypatch.setattr(QMessageBox, "question", lambda *_w: QMessageBox.StandardButton.Yes)
    form.rig.forget.click()
    assert "rigs.json" in form.problem.text()
    again = SessionForm(study, SessionChoice(protocol="demo", camera="sim", gaze="sim"))
    qtbot.addWidget(again)
    again.list_protocols()
    assert "rigs.json" in again.problem.text()
    assert not again.problem.isHidden()
    again.finish()
    assert path.read_text() == "{broken"

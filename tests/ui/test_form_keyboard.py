"""The session form with the keyboard only: Tab, Alt and a letter, Enter."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QMainWindow,
    QWidget,
)

from emer_studio.ui.session.choice import SessionChoice
from emer_studio.ui.session.form import SessionForm

CONTROLS = (QAbstractButton, QComboBox, QAbstractSpinBox, QLineEdit)
INSIDE = (QComboBox, QAbstractSpinBox)  # whose line edit is no control of its own


@pytest.fixture
def form(qtbot, study):
    """The form in a window with a menu, as in the program."""
    window = QMainWindow()
    window.menuBar().addMenu("&File")
    made = SessionForm(study, SessionChoice(protocol="demo", camera="0", gaze="sim"))
    window.setCentralWidget(made)
    window.resize(1100, 900)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is window)
    yield made
    made.finish()
    window.close()
    window.deleteLater()


def controls(form):
    """Everything that can be operated now."""
    return [
        one
        for one in form.findChildren(QWidget)
        if isinstance(one, CONTROLS)
        and one.isVisible()
        and one.isEnabled()
        and not isinstance(one.parent(), INSIDE)
    ]


def walk(qtbot, first, key):
    """What has the keyboard, one after the other, until it is the first one's again."""
    first.setFocus()
    met = [first]
    while len(met) < 60:
        qtbot.keyClick(QApplication.focusWidget(), key)
        if QApplication.focusWidget() is first:
            return met
        met.append(QApplication.focusWidget())
    raise AssertionError("Tab never comes back to where it began")


def test_tab_reaches_every_control_in_the_order_of_reading(form, qtbot):
    form.more.toggle.setChecked(True)
    qtbot.waitUntil(lambda: form.more.accept.isVisible())
    met = walk(qtbot, form.participant, Qt.Key.Key_Tab)
    assert set(met) == set(controls(form))
    assert walk(qtbot, form.participant, Qt.Key.Key_Backtab)[1:] == met[:0:-1]

    def place(one):
        beside = one in (form.ready.check, form.camera_card.show_it)
        middle = one.mapTo(form, one.rect().center())
        return beside, middle.y() // 20, middle.x()

    assert [place(one) for one in met] == sorted(place(one) for one in met)
    assert met[-3] is form.start


def test_alt_and_a_letter_lead_to_a_box(form, qtbot):
    for letter, box in (
        ("R", form.protocol),
        ("P", form.participant),
        ("L", form.language),
        ("G", form.rig.box),
        ("C", form.camera),
        ("T", form.gaze),
        ("S", form.display.box),
    ):
        key = getattr(Qt.Key, f"Key_{letter}")
        qtbot.keyClick(form, key, Qt.KeyboardModifier.AltModifier)
        assert QApplication.focusWidget() is box, letter
    qtbot.keyClick(form, Qt.Key.Key_I, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(form.simulate.isChecked)


def test_enter_starts_nothing_and_the_button_does(form, qtbot):
    form.simulate.setChecked(True)
    started = []
    form.startAsked.connect(started.append)
    form.more.toggle.setChecked(True)
    for one in controls(form):
        if not isinstance(one, QAbstractButton):
            one.setFocus()
            qtbot.keyClick(one, Qt.Key.Key_Return)
    assert not started
    form.start.setFocus()
    qtbot.keyClick(form.start, Qt.Key.Key_Space)
    assert len(started) == 1


def test_looking_for_streams_keeps_the_keyboard(form, qtbot):
    form.eye.again.setFocus()
    qtbot.keyClick(form.eye.again, Qt.Key.Key_Space)
    assert form.eye.again.isDown()
    assert QApplication.focusWidget() is form.eye.again
    qtbot.waitUntil(lambda: not form.eye.again.isDown())

"""What a session needs to know before it starts."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from emer_studio.core.errors import EmerError
from emer_studio.schema.protocol import find_protocol
from emer_studio.study.folder import Study
from emer_studio.ui.parts import Card, Scrolled, button, label
from emer_studio.ui.session.accept_dialog import AcceptDialog
from emer_studio.ui.session.camera_card import CameraCard
from emer_studio.ui.session.choice import SessionChoice
from emer_studio.ui.session.display_line import DisplayLine
from emer_studio.ui.session.more import MoreOptions, choose, given, typed_into
from emer_studio.ui.session.offers import in_a_line, next_code, protocols_of
from emer_studio.ui.session.ready_card import ReadyCard
from emer_studio.ui.session.rig_line import RigLine, into, rig_of
from emer_studio.ui.session.selftest_dialog import SelfTestDialog
from emer_studio.ui.session.steps_card import steps_card
from emer_studio.ui.session.tracker_choice import TrackerChoice

__all__ = ["SessionChoice", "SessionForm", "next_code", "protocols_of"]


class SessionForm(QWidget):
    """The form.

    `startAsked` carries the choice when it is complete, `editAsked` the file of a protocol
    that somebody wants to look at or change.
    """

    valueChanged = Signal(object)
    startAsked = Signal(object)
    editAsked = Signal(str)

    def __init__(self, study: Study, remembered: SessionChoice) -> None:
        super().__init__()
        self._study = study
        self._told: SessionChoice | None = None
        self.self_test: SelfTestDialog | None = None
        self.acceptance: AcceptDialog | None = None
        self.participant, self.protocol = QLineEdit(), QComboBox()
        self.camera, self.eye = QComboBox(), TrackerChoice(self)
        self.gaze, self.gaze_line = self.eye.box, self.eye.line
        self.tracker, self.more = self.eye.help, MoreOptions()
        self.rig, self.display, self.language = RigLine(), DisplayLine(), QComboBox()
        self.simulate = QCheckBox("S&imulated participant: answers by itself, for a try")
        self.about = label("", "small", wrap=True)
        self.problem = label("", "error", wrap=True)
        self.ready, self.camera_card = ReadyCard(study.folder), CameraCard()
        self._area = Scrolled()
        self.start = button("Start the session", "session", "primary")
        self.start.setMinimumHeight(40)
        self._fill()
        self._lay_out()
        self._connect()
        first = replace(remembered, display=self.display.number())
        self.setValue(replace(first, participant=next_code(study)))
        self.rig.list_rigs()  # last: what is wrong with them is to be seen
        self.eye.search()

    # -- putting it together

    def _fill(self) -> None:
        typed_into(self.camera, "0 is the first camera; or file:VIDEO")
        for shown, spec in (
            ("Camera 0", "0"),
            ("Camera 1", "1"),
            ("Simulated camera", "sim"),
        ):
            self.camera.addItem(shown, spec)
        for shown, path in protocols_of(self._study):
            self.protocol.addItem(shown, path)

    def _lay_out(self) -> None:
        outer = self._scrolled()
        card = Card("New session")
        card.setMinimumWidth(506)
        card.setMaximumWidth(780)
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(10)
        grid.setColumnMinimumWidth(0, 112)
        grid.setColumnStretch(1, 1)
        self.browse, self.edit = button("Browse…"), button("Look inside")
        rows: list[tuple[str, QWidget, QWidget | None]] = [
            ("&Participant", self.participant, None),
            ("P&rotocol", self.protocol, self.browse),
            ("", self.about, self.edit),
            ("&Language", self.language, None),
            ("Ri&g", self.rig, None),
            ("&Camera", self.camera, None),
            ("Eye &tracker", self.gaze, self.eye.again),
            ("", self.gaze_line, None),
            ("", self.tracker, None),
            ("Participant &sees", self.display, None),
            ("", self.simulate, None),
        ]
        for row, (name, widget, side) in enumerate(rows):
            named = label(name, "muted")
            if name:
                # Alt and the underlined letter lead there.
                named.setBuddy(widget.focusProxy() or widget)
            grid.addWidget(named, row, 0)
            grid.addWidget(widget, row, 1, 1, 1 if side else 2)
            if side is not None:
                grid.addWidget(side, row, 2)
        card.box.addLayout(grid)
        card.box.addWidget(self.more)
        card.box.addSpacing(6)
        card.box.addWidget(self.problem)
        card.box.addWidget(self.start)
        self.problem.hide()
        outer.setSpacing(12)
        outer.addWidget(card, 3, Qt.AlignmentFlag.AlignTop)
        self.beside = QVBoxLayout()
        self.beside.setSpacing(12)
        self.beside.addWidget(self.ready)
        self.beside.addWidget(self.camera_card)
        self.beside.addWidget(steps_card())
        self.beside.addStretch(1)
        outer.addLayout(self.beside, 2)

    def _scrolled(self) -> QHBoxLayout:
        """Return the layout of what can be scrolled where the screen is low."""
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._area)
        row = QHBoxLayout(self._area.inside)
        row.setContentsMargins(0, 0, 0, 0)
        return row

    def _connect(self) -> None:
        self.participant.textChanged.connect(self._changed)
        for box in (self.protocol, self.camera, self.gaze, self.language):
            box.currentTextChanged.connect(self._changed)
        self.display.changed.connect(self._changed)
        self.rig.chosen.connect(self.choose_rig)
        self.rig.keepAsked.connect(lambda name: self.rig.store(rig_of(self.value(), name)))
        self.rig.failed.connect(self.complain)
        self.protocol.currentIndexChanged.connect(self._describe)
        self.simulate.toggled.connect(self._simulate_toggled)
        self.browse.clicked.connect(self._browse)
        self.edit.clicked.connect(self._edit)
        self.start.clicked.connect(self._press)
        self.more.valueChanged.connect(self._changed)
        self.more.testAsked.connect(lambda: self.camera_card.when_free(self.test_rig))
        self.more.acceptAsked.connect(lambda: self.camera_card.when_free(self.accept_rig))
        self.ready.asked.connect(lambda: self.camera_card.when_free(self._check_all))
        self.camera_card.asked.connect(lambda: self.camera_card.start(self.value()))

    def choose_rig(self, name: str) -> None:
        """Show the devices of a rig; one that is not known leaves the form as it is."""
        rig = self.rig.named(name)
        if rig is None:
            return
        self.setValue(into(self.value(), rig))
        there = self.display.number() == rig.display
        self.rig.setValue(name if there else "", self.value())
        if not there:
            self.complain(
                f"Display {rig.display} of the rig {name} is not there now. Connect it and"
                " choose the rig again, or choose another display."
            )

    def test_rig(self) -> None:
        """Open the self-test for what is chosen now."""
        if self.self_test is None:
            self.self_test = SelfTestDialog(self, self.value())
            self.self_test.shut.connect(self._test_is_over)
            self.self_test.open()

    def accept_rig(self) -> None:
        """Open the acceptance of what is chosen now."""
        choice = self.value()
        if not choice.gaze:
            self.complain("Which stream is the eye tracker?")
        elif self.acceptance is None:
            self.acceptance = AcceptDialog(self, choice, self._study.folder)
            self.acceptance.shut.connect(self._acceptance_is_over)
            self.acceptance.open()

    def _acceptance_is_over(self) -> None:
        self.acceptance = None

    def _check_all(self) -> None:
        """Look at everything that the choice needs."""
        choice = self.value()
        if not choice.gaze:
            self.complain("Which stream is the eye tracker?")
        else:
            self.ready.run(choice)

    def _test_is_over(self) -> None:
        self.self_test = None

    # -- value

    def value(self) -> SessionChoice:
        """Return what is chosen now."""
        choice = SessionChoice(
            participant=self.participant.text().strip(),
            protocol=str(self.protocol.currentData() or ""),
            camera=given(self.camera),
            gaze=given(self.gaze),
            simulate=self.simulate.isChecked(),
            display=self.display.number(),
            language=str(self.language.currentData() or "en"),
            rig=self.rig.value(),
            screen_mm=self.display.screen_mm(),
            distance_mm=self.display.distance(),
        )
        return self.more.into(choice)

    def setValue(self, choice: SessionChoice) -> None:
        """Show a choice."""
        if choice.protocol and self.protocol.findData(choice.protocol) < 0:
            self.protocol.addItem(Path(choice.protocol).name, choice.protocol)
        self.protocol.setCurrentIndex(max(self.protocol.findData(choice.protocol), 0))
        self._describe()
        self.simulate.setChecked(choice.simulate)
        self.participant.setText(choice.participant)
        for box, wanted in ((self.camera, choice.camera), (self.gaze, choice.gaze)):
            choose(box, wanted)
        self.language.setCurrentIndex(max(self.language.findData(choice.language), 0))
        self.display.setValue(choice.display, choice.screen_mm, choice.distance_mm)
        self.more.setValue(choice)
        self.rig.follow(self.value())
        self.eye.look()

    def _changed(self) -> None:
        self.rig.follow(self.value())
        choice = self.value()
        if choice == self._told:  # a box was only filled anew: that breaks off no start
            return
        self._told = choice
        self.problem.hide()
        self.ready.forget(choice)
        self.valueChanged.emit(choice)

    def _press(self) -> None:
        choice = self.value()
        problem = self._what_is_missing(choice)
        if problem:
            self.complain(problem)
        else:
            self.camera_card.when_free(lambda: self.startAsked.emit(choice))

    def _what_is_missing(self, choice: SessionChoice) -> str:
        code = choice.participant
        if not code or not code.isalnum() or not code.isascii():
            return "A participant code has letters and digits only, such as P001."
        if not choice.protocol:
            return "Choose a protocol."
        if not choice.gaze and not choice.simulate:
            return "Which stream is the eye tracker? Start its sender (see Which sender?)."
        return ""

    def complain(self, text: str) -> None:
        """Show why it does not start, also where the form is higher than the screen."""
        self.problem.setText(text)
        self.problem.setVisible(bool(text))
        if text:
            show = partial(self._area.ensureWidgetVisible, self.problem)
            QTimer.singleShot(0, self.problem, show)

    # -- protocol and streams

    def _describe(self) -> None:
        """Say what the chosen protocol does, and offer its languages."""
        words, languages = in_a_line(str(self.protocol.currentData() or ""))
        self.about.setText(words)
        shown = self.language.currentData()
        self.language.blockSignals(True)
        self.language.clear()
        names = {"en": "English", "zh": "中文"}
        for code in languages:
            self.language.addItem(names.get(code, code), code)
        self.language.setCurrentIndex(max(self.language.findData(shown), 0))
        self.language.blockSignals(False)
        if self.language.currentData() != shown:
            self._changed()

    def list_protocols(self) -> None:
        """Offer the protocols that are there now; the chosen one stays."""
        chosen = self.protocol.currentData()
        known = [self.protocol.itemData(n) for n in range(self.protocol.count())]
        self.protocol.blockSignals(True)
        for shown, path in protocols_of(self._study):
            if path not in known:
                self.protocol.addItem(shown, path)
        self.protocol.setCurrentIndex(max(self.protocol.findData(chosen), 0))
        self.protocol.blockSignals(False)
        self._describe()

    def _edit(self) -> None:
        try:
            self.editAsked.emit(str(find_protocol(str(self.protocol.currentData() or ""))))
        except EmerError as problem:
            self.complain(str(problem))

    def _browse(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, "A protocol", str(self._study.folder), "Protocols (*.yaml *.yml)"
        )
        if name:
            self.protocol.addItem(Path(name).name, name)
            self.protocol.setCurrentIndex(self.protocol.count() - 1)

    def _simulate_toggled(self, on: bool) -> None:
        """A simulated participant needs no hardware, unless some was named."""
        if on:
            for box in (self.camera, self.gaze):
                choose(box, "sim")
        self._changed()

    def showEvent(self, event: QShowEvent) -> None:
        """Look at what is chosen as soon as somebody looks at the form."""
        super().showEvent(event)
        self.eye.look(anew=True)
        self.complain(self.problem.text() if not self.problem.isHidden() else "")

    def finish(self) -> None:
        """End the searches and checks that still run, and a self-test."""
        self.ready.finish()
        self.camera_card.finish()
        for dialog in (self.self_test, self.acceptance):
            if dialog is not None:
                dialog.reject()
        self.eye.finish()

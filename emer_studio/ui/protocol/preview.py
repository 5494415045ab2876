"""The preview card: one participant's session, and trying one of its trials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSpinBox, QWidget

from emer_studio.ui import theme
from emer_studio.ui.parts import Card, button, label
from emer_studio.ui.protocol.strip import COLOURS, Part, Strip, in_words, parts_of, told

__all__ = ["Preview"]

_MOST_PARTICIPANTS = 999
_NAMES = {"en": "English", "zh": "中文"}


class Preview(Card):
    """The strip with what belongs to it.

    `participantChanged`: another order is wanted; `placeChosen`: a line (from 1) was
    clicked; `tryAsked` and `stopAsked`: the button was pressed.
    """

    participantChanged = Signal(int)
    placeChosen = Signal(int)
    tryAsked = Signal()
    stopAsked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._trying = False
        self.participant = QSpinBox()
        self.participant.setRange(1, _MOST_PARTICIPANTS)
        self.participant.setAccessibleName("Participant in the counterbalancing")
        self.participant.setToolTip(
            "The first participant, the second …: each has an order"
        )
        self.participant.setFixedWidth(84)
        self.participant.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.total, self.strip, self.told = (
            label("", "heading"),
            Strip(),
            label("", "small"),
        )
        self.display, self.language = QComboBox(), QComboBox()
        self.button = button("Try this trial", "play", "primary")
        self.box.addLayout(self._head())
        self.box.addWidget(self.strip)
        self.box.addLayout(self._foot())
        self.participant.valueChanged.connect(self.participantChanged)
        self.strip.chosen.connect(self._chosen)
        self.strip.hovered.connect(self._hovered)
        self.button.clicked.connect(self._press)
        self.setParts([], stale=False)

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(label("Participant", "heading"))
        row.addWidget(self.participant)
        row.addSpacing(6)
        row.addWidget(self.total)
        row.addStretch(1)
        for kind, colour in COLOURS.items():
            row.addWidget(_legend(kind, colour))
        return row

    def _foot(self) -> QHBoxLayout:
        self.display.addItem("In a window", None)
        for number, screen in enumerate(QGuiApplication.screens()):
            size = screen.size()
            self.display.addItem(
                f"Display {number} ({size.width()} × {size.height()})", number
            )
        self.display.setCurrentIndex(2 if self.display.count() > 2 else 0)
        self.display.setAccessibleName("Where the trial is shown")
        self.language.setAccessibleName("Language of the trial")
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.told, 1)
        row.addWidget(self.language)
        row.addWidget(self.display)
        row.addWidget(self.button)
        return row

    # -- value

    @property
    def index(self) -> int:
        """The participant's place in the counterbalancing, from 0."""
        return self.participant.value() - 1

    def setTimeline(
        self, raw: Sequence[dict[str, Any]] | None, languages: list[str]
    ) -> None:
        """Show a session as it was laid out; None leaves the last one, pale."""
        if raw is None:
            self.setParts(self.strip.parts, stale=True)
            return
        self.setParts(parts_of(raw), stale=False)
        shown = self.language.currentData()
        self.language.clear()
        for code in languages:
            self.language.addItem(_NAMES.get(code, code), code)
        self.language.setCurrentIndex(max(self.language.findData(shown), 0))

    def setParts(self, parts: Sequence[Part], *, stale: bool) -> None:
        """Show parts; stale ones cannot be tried."""
        if not stale:
            self.strip.setParts(parts)
            trials = self.strip.trials()
            if self.strip.trial not in trials:
                self.strip.setTrial(trials[0] if trials else None)
        self.strip.setStale(stale)
        trials = self.strip.trials()
        self.total.setText(f"about {in_words(self.strip.total_s)}" if parts else "")
        self._may_try = bool(trials) and not stale
        self.button.setEnabled(self._trying or self._may_try)
        self._say_trial()

    def chooseBlock(self, block: str) -> None:
        """Choose the first trial of a block, unless one of it is chosen already."""
        own = [
            part.trial for part in self.strip.parts if part.block == block and part.trial
        ]
        if own and self.strip.trial not in own:
            self.strip.setTrial(own[0])
            self._say_trial()

    def setTrying(self, trying: bool) -> None:
        """Show that a trial is being tried."""
        self._trying = trying
        self.button.setText(" Stop" if trying else " Try this trial")
        name = "stop" if trying else "play"
        self.button.setIcon(theme.icon(name, "#ffffff", disabled="#98a2ad"))
        self.button.setEnabled(trying or self._may_try)

    def say(self, text: str) -> None:
        """Show how a try went."""
        self.told.setText(text)
        self.told.setToolTip(text)

    def _press(self) -> None:
        if self._trying:
            self.stopAsked.emit()
        else:
            self.tryAsked.emit()

    def _chosen(self, part: Part) -> None:
        if part.trial is not None:
            self.strip.setTrial(part.trial)
        self.say(told(part))
        if part.line:
            self.placeChosen.emit(part.line)

    def _hovered(self, part: Part | None) -> None:
        if part is not None:
            self.say(told(part))
        else:
            self._say_trial()

    def _say_trial(self) -> None:
        own = [p for p in self.strip.parts if p.trial == self.strip.trial and p.trial]
        clip = next((part.what for part in own if part.kind == "clip"), "")
        length = in_words(sum(part.seconds for part in own))
        self.say(f"Trial {self.strip.trial}: {clip}, {length}" if clip else "")


def _legend(kind: str, colour: str) -> QWidget:
    made = QWidget()
    row = QHBoxLayout(made)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(4)
    square = QLabel()
    square.setFixedSize(10, 10)
    square.setStyleSheet(f"background: {colour}; border-radius: 2px;")
    row.addWidget(square, 0, Qt.AlignmentFlag.AlignVCenter)
    row.addWidget(label(kind, "small"))
    return made

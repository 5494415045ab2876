"""A training as it goes: curves, time left, what it takes; pause, stop and go on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from emer_studio.ui.jobs import JobRunner, Outcome
from emer_studio.ui.parts import Card, Pill, ShortLabel, button, label
from emer_studio.ui.train.curves import Curves
from emer_studio.ui.train.follow import Follower
from emer_studio.ui.train.trainings import EVENTS_FILE, Training
from emer_studio.ui.train.words import STATE_COLOURS, left_words, load_words, title

__all__ = ["RunningView"]

_STEP = re.compile(r"fold (\d+)/(\d+) epoch (\d+)/(\d+)(?: of (\w+))?")
_ENDED = {
    "killed": "It broke off, and nothing runs any more. Finished epochs are kept.",
    "interrupted": "Somebody stopped it. Finished epochs are kept.",
    "failed": "It failed. Finished epochs are kept.",
    "done": "",
}
_REMARKS = 4


class RunningView(QWidget):
    """Follows one training, whoever started it.

    `said` carries a short message, `asked` tells that something was asked of the training.
    """

    said = Signal(str)
    asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.training: Training | None = None
        self._run: Path | None = None
        self._follower: Follower | None = None
        self._remarks: list[str] = []
        self._within = ""
        self.job = JobRunner(self)
        self.job.ended.connect(self._answered)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(12)
        self.curves = Curves()
        box.addWidget(self._card())
        box.addWidget(self.curves, 1)
        box.addStretch(0)  # takes the room while there are no curves

    def _card(self) -> Card:
        card = Card()
        self.name, self.state = ShortLabel("", "heading"), Pill()
        self.pause, self.go_on = (
            button("&Pause", "pause"),
            button("&Go on", "play", "primary"),
        )
        self.stop = button("S&top", "stop", "danger")
        self.remove = button("Remo&ve")
        self.remove.setToolTip("Nothing was trained; only what was asked for goes")
        self._asks = (self.pause, self.go_on, self.stop)
        row = QHBoxLayout()
        row.setSpacing(8)
        for widget in (self.name, self.state, self.remove, *self._asks):
            row.addWidget(widget, 1 if widget is self.name else 0)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.where, self.load = label("", wrap=True), label("", "small", wrap=True)
        self.remarks = label("", "small", wrap=True)
        card.box.addLayout(row)
        self.about = label("", "small")
        for part in (self.about, self.bar, self.where, self.load, self.remarks):
            card.box.addWidget(part)
        self.remarks.hide()
        self.pause.clicked.connect(lambda: self._ask("--pause"))
        self.stop.clicked.connect(lambda: self._ask("--stop"))
        self.go_on.clicked.connect(self.resume)
        self.remove.clicked.connect(self.forget)
        return card

    # -- following

    def show_training(self, training: Training) -> None:
        """Show how a training stands; another one's events are read from the beginning."""
        if training.run != self._run:
            self._run = training.run
            self._follower = Follower(training.run / EVENTS_FILE)
            self._remarks = []
            self._within = _name_in(training)
            self.curves.clear()
            self.bar.setRange(0, 0)
            for part in (self.where, self.load, self.remarks):
                part.setText("")
            self.remarks.hide()
            self._hear(self._follower.read(whole=True))
        self.training = training
        self._write(training)

    def tick(self) -> None:
        """Read what was told since the last time."""
        if self._follower is not None:
            self._hear(self._follower.read())

    def _write(self, training: Training) -> None:
        self.name.setText(title(training.protocol))
        self.about.setText(f"{training.model}, {training.folder.name}")
        self.about.setToolTip(str(training.folder))
        words: str = training.state
        if training.several and training.done:
            words += f", {training.done} run{'' if training.done == 1 else 's'} done"
        self.state.setValue(words, STATE_COLOURS.get(training.state, ""))
        alive, resting = training.alive, training.state == "paused"
        self.pause.setVisible(alive and not resting)
        self.go_on.setVisible(resting or (not alive and training.state != "done"))
        self.stop.setVisible(alive)
        self.remove.setVisible(not alive and not training.runs)
        for part in (*self._asks, self.remove):
            part.setEnabled(not self.job.running)
        self.bar.setVisible(alive)
        self.load.setVisible(alive)
        if not alive:
            self.where.setText(training.problem or _ENDED.get(training.state, ""))
        elif training.state == "starting" or not self.where.text():
            self.where.setText("Loading the network …")
        self.curves.setVisible(alive or self.curves.drawn)

    def _hear(self, events: list[dict[str, Any]]) -> None:
        last = {event.get("event"): event for event in events}
        for event in events:
            kind = event.get("event")
            if kind == "epoch":
                self.curves.add(event)
            elif kind == "begin":
                self._remarks = []
            elif kind == "message":
                self._remark(str(event.get("text", "")))
        ended = self.training is not None and not self.training.alive
        if "progress" in last and not ended:  # how it ended is not written over
            self._progressed(last["progress"])
        if "resources" in last:
            self.load.setText(load_words(last["resources"]))

    def _remark(self, text: str) -> None:
        self._remarks = [*(one for one in self._remarks if one != text), text][-_REMARKS:]
        self.remarks.setText("\n".join(self._remarks))
        self.remarks.setVisible(bool(self._remarks))

    def _progressed(self, event: dict[str, Any]) -> None:
        step = str(event.get("step", ""))
        share = event.get("done", 0) / max(event.get("total", 1), 1)
        words = step[:1].upper() + step[1:]  # of folds that are trained at the same time
        if found := _STEP.match(step):
            *numbers, label = found.groups()
            fold, folds, epoch, epochs = map(int, numbers)
            share = event.get("share", (fold - 1 + (epoch - 1 + share) / epochs) / folds)
            words = f"Fold {fold} of {folds}, epoch {epoch} of {epochs}"
            words += f" of {label.replace('_', ' ')}" if label else ""
        self.bar.setRange(0, 1000)
        self.bar.setValue(round(1000 * share))
        left = event.get("eta_s")
        words = f"{self._within}  ·  {words}" if self._within else words
        self.where.setText(words if left is None else f"{words}  ·  {left_words(left)}")

    # -- what a person asks for

    def resume(self) -> None:
        """Let it go on: out of its rest, or from where it broke off."""
        if self.training is None:
            return
        if self.training.alive:
            self._ask("--continue")
        else:
            self._start("train", "--resume", str(self.training.folder), "--background")

    def forget(self) -> None:
        """Remove a training that ended before anything was trained."""
        if self.training is not None:
            self._start("runs", "delete", str(self.training.folder), "--yes")

    def _ask(self, wish: str) -> None:
        if self.training is not None:
            self._start("train", wish, str(self.training.folder))

    def _start(self, *words: str) -> None:
        if not self.job.running:
            self.job.start(words[0], [*words, "--events"])
            for part in (*self._asks, self.remove):
                part.setEnabled(False)

    def _answered(self, outcome: Outcome) -> None:
        if outcome.error:
            self.said.emit(outcome.error)
        if self.training is not None:
            self._write(self.training)
        self.asked.emit()

    def finish(self) -> None:
        """End a command that is under way; the training itself goes on."""
        self.job.close()


def _name_in(training: Training) -> str:
    """Return which of several runs it is: its benchmark and its seed."""
    inner = training.run.relative_to(training.folder).parts
    return ", ".join(title(part).replace("seed", "seed ") for part in inner)

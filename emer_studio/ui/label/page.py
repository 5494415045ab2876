"""The label page: experts say what a face shows, with the keyboard, blind by default.

Keys: 1 to 7 category, Q W E R intensity, Enter save and next, Backspace previous item,
arrows one frame (with Shift ten), Home and End, Space play, H show or hide the model,
Ctrl+Z undo.
"""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QIcon, QKeyEvent, QPainter, QPixmap
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QStackedWidget,
    QWidget,
)

from emer_studio.core.emotions import EMOTIONS
from emer_studio.ui import theme
from emer_studio.ui.jobs import Outcome
from emer_studio.ui.label.desk import Desk
from emer_studio.ui.label.items import Item, find_items
from emer_studio.ui.label.judgement import JudgementPanel
from emer_studio.ui.label.player import Player
from emer_studio.ui.label.predictions import Predictions, read_predictions
from emer_studio.ui.label.timeline import Timeline
from emer_studio.ui.page import Page
from emer_studio.ui.parts import Card, Empty, Pill, ProgressLine, button, label
from emer_studio.ui.workspace import Workspace

__all__ = ["LabelPage"]

_HELP = (
    ("← →", "one frame"),
    ("Shift ← →", "ten frames"),
    ("Home End", "first, last"),
    ("Space", "play, pause"),
    ("Enter", "save and next"),
    ("Backspace", "previous item"),
    ("H", "show the model"),
    ("Ctrl+Z", "undo"),
)
_K = Qt.Key


class LabelPage(Page):
    """Items on the left, the face in the middle, the judgement on the right."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace, "Label faces")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.desk = Desk(workspace.study.folder / "labels.sqlite")
        self.items: list[Item] = []
        self.current: Item | None = None
        self.predictions: Predictions | None = None
        self.badge = Pill()
        self.player, self.timeline, self.panel = Player(), Timeline(), JudgementPanel()
        self.prelabel = button("Pre-label faces", "demo")
        self.progress = ProgressLine()
        self.progress.setFixedWidth(220)
        self.count = label("", "muted")
        for widget in (self.progress, self.count, self.prelabel, self.badge):
            self.head.addWidget(widget)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._desk_view())
        self.empty = Empty(
            "label",
            "No face to label yet",
            "Every finished trial of a filmed session becomes one item here, or several if"
            " its protocol wants windows. Run a session first; a simulated camera films a"
            " drawn face.",
            "Run a session",
        )
        self.empty.pressed.connect(lambda: self.wants.emit("session"))
        self._stack.addWidget(self.empty)
        self.box.addWidget(self._stack, 1)
        self._connect()
        self.refresh()

    def _desk_view(self) -> QWidget:
        view = QWidget()
        row = QHBoxLayout(view)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        left = Card("Items")
        left.setFixedWidth(212)
        self.list = QListWidget()
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        left.box.addWidget(self.list, 1)
        left.box.addLayout(_help())
        middle = Card()
        middle.box.addWidget(self.player, 1)
        middle.box.addWidget(self.timeline)
        foot = QHBoxLayout()
        self.where = label("", "small")
        self.play = button("Play", "play")
        self.play.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        foot.addWidget(self.play)
        foot.addStretch(1)
        foot.addWidget(self.where)
        middle.box.addLayout(foot)
        self.panel.setFixedWidth(248)
        row.addWidget(left)
        row.addWidget(middle, 1)
        row.addWidget(self.panel)
        return view

    def _connect(self) -> None:
        self.list.currentRowChanged.connect(self._open_row)
        self.player.valueChanged.connect(self._frame_shown)
        self.player.playingChanged.connect(self._playing_changed)
        self.player.failed.connect(self.said)
        self.play.clicked.connect(self.player.toggle)
        self.timeline.valueChanged.connect(self.player.setValue)
        self.panel.commitAsked.connect(lambda: self.commit("mouse"))
        self.panel.undoAsked.connect(lambda: self.undo("mouse"))
        self.panel.annotatorChanged.connect(self._annotator_changed)
        self.panel.annotator.returnPressed.connect(self.setFocus)
        self.prelabel.clicked.connect(self.start_prelabel)
        self.prelabel.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.job.progressed.connect(self.progress.setValue)
        self.job.ended.connect(self._prelabelled)

    # -- items

    @property
    def simulated(self) -> bool:
        """Whether the shown face is simulated."""
        return self.current is not None and self.current.simulated

    def refresh(self) -> None:
        """Read the items and the dots again; the shown item stays."""
        found = find_items(self.study)
        self._stack.setCurrentIndex(0 if found else 1)
        for widget in (self.badge, self.prelabel, self.count):
            widget.setVisible(bool(found))
        if found != self.items:
            self.items = found
            self._fill_list()
        if self.current is not None:
            before = self.predictions
            self.predictions = read_predictions(self.current.video)
            if (before is None) != (self.predictions is None):
                self._show_predictions()
        self._show_dots()
        self._show_mode()

    def _fill_list(self) -> None:
        shown = self.current.id if self.current else ""
        self.list.blockSignals(True)
        self.list.clear()
        for item in self.items:
            names = (item.participant, f"trial {item.trial}", item.part)
            entry = QListWidgetItem("   ".join(filter(None, names)))
            what = item.part.replace("w-", "window ")
            entry.setToolTip(f"{item.session}\n{what}".rstrip())
            self.list.addItem(entry)
        self.list.blockSignals(False)
        ids = [item.id for item in self.items]
        if self.items:
            self.list.setCurrentRow(ids.index(shown) if shown in ids else 0)
        else:
            self.current = None
            self.player.close_video()

    def _show_dots(self) -> None:
        done = {item for item, said in self.desk.all_judgements().items() if said.complete}
        for row, item in enumerate(self.items):
            entry = self.list.item(row)
            if entry is not None:
                entry.setIcon(_dot(item.id in done))
        ours = sum(item.id in done for item in self.items)
        who = self.panel.code()
        by = f" by {who}" if who else ""
        self.count.setText(f"{ours} of {len(self.items)} labelled{by}")

    def _open_row(self, row: int) -> None:
        if not 0 <= row < len(self.items):
            return
        item = self.items[row]
        self.current = item
        self.predictions = read_predictions(item.video)
        self.player.open(item.video, item.first, item.last)
        self._show_predictions()
        self.panel.setValue(self.desk.judgement(item.id))
        self.simulatedChanged.emit()

    def go(self, by: int) -> None:
        """Go to another item; at the ends nothing happens."""
        row = self.list.currentRow() + by
        if 0 <= row < len(self.items):
            self.list.setCurrentRow(row)

    # -- the model's opinion

    def _show_predictions(self) -> None:
        item, found = self.current, self.predictions
        if item is None:
            return
        position = self.player.value()
        self.timeline.setRange(item.first, item.last, found.face if found else None)
        self.timeline.setValue(position)
        shown = found.probabilities if self.desk.assisted and found is not None else None
        self.timeline.setPredictions(shown)
        self.timeline.setFixedHeight(76 if shown is None else 168)
        self.desk.look(item.id, found)
        self._show_mode()

    def _show_mode(self) -> None:
        if not self.desk.assisted:
            self.badge.setValue("BLIND", "green")
        elif self.predictions is None:
            self.badge.setValue("ASSISTED · no prediction here", "amber")
        else:
            self.badge.setValue(f"ASSISTED · {self.predictions.model}", "amber")
        none = bool(self.items) and self.predictions is None
        self.prelabel.setVisible(none and not self.job.running)

    def toggle_mode(self) -> None:
        """Show or hide what the model thinks."""
        if self.predictions is None and not self.desk.assisted:
            self.said.emit("Nothing is pre-labelled yet: press Pre-label faces first.")
            return
        if not self.desk.annotator:
            self.said.emit("Type your annotator code first: what you see is noted with it.")
            return
        self.desk.assisted = not self.desk.assisted
        self._show_predictions()

    def start_prelabel(self) -> None:
        """Let the model look at every face of the study, in a process of its own."""
        if self.job.running:
            return
        self.progress.begin("Opening the model")
        self.job.start("prelabel", ["prelabel", str(self.study.folder), "--events"])
        self._show_mode()

    def _prelabelled(self, outcome: Outcome) -> None:
        self.progress.end()
        if outcome.error:
            self.said.emit(outcome.error)
        elif outcome.result:
            frames, faces = (
                outcome.result.get("frames"),
                outcome.result.get("frames_with_face"),
            )
            self.said.emit(f"Pre-labelled: a face in {faces} of {frames} frames.")
        self.refresh()

    # -- the expert's opinion

    def commit(self, input_by: str = "keyboard") -> None:
        """Store the judgement and go to the next item."""
        item, value = self.current, self.panel.value()
        if item is None or not value.complete or not self.desk.annotator:
            return
        self.desk.commit(item.id, value, input_by)
        self._show_dots()
        self.go(1)

    def undo(self, input_by: str = "keyboard") -> None:
        """Take back what was chosen and not saved, else the last saved label."""
        item = self.current
        if item is None:
            return
        stored = self.desk.judgement(item.id)
        if self.panel.value() != stored:
            self.panel.setValue(stored)
            return
        changed = self.desk.undo(item.id, input_by)
        if changed is None:
            return
        ids = [one.id for one in self.items]
        if changed in ids:
            self.list.setCurrentRow(ids.index(changed))
        self.panel.setValue(self.desk.judgement(changed))
        self._show_dots()

    def _annotator_changed(self, code: str) -> None:
        self.desk.change_annotator(code)
        self._show_dots()
        self._show_predictions()
        if self.current is not None:
            self.panel.setValue(self.desk.judgement(self.current.id))

    # -- frames and keys

    def _frame_shown(self, index: int) -> None:
        self.timeline.setValue(index)
        self.where.setText(f"{self.player.time_s:.2f} s")

    def _playing_changed(self, playing: bool) -> None:
        self.play.setText("Pause" if playing else "Play")
        self.play.setIcon(theme.icon("pause" if playing else "play"))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take every key of the page."""
        if self.current is None or not self._key(event):
            super().keyPressEvent(event)

    def _key(self, event: QKeyEvent) -> bool:
        key, held = _K(event.key()), event.modifiers()
        far = 10 if held & Qt.KeyboardModifier.ShiftModifier else 1
        if held & Qt.KeyboardModifier.ControlModifier:
            if key == _K.Key_Z:
                self.undo()
            return key == _K.Key_Z
        if _K.Key_1 <= key <= _K.Key_7:
            self.panel.choose(EMOTIONS[key - _K.Key_1])
            return True
        actions = {
            _K.Key_Q: lambda: self.panel.grade(0),
            _K.Key_W: lambda: self.panel.grade(1),
            _K.Key_E: lambda: self.panel.grade(2),
            _K.Key_R: lambda: self.panel.grade(3),
            _K.Key_Return: self.commit,
            _K.Key_Enter: self.commit,
            _K.Key_Backspace: lambda: self.go(-1),
            _K.Key_Left: lambda: self.player.step(-far),
            _K.Key_Right: lambda: self.player.step(far),
            _K.Key_Home: lambda: self.player.setValue(0),
            _K.Key_End: lambda: self.player.setValue(1 << 30),
            _K.Key_Space: self.player.toggle,
            _K.Key_H: self.toggle_mode,
        }
        action = actions.get(key)
        if action is not None:
            action()
        return action is not None

    def finish(self) -> None:
        """Close the video and the store."""
        super().finish()
        self.player.close_video()
        self.desk.close()


def _help() -> QGridLayout:
    grid = QGridLayout()
    grid.setVerticalSpacing(3)
    grid.setColumnStretch(1, 1)
    for row, (keys, text) in enumerate(_HELP):
        grid.addWidget(label(keys, "small"), row, 0)
        grid.addWidget(label(text, "small"), row, 1)
    return grid


def _dot(done: bool) -> QIcon:
    """Return a full or an empty dot; it says done or not, and nothing else."""
    picture = QPixmap(24, 24)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(theme.ACCENT if done else "#9fabb8"))
    painter.setBrush(QColor(theme.ACCENT) if done else Qt.BrushStyle.NoBrush)
    painter.drawEllipse(7, 7, 10, 10)
    painter.end()
    return QIcon(picture)

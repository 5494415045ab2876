"""The labelling room: what a face shows, said by keyboard, blind until the review.

Which turn comes next, and what may be seen in it, is the `Desk`'s to say; the page shows
it. The keys are in `ui.label.keys`, and on the sheet behind ``?``.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QListWidgetItem

from emer_studio.core.errors import EmerError
from emer_studio.labels.queue import Turn
from emer_studio.ui.jobs import Outcome
from emer_studio.ui.label import words
from emer_studio.ui.label.actions import actions_of, judging
from emer_studio.ui.label.desk import REVIEWED, STAGES, Desk
from emer_studio.ui.label.keys import Keys, name_of
from emer_studio.ui.label.lead import LeadDialog
from emer_studio.ui.label.pace import Pace
from emer_studio.ui.label.predictions import Predictions
from emer_studio.ui.label.room import Room, dot
from emer_studio.ui.label.room_page import RoomPage
from emer_studio.ui.label.tables import Tables
from emer_studio.ui.parts import Pill, ProgressLine, button, label
from emer_studio.ui.workspace import Workspace

__all__ = ["LabelPage"]

logger = logging.getLogger(__name__)


class LabelPage(RoomPage):
    """Items on the left, the face in the middle, the judgement on the right."""

    def __init__(self, workspace: Workspace, desk: Desk | None = None) -> None:
        super().__init__(workspace, "Label faces")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.keys, self.pace = Keys(), Pace()
        self.desk = desk if desk is not None else Desk(workspace.study)
        self.turns: list[Turn] = []
        self.current: Turn | None = None
        self.predictions: Predictions | None = None
        self._tables = Tables()
        self._begun_s, self._told = 0.0, False
        self._shows_model = True
        self.badge, self.rate, self.count = Pill(), label("", "muted"), label("", "muted")
        self.prelabel, self.lead = button("Pre-label faces", "demo"), button("Study lead…")
        self.progress = ProgressLine()
        self.progress.setFixedWidth(200)
        for widget in (
            self.progress,
            self.count,
            self.rate,
            self.lead,
            self.prelabel,
            self.badge,
        ):
            self.head.addWidget(widget)
        self.room = Room(self.desk.plan.scheme, self.desk.folder, self.keys)
        self.player, self.timeline = self.room.player, self.room.timeline
        self.panel, self.list = self.room.panel, self.room.list
        self.box.addWidget(self.room, 1)
        self._connect()
        self._acts = actions_of(self)
        self.refresh()

    def _connect(self) -> None:
        room = self.room
        room.empty.pressed.connect(lambda: self.wants.emit("session"))
        room.annotator.editingFinished.connect(self._sit_down)
        room.annotator.returnPressed.connect(self.setFocus)
        room.stage.activated.connect(self._stage_chosen)
        room.play.clicked.connect(self.player.toggle)
        for sheet in (room.sheet, room.codebook):
            sheet.closed.connect(self._close_sheet)
        self.list.currentRowChanged.connect(self._open_row)
        self.player.valueChanged.connect(self._frame_shown)
        self.player.playingChanged.connect(room.show_playing)
        self.player.failed.connect(self._cannot_show)
        self.timeline.valueChanged.connect(self.player.setValue)
        self.panel.commitAsked.connect(lambda: self.commit("mouse"))
        self.panel.undoAsked.connect(lambda: self.undo("mouse"))
        self.panel.valueChanged.connect(lambda said: self.timeline.setPeak(said.peak))
        self.panel.note.returnPressed.connect(self.setFocus)
        for widget in (self.prelabel, self.lead):
            widget.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.prelabel.clicked.connect(self.start_prelabel)
        self.lead.clicked.connect(self.show_lead)
        self.job.progressed.connect(self.progress.setValue)
        self.job.ended.connect(self._prelabelled)

    # -- items

    @property
    def simulated(self) -> bool:
        """Whether the shown face is simulated."""
        return self.current is not None and self.desk.item(self.current).simulated

    def refresh(self) -> None:
        """Read items and labels again; the shown item stays."""
        items = self.desk.find_items()
        self.room.show_empty(not items)
        for widget in (self.badge, self.count, self.rate):
            widget.setVisible(bool(items))
        self.lead.setVisible(bool(items) and self.desk.leads)
        try:
            self.desk.read(items, self._tables.means)
        except EmerError as problem:
            self.said.emit(str(problem))
            return
        self._show_queue()

    def _show_queue(self) -> None:
        """Show the annotator's turns of the stage; the shown one stays if it is there."""
        shown, self.turns = self.current, self.desk.turns()
        self.room.show_stages(self.desk.stages, self.desk.stage)
        self.list.blockSignals(True)
        self.list.clear()
        for number, turn in enumerate(self.turns, start=1):
            entry = QListWidgetItem(f"{number}   {self.desk.name(turn)}")
            entry.setIcon(dot(self.desk.done(turn)))
            self.list.addItem(entry)
        row = self.turns.index(shown) if shown in self.turns else self._next_open(-1)
        self.list.setCurrentRow(row)
        self.list.blockSignals(False)
        if shown not in self.turns or shown is None:
            self._open_row(row)
        self._show_count()
        self._show_mode()

    def _next_open(self, row: int) -> int:
        """Return the next turn after a row that is not done; from the top at the end."""
        order = [*range(row + 1, len(self.turns)), *range(row + 1)]
        open_ones = (k for k in order if not self.desk.done(self.turns[k]))
        return next(open_ones, min(row + 1, len(self.turns) - 1))

    def _show_count(self) -> None:
        done = sum(self.desk.done(turn) for turn in self.turns)
        self.count.setText(words.progress(done, len(self.turns), self.desk.plan.deadline))
        self.rate.setText(words.pace(self.pace.per_minute))

    def _open_row(self, row: int) -> None:
        if not 0 <= row < len(self.turns):
            self.current, self.predictions = None, None
            self.player.close_video()
            self.timeline.setRange(0, 0, None)
            self.room.tell(words.nothing_to_do(self.desk))
            return
        turn = self.turns[row]
        self.panel.setEnabled(True)
        item, table = self.desk.item(turn), self._tables.of(self.desk.item(turn))
        self.current, self.predictions, self._told = turn, table, False
        self._shows_model = True
        self.player.open(item.video, item.first, item.last)
        self.player.setFace(table.face_in(item.first, item.last) if table else None)
        self._begun_s = time.monotonic()
        self._prepare(row)
        self.panel.setValue(self.desk.judgement(turn))
        self._show_predictions()
        self.simulatedChanged.emit()

    def _prepare(self, row: int) -> None:
        coming = [self._next_open(row), row + 1, row - 1]
        rows = [k for k in dict.fromkeys(coming) if 0 <= k < len(self.turns) and k != row]
        items = [self.desk.item(self.turns[k]) for k in rows]
        self.player.shelf.prepare([(item.video, item.first) for item in items])

    def _cannot_show(self, why: str) -> None:
        """Say that a video cannot be shown; what is wrong with it goes to the log alone."""
        logger.warning("a face cannot be shown: %s", why)
        name = self.desk.name(self.current) if self.current is not None else ""
        self.said.emit(words.cannot_show(name))

    # -- what may be seen

    def _show_predictions(self) -> None:
        turn, table = self.current, self.predictions
        if turn is None:
            return
        item = self.desk.item(turn)
        position = self.player.value()
        blind = not self.desk.assisted(turn)
        gaps = None if blind or table is None else table.face
        self.timeline.setRange(item.first, item.last, gaps)
        self.timeline.setValue(position)
        self.timeline.setPeak(self.panel.value().peak)
        shown = not blind and self._shows_model and table is not None
        if shown and table is not None:
            self.timeline.setPredictions(table.probabilities, table.feeling)
        self.timeline.setFixedHeight(168 if not blind else 76)
        if not blind:
            self._looked(turn, table, shown)
        self._show_mode()

    def _show_mode(self) -> None:
        turn, desk = self.current, self.desk
        model = self.predictions.model if self.predictions is not None else ""
        self.badge.setValue(*words.badge(desk, turn, model, self._shows_model))
        deciding = desk.stage == "adjudication"
        self.panel.setMode(adjudicating=deciding, why_not=desk.why_not)
        if turn is not None and not self._told:
            self.room.tell(words.about(desk, turn, shown=self._shows_model))
        idle = not self.job.running and bool(desk.items())
        self.prelabel.setVisible(idle and desk.stage in REVIEWED and not model)

    def _looked(self, turn: Turn, table: Predictions | None, shown: bool) -> None:
        try:
            self.desk.look(turn, table, shown=shown)
        except EmerError as problem:  # what was seen must be written down, or not be seen
            self.timeline.setPredictions(None)
            self.said.emit(str(problem))

    def toggle_model(self) -> None:
        """Show or hide what the model thinks, in the review."""
        turn = self.current
        if turn is None or not self.desk.assisted(turn):
            self.said.emit(words.NOT_NOW)
            return
        self._shows_model = not self._shows_model
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
        elif "frames_with_face" in outcome.result:
            self.said.emit(words.prelabelled(outcome.result))
        self.refresh()
        if self.current is not None:
            self.predictions = self._tables.of(self.desk.item(self.current))
            self._show_predictions()

    # -- the expert's opinion

    def commit(self, input_by: str = "keyboard") -> None:
        """Store the judgement and go to the next item that is open."""
        turn = self.current
        if self._sit_down() or turn is None or not self.panel.ready:
            return
        if self._told:  # the gold label was read
            self._go_on()
            return
        if not self.player.shows and self.panel.value().category is not None:
            self.said.emit(words.NO_PICTURE)
            return
        try:
            self.desk.commit(
                turn,
                self.panel.value(),
                input_by,
                position=self.list.currentRow() + 1,
                elapsed_ms=round(1000 * (time.monotonic() - self._begun_s)),
            )
        except EmerError as problem:
            self.said.emit(str(problem))
            self.refresh()  # it may be frozen since, and not in the queue any more
            return
        self.pace.tick(time.monotonic())
        self._mark_row()
        if turn.stage == "training":
            self._told = True
            self.panel.setEnabled(False)  # what was said before the gold was read, counts
            self.room.tell(words.feedback(self.desk, turn, self.panel.value()))
        else:
            self._go_on()

    def _go_on(self) -> None:
        row, self._told = self.list.currentRow(), False
        self.panel.setEnabled(True)
        if all(self.desk.done(turn) for turn in self.turns):
            following = self.desk.next_stage()
            if following != self.desk.stage:
                self._change_stage(following)
                return
        self.list.setCurrentRow(self._next_open(row))

    def _mark_row(self) -> None:
        row = self.list.currentRow()
        entry = self.list.item(row)
        if entry is not None:
            entry.setIcon(dot(self.desk.done(self.turns[row])))
        self._show_count()

    def go(self, by: int) -> None:
        """Go to another item; at the ends nothing happens."""
        row = self.list.currentRow() + by
        if 0 <= row < self.list.count():
            self.list.setCurrentRow(row)

    def undo(self, input_by: str = "keyboard") -> None:
        """Take back what was chosen and not saved, else the last saved label."""
        turn = self.current
        if turn is None:
            return
        stored = self.desk.judgement(turn)
        if self.panel.value() != stored:
            self.panel.setValue(stored)
            self.timeline.setPeak(stored.peak)
            return
        self._change(lambda: self.desk.undo(input_by))

    def redo(self) -> None:
        """Say again what was undone."""
        if self.current is not None:
            self._change(lambda: self.desk.redo("keyboard"))

    def _change(self, act: Callable[[], Turn | None]) -> None:
        """Undo or redo, and show where; a frozen item says why not."""
        try:
            turn = act()
        except EmerError as problem:
            self.said.emit(str(problem))
            return
        if turn is None:
            return
        if turn.stage in STAGES and turn.stage != self.desk.stage:
            self._change_stage(turn.stage)
        if turn in self.turns:
            self.list.setCurrentRow(self.turns.index(turn))
            self._mark_row()
        self.panel.setValue(self.desk.judgement(turn))
        self.timeline.setPeak(self.panel.value().peak)

    def _sit_down(self) -> bool:
        """Work as who has typed a code; True when that is somebody else than before."""
        before = self.desk.annotator
        try:
            self.desk.sit_down(self.room.code())
        except EmerError as problem:
            self.room.annotator.setText(self.desk.annotator)
            self.said.emit(str(problem))
            return True
        if self.desk.annotator == before:
            return False
        self.current = None
        self._show_queue()
        return True

    def _stage_chosen(self, _place: int) -> None:
        self._change_stage(str(self.room.stage.currentData()))
        self.setFocus()

    def _change_stage(self, stage: str) -> None:
        self.desk.stage, self.current = stage, None
        self.refresh()

    # -- the study lead

    def show_lead(self) -> None:
        """Show who has labelled what, and what can be frozen."""
        self.lead_dialog = LeadDialog(self, self.desk)
        self.lead_dialog.frozen.connect(self._frozen)
        self.lead_dialog.prelabel.clicked.connect(self.start_prelabel)
        self.lead_dialog.open()

    def _frozen(self) -> None:
        self.desk.stage = self.desk.next_stage()
        self.current = None
        self.refresh()

    # -- keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take every key of the page."""
        action = self.keys.action(name_of(event))
        if self._told and action in judging():
            return
        if action and (self.current is not None or action == "sheet"):
            self._acts[action]()
        else:
            super().keyPressEvent(event)

    def finish(self) -> None:
        """Close the video and the store."""
        super().finish()
        self.player.finish()
        self.desk.close()

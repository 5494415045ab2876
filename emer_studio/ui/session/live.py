"""The view of a running session: state, camera, gaze, streams, and what happened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QElapsedTimer, QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QHideEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from emer_studio.core import settings
from emer_studio.ui import theme
from emer_studio.ui.desk_keys import DESK_KEYS, leave_keyboard
from emer_studio.ui.parts import Card, button, label, restyle
from emer_studio.ui.session.age_plot import Ages
from emer_studio.ui.session.alarm_bar import AlarmBar
from emer_studio.ui.session.alarms import Alarms
from emer_studio.ui.session.camera_card import look_words
from emer_studio.ui.session.camera_view import CameraView
from emer_studio.ui.session.choice import SessionChoice
from emer_studio.ui.session.desk_buttons import DeskButtons
from emer_studio.ui.session.gaze_view import GazeView
from emer_studio.ui.session.journal_words import in_words
from emer_studio.ui.session.link_line import LinkLine
from emer_studio.ui.session.stream_table import show_streams, stream_table

__all__ = ["LiveView"]

_POLL_MS = 33
_WATCH_MS = 250  # how often it is asked what is wrong
_STATES = {
    "consent": "Reading the consent form",
    "instructions": "Reading the instructions",
    "baseline": "Baseline",
    "sync": "Flash and click",
    "validation": "Looking at points",
    "fixation": "Looking at the cross",
    "clip": "Watching the clip",
    "rating": "Rating",
    "washout": "Pause",
    "break": "A break",
    "questions": "Answering questions",
    "closing": "Closing text",
    "paused": "Paused",
    "done": "Closing the files",
}


class LiveView(QWidget):
    """Shows what the processes of a session report, and asks for pause, resume, abort."""

    abortAsked = Signal()
    asked = Signal(str)  # a command of `session.desk`
    noteAsked = Signal(str)

    def __init__(self, alarms: Alarms | None = None, *, remote: bool = False) -> None:
        super().__init__()
        self._remote = remote
        self._clock = QElapsedTimer()
        self._origin_s: float | None = None
        self._paused = False
        self.trial_shown = 0
        """Number of the trial that is shown, 0 between trials."""
        self._gaze_name = ""
        self._ages = Ages()
        self._timer = QTimer(self, interval=_POLL_MS)
        self._timer.timeout.connect(self._poll)
        self._watch = QTimer(self, interval=_WATCH_MS)
        self._watch.timeout.connect(self._look)
        self.alarms = Alarms() if alarms is None else alarms
        self.alarm, self.link = AlarmBar(), LinkLine()
        self._before_s = 0
        self.camera, self.gaze = CameraView(least=(240, 110)), GazeView()
        self.mirror = CameraView("Their window", (160, 90))
        self.mirror.setFixedSize(160, 90)
        self.mirror.setToolTip("What the participant sees now")
        self.log = QListWidget()
        self.log.setProperty("kind", "log")
        self.log.setWordWrap(True)
        self.log.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.log.setSelectionMode(QListWidget.SelectionMode.NoSelection)
        self.log.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.log.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.log.setTextElideMode(Qt.TextElideMode.ElideNone)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(12)
        outer.addWidget(self.alarm)
        outer.addWidget(self.link)
        outer.addWidget(self._state_card())
        row = QHBoxLayout()
        row.setSpacing(12)
        left, right = QVBoxLayout(), QVBoxLayout()
        left.setSpacing(12)
        right.setSpacing(12)
        left.addWidget(self._camera_card(), 6)
        left.addWidget(self._log_card(), 5)
        right.addWidget(self._gaze_card(), 6)
        right.addWidget(self._streams_card(), 5)
        # What they would like to have is not asked: it left a low window's log two lines.
        for part in (self.camera, self.log, self.gaze, self.streams):
            wide = part.sizePolicy().horizontalPolicy()
            part.setSizePolicy(wide, QSizePolicy.Policy.Ignored)
        row.addLayout(left, 9)
        row.addLayout(right, 14)
        outer.addLayout(row, 1)

    def _state_card(self) -> Card:
        card = Card()
        row = QHBoxLayout()
        row.setSpacing(14)
        words = QVBoxLayout()
        words.setSpacing(2)
        self.who, self.state = label("", "small"), label("", "number", wrap=True)
        words.addStretch(1)
        words.addWidget(self.who)
        words.addWidget(self.state)
        words.addStretch(1)
        middle = QVBoxLayout()
        middle.setSpacing(6)
        self.trial, self.bar = label("", "muted"), QProgressBar()
        self.bar.setTextVisible(False)
        middle.addStretch(1)
        middle.addWidget(self.trial)
        middle.addWidget(self.bar)
        middle.addStretch(1)
        self.elapsed = label("0:00", "number")
        self.abort = button("Abort…", "stop", "danger")
        self.abort.clicked.connect(self.abortAsked)
        self.pause = button("Pause", "pause")
        self.pause.setToolTip("Pause now, or go on (Ctrl+P)")
        key = QShortcut(QKeySequence(DESK_KEYS["pause"]), self.pause)
        key.activated.connect(self.pause.click)
        self.pause.clicked.connect(self._pause_or_go_on)
        self.pause.installEventFilter(self)
        self.desk = DeskButtons()
        self.desk.asked.connect(self.asked)
        self.desk.noteAsked.connect(self.noteAsked)
        row.addWidget(self.mirror)
        row.addLayout(words, 5)
        row.addLayout(middle, 4)
        row.addWidget(self.elapsed)
        row.addWidget(self.pause)
        row.addWidget(self.abort)
        card.box.addLayout(row)
        card.box.addWidget(self.desk)
        return card

    def _camera_card(self) -> Card:
        card = Card("Camera")
        self.camera_facts = label("", "small", wrap=True)
        self.camera_facts.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.camera_facts.setToolTip(
            "dropped: came, but did not fit into the queue of the encoder\n"
            "missed: never came from the camera\n"
            "late: came in a burst after a pause; nothing is missing"
        )
        self.face, self.sound = label("", "small", wrap=True), label("", "small")
        card.head.addWidget(self.camera_facts, 6)
        card.box.addWidget(self.camera, 1)
        for part in (self.face, self.sound):
            card.box.addWidget(part)
        return card

    def _gaze_card(self) -> Card:
        card = Card("Gaze")
        self.gaze_facts = label("", "small")
        card.head.addWidget(self.gaze_facts)
        card.box.addWidget(self.gaze, 1)
        return card

    def _streams_card(self) -> Card:
        card = Card("Streams")
        self.disk = label("", "small")
        card.head.addWidget(self.disk)
        self.streams = stream_table()
        card.box.addWidget(self.streams, 1)
        return card

    def _log_card(self) -> Card:
        card = Card("What happened")
        self.beep = QCheckBox("Beep on trouble")
        self.beep.setToolTip("From this computer's loudspeaker, also to the participant")
        self.beep.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.beep.toggled.connect(self._make_aloud)
        self.beep.setChecked(settings.load().alarm_aloud == "yes")
        card.head.addWidget(self.beep)
        card.box.addWidget(self.log, 1)
        return card

    # -- a session

    def begin(self, choice: SessionChoice, *, before_s: float = 0.0) -> None:
        """Show the beginning of a session, or one that has been running for `before_s`."""
        self._before_s = int(before_s)
        self.who.setText(f"{choice.participant}   ·   {Path(choice.protocol).stem}")
        self.state.setText("Opening the devices")
        self.trial.setText("")
        self.trial_shown = 0
        self.bar.setRange(0, 1)
        self.bar.setValue(0)
        self.abort.setEnabled(True)
        self.pause.setEnabled(False)
        self.desk.setEnabled(False)
        self.log.clear()
        self.streams.setRowCount(0)
        self._ages = Ages()
        self._origin_s = None
        for part in (self.camera_facts, self.gaze_facts, self.disk, self.face, self.sound):
            part.setText("")
        self.sound.setVisible(bool(choice.microphone))
        self.alarms.begin()
        self.alarm.setValue([])
        self.link.setValue([], [])
        self._clock.start()
        self._timer.start()
        self._watch.start()
        self._leave_keyboard()

    def end(self) -> None:
        """Let go of everything live."""
        self._timer.stop()
        self._watch.stop()
        self._leave_keyboard()
        self.alarms.end()
        self._look()
        self.camera.close_ring()
        self.mirror.close_ring()
        self.gaze.close_ring()
        self.link.setValue([], [])

    def take(self, event: dict[str, Any]) -> None:
        """Show one event of the session."""
        self.alarms.take(event)
        kind = event.get("event")
        if kind == "live":
            self._follow(event)
        elif kind == "state":
            self._show_state(event)
        elif kind == "journal":
            self._add(*in_words(event["entry"]), t_s=event["entry"].get("t_s"))
        elif kind == "desk_asked":
            self.press(str(event.get("command")))
        elif kind == "message":
            self._add(str(event.get("text", "")).strip(), "")
        elif kind == "error":
            self._add(str(event.get("text", "")), "red")
        elif kind in ("recorder_status", "standby recorder_status"):
            self._show_streams(event)
        elif kind == "camera_status":
            self._show_camera(event)
        elif kind == "camera_look":
            self._show_face(event)
        elif kind == "microphone_status":
            self._show_sound(event)
        elif kind == "link":
            self.link.setValue(event["lines"], event["here"])

    def _make_aloud(self, on: bool) -> None:
        self.alarm.aloud = on
        settings.remember(alarm_aloud="yes" if on else "")

    def press(self, command: str) -> None:
        """Do what one of the operator's keys does; one question at a time is asked."""
        if QApplication.activeModalWidget() is None:
            self.desk.press(command)

    def showEvent(self, event: QShowEvent) -> None:
        """Leave the keyboard to the participant while a session is shown."""
        self._leave_keyboard()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        """Take the keyboard for other pages of the window."""
        if not self._remote:
            leave_keyboard(self.window(), on=False)
        super().hideEvent(event)

    def _leave_keyboard(self) -> None:
        if not self._remote:  # whose keyboard is no participant's
            leave_keyboard(self.window(), on=self._timer.isActive())

    def _follow(self, event: dict[str, Any]) -> None:
        """Follow the rings that an event tells of."""
        if "camera" in event:
            self.camera.open(Path(str(event["camera"])))
            self._gaze_name = str(event.get("gaze", ""))
            self.gaze_facts.setText(self._gaze_name)
        if "mirror" in event:
            self.mirror.open(Path(str(event["mirror"])))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let a double click on Pause be one: its second half would go on at once."""
        double = event.type() == QEvent.Type.MouseButtonDblClick
        return (watched is self.pause and double) or super().eventFilter(watched, event)

    def _pause_or_go_on(self) -> None:
        self.asked.emit("resume" if self._paused else "pause")

    def _show_state(self, event: dict[str, Any]) -> None:
        name, of = str(event.get("state")), int(event.get("of") or 0)
        self.state.setText(_STATES.get(name, name))
        self._paused = name == "paused"
        self.pause.setText(" Go on" if self._paused else " Pause")
        self.pause.setIcon(theme.icon("play" if self._paused else "pause"))
        for part in (self.pause, self.desk):
            part.setEnabled(name != "done")
        self.bar.setRange(0, max(of, 1))
        trial = event.get("trial")
        self.trial_shown = int(trial or 0)
        if trial is not None:
            self.trial.setText(f"Trial {trial} of {of}   ·   {event.get('clip')}")
            self.bar.setValue(int(trial) - (name != "washout"))
        elif name in ("closing", "done"):
            self.trial.setText("")
        if name == "done":
            self.abort.setEnabled(False)

    def _show_camera(self, event: dict[str, Any]) -> None:
        parts = [f"{event.get('frames')} frames", f"{event.get('rate_hz') or 0:.1f} Hz"]
        parts += [f"{int(event.get(name) or 0)} {name}" for name in ("dropped", "missed")]
        late = int(event.get("late") or 0)
        parts += [f"{late} late"] if late else []
        self.camera_facts.setText(" · ".join(parts))

    def _show_face(self, event: dict[str, Any]) -> None:
        words, good = look_words(event)
        self.camera.setFace(event.get("box"), good=good)
        self.face.setText(words)
        restyle(self.face, "kind", "small" if good else "small-amber")

    def _show_sound(self, event: dict[str, Any]) -> None:
        names = ("dropped_samples", "missing_samples")
        lost = sum(int(event.get(name) or 0) for name in names)
        level = float(event.get("level") or 0)
        said = f"level {level:.0%}" + (f", {lost} samples lost" if lost else "")
        self.sound.setText(str(event.get("problem") or f"Sound {said}"))

    def _show_streams(self, event: dict[str, Any]) -> None:
        rows = event.get("streams") or []
        if event.get("free_gb") is not None:
            self.disk.setText(f"{event['free_gb']:.1f} GB free")
        show_streams(self.streams, rows, self._ages)
        for row in rows:
            if row.get("gaze") and row.get("ring"):
                self.gaze.follow(str(row["ring"]), row["gaze"])

    def _add(self, text: str, weight: str, *, t_s: float | None = None) -> None:
        if not text:
            return
        if t_s is not None:
            self._origin_s = t_s if self._origin_s is None else self._origin_s
            seconds = max(t_s - self._origin_s, 0.0)
            text = f"{int(seconds // 60)}:{seconds % 60:04.1f}   {text}"
        item = QListWidgetItem(text)
        if weight:
            item.setForeground(QColor(theme.VERDICT_COLOURS[weight][0]))
        self.log.addItem(item)
        self.log.scrollToBottom()

    def _look(self) -> None:
        """Say what is wrong now; what has come to an end is not."""
        found = self.alarms.now()
        self.alarm.setValue(found)
        self.camera.setTrouble(_about("Camera", found))
        gaze = _about("Gaze", found)
        if gaze or self.gaze_facts.property("kind") != "small":
            self.gaze_facts.setText(gaze or self._gaze_name)
            restyle(self.gaze_facts, "kind", "small-red" if gaze else "small")

    def _poll(self) -> None:
        self.camera.poll()
        self.mirror.poll()
        self.gaze.poll()
        self.mirror.setPoint(self.gaze.point)
        seconds = self._before_s + self._clock.elapsed() // 1000
        self.elapsed.setText(f"{seconds // 60}:{seconds % 60:02d}")


def _about(who: str, sentences: list[str]) -> str:
    """Return what is wrong with one of the devices, without its name."""
    mine = (text for text in sentences if text.startswith(f"{who}: "))
    return next(mine, "").removeprefix(f"{who}: ")

"""The page Study › Explore: face, clip, gaze, pupil, events and labels of a trial."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from emer_studio.core.errors import BadInputError
from emer_studio.ui import theme
from emer_studio.ui.explore.facts import Facts
from emer_studio.ui.explore.lanes import lanes_of
from emer_studio.ui.explore.playhead import SPEEDS, Playhead
from emer_studio.ui.explore.screens import ClipScreen, FaceScreen
from emer_studio.ui.explore.timeline import TimeLine
from emer_studio.ui.explore.trial import ExploredSession, TrialStory
from emer_studio.ui.jobs import Outcome
from emer_studio.ui.page import Page
from emer_studio.ui.parts import Card, Empty, button, label
from emer_studio.ui.workspace import Workspace

__all__ = ["ExplorePage"]

_K = Qt.Key
_LEFT_PX = 214
_STEP_S = 1 / 30  # of an arrow key where no face was filmed
_KEYS = (
    "Space: play.  ← →: a frame; with Shift ten.  Home, End.  PgUp, PgDn: another trial."
    "  G: gaze.  M: fixation map.  + −: zoom; 0: all.  , .: speed.  Esc: back."
)


class ExplorePage(Page):
    """One trial on one time line; `visit("SESSION")` or ``SESSION/trial-N`` opens it."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace, "Study › Explore")
        self.session: ExploredSession | None = None
        self.story: TrialStory | None = None
        self._wanted: int | None = None
        self.playhead = Playhead(self)
        self.sessions = QComboBox()
        self.sessions.setAccessibleName("Session")
        self.sessions.setMinimumWidth(250)
        self.sessions.activated.connect(self._chosen)
        self.back = button("Back to study")
        self.back.clicked.connect(lambda: self.wants.emit("study"))
        self.head.addWidget(self.sessions)
        self.head.addWidget(self.back)
        self.empty = Empty(
            "study",
            "Nothing to explore yet",
            "Once a session has shown a clip to its end, its face video, gaze, pupil and"
            " ratings can be watched here side by side.",
            "Run a session",
        )
        self.empty.pressed.connect(lambda: self.wants.emit("session"))
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self._body())
        self.box.addWidget(self.stack, 1)
        self.playhead.moved.connect(self._moved)
        self.playhead.playingChanged.connect(self._playing_changed)
        self.timeline.moved.connect(self.playhead.setValue)
        self.job.ended.connect(self._worked_out)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.refresh()

    # -- parts

    def _body(self) -> QWidget:
        body = QWidget()
        row = QHBoxLayout(body)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addLayout(self._left())
        middle = QVBoxLayout()
        middle.setSpacing(10)
        screens = QHBoxLayout()
        screens.setSpacing(10)
        self.face, self.clip = FaceScreen(), ClipScreen()
        screens.addWidget(self.face, 4)
        screens.addWidget(self.clip, 5)
        middle.addLayout(screens, 5)
        middle.addLayout(self._controls())
        card = Card()
        card.box.setContentsMargins(12, 10, 6, 6)
        self.timeline = TimeLine()
        card.box.addWidget(self.timeline, 1)
        middle.addWidget(card, 6)
        self.keys = label(_KEYS, "small")
        self.keys.setMinimumWidth(1)
        middle.addWidget(self.keys)
        row.addLayout(middle, 1)
        return body

    def _left(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(12)
        card = Card("Trials")
        card.setFixedWidth(_LEFT_PX)
        card.setMinimumHeight(110)
        self.list = QListWidget()
        self.list.setAccessibleName("Trials")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the page takes the keys
        self.list.currentRowChanged.connect(self._open_row)
        card.box.addWidget(self.list, 1)
        self.facts = Facts()
        self.facts.setFixedWidth(_LEFT_PX)
        column.addWidget(card, 1)
        column.addWidget(self.facts)
        return column

    def _controls(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(10)
        self.play = button("Play", "play", "primary")
        self.play.setFixedWidth(104)
        self.play.clicked.connect(self.playhead.toggle)
        self.speed = QComboBox()
        self.speed.setAccessibleName("Speed")
        for speed in SPEEDS:
            self.speed.addItem(f"{speed:g} ×", speed)
        self.speed.setCurrentIndex(SPEEDS.index(1.0))
        self.speed.currentIndexChanged.connect(
            lambda place: self.playhead.setSpeed(SPEEDS[place])
        )
        self.gaze, self.map = QCheckBox("Gaze"), QCheckBox("Fixation map of the trial")
        self.gaze.setChecked(True)
        self.gaze.toggled.connect(self._show_layers)
        self.map.toggled.connect(self._show_layers)
        self.about = label("", "muted")
        self.about.setMinimumWidth(1)
        for widget in (self.play, self.speed, self.gaze, self.map):
            widget.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            row.addWidget(widget)
        row.addWidget(self.about, 1)
        return row

    # -- which trial

    @property
    def simulated(self) -> bool:
        """Whether the shown session is."""
        return self.session is not None and self.session.simulated

    def refresh(self) -> None:
        """Look at the sessions again; what is open stays open."""
        folders = [one.folder for one in reversed(self.study.sessions())]
        known = [self.sessions.itemData(i) for i in range(self.sessions.count())]
        if folders != known:
            self.sessions.clear()
            for folder in folders:
                self.sessions.addItem(folder.name, folder)
            here = self.session.folder if self.session is not None else None
            self.sessions.setCurrentIndex(folders.index(here) if here in folders else -1)
        if self.session is not None and self.session.folder not in folders:
            self._close_session()
        if self.session is None and folders:
            self.sessions.setCurrentIndex(0)
            if self.isVisible():
                self._open(folders[0])
        self.stack.setCurrentIndex(1 if folders else 0)

    def visit(self, what: str) -> None:
        """Open a session, or a trial of it: ``SESSION`` or ``SESSION/trial-N``."""
        name, _, rest = what.partition("/")
        number = rest.partition("/")[0].removeprefix("trial-")
        self._wanted = int(number) if number.isdigit() else None
        for place in range(self.sessions.count()):
            folder = self.sessions.itemData(place)
            if folder.name == name:
                self.sessions.setCurrentIndex(place)
                self._open(folder)
                return
        self.said.emit(f"The session {name} is not in this study any more.")

    def _chosen(self, place: int) -> None:
        self._wanted = None
        self._open(self.sessions.itemData(place))
        self.setFocus()

    def _open(self, folder: Path) -> None:
        if self.session is not None and self.session.folder == folder:
            self._go_to_wanted()
            return
        self._close_session()
        try:
            self.session = ExploredSession(self.study, folder)
        except BadInputError as problem:
            self.said.emit(str(problem))
            return
        self.session.read_eyes()
        self._work_out()
        self._fill_list()
        self._go_to_wanted()
        self.simulatedChanged.emit()

    def _close_session(self) -> None:
        self.playhead.pause()
        self.session = self.story = None
        self.list.clear()
        self.playhead.open(0.0)
        self.timeline.open([], 1.0)
        self.facts.clear()
        self.about.setText("")
        for screen in (self.face, self.clip):
            screen.open(None, "")

    def _fill_list(self) -> None:
        self.list.blockSignals(True)
        self.list.clear()
        for clip in self.session.shown if self.session is not None else ():
            entry = QListWidgetItem(f"{clip.trial}   {clip.clip}")
            entry.setToolTip(clip.clip)
            self.list.addItem(entry)
        self.list.blockSignals(False)
        if not self.list.count():
            self.about.setText("No clip of this session was shown to its end.")

    def _go_to_wanted(self) -> None:
        shown = self.session.shown if self.session is not None else []
        numbers = [clip.trial for clip in shown]
        row = numbers.index(self._wanted) if self._wanted in numbers else 0
        if self._wanted is not None or self.list.currentRow() < 0:
            self.list.setCurrentRow(row)
        self._wanted = None

    def _open_row(self, row: int) -> None:
        if self.session is None or not 0 <= row < len(self.session.shown):
            return
        self._show_story(self.session.story(row))
        self.playhead.open(self.story.length_s if self.story is not None else 0.0)

    def _show_story(self, story: TrialStory) -> None:
        self.story = story
        eyes = self.session.eyes if self.session is not None else None
        waiting = self._waiting()
        unit = eyes.pupil_unit if eyes is not None else ""
        self.face.open(story, "" if story.face else "No face video of this trial.")
        self.clip.open(story, "" if story.clip else waiting or _NO_CLIP)
        self.timeline.open(lanes_of(story, waiting or "no gaze", unit), story.length_s)
        self.facts.setValue(story)
        again = "   ·   shown before" if story.shown.repeated else ""
        self.about.setText(
            f"Trial {story.shown.trial}   ·   {story.shown.clip}   ·   "
            f"{story.length_s:.1f} s{again}"
        )

    # -- the eyes, worked out beside the window

    def _work_out(self) -> None:
        """Let the command work the eyes out; where they are kept it only says so."""
        if self.session is None:
            return
        if self.job.running:
            self.job.stop()  # its end begins the next one
            return
        self.job.start("explore", ["explore", str(self.session.folder), "--events"])

    def _waiting(self) -> str:
        eyes = self.session.eyes if self.session is not None else None
        if eyes is not None:
            return eyes.problem
        return "Working out the eyes …" if self.job.running else "The eyes are not known."

    def _worked_out(self, outcome: Outcome) -> None:
        session = self.session
        if session is None:
            return
        done = str(outcome.result.get("explored", ""))
        if not done.startswith(str(session.folder)):
            if outcome.stopped:
                self._work_out()
            elif outcome.error:
                self.said.emit(outcome.error)
            return
        before = session.eyes
        session.read_eyes()
        if session.eyes != before and self.list.currentRow() >= 0:
            self._show_story(session.story(self.list.currentRow()))
            self._moved(self.playhead.value())

    # -- moving

    def _moved(self, time_s: float) -> None:
        for part in (self.face, self.clip, self.timeline):
            part.setValue(time_s)

    def _playing_changed(self, playing: bool) -> None:
        self.play.setText("Pause" if playing else "Play")
        self.play.setIcon(theme.icon("pause" if playing else "play", "white"))

    def _show_layers(self) -> None:
        self.clip.shows_gaze = self.gaze.isChecked()
        self.clip.shows_map = self.map.isChecked()
        self.clip.update()

    def step(self, frames: int) -> None:
        """Go some frames of the face video forwards or backwards."""
        self.playhead.pause()
        self.playhead.setValue(self._stepped(frames))

    def _stepped(self, frames: int) -> float:
        now_s = self.playhead.value()
        face = self.story.face if self.story is not None else None
        if face is None:
            return now_s + frames * _STEP_S
        row = int(face.times_s.searchsorted(now_s + 1e-6, side="right")) - 1
        wanted = min(max(row + frames, 0), len(face.times_s) - 1)
        return float(face.times_s[wanted])

    def go(self, by: int) -> None:
        """Go to another trial."""
        row = self.list.currentRow() + by
        if 0 <= row < self.list.count():
            self.list.setCurrentRow(row)

    def _faster(self, by: int) -> None:
        place = self.speed.currentIndex() + by
        self.speed.setCurrentIndex(min(max(place, 0), len(SPEEDS) - 1))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take the keys of the page."""
        shift = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        far = 10 if shift else 1
        acts: dict[Qt.Key, Callable[[], object]] = {
            _K.Key_Space: self.playhead.toggle,
            _K.Key_Left: lambda: self.step(-far),
            _K.Key_Right: lambda: self.step(far),
            _K.Key_Home: lambda: self.playhead.setValue(0.0),
            _K.Key_End: lambda: self.playhead.setValue(self.playhead.length_s),
            _K.Key_PageUp: lambda: self.go(-1),
            _K.Key_PageDown: lambda: self.go(1),
            _K.Key_G: self.gaze.toggle,
            _K.Key_M: self.map.toggle,
            _K.Key_Plus: lambda: self.timeline.zoom(0.5),
            _K.Key_Equal: lambda: self.timeline.zoom(0.5),
            _K.Key_Minus: lambda: self.timeline.zoom(2.0),
            _K.Key_0: self.timeline.show_all,
            _K.Key_Comma: lambda: self._faster(-1),
            _K.Key_Period: lambda: self._faster(1),
            _K.Key_Escape: lambda: self.wants.emit("study"),
        }
        act = acts.get(_K(event.key()))
        if act is None or (self.story is None and event.key() != _K.Key_Escape):
            super().keyPressEvent(event)
        else:
            act()

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop playing while nobody looks."""
        self.playhead.pause()

    def finish(self) -> None:
        """Let go of the videos."""
        super().finish()
        self.playhead.pause()
        for screen in (self.face, self.clip):
            screen.finish()


_NO_CLIP = "The clip is not in the study any more; where it was looked at is kept."

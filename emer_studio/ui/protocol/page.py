"""The protocol page: write a protocol, see what it does, try a trial of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QHBoxLayout

from emer_studio.core.errors import BadInputError
from emer_studio.schema.cursor import walk
from emer_studio.schema.fragments import Fragment, insert
from emer_studio.ui.page import Page
from emer_studio.ui.parts import Card, button
from emer_studio.ui.protocol.checker import Checker
from emer_studio.ui.protocol.editor import Editor, Problem
from emer_studio.ui.protocol.file import ProtocolFile
from emer_studio.ui.protocol.find_bar import FindBar
from emer_studio.ui.protocol.keeper import Keeper
from emer_studio.ui.protocol.knowledge import known_of, problems_of, sound_words
from emer_studio.ui.protocol.menus import insert_button, new_button, open_button
from emer_studio.ui.protocol.notice import Notice
from emer_studio.ui.protocol.preview import Preview
from emer_studio.ui.protocol.problems import Problems
from emer_studio.ui.protocol.trying import Trying
from emer_studio.ui.workspace import Workspace

__all__ = ["ProtocolPage"]

_SLOW_MS = 700  # chosen by us: an answer that takes longer is announced
_LOOK_MS = 1500  # chosen by us: as often as the study's folder is looked at


class ProtocolPage(Page):
    """An editor over a preview."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace, "Protocol")
        self.editor, self.notice, self.problems = Editor(), Notice(), Problems()
        self.keeper = Keeper(self, self.study, self.editor, self.notice)
        self.preview, self.find_bar = Preview(), FindBar(self.editor)
        self.checker, self.trying = Checker(self), Trying(self.job)
        self._lay_out()
        self._connect()
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self.keeper.look_at_disk)
        self._slow = QTimer(self, singleShot=True, interval=_SLOW_MS)
        self._slow.timeout.connect(self.problems.wait)

    def _lay_out(self) -> None:
        self.subtitle.show()
        self.new = new_button(self.keeper.begin_from)
        self.open_menu = open_button(self.study, self.keeper.open, self.keeper.ask_open)
        self.insert_menu = insert_button(self.insert)
        self.save_as_button = button("Save as…")
        self.save_button = button("Save", "save", "primary")
        self.save_button.setToolTip("Ctrl+S")
        for made in (
            self.new,
            self.open_menu,
            self.insert_menu,
            self.save_as_button,
            self.save_button,
        ):
            self.head.addWidget(made)
        card = Card()
        card.box.setContentsMargins(1, 1, 1, 8)
        card.box.setSpacing(6)
        over = QHBoxLayout()
        over.setContentsMargins(7, 7, 7, 0)
        over.addWidget(self.notice)
        card.box.addLayout(over)
        card.box.addWidget(self.editor, 1)
        for part in (self.find_bar, self.problems):
            part.setContentsMargins(12, 0, 12, 0)
            card.box.addWidget(part)
        self.box.addWidget(card, 1)
        self.box.addWidget(self.preview)

    def _connect(self) -> None:
        self.save_button.clicked.connect(lambda: self.keeper.save())
        self.save_as_button.clicked.connect(lambda: self.keeper.save_as())
        shortcut = QShortcut(QKeySequence.StandardKey.Save, self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(self.keeper.save)
        self.editor.edited.connect(lambda: self.check())
        self.editor.rowChanged.connect(self._follow)
        self.editor.findAsked.connect(self.find_bar.begin)
        self.keeper.opened.connect(self._opened)
        self.keeper.named.connect(self._name)
        self.keeper.saved.connect(self.workspace.look)
        self.keeper.said.connect(self.said)
        self.problems.chosen.connect(self._go_to)
        self.preview.placeChosen.connect(self._show_place)
        self.preview.participantChanged.connect(lambda _number: self.check(now=True))
        self.preview.tryAsked.connect(self._try)
        self.preview.stopAsked.connect(self.job.stop)
        self.checker.answered.connect(self._answered)
        self.checker.failed.connect(self.said)
        self.trying.ended.connect(self._tried)

    # -- the file

    @property
    def file(self) -> ProtocolFile | None:
        """The protocol that is shown."""
        return self.keeper.file

    def visit(self, what: str) -> None:
        """Open the protocol that another page speaks of."""
        if self.file is None or Path(what).resolve() != self.file.path:
            self.keeper.open(Path(what))

    def may_leave(self) -> bool:
        """Ask what becomes of changes, if there are any; tell whether one may go on."""
        return self.keeper.may_leave()

    def _name(self) -> None:
        """Say which file it is and whether it is saved."""
        if self.file is None:
            return
        state, protected = self.keeper.state, bool(self.file.protected)
        self.title.setText(self.file.path.name)
        folder = "" if self.file.ships else str(self.file.path.parent)
        self.subtitle.setText("   ·   ".join(filter(None, (state, folder))))
        self.save_button.setEnabled(bool(state) and not protected)
        self.insert_menu.setEnabled(not protected)

    # -- what it is

    def _opened(self) -> None:
        self.editor.setProblems([])
        self.check(now=True)

    def check(self, *, now: bool = False) -> None:
        """Have the text looked at."""
        if self.file is None:
            return
        self.checker.ask(
            self.editor.toPlainText(),
            self.file.path,
            index=self.preview.index,
            seed=self.study.file.seed,
            now=now,
        )

    def _answered(self, answer: dict[str, Any]) -> None:
        found = problems_of(answer)
        if answer["whole"]:
            self._slow.stop()
        else:
            self._slow.start()
        if answer["whole"] or found:
            self._show_problems(found, sound_words(answer))
        if answer["known"] is not None:
            self.editor.completer.known = known_of(answer["known"])
        if answer["whole"]:
            self.preview.setTimeline(answer["timeline"], answer["languages"])
            self._follow(self.editor.row())
        self.keeper.keep_draft()

    def _show_problems(self, found: list[Problem], sound: str) -> None:
        self.editor.setProblems(found)
        self.problems.setValue(found, sound)

    def _go_to(self, line: int) -> None:
        self.editor.goTo(line - 1)
        self.editor.setFocus()

    def _show_place(self, line: int) -> None:
        """Go to a line from the timeline; who goes through it with keys stays there."""
        self.editor.goTo(line - 1)
        if not self.preview.strip.hasFocus():
            self.editor.setFocus()

    def _follow(self, row: int) -> None:
        """Choose a trial of the block in which the cursor stands."""
        above = [step for step in walk(self.editor.lines()) if step.row <= row]
        if above and above[-1].path[:1] == ("blocks",):
            home = above[-1].path[:2]
            ids = [step.value for step in above if step.path == (*home, "id")]
            if ids:
                self.preview.chooseBlock(ids[0].strip("'\""))

    def insert(self, piece: Fragment) -> None:
        """Insert a piece where it belongs, as near to the cursor as can be."""
        known = self.editor.completer.known
        try:
            made = insert(self.editor.toPlainText(), self.editor.row(), piece, known)
        except BadInputError as problem:
            self.said.emit(str(problem))
            return
        self.editor.replaceText(made.text)
        self.editor.goTo(made.row)
        self.editor.setFocus()
        if made.there_already:
            names = ", ".join(f"'{name}'" for name in made.there_already)
            self.said.emit(f"{names} stands here already and was left as it is.")

    # -- trying

    @property
    def working(self) -> bool:
        """Whether the text is being checked or a trial is shown."""
        return self.job.running or self.checker.pending

    @property
    def busy(self) -> str:
        """The question's first half while a trial is shown."""
        return "A trial is being tried." if self.job.running else ""

    def _try(self) -> None:
        if self.file is None or self.preview.strip.trial is None or self.job.running:
            return
        self.trying.start(
            self.editor.toPlainText(),
            self.file.path,
            trial=self.preview.strip.trial,
            index=self.preview.index,
            seed=self.study.file.seed,
            language=str(self.preview.language.currentData() or ""),
            display=self.preview.display.currentData(),
        )
        self.preview.setTrying(True)
        self.preview.say("The trial is shown; holding Escape ends it. Nothing is recorded.")

    def _tried(self, told: str, problem: str) -> None:
        self.preview.setTrying(False)
        self.preview.say(told)
        if problem:
            self.said.emit(problem)

    # -- coming and going

    def showEvent(self, event: QShowEvent) -> None:
        """Open the first file when somebody looks at the page for the first time."""
        super().showEvent(event)
        if self.file is None:
            self.keeper.open_first()
        self._timer.start()
        self.keeper.look_at_disk()

    def hideEvent(self, event: QHideEvent) -> None:
        """Look at the disk only while somebody looks at the page."""
        super().hideEvent(event)
        self._timer.stop()
        self.editor.completer.close()

    def setFocus(self, *_reason: Any) -> None:
        """Give the keyboard to the text."""
        self.editor.setFocus()

    def finish(self) -> None:
        """Keep what is not saved, and end the processes."""
        self.keeper.keep_draft()
        self._timer.stop()
        self._slow.stop()
        self.checker.close()
        super().finish()
        self.trying.close()

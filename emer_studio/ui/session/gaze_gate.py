"""Between Start and the session: a person has confirmed what the gaze stream holds."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from emer_studio.core import settings
from emer_studio.ui.session.choice import SessionChoice
from emer_studio.ui.session.form import SessionForm
from emer_studio.ui.session.mapping_dialog import MappingDialog
from emer_studio.ui.session.mapping_words import refusal

__all__ = ["GazeGate"]


class GazeGate(QObject):
    """Let a choice pass when its gaze mapping is confirmed; `passed` carries it.

    What was confirmed once is not asked again until the stream describes itself
    otherwise. A refused stream never passes.
    """

    passed = Signal(object)

    def __init__(self, form: SessionForm) -> None:
        super().__init__(form)
        self._form, self._line = form, form.gaze_line
        self._waiting: SessionChoice | None = None
        self.dialog: MappingDialog | None = None
        self._line.settled.connect(self._go_on)
        form.valueChanged.connect(lambda _choice: self._give_up())

    @property
    def pending(self) -> bool:
        """Whether an answer of the stream or of a person is waited for."""
        return self._waiting is not None

    def ask(self, choice: SessionChoice) -> None:
        """Let a choice pass at once, after an answer, or not at all."""
        if self.pending:
            return
        if not choice.asks_for_gaze:
            self.passed.emit(choice)
            return
        self._waiting = choice
        self._form.start.setEnabled(False)
        self._line.follow(choice.gaze)
        if not self._line.look.looking:
            self._go_on()

    def _go_on(self) -> None:
        choice, look = self._waiting, self._line.look
        if choice is None or self.dialog is not None:
            return
        if look.query != choice.gaze:
            self._end()
        elif look.error:
            self._end(look.error)
        elif refusal(look.facts):
            self._end(f"{look.facts.get('name')} cannot be the eye tracker: see above.")
        elif look.facts["signature"] in settings.load().confirmed_gaze:
            self._pass(str(look.facts["signature"]))
        else:
            self._open()

    def _open(self) -> None:
        facts = self._line.look.facts
        self.dialog = MappingDialog(self._form, facts, asking=True)
        self.dialog.accepted.connect(lambda: self._answered(str(facts["signature"])))
        self.dialog.rejected.connect(lambda: self._answered(""))
        self.dialog.open()

    def _answered(self, signature: str) -> None:
        self.dialog = None
        if signature:
            settings.remember_gaze(signature)
            self._pass(signature)
        else:
            self._end()

    def _pass(self, signature: str) -> None:
        choice = self._waiting
        self._end()
        if choice is not None:
            self.passed.emit(replace(choice, gaze_confirmed=signature))

    def _give_up(self) -> None:
        """Another value was chosen while the stream was being looked at."""
        if self.dialog is None and self.pending:
            self._end()

    def _end(self, problem: str = "") -> None:
        self._waiting = None
        self._form.start.setEnabled(True)
        if problem:
            self._form.complain(problem)

"""Between the start button and the session: what the protocol asks about the person."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from emer_studio.core.errors import EmerError, WorkFailedError
from emer_studio.schema.protocol import Protocol, find_protocol, load_protocol
from emer_studio.study.demographics import Demographics
from emer_studio.study.folder import Study
from emer_studio.ui.demographics_dialog import DemographicsDialog
from emer_studio.ui.session.choice import SessionChoice

__all__ = ["PersonGate"]

_Answers = tuple[Protocol, str, dict[str, str]]


class PersonGate(QObject):
    """Asks once for each participant; `passed` carries the choice on.

    The answers are kept when the session has begun, not before: of somebody who declines
    to take part nothing is kept.
    """

    passed = Signal(object)

    def __init__(self, window: QWidget, study: Study) -> None:
        super().__init__(window)
        self._window, self._book = window, Demographics(study.folder)
        self._waiting: _Answers | None = None
        self._unkept: list[_Answers] = []  # of persons who take part
        self.dialog: DemographicsDialog | None = None

    @property
    def pending(self) -> bool:
        """Whether somebody is being asked."""
        return self.dialog is not None and self.dialog.isVisible()

    @property
    def unkept(self) -> list[str]:
        """Whose answers are in no file, because none could be written."""
        return [participant for _, participant, _ in self._unkept]

    def ask(self, choice: SessionChoice) -> None:
        """Ask where something is not known yet; a simulated participant is never asked."""
        self._waiting = None
        protocol = _protocol(choice)
        who = choice.participant
        if protocol is None or choice.simulate or not self._book.missing(protocol, who):
            self.passed.emit(choice)
            return
        self.dialog = DemographicsDialog(
            self._window,
            protocol,
            who,
            language=choice.language,
            known=self._book.of(who),
            before="Start the session",
            later=True,
        )

        def answered(answers: dict[str, str]) -> None:
            self._waiting = (protocol, who, answers)
            self.passed.emit(choice)

        self.dialog.answered.connect(answered)
        self.dialog.postponed.connect(lambda: self.passed.emit(choice))
        self.dialog.open()

    def begun(self, participant: str) -> str:
        """Keep the answers: the session has begun, so there is consent.

        Returns
        -------
        problem : str
            What the operator is to know about that; empty when they are entered.
        """
        waiting, self._waiting = self._waiting, None
        if waiting is None or waiting[1] != participant:
            return ""
        self._unkept.append(waiting)
        return self.settle()

    def settle(self) -> str:
        """Enter what could not be entered before; return what is in the way, as `begun`."""
        problem = ""
        for answers in tuple(self._unkept):
            try:
                problem = self._book.put(*answers)
                self._unkept.remove(answers)
            except WorkFailedError as worse:
                return str(worse)
        return problem or self._book.enter_waiting()

    def forget(self) -> None:
        """Let go of answers of somebody who did not take part."""
        self._waiting = None


def _protocol(choice: SessionChoice) -> Protocol | None:
    try:
        return load_protocol(find_protocol(choice.protocol))
    except EmerError:  # the session itself will say what is wrong with it
        return None

"""The participants of a study: what they agreed to, and the way to withdraw."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QMenu, QStackedWidget

from emer_studio.core.errors import BadInputError
from emer_studio.schema.protocol import Protocol, load_protocol
from emer_studio.study.consents import Consent, Consents
from emer_studio.study.demographics import Demographics
from emer_studio.study.folder import Participant, Study
from emer_studio.ui.parts import Card, Empty, set_cell, table

__all__ = ["ParticipantsCard", "protocol_of"]

_SHORT = {
    "take_part": "take part",
    "record_video": "video",
    "publish": "publications",
    "share": "sharing",
}


class ParticipantsCard(Card):
    """A row for each participant; a menu on it offers to withdraw."""

    withdrawAsked = Signal(str)  # the participant's code
    aboutAsked = Signal(str)

    def __init__(self) -> None:
        super().__init__("Participants")
        self._study: Study | None = None
        self.grid = table(("Code", "Consent", "Since"), stretch=1)
        self.grid.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.grid.customContextMenuRequested.connect(self._menu)
        self.empty = Empty(
            "study", "Nobody yet", "A participant is entered with the first session."
        )
        self._people = QStackedWidget()
        self._people.addWidget(self.grid)
        self._people.addWidget(self.empty)
        self.box.addWidget(self._people)

    def show_study(self, study: Study) -> None:
        """Show who is in a study now."""
        self._study = study
        rows = study.participants()
        told = Demographics(study.folder).all()
        answers = {one.participant: one for one in Consents(study.folder).all()}
        self._people.setCurrentIndex(0 if rows else 1)
        self.grid.setRowCount(len(rows))
        for number, row in enumerate(rows):
            answer = answers.get(row.participant)
            tip = f"{row.consent}{_details(answer)}"
            about = told.get(row.participant, {})
            said = "\n".join(f"{item}: {value}" for item, value in about.items())
            set_cell(self.grid, number, 0, row.participant, data=row, tip=said)
            set_cell(self.grid, number, 1, _in_words(row, answer), tip=tip)
            set_cell(self.grid, number, 2, row.created[:10])

    def menu_for(self, row: int) -> QMenu | None:
        """Return the menu of a row; who has withdrawn has none."""
        item = self.grid.item(row, 0)
        about = item.data(Qt.ItemDataRole.UserRole) if item is not None else None
        if not isinstance(about, Participant) or about.withdrawn:
            return None
        menu = QMenu(self.grid)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if self._study is not None and protocol_of(self._study, about.participant):
            asking = menu.addAction("About this person…")
            asking.triggered.connect(lambda: self.aboutAsked.emit(about.participant))
        action = menu.addAction("Withdraw…")
        action.triggered.connect(lambda: self.withdrawAsked.emit(about.participant))
        return menu

    def _menu(self, at: QPoint) -> None:
        menu = self.menu_for(self.grid.rowAt(at.y()))
        if menu is not None:
            menu.popup(self.grid.viewport().mapToGlobal(at))


def protocol_of(study: Study, code: str) -> Protocol | None:
    """Return the protocol of a participant's last session, if it asks about the person."""
    mine = [s.manifest for s in study.sessions() if s.manifest.participant == code]
    try:
        last = load_protocol(study.folder / mine[-1].protocol) if mine else None
    except BadInputError:
        return None
    return last if last is not None and last.demographics else None


def _in_words(row: Participant, answer: Consent | None) -> str:
    """Return what is agreed to at present, in a few words."""
    if answer is None or not answer.agreed:
        return row.consent
    beyond = [scope for scope in answer.given if scope != "take_part"] or answer.given
    scopes = ", ".join(_SHORT.get(scope, scope) for scope in beyond)
    return f"simulated: {scopes}" if row.simulated else scopes


def _details(answer: Consent | None) -> str:
    if answer is None:
        return ""
    lines = [f"\n{answer.utc[:16].replace('T', ' ')} UTC, {answer.language or 'withdrawn'}"]
    for what, scopes in (("given", answer.given), ("not given", answer.refused)):
        if scopes:
            lines.append(f"{what}: {', '.join(scopes)}")
    return "\n".join(lines)

"""Today: who comes, who was here, and what is left to do for each."""

from __future__ import annotations

from datetime import date

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QLineEdit, QStackedWidget

from emer_studio.core.errors import BadInputError
from emer_studio.study.appointments import Appointments, parse_when
from emer_studio.study.folder import Study
from emer_studio.study.forecast import Forecast, forecast
from emer_studio.study.today import Visit, visits_on
from emer_studio.ui.parts import Card, PillDelegate, button, label, restyle, set_cell, table

__all__ = ["TodayCard"]

_FEW = 3  # as preflight: room for fewer sessions is worth a word
_MANY = 999  # nobody counts on from there
_NOBODY = "Nobody is entered for today. Write a code and a time above."


class TodayCard(Card):
    """The day's list; activating a row asks for what is next.

    `asked` carries the visit whose next step is to be done.
    """

    asked = Signal(object)

    def __init__(self) -> None:
        super().__init__("Today")
        self._study: Study | None = None
        self.visits: list[Visit] = []
        self.room = label("", "small")
        self.head.addWidget(self.room)
        self._add_entry()
        self.grid = table(("Time", "Code", "State", "Next"), stretch=3, rows=30)
        self.grid.setItemDelegate(PillDelegate(self.grid))
        self.grid.itemActivated.connect(self._activated)
        drop = QShortcut(QKeySequence.StandardKey.Delete, self.grid, self._drop)
        drop.setContext(Qt.ShortcutContext.WidgetShortcut)
        self.grid.setToolTip("Enter: what is next; Delete: take the appointment out")
        self.nobody = label(_NOBODY, "muted", wrap=True)
        self._shown = QStackedWidget()
        self._shown.addWidget(self.grid)
        self._shown.addWidget(self.nobody)
        self.box.addWidget(self._shown, 1)
        self.problem = label("", "error", wrap=True)
        self.problem.hide()
        self.box.addWidget(self.problem)

    def _add_entry(self) -> None:
        self.code, self.at = QLineEdit(), QLineEdit()
        self.code.setPlaceholderText("Code, P007")
        self.at.setPlaceholderText("10:30")
        self.at.setToolTip("10:30, or another day: 2026-11-22 10:30")
        self.add = button("Enter")
        self.add.clicked.connect(self._add)
        self.code.returnPressed.connect(self._add)
        self.at.returnPressed.connect(self._add)
        for part in (self.code, self.at):
            part.textEdited.connect(lambda _text: self.problem.hide())
            part.setFixedWidth(108)
            self.head.addWidget(part)
        self.head.addWidget(self.add)

    def show_study(self, study: Study) -> None:
        """Show the day of a study as it is now."""
        self._study = study
        self.visits = visits_on(study, date.today())
        self._shown.setCurrentIndex(0 if self.visits else 1)
        chosen = self.grid.currentRow()
        self.grid.setRowCount(len(self.visits))
        for row, visit in enumerate(self.visits):
            self._fill_row(row, visit)
        self.grid.setCurrentCell(min(chosen, len(self.visits) - 1), 0)
        self._tell(forecast(study))

    def _fill_row(self, row: int, visit: Visit) -> None:
        about = visit.session.manifest if visit.session is not None else None
        colour = about.verdict if about is not None else ""
        cells = ((visit.at, None), (visit.participant, None))
        for column, (text, pill) in enumerate((*cells, (visit.state or "due", colour))):
            set_cell(self.grid, row, column, text, pill=pill)
        set_cell(self.grid, row, 3, visit.next or "nothing left to do", tip=visit.next)

    def _tell(self, room: Forecast) -> None:
        about = "" if room.recorded else "about "
        left = f"more than {_MANY}" if room.left > _MANY else f"{about}{room.left} more"
        self.room.setText(f"Room for {left} session{'s' * (room.left != 1)}")
        free, size = room.free_bytes / 1e9, room.session_bytes / 1e9
        how = f"by {room.recorded} recorded" if room.recorded else "estimated"
        self.room.setToolTip(f"{free:.1f} GB free, {size:.2f} GB a session ({how})")
        restyle(self.room, "kind", "small-red" if room.left < _FEW else "small")

    def _activated(self) -> None:
        row = self.grid.currentRow()
        if 0 <= row < len(self.visits):
            self.asked.emit(self.visits[row])

    def _add(self) -> None:
        if self._study is None:
            return
        code = self.code.text().strip()
        try:
            gone = {p.participant for p in self._study.participants() if p.withdrawn}
            if code in gone:
                raise BadInputError(f"{code} has withdrawn; the code is not used again.")
            when = parse_when(self.at.text(), date.today())
            Appointments(self._study.folder).add(code, when)
        except BadInputError as problem:
            self.problem.setText(f"{problem.message} {problem.fix}".strip())
            self.problem.show()
            return
        self.code.clear()
        self.at.clear()
        self.show_study(self._study)

    def _drop(self) -> None:
        row = self.grid.currentRow()
        if self._study is not None and 0 <= row < len(self.visits):
            code = self.visits[row].participant
            Appointments(self._study.folder).drop(code, date.today())
            self.show_study(self._study)

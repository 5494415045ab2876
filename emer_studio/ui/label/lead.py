"""For the study lead: who has labelled what, and ending the blind pass."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from emer_studio.core.errors import EmerError
from emer_studio.labels.overview import Overview, overview
from emer_studio.labels.queue import Labelled
from emer_studio.ui.label.desk import Desk
from emer_studio.ui.parts import button, label, set_cell, table

__all__ = ["LeadDialog"]

_HEADS = ("Annotator", "Blind", "Review", "Adjudicated")


class LeadDialog(QDialog):
    """Progress by annotator, what is ready, and *Freeze*; `frozen` tells of that."""

    frozen = Signal()

    def __init__(self, parent: QWidget, desk: Desk) -> None:
        super().__init__(parent)
        self.setWindowTitle("Labelling of this study")
        self.resize(640, 420)
        self._desk = desk
        self.text = label("", wrap=True)
        self.people = table(_HEADS, stretch=0, rows=30)
        self.people.setAccessibleName("Progress by annotator")
        self.prelabel = button("Pre-label faces", "demo")
        self.prelabel.setToolTip("What a model sees; nobody is shown it before the review")
        self.freeze, shut = button("Freeze the blind pass", kind="primary"), button("Close")
        self.freeze.clicked.connect(self._freeze)
        shut.clicked.connect(self.close)
        self.said = label("", "small", wrap=True)
        row = QHBoxLayout()
        row.addWidget(self.said, 1)
        row.addWidget(self.prelabel)
        row.addWidget(self.freeze)
        row.addWidget(shut)
        box = QVBoxLayout(self)
        box.setContentsMargins(16, 14, 16, 14)
        box.setSpacing(12)
        box.addWidget(self.text)
        box.addWidget(self.people, 1)
        box.addLayout(row)
        self.refresh()

    def refresh(self) -> None:
        """Count again."""
        self.found = self._overview()
        found, plan = self.found, self._desk.plan
        raters = ", ".join(plan.raters) or "everybody who types a code"
        self.text.setText(
            f"Raters: {raters}; {self._desk.standing.quorum} labels an item,"
            f" {plan.overlap:.0%} labelled by all, {plan.repeats:.0%} silent repeats."
            f"\n{len(found.items)} items: {len(found.ready)} with enough blind labels,"
            f" {len(found.frozen)} frozen, of them {len(found.disputed)} disputed and"
            f" {len(found.undecided)} waiting for an adjudicator."
        )
        self.people.setRowCount(len(found.people))
        for place, one in enumerate(found.people):
            cells = (
                one.annotator,
                # Apart, they would tell a rater which item was the repeat.
                f"{one.blind + one.repeats} of {one.blind_of + one.repeats_of}",
                f"{one.review} of {one.review_of}",
                str(one.adjudicated),
            )
            for column, text in enumerate(cells):
                set_cell(self.people, place, column, text)
        who = self._desk.annotator
        lacking = len(found.items) - len(found.frozen) - len(found.ready)
        self.said.setText(
            f"Freezing ends the blind pass of the {len(found.ready)} ready items for good:"
            f" disputed ones go to review. {lacking} are not ready. As {who}."
            if who
            else "Type your code on the page first: who freezes is written down."
        )
        self.freeze.setEnabled(bool(who and found.ready))

    def _overview(self) -> Overview:
        desk = self._desk
        items = [Labelled(item.id, item.participant) for item in desk.items()]
        return overview(items, desk.standing, desk.plan, desk.seed, desk.why_disputed)

    def _freeze(self) -> None:
        try:
            self._desk.freeze(self.found.ready)
        except EmerError as problem:
            self.said.setText(str(problem))
            return
        self.frozen.emit()
        self.refresh()

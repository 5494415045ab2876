"""What the protocol asks of a participant, entered once by the operator."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from emer_studio.core.errors import BadInputError
from emer_studio.schema.demographics import DemographicItem, check_answers
from emer_studio.schema.protocol import Protocol
from emer_studio.ui.parts import button, label

__all__ = ["DemographicsDialog"]

_ABOUT = "Asked once, kept with the code. Nothing here may tell who the person is."


class DemographicsDialog(QDialog):
    """A line for each item; nothing is preselected.

    `answered` carries the answers, `postponed` that they are asked another time.

    Parameters
    ----------
    parent : QWidget
    protocol : Protocol
    participant : str
        Code.
    language : str
        Of the questions.
    known : mapping
        What is known already.
    before : str
        What the main button says.
    later : bool
        Whether it may be postponed.
    """

    answered = Signal(object)
    postponed = Signal()

    def __init__(
        self,
        parent: QWidget,
        protocol: Protocol,
        participant: str,
        *,
        language: str,
        known: Mapping[str, str],
        before: str = "Keep",
        later: bool = False,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"About {participant}")
        self.setMinimumWidth(640)
        self._protocol = protocol
        self.fields: dict[str, QComboBox | QLineEdit] = {}
        box = QVBoxLayout(self)
        box.setContentsMargins(20, 16, 20, 16)
        box.setSpacing(12)
        box.addWidget(label(f"About {participant}", "title"))
        box.addWidget(label(_ABOUT, "muted", wrap=True))
        form = QGridLayout()
        form.setHorizontalSpacing(14)
        form.setVerticalSpacing(10)
        form.setColumnStretch(0, 3)
        form.setColumnStretch(1, 2)
        for row, item in enumerate(protocol.demographics):
            field = _field(item, known.get(item.id, ""))
            self.fields[item.id] = field
            form.addWidget(label(item.asked(language), wrap=True), row, 0)
            form.addWidget(field, row, 1)
        box.addLayout(form)
        self.problem = label("", "error", wrap=True)
        self.problem.hide()
        box.addWidget(self.problem)
        box.addStretch(1)
        self.keep, self.cancel = button(before, kind="primary"), button("Cancel")
        self.later = button("Ask later")
        self.later.setVisible(later)
        self.keep.setDefault(True)
        self.keep.clicked.connect(self._keep)
        self.later.clicked.connect(self._postpone)
        self.cancel.clicked.connect(self.reject)
        foot = QHBoxLayout()
        foot.addStretch(1)
        for made in (self.cancel, self.later, self.keep):
            foot.addWidget(made)
        for made in (self.cancel, self.later):
            made.setAutoDefault(False)
        box.addLayout(foot)

    def value(self) -> dict[str, str]:
        """Return what stands there now."""
        return {
            name: str(field.currentData() or "")
            if isinstance(field, QComboBox)
            else field.text().strip()
            for name, field in self.fields.items()
        }

    def showEvent(self, event: QShowEvent) -> None:
        """Give long questions the height that they need."""
        super().showEvent(event)
        self._fit()

    def _fit(self) -> None:
        inside = self.layout()
        if inside is not None:
            inside.activate()
            self.resize(self.width(), inside.totalHeightForWidth(self.width()))

    def _keep(self) -> None:
        try:
            answers = check_answers(self._protocol.demographics, self.value())
        except BadInputError as problem:
            self.problem.setText(problem.message)
            self.problem.show()
            self._fit()
            return
        self.accept()
        self.answered.emit(answers)

    def _postpone(self) -> None:
        self.accept()
        self.postponed.emit()


def _field(item: DemographicItem, known: str) -> QComboBox | QLineEdit:
    if item.kind == "choice":
        box = QComboBox()
        box.addItem("may stay empty" if item.optional else "–", "")
        for text in item.labels:
            box.addItem(text, text)
        box.setCurrentIndex(max(box.findData(known), 0))
        return box
    line = QLineEdit(known)
    line.setPlaceholderText("may stay empty" if item.optional else "")
    if item.kind == "number":
        ends = [f"{end:g}" for end in (item.low, item.high) if end is not None]
        line.setPlaceholderText(" to ".join(ends) if len(ends) == 2 else "a number")
        line.setMaximumWidth(140)
    return line

"""The checklist between two participants, ticked by the operator."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QVBoxLayout

from emer_studio.study.changeover import items_of, tick
from emer_studio.study.folder import Session, Study
from emer_studio.ui.parts import Card, label

__all__ = ["ChangeoverCard"]


class ChangeoverCard(Card):
    """Shows the checklist of the last session that ended; each tick is kept at once.

    `ticked` tells how many items are still open.
    """

    ticked = Signal(int)

    def __init__(self) -> None:
        super().__init__("Before the next participant")
        self._list = QVBoxLayout()
        self._list.setSpacing(8)
        self.box.addLayout(self._list)
        self.box.addStretch(1)
        self.boxes: list[QCheckBox] = []
        self.left = label("", "small")
        self.head.addWidget(self.left)
        self._session: Session | None = None

    @property
    def open(self) -> int:
        """How many items are not ticked."""
        return sum(not box.isChecked() for box in self.boxes)

    def show_study(self, study: Study) -> None:
        """Show the checklist of the study's last session; nothing where there is none."""
        ended = [s for s in study.sessions() if s.manifest.state != "running"]
        session = ended[-1] if ended else None
        same = (
            session is not None
            and self._session is not None
            and (session.folder == self._session.folder)
        )
        self._session = session
        items = items_of(study, session) if session is not None else ()
        if not same or [box.text() for box in self.boxes] != list(items):
            self._make(items)
        done = session.manifest.changeover if session is not None else {}
        for box in self.boxes:
            box.setChecked(box.text() in done)
            box.setToolTip(f"ticked {done[box.text()][:16]}" if box.text() in done else "")
        self._tell()

    def _make(self, items: tuple[str, ...]) -> None:
        for box in self.boxes:
            self._list.removeWidget(box)
            box.deleteLater()
        self.boxes = [QCheckBox(item) for item in items]
        for box in self.boxes:
            self._watch(box)
            self._list.addWidget(box)

    def _watch(self, box: QCheckBox) -> None:
        box.clicked.connect(lambda done: self._tick(box.text(), done))

    def _tick(self, item: str, done: bool) -> None:
        if self._session is not None:
            tick(self._session, item, done=done)
        self._tell()

    def _tell(self) -> None:
        self.left.setText(f"{self.open} open" if self.open else "all ticked")
        self.left.setVisible(bool(self.boxes))
        self.ticked.emit(self.open)

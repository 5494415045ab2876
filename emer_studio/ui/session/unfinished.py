"""The line above the form that tells of a session that was cut off."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout

from emer_studio.study.folder import Session, Study
from emer_studio.study.lock import cut_off
from emer_studio.ui.parts import Card, button, label

__all__ = ["UnfinishedLine"]


class UnfinishedLine(Card):
    """Shown while the last session of somebody waits to be gone on with."""

    resumeAsked = Signal(str)  # the participant's code

    def __init__(self) -> None:
        super().__init__()
        row = QHBoxLayout()
        row.setSpacing(14)
        self.text = label("", wrap=True)
        self.go_on = button("Go on with it", "play", "primary")
        self.go_on.clicked.connect(self._ask)
        row.addWidget(self.text, 1)
        row.addWidget(self.go_on)
        self.box.addLayout(row)
        self._session: Session | None = None
        self.hide()

    def look(self, study: Study) -> None:
        """See whether there is one."""
        found = cut_off(study)
        self._session = found[-1] if found else None
        self.setVisible(bool(found))
        if self._session is not None:
            self.text.setText(sentence(self._session))

    def _ask(self) -> None:
        if self._session is not None:
            self.resumeAsked.emit(self._session.manifest.participant)


def sentence(session: Session) -> str:
    """Return what is there and what is left."""
    about = session.manifest
    return (
        f"The session of {about.participant} ({about.started[:16].replace('T', ' ')}) was"
        " cut off. What was recorded is kept; the trials that are left follow in the same"
        " order."
    )

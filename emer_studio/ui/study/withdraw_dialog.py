"""A participant withdraws: typed, not clicked, because it cannot be taken back."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from emer_studio.study.folder import Study
from emer_studio.study.vault import vault_path
from emer_studio.ui.jobs import JobRunner, Outcome
from emer_studio.ui.parts import button, label

__all__ = ["WithdrawDialog"]

_ABOUT = (
    "Erases the participant's recordings, labels, name and whatever was made of them."
    " Datasets and reports that hold several people are removed too and can be made again."
    " Networks that learned from them cannot forget it; they are named, with what to do."
    " This cannot be taken back."
)
_HIGHEST_PX = 420  # of what was done; chosen by us, so that it fits a laptop's display


class WithdrawDialog(QDialog):
    """Runs ``emer-studio withdraw`` once the code was typed."""

    def __init__(self, parent: QWidget, study: Study, code: str) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"{code} withdraws")
        self.setMinimumWidth(520)
        self._study, self._code = study, code
        self._has_vault = vault_path(study.folder).is_file()
        self.job = JobRunner(self)
        self.job.ended.connect(self._ended)
        box = QVBoxLayout(self)
        box.setContentsMargins(20, 16, 20, 16)
        box.setSpacing(12)
        box.addWidget(label(f"{code} withdraws", "title"))
        box.addWidget(label(_ABOUT, "muted", wrap=True))
        self.video_only = QCheckBox("Only face video and sound, and what was made of them")
        self.video_only.toggled.connect(self._look)
        box.addWidget(self.video_only)
        self.passphrase = QLineEdit()
        self.passphrase.setEchoMode(QLineEdit.EchoMode.Password)
        self.passphrase.setPlaceholderText("Passphrase of the vault")
        self.passphrase.setVisible(self._has_vault)
        self.passphrase.textChanged.connect(self._look)
        box.addWidget(self.passphrase)
        self.typed = QLineEdit()
        self.typed.setPlaceholderText(f"Type {code} to erase")
        self.typed.textChanged.connect(self._look)
        box.addWidget(self.typed)
        self.said = label("", "small", wrap=True)
        self.said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._told = QScrollArea()  # what is left to do may be a long list
        self._told.setWidget(self.said)
        self._told.setWidgetResizable(True)
        self._told.setFrameShape(QFrame.Shape.NoFrame)
        self._told.hide()
        box.addWidget(self._told, 1)
        row = QHBoxLayout()
        self.cancel = button("Cancel")
        self.cancel.setAutoDefault(False)
        self.cancel.clicked.connect(self.close)
        self.erase = button("Erase for good", kind="danger")
        self.erase.setAutoDefault(False)
        self.erase.clicked.connect(self._erase)
        row.addStretch(1)
        row.addWidget(self.cancel)
        row.addWidget(self.erase)
        box.addLayout(row)
        self.finished.connect(self.job.close)
        self._look()

    @property
    def _needs_passphrase(self) -> bool:
        return self._has_vault and not self.video_only.isChecked()

    def _look(self) -> None:
        """Let the button be pressed when everything is typed."""
        self.passphrase.setEnabled(self._needs_passphrase)
        typed = self.typed.text().strip() == self._code
        opened = bool(self.passphrase.text()) or not self._needs_passphrase
        self.erase.setEnabled(typed and opened and not self.job.running)

    def _erase(self) -> None:
        words = ["withdraw", str(self._study.folder), "--participant", self._code]
        words += ["--video-only"] if self.video_only.isChecked() else []
        self.job.start("withdraw", [*words, "--yes", "--events"])
        if self._needs_passphrase:
            self.job.send("passphrase", value=self.passphrase.text())
            self.passphrase.clear()
        self._look()

    def _ended(self, outcome: Outcome) -> None:
        self.said.setText(outcome.error or _told(outcome.result))
        self._told.setMinimumHeight(min(self.said.heightForWidth(480) + 4, _HIGHEST_PX))
        self._told.show()
        if not outcome.error:
            for part in (self.video_only, self.passphrase, self.typed, self.erase):
                part.hide()
            self.cancel.setText("Close")
        self._look()

    def reject(self) -> None:
        """Close; what is being erased is not left half done."""
        if not self.job.running:
            super().reject()


def _told(result: dict[str, Any]) -> str:
    """Return what was done and what nobody but a person can do."""
    lines = [
        f"Erased: {result.get('sessions')} sessions, {result.get('files')} files,"
        f" {result.get('labels')} label events."
    ]
    for what, key in (
        ("To be made again", "rebuild"),
        ("Flagged", "flagged"),
        ("Not reached", "beyond"),
    ):
        lines += [f"{what}: {name}" for name in result.get(key, ())]
    return "\n".join(lines)

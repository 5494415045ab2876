"""The rig: a room's devices under one name, chosen at once and kept from the form."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QInputDialog, QMessageBox, QWidget

from emer_studio.core.errors import EmerError
from emer_studio.schema.rig import Rig
from emer_studio.session.rigs import forget_rig, keep_rig, known_rigs
from emer_studio.ui.parts import button
from emer_studio.ui.session.choice import SessionChoice

__all__ = ["RigLine", "into", "rig_of"]

_NONE = "Chosen below"
_SAME = ("camera", "gaze", "microphone", "size", "fps", "codec", "mains")
_SHOWN = ("display", "screen_mm", "distance_mm")


def rig_of(choice: SessionChoice, name: str) -> Rig:
    """Return the devices of a choice under a name."""
    values: dict[str, Any] = {key: getattr(choice, key) for key in (*_SAME, *_SHOWN)}
    return Rig(name=name, **values)


def into(choice: SessionChoice, rig: Rig) -> SessionChoice:
    """Return a choice with the devices of a rig."""
    values: dict[str, Any] = {key: getattr(rig, key) for key in (*_SAME, *_SHOWN)}
    return replace(choice, rig=rig.name, simulate=False, **values)


class RigLine(QWidget):
    """A box of names; a changed device makes it say that it is none of them any more."""

    chosen = Signal(str)
    keepAsked = Signal(str)
    failed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.box = QComboBox()
        self.box.setAccessibleName("Rig")
        self.setFocusProxy(self.box)
        self.keep, self.forget = button("Keep as…"), button("Forget")
        self.keep.setToolTip("Keep the devices and the display below under a name")
        for part in (self.box, self.keep, self.forget):
            row.addWidget(part, 1 if part is self.box else 0)
        self._rigs: dict[str, Rig] = {}
        self._shown: Rig | None = None  # the chosen one, as the form has taken it
        self.box.activated.connect(self._activated)
        self.keep.clicked.connect(self._ask_name)
        self.forget.clicked.connect(self._forget)

    def list_rigs(self, chosen: str = "") -> None:
        """Offer the rigs that there are now."""
        try:
            self._rigs = {rig.name: rig for rig in known_rigs()}
        except (EmerError, OSError) as problem:
            self._rigs = {}
            self.failed.emit(str(problem))
        self.box.clear()
        self.box.addItem(_NONE, "")
        for name in self._rigs:
            self.box.addItem(name, name)
        self.box.setCurrentIndex(max(self.box.findData(chosen), 0))
        self.forget.setEnabled(bool(chosen))

    def named(self, name: str) -> Rig | None:
        """Return a rig, None where there is none of this name."""
        return self._rigs.get(name)

    def value(self) -> str:
        """Return the name of the rig, empty for none."""
        return str(self.box.currentData() or "")

    def follow(self, choice: SessionChoice) -> None:
        """Name the rig only while the devices are those of it."""
        if self.value() and rig_of(choice, self.value()) != self._shown:
            self.box.setCurrentIndex(0)
        self.forget.setEnabled(bool(self.value()))

    def setValue(self, name: str, choice: SessionChoice) -> None:
        """Show a rig's name; its devices are those of the choice."""
        self.box.setCurrentIndex(max(self.box.findData(name), 0))
        self._shown = rig_of(choice, name) if self.value() else None
        self.forget.setEnabled(bool(self.value()))

    def store(self, rig: Rig) -> None:
        """Keep a rig and show its name."""
        try:
            keep_rig(rig)
        except (EmerError, OSError) as problem:
            self.failed.emit(str(problem))
            return
        self.list_rigs(rig.name)
        self._shown = rig

    def _activated(self, _row: int) -> None:
        if self.value():
            self.chosen.emit(self.value())

    def _ask_name(self) -> None:
        name, given = QInputDialog.getText(
            self, "Keep this rig", "Name of the room or the set-up:", text=self.value()
        )
        if given and name.strip():
            self.keepAsked.emit(name.strip()[:60])

    def _forget(self) -> None:
        name = self.value()
        yes = QMessageBox.StandardButton.Yes
        if QMessageBox.question(self, "EMER Studio", f"Forget the rig {name}?") != yes:
            return
        try:
            forget_rig(name)
        except (EmerError, OSError) as problem:
            self.failed.emit(str(problem))
        else:
            self.list_rigs()

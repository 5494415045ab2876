"""What most sessions leave as it is: the camera's picture, the mains, a microphone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from emer_studio.ui.parts import button, label
from emer_studio.ui.session.choice import SessionChoice

__all__ = ["NAMES", "MoreOptions", "choose", "given", "typed_into"]

NAMES = ("size", "fps", "codec", "mains", "microphone")
"""The fields of a choice that are chosen here."""
_CHOICES: dict[str, tuple[tuple[str, str], ...]] = {
    "size": (
        ("640 × 480", "640x480"),
        ("1280 × 720", "1280x720"),
        ("1920 × 1080", "1920x1080"),
    ),
    "fps": (("30 pictures a second", "30"), ("60 pictures a second", "60")),
    "codec": (
        ("H.264: visually lossless, small files", "h264"),
        ("Near-lossless: about four times the size", "near-lossless"),
        ("MJPEG: the camera's own pictures, least work", "mjpeg"),
    ),
    "mains": (
        ("As the camera has it", ""),
        ("50 Hz (Europe, China, most of Africa)", "50"),
        ("60 Hz (the Americas, Korea)", "60"),
    ),
    "microphone": (
        ("No sound", ""),
        ("The system's default microphone", "default"),
        ("Microphone 0", "0"),
        ("Microphone 1", "1"),
        ("Simulated microphone", "sim"),
    ),
}
_SHOWN = (
    ("Camera size", "size"),
    ("Camera rate", "fps"),
    ("Face video", "codec"),
    ("Mains flicker", "mains"),
    ("Microphone", "microphone"),
)


class MoreOptions(QWidget):
    """Boxes behind a button that opens with the mouse, Space or Enter."""

    valueChanged = Signal()
    testAsked = Signal()
    acceptAsked = Signal()

    def __init__(self) -> None:
        super().__init__()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(8)
        self.toggle = QToolButton()
        self.toggle.setProperty("kind", "more")
        self.toggle.setCheckable(True)
        self.toggle.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.toggle.toggled.connect(self._open)
        self.inside = QWidget()
        grid = QGridLayout(self.inside)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(8)
        grid.setColumnMinimumWidth(0, 130)
        grid.setColumnStretch(1, 1)
        self.boxes: dict[str, QComboBox] = {}
        for row, (name, key) in enumerate(_SHOWN):
            box = self.boxes[key] = QComboBox()
            for shown, value in _CHOICES[key]:
                box.addItem(shown, value)
            box.setAccessibleName(name)
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            box.currentIndexChanged.connect(self.valueChanged)
            grid.addWidget(label(name, "muted"), row, 0)
            grid.addWidget(box, row, 1)
        typed_into(self.boxes["microphone"])
        self.boxes["microphone"].editTextChanged.connect(self.valueChanged)
        self.console = QCheckBox("A second PC may join as the operator's console")
        self.console.setToolTip("The line to type there is shown when the session runs")
        self.console.toggled.connect(self.valueChanged)
        grid.addWidget(self.console, len(_SHOWN), 1)
        self.test = button("Test display and sound…")
        self.test.clicked.connect(self.testAsked)
        self.accept = button("Accept this rig…")
        self.accept.clicked.connect(self.acceptAsked)
        tests = QHBoxLayout()
        tests.setSpacing(8)
        tests.addWidget(self.test)
        tests.addWidget(self.accept)
        tests.addStretch(1)
        grid.addLayout(tests, len(_SHOWN) + 1, 1)
        outer.addWidget(self.toggle, 0, Qt.AlignmentFlag.AlignLeft)
        outer.addWidget(self.inside)
        self._open(False)

    def _open(self, on: bool) -> None:
        self.inside.setVisible(on)
        self.toggle.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
        self.toggle.setText("&More")
        self.toggle.setAccessibleName(
            "More: camera, flicker and microphone, a second PC, tests of the rig"
        )

    def into(self, choice: SessionChoice) -> SessionChoice:
        """Return a choice with what is chosen here."""
        chosen: dict[str, Any] = {name: given(box) for name, box in self.boxes.items()}
        return replace(choice, console=self.console.isChecked(), **chosen)

    def setValue(self, choice: SessionChoice) -> None:
        """Show a choice; what it leaves open becomes the first of each."""
        self.console.setChecked(choice.console)
        for name, box in self.boxes.items():
            wanted = getattr(choice, name)
            if box.isEditable():
                choose(box, wanted)
            else:
                box.setCurrentIndex(max(box.findData(wanted), 0))


def typed_into(box: QComboBox, hint: str = "") -> None:
    """Let something else be typed into a box than it offers."""
    box.setEditable(True)
    box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
    edit = box.lineEdit()
    if edit is not None:
        edit.setPlaceholderText(hint)


def given(box: QComboBox) -> str:
    """Return the text of the command line that a box stands for."""
    text = box.currentText().strip()
    row = box.findText(text)
    return str(box.itemData(row)) if row >= 0 and text else text


def choose(box: QComboBox, wanted: str) -> None:
    """Show what a text of the command line stands for, or the text itself."""
    row = box.findData(wanted)
    if row >= 0:
        box.setCurrentIndex(row)
    else:
        box.blockSignals(True)  # on the way nothing is chosen, which nobody needs to hear
        box.setCurrentIndex(-1)
        box.blockSignals(False)
        box.setEditText(wanted)

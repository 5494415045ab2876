"""Which display the participant sits at, how large it is, and how far away."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QFont, QGuiApplication, QScreen
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSpinBox,
    QWidget,
)

from emer_studio.recording.screen_geometry import DISTANCE_MM
from emer_studio.ui.parts import button, label

__all__ = ["DisplayLine", "show_numbers"]

_NUMBERS_MS = 3000
_MOST_MM = 5000


def show_numbers() -> list[QLabel]:
    """Show every display's number on it for three seconds."""
    shown = []
    for number, screen in enumerate(QGuiApplication.screens()):
        sign = QLabel(str(number))
        sign.setAlignment(Qt.AlignmentFlag.AlignCenter)
        sign.setWindowFlags(
            Qt.WindowType.ToolTip
            | Qt.WindowType.FramelessWindowHint
            | Qt.WindowType.WindowDoesNotAcceptFocus
        )
        sign.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        sign.setStyleSheet("background: #1f5f99; color: #ffffff;")
        face = QFont(sign.font())
        face.setPixelSize(220)
        sign.setFont(face)
        box = screen.geometry()
        sign.setGeometry(box.center().x() - 180, box.center().y() - 180, 360, 360)
        sign.show()
        QTimer.singleShot(_NUMBERS_MS, sign, sign.close)
        shown.append(sign)
    return shown


class DisplayLine(QWidget):
    """A box of displays, and their size and distance in millimetres.

    The size is shown as the system says it, and becomes a person's word where somebody
    types another one; 0 leaves it open.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(0, 1)
        self.box, self.identify = QComboBox(), button("Identify")
        self.box.setAccessibleName("Participant's display")
        self.setFocusProxy(self.box)
        self.identify.setToolTip("Show each display's number on it")
        self.identify.clicked.connect(lambda: show_numbers())
        self.width_mm, self.height_mm = _millimetres("wide"), _millimetres("high")
        self.distance_mm = _millimetres("from the eyes to the display")
        grid.addWidget(self.box, 0, 0)
        grid.addWidget(self.identify, 0, 1)
        row = QHBoxLayout()
        row.setSpacing(6)
        parts: tuple[QWidget, ...] = (
            self.width_mm,
            label("×", "muted"),
            self.height_mm,
            label("from", "muted"),
            self.distance_mm,
        )
        for part in parts:
            row.addWidget(part)
        row.addStretch(1)
        grid.addLayout(row, 1, 0, 1, 2)
        self._fill()
        self.box.currentIndexChanged.connect(self._prefill)
        application = QGuiApplication.instance()
        assert isinstance(application, QGuiApplication)
        for moved in (application.screenAdded, application.screenRemoved):
            moved.connect(self._list_again)
        for spin in (self.width_mm, self.height_mm, self.distance_mm):
            spin.valueChanged.connect(self.changed)

    def _fill(self) -> None:
        self._list()
        # The participant gets the second screen; on a single one, the operator keeps it.
        self.box.setCurrentIndex(2 if self.box.count() > 2 else 0)
        self._prefill()

    def _list(self) -> None:
        self.box.clear()
        self.box.addItem("In a window", None)
        for number, screen in enumerate(QGuiApplication.screens()):
            size = screen.size()
            shown = f"Full screen on display {number} ({size.width()} × {size.height()})"
            self.box.addItem(shown, number)

    def _list_again(self) -> None:
        """Offer the displays that are there now; one that is still there stays chosen."""
        number, screen_mm, distance_mm = self.number(), self.screen_mm(), self.distance()
        self.box.blockSignals(True)
        self._list()
        self.box.blockSignals(False)
        self.setValue(number, screen_mm, distance_mm)

    def _prefill(self) -> None:
        """Take over what the system says of the display."""
        for spin, told_mm in zip(
            (self.width_mm, self.height_mm), self._told_mm(), strict=True
        ):
            spin.blockSignals(True)
            spin.setValue(told_mm)
            spin.blockSignals(False)
        self.changed.emit()

    def _told_mm(self) -> tuple[int, int]:
        """Return what the system says, (0, 0) of a window."""
        screen = self._screen()
        if screen is None:
            return 0, 0
        size = screen.physicalSize()
        return round(size.width()), round(size.height())

    def _screen(self) -> QScreen | None:
        screens, number = QGuiApplication.screens(), self.number()
        return screens[number] if number is not None and number < len(screens) else None

    def number(self) -> int | None:
        """Return the display's number, None for a window."""
        number = self.box.currentData()
        return number if isinstance(number, int) else None

    def screen_mm(self) -> tuple[float, float] | None:
        """Return width and height where a person says them, else None."""
        size = self.width_mm.value(), self.height_mm.value()
        if self.number() is None or min(size) == 0 or size == self._told_mm():
            return None
        return float(size[0]), float(size[1])

    def distance(self) -> float | None:
        """Return the distance in mm, None where it is left open."""
        return float(self.distance_mm.value()) or None

    def setValue(
        self,
        number: int | None,
        screen_mm: tuple[float, float] | None,
        distance_mm: float | None,
    ) -> None:
        """Show a display, its size as it is told or as the system says, and the distance.

        In place of one that is not there now comes the window, whose size nobody knows.
        """
        self.blockSignals(True)  # of a display half set nobody needs to hear
        row = -1 if number is None else self.box.findData(number)
        self.box.setCurrentIndex(max(row, 0))
        self._prefill()
        if screen_mm is not None and row >= 0:
            self.width_mm.setValue(round(screen_mm[0]))
            self.height_mm.setValue(round(screen_mm[1]))
        self.distance_mm.setValue(round(distance_mm or 0.0))
        self.blockSignals(False)
        self.changed.emit()


def _millimetres(what: str) -> QSpinBox:
    spin = QSpinBox()
    spin.setRange(0, _MOST_MM)
    spin.setSuffix(" mm")
    spin.setSpecialValueText("not known")
    spin.setAccessibleName(f"Millimetres {what}")
    spin.setToolTip(
        "Measured with a ruler: gaze in degrees depends on it"
        if what != "from the eyes to the display"
        else f"Measured from the eyes; {DISTANCE_MM:.0f} mm is assumed where nobody says"
    )
    return spin

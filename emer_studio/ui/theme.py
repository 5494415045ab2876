"""Colours, the style sheet and the icons of the operator's window."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QFont, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from emer_studio.core.files import data_dir

__all__ = [
    "ACCENT",
    "EMOTION_COLOURS",
    "INK",
    "LINE",
    "MUTED",
    "PLOT_COLOURS",
    "VERDICT_COLOURS",
    "apply_style",
    "icon",
    "pixmap",
]

INK, MUTED, LINE, ACCENT = "#1f2933", "#5f6b7a", "#e1e5ea", "#1f5f99"

VERDICT_COLOURS = {
    "green": ("#17653c", "#dff3e7"),
    "amber": ("#7a4f00", "#ffedc7"),
    "red": ("#9a1c13", "#fde2df"),
    "": ("#5f6b7a", "#eceff2"),
}
"""Text and fill of a verdict's pill; every pair has a contrast above 5 to 1."""

EMOTION_COLOURS = {
    "happiness": "#e69f00",
    "sadness": "#0072b2",
    "fear": "#cc79a7",
    "surprise": "#56b4e9",
    "disgust": "#009e73",
    "anger": "#d55e00",
    "neutral": "#7f8791",
}
"""Colours that colour-blind people can tell apart (Okabe and Ito's set, and a grey)."""

PLOT_COLOURS = ("#1f5f99", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f8791")

_DROP = 4  # half pixels
_FAMILIES = ["Segoe UI", "SF Pro Text", "Inter", "Noto Sans", "Noto Sans CJK SC"]


def apply_style(application: QApplication) -> None:
    """Give the whole program its look; independent of the desktop's own theme."""
    application.setStyle("Fusion")
    face = QFont()
    face.setFamilies([*_FAMILIES, "DejaVu Sans"])
    face.setPixelSize(14)
    application.setFont(face)
    assets = data_dir() / "assets"
    sheet = (assets / "style.qss").read_text(encoding="utf-8")
    application.setStyleSheet(sheet.replace("@icons@", (assets / "icons").as_posix()))
    application.setWindowIcon(icon("app", ACCENT))


def pixmap(name: str, colour: str, size: int = 20, *, drop: int = 0) -> QPixmap:
    """Return ``assets/icons/<name>.svg`` in one colour, sharp on dense screens."""
    text = (data_dir() / "assets" / "icons" / f"{name}.svg").read_text(encoding="utf-8")
    renderer = QSvgRenderer(QByteArray(text.replace("currentColor", colour).encode()))
    picture = QPixmap(2 * size, 2 * size)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    renderer.render(painter, QRectF(0, drop, 2 * size, 2 * size))
    painter.end()
    picture.setDevicePixelRatio(2.0)
    return picture


def icon(name: str, colour: str = INK, *, checked: str = "", disabled: str = "") -> QIcon:
    """Return an icon, with other colours when checked or disabled.

    It is drawn a little low, to stand in the middle of small letters.
    """
    made = QIcon(pixmap(name, colour, drop=_DROP))
    if checked:
        made.addPixmap(pixmap(name, checked, drop=_DROP), QIcon.Mode.Normal, QIcon.State.On)
    if disabled:
        made.addPixmap(pixmap(name, disabled, drop=_DROP), QIcon.Mode.Disabled)
    return made

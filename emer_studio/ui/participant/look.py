"""How the participant's pages look: neutral grey, large type, quiet cards.

Sizes are in units of the page, 1/1280 of its width or 1/720 of its height, whichever is
smaller, so that a page reads the same on every screen.
"""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPainter, QPen
from PySide6.QtWidgets import QWidget

__all__ = [
    "ACCENT",
    "BACKGROUND",
    "CARD",
    "CARD_QUIET",
    "INK",
    "LINE",
    "MISSING",
    "PAPER",
    "PICKED",
    "RED",
    "SOFT",
    "TEXT",
    "button",
    "can_write",
    "card",
    "font",
    "paragraph",
    "quiet_button",
    "text",
    "unit",
]

# Half lightness (L* 48): white text keeps a contrast of 4.7 to 1 (WCAG AA), and the
# pupil meets no flash between pages and clips.
BACKGROUND = QColor("#737373")
TEXT = QColor("#ffffff")
SOFT = QColor("#e2e2e2")
CARD = QColor("#f4f4f1")
CARD_QUIET = QColor("#dcdcd8")
INK = QColor("#26313c")
PAPER = QColor("#fdfdfc")
LINE = QColor("#9aa3ab")
ACCENT = QColor("#1f5f99")
PICKED = QColor("#cfe2f3")
MISSING = QColor("#ffc233")
RED = QColor("#c01818")

_FAMILIES = [
    "Noto Sans CJK SC",
    "Microsoft YaHei UI",
    "PingFang SC",
    "Segoe UI",
    "Noto Sans",
    "DejaVu Sans",
]


def unit(widget: QWidget) -> float:
    """Return the pixels of one unit on this page."""
    return max(min(widget.width() / 1280, widget.height() / 720), 0.3)


def font(pixels: float, *, bold: bool = False) -> QFont:
    """Return the face of the pages at a height in pixels."""
    face = QFont()
    face.setFamilies(_FAMILIES)
    face.setPixelSize(max(round(pixels), 8))
    face.setBold(bold)
    return face


def can_write(language: str) -> bool:
    """Whether a font for the script of `language` is installed."""
    if language != "zh":
        return True
    return bool(QFontDatabase.families(QFontDatabase.WritingSystem.SimplifiedChinese))


def text(
    painter: QPainter,
    box: QRectF,
    words: str,
    pixels: float,
    *,
    colour: QColor = TEXT,
    bold: bool = False,
    align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignCenter,
) -> QRectF:
    """Draw wrapped text in a box, smaller where it would not fit; return its bounds."""
    flags = align.value | Qt.TextFlag.TextWordWrap.value
    painter.setPen(colour)  # first: without a pen Qt measures nothing
    for _ in range(12):
        painter.setFont(font(pixels, bold=bold))
        bounds = painter.boundingRect(box, flags, words)
        if bounds.height() <= box.height() + 1 and bounds.width() <= box.width() + 1:
            break
        pixels *= 0.92
    painter.drawText(box, flags, words)
    return bounds


def paragraph(painter: QPainter, box: QRectF, words: str, pixels: float) -> None:
    """Draw a text in the middle of a box; several lines start at one left edge."""
    left, middle = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignVCenter
    painter.setFont(font(pixels))
    painter.setPen(TEXT)
    flags = left.value | Qt.TextFlag.TextWordWrap.value
    width = min(painter.boundingRect(box, flags, words).width() + 2, box.width())
    box = QRectF(box.center().x() - width / 2, box.top(), width, box.height())
    text(painter, box, words, pixels, align=left | middle)


def card(
    painter: QPainter,
    box: QRectF,
    radius: float,
    fill: QColor,
    edge: QColor | None = None,
    width: float = 0.0,
) -> None:
    """Draw a rounded card, with an edge when a colour is given."""
    painter.setPen(QPen(edge, width) if edge is not None else QPen(Qt.PenStyle.NoPen))
    painter.setBrush(fill)
    painter.drawRoundedRect(box, radius, radius)


def button(painter: QPainter, box: QRectF, words: str, u: float, *, ready: bool) -> None:
    """Draw the button that ends a page; dim until the page is complete."""
    card(painter, box, 10 * u, CARD if ready else QColor("#8d8d8d"))
    text(painter, box, words, 26 * u, colour=INK if ready else SOFT, bold=ready)


def quiet_button(painter: QPainter, box: QRectF, words: str, u: float) -> None:
    """Draw a button beside the one that ends a page: only its edge."""
    card(painter, box.adjusted(u, u, -u, -u), 10 * u, BACKGROUND, SOFT, 2 * u)
    text(painter, box, words, 26 * u)

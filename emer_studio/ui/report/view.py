"""Shows a report file with the pictures that it carries inside."""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QImage, QTextDocument
from PySide6.QtWidgets import QTextBrowser

from emer_studio.core.errors import BadInputError

__all__ = ["ReportView"]

_MARGIN_PX = 110  # what the document leaves free at both sides, and the bar
_RULE = re.compile(r"([^{}]*)\{([^{}]*)\}")
_PAGE = re.compile(r"\b(html|body|main|article|section)\b")
_FRAME = re.compile(
    r"(?:background(?:-color)?|font-family|line-height|max-width|padding)\s*:[^;]*;?"
)


class ReportView(QTextBrowser):
    """A text browser that knows pictures in ``data:`` addresses, and nothing outside."""

    def __init__(self) -> None:
        super().__init__()
        self.setOpenExternalLinks(True)
        self.pictures = 0

    def open(self, path: Path) -> None:
        """Show an HTML file.

        Raises
        ------
        BadInputError
            When it cannot be read.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as problem:
            raise BadInputError(f"{path} cannot be read: {problem}.") from None
        self.pictures = 0
        self.setHtml(_plain_page(text))

    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        """Return a picture that stands in the text itself; never fetch anything."""
        address = name.toString() if isinstance(name, QUrl) else name
        if not address.startswith("data:image/"):
            return None
        head, _, body = address.partition(",")
        if not head.endswith(";base64"):
            return None
        try:
            raw = base64.b64decode(body.replace(" ", "+"), validate=False)
        except (binascii.Error, ValueError):
            return None
        image = QImage.fromData(raw)
        if image.isNull():
            return None
        self.pictures += 1
        widest = max(self.viewport().width() - _MARGIN_PX, 300)
        if image.width() > widest:
            smooth = Qt.TransformationMode.SmoothTransformation
            image = image.scaledToWidth(widest, smooth)
        if kind == int(QTextDocument.ResourceType.ImageResource.value):
            self.document().addResource(kind, QUrl(address), image)
        return image


def _plain_page(text: str) -> str:
    """Take the page's own frame out of its style sheet: the window has one already.

    Qt's rich text would draw a page background behind every single paragraph.
    """

    def keep(rule: re.Match[str]) -> str:
        selector, body = rule.groups()
        return f"{selector}{{{_FRAME.sub('', body) if _PAGE.search(selector) else body}}}"

    head, mark, rest = text.partition("<style>")
    style, end, body = rest.partition("</style>")
    return head + mark + _RULE.sub(keep, style) + end + body if mark else text

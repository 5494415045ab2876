"""Calm colours for YAML: keys, texts, numbers and words with a meaning, comments."""

from __future__ import annotations

import re

from PySide6.QtGui import QColor, QSyntaxHighlighter, QTextCharFormat, QTextDocument

__all__ = ["COLOURS", "YamlHighlighter"]

COLOURS = {
    "key": "#1f5f99",
    "text": "#1b6b45",
    "number": "#9a4f00",
    "comment": "#6b7683",
    "sign": "#5f6b7a",
}
"""Every colour has a contrast above 4.5 to 1 on white."""

_RULES = (
    ("sign", re.compile(r"[{}\[\],]|^\s*-(?=\s)|:(?=\s|$)")),
    ("number", re.compile(r"(?<![\w.-])-?\d+(?:\.\d+)?(?![\w.-])|\b(?:true|false|null)\b")),
    ("text", re.compile(r"\"(?:[^\"\\]|\\.)*\"|(?<=[\s\[{,])'(?:[^']|'')*'")),
    ("key", re.compile(r"(?:(?<=^)|(?<=[\s{,-]))[A-Za-z_][\w-]*(?=\s*:(?:\s|$))")),
)
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*$")
_LONG_TEXT = re.compile(r":\s*[|>][+-]?\d*\s*$")
_NONE = -1


class YamlHighlighter(QSyntaxHighlighter):
    """Colours a document; the block state is the column of an open long text."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self._formats = {name: QTextCharFormat() for name in COLOURS}
        for name, colour in COLOURS.items():
            self._formats[name].setForeground(QColor(colour))

    def highlightBlock(self, text: str) -> None:
        """Colour one line."""
        column = len(text) - len(text.lstrip(" "))
        outer = self.previousBlockState()
        if outer != _NONE and (not text.strip() or column > outer):
            self.setCurrentBlockState(outer)
            self.setFormat(0, len(text), self._formats["text"])
            return
        bare = text[:column] + text[column:].lstrip("- ")
        inner = len(text) - len(bare.lstrip(" "))
        self.setCurrentBlockState(inner if _LONG_TEXT.search(text) else _NONE)
        for name, pattern in _RULES:
            for found in pattern.finditer(text):
                self.setFormat(
                    found.start(), found.end() - found.start(), self._formats[name]
                )
        for found in _COMMENT.finditer(text):
            if text[: found.start()].count('"') % 2 == 0:
                self.setFormat(
                    found.start(), len(text) - found.start(), self._formats["comment"]
                )

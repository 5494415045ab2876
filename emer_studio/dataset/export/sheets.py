"""Spreadsheets that say nothing but their cells."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import openpyxl

from emer_studio.core.files import write_atomic

__all__ = ["write_sheet"]

_NEVER = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip archive knows
_TIMES = re.compile(rb"<dcterms:(created|modified)[^>]*>[^<]*</dcterms:\1>")


def write_sheet(path: Path, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write one sheet, without the author and the time of writing that libraries add.

    Parameters
    ----------
    path : Path
    head : sequence of str
        Names of the columns.
    rows : iterable of sequence
        None leaves a cell empty.
    """
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Sheet1")
    sheet.append(list(head))
    for row in rows:
        sheet.append(list(row))
    raw = io.BytesIO()
    book.save(raw)
    write_atomic(path, _timeless(raw))


def _timeless(raw: io.BytesIO) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(raw) as read, zipfile.ZipFile(out, "w") as written:
        for entry in read.infolist():
            content = read.read(entry)
            if entry.filename == "docProps/core.xml":
                content = _TIMES.sub(b"", content)
            about = zipfile.ZipInfo(entry.filename, _NEVER)
            about.compress_type = zipfile.ZIP_DEFLATED
            written.writestr(about, content)
    return out.getvalue()

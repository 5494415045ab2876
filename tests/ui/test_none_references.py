"""PySide6 6.12.0 on CPython 3.11 loses a reference to None at every void call."""

from __future__ import annotations

import sys

import pytest
from PySide6.QtWidgets import QWidget

_CALLS = 20_000


@pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="None is immortal from Python 3.12 on: no count"
)
def test_void_calls_of_qt_keep_their_references_to_none(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    before = sys.getrefcount(None)
    for _ in range(_CALLS):
        widget.update()
    lost = before - sys.getrefcount(None)
    assert lost < _CALLS / 100, f"{lost} references to None lost in {_CALLS} calls"

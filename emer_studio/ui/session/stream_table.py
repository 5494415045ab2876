"""The table of recorded streams while a session runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHeaderView, QTableWidget

from emer_studio.ui.parts import PillDelegate, set_cell, table
from emer_studio.ui.session.age_plot import AGES_ROLE, AgePlot, Ages

__all__ = ["show_streams", "state_of", "stream_table"]

_HEADS = ("Name", "Rate, Hz", "Samples", "Lost", "Offset, ms", "State", "Age, 1 s high")
_STATE, _AGE = 5, 6
# What a small window leaves out: names and states are worth more than these.
_CAN_GO = {2: 680, 4: 590}  # column, and the width that it needs, px
_COLOURS = {"ok": "green", "silent": "red", "lost": "red", "connecting": "amber"}
_TIPS = {
    "ok": "Samples are coming in.",
    "silent": "Connected, but nothing has come for over a second.",
    "lost": "The connection is gone; its sender is being looked for.",
    "connecting": "The sender is there; the connection is being made.",
}


def stream_table() -> QTableWidget:
    """Return the empty table."""
    made = table(_HEADS, stretch=0, rows=24)
    made.setItemDelegate(PillDelegate(made))
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    made.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
    made.setMinimumHeight(108)
    made.horizontalHeader().setMinimumSectionSize(48)
    # A pill is wider than its word.
    made.horizontalHeader().setSectionResizeMode(_STATE, QHeaderView.ResizeMode.Fixed)
    made.setColumnWidth(_STATE, 100)
    made.setItemDelegateForColumn(_AGE, AgePlot(made))
    made.horizontalHeader().setSectionResizeMode(_AGE, QHeaderView.ResizeMode.Fixed)
    made.setColumnWidth(_AGE, 96)
    return made


def show_streams(made: QTableWidget, rows: Sequence[Mapping[str, Any]], ages: Ages) -> None:
    """Show the recorder's rows, and how old the last samples of each stream were."""
    made.setRowCount(len(rows))
    for column, needed_px in _CAN_GO.items():
        made.setColumnHidden(column, made.viewport().width() < needed_px)
    hosts = {row.get("host") for row in rows}
    for number, row in enumerate(rows):
        name, state = str(row.get("name")), state_of(row)
        if len(hosts) > 1:
            name = f"{name} @ {row.get('host')}"
        lost = int(row.get("lost") or 0)
        age_s = float(row.get("age_s") or 0) if state in ("silent", "lost") else 0.0
        since = f" {age_s:.0f} s" if age_s >= 1 else ""
        cells: list[tuple[str, str | None]] = [
            (name, None),
            (_rate(row), None),
            (f"{row.get('samples')}", None),
            (_lost(lost, row), "amber" if lost else None),
            (_offset(row), None),
            (f"{state}{since}", _COLOURS.get(state, "")),
        ]
        for column, (text, pill) in enumerate(cells):
            tip = {0: name, _STATE: _TIPS.get(state, "")}.get(column, "")
            set_cell(made, number, column, text, pill=pill, tip=tip)
        now_ms = 1e3 * float(row.get("age_s") or 0)
        set_cell(made, number, _AGE, "", tip=f"The last sample came {now_ms:.0f} ms ago.")
        item = made.item(number, _AGE)
        if item is not None and row.get("type") != "Markers":
            item.setData(AGES_ROLE, ages.add(row))


def state_of(row: Mapping[str, Any]) -> str:
    """Return a row's state in one word."""
    return str(row.get("state") or ("silent" if row.get("silent") else "ok"))


def _lost(lost: int, row: Mapping[str, Any]) -> str:
    total = lost + int(row.get("samples") or 0)
    return f"{lost} ({100 * lost / total:.1f} %)" if lost else "0"


def _rate(row: Mapping[str, Any]) -> str:
    declared, measured = row.get("declared_hz") or 0, row.get("rate_hz") or 0
    if row.get("type") == "Markers":
        return "events"
    return f"{measured:.1f} of {declared:g}" if declared else f"{measured:.1f}"


def _offset(row: Mapping[str, Any]) -> str:
    offset, unsure = row.get("offset_ms"), row.get("uncertainty_ms")
    if offset is None:
        return "–"
    said = f"{round(offset, 2) + 0.0:.2f}"  # + 0.0: never "-0.00"
    return said if unsure is None else f"{said} ± {unsure:.2f}"

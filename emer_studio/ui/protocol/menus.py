"""The menus of the page: protocols to begin from, protocols to open, pieces to insert."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path

from PySide6.QtWidgets import QMenu, QPushButton

from emer_studio.schema.fragments import Fragment, fragments
from emer_studio.schema.stimulus import is_manifest
from emer_studio.study.folder import Study
from emer_studio.study.frozen import is_frozen
from emer_studio.ui.parts import button
from emer_studio.ui.protocol.file import shipped

__all__ = ["insert_button", "menu_button", "new_button", "open_button"]


def menu_button(text: str, icon: str) -> tuple[QPushButton, QMenu]:
    """Return a button that opens a menu."""
    made = button(text, icon)
    made.setProperty("menu", True)
    menu = QMenu(made)
    menu.setToolTipsVisible(True)
    made.setMenu(menu)
    return made, menu


def new_button(chosen: Callable[[Path], object]) -> QPushButton:
    """Return the button that begins a protocol from one that ships."""
    made, menu = menu_button("New", "plus")
    _heading(menu, "Begin with a copy of")
    for path in shipped():
        action = menu.addAction(f"{path.stem} — {_about(path)}")
        action.triggered.connect(lambda _on=False, path=path: chosen(path))
    return made


def open_button(
    study: Study, chosen: Callable[[Path], object], ask: Callable[[], object]
) -> QPushButton:
    """Return the button that opens a protocol of the study, a shipped one, or any file."""
    made, menu = menu_button("Open", "open")

    def fill() -> None:
        menu.clear()
        there = sorted((study.folder / "protocols").glob("*.y*ml"))
        found = [path for path in there if not is_manifest(path)]
        own = [path for path in found if not is_frozen(path)]
        frozen = [path for path in found if is_frozen(path)]
        menu.addAction("Open a file…").triggered.connect(lambda _on=False: ask())
        for name, paths in (
            ("This study", own),
            ("Ships with the program", shipped()),
            ("Used in sessions", frozen),
        ):
            _section(menu, name, paths, chosen)

    menu.aboutToShow.connect(fill)
    return made


def _section(
    menu: QMenu, name: str, paths: Sequence[Path], chosen: Callable[[Path], object]
) -> None:
    if paths:
        _heading(menu, name)
    for path in paths:
        action = menu.addAction(path.name)
        action.setToolTip(str(path))
        action.triggered.connect(lambda _on=False, path=path: chosen(path))


def _heading(menu: QMenu, text: str) -> None:
    if not menu.isEmpty():
        menu.addSeparator()
    menu.addAction(text).setEnabled(False)


def insert_button(chosen: Callable[[Fragment], object]) -> QPushButton:
    """Return the button that inserts a piece."""
    made, menu = menu_button("Insert", "plus")
    for group, pieces in groupby(fragments(), key=lambda piece: piece.group):
        inner = menu.addMenu(group)
        inner.setToolTipsVisible(True)
        for piece in pieces:
            action = inner.addAction(piece.title)
            action.setToolTip(piece.about)
            action.triggered.connect(lambda _on=False, piece=piece: chosen(piece))
    return made


def _about(path: Path) -> str:
    """Return the first sentence of a protocol's first comment."""
    first = path.read_text(encoding="utf-8").split("\n", 1)[0]
    return first.lstrip("# ").split(". ")[0].split(": ")[0].rstrip(".:")

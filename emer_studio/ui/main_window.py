"""The operator's window: a rail of pages, a banner, a file menu, and toasts."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QCloseEvent, QKeySequence
from PySide6.QtWidgets import (
    QButtonGroup,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QMessageBox,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from emer_studio import __version__
from emer_studio.core import settings
from emer_studio.core.errors import EmerError
from emer_studio.study.folder import create_study, open_study
from emer_studio.study.today import check_tables
from emer_studio.ui import theme
from emer_studio.ui.page import Page
from emer_studio.ui.pages import PAGES
from emer_studio.ui.parts import label
from emer_studio.ui.recent import recent_studies, remember_study
from emer_studio.ui.toast import Toast
from emer_studio.ui.welcome import Welcome
from emer_studio.ui.workspace import Workspace

__all__ = ["BANNER", "MainWindow"]

logger = logging.getLogger(__name__)
BANNER = "SIMULATED — what is shown here did not come from a person"
"""What stands above everything that is simulated."""


def _ask(parent: QWidget, text: str) -> bool:
    """Ask once whether something that runs may be cut off."""
    yes = QMessageBox.StandardButton.Yes
    return QMessageBox.question(parent, "EMER Studio", text) == yes


class MainWindow(QMainWindow):
    """The window of the operator, the expert and the researcher.

    Parameters
    ----------
    confirm : callable, optional
        Asks a yes-or-no question; replaced in tests.
    """

    closed = Signal()

    def __init__(self, *, confirm: Callable[[QWidget, str], bool] = _ask) -> None:
        super().__init__()
        self.setWindowTitle("EMER Studio")
        self.resize(1280, 800)
        self.setMinimumSize(1040, 680)
        self._confirm, self._asked, self._leaving = confirm, False, False
        self.workspace: Workspace | None = None
        self.pages: dict[str, Page] = {}
        self.welcome: Welcome | None = None
        self._buttons = QButtonGroup(self)
        self._rail_buttons: dict[str, QToolButton] = {}
        self.stack = QStackedWidget()
        self.banner = QLabel(BANNER)
        self.banner.setObjectName("banner")
        self.banner.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.banner.hide()
        self._lay_out()
        self._make_menu()
        self.toast = Toast(self)
        self._show_welcome()

    # -- putting it together

    def _lay_out(self) -> None:
        inside = QVBoxLayout()
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        inside.addWidget(self.banner)
        inside.addWidget(self.stack, 1)
        middle = QWidget()
        row = QHBoxLayout(middle)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._rail())
        row.addLayout(inside, 1)
        self.setCentralWidget(middle)

    def _rail(self) -> QFrame:
        rail = QFrame()
        rail.setObjectName("rail")
        rail.setFixedWidth(172)
        box = QVBoxLayout(rail)
        box.setContentsMargins(12, 16, 12, 14)
        box.setSpacing(4)
        name = QHBoxLayout()
        name.setSpacing(8)
        picture = QLabel()
        picture.setPixmap(theme.pixmap("app", theme.ACCENT, 24))
        name.addWidget(picture)
        brand = QLabel("EMER Studio")
        brand.setObjectName("brand")
        name.addWidget(brand, 1)
        box.addLayout(name)
        box.addSpacing(14)
        for info in PAGES:
            if not info.inside:
                made = self._rail_button(info.key, info.title, info.icon, info.shortcut)
                box.addWidget(made)
        box.addStretch(1)
        self.study_name = label("", "small", wrap=True)
        box.addWidget(self.study_name)
        box.addWidget(label(f"version {__version__}", "small"))
        return rail

    def _rail_button(self, key: str, title: str, icon: str, shortcut: str) -> QToolButton:
        made = QToolButton()
        made.setProperty("kind", "rail")
        made.setText(f"  {title}")
        made.setIcon(theme.icon(icon, "#3b4754", checked=theme.ACCENT, disabled="#a8b1bb"))
        made.setIconSize(QSize(20, 20))
        made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        made.setCheckable(True)
        made.setFixedSize(148, 42)
        made.setShortcut(QKeySequence(shortcut))
        made.setToolTip(f"{title} ({shortcut})")
        made.clicked.connect(lambda: self.show_page(key))
        self._buttons.addButton(made)
        self._rail_buttons[key] = made
        return made

    def _make_menu(self) -> None:
        menu = self.menuBar().addMenu("&File")
        self._action(menu.addAction("&New study…"), "Ctrl+N", self.ask_new)
        self._action(menu.addAction("&Open study…"), "Ctrl+O", self.ask_open)
        self._recent = menu.addMenu("&Recent studies")
        self._recent.aboutToShow.connect(self._fill_recent)
        self.close_action = menu.addAction("&Close study")
        self._action(self.close_action, "", self.close_study)
        menu.addSeparator()
        self._action(menu.addAction("&Quit"), "Ctrl+Q", self.close)

    def _action(self, action: QAction, shortcut: str, slot: Callable[[], object]) -> None:
        if shortcut:
            action.setShortcut(QKeySequence(shortcut))
        action.triggered.connect(lambda _checked=False: slot())

    def _fill_recent(self) -> None:
        self._recent.clear()
        for path in recent_studies():
            action = self._recent.addAction(str(path))
            self._action(action, "", lambda path=path: self.open_study(path))  # type: ignore[misc]
        if self._recent.isEmpty():
            self._recent.addAction("None yet").setEnabled(False)

    # -- studies

    def ask_new(self) -> None:
        """Ask for a folder and make a study in it."""
        name, _ = QFileDialog.getSaveFileName(self, "Folder of the new study", "my-study")
        if name:
            self.new_study(Path(name))

    def ask_open(self) -> None:
        """Ask for a study folder and open it."""
        name = QFileDialog.getExistingDirectory(self, "Open a study")
        if name:
            self.open_study(Path(name))

    def new_study(self, folder: Path) -> bool:
        """Make a study and open it; a mistake becomes a message."""
        try:
            create_study(folder)
        except (EmerError, OSError) as problem:
            self.say(str(problem))
            return False
        return self.open_study(folder)

    def open_study(self, folder: Path, page: str = "study") -> bool:
        """Open a study; a mistake becomes a message and leaves everything as it was."""
        try:
            study = open_study(folder)
            check_tables(study)
        except (EmerError, OSError) as problem:
            self.say(str(problem))
            return False
        if not self._may_leave():
            return False
        self._drop()
        self.workspace = Workspace(study, self)
        self.workspace.changed.connect(self._update_banner)
        for info in PAGES:
            made = info.factory(self.workspace)
            made.wants.connect(self.show_page)
            made.said.connect(self.say)
            made.simulatedChanged.connect(self._update_banner)
            made.job.runningChanged.connect(self._update_banner)
            self.pages[info.key] = made
            self.stack.addWidget(made)
        self.setWindowTitle(f"{study.file.name} — EMER Studio")
        self.study_name.setText(study.file.name)
        self._enable(True)
        remember_study(folder)
        settings.remember(last_study=str(folder.resolve()))
        self.show_page(page)
        return True

    def close_study(self) -> None:
        """Go back to the welcome view."""
        if self._may_leave():
            self._drop()
            self._show_welcome()

    def _may_leave(self) -> bool:
        busy = [page.busy for page in self.pages.values() if page.busy]
        if busy and not self._confirm(self, f"{busy[0]} Leave this study?"):
            return False
        return self._nothing_unsaved()

    def _nothing_unsaved(self) -> bool:
        return all(page.may_leave() for page in self.pages.values())

    def _show_welcome(self) -> None:
        demo = Path.home() / "EMER Studio" / "demo"
        self.welcome = Welcome(demo)
        self.welcome.newAsked.connect(self.ask_new)
        self.welcome.openAsked.connect(self.ask_open)
        self.welcome.chosen.connect(self.open_study)
        self.welcome.said.connect(self.say)
        self.stack.addWidget(self.welcome)
        self.stack.setCurrentWidget(self.welcome)
        self.setWindowTitle("EMER Studio")
        self.study_name.setText("")
        self.banner.hide()
        self._enable(False)

    def _drop(self) -> None:
        """Let go of the pages of the study, or of the welcome view."""
        gone: list[Page | Welcome] = [*self.pages.values()]
        if self.welcome is not None:
            gone.append(self.welcome)
        for widget in gone:
            widget.finish()
            self.stack.removeWidget(widget)
            widget.deleteLater()
        self.pages, self.welcome = {}, None
        if self.workspace is not None:
            self.workspace.close()
            self.workspace.deleteLater()
            self.workspace = None

    def _enable(self, there: bool) -> None:
        for made in self._rail_buttons.values():
            made.setEnabled(there)
        self.close_action.setEnabled(there)
        if not there:
            self._buttons.setExclusive(False)
            for made in self._rail_buttons.values():
                made.setChecked(False)
            self._buttons.setExclusive(True)

    # -- pages and messages

    @property
    def page_key(self) -> str:
        """Key of the page that is shown; empty without a study."""
        shown = self.stack.currentWidget()
        return next((key for key, page in self.pages.items() if page is shown), "")

    def show_page(self, key: str) -> None:
        """Show a page by its key; ``key:what`` lets it visit something."""
        key, _, what = key.partition(":")
        page = self.pages.get(key)
        if page is None:
            return
        self._rail_buttons[_button_of(key)].setChecked(True)
        self.stack.setCurrentWidget(page)
        page.refresh()
        page.setFocus()
        if what:
            page.visit(what)
        settings.remember(last_page=key)
        self._update_banner()

    def say(self, text: str) -> None:
        """Show a message that goes by itself."""
        logger.info("shown: %s", text)
        self.toast.say(text)

    def _update_banner(self) -> None:
        page = self.pages.get(self.page_key)
        self.banner.setVisible(page is not None and page.simulated)

    # -- the end

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask once while a session runs; end what runs, then close."""
        runners = [page.job for page in self.pages.values()]
        if self.welcome is not None:
            runners.append(self.welcome.job)
        running = [runner for runner in runners if runner.running]
        busy = [page.busy for page in self.pages.values() if page.busy]
        if running and busy and not self._asked:
            if not self._confirm(self, f"{busy[0]} End it and close?"):
                event.ignore()
                return
            self._asked = True
        if not self._leaving and not self._nothing_unsaved():
            self._asked = False
            event.ignore()
            return
        self._leaving = True
        if running:
            event.ignore()
            self.say("Ending what still runs; the files are being closed …")
            for runner in running:
                if not runner.stopping:
                    runner.ended.connect(self._close_when_idle)
                    runner.stop()
            return
        self._drop()
        event.accept()
        self.closed.emit()

    def close_unasked(self) -> None:
        """Close without a question, for a parent process that has gone."""
        self._asked = self._leaving = True
        self.close()

    def _close_when_idle(self) -> None:
        if not any(page.job.running for page in self.pages.values()):
            self.close()


def _button_of(key: str) -> str:
    """Return whose button of the rail stands for a page."""
    return next((info.inside for info in PAGES if info.key == key and info.inside), key)

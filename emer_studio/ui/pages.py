"""The pages of the window, declared as data: adding one is a line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from emer_studio.ui.explore.page import ExplorePage
from emer_studio.ui.label.page import LabelPage
from emer_studio.ui.page import Page
from emer_studio.ui.protocol.page import ProtocolPage
from emer_studio.ui.report.page import ReportPage
from emer_studio.ui.session.page import SessionPage
from emer_studio.ui.study.page import StudyPage
from emer_studio.ui.train.page import TrainPage
from emer_studio.ui.workspace import Workspace

__all__ = ["PAGES", "PageInfo"]


@dataclass(frozen=True, slots=True)
class PageInfo:
    """One page: its key on the command line, name, icon, shortcut, and how to make it.

    A page `inside` another has no button of its own: that of the other stands for it.
    """

    key: str
    title: str
    icon: str
    shortcut: str
    factory: Callable[[Workspace], Page]
    inside: str = ""


PAGES = (
    PageInfo("study", "Study", "study", "Ctrl+1", StudyPage),
    PageInfo("explore", "Explore", "study", "Ctrl+E", ExplorePage, inside="study"),
    PageInfo("protocol", "Protocol", "protocol", "Ctrl+2", ProtocolPage),
    PageInfo("session", "Session", "session", "Ctrl+3", SessionPage),
    PageInfo("label", "Label", "label", "Ctrl+4", LabelPage),
    PageInfo("train", "Train", "train", "Ctrl+5", TrainPage),
    PageInfo("report", "Report", "report", "Ctrl+6", ReportPage),
)

"""What the labelling room is put together from; it decides nothing."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QStackedWidget,
    QWidget,
)

from emer_studio.schema.labelling import Scheme
from emer_studio.ui import theme
from emer_studio.ui.label.codebook import Codebook
from emer_studio.ui.label.judgement import JudgementPanel
from emer_studio.ui.label.key_sheet import KeySheet
from emer_studio.ui.label.keys import Keys
from emer_studio.ui.label.player import Player
from emer_studio.ui.label.timeline import Timeline
from emer_studio.ui.parts import Card, Empty, button, label, restyle

__all__ = ["Room", "dot"]

_STAGES = {
    "training": "Training",
    "A": "Blind pass",
    "B": "Review",
    "adjudication": "Adjudication",
}


class Room(QStackedWidget):
    """Queue, video and judgement; or a sheet over them; or that there is nothing yet."""

    def __init__(self, scheme: Scheme, folder: Path, keys: Keys) -> None:
        super().__init__()
        self.player, self.timeline = Player(), Timeline()
        self.panel, self.sheet = JudgementPanel(scheme, keys), KeySheet(keys)
        self.codebook = Codebook(scheme, folder, keys)
        self.empty = Empty(
            "label",
            "No face to label yet",
            "Every finished trial of a filmed session becomes one item here. Run a session"
            " first; a simulated camera films a drawn face.",
            "Run a session",
        )
        view = QWidget()
        row = QHBoxLayout(view)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self._queue(keys))
        row.addWidget(self._video(), 1)
        self.panel.setFixedWidth(292)
        row.addWidget(self.panel)
        for widget in (view, self.sheet, self.codebook, self.empty):
            self.addWidget(widget)

    def _queue(self, keys: Keys) -> Card:
        card = Card("Annotator")
        card.setFixedWidth(204)
        self.annotator = QLineEdit()
        self.annotator.setAccessibleName("Annotator code")
        self.annotator.setPlaceholderText("your code, such as R1")
        self.annotator.setMaxLength(16)
        self.annotator.textChanged.connect(self._mark_code)
        self.stage = QComboBox()
        self.stage.setAccessibleName("Pass")
        self.stage.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.list = QListWidget()
        self.list.setAccessibleName("Items")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.keys = label(f"{keys['sheet']}   all keys", "small")
        for widget in (self.annotator, self.stage):
            card.box.addWidget(widget)
        card.box.addWidget(self.list, 1)
        card.box.addWidget(self.keys)
        self._mark_code("")
        return card

    def _video(self) -> Card:
        card = Card()
        self.told = label("", "muted", wrap=True)
        card.box.addWidget(self.told)
        card.box.addWidget(self.player, 1)
        card.box.addWidget(self.timeline)
        foot = QHBoxLayout()
        self.play = button("Play", "play")
        self.play.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.how, self.where = label("", "small"), label("", "small")
        foot.addWidget(self.play)
        foot.addWidget(self.how)
        foot.addStretch(1)
        foot.addWidget(self.where)
        card.box.addLayout(foot)
        self.show_how()
        return card

    # -- what is shown

    def code(self) -> str:
        """Return the annotator's code; empty when it cannot be one."""
        text = self.annotator.text().strip()
        return text if text.isalnum() and text.isascii() else ""

    def _mark_code(self, _text: str) -> None:
        restyle(self.annotator, "missing", not self.code())

    def show_empty(self, empty: bool) -> None:
        """Show that there is nothing to label, or the room."""
        if empty:
            self.setCurrentWidget(self.empty)
        elif self.currentWidget() is self.empty:
            self.setCurrentIndex(0)

    def lay_over(self, sheet: QWidget | None) -> None:
        """Show the keys or the codebook over the room, or the room again."""
        if sheet is None:
            self.setCurrentIndex(0)
        else:
            self.setCurrentWidget(sheet)
            sheet.setFocus()

    def show_stages(self, stages: list[str], chosen: str) -> None:
        """Offer the passes in which there is something to do."""
        known = [self.stage.itemData(place) for place in range(self.stage.count())]
        if known != stages:
            self.stage.clear()
            for stage in stages:
                self.stage.addItem(_STAGES[stage], stage)
        self.stage.setCurrentIndex(stages.index(chosen) if chosen in stages else -1)
        self.stage.setEnabled(len(stages) > 1)

    def show_playing(self, playing: bool) -> None:
        """Show whether the video plays."""
        self.play.setText("Pause" if playing else "Play")
        self.play.setIcon(theme.icon("pause" if playing else "play"))

    def show_how(self) -> None:
        """Show how it plays."""
        player = self.player
        parts = [f"{player.speed:g} ×"]
        parts += ["loop"] * player.loop + ["face only"] * player.cropped
        self.how.setText("   ·   ".join(parts))

    def tell(self, text: str) -> None:
        """Say something above the video."""
        self.told.setText(text)
        self.told.setVisible(bool(text))


def dot(done: bool) -> QIcon:
    """Return a full or an empty dot; it says done or not, and nothing else."""
    picture = QPixmap(24, 24)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(theme.ACCENT if done else "#9fabb8"))
    painter.setBrush(QColor(theme.ACCENT) if done else Qt.BrushStyle.NoBrush)
    painter.drawEllipse(7, 7, 10, 10)
    painter.end()
    return QIcon(picture)

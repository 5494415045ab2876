"""The expert's judgement: a category, an intensity, and whose it is."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLineEdit, QPushButton, QWidget

from emer_studio.core.emotions import EMOTIONS
from emer_studio.ui import theme
from emer_studio.ui.parts import Card, button, label, restyle

__all__ = ["INTENSITIES", "Judgement", "JudgementPanel"]

INTENSITIES = ("none", "weak", "clear", "strong")
_LEVEL_KEYS = "QWER"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an expert says about one item; None where nothing was said yet."""

    category: str | None = None
    intensity: int | None = None

    @property
    def complete(self) -> bool:
        """Whether it can be committed."""
        return self.category is not None and self.intensity is not None


class JudgementPanel(Card):
    """Seven categories, four intensities, and the annotator's code."""

    valueChanged = Signal(object)
    annotatorChanged = Signal(str)
    commitAsked = Signal()
    undoAsked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._value = Judgement()
        self.annotator = QLineEdit()
        self.annotator.setPlaceholderText("your code, such as R1")
        self.annotator.setMaxLength(16)
        self.annotator.textChanged.connect(self._annotator_changed)
        self.box.addWidget(label("Annotator", "heading"))
        self.box.addWidget(self.annotator)
        self.box.addSpacing(4)
        self.box.addWidget(label("Which expression is this?", "heading"))
        self.categories = {name: self._category(name) for name in EMOTIONS}
        self._categories = _group(self, list(self.categories.values()))
        self.box.addSpacing(4)
        self.box.addWidget(label("How intense?", "heading"))
        self.levels = self._levels()
        self.missing = label("", "small", wrap=True)
        self.missing.setMinimumHeight(34)
        self.box.addWidget(self.missing)
        self.commit = button("Save and next   ⏎", "check", "primary")
        self.undo = button("Undo   Ctrl+Z")
        for made, signal in ((self.commit, self.commitAsked), (self.undo, self.undoAsked)):
            made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            made.clicked.connect(signal)
            self.box.addWidget(made)
        self.box.addStretch(1)
        self._annotator_changed(self.annotator.text())

    def _category(self, name: str) -> QPushButton:
        made = QPushButton(f" {EMOTIONS.index(name) + 1}   {name.capitalize()}")
        made.setProperty("kind", "choice")
        made.setCheckable(True)
        made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        swatch = QPixmap(10, 18)
        swatch.fill(QColor(theme.EMOTION_COLOURS[name]))
        made.setIcon(QIcon(swatch))
        made.setIconSize(QSize(10, 18))
        made.clicked.connect(lambda: self.choose(name))
        self.box.addWidget(made)
        return made

    def _levels(self) -> list[QPushButton]:
        row = QHBoxLayout()
        row.setSpacing(6)
        made = []
        for level, word in enumerate(INTENSITIES):
            one = QPushButton(f"{level} · {_LEVEL_KEYS[level]}\n{word}")
            one.setProperty("kind", "level")
            one.setCheckable(True)
            one.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            one.clicked.connect(lambda _checked=False, level=level: self.grade(level))
            row.addWidget(one)
            made.append(one)
        self.box.addLayout(row)
        self._level_group = _group(self, made)
        return made

    # -- value

    def value(self) -> Judgement:
        """Return what is said now."""
        return self._value

    def setValue(self, value: Judgement) -> None:
        """Show a judgement without telling anyone."""
        self._value = value
        _check(self._categories, self.categories.get(value.category or ""))
        level = value.intensity
        _check(self._level_group, None if level is None else self.levels[level])
        self._tell_missing()

    def choose(self, category: str) -> None:
        """Take a category; neutral has no intensity to ask for."""
        level = 0 if category == "neutral" else self._value.intensity
        if self._value.category == "neutral" and category != "neutral":
            level = None
        self._say(Judgement(category, level))

    def grade(self, intensity: int) -> None:
        """Take an intensity from 0 to 3."""
        self._say(Judgement(self._value.category, intensity))

    def _say(self, value: Judgement) -> None:
        self.setValue(value)
        self.valueChanged.emit(value)

    # -- who, and what is missing

    def code(self) -> str:
        """Return the annotator's code; empty when it cannot be one."""
        text = self.annotator.text().strip()
        return text if text.isalnum() else ""

    def _annotator_changed(self, _text: str) -> None:
        restyle(self.annotator, "missing", not self.code())
        self._tell_missing()
        self.annotatorChanged.emit(self.code())

    def _tell_missing(self) -> None:
        if not self.code():
            text = "Type your annotator code first (letters and digits)."
        elif self._value.category is None:
            text = "Choose a category: keys 1 to 7."
        elif self._value.intensity is None:
            text = "Choose an intensity: keys Q W E R."
        else:
            text = "Press Enter to save it."
        self.missing.setText(text)
        self.commit.setEnabled(bool(self.code()) and self._value.complete)


def _group(parent: QWidget, buttons: list[QPushButton]) -> QButtonGroup:
    group = QButtonGroup(parent)
    for made in buttons:
        group.addButton(made)
    return group


def _check(group: QButtonGroup, wanted: QPushButton | None) -> None:
    group.setExclusive(False)
    for made in group.buttons():
        made.setChecked(made is wanted)
    group.setExclusive(True)

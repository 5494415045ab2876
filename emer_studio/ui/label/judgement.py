"""Where an expert says what a face shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QWidget,
)

from emer_studio.core.emotions import EMOTIONS
from emer_studio.labels.judgement import CONFIDENCES, Judgement
from emer_studio.schema.labelling import Scheme
from emer_studio.ui import theme
from emer_studio.ui.label.feeling_pad import FeelingPad
from emer_studio.ui.label.keys import Keys
from emer_studio.ui.parts import Card, button, label, restyle

__all__ = ["INTENSITIES", "JudgementPanel"]

INTENSITIES = ("none", "weak", "clear", "strong")
_SURE = ("unsure", "fairly sure", "sure")
_ASKED = {
    "category": "Choose a category: keys 1 to 7.",
    "intensity": "Choose an intensity: keys Q W E R.",
    "valence": "Say valence and arousal on the pad.",
    "confidence": "Say how sure you are.",
    "reason": "Give a reason for your decision.",
}
_GRADES = ("", "A", "B", "C", "D", "E")


class JudgementPanel(Card):
    """The whole judgement of one item; `value` is it, `valueChanged` tells of changes."""

    valueChanged = Signal(object)
    commitAsked = Signal()
    undoAsked = Signal()

    def __init__(self, scheme: Scheme, keys: Keys) -> None:
        super().__init__()
        self._value, self._scheme, self._keys = Judgement(), scheme, keys
        self._adjudicating, self._why_not = False, ""
        self.box.setSpacing(5)
        self.categories = {name: self._category(name) for name in EMOTIONS}
        self._categories = _group(self, list(self.categories.values()))
        self.box.addLayout(self._category_grid())
        self.levels = self._row(
            [
                (f"{level}\n{word}", f"Intensity {level}, {word}", f"intensity-{level}")
                for level, word in enumerate(INTENSITIES)
            ],
            self.grade,
        )
        self._level_group = _group(self, self.levels)
        self.pad = FeelingPad()
        self.pad.valueChanged.connect(
            lambda said: self._say(replace(self._value, valence=said[0], arousal=said[1]))
        )
        self.box.addWidget(self.pad)
        self.pad.setVisible(scheme.valence_arousal != "off")
        self.sure = self._row(
            [(word, f"{word} of it", f"confidence-{k}") for k, word in enumerate(_SURE, 1)],
            lambda place: self.trust(CONFIDENCES[place]),
        )
        self._sure_group = _group(self, self.sure)
        for made in self.sure:
            made.setVisible(scheme.confidence != "off")
        self.qualities = self._quality_row()
        self.units = self._unit_row(scheme.action_units)
        self.note = QLineEdit()
        self.note.setAccessibleName("Note")
        self.note.setPlaceholderText(f"note ({keys['note']})")
        self.note.setMaxLength(400)
        self.note.textEdited.connect(self._noted)
        self.box.addWidget(self.note)
        self.missing = label("", "small", wrap=True)
        self.missing.setMinimumHeight(32)
        self.box.addWidget(self.missing)
        self._add_commit()
        self.box.addStretch(1)
        self.setValue(Judgement())

    # -- parts

    def _category(self, name: str) -> QPushButton:
        made = QPushButton(f" {EMOTIONS.index(name) + 1}   {name.capitalize()}")
        made.setProperty("kind", "choice")
        made.setCheckable(True)
        made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        made.setAccessibleName(name.capitalize())
        made.setToolTip(self._scheme.codebook.get(name, ""))
        swatch = QPixmap(10, 18)
        swatch.fill(QColor(theme.EMOTION_COLOURS[name]))
        made.setIcon(QIcon(swatch))
        made.setIconSize(QSize(10, 18))
        made.clicked.connect(lambda: self.choose(name))
        return made

    def _category_grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(5)
        for place, made in enumerate(self.categories.values()):
            grid.addWidget(made, place // 2, place % 2)
        self.second = label("", "small")
        self.second.setVisible(self._scheme.second)
        grid.addWidget(self.second, len(EMOTIONS) // 2, len(EMOTIONS) % 2)
        return grid

    def _row(
        self, texts: Sequence[tuple[str, str, str]], act: Callable[[int], None]
    ) -> list[QPushButton]:
        row = QHBoxLayout()
        row.setSpacing(5)
        made = []
        for place, (text, name, key) in enumerate(texts):
            one = QPushButton(text)
            one.setProperty("kind", "level" if "\n" in text else "level-small")
            one.setCheckable(True)
            one.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            one.setAccessibleName(name)
            one.setToolTip(f"{name} ({self._keys[key]})")
            one.clicked.connect(lambda _on=False, place=place: act(place))
            row.addWidget(one)
            made.append(one)
        self.box.addLayout(row)
        return made

    def _quality_row(self) -> dict[str, QPushButton]:
        texts = (("unclear", "Unclear"), ("no_face", "No face"), ("flag", "Flag"))
        names = [name for name, _ in texts]

        def act(place: int) -> None:
            name = names[place]
            self.flag() if name == "flag" else self.unusable(name)

        row = self._row([(text, text, name) for name, text in texts], act)
        return dict(zip(names, row, strict=True))

    def _unit_row(self, units: Sequence[int]) -> dict[str, QPushButton]:
        """Return a button for each action unit: a click goes on to the next grade."""
        grid = QGridLayout()
        grid.setSpacing(4)
        made = {}
        for place, unit in enumerate(units):
            one = QPushButton(f"AU{unit}")
            one.setProperty("small", True)
            one.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            one.clicked.connect(lambda _on=False, unit=str(unit): self.grade_unit(unit))
            grid.addWidget(one, place // 4, place % 4)
            made[str(unit)] = one
        self.box.addLayout(grid)
        return made

    def _add_commit(self) -> None:
        self.commit = button("Save and next   ⏎", "check", "primary")
        self.undo = button(f"Undo   {self._keys['undo']}")
        for made, signal in ((self.commit, self.commitAsked), (self.undo, self.undoAsked)):
            made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            made.clicked.connect(signal)
            self.box.addWidget(made)

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
        sure = value.confidence
        _check(self._sure_group, None if sure is None else self.sure[sure - 1])
        self.pad.setValue((value.valence, value.arousal))
        self.second.setText(f"also {value.second}" if value.second else "")
        for name, made in self.qualities.items():
            made.setChecked(value.flag is True if name == "flag" else value.quality == name)
        grades = dict(value.units)
        for unit, made in self.units.items():
            made.setText(f"AU{unit} {grades.get(unit, '')}".strip())
        text = (value.reason if self._adjudicating else value.note) or ""
        if self.note.text().strip() != text:
            self.note.setText(text)
        self._tell_missing()

    def setMode(self, *, adjudicating: bool, why_not: str = "") -> None:
        """Ask for a reason or a note; `why_not` says why nothing can be saved at all."""
        self._adjudicating, self._why_not = adjudicating, why_not
        what = "Reason" if adjudicating else "Note"
        self.note.setAccessibleName(what)
        self.note.setPlaceholderText(f"{what.lower()} ({self._keys['note']})")
        self.setValue(self._value)

    @property
    def ready(self) -> bool:
        """Whether it can be saved."""
        return not self._why_not and not self._lacking

    @property
    def _lacking(self) -> str:
        return self._value.missing(self._scheme, adjudicating=self._adjudicating)

    def choose(self, category: str) -> None:
        """Take a category; neutral has no intensity to ask for."""
        self._say(self._value.choose(category))

    def choose_second(self, category: str) -> None:
        """Take a second category; the same again takes it back."""
        if not self._scheme.second or category == self._value.category:
            return
        same = self._value.second == category
        self._say(replace(self._value, second=None if same else category))

    def grade(self, intensity: int) -> None:
        """Take an intensity from 0 to 3."""
        self._say(replace(self._value, intensity=intensity))

    def trust(self, confidence: int) -> None:
        """Say how sure the expert is."""
        self._say(replace(self._value, confidence=confidence))

    def unusable(self, quality: str) -> None:
        """Say that the face cannot be judged."""
        self._say(self._value.unusable(quality))

    def flag(self) -> None:
        """Ask the adjudicator to look, or take that back."""
        self._say(replace(self._value, flag=None if self._value.flag else True))

    def mark_peak(self, frame: int) -> None:
        """Say in which frame the expression is strongest."""
        self._say(replace(self._value, peak=frame))

    def grade_unit(self, unit: str) -> None:
        """Go on to the next grade of an action unit; after E comes none."""
        grades = dict(self._value.units)
        following = _GRADES[(_GRADES.index(grades.get(unit, "")) + 1) % len(_GRADES)]
        grades[unit] = following
        units = tuple((name, grade) for name, grade in sorted(grades.items()) if grade)
        self._say(replace(self._value, units=units))

    def _noted(self, text: str) -> None:
        said = text.strip() or None
        if self._adjudicating:
            self._say(replace(self._value, reason=said))
        else:
            self._say(replace(self._value, note=said))

    def _say(self, value: Judgement) -> None:
        self.setValue(value)
        self.valueChanged.emit(value)

    def _tell_missing(self) -> None:
        lacking = self._lacking
        ready = f"Press {self._keys['commit']} to save it."
        self.missing.setText(self._why_not or _ASKED.get(lacking, ready))
        restyle(self.note, "missing", lacking == "reason")
        self.commit.setEnabled(self.ready)


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

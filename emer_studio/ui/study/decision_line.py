"""What a person decides about the chosen trial: by mouse, or by one key."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from emer_studio.core import settings
from emer_studio.schema.decisions import Decision, needs_reason
from emer_studio.schema.session_quality import TrialQuality
from emer_studio.study.decisions import account
from emer_studio.ui.parts import button, label

__all__ = ["DecisionLine"]

_ASKED = {
    "keep": "Why keep trial {} all the same? Enter keeps it, Escape leaves it.",
    "exclude": "Why exclude trial {}? Enter excludes it, Escape leaves it.",
}


class DecisionLine(QWidget):
    """Keep, exclude, or back to the suggestion; asks why where that is needed.

    `decided` carries the trial, the word, the reason and who decided; `left` tells that
    the keyboard is free again.

    Parameters
    ----------
    why : QLabel
        What is said of the chosen trial; it stands beside the buttons.
    """

    decided = Signal(int, str, str, str)
    left = Signal()

    def __init__(self, why: QLabel) -> None:
        super().__init__()
        self._trial: TrialQuality | None = None
        self._asking = ("", 0)
        self.keep, self.exclude = button("Keep"), button("Exclude…")
        self.back = button("Back to the suggestion")
        self.by, self.reason = QLineEdit(), QLineEdit()
        self._offer, self.question = self._buttons(why), self._question()
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._offer)
        box.addWidget(self.question)

    def _buttons(self, why: QLabel) -> QWidget:
        part = QWidget()
        row = QHBoxLayout(part)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(why, 1)
        words = ((self.keep, "keep", "K"), (self.exclude, "exclude", "X"))
        for made, word, key in (*words, (self.back, "suggestion", "Backspace")):
            made.setAutoDefault(False)
            made.setToolTip(f"Key: {key}")
            made.clicked.connect(lambda _on=False, word=word: self.choose(word))
            row.addWidget(made)
        row.addWidget(label("by", "small"))
        self.by.setText(settings.load().last_operator or account())
        self.by.setMaximumWidth(96)
        self.by.setToolTip("Who decides: a code or initials, kept with each decision")
        row.addWidget(self.by)
        return part

    def _question(self) -> QWidget:
        part = QWidget()
        row = QHBoxLayout(part)
        row.setContentsMargins(0, 0, 0, 0)
        self.reason.setPlaceholderText("in a few words, without names")
        self.reason.returnPressed.connect(self._answered)
        away = QShortcut(QKeySequence(Qt.Key.Key_Escape), self.reason, self._ask_no_more)
        away.setContext(Qt.ShortcutContext.WidgetShortcut)
        self.asked = label("", "small")
        row.addWidget(self.asked)
        row.addWidget(self.reason, 1)
        part.hide()
        return part

    def show_trial(self, trial: TrialQuality | None, decision: Decision | None) -> None:
        """Offer what can be decided about a trial; a question about another one ends."""
        self._trial = trial
        word = decision.decision if decision is not None else "suggestion"
        can = trial is not None and trial.can_be_kept
        self.keep.setEnabled(can and word != "keep")
        self.exclude.setEnabled(can and word != "exclude")
        self.back.setEnabled(trial is not None and word != "suggestion")
        self.keep.setText("Keep…" if can and self._asks_why("keep") else "Keep")
        if self._asking[1] != (trial.trial if trial is not None else 0):
            self._show_question(show=False)

    def choose(self, word: str) -> None:
        """Decide, or ask why first; nothing where that is not offered."""
        offered = {"keep": self.keep, "exclude": self.exclude, "suggestion": self.back}
        if self._trial is None or not offered[word].isEnabled():
            return
        if not self._asks_why(word):
            self._decide(word, "")
            return
        self._asking = (word, self._trial.trial)
        self.asked.setText(_ASKED[word].format(self._trial.trial))
        self.reason.clear()
        self._show_question(show=True)
        self.reason.setFocus()

    def _show_question(self, *, show: bool) -> None:
        if not show:
            self._asking = ("", 0)
        self._offer.setVisible(not show)
        self.question.setVisible(show)

    def _asks_why(self, word: str) -> bool:
        return self._trial is not None and needs_reason(word, self._trial.suggestion)

    def _answered(self) -> None:
        reason = self.reason.text().strip()
        if reason and self._asking[0]:
            self._decide(self._asking[0], reason)

    def _ask_no_more(self) -> None:
        self._show_question(show=False)
        self.left.emit()

    def _decide(self, word: str, reason: str) -> None:
        if self._trial is None:
            return
        who = self.by.text().strip() or account()
        if who != settings.load().last_operator:
            settings.remember(last_operator=who)
        number = self._trial.trial
        self._ask_no_more()
        self.decided.emit(number, word, reason, who)

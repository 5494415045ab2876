"""The quality of one session: its streams, its trials, what to keep, look at, exclude."""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout

from emer_studio.core.errors import BadInputError
from emer_studio.schema.decisions import Decisions, counts, outcome
from emer_studio.schema.session_quality import (
    SUGGESTIONS,
    SessionQuality,
    StreamQuality,
    TrialQuality,
    kept_quality,
)
from emer_studio.study.decisions import decide, decisions_of
from emer_studio.ui.jobs import JobRunner, Outcome
from emer_studio.ui.parts import (
    Card,
    Pill,
    PillDelegate,
    ProgressLine,
    button,
    label,
    set_cell,
    table,
)
from emer_studio.ui.study.decision_line import DecisionLine

__all__ = ["QualityView"]

_HEADS = ("Trial", "Clip", "Suggestion", "Gaze lost", "Face lost", "Frames", "Late")
_TAIL = ("Ratings", "Decision", "Why")
_WHY = len(_HEADS) + len(_TAIL) - 1
_ABOUT = (
    "Exclude: a dataset leaves it out. Look: it is used unless you decide otherwise."
    " N: the next to look at. K: keep. X: exclude."
)


class QualityView(Card):
    """Shows what is kept of a session's quality; else lets ``emer-studio quality`` look.

    `shown` tells the name of a session whose quality is on the screen now.
    """

    shown = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.job = JobRunner(self)
        self.job.progressed.connect(self._progressed)
        self.job.ended.connect(self._ended)
        self._folder: Path | None = None
        self._looking: Path | None = None
        self.quality: SessionQuality | None = None
        self.decisions: Decisions = {}
        self.box.addLayout(self._top())
        self.streams, self.said = (
            label("", "small", wrap=True),
            label("", "muted", wrap=True),
        )
        self.progress = ProgressLine()
        self.trials = table((*_HEADS, *_TAIL), stretch=_WHY, rows=30)
        self.trials.setItemDelegate(PillDelegate(self.trials))
        self.trials.itemSelectionChanged.connect(self._tell_why)
        self.why = label(_ABOUT, "small", wrap=True)
        for part in (self.streams, self.said, self.progress):
            self.box.addWidget(part)
        self.box.addWidget(self.trials, 1)
        self.line = DecisionLine(self.why)
        self.line.decided.connect(self._decide)
        self.line.left.connect(self.trials.setFocus)
        self.box.addWidget(self.line)
        self.box.addStretch(0)  # takes the room while there is no table
        keys = {"N": self.next_doubtful}
        words = {"K": "keep", "X": "exclude", "Backspace": "suggestion"}
        keys |= {key: partial(self.line.choose, word) for key, word in words.items()}
        for key, act in keys.items():
            shortcut = QShortcut(QKeySequence(key), self, act)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)

    def _top(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.name, self.verdict = label("", "heading"), Pill()
        self.verdict.setToolTip("Of the whole recording, by emer-studio check")
        self.counts = {name: Pill() for name in SUGGESTIONS}
        self.again = button("Look again", "refresh")
        self.again.clicked.connect(self._look)
        row.addWidget(self.name)
        row.addWidget(self.verdict)
        row.addSpacing(14)
        for pill in self.counts.values():
            row.addWidget(pill)
        row.addStretch(1)
        row.addWidget(self.again)
        return row

    # -- which session

    def show_session(self, folder: Path) -> None:
        """Show a session; one that was not looked at, or has changed since, is now."""
        self._folder = folder
        kept = kept_quality(folder)
        self._fill(kept)
        if kept is None:
            self._look()

    def rest(self) -> None:
        """Look at nothing more for now: a session needs the processor."""
        self._folder = None
        self.job.stop()

    def finish(self) -> None:
        """End what still looks."""
        self.job.close()

    def _look(self) -> None:
        if self._folder is None:
            return
        if self.job.running:
            if self._looking != self._folder:  # it makes way
                self.job.stop()
            return
        self._looking = self._folder
        self.again.setEnabled(False)
        self.progress.begin("Looking at the recording, trial by trial …")
        self.job.start("quality", ["quality", str(self._folder), "--events"])

    def _progressed(self, _step: str, done: int, total: int) -> None:
        self.progress.setValue("trials", done, total)

    def _ended(self, outcome: Outcome) -> None:
        self.progress.end()
        self.again.setEnabled(True)
        looked_at, self._looking = self._looking, None
        if looked_at != self._folder or outcome.stopped:
            if self._folder is not None:
                self.show_session(self._folder)
            return
        self._fill(kept_quality(looked_at) if looked_at is not None else None)
        if self.quality is None:
            self.said.setText(outcome.error or "Broken off.")
            self.said.show()

    # -- what is shown

    def _fill(self, quality: SessionQuality | None) -> None:
        self.quality = quality
        unreadable = self._read_decisions()
        self.name.setText(self._folder.name if self._folder is not None else "")
        known = quality is not None
        for part in (self.verdict, self.streams, self.trials):
            part.setVisible(known)
        self.line.setVisible(self._has_trials and not unreadable)
        self._count()
        self.said.setVisible(known and (not self._has_trials or bool(unreadable)))
        self.trials.setRowCount(0)
        if quality is None:
            return
        self.said.setText(unreadable or "No trial that is to be analysed was begun.")
        self.verdict.setValue(quality.verdict, quality.verdict)
        self.streams.setText("   ·   ".join(_stream(stream) for stream in quality.streams))
        self.trials.setRowCount(len(quality.trials))
        for row, trial in enumerate(quality.trials):
            self._fill_row(row, trial)
        self.trials.selectRow(0)
        self.shown.emit(quality.session)

    def _read_decisions(self) -> str:
        """Read what was decided; return why that cannot be read, empty when it can."""
        self.decisions = {}
        try:
            if self._folder is not None:
                self.decisions = decisions_of(self._folder)
        except (BadInputError, OSError) as problem:
            return str(problem)
        return ""

    def _count(self) -> None:
        found = Counter[str]()
        if self.quality is not None:
            found = counts(self.quality, self.decisions)
        for name, pill in self.counts.items():
            pill.setVisible(found[name] > 0)
            pill.setValue(f"{name} {found[name]}", SUGGESTIONS[name])

    @property
    def _has_trials(self) -> bool:
        return self.quality is not None and bool(self.quality.trials)

    def _fill_row(self, row: int, trial: TrialQuality) -> None:
        rated = f"{trial.ratings} of {trial.asked}" if trial.asked else str(trial.ratings)
        decision = self.decisions.get(trial.trial)
        why = [decision.reason] if decision is not None and decision.reason else []
        told = "; ".join((*why, *trial.reasons))
        cells = (
            str(trial.trial),
            trial.clip,
            trial.suggestion,
            _number(trial.gaze_lost_pct, "%"),
            _number(trial.face_lost_pct, "%"),
            f"{trial.shown} of {trial.expected}",
            _number(trial.onset_late_ms, "ms"),
            rated,
            decision.decision if decision is not None else "",
            told,
        )
        pills = {_HEADS.index("Suggestion"): SUGGESTIONS[trial.suggestion]}
        if decision is not None:
            pills[_WHY - 1] = SUGGESTIONS[outcome(trial, self.decisions)]
        for column, text in enumerate(cells):
            set_cell(self.trials, row, column, text, pill=pills.get(column), tip=told)

    def _tell_why(self) -> None:
        """Say in full why the chosen trial is not simply kept, and who decided what."""
        trial = self._chosen()
        decision = self.decisions.get(trial.trial) if trial is not None else None
        self.line.show_trial(trial, decision)
        if trial is None:
            return
        told = f"Trial {trial.trial}: {'; '.join(trial.reasons)}." if trial.reasons else ""
        if decision is not None:
            because = f": {decision.reason}" if decision.reason else ""
            said = f"{decision.by} decided to {decision.decision} it{because}."
            told = f"{told or f'Trial {trial.trial}:'} {said}"
        self.why.setText(told or _ABOUT)

    @property
    def chosen_trial(self) -> int | None:
        """Number of the trial that is chosen in the table; None for none."""
        trial = self._chosen()
        return trial.trial if trial is not None else None

    def _chosen(self) -> TrialQuality | None:
        row = self.trials.currentRow()
        trials = self.quality.trials if self.quality is not None else ()
        return trials[row] if 0 <= row < len(trials) else None

    # -- what a person decides

    def _decide(self, trial: int, word: str, reason: str, by: str) -> None:
        """Write a decision down, and show it; or say why that cannot be done."""
        if self._folder is None or self.quality is None:
            return
        try:
            decide(self._folder, self.quality, trial, word, reason=reason, by=by)
        except (BadInputError, OSError) as problem:
            self.why.setText(f"Nothing was decided: {problem}")
            return
        self._read_decisions()
        self._count()
        for row, one in enumerate(self.quality.trials):
            if one.trial == trial:
                self._fill_row(row, one)
        self._tell_why()

    def next_doubtful(self) -> None:
        """Go to the next trial that somebody is to decide on, from the top at the end."""
        trials = self.quality.trials if self.quality is not None else ()
        here = self.trials.currentRow()
        order = [*range(here + 1, len(trials)), *range(max(here, 0))]
        open_ones = (
            row
            for row in order
            if trials[row].suggestion != "keep" and trials[row].trial not in self.decisions
        )
        found = next(open_ones, None)
        if found is not None:
            self.trials.selectRow(found)
            self.trials.setFocus()


def _number(value: float | None, unit: str) -> str:
    return "–" if value is None else f"{value:.0f} {unit}"


def _stream(stream: StreamQuality) -> str:
    declared = f" of {stream.declared_hz:g}" if stream.declared_hz else ""
    text = f"{stream.name}: {stream.effective_hz:.1f}{declared} Hz"
    if stream.type == "Markers":
        return f"{stream.name}: {stream.samples} markers"
    gaps = f" in {stream.gaps} gap{'s' * (stream.gaps != 1)}" if stream.gaps else ""
    longest = f", the longest {stream.longest_gap_s:.2f} s" if stream.gaps else ""
    eyes = stream.eyes_lost_pct
    lost = f"; eyes lost in {eyes:.0f} %" if eyes is not None else ""
    return f"{text}, {stream.loss_pct:.2f} % lost{gaps}{longest}{lost}"

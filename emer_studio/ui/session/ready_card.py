"""Go or no-go beside the form: everything a session needs, looked at before it begins."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from emer_studio.ui.jobs import JobRunner, Outcome
from emer_studio.ui.parts import Card, Pill, button, label
from emer_studio.ui.session.choice import SessionChoice

__all__ = ["ReadyCard", "device_words", "display_word", "item_row", "preflight_words"]

_COLOURS = {"go": "green", "doubt": "amber", "no-go": "red"}
_WORDS = {"go": "go", "doubt": "look", "no-go": "no-go"}


class ReadyCard(Card):
    """A button that runs ``emer-studio preflight``, and its list."""

    asked = Signal()

    def __init__(self, study: Path) -> None:
        super().__init__("Is everything ready?")
        self._study = study
        self._checked: SessionChoice | None = None
        self._items: list[dict[str, Any]] = []
        self.job = JobRunner(self)
        self.job.heard.connect(self._heard)
        self.job.ended.connect(self._ended)
        self.check = button("Check everything", "check")
        self.check.clicked.connect(self._press)
        self.said = label(
            "Clips, tracker, camera, face, sound, display and disk: about ten seconds.",
            "small",
            wrap=True,
        )
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.hide()
        self._list = QVBoxLayout()
        self._list.setSpacing(8)
        for part in (self.said, self.bar):
            self.box.addWidget(part)
        self.box.addLayout(self._list)
        self.box.addWidget(self.check)

    def no_go(self, choice: SessionChoice) -> list[str]:
        """Return what stands in the way of a choice, as far as it was looked at."""
        if self._checked is None or _what_counts(choice) != self._checked:
            return []
        stops = [item for item in self._items if item["state"] == "no-go"]
        return [f"{item['name']}: {item['said']}" for item in stops]

    def run(self, choice: SessionChoice) -> None:
        """Look at everything that a choice needs."""
        if self.job.running:
            return
        self._checked, self._items = _what_counts(choice), []
        self._clear()
        self.check.setText(" Stop")
        self.bar.setRange(0, 0)
        self.bar.show()
        self.said.setText("Looking …")
        self.job.start("preflight", preflight_words(self._study, choice))

    def forget(self, choice: SessionChoice) -> None:
        """Let go of a list that was made for another choice."""
        if self._items and _what_counts(choice) != self._checked:
            self._items = []
            self._clear()
            self.said.setText("Something else is chosen now; check again.")

    def finish(self) -> None:
        """End a check that still runs."""
        self.job.close()

    def _press(self) -> None:
        if self.job.running:
            self.job.stop()
        else:
            self.asked.emit()

    def _heard(self, event: dict[str, Any]) -> None:
        if event.get("event") == "progress":
            self.bar.setRange(0, int(event.get("total", 1)))
            self.bar.setValue(int(event.get("done", 0)))
            self.said.setText(f"Looking at: {event.get('item', 'the last of it')}")
        elif event.get("event") == "item":
            self._items.append(event)
            self._list.addWidget(item_row(event))

    def _ended(self, outcome: Outcome) -> None:
        self.bar.hide()
        self.check.setText(" Check again")
        if not outcome.result:
            self.said.setText(outcome.error or "Broken off.")
            return
        stops = sum(item["state"] == "no-go" for item in self._items)
        doubts = sum(item["state"] == "doubt" for item in self._items)
        go = f"Go; {doubts} to look at." if doubts else "Go."
        self.said.setText(f"No-go: {stops} in the way." if stops else go)

    def _clear(self) -> None:
        while self._list.count():
            item = self._list.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.deleteLater()


def preflight_words(study: Path, choice: SessionChoice) -> list[str]:
    """Return the command that looks at what a choice needs."""
    words = ["preflight", str(study), "--protocol", choice.protocol]
    language = ["--language", choice.language] if choice.language else []
    return [*words, *device_words(choice), *language, display_word(choice), "--events"]


def device_words(choice: SessionChoice) -> list[str]:
    """Return the words for the devices of a choice."""
    words = []
    for name in ("camera", "gaze", "size", "fps", "codec", "mains", "microphone"):
        value = getattr(choice, name)
        words += [f"--{name}", value] if value else []
    return words


def display_word(choice: SessionChoice) -> str:
    """Return the word for the participant's display."""
    return "--windowed" if choice.display is None else f"--display={choice.display}"


def _what_counts(choice: SessionChoice) -> SessionChoice:
    """Return a choice without what has nothing to do with the devices."""
    return replace(
        choice,
        participant="",
        gaze_confirmed="",
        override="",
        console=False,
        rig="",
        screen_mm=None,
        distance_mm=None,
    )


def item_row(item: dict[str, Any]) -> QWidget:
    """Return a line of a go / no-go list: its state, what was found, what to do."""
    made = QWidget()
    row = QHBoxLayout(made)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(10)
    pill = Pill(_WORDS[item["state"]], _COLOURS[item["state"]])
    pill.setFixedWidth(58)
    row.addWidget(pill, 0, Qt.AlignmentFlag.AlignTop)
    words = QVBoxLayout()
    words.setSpacing(1)
    words.addWidget(label(f"{item['name'][:1].upper()}{item['name'][1:]}"))
    words.addWidget(label(item["said"], "small", wrap=True))
    if item.get("fix"):
        words.addWidget(label(f"→ {item['fix']}", "small", wrap=True))
    row.addLayout(words, 1)
    return made

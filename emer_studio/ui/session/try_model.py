"""A trained model on the running camera and tracker, before a session: an experiment.

What it says is no label and is kept nowhere. It ends when a session begins, and is never
on the participant's screen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QToolButton, QVBoxLayout, QWidget

from emer_studio.core.errors import BadInputError
from emer_studio.study.folder import Study
from emer_studio.study.runs import Entry, runs_at
from emer_studio.ui import theme
from emer_studio.ui.parts import Card, button, label, restyle
from emer_studio.ui.session.camera_card import CameraCard
from emer_studio.ui.session.choice import SessionChoice
from emer_studio.ui.session.estimate_bars import EstimateBars
from emer_studio.ui.session.try_feed import TryFeed

__all__ = ["EXPERIMENTAL", "TryModelCard"]

EXPERIMENTAL = "Experimental, not a label, not stored"
_HINT = (
    "Models learn from whole clips. The last seconds of a preview, without a clip, are"
    " another thing: expect less of it than its scores say."
)
_RECORDED = "A participant is being recorded: no model is tried meanwhile."
_NO_RUN = "This study has no finished run of a network yet. Train one on the page Train."
_BESIDE = "learnt beside, never tested"
_KINDS = {"felt": "er", "shown": "fer"}
_NEW = 0.5  # weight of a new number against those before, for calm; chosen by us


class TryModelCard(Card):
    """A run to choose, a button, and bars for what is felt and shown.

    Parameters
    ----------
    study : Study
    camera : CameraCard
        Shows the picture that is looked at, and is asked to where it does not.
    choice : callable
        Returns the devices that are chosen in the form.
    """

    def __init__(
        self, study: Study, camera: CameraCard, choice: Callable[[], SessionChoice]
    ) -> None:
        super().__init__()
        self._study, self._recording = study, False
        self._numbers: dict[str, float] = {}
        self.entries: list[Entry] = []
        self.feed = TryFeed(study.folder, camera, choice, self)
        self.feed.heard.connect(self._heard)
        self.feed.told.connect(self._tell)
        self.feed.stopped.connect(self._show_button)
        self._build()
        self._open(False)

    def _build(self) -> None:
        self.toggle = QToolButton()
        self.toggle.setProperty("kind", "more")
        self.toggle.setCheckable(True)
        self.toggle.setText("Try a model")
        self.toggle.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.toggle.toggled.connect(self._open)
        self.always = label(EXPERIMENTAL, "small-amber", wrap=True)
        self.hint, self.said = label("", "small", wrap=True), label("", "small", wrap=True)
        self.runs = QComboBox()
        self.runs.setAccessibleName("Training run")
        self.runs.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.start_stop = button("Try it", "play")
        self.start_stop.clicked.connect(self._press)
        self.heads = {kind: label("", "muted") for kind in _KINDS}
        self.bars = {kind: EstimateBars(f"What is {kind}") for kind in _KINDS}
        self.numbers = label("", "small", wrap=True)
        self.inside = QWidget()
        box = QVBoxLayout(self.inside)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(8)
        parts: list[QWidget] = [self.hint, self.runs]
        for kind in _KINDS:
            parts += [self.heads[kind], self.bars[kind]]
        for part in (*parts, self.numbers, self.said, self.start_stop):
            box.addWidget(part)
        self.box.addWidget(self.toggle, 0, Qt.AlignmentFlag.AlignLeft)
        self.box.addWidget(self.always)
        self.box.addWidget(self.inside)

    def _open(self, on: bool) -> None:
        self.inside.setVisible(on)
        self.toggle.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
        self.stop()
        self.refresh()

    # -- what the page asks

    def refresh(self) -> None:
        """Offer the finished runs of networks, the newest first."""
        if not self.toggle.isChecked() or self.feed.wanted:
            return
        chosen = self.runs.currentData()
        try:
            found, _ = runs_at(self._study.folder)
        except BadInputError:
            found = []
        self.entries = [
            e for e in found if e.state == "done" and any(e.folder.glob("fold*_best.pt"))
        ]
        self.runs.clear()
        for row, entry in enumerate(self.entries):
            score = f" · {entry.score}" if entry.score else ""
            shown = f"{entry.name} · {entry.kind}, {entry.info.protocol}{score}"
            self.runs.addItem(shown, entry.folder)
            self.runs.setItemData(row, shown, Qt.ItemDataRole.ToolTipRole)
        self.runs.setCurrentIndex(max(self.runs.findData(chosen), 0))
        self._tell("" if self.entries else _NO_RUN)

    def setRecording(self, on: bool) -> None:
        """Stop, and stay off, while a participant is recorded."""
        self._recording = on
        self.stop()
        self.refresh()

    def stop(self) -> None:
        """Stop trying; the camera's picture stays."""
        self.feed.stop()
        self._tell("")

    def finish(self) -> None:
        """End everything and wait for it."""
        self.feed.finish()

    # -- what is shown

    def _press(self) -> None:
        if self.feed.wanted:
            self.stop()
        elif self.entries and not self._recording:
            self.feed.start(self.runs.currentData())

    def _heard(self, event: dict[str, Any]) -> None:
        if event.get("event") == "ready":
            self._show_ready(event)
        elif event.get("event") == "estimate":
            self._show_estimate(event)

    def _show_ready(self, event: dict[str, Any]) -> None:
        self.hint.setText("\n".join([*event["notes"], _HINT]))
        scored = {head["label"] for head in event["heads"] if head["scored"]}
        for kind, short in _KINDS.items():
            tested = bool(scored & {f"{short}_emotion", f"{short}3"})
            about = "experimental" if tested else f"experimental; {_BESIDE}"
            self.heads[kind].setText(f"{kind.capitalize()} ({about})")
        self._tell("Waiting for a face …")

    def _show_estimate(self, event: dict[str, Any]) -> None:
        for kind, bars in self.bars.items():
            bars.setTarget(event[kind])
            self.heads[kind].setVisible(bool(bars.shown))
        for name, value in event["numbers"].items():
            before = self._numbers.get(name, value)
            self._numbers[name] = before + _NEW * (value - before)
        self.numbers.setText(_in_words(self._numbers) if event["numbers"] else "")
        words = {"face": "No face is seen.", "gaze": "No gaze is seen."}
        words["gaze"] = self.feed.gaze_problem or words["gaze"]
        absent = [words[name] for name in event["absent"]]
        self._tell(" ".join(absent), good=not absent)

    def _empty(self) -> None:
        for kind, bars in self.bars.items():
            bars.clear()
            self.heads[kind].hide()
        self._numbers = {}
        self.numbers.setText("")
        self.hint.setText(_HINT)

    def _tell(self, text: str, good: bool = True) -> None:
        """Say how it is; what was estimated goes with what estimated it."""
        if not self.feed.wanted:
            self._empty()
        text = _RECORDED if self._recording else text
        self.said.setText(text)
        self.said.setVisible(bool(text))
        restyle(self.said, "kind", "small" if good else "small-amber")
        self.numbers.setVisible(bool(self.numbers.text()))
        self._show_button()

    def _show_button(self) -> None:
        wanted = self.feed.wanted
        free = bool(self.entries) and not self._recording and not self.feed.running
        self.runs.setVisible(bool(self.entries))
        self.runs.setEnabled(not wanted)
        self.start_stop.setText(" Stop" if wanted else " Try it")
        self.start_stop.setIcon(theme.icon("stop" if wanted else "play"))
        self.start_stop.setEnabled(wanted or free)


def _in_words(numbers: dict[str, float]) -> str:
    """Return the numbers in two lines: felt, shown."""
    lines = []
    for kind, short in _KINDS.items():
        mine = [
            f"{name.removeprefix(f'{short}_')} {value:+.1f}".replace("-", "−")
            for name, value in numbers.items()
            if name.startswith(f"{short}_")
        ]
        lines += [f"{kind.capitalize()}: {', '.join(mine)}"] if mine else []
    return "\n".join(lines)

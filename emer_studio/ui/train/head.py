"""The card of the pre-labeller: enough blind labels? Then a better one, in numbers."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QGridLayout, QLabel

from emer_studio.core.errors import BadInputError, EmerError
from emer_studio.labels.blind import LEAST_CLIPS, LEAST_PARTICIPANTS, blind_labels
from emer_studio.labels.ratings import events_of
from emer_studio.schema.fer_head import FerHeadRun, read_head
from emer_studio.study.folder import Study
from emer_studio.ui.jobs import JobRunner, Outcome
from emer_studio.ui.page import Page
from emer_studio.ui.parts import Card, ProgressLine, button, label
from emer_studio.ui.workspace import read_object

__all__ = ["HeadCard"]

_GRACE_S = 30.0  # as training has; chosen by us
_WHY = (
    "Trained on faces alone, on what your experts agree on blind. Every clip is judged by a"
    " network that never saw its person."
)
_STOPPED = "Stopped. Networks that are done are kept for the next time."


class HeadCard(Card):
    """Trains the next pre-labeller and shows it beside the present one.

    Parameters
    ----------
    page : Page
        Where it stands: whose study it is, and who tells messages.
    """

    def __init__(self, page: Page) -> None:
        super().__init__("Pre-labeller")
        self._page, self.job = page, JobRunner(self)
        self.clips = self.people = 0
        self._counted: object = None
        self._using = ""
        self.enough, self.numbers = (label("", "small", wrap=True) for _ in range(2))
        self.train = button("Train a pre-labeller", "play")
        self.train.setToolTip(_WHY)
        self.stop = button("Stop", "stop", "danger")
        self.use = button("Use it from now on", "check")
        self.use.setToolTip(
            "It looks at every face of the study anew, and at those to come"
        )
        self.progress = ProgressLine()
        for widget in (self.enough, self.train, self.stop, self.progress):
            self.box.addWidget(widget)
        self.cells = self._table()
        self.box.addWidget(self.numbers)
        self.box.addWidget(self.use)
        self.train.clicked.connect(self.start)
        self.stop.clicked.connect(self.job.stop)
        self.use.clicked.connect(self.take_in)
        self.job.progressed.connect(self.progress.setValue)
        self.job.ended.connect(self._ended)
        page.workspace.changed.connect(self.refresh)
        page.finishing.connect(self.job.close)
        self.refresh()

    def _table(self) -> list[list[QLabel]]:
        grid, cells = QGridLayout(), []
        grid.setHorizontalSpacing(14)
        grid.setColumnStretch(0, 1)
        for row, kinds in enumerate((("", "small", "small"), ("", "", ""), ("muted",) * 3)):
            cells.append([label("", kind) for kind in kinds])
            for column, cell in enumerate(cells[-1]):
                grid.addWidget(cell, row, column)
        self.box.addLayout(grid)
        return cells

    @property
    def newest(self) -> tuple[Path, FerHeadRun] | None:
        """The head that was trained last, and where it lies."""
        found = []
        for path in (self._page.study.derived / "heads").glob("*/run.json"):
            try:
                found.append((path.parent, read_head(path.parent)))
            except BadInputError:
                continue  # of another version; its command can read it
        return max(found, key=lambda one: one[1].created, default=None)

    def showEvent(self, event: QShowEvent) -> None:
        """Count now: nobody saw it before."""
        super().showEvent(event)
        self.refresh()

    def refresh(self) -> None:
        """Show what the study holds now; labels are counted only where they changed."""
        if self.isVisible():
            self._count()
        ready = self.clips >= LEAST_CLIPS and self.people >= LEAST_PARTICIPANTS
        running, newest = self.job.running, self.newest
        present = _present(self._page.study)
        self.train.setVisible(not running)
        self.train.setEnabled(ready)
        self.stop.setVisible(running)
        for part in (self.numbers, *(cell for row in self.cells for cell in row)):
            part.setVisible(newest is not None)
        self.use.setVisible(newest is not None and not running)
        if newest is not None:
            self._show(newest[1])
            self.use.setEnabled(newest[1].name != present)
            used = newest[1].name == present
            self.use.setText(" It is in use" if used else " Use it from now on")

    def _show(self, run: FerHeadRun) -> None:
        for row, words in enumerate(_rows(run)):
            for cell, text in zip(self.cells[row], words, strict=True):
                cell.setText(text)
        self.numbers.setText(_about(run))
        recalls = (
            f"{n} {'–' if v is None else f'{v:.2f}'}" for n, v in run.scores.recall.items()
        )
        self.numbers.setToolTip("Recall: " + ", ".join(recalls))

    def _count(self) -> None:
        study = self._page.study
        stamp = _stamp(study)
        if stamp == self._counted:
            return
        self._counted = stamp
        try:
            found = blind_labels(events_of(study), study.file.consensus)
        except EmerError as problem:  # a login that sees its own labels only
            self.enough.setText(str(problem))
            return
        whose = {s.name: s.manifest.participant for s in study.sessions()}
        people = {whose.get(name := item.split("/")[0], name) for item in found.agreed}
        self.clips, self.people = len(found.agreed), len(people)
        self.enough.setText(_enough(self.clips, self.people, _present(study)))

    def start(self) -> None:
        """Train the next pre-labeller in a process of its own."""
        self._using = ""
        self.progress.begin("Looking for labels and faces")
        words = ["train-head", str(self._page.study.folder), "--if-changed", "anew"]
        words.append("--events")
        self.job.start("pre-labeller", words, grace_s=_GRACE_S)
        self.refresh()

    def take_in(self) -> None:
        """Install the newest head, then let it look at every face."""
        if self.newest is None or self.job.running:
            return
        folder, run = self.newest
        self._using = run.name
        self.progress.begin("Taking it in")
        file = folder / f"{run.name}.onnx"
        self.job.start("import", ["models", "import", run.name, str(file), "--events"])
        self.refresh()

    def _ended(self, outcome: Outcome) -> None:
        self.progress.end()
        if outcome.error:
            self._page.said.emit(outcome.error)
        elif outcome.stopped:
            self._page.said.emit("Stopped." if self._using else _STOPPED)
        elif self._using and "sha256" in outcome.result:  # it is in; now to work
            study = str(self._page.study.folder)
            words = ["prelabel", study, "--model", self._using, "--events"]
            self.progress.begin("Looking at every face")
            self.job.start("prelabel", words)
        elif self._using:
            self._page.said.emit(f"{self._using} pre-labels from now on.")
        else:
            self._page.said.emit("The new pre-labeller is ready; its numbers are below.")
        self._counted = None
        self.refresh()


def _stamp(study: Study) -> object:
    """Return what changes when somebody labels; a server is asked only when shown."""
    names = ("labels.sqlite", "labels.sqlite-wal")
    files = [study.folder / name for name in names]
    return [(f.stat().st_mtime_ns, f.stat().st_size) for f in files if f.is_file()]


def _present(study: Study) -> str:
    """Return the model whose pre-labels everybody sees now, empty where there are none."""
    pattern = "sessions/*/derived/prelabel/face_*.items.json"
    paths = sorted(study.folder.glob(pattern), key=lambda path: path.stat().st_mtime)
    about = read_object(paths[-1]) if paths else None
    return str(about.get("model", "")) if about else ""


def _enough(clips: int, people: int, present: str) -> str:
    now = f"At present: {present}." if present else "Nothing is pre-labelled yet."
    text = f"{clips} of {LEAST_CLIPS} clips have a blind consensus"
    if clips < LEAST_CLIPS:
        return f"{text}: {LEAST_CLIPS - clips} more, then one of your own. {now}"
    if people < LEAST_PARTICIPANTS:
        return f"{text}, of {people} people; {LEAST_PARTICIPANTS} are needed. {now}"
    return f"{clips} clips of {people} people have a blind consensus. {now}"


def _rows(run: FerHeadRun) -> list[tuple[str, str, str]]:
    """Return the table: the new one, and the present one or the commonest answer."""
    if run.against is None:
        ours, other = run.scores, ("the commonest", f"{run.commonest:.2f}", "")
    else:
        theirs = run.against.other
        ours = run.against.head
        other = (run.against.model, f"{theirs.war:.2f}", f"{theirs.uar:.2f}")
    mine = (run.name, f"{ours.war:.2f}", f"{ours.uar:.2f}")
    return [("", "Accuracy", "Mean recall"), mine, other]


def _about(run: FerHeadRun) -> str:
    """Return the sentences under the table."""
    clips = run.scores.clips if run.against is None else run.against.head.clips
    lines = [f"{clips} clips of people that it had not seen."]
    if run.against is not None:
        gap = run.against.differences["war"]
        span = f", from {gap.ci95[0]:+.2f} to {gap.ci95[1]:+.2f}" if gap.ci95 else ""
        lines.append(f"Difference {gap.difference:+.2f}{span} (p {gap.p:.3f}).")
    if run.synthetic or run.simulated:
        lines.append("SIMULATED faces: no evidence about people.")
    return " ".join(lines)

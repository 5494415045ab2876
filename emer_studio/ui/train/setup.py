"""The form of a new training: what it is trained on, which model, how."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from emer_studio.schema.training_models import TRAINING_MODELS, TRAINING_PRESETS
from emer_studio.study.folder import Study
from emer_studio.ui.parts import Card, ProgressLine, button, label
from emer_studio.ui.train.choice import Choice
from emer_studio.ui.train.form import combo, line, number
from emer_studio.ui.train.more import MoreTraining
from emer_studio.ui.train.words import benchmarks, model_words
from emer_studio.ui.workspace import Dataset, damaged_datasets, datasets_of, read_object

__all__ = ["Setup"]

_MOST_TOLD = 3  # chosen by us: the form below is what people come for
_CORRECTED = "2024 with corrected input"


class Setup(QWidget):
    """The form; `changed` tells that something else is chosen now.

    Its `footer`, with the button that starts, is put where it is always seen.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.datasets: list[Dataset] = []
        self._names: list[str] = []
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(12)
        box.addWidget(self._data())
        box.addWidget(self._training())
        self.footer = self._footer()
        self.dataset.currentIndexChanged.connect(self._described)
        for one in (self.protocol, self.model):
            one.currentIndexChanged.connect(self.changed)
        self.preset.currentIndexChanged.connect(self._preset_chosen)
        self.epochs.valueChanged.connect(self.changed)
        self.more.changed.connect(self.changed)
        self.changed.connect(self._explain)
        self._preset_chosen()

    def _data(self) -> Card:
        card = Card("Dataset")
        self.dataset = combo("Dataset")
        self.about = label("", "small", wrap=True)
        self.damaged = label("", "small-amber", wrap=True)
        self.build = button("Build dataset", "plus")
        self.build.setToolTip("From this study's sessions and labels")
        self.synth = button("Synthetic set", "demo")
        self.synth.setToolTip("Drawn faces and invented gaze, to see the whole chain work")
        self.progress = ProgressLine()
        both = QHBoxLayout()
        both.setSpacing(8)
        both.addWidget(self.build)
        both.addWidget(self.synth)
        card.box.addWidget(self.dataset)
        card.box.addWidget(self.about)
        card.box.addWidget(self.damaged)
        card.box.addLayout(both)
        card.box.addWidget(self.progress)
        return card

    def _training(self) -> Card:
        card = Card("Training")
        self.protocol, self.model, self.preset = (
            combo("Benchmark"),
            combo("Model"),
            combo("Preset"),
        )
        for name, words in benchmarks().items():
            self.protocol.addItem(words, name)
        self.protocol.setCurrentIndex(self.protocol.findData("er3"))
        for name in TRAINING_MODELS:
            self.model.addItem(name, name)
            self.model.setItemData(
                self.model.count() - 1, model_words(name), Qt.ItemDataRole.ToolTipRole
            )
        for name, (words, _epochs) in TRAINING_PRESETS.items():
            self.preset.addItem(words, name)
        self.preset.addItem(_CORRECTED, "official-2024+")
        self.model_about = label("", "small", wrap=True)
        self.epochs = number("Epochs", 0, 2000)
        self.more = MoreTraining()
        benchmark = label("&Benchmark", "muted")
        benchmark.setBuddy(self.protocol)
        card.box.addWidget(benchmark)
        card.box.addWidget(self.protocol)
        card.box.addLayout(line("Mode&l", self.model))
        card.box.addWidget(self.model_about)
        card.box.addLayout(line("&Preset", self.preset))
        card.box.addLayout(line("&Epochs", self.epochs))
        card.box.addWidget(self.more)
        return card

    def _footer(self) -> QWidget:
        """Return what stays in sight wherever the form is scrolled to."""
        holder = QWidget()
        box = QVBoxLayout(holder)
        box.setContentsMargins(0, 0, 12, 0)
        box.setSpacing(6)
        self.why = label("", "small-red", wrap=True)
        self.start = button("&Start training", "play", "primary")
        self.start.setToolTip("It goes on when this window is closed")
        box.addWidget(self.why)
        box.addWidget(self.start)
        return holder

    # -- what is chosen

    def chosen(self) -> Dataset | None:
        """Return the chosen dataset."""
        row = self.dataset.currentIndex()
        return self.datasets[row] if 0 <= row < len(self.datasets) else None

    def choice(self) -> Choice | None:
        """Return the training that could be started; None without a dataset."""
        chosen = self.chosen()
        if chosen is None:
            return None
        preset = str(self.preset.currentData())
        return self.more.into(
            Choice(
                dataset=chosen.folder,
                protocol=str(self.protocol.currentData()),
                model=str(self.model.currentData()),
                preset=preset.removesuffix("+"),
                corrected=preset.endswith("+"),
                epochs=self.epochs.value(),
            )
        )

    def show_datasets(self, study: Study) -> None:
        """Look for datasets again; the chosen one stays chosen."""
        found, broken = datasets_of(study), damaged_datasets(study)
        folders = [*(one.folder for one in found), *(one.folder for one in broken)]
        names = [str(folder.relative_to(study.derived)) for folder in folders]
        if found != self.datasets or names != self._names:
            known = self.chosen()
            self.datasets, self._names = found, names
            with QSignalBlocker(self.dataset):
                self._offer()
                folders = [one.folder for one in found]
                if known is not None and known.folder in folders:
                    self.dataset.setCurrentIndex(folders.index(known.folder))
        self._tell_damaged(
            [
                f"{name} cannot be used: {one.problem} Build it again."
                for name, one in zip(names[len(found) :], broken, strict=True)
            ]
        )
        self._described()

    def _tell_damaged(self, told: list[str]) -> None:
        more = len(told) - _MOST_TOLD
        shown = [*told[:_MOST_TOLD], *([f"And {more} more."] if more > 0 else [])]
        self.damaged.setText("\n".join(shown))
        self.damaged.setToolTip(
            "\n".join([*told, "Or copy it again from where it is whole."])
        )
        self.damaged.setVisible(bool(told))

    def _offer(self) -> None:
        """Fill the box; what cannot be used stands at its end and cannot be chosen."""
        self.dataset.clear()
        model = self.dataset.model()
        assert isinstance(model, QStandardItemModel)
        for row, name in enumerate(self._names):
            usable = row < len(self.datasets)
            self.dataset.addItem(name if usable else f"{name} (cannot be used)")
            model.item(row).setEnabled(usable)
        self.dataset.setCurrentIndex(0 if self.datasets else -1)

    def choose_dataset(self, name: str) -> None:
        """Choose the dataset of a folder."""
        folders = [str(one.folder) for one in self.datasets]
        if name in folders:
            self.dataset.setCurrentIndex(folders.index(name))

    def _described(self) -> None:
        chosen = self.chosen()
        if chosen is None:
            self.about.setText("No dataset yet. Build one, or make a synthetic set.")
        else:
            kind = " Synthetic." if chosen.synthetic else ""
            kind += " From simulated devices." if chosen.simulated else ""
            self.about.setText(f"{chosen.name}: {chosen.samples} samples.{kind}")
        folder = None if chosen is None else chosen.folder
        manifest = {} if folder is None else read_object(folder / "manifest.json") or {}
        self.more.fit(
            official=folder is not None and (folder / "sets.csv").is_file(),
            maps=bool(manifest.get("maps")),
        )
        self.dataset.setEnabled(chosen is not None)
        self.changed.emit()

    def _preset_chosen(self) -> None:
        name = str(self.preset.currentData()).removesuffix("+")
        self.epochs.setSpecialValueText(f"{TRAINING_PRESETS[name][1]}, the preset's")
        self.changed.emit()

    def _explain(self) -> None:
        choice = self.choice()
        self.model_about.setText(model_words(str(self.model.currentData())))
        network = choice is None or choice.network
        for part in (self.preset, self.epochs):
            part.setEnabled(network)
        self.more.for_network(network)
        self.why.setText("" if choice is None else choice.problem)
        self.why.setVisible(bool(self.why.text()))
        self.start.setEnabled(choice is not None and not choice.problem)

"""What is exported, where to, under which names: the form of the export dialog."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QWidget,
)

from emer_studio.core.files import next_free
from emer_studio.study.consents import Consents
from emer_studio.study.folder import Study
from emer_studio.ui.parts import button

__all__ = ["ExportForm", "without_record"]

_FORMATS = (
    ("bids", "BIDS 1.11 with eye tracking"),
    ("emer", "EMER's folder layout"),
    ("tables", "Plain tables (CSV and Parquet)"),
)
_ROW_PX, _MOST_ROWS = 26, 4


class ExportForm(QWidget):
    """Every choice of ``emer-studio export``; `changed` tells when one is made."""

    changed = Signal()

    def __init__(self, study: Study) -> None:
        super().__init__()
        self._study = study
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.format, self.folder, self.keep_map = QComboBox(), QLineEdit(), QLineEdit()
        for _key, title in _FORMATS:
            self.format.addItem(title)
        self.release = QCheckBox("For people outside the &lab (release)")
        self.release.setToolTip(
            "New codes, shifted dates, ages in bands; no sound, free text, host names,"
            " device ids or raw streams"
        )
        self.features_only = QCheckBox("Features o&nly: no picture or video of anybody")
        self.keep_map.setPlaceholderText("which new code is whose; empty: kept nowhere")
        form.addRow("&Format", self.format)
        form.addRow("Fol&der", self._place(self.folder, self._choose_folder))
        form.addRow("", self.release)
        self.map_row = self._place(self.keep_map, self._choose_map)
        form.addRow("&Key file", self.map_row)
        form.addRow("", self.features_only)
        self.paper = self._paper(without_record(study))
        form.addRow("Agreed on &paper", self.paper)
        form.setRowVisible(self.paper, self.paper.count() > 0)
        for row, buddy in ((1, self.folder), (3, self.keep_map)):
            item = form.itemAt(row, QFormLayout.ItemRole.LabelRole)
            item.widget().setBuddy(buddy)  # type: ignore[union-attr]
        self.format.currentIndexChanged.connect(self._format_changed)
        self.release.toggled.connect(self._release_changed)
        for edit in (self.folder, self.keep_map):
            edit.textChanged.connect(self.changed)
        self.features_only.toggled.connect(self.changed)
        self.paper.itemChanged.connect(self.changed)
        self._own = ""
        self._format_changed()
        self._release_changed()

    @property
    def out(self) -> Path:
        """The folder that is to be made."""
        return Path(self.folder.text().strip())

    def words(self) -> list[str]:
        """Return the words of the command behind the study."""
        words = ["--format", _FORMATS[self.format.currentIndex()][0]]
        words += ["--out", str(self.out)]
        if self.release.isChecked():
            words.append("--release")
            kept = self.keep_map.text().strip()
            words += ["--keep-map", kept] if kept else []
        words += ["--features-only"] if self.features_only.isChecked() else []
        for row in range(self.paper.count()):
            item = self.paper.item(row)
            if item.checkState() == Qt.CheckState.Checked:
                words += ["--on-paper", item.text()]
        return words

    def _paper(self, codes: list[str]) -> QListWidget:
        made = QListWidget()
        for code in codes:
            item = QListWidgetItem(code)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Unchecked)
            made.addItem(item)
        made.setFixedHeight(_ROW_PX * min(max(len(codes), 1), _MOST_ROWS) + 12)
        made.setToolTip(
            "These have no record of consent. Tick whose signed form allows sharing."
        )
        return made

    def _place(self, edit: QLineEdit, choose: object) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        choose_button = button("Choose…")
        choose_button.setAutoDefault(False)
        choose_button.clicked.connect(choose)
        row.addWidget(edit, 1)
        row.addWidget(choose_button)
        return holder

    def _format_changed(self) -> None:
        """Propose a folder in the study, where a withdrawal finds it again."""
        key = _FORMATS[self.format.currentIndex()][0]
        self.features_only.setEnabled(key != "tables")
        if self.folder.text() == self._own:
            place = self._study.folder.resolve() / "derived" / "exports" / key
            self._own = str(next_free(place))
            self.folder.setText(self._own)
        self.changed.emit()

    def _release_changed(self) -> None:
        self.map_row.setEnabled(self.release.isChecked())
        self.changed.emit()

    def _choose_folder(self) -> None:
        found = QFileDialog.getExistingDirectory(self, "An empty folder for the export")
        if found:
            self.folder.setText(found)

    def _choose_map(self) -> None:
        found, _ = QFileDialog.getSaveFileName(self, "Key file", filter="CSV (*.csv)")
        if found:
            self.keep_map.setText(found)


def without_record(study: Study) -> list[str]:
    """Return the participants with sessions of whose consent there is no record."""
    consents = Consents(study.folder)
    gone = {row.participant for row in study.participants() if row.withdrawn}
    nobody = {row.participant for row in study.participants() if row.simulated}
    people = {one.manifest.participant for one in study.sessions()} - gone - nobody
    return [code for code in sorted(people) if consents.allowed(code) is None]

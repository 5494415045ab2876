"""Exporting from the study page: what consent leaves out is told before, by the command."""

from __future__ import annotations

import json

from PySide6.QtCore import Qt

from emer_studio.study.consents import Consent, Consents
from emer_studio.ui.study.export_form import without_record
from emer_studio.ui.study.page import StudyPage
from sessions import write_session


def _study_of_three(study):
    """P001 simulated; P002 a person without a record; P003 does not want to share."""
    for code in ("P001", "P002", "P003"):
        write_session(study, code)
    for session in study.sessions()[1:]:
        path = session.folder / "session.json"
        about = {**json.loads(path.read_text()), "simulated": False}
        path.write_text(json.dumps(about))
    table = study.folder / "participants.tsv"
    lines = table.read_text().replace("\tyes\tsimulated", "\tno\ton paper").splitlines()
    lines[1] = lines[1].replace("no\ton paper", "yes\tsimulated")
    table.write_text("\n".join(lines) + "\n")
    refused = Consent("P003", "2026-01-01T00:00:00Z", True, ("take_part",), ("share",))
    Consents(study.folder).add(refused)


def test_consent_is_told_before_and_after(page, study, qtbot):
    _study_of_three(study)
    assert without_record(study) == ["P002"]
    made = page(StudyPage, study)
    assert made.export.isEnabled()
    made.export.click()
    dialog = made.export_dialog
    form = dialog.form
    assert not dialog.export.isEnabled()  # until it is known what goes out
    form.format.setCurrentIndex(2)
    assert form.folder.text().endswith("derived/exports/tables")
    qtbot.waitUntil(dialog.export.isEnabled, timeout=30000)
    told = dialog.told.toPlainText()
    assert "Goes out: 1 participant, 1 session, 2 trials" in told
    assert "P002, everything: there is no record of consent" in told
    assert "P003, everything: the participant has not agreed" in told
    assert not (study.derived / "exports").exists()
    form.paper.item(0).setCheckState(Qt.CheckState.Checked)
    form.release.setChecked(True)
    form.keep_map.setText(str(study.folder / "key.csv"))
    assert not dialog.export.isEnabled()
    qtbot.waitUntil(dialog.export.isEnabled, timeout=30000)
    assert "Goes out: 2 participants" in dialog.told.toPlainText()
    dialog.export.click()
    qtbot.waitUntil(dialog.open_folder.isVisible, timeout=60000)
    assert dialog.told.toPlainText().startswith("Written: 2 participants")
    written = json.loads((study.derived / "exports" / "tables" / "export.json").read_text())
    assert (written["release"], written["participants"]) == (True, 2)
    assert "P002" in (study.folder / "key.csv").read_text()
    form.features_only.click()  # the same folder again: refused before any work
    form.folder.setText(str(study.derived / "exports" / "tables"))
    form.release.setChecked(False)
    qtbot.waitUntil(lambda: "not empty" in dialog.told.toPlainText(), timeout=30000)
    assert not dialog.export.isEnabled()
    dialog.reject()
    qtbot.waitUntil(lambda: made.export_dialog is None)

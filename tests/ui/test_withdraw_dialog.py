"""Participants on the study page: their consent, and withdrawing, by the real command."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from emer_studio.study.consents import Consent, Consents
from emer_studio.study.vault import Vault
from emer_studio.ui.study.page import StudyPage
from sessions import write_session

PHRASE = "one two three four"


def _consent(study, code="P001", agreed=True, given=("take_part", "record_video", "share")):
    given = given if agreed else ()
    one = Consent(code, "2026-11-21T10:00:00Z", agreed, given, ("publish",), language="en")
    Consents(study.folder).add(one)


def _cell(page, row, column):
    return page.participants.item(row, column)


def _withdraw(page, row=0):
    menu = page.people.menu_for(row)
    (action,) = menu.actions()
    assert action.text() == "Withdraw…"
    action.trigger()
    menu.deleteLater()
    return page.dialog


def test_the_table_says_what_was_agreed_to(page, study):
    study.add_participant("P001", simulated=False, consent="on screen")
    study.add_participant("P002", simulated=False)
    study.add_participant("P003", simulated=False)
    study.mark_participant("P003", "withdrawn 2026-11-21", forget=True)
    _consent(study)
    made = page(StudyPage, study)
    consents = [_cell(made, row, 1).text() for row in range(3)]
    assert consents == ["video, sharing", "on paper", "withdrawn 2026-11-21"]
    assert "not given: publish" in _cell(made, 0, 1).toolTip()
    assert made.people.menu_for(2) is None
    assert made.people.menu_for(-1) is None


def test_typing_the_code_erases(page, study, qtbot):
    folder = write_session(study)
    _consent(study)
    Vault(study.folder, PHRASE).put("P001", {"name": "Ada"})
    made = page(StudyPage, study)
    qtbot.waitUntil(lambda: bool(made.findings), timeout=20000)
    dialog = _withdraw(made)
    QTest.keyClicks(dialog.typed, "P001")
    assert not dialog.erase.isEnabled()  # the vault is locked
    QTest.keyClicks(dialog.passphrase, "not the passphrase")
    with qtbot.waitSignal(dialog.job.ended, timeout=20000):
        QTest.mouseClick(dialog.erase, Qt.MouseButton.LeftButton)
    assert "passphrase is wrong" in dialog.said.text()
    assert folder.exists()
    QTest.keyClicks(dialog.passphrase, PHRASE)
    with qtbot.waitSignal(dialog.job.ended, timeout=20000):
        QTest.mouseClick(dialog.erase, Qt.MouseButton.LeftButton)
    assert dialog.said.text().startswith("Erased: 1 sessions")
    assert not folder.exists()
    with qtbot.waitSignal(dialog.finished):
        QTest.mouseClick(dialog.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: _cell(made, 0, 1).text().startswith("withdrawn"), timeout=5000)
    assert made.no_sessions.isVisible()


def test_the_video_alone_needs_no_passphrase(page, study, qtbot):
    folder = write_session(study)
    Vault(study.folder, PHRASE).put("P001", {"name": "Ada"})
    made = page(StudyPage, study)
    dialog = _withdraw(made)
    dialog.video_only.click()
    QTest.keyClicks(dialog.typed, "P00")
    assert not dialog.erase.isEnabled()
    QTest.keyClicks(dialog.typed, "1")
    with qtbot.waitSignal(dialog.job.ended, timeout=20000):
        QTest.mouseClick(dialog.erase, Qt.MouseButton.LeftButton)
    assert (folder / "streams_001.xdf").exists()
    assert not list(folder.glob("*.mkv"))
    dialog.close()

"""Accepting a rig in the window, with the real command behind it."""

from __future__ import annotations

import json

import pytest

from emer_studio.ui.session.accept_dialog import AcceptDialog
from emer_studio.ui.session.choice import SessionChoice
from emer_studio.ui.session.form import SessionForm

CHOICE = SessionChoice(camera="sim", gaze="sim", size="320x240")


def test_a_short_acceptance_is_shown_and_kept(qtbot, tmp_path, monkeypatch):
    home = tmp_path / "home"
    monkeypatch.setenv("EMER_STUDIO_HOME", str(home))
    dialog = AcceptDialog(None, CHOICE, tmp_path)
    dialog.show()
    assert "No rig" in dialog.said.text()
    words = dialog.arguments()
    assert words[:5] == ["accept-rig", "--minutes", "10", "--folder", str(tmp_path)]
    assert words[-2:] == ["--windowed", "--events"]
    words[2] = "0.04"
    monkeypatch.setattr(dialog, "arguments", lambda: words)
    dialog.start.click()
    with qtbot.waitSignal(dialog.job.ended, timeout=90_000):
        pass
    (path,) = (home / "acceptance").glob("*.json")
    kept = json.loads(path.read_text())
    assert kept["simulated"] == ["gaze", "camera"]
    assert dialog.rows == len(kept["lines"]) > 10
    assert kept["hardware"]["camera"] in dialog.said.text()
    assert [p.name for p in tmp_path.iterdir()] == ["home"]  # what was recorded is gone
    dialog.reject()
    again = AcceptDialog(None, CHOICE, tmp_path)
    assert again.rows == len(kept["lines"])
    again.reject()


def test_the_form_opens_it_with_what_is_chosen(qtbot, study):
    form = SessionForm(study, SessionChoice(camera="sim"))
    qtbot.addWidget(form)
    form.show()
    form.more.toggle.click()
    form.more.accept.click()
    assert form.acceptance is None
    assert "eye tracker" in form.problem.text()
    form.setValue(SessionChoice(camera="sim", gaze="sim"))
    form.more.accept.click()
    assert str(study.folder) in form.acceptance.arguments()
    form.finish()
    assert form.acceptance is None


@pytest.mark.parametrize("minutes", ["0", "-1", "100000"])
def test_a_length_that_cannot_be_is_refused(minutes, capsys):
    from emer_studio.cli import main

    assert main(["accept-rig", "--gaze", "sim", "--minutes", minutes]) == 2
    assert "minutes" in capsys.readouterr().err

"""The self-test's dialog, with the real command behind it."""

from __future__ import annotations

import pytest

from emer_studio.core import settings
from emer_studio.ui.session.choice import SessionChoice
from emer_studio.ui.session.form import SessionForm
from emer_studio.ui.session.selftest_dialog import SelfTestDialog


@pytest.fixture
def dialog(qtbot, tmp_path, monkeypatch):
    monkeypatch.setenv("EMER_STUDIO_HOME", str(tmp_path / "home"))
    made = SelfTestDialog(None, SessionChoice(camera="sim"))
    made.show()
    yield made
    made.reject()


def test_what_is_chosen_becomes_the_command(dialog):
    assert dialog.arguments() == ["selftest", "--repeats", "4", "--events", "--windowed"]
    dialog.camera.setChecked(True)
    dialog.microphone.setChecked(True)
    dialog.corner.setChecked(True)
    dialog.photodiode.setText(" Diode ")
    words = " ".join(dialog.arguments())
    for part in ("--camera sim", "--microphone default", "--photodiode Diode", "--corner"):
        assert part in words


def test_a_measured_lag_is_shown_and_kept(dialog, qtbot, monkeypatch):
    monkeypatch.setattr("emer_studio.ui.session.selftest_dialog._REPEATS", 1)
    dialog.camera.setChecked(True)
    dialog.start.click()
    assert dialog.start.text().strip() == "Stop"
    with qtbot.waitSignal(dialog.job.ended, timeout=60_000):
        pass
    assert "display and camera" in dialog.said.text()
    assert settings.load().lags == ()
    dialog.keep.click()
    (lag,) = settings.load().lags
    assert dialog.known.rowCount() == 1
    assert dialog.known.item(0, 2).text() == f"{lag.lag_ms:.1f} ± {lag.se_ms:.1f} ms"
    assert not dialog.keep.isEnabled()


def test_stopping_measures_nothing(dialog, qtbot):
    dialog.start.click()
    with qtbot.waitSignal(dialog.job.ended, timeout=60_000):
        dialog.start.click()
    assert "broken off" in dialog.said.text().lower()
    assert not dialog.keep.isEnabled()


def test_the_form_opens_it_with_what_is_chosen(qtbot, study):
    form = SessionForm(study, SessionChoice(camera="sim", gaze="sim"))
    qtbot.addWidget(form)
    form.show()
    form.more.toggle.click()
    form.more.test.click()
    assert form.self_test is not None
    assert "sim" in form.self_test.camera.text()
    form.more.test.click()
    form.finish()
    assert form.self_test is None

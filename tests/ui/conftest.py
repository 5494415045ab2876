"""Studies for the window's tests, made by the real writers."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from emer_studio.study.folder import create_study, open_study
from emer_studio.ui.main_window import MainWindow
from emer_studio.ui.workspace import Workspace
from sessions import write_prelabels, write_session


@pytest.fixture
def study(tmp_path):
    """An empty study."""
    return create_study(tmp_path / "study", seed=7)


@pytest.fixture(scope="session")
def recorded_once(tmp_path_factory):
    """A study with one session of two trials, pre-labelled; its frame 8 has no face."""
    study = create_study(tmp_path_factory.mktemp("recorded") / "study", seed=7)
    write_prelabels(write_session(study), lost=(8,))
    return study.folder


@pytest.fixture
def recorded(recorded_once, tmp_path):
    """A copy of that study, to do with as a test likes."""
    return open_study(Path(shutil.copytree(recorded_once, tmp_path / "recorded")))


@pytest.fixture
def workspace(qtbot):
    """Open a study as the pages see it; closed after the test."""
    made = []

    def open_it(study):
        space = Workspace(study)
        made.append(space)
        return space

    yield open_it
    for space in made:
        space.close()


@pytest.fixture
def page(qtbot, workspace):
    """Make and show a page; finished after the test."""
    made = []

    def show(factory, study):
        one = factory(workspace(study))
        made.append(one)
        one.resize(1100, 740)
        one.show()
        qtbot.waitExposed(one)
        return one

    yield show
    for one in made:
        one.finish()
        one.close()
        one.deleteLater()


@pytest.fixture
def window(qtbot):
    """The window, its questions answered with yes and counted."""
    asked = []

    def confirm(_parent, text):
        asked.append(text)
        return True

    made = MainWindow(confirm=confirm)
    made.asked = asked
    made.show()
    yield made
    if made.isVisible():
        made.close()
        qtbot.waitUntil(lambda: not made.isVisible(), timeout=30000)
    made.deleteLater()

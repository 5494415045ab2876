"""A model tried beside the form, with the real commands behind it."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest

from emer_studio.core.files import write_json
from emer_studio.schema.eye_columns import eye_column_names
from emer_studio.ui.session.choice import SessionChoice
from emer_studio.ui.session.estimate_bars import EstimateBars
from emer_studio.ui.session.page import SessionPage
from emer_studio.ui.session.try_feed import live_words
from emer_studio.ui.session.try_model import EXPERIMENTAL
from run_folders import run_info

CHOICE = SessionChoice(participant="P001", protocol="demo", camera="sim", gaze="sim")


@pytest.fixture(scope="module")
def write_network():
    """Write a finished run whose network has learnt nothing."""
    from emer_studio.training.feed.eye_rows import EyeScale
    from emer_studio.training.models.emert import StudioEmert
    from emer_studio.training.nets.checkpoint import Checkpoint, save_checkpoint
    from emer_studio.training.nets.network import Shape
    from emer_studio.training.presets import View
    from emer_studio.training.task import all_heads

    def write(folder, **about):
        folder.mkdir(parents=True)
        width = 3 * len(eye_column_names())
        shape, heads = Shape(eye_width=width, face_net="small"), all_heads()
        scale = EyeScale(np.zeros(width, "f4"), np.ones(width, "f4"), 5.0)
        state = StudioEmert(shape, heads).state_dict()
        made = Checkpoint("emert", "studio", shape, heads, state, scale, 1, 1)
        save_checkpoint(folder / "fold1_er7_best.pt", made)
        about |= {"face_net": "small", "view": asdict(View())}
        info = run_info("er7", {"S001": 1, "S002": 2}, **about)
        write_json(folder / "run.json", info)

    return write


@pytest.fixture
def session(qtbot, page, study, write_network):
    """The page of a study with two runs, of which the second is not finished."""
    write_network(study.folder / "derived" / "runs" / "done")
    write_network(study.folder / "derived" / "runs" / "broke", state="failed")
    made = page(SessionPage, study)
    made.form.setValue(CHOICE)
    return made


def test_a_model_is_tried_until_a_session_begins(session, qtbot):
    card = session.try_model
    assert card.always.isVisible()
    assert card.always.text() == EXPERIMENTAL
    assert not card.inside.isVisible()
    card.toggle.click()
    assert [card.runs.itemText(row) for row in range(card.runs.count())] == [
        "done · emert, er7"
    ]
    assert "whole clips" in card.hint.text()
    before = set(session.study.folder.rglob("*"))
    card.start_stop.click()
    felt, shown = card.bars["felt"], card.bars["shown"]
    seen = lambda: bool(felt.shown) and not card.said.text()  # noqa: E731
    qtbot.waitUntil(lambda: seen() or not card.feed.wanted, timeout=60000)
    assert seen(), card.said.text()
    qtbot.waitUntil(lambda: sum(felt.shown.values()) > 0.97, timeout=10000)
    assert list(felt.shown) == list(shown.shown)
    assert card.heads["felt"].text() == "Felt (experimental)"
    assert "never tested" in card.heads["shown"].text()
    assert card.numbers.text().startswith("Felt: valence ")
    assert "10.0 s" in card.hint.text()  # of clips whose length nobody knows
    assert card.always.isVisible()
    assert not card.said.isVisible()
    assert set(session.study.folder.rglob("*")) == before
    rings = card.feed._folder
    assert (rings / "gaze.ring").is_file()

    session.start(SessionChoice(participant="P001", protocol="none.yaml", simulate=True))
    assert not card.feed.wanted
    assert "being recorded" in card.said.text()
    assert not felt.shown
    assert not card.start_stop.isEnabled()
    card._press()  # as a key might
    assert not card.feed.wanted
    qtbot.waitUntil(lambda: not card.feed.running, timeout=10000)
    assert not rings.exists()
    qtbot.waitUntil(lambda: not session.job.running, timeout=30000)
    assert card.start_stop.isEnabled()
    assert not card.said.isVisible()


def test_without_a_run_it_says_where_to_train_one(page, study):
    card = page(SessionPage, study).try_model
    card.toggle.click()
    assert "page Train" in card.said.text()
    assert not card.start_stop.isEnabled()


def test_bars_glide_and_do_not_jump(qtbot):
    bars = EstimateBars("What is felt")
    qtbot.addWidget(bars)
    bars.resize(300, 50)
    bars.show()
    bars.setTarget({"fear": 0.9, "anger": 0.1})
    assert bars.shown == {"fear": 0.0, "anger": 0.0}
    seen = []
    while not seen or seen[-1] < 0.8:
        qtbot.wait(45)
        seen.append(bars.shown["fear"])
    assert seen == sorted(seen)
    assert seen[0] < 0.6
    assert bars.accessibleDescription() == "fear 90%"
    bars.setTarget({})
    qtbot.waitUntil(lambda: bars.shown["fear"] < 0.4, timeout=5000)


def test_what_is_known_of_the_display_goes_along(tmp_path, qtbot):
    far = SessionChoice(display=0, screen_mm=(600.0, 340.0), distance_mm=700.0)
    words = " ".join(live_words(tmp_path, tmp_path, "c.ring", "g.ring", far))
    assert "--camera-ring c.ring" in words
    assert "--gaze-ring g.ring --display-px" in words
    assert words.endswith("--display-mm 600 340 --distance-mm 700")
    assert "--display" not in " ".join(live_words(tmp_path, tmp_path, "c", "", CHOICE))

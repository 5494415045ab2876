"""Study › Explore: one trial on one time line, by keyboard and mouse."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest

from emer_studio.features.frames import FrameReader
from emer_studio.labels.store import LabelStore
from emer_studio.study.folder import open_study
from emer_studio.ui.explore.feed import Feed, by_index
from emer_studio.ui.explore.page import ExplorePage
from emer_studio.ui.explore.trial import ExploredSession
from emer_studio.ui.study.page import StudyPage
from sessions import CLIPS


def rgb(image):
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    lines = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    return lines[:, : 3 * image.width()].reshape(image.height(), image.width(), 3)


@pytest.fixture
def explored(page, recorded_study, qtbot):
    """The page with the session that was really recorded, its eyes worked out."""
    study, result = recorded_study
    made = page(ExplorePage, open_study(study))
    made.visit(Path(result["session"]).name)
    qtbot.waitUntil(
        lambda: made.story is not None and made.story.curves is not None, timeout=30000
    )
    qtbot.waitUntil(lambda: not made.job.running, timeout=30000)
    return made


def test_face_and_clip_show_what_was_there_at_that_moment(explored, qtbot):
    story, session = explored.story, explored.session
    recording = session.recording
    onset_s = recording.events("clip_onset")[0]["t_s"]
    explored.playhead.setValue(0.8)
    qtbot.waitUntil(lambda: explored.face.image is not None)
    qtbot.waitUntil(lambda: explored.clip.image is not None)
    times_s = recording.frame_times(recording.videos[0])
    expected = np.flatnonzero(times_s <= onset_s + 0.8)[-1]
    reader = FrameReader(recording.videos[0])
    qtbot.waitUntil(
        lambda: np.array_equal(rgb(explored.face.image), reader.rgb(int(expected)))
    )
    reader.close()
    shown = [row for row in recording.presented if row["trial"] == "1"]
    last = [r for r in shown if float(r["shown_s"]) <= onset_s + 0.8][-1]
    clip = FrameReader(story.clip)
    index = int(np.argmin(np.abs(clip.times_s + clip.first_s - float(last["pts_s"]))))
    qtbot.waitUntil(lambda: np.array_equal(rgb(explored.clip.image), clip.rgb(index)))
    clip.close()
    gaze = story.curves.values
    row = int(np.searchsorted(gaze["times_s"], 0.8, side="right")) - 1
    lane = next(lane for lane in explored.timeline.lanes if lane.name == "Gaze")
    assert lane.curves[0].at(0.8) == pytest.approx(float(gaze["xy"][row, 0]), nan_ok=True)


def test_the_keys_step_play_and_change_trials(explored, qtbot):
    times_s = explored.story.face.times_s
    QTest.keyClick(explored, Qt.Key.Key_Right)
    assert explored.playhead.value() == pytest.approx(times_s[0])
    QTest.keyClick(explored, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert explored.playhead.value() == pytest.approx(times_s[10])
    QTest.keyClick(explored, Qt.Key.Key_Left)
    assert explored.playhead.value() == pytest.approx(times_s[9])
    QTest.keyClick(explored, Qt.Key.Key_M)
    assert explored.clip.shows_map
    assert explored.map.isChecked()
    explored.speed.setCurrentIndex(3)
    QTest.keyClick(explored, Qt.Key.Key_Space)
    assert explored.playhead.playing
    qtbot.waitUntil(lambda: not explored.playhead.playing, timeout=10000)
    assert explored.playhead.value() == explored.story.length_s
    QTest.keyClick(explored, Qt.Key.Key_PageDown)
    assert explored.story.shown.trial == 2
    assert explored.playhead.value() == 0.0
    with qtbot.waitSignal(explored.wants) as asked:
        QTest.keyClick(explored, Qt.Key.Key_Escape)
    assert asked.args == ["study"]


def test_the_time_line_is_clicked_dragged_and_zoomed(explored, qtbot):
    line = explored.timeline
    middle = QPoint(int(104 + (line.width() - 104 - 172) / 2), 40)
    QTest.mouseClick(line, Qt.MouseButton.LeftButton, pos=middle)
    length_s = explored.story.length_s
    assert explored.playhead.value() == pytest.approx(length_s / 2, abs=0.01)
    QTest.keyClick(explored, Qt.Key.Key_Plus)
    first, last = line.range_s
    assert last - first == pytest.approx(length_s / 2)
    assert first < explored.playhead.value() < last
    QTest.keyClick(explored, Qt.Key.Key_Home)  # what is seen follows the cursor
    assert line.range_s[0] == 0.0
    QTest.keyClick(explored, Qt.Key.Key_0)
    assert line.range_s == (0.0, length_s)
    drawn = line.grab().toImage()
    explored.timeline.open([], 1.0)
    assert line.grab().toImage() != drawn


def test_felt_shown_and_the_model_stand_apart(page, recorded, qtbot):
    session = recorded.sessions()[0].folder
    store = LabelStore(recorded.folder / "labels.sqlite")
    for expert, said in (("E1", "fear"), ("E2", "fear"), ("E3", "anger")):
        item = f"{session.name}/trial-2"
        store.set(expert, item, "category", said, visible={"mode": "blind"}, input_by="k")
    made = page(ExplorePage, recorded)
    made.visit(f"{session.name}/trial-2")
    hidden = [made.facts.blocks["Shown"].itemAt(0).widget().text()]
    assert hidden == ["not labelled, or not frozen yet"]
    store.freeze("LEAD", "A", [item])
    store.close()
    made.refresh()
    made.go(-1)
    made.visit(f"{session.name}/trial-2")
    assert made.list.currentRow() == 1
    assert made.story.shown.clip == CLIPS[1]
    texts = [
        [grid.itemAt(i).widget().text() for i in range(grid.count())]
        for grid in made.facts.blocks.values()
    ]
    assert texts[0] == ["valence", "5", "arousal", "5"]
    assert texts[1] == ["category", "fear", "votes", "fear 2, anger 1"]
    assert texts[2][:2] == ["happiness", "0.40"]
    assert texts[2][-1] == "mini-xception"
    lanes = {lane.name: lane for lane in made.timeline.lanes}
    assert len(lanes["Shown, by model"].curves) == 7
    qtbot.waitUntil(lambda: made.story.curves is not None, timeout=30000)
    assert "not in the study any more" in made.clip.words
    qtbot.waitUntil(lambda: not made.job.running, timeout=30000)


def test_the_study_page_leads_there(window, recorded, qtbot):
    window.open_study(recorded.folder)
    study = window.pages["study"]
    assert isinstance(study, StudyPage)
    QTest.mouseClick(study.explore, Qt.MouseButton.LeftButton)
    assert window.page_key == "explore"
    explore = window.pages["explore"]
    assert explore.story.shown.trial == 1
    assert window._rail_buttons["study"].isChecked()
    qtbot.waitUntil(lambda: not explore.job.running, timeout=30000)
    assert window.banner.isVisible()
    explore.visit("sub-P009_ses-01_20260101T000000")
    assert "not in this study any more" in window.toast.text.text()


def test_a_session_without_gaze_or_video_is_still_shown(page, recorded, qtbot):
    session = recorded.sessions()[0].folder
    for path in (*session.glob("*.xdf"), *session.glob("face_*")):
        path.unlink()
    made = page(ExplorePage, recorded)
    made.visit(session.name)
    qtbot.waitUntil(
        lambda: made.timeline.lanes[0].absent == "there is no gaze stream in the recording",
        timeout=30000,
    )
    qtbot.waitUntil(lambda: not made.job.running, timeout=30000)
    assert made.face.words == "No face video of this trial."
    QTest.keyClick(made, Qt.Key.Key_Right)
    assert made.playhead.value() == pytest.approx(1 / 30)
    assert ExploredSession(recorded, session).story(0).face_at(0.1) is None


def test_only_the_newest_wish_is_decoded_and_a_damaged_video_is_told_once(
    recorded, tmp_path, qtbot
):
    video = recorded.sessions()[0].folder / "face_001.mkv"
    feed, said = Feed("explore-test"), []
    feed.failed.connect(said.append)
    try:
        with qtbot.waitSignal(feed.ready):
            feed.want(video, by_index(0))
        for index in range(1, 40):
            feed.want(video, by_index(index))
        reader = FrameReader(video)
        last = min(39, len(reader) - 1)
        pictures = []
        feed.ready.connect(pictures.append)
        qtbot.waitUntil(
            lambda: (
                np.array_equal(rgb(pictures[-1]), reader.rgb(last)) if pictures else False
            )
        )
        reader.close()
        assert len(pictures) < 39
        broken = tmp_path / "broken.mkv"
        broken.write_bytes(b"no video")
        for index in range(5):
            feed.want(broken, by_index(index))
            qtbot.wait(20)
        qtbot.waitUntil(lambda: bool(said))
        with qtbot.waitSignal(feed.ready):
            feed.want(video, by_index(3))
        assert len(said) == 1
        assert "not a readable video" in said[0]
        feed.want(video, by_index(5))
        feed.forget()
        count = feed.shown
        qtbot.wait(100)
        assert feed.shown == count
    finally:
        feed.close()

"""The window offers to go on with a session that was cut off."""

from __future__ import annotations

from emer_studio.core.files import read_json, write_json
from emer_studio.study.lock import locked
from emer_studio.ui.session.choice import SessionChoice
from emer_studio.ui.session.unfinished import UnfinishedLine
from emer_studio.ui.study.next_step import next_step


def test_a_session_that_was_cut_off_is_offered(recorded, qtbot):
    session = recorded.sessions()[0]
    line = UnfinishedLine()
    qtbot.addWidget(line)
    line.look(recorded)
    assert line.isHidden()
    path = session.folder / "session.json"
    write_json(path, {**read_json(path), "state": "running"})
    line.look(recorded)
    assert not line.isHidden()
    assert session.manifest.participant in line.text.text()
    assert "cut off" in next_step(recorded).text
    with qtbot.waitSignal(line.resumeAsked) as asked:
        line.go_on.click()
    assert asked.args == [session.manifest.participant]
    with locked(recorded.folder, "a session"):  # then it may be the one that runs
        line.look(recorded)
        assert line.isHidden()


def test_going_on_takes_what_the_session_had(tmp_path):
    choice = SessionChoice(participant="P001", camera="9", display=1, resume=True)
    assert choice.arguments(tmp_path) == [
        *("run", str(tmp_path), "--participant", "P001"),
        *("--resume", "--display=1", "--events"),
    ]

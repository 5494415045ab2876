"""The protocol page: files that are never lost, live checks, the preview, a trial tried."""

from __future__ import annotations

import os
import time

import pytest
from PySide6.QtCore import Qt

from emer_studio.core import settings
from emer_studio.core.files import data_dir
from emer_studio.schema.fragments import fragments
from emer_studio.schema.protocol import find_protocol, load_protocol
from emer_studio.session.protocol_check import check_protocol
from emer_studio.ui.protocol.file import forget_draft, read_draft
from emer_studio.ui.protocol.page import ProtocolPage
from emer_studio.ui.session.form import protocols_of
from emer_studio.ui.session.page import SessionPage
from protocols import write_short_protocol

DEMO = find_protocol("demo")


@pytest.fixture(autouse=True)
def nothing_remembered():
    yield
    forget_draft()
    settings.remember(last_edited="")


@pytest.fixture
def show(page, study, qtbot):
    """Show the page with a short protocol of the study, wholly checked."""

    def made(path=None):
        one = page(ProtocolPage, study)
        one.keeper.open(path or write_short_protocol(study.folder / "protocols", 1.0))
        settled(qtbot, one)
        return one

    return made


def settled(qtbot, page):
    qtbot.waitUntil(lambda: not page.checker.pending, timeout=20000)


def edit(qtbot, page, old, new):
    text = page.editor.toPlainText()
    assert old in text
    page.editor.replaceText(text.replace(old, new))
    settled(qtbot, page)


def shown_problems(page):
    rows = range(page.problems.list.count())
    return [page.problems.list.item(row).text() for row in rows]


# -- the file


def test_the_first_look_shows_the_demo_which_stays_as_it_is(page, study, qtbot):
    made = page(ProtocolPage, study)
    settled(qtbot, made)
    assert made.file.path == DEMO.resolve()
    assert "comes with the program" in made.notice.text.text()
    assert "read only" in made.subtitle.text()
    before = made.editor.toPlainText()
    qtbot.keyClicks(made.editor, "x")
    assert made.editor.toPlainText() == before
    assert not made.save_button.isEnabled()
    assert "Sound: 4 trials from 4 clips" in made.problems.summary.text()


def test_a_shipped_protocol_is_saved_as_ones_own_and_finds_its_clips(page, study, qtbot):
    made = page(ProtocolPage, study)
    asked = []
    target = study.folder / "protocols" / "mine.yaml"
    made.keeper.ask_target = lambda _parent, path: asked.append(path) or str(target)
    made.notice.buttons[0].click()
    assert asked == [study.folder / "protocols" / "demo.yaml"]
    settled(qtbot, made)
    assert shown_problems(made) == []
    assert check_protocol(load_protocol(target), target).trials == 4
    assert load_protocol(target).clips == "demo-clips.yaml"
    assert [name for name, _ in protocols_of(study)] == [
        "demo",
        "emer",
        "pilot",
        "mine.yaml",
    ]
    copy = target.with_name("demo-clips.yaml")
    copy.write_text(copy.read_text() + "# ours\n")
    made.keeper.open(DEMO)
    made.keeper.ask_target = lambda _parent, _path: str(target.with_name("other.yaml"))
    made.keeper.save_as()
    assert load_protocol(made.file.path).clips == "demo-clips_2.yaml"
    assert copy.read_text().endswith("# ours\n")
    made.keeper.open(target)
    assert made.save_button.isEnabled() is False
    qtbot.keyClicks(made.editor, "# ")
    assert made.save_button.isEnabled()
    assert "changed" in made.subtitle.text()
    qtbot.keyClick(made.editor, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert target.read_text(encoding="utf-8").startswith("# # Four")
    assert "changed" not in made.subtitle.text()
    assert settings.load().last_edited == str(target)


def test_a_new_protocol_is_a_copy_that_is_not_on_the_disk_yet(show, qtbot, study):
    made = show()
    made.keeper.begin_from(data_dir() / "protocols" / "induction" / "emer.yaml")
    settled(qtbot, made)
    assert made.file.is_new
    assert not made.file.path.exists()
    assert shown_problems(made) == []
    assert made.save_button.isEnabled()
    made.keeper.ask_target = lambda _parent, path: str(path.with_suffix(""))
    assert made.keeper.save()
    assert made.file.path == study.folder / "protocols" / "emer-copy.yaml"
    assert load_protocol(made.file.path).name == "emer"


@pytest.mark.parametrize(
    ("answer", "left", "kept"),
    [("save", True, True), ("discard", True, False), ("cancel", False, False)],
)
def test_unsaved_changes_are_asked_for(show, qtbot, answer, left, kept):
    made = show()
    path = made.file.path
    edit(qtbot, made, "name: short", "name: changed")
    asked = []
    made.keeper.ask_unsaved = lambda _parent, name: asked.append(name) or answer
    assert made.keeper.open(DEMO) is left
    assert asked == ["short.yaml"]
    assert ("changed" in path.read_text()) is kept
    assert made.file.path == (DEMO.resolve() if left else path)
    assert read_draft() is None or answer == "cancel"
    made.editor.document().setModified(False)


def test_what_was_not_saved_is_there_again_after_a_crash(page, study, qtbot):
    path = write_short_protocol(study.folder / "protocols", 1.0)
    first = page(ProtocolPage, study)
    first.keeper.open(path)
    edit(qtbot, first, "name: short", "name: changed")
    assert "name: changed" in read_draft().text  # kept while writing, not only at the end
    second = page(ProtocolPage, study)
    assert "name: changed" in second.editor.toPlainText()
    assert second.file.path == path
    assert "not saved" in second.notice.text.text()
    assert "name: short" in path.read_text()
    assert second.keeper.state == "changed"
    second.notice.buttons[1].click()
    assert "name: short" in second.editor.toPlainText()
    assert read_draft() is None
    first.editor.document().setModified(False)


def test_changes_that_were_undone_leave_no_draft(show, qtbot):
    made = show()
    edit(qtbot, made, "name: short", "name: changed")
    assert read_draft() is not None
    made.editor.undo()
    settled(qtbot, made)
    assert not made.keeper.modified
    assert read_draft() is None


def test_a_file_that_another_program_wrote_is_noticed(show, qtbot):
    made = show()
    path = made.file.path
    theirs = path.read_text().replace("name: short", "name: theirs")
    _write_later(path, theirs)
    qtbot.waitUntil(lambda: "theirs" in made.editor.toPlainText(), timeout=5000)
    assert not made.keeper.modified
    edit(qtbot, made, "name: theirs", "name: mine")
    _write_later(path, theirs + "# again\n")
    qtbot.waitUntil(lambda: "another program" in made.notice.text.text(), timeout=5000)
    assert "name: mine" in made.editor.toPlainText()
    answers = [False, True]
    made.keeper.ask_overwrite = lambda _parent, _name: answers.pop(0)
    assert not made.keeper.save()
    assert "# again" in path.read_text()
    assert made.keeper.save()
    assert "name: mine" in path.read_text()
    path.unlink()
    qtbot.waitUntil(lambda: "gone" in made.notice.text.text(), timeout=5000)
    assert made.keeper.save()
    assert path.is_file()


def _write_later(path, text):
    path.write_text(text)
    later = time.time() + 5
    os.utime(path, (later, later))


def test_a_file_that_cannot_be_read_or_written_is_a_message(show, tmp_path):
    made = show()
    said = []
    made.said.connect(said.append)
    (tmp_path / "odd.yaml").write_bytes(b"\xff\xfe\x00")
    assert not made.keeper.open(tmp_path / "odd.yaml")
    assert "cannot be read" in said[-1]
    made.keeper.ask_target = lambda _parent, _path: str(DEMO)
    assert not made.keeper.save_as()
    assert "stays as it is" in said[-1]
    (tmp_path / "file").write_text("")
    made.keeper.ask_target = lambda _parent, _path: str(tmp_path / "file" / "p.yaml")
    assert not made.keeper.save_as()
    assert said[-1].startswith("Not saved")


# -- what it is


def test_problems_appear_at_their_line_and_go_again(show, qtbot):
    made = show()
    edit(qtbot, made, "washout_s", "wash_s")
    line = next(i for i, t in enumerate(made.editor.lines(), 1) if "wash_s" in t)
    (text,) = shown_problems(made)
    assert text.startswith(f"Line {line}:")
    assert "'washout_s'" in text
    assert made.problems.summary.text() == "1 problem"
    assert made.editor.problems_at(line - 1)[0].colour == "red"
    assert not made.preview.button.isEnabled()
    made.editor.goTo(0)
    made.problems.list.itemClicked.emit(made.problems.list.item(0))
    assert made.editor.row() == line - 1
    edit(qtbot, made, "wash_s", "washout_s")
    assert shown_problems(made) == []
    assert made.preview.button.isEnabled()


def test_the_checks_are_those_of_the_command(show, qtbot):
    made = show()
    edit(qtbot, made, "id: main,", "id: main, order: {first: [up], last: [up]},")
    assert "first and last" in shown_problems(made)[0]
    edit(qtbot, made, "order: {first: [up], last: [up]}", "order: {first: [fog]}")
    assert "'fog'" in shown_problems(made)[0]
    edit(qtbot, made, "order: {first: [fog]},", "")
    (made.file.path.parent / "up.mp4").rename(made.file.path.parent / "gone.mp4")
    made.check(now=True)
    settled(qtbot, made)
    assert "up.mp4 does not exist" in shown_problems(made)[0]
    assert made.editor.completer.known.clips == {"up": "happiness", "down": "sadness"}


def test_a_checking_process_that_dies_is_begun_anew(show, qtbot):
    made = show()
    said = []
    made.said.connect(said.append)
    made.checker._runner._child.kill()
    qtbot.waitUntil(lambda: bool(said), timeout=5000)
    edit(qtbot, made, "name: short", "nam: short")
    assert any("'nam'" in text for text in shown_problems(made))


def test_a_long_check_does_not_hold_up_the_next_text(show, qtbot):
    made = show()
    emotions = ("happiness", "sadness", "fear", "anger")
    clips = [
        f"  - {{id: c{n}, file: up.mp4, emotion: {emotions[n % 4]}}}" for n in range(200)
    ]
    head = ["format_version: 1", "name: many", "clips:"]
    (made.file.path.parent / "many.yaml").write_text("\n".join([*head, *clips]))
    text = made.editor.toPlainText().replace("short-clips.yaml", "many.yaml")
    order = "order: {counterbalance: rotation, min_distance: 2}"  # seconds of trying
    made.editor.replaceText(text.replace("id: main,", f"id: main, {order},"))
    qtbot.waitUntil(
        lambda: "Trying the orders" in made.problems.summary.text(), timeout=9000
    )
    first, made.checker.patience_s = made.checker._runner, 0.1
    qtbot.keyClicks(made.editor, "# typed meanwhile")
    assert made.editor.lines()[0].startswith("# typed meanwhile")
    made.editor.replaceText("name: [")
    qtbot.waitUntil(lambda: "YAML" in "".join(shown_problems(made)), timeout=9000)
    assert made.checker._runner is not first
    made.editor.document().setModified(False)


def test_pieces_are_inserted_where_they_belong_and_can_be_undone(show, qtbot):
    made = show()
    before = made.editor.toPlainText()
    menu = made.insert_menu.menu()
    groups = {action.text(): action.menu() for action in menu.actions()}
    assert list(groups) == ["Rating pages", "Blocks", "In this block", "Session"]
    titles = [a.text() for group in groups.values() for a in group.actions()]
    assert titles == [piece.title for piece in fragments()]
    next(
        a for a in groups["Rating pages"].actions() if a.text() == "Affective Slider"
    ).trigger()
    settled(qtbot, made)
    assert made.editor.lines()[made.editor.row()].strip() == "- id: slider"
    assert "never asked" in shown_problems(made)[0]
    made.editor.undo()
    assert made.editor.toPlainText() == before
    said = []
    made.said.connect(said.append)
    next(a for a in groups["In this block"].actions() if a.text() == "Breaks").trigger()
    assert "one key a line" in said[-1]


# -- the preview


def test_the_strip_is_the_session_and_leads_to_the_text(show, qtbot):
    made = show(DEMO)
    strip = made.preview.strip
    assert [part.kind for part in strip.parts[:6]] == [
        "text",
        "text",
        "fixation",
        "clip",
        "rating",
        "washout",
    ]
    protocol = load_protocol(DEMO)
    assert strip.total_s / 60 == pytest.approx(check_protocol(protocol, DEMO).minutes)
    rating = [part for part in strip.parts if part.kind == "rating"][2]
    qtbot.mouseClick(
        strip, Qt.MouseButton.LeftButton, pos=strip.centre_px(rating).toPoint()
    )
    assert made.editor.lines()[made.editor.row()].strip() == "- id: sam"
    assert strip.trial == 3
    clip = [part for part in strip.parts if part.kind == "clip"][1]
    strip.setFocus()
    for _ in range(5):
        qtbot.keyClick(strip, Qt.Key.Key_Right)
    assert strip.trial == 4
    qtbot.keyClick(strip, Qt.Key.Key_Left)
    assert strip.trial == 3
    assert strip.hasFocus()
    qtbot.mouseMove(strip, strip.centre_px(clip).toPoint())
    qtbot.waitUntil(lambda: made.preview.told.text().startswith("Trial 2, "), timeout=2000)


def test_another_participant_has_another_order(show, qtbot):
    made = show(DEMO)
    orders = set()
    for number in range(1, 6):
        made.preview.participant.setValue(number)
        settled(qtbot, made)
        orders.add(tuple(p.what for p in made.preview.strip.parts if p.kind == "clip"))
    assert len(orders) > 1


def test_the_trial_follows_the_cursor_into_another_block(show, qtbot):
    made = show(data_dir() / "protocols" / "induction" / "emer.yaml")
    row = next(i for i, text in enumerate(made.editor.lines()) if "- id: b" in text)
    assert made.preview.strip.trial == 1
    made.editor.goTo(row)
    assert made.preview.strip.trial == 8
    made.editor.goTo(row + 4)
    assert made.preview.strip.trial == 8


def test_a_trial_of_unsaved_text_is_tried_and_can_be_stopped(show, qtbot):
    made = show()
    path, files = made.file.path, sorted(made.file.path.parent.iterdir())
    edit(qtbot, made, "fixation_s: 0.3", "fixation_s: 0.2")
    states = []
    made.job.heard.connect(lambda event: states.append(event.get("state")))
    made.preview.button.click()
    assert made.busy
    assert made.preview.button.text().strip() == "Stop"
    qtbot.waitUntil(lambda: "rating" in states, timeout=60000)
    made.preview.button.click()
    qtbot.waitUntil(lambda: not made.job.running, timeout=20000)
    assert states[:3] == ["fixation", "clip", "rating"]
    assert made.preview.told.text().startswith("Tried trial 1 (")
    assert "stopped" in made.preview.told.text()
    assert "0.3" in path.read_text()
    assert sorted(path.parent.iterdir()) == files
    made.editor.document().setModified(False)


# -- the window


def test_the_window_asks_before_it_closes_over_changes(window, study, qtbot):
    window.open_study(study.folder, "protocol")
    made = window.pages["protocol"]
    made.keeper.begin_from(DEMO)
    answers = ["cancel", "cancel", "discard"]
    made.keeper.ask_unsaved = lambda _parent, _name: answers.pop(0)
    window.close()
    assert window.isVisible()
    window.close_study()
    assert window.pages
    window.close()
    assert not window.isVisible()
    assert answers == []


def test_a_window_that_is_closed_without_a_question_keeps_a_draft(window, study):
    window.open_study(study.folder, "protocol")
    window.pages["protocol"].keeper.begin_from(DEMO)
    window.close_unasked()
    assert not window.isVisible()
    assert read_draft().is_new


def test_the_session_form_leads_to_the_protocol_and_back(window, study, qtbot):
    window.open_study(study.folder, "session")
    session = window.pages["session"]
    assert isinstance(session, SessionPage)
    session.form.protocol.setCurrentIndex(session.form.protocol.findData("pilot"))
    session.form.edit.click()
    assert window.page_key == "protocol"
    assert window.pages["protocol"].file.path.name == "pilot.yaml"
    path = write_short_protocol(study.folder / "protocols", 1.0)
    window.show_page("session")
    assert session.form.protocol.findData(str(path)) >= 0
    assert session.form.protocol.currentData() == "pilot"

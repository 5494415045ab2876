"""The editor for YAML: real keys, completion, problems in the margin, finding words."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from emer_studio.schema.completion import Known
from emer_studio.ui.protocol.editor import Editor, Problem
from emer_studio.ui.protocol.find_bar import FindBar
from emer_studio.ui.protocol.highlight import COLOURS

CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def editor(qtbot):
    made = Editor()
    made.resize(900, 500)
    made.show()
    qtbot.waitExposed(made)
    made.setFocus()
    yield made
    made.close()
    made.deleteLater()


def put(editor, text):
    """Show a text with the cursor at the bar."""
    at = text.index("|")
    editor.setPlainText(text.replace("|", "", 1))
    cursor = editor.textCursor()
    cursor.setPosition(at)
    editor.setTextCursor(cursor)


def shown(editor):
    text, at = editor.toPlainText(), editor.textCursor().position()
    return f"{text[:at]}|{text[at:]}"


@pytest.mark.parametrize(
    ("before", "keys", "after"),
    [
        ("a: 1|", [Qt.Key.Key_Return], "a: 1\n|"),
        ("  a: 1|", [Qt.Key.Key_Return], "  a: 1\n  |"),
        ("title:|", [Qt.Key.Key_Return], "title:\n  |"),
        ("  en: >-|", [Qt.Key.Key_Return], "  en: >-\n    |"),
        ("  - id: a|", [Qt.Key.Key_Return], "  - id: a\n    |"),
        ("  - trial:|", [Qt.Key.Key_Return], "  - trial:\n      |"),
        ("a|", [Qt.Key.Key_Tab], "a |"),
        ("|", [Qt.Key.Key_Tab], "  |"),
        ("    |a", [Qt.Key.Key_Backtab], "  |a"),
        ("    |a", [Qt.Key.Key_Backspace], "  |a"),
        ("   |a", [Qt.Key.Key_Backspace], "  |a"),
        ("ab|", [Qt.Key.Key_Backspace], "a|"),
    ],
)
def test_keys_do_what_yaml_needs(editor, qtbot, before, keys, after):
    put(editor, before)
    for key in keys:
        qtbot.keyClick(editor, key)
    assert shown(editor) == after


def test_a_selection_is_indented_and_commented_as_a_whole(editor, qtbot):
    editor.setPlainText("a:\n  b: 1\n\n  c: 2\nd: 3")
    qtbot.keyClick(editor, Qt.Key.Key_A, CONTROL)
    qtbot.keyClick(editor, Qt.Key.Key_Slash, CONTROL)
    assert editor.toPlainText() == "# a:\n#   b: 1\n\n#   c: 2\n# d: 3"
    qtbot.keyClick(editor, Qt.Key.Key_A, CONTROL)
    qtbot.keyClick(editor, Qt.Key.Key_Slash, CONTROL)
    assert editor.toPlainText() == "a:\n  b: 1\n\n  c: 2\nd: 3"
    qtbot.keyClick(editor, Qt.Key.Key_A, CONTROL)
    qtbot.keyClick(editor, Qt.Key.Key_Tab)
    assert editor.toPlainText().startswith("  a:\n    b: 1")
    editor.undo()
    assert editor.toPlainText() == "a:\n  b: 1\n\n  c: 2\nd: 3"


def test_a_key_is_completed_while_it_is_typed(editor, qtbot):
    put(editor, "blocks:\n  - id: a\n    |\n    ratings: [x]")
    qtbot.keyClicks(editor, "tr")
    assert editor.completer.offered == ["trial"]
    popup = editor.completer.popup
    assert popup.name.text() == "trial"
    assert "around the clip" in popup.meaning.text()
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert shown(editor) == "blocks:\n  - id: a\n    trial: {|}\n    ratings: [x]"
    assert editor.completer.offered == ["baseline", "fixation_s", "washout_s"]
    qtbot.keyClick(editor, Qt.Key.Key_Down)
    qtbot.keyClick(editor, Qt.Key.Key_Tab)
    assert "trial: {fixation_s: |}" in shown(editor)
    qtbot.keyClicks(editor, "2.5")
    assert editor.completer.offered == []
    assert "{fixation_s: 2.5}" in editor.toPlainText()


def test_values_and_references_are_offered_too(editor, qtbot):
    editor.completer.known = Known(clips={"rain": "sadness", "sun": "happiness"})
    put(editor, "rating_pages:\n  - id: felt\n    ki|\nblocks: []")
    qtbot.keyClick(editor, Qt.Key.Key_Space, CONTROL)
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert editor.completer.offered[:2] == ["sam", "choice"]
    qtbot.keyClicks(editor, "ch")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert "kind: choice\n" in editor.toPlainText()
    put(editor, editor.toPlainText().replace("blocks: []", "blocks:\n  - ratings: [|"))
    qtbot.keyClick(editor, Qt.Key.Key_Space, CONTROL)
    assert editor.completer.offered == ["felt"]
    qtbot.keyClick(editor, Qt.Key.Key_Escape)
    assert editor.completer.offered == []
    put(editor, "closing_clip: |")
    qtbot.keyClicks(editor, "s")
    assert editor.completer.offered == ["sun"]
    editor.completer.accept()
    assert editor.toPlainText() == "closing_clip: sun"


def test_a_key_that_has_a_value_already_is_only_renamed(editor, qtbot):
    put(editor, "blocks:\n  - trial: {wash|: 1.0}")
    qtbot.keyClick(editor, Qt.Key.Key_Space, CONTROL)
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert editor.toPlainText() == "blocks:\n  - trial: {washout_s: 1.0}"


def test_no_offer_is_in_the_way_of_what_is_complete_or_of_prose(editor, qtbot):
    put(editor, "rating_pages:\n  - kind: sa|")
    qtbot.keyClicks(editor, "m")
    assert editor.completer.offered == []
    put(editor, "title:\n  en: >-\n    |")
    qtbot.keyClicks(editor, "bas")
    assert editor.completer.offered == []


def test_the_list_stays_inside_of_the_editor(editor, qtbot):
    put(editor, "\n" * 60 + "|")
    editor.centerCursor()
    qtbot.keyClick(editor, Qt.Key.Key_Space, CONTROL)
    assert len(editor.completer.offered) > 15
    assert editor.rect().contains(editor.completer.popup.geometry())


def test_a_protected_text_cannot_be_changed_but_read(editor, qtbot):
    put(editor, "name: x|")
    editor.protect(True)
    with qtbot.waitSignal(editor.refused):
        qtbot.keyClicks(editor, "y")
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Tab, Qt.Key.Key_Backspace, Qt.Key.Key_Delete):
        qtbot.keyClick(editor, key)
    qtbot.keyClick(editor, Qt.Key.Key_Slash, CONTROL)
    qtbot.keyClick(editor, Qt.Key.Key_Space, CONTROL)
    assert editor.toPlainText() == "name: x"
    qtbot.keyClick(editor, Qt.Key.Key_Home)
    assert editor.textCursor().position() == 0


def test_problems_are_drawn_at_their_line(editor):
    editor.setPlainText("name: x\ntitel: {}\nclips: y\n")
    before = _inks(editor)
    editor.setProblems([Problem(2, "unknown key", "red"), Problem(3, "a doubt", "amber")])
    assert [p.text for p in editor.problems_at(1)] == ["unknown key"]
    marks = [mark for mark in editor.extraSelections() if mark.cursor.hasSelection()]
    assert [mark.cursor.selectedText() for mark in marks] == ["titel: {}", "clips: y"]
    added = _inks(editor) - before
    assert {"#c0392b", "#c98500"} <= added
    editor.setProblems(
        [Problem(99, "past the end", "red"), Problem(None, "nowhere", "red")]
    )
    assert not [mark for mark in editor.extraSelections() if mark.cursor.hasSelection()]


def _inks(editor) -> set[str]:
    picture: QImage = editor.grab().toImage()
    rows, columns = range(picture.height()), range(40)
    return {picture.pixelColor(x, y).name() for y in rows for x in columns}


def test_the_colours_are_those_of_keys_texts_and_comments(editor):
    editor.setPlainText('a_key: "text" # said\nb:\n  en: >-\n    prose: 5\nc: 5')
    document = editor.document()

    def colour(row, column):
        formats = document.findBlockByNumber(row).layout().formats()
        at = [f for f in formats if f.start <= column < f.start + f.length]
        return at[-1].format.foreground().color().name() if at else ""

    assert colour(0, 0) == COLOURS["key"]
    assert colour(0, 8) == COLOURS["text"]
    assert colour(0, 16) == COLOURS["comment"]
    assert colour(3, 4) == COLOURS["text"]
    assert colour(4, 3) == COLOURS["number"]


def test_texts_beyond_the_basic_plane_keep_their_places(editor):
    editor.setPlainText("a: 😀 x\nb: 1\n")
    editor.replaceText("a: 😀 y\nb: 2\n")
    assert editor.toPlainText() == "a: 😀 y\nb: 2\n"
    put(editor, "q: {en: 😀😀, z|}")
    editor.completer.open()
    assert editor.toPlainText() == "q: {en: 😀😀, z}"


def test_words_are_found_forwards_backwards_and_round(editor, qtbot):
    editor.setPlainText("one two\none\ntwo one")
    bar = FindBar(editor)
    try:
        bar.begin()
        qtbot.keyClicks(bar.words, "one")
        places = [editor.textCursor().selectionStart()]
        for _ in range(3):
            qtbot.keyClick(bar.words, Qt.Key.Key_Return)
            places.append(editor.textCursor().selectionStart())
        assert places == [0, 8, 16, 0]
        qtbot.keyClick(bar.words, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
        assert editor.textCursor().selectionStart() == 16
        qtbot.keyClicks(bar.words, "x")
        assert bar.told.text() == "Not found"
        qtbot.keyClick(bar.words, Qt.Key.Key_Escape)
        assert not bar.isVisible()
    finally:
        bar.close()
        bar.deleteLater()

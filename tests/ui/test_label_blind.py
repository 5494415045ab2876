"""Nothing in the blind pass says what a model, another rater or the participant said."""

from __future__ import annotations

import json
import re
import shutil

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QListWidget, QWidget

from emer_studio.core.emotions import EMOTIONS
from emer_studio.labels.store import LabelStore
from emer_studio.study.folder import open_study
from emer_studio.ui.label.items import find_items
from emer_studio.ui.label.page import LabelPage

K = Qt.Key


def words_of(widget):
    """Return every text a person or a screen reader could get of a widget."""
    found = []
    for child in (widget, *widget.findChildren(QWidget)):
        found += [child.toolTip(), child.statusTip(), child.whatsThis()]
        found += [child.accessibleName(), child.accessibleDescription()]
        found += [child.windowTitle(), child.objectName()]
        for name in ("text", "placeholderText", "title", "currentText"):
            said = getattr(child, name, None)
            if callable(said):
                found.append(str(said()))
        if isinstance(child, QListWidget):
            rows = [child.item(row) for row in range(child.count())]
            found += [f"{row.text()} {row.toolTip()} {row.statusTip()}" for row in rows]
    return [text for text in found if text]


def seen(page):
    """Return pictures and words of every item of the blind pass, frame by frame."""
    found = []
    for row in range(page.list.count()):
        page.list.setCurrentRow(row)
        for key in (K.Key_Home, K.Key_Right, K.Key_End):
            QTest.keyClick(page, key)
            found.append((page.grab().toImage(), words_of(page)))
    return found


def sit(page, code="R1"):
    page.room.annotator.setFocus()
    QTest.keyClicks(page.room.annotator, code)
    QTest.keyClick(page.room.annotator, K.Key_Return)
    page.room.annotator.setReadOnly(True)  # its cursor does not blink into the pictures


@pytest.fixture
def another(recorded, tmp_path):
    """The same faces, and everything else about them is different."""
    folder = tmp_path / "another"
    shutil.copytree(recorded.folder, folder)
    (session,) = (folder / "sessions").iterdir()
    for path in (session / "journal.jsonl", session / "presented.csv"):
        text = path.read_text()
        for old, new in (("happiness", "disgust"), ("sadness", "neutral")):
            text = text.replace(f'"{old}"', f'"{new}"').replace(f",{old},", f",{new},")
        text = re.sub(r'"valence": ?5', '"valence": 1', text)
        path.write_text(text)
    table = session / "derived" / "prelabel" / "face_001.csv"
    lines = table.read_text().splitlines()
    said = ",0.4,0.1,0.1,0.1,0.1,0.1,0.1"
    swapped = [line.replace(said, ",0.0,0.0,0.0,0.0,0.9,0.0,0.1") for line in lines]
    assert swapped != lines
    table.write_text("\n".join(swapped) + "\n")
    summary = table.with_suffix(".json")
    about = json.loads(summary.read_text()) | {"model": "another-model"}
    summary.write_text(json.dumps(about))
    study = open_study(folder)
    store = LabelStore(folder / "labels.sqlite")
    for item in find_items(study):
        for rater in ("R2", "R3", "R4"):
            values = {"category": "disgust", "intensity": 3, "note": "what R2 noted"}
            how = {"visible": {"mode": "blind"}, "input_by": "key", "stage": "A"}
            store.append_many(rater, item.id, values, **how)
    store.close()
    return study


def test_the_blind_pass_looks_the_same_whatever_is_known(page, recorded, another, qtbot):
    first, second = page(LabelPage, recorded), page(LabelPage, another)
    for made in (first, second):
        sit(made)
        qtbot.waitUntil(lambda made=made: made.list.count() == 2)
    one, other = seen(first), seen(second)
    assert [text for _, text in one] == [text for _, text in other]
    for (picture, _), (again, _) in zip(one, other, strict=True):
        assert picture == again
    assert first.desk.stages == second.desk.stages == ["A"]


def test_no_word_of_it_tells_person_trial_clip_or_model(page, another):
    made = page(LabelPage, another)
    sit(made)
    shown = seen(made)
    buttons = {name.capitalize() for name in EMOTIONS}  # what can be said, not what was
    ours = {f" {k}   {name.capitalize()}" for k, name in enumerate(EMOTIONS, start=1)}
    for sheet in (made.room.sheet, made.room.codebook):
        ours |= set(words_of(sheet))  # the same for everybody
    for _, texts in shown:
        said = " ".join(text for text in texts if text not in buttons | ours).lower()
        for secret in (
            *EMOTIONS,
            "p001",
            "sub-",
            "trial-",
            "trial 1",
            "trial 2",
            "another-model",
            "mini-xception",
            "r2",
            "r3",
            "noted",
            "valence: 1",
            "face_001",
            ".mkv",
        ):
            assert secret not in said, secret


def test_the_same_would_show_where_a_suggestion_was_meant_to_be_seen(
    page, recorded, another, qtbot
):
    """The pictures do tell a difference: in the review they differ."""
    made = []
    for study in (recorded, another):
        store = LabelStore(study.folder / "labels.sqlite")
        items = [item.id for item in find_items(study)]
        how = {"visible": {"mode": "blind"}, "input_by": "key", "stage": "A"}
        for item in items:
            values = {"category": "fear", "intensity": 1, "flag": True}
            store.append_many("R1", item, values, **how)
        store.freeze("LEAD", "A", items)
        store.close()
        made.append(page(LabelPage, study))
        sit(made[-1])
    one, other = (seen(page) for page in made)
    assert made[0].room.stage.currentText() == "Review"
    assert [picture for picture, _ in one] != [picture for picture, _ in other]
    assert any("another-model" in " ".join(texts) for _, texts in other)

"""The process that checks a protocol while it is written; where its problems stand."""

from __future__ import annotations

import pytest

from emer_studio.core.process import Child
from emer_studio.schema.protocol import find_protocol
from emer_studio.session.protocol_desk import Desk
from protocols import write_short_protocol

DEMO = find_protocol("demo")
TEXT = DEMO.read_text(encoding="utf-8")


def checked(text: str, path=DEMO, index: int = 0):
    desk = Desk()
    page = desk.read(text, path)
    if page.protocol is not None:
        desk.check(page, index, 0)
    return page


def line_of(text: str, words: str) -> int:
    return next(i for i, line in enumerate(text.split("\n"), 1) if words in line)


def test_a_sound_protocol_has_a_timeline_and_knows_its_clips():
    page = checked(TEXT)
    assert page.mistakes == []
    assert page.warnings == []
    assert page.known["clips"]["demo-rain"] == "sadness"
    assert "../../stimuli/emer.yaml" in page.known["manifests"]
    assert sum(part["kind"] == "clip" for part in page.stretches) == 4
    assert all(part["line"] for part in page.stretches)


def test_every_participant_has_an_order():
    clips = [
        [
            part["what"]
            for part in checked(TEXT, index=index).stretches
            if part["kind"] == "clip"
        ]
        for index in range(3)
    ]
    assert len({tuple(order) for order in clips}) > 1


@pytest.mark.parametrize(
    ("old", "new", "where", "words"),
    [
        ("shuffle: true", "shufle: true", "shufle", "unknown key"),
        ("ratings: [sam]", "ratings: [sma]", "ratings: [", "'sma'"),
        ("../../stimuli/demo.yaml", "nowhere.yaml", "clips: nowhere", "not there"),
        ("max_same_emotion_in_row: 1", "first: [demo-fog]", "order:", "demo-fog"),
        ("id: main", "id: main\n    select: {ids: [fog]}", "select:", "'fog'"),
        ("max_same_emotion_in_row: 1", "min_distance: 9, first: [demo-rain]", None, ""),
        ("languages: [en, zh]", "languages: [en, zh", None, "not valid YAML"),
    ],
    ids=["a key", "a page", "the manifest", "an order", "a clip", "possible", "YAML"],
)
def test_a_problem_is_told_at_its_line(old, new, where, words):
    assert old in TEXT
    text = TEXT.replace(old, new)
    page = checked(text)
    assert bool(page.mistakes) == bool(words)
    if words:
        assert words in page.mistakes[0]["text"]
    if where:
        assert page.mistakes[0]["line"] == line_of(text, where)


@pytest.mark.parametrize(
    ("old", "new", "where", "words"),
    [
        ("  zh: 欢迎\n", "", "title:", "no text in 'zh'"),
        ("      zh: 观看短片时您的感受如何？", "", "question:", "the question of page"),
        ("dimensions:", "back: true\n    dimensions:", "- id: sam", "going back"),
    ],
)
def test_a_doubt_stands_at_its_line(old, new, where, words):
    assert old in TEXT
    text = TEXT.replace(old, new)
    page = checked(text)
    assert page.mistakes == []
    assert words in page.warnings[0]["text"]
    assert page.warnings[0]["line"] == line_of(text, where)


def test_a_clip_that_does_not_decode_is_a_problem_and_the_preview_stays(tmp_path):
    path = write_short_protocol(tmp_path)
    (tmp_path / "up.mp4").write_bytes(b"no film")
    page = checked(path.read_text(), path)
    assert "up.mp4" in page.mistakes[0]["text"]
    assert page.mistakes[0]["line"] == line_of(path.read_text(), "clips:")
    assert sum(part["kind"] == "clip" for part in page.stretches) == 2


def test_a_mistake_in_the_manifest_is_told_at_the_key_that_names_it(tmp_path):
    path = write_short_protocol(tmp_path)
    manifest = tmp_path / "short-clips.yaml"
    manifest.write_text(manifest.read_text().replace("emotion: sadness", "emotion: glee"))
    page = checked(path.read_text(), path)
    assert "short-clips.yaml, line 6" in page.mistakes[0]["text"]
    assert page.mistakes[0]["line"] == line_of(path.read_text(), "clips:")


def test_the_process_answers_twice_and_ends_with_its_input():
    child = Child("desk", ["protocol", "desk"])
    try:
        child.send("check", id=7, text=TEXT, path=str(DEMO), index=1, seed=3)
        read = child.wait_for("read", timeout_s=30)
        full = child.wait_for("checked", timeout_s=30)
        assert (read["id"], full["id"]) == (7, 7)
        assert full["timeline"]
        child.send("check", id=8, text="name: [", path=str(DEMO))
        assert child.wait_for("read", timeout_s=30)["mistakes"][0]["line"] == 1
        child.send("check", id=9)
        assert "path" in child.wait_for("error", timeout_s=30)["text"]
    finally:
        assert child.stop(5.0) == 0

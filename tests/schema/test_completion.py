"""What can be written at a place of a protocol, and what it means."""

from __future__ import annotations

import pytest

from emer_studio.schema.completion import Known, complete
from emer_studio.schema.describe import descriptions, element, kind_in_words, model_of
from emer_studio.schema.protocol import Protocol

KNOWN = Known(
    clips={"rain": "sadness", "balloons": "happiness", "storm": "fear"},
    groups=("a", "b"),
    categories=("violence",),
    languages=("en", "zh"),
    manifests=("clips.yaml",),
)
HEAD = """name: p
languages: [en, zh]
rating_pages:
  - id: sam
    kind: sam
  - id: mood
    kind: items
    items:
      glad: {en: Glad}
      sad: {en: Sad}
"""


def offered(text: str) -> list[str]:
    before = text.split("|", 1)[0]
    lines = text.replace("|", "", 1).split("\n")
    row = before.count("\n")
    _, found = complete(lines, row, len(before.rsplit("\n", 1)[-1]), KNOWN)
    return [one.text for one in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("wash|", []),
        ("base|", ["baseline_s"]),
        ("blocks:\n  - id: a\n    trial: {wash|", ["washout_s"]),
        (
            "blocks:\n  - id: a\n    trial:\n      |",
            ["baseline", "fixation_s", "washout_s"],
        ),
        ("blocks:\n  - trial: {baseline: {kind: |", ["none", "cross", "luminance"]),
        ("blocks:\n  - practice: |", ["true", "false"]),
        (HEAD + "blocks:\n  - ratings: [|]", ["sam", "mood"]),
        (HEAD + "blocks:\n  - ratings:\n      - m|", ["mood", "sam"]),
        (HEAD + "before: [mo|", ["mood"]),
        (HEAD + "before: [mood, |", ["sam"]),
        (HEAD + "before:\n  - sam\n  - |", ["mood"]),
        ("rating_pages:\n  - dimensions: [arousal, |", ["valence", "dominance"]),
        ("blocks:\n  - select: {ids: [r|", ["rain", "storm"]),
        ("closing_clip: ball|", ["balloons"]),
        ("blocks:\n  - select: {emotions: [|", ["sadness", "happiness", "fear"]),
        ("blocks:\n  - select: {groups: [|", ["a", "b"]),
        ("clips: |", ["clips.yaml"]),
        ("opt_out:\n  |", ["violence"]),
        (HEAD + "title:\n  en: x\n  |", ["zh"]),
        (HEAD + "    scores:\n      bad: [s|", ["sad"]),
        (
            "rating_pages:\n  - kind: |",
            ["sam", "choice", "scale", "slider", "items", "text"],
        ),
        ("rating_pages:\n  - kind: sam\n    dimensions: [v|", ["valence"]),
        (
            "rating_pages:\n  - id: f\n    kind: choice\n    |",
            ["question", "labels", "back"],
        ),
        ("nonsense:\n  |", []),
        ("name: |", []),
    ],
)
def test_what_is_offered_fits_the_place(text, expected):
    assert offered(text) == expected


def test_every_key_of_a_protocol_says_what_it_means():
    seen = set()

    def look(model):
        if model in seen:
            return
        seen.add(model)
        for name, field in model.model_fields.items():
            assert descriptions(model).get(name), f"{model.__name__}.{name}"
            for annotation in (field.annotation, element(field.annotation)):
                if model_of(annotation) is not None:
                    look(model_of(annotation))

    look(Protocol)
    assert len(seen) >= 9


def test_a_key_says_what_it_takes():
    block = model_of(element(Protocol.model_fields["blocks"].annotation))
    trial = model_of(block.model_fields["trial"].annotation)
    assert kind_in_words(trial.model_fields["washout_s"]) == "number, 0 to 3600; else 1"
    assert kind_in_words(Protocol.model_fields["name"]) == "text; needed"
    assert kind_in_words(block.model_fields["practice"]) == "true or false; else false"


def test_what_is_inserted_leaves_the_cursor_where_one_goes_on():
    _, found = complete(["cl"], 0, 2, KNOWN)
    assert {one.text: one.insert for one in found}["clips"] == "clips: |"
    _, found = complete(["bef"], 0, 3, KNOWN)
    assert found[0].insert == "before: [|]"
    _, found = complete(["tit"], 0, 3, KNOWN)
    assert found[0].insert == "title:\n  |"

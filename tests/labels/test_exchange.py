"""Labels out and in again: the same labels stand, and bad files are told, not stored."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from emer_studio.cli import main
from emer_studio.dataset.build import blind_pass_of
from emer_studio.labels.blind import blind_labels
from emer_studio.labels.ratings import IMPORTED, events_of, ratings_of
from emer_studio.labels.store import open_store
from emer_studio.study.folder import Study, create_study, open_study
from raters_of_labels import blind_ratings, film, predict, say, study_with

PEOPLE = ("P000", "P001")


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Study:
    study = study_with(
        tmp_path_factory.mktemp("labelled") / "s", blind_ratings(people=2, clips=3)
    )
    film(study, PEOPLE)
    item = "sub-P000_ses-01/trial-1"
    more = {"category": "fear", "note": 'lips, "tight"\nand <pale>', "au:12": "C"}
    say(
        study,
        [
            ("E1", "A-repeat", item, {"category": "anger"}),
            ("E1", "B", item, {**more, "confidence": 0.5, "second": "anger", "peak": 12}),
            ("E2", "A", "sub-P001_ses-01/trial-2", {"quality": "no_face"}),
            ("E9", "adjudication", item, {"category": "sadness", "reason": "brows"}),
        ],
    )
    predict(study, {item: [0.1, 0.1, 0.5, 0.1, 0.1, 0.05, 0.05]})
    return study


def stands(study: Study) -> dict[tuple[str, str, str], dict[str, object]]:
    ratings = ratings_of(events_of(study))
    return {(r.annotator, r.item, r.stage): r.fields for r in ratings}


def export(study: Study, kind: str, out: Path) -> Path:
    words = ["labels", "export", str(study.folder), "--format", kind, "--out", str(out)]
    assert main(words) == 0
    return out


def bring_in(study: Study, path: Path, kind: str, *more: str) -> int:
    return main(["labels", "import", str(study.folder), str(path), "--format", kind, *more])


@pytest.mark.parametrize(
    ("out", "back"),
    [
        ("long", "csv"),
        ("wide", "csv"),
        ("jsonl", "jsonl"),
        ("label-studio", "label-studio"),
        ("elan", "elan"),
    ],
)
def test_out_and_in_again_into_an_empty_study(labelled, out, back, tmp_path, capsys):
    path = export(labelled, out, tmp_path / "labels.out")
    empty = create_study(tmp_path / "empty", seed=2)
    for file in sorted(path.glob("*.eaf")) if path.is_dir() else [path]:
        assert bring_in(empty, file, back) == 0
    assert stands(empty) == stands(labelled)
    assert "items are not in this study" in capsys.readouterr().err
    events = events_of(empty)
    assert {event.input for event in events} == {IMPORTED}
    assert {event.visible["mode"] for event in events} == {"unknown"}
    assert all(event.visible["source"].startswith(back) for event in events)
    for file in sorted(path.glob("*.eaf")) if path.is_dir() else [path]:
        assert bring_in(empty, file, back) == 0  # a second time changes nothing
    assert events_of(empty) == events


@pytest.mark.parametrize(
    ("out", "back", "blind"),
    [
        ("long", "csv", True),
        ("jsonl", "jsonl", True),
        ("label-studio", "label-studio", True),
        ("wide", "csv", False),  # nothing there says what could be seen
    ],
)
def test_only_what_says_so_counts_as_blind(labelled, out, back, blind, tmp_path, capsys):
    known = blind_labels(events_of(labelled))
    path = export(labelled, out, tmp_path / "labels.out")
    empty = create_study(tmp_path / "empty", seed=2)
    assert bring_in(empty, path, back) == 0
    told, found = capsys.readouterr().out, blind_pass_of(empty)
    agreed = {item: one.category for item, one in found.agreed.items() if one.category}
    if blind:
        assert agreed == {item: one.category for item, one in known.agreed.items()} != {}
        assert not found.left_out
        assert "do not say" not in told
        return
    assert not agreed
    ratings = [r for r in ratings_of(events_of(empty)) if r.stage == "A"]
    assert sum(found.left_out.values()) == len(ratings)
    assert f"{len(ratings)} ratings of the blind pass do not say" in told
    item = ratings[0].item
    row = found.row("s1", item, 0.1)
    assert row == ["s1", "", "", "", "", "", str(found.left_out[item])]


def test_a_mapping_may_say_that_labels_were_blind_also_later(tmp_path: Path) -> None:
    study = create_study(tmp_path / "study", seed=1)
    table = tmp_path / "theirs.csv"
    rows = [f"{rater},a,fear" for rater in ("E1", "E2", "E3")]
    table.write_text("\n".join(["rater,item,emotion", *rows, ""]))
    mapping = tmp_path / "map.yaml"
    words = "{item: item, annotator: rater, columns: {emotion: category}"
    for text, agreed in ((words + "}", None), (words + ", blind: true}", "fear")):
        mapping.write_text(text)
        assert bring_in(study, table, "csv", "--map", str(mapping)) == 0
        one = blind_labels(events_of(study)).agreed.get("a")
        assert (one and one.category) == agreed
    n = len(events_of(study))
    assert bring_in(study, table, "csv", "--map", str(mapping)) == 0
    assert len(events_of(study)) == n
    # What is added at the desk does not make the imported part of it blind.
    mapping.write_text(words + "}")
    table.write_text("rater,item,emotion\nE1,b,fear\nE2,b,fear\nE3,b,fear\n")
    assert bring_in(study, table, "csv", "--map", str(mapping)) == 0
    say(study, [("E1", "A", "b", {"intensity": 2.0})])
    assert blind_pass_of(study).left_out == {"b": 3}


def test_an_export_replaces_nothing(labelled: Study, tmp_path: Path, capsys):
    taken = tmp_path / "taken"
    taken.write_text("mine", encoding="utf-8")
    words = ["labels", "export", str(labelled.folder), "--out", str(taken), "--format"]
    for kind in ("long", "elan", "py-feat"):
        assert main([*words, kind]) == 2
    assert taken.read_text(encoding="utf-8") == "mine"
    empty = create_study(tmp_path / "empty")
    words = ["labels", "export", str(empty.folder), "--out", str(tmp_path / "x")]
    assert main([*words, "--format", "wide"]) == 2
    assert "Label the faces first" in capsys.readouterr().err


def test_predictions_go_out_and_never_come_in(labelled: Study, tmp_path: Path, capsys):
    path = export(labelled, "label-studio", tmp_path / "ls.json")
    tasks = json.loads(path.read_text(encoding="utf-8"))
    (told,) = (task for task in tasks if task["predictions"])
    assert told["data"]["video"] == "sessions/sub-P000_ses-01/face_001.mkv"
    assert (told["data"]["start_ms"], told["data"]["end_ms"]) == (4000.0, 6000.0)
    (prediction,) = told["predictions"]
    assert prediction["score"] == 0.5
    assert prediction["model_version"].startswith("mini-xception 111")
    assert prediction["result"][0]["value"] == {"choices": ["fear"]}
    only = [{**told, "annotations": []}]
    path = tmp_path / "only.json"
    path.write_text(json.dumps(only), encoding="utf-8")
    empty = create_study(tmp_path / "empty")
    assert bring_in(empty, path, "label-studio") == 2
    assert "no labels" in capsys.readouterr().err
    fex = export(labelled, "py-feat", tmp_path / "fex.csv")
    with fex.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 2 * 450
    seen = [row for row in rows if row["FaceScore"]]
    assert len(seen) == 50
    assert {(row["fear"], row["FaceRectWidth"]) for row in seen} == {("0.5", "30")}


def test_somebody_elses_table_by_a_mapping(tmp_path: Path, capsys):
    study = create_study(tmp_path / "s")
    table = tmp_path / "table.csv"
    table.write_text(
        "ses;n;Wer;Gefühl;Lust\nsub-P000_ses-01;1;AB;Freude;9\n"
        "sub-P000_ses-01;2;AB;sad;1\nsub-P000_ses-01;3;AB;;5\n",
        encoding="utf-8",
    )
    mapping = tmp_path / "map.yaml"
    text = (
        'item: "{ses}/trial-{n}"\nannotator: Wer\n'
        "columns: {Gefühl: category, Lust: valence}\nscales: {valence: [1, 9]}\n"
    )
    mapping.write_text(text, encoding="utf-8")
    assert bring_in(study, table, "csv", "--map", str(mapping)) == 2
    told = capsys.readouterr().err
    assert "'Freude' is none of happiness, sadness" in told
    assert "line 2" in told
    assert stands(study) == {}
    mapping.write_text(text + "values: {category: {Freude: happiness}}\n", encoding="utf-8")
    assert bring_in(study, table, "csv", "--map", str(mapping)) == 0
    assert stands(study) == {
        ("AB", "sub-P000_ses-01/trial-1", "A"): {"category": "happiness", "valence": 1.0},
        ("AB", "sub-P000_ses-01/trial-2", "A"): {"category": "sadness", "valence": -1.0},
        ("AB", "sub-P000_ses-01/trial-3", "A"): {"valence": 0.0},
    }


@pytest.mark.parametrize(
    ("kind", "text", "told"),
    [
        ("elan", "<ANNOTATION_DOCUMENT><TIER", "not valid XML"),
        ("elan", '<!DOCTYPE x [<!ENTITY a "b">]><x/>', "entities"),
        ("elan", "<html/>", "expected ELAN's"),
        (
            "elan",
            '<ANNOTATION_DOCUMENT><TIME_ORDER><TIME_SLOT TIME_SLOT_ID="t"/></TIME_ORDER>'
            '<TIER TIER_ID="E1"><ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a"'
            ' TIME_SLOT_REF1="t" TIME_SLOT_REF2="t"/></ANNOTATION></TIER>'
            "</ANNOTATION_DOCUMENT>",
            "has no time",
        ),
        ("elan", "<ANNOTATION_DOCUMENT/>", "which video"),
        ("label-studio", "{", "not valid JSON"),
        ("label-studio", '{"a": 1}', "list of Label Studio tasks"),
        ("label-studio", '[{"id": 3, "data": {"video": "x"}}]', "task 3"),
        ("label-studio", '[{"data": {"item": "a"}, "annotations": {}}]', "expected a list"),
        ("jsonl", '{"annotator": "E1"}\n', "lacks item"),
        ("jsonl", "[1]\n", "expected an object"),
        ("csv", "", "is empty"),
        ("csv", "a,b\n1,2\n", "no column 'item'"),
        ("csv", "item,category:A:E1\nx,fear,more\n", "cells"),
        ("csv", "item,mood\nx,fear\n", "category:A:E1"),
        ("csv", "item,valence:A:E1\nx,3\n", "'3' is no valence (-1 to 1)"),
        ("csv", "item,category:Z:E1\nx,fear\n", "'Z' is no stage"),
    ],
)
def test_a_bad_file_is_told_and_nothing_is_stored(kind, text, told, tmp_path, capsys):
    study = create_study(tmp_path / "s")
    path = tmp_path / "file"
    path.write_text(text, encoding="utf-8")
    assert bring_in(study, path, kind) == 2
    assert told in capsys.readouterr().err
    assert not (open_study(study.folder).folder / "labels.sqlite").exists()


def test_what_is_closed_or_erased_stays_so(labelled: Study, tmp_path: Path, capsys):
    path = export(labelled, "long", tmp_path / "long.csv")
    study = create_study(tmp_path / "s")
    store = open_store(study)
    store.freeze("E1", "B", [item for _, item, _ in stands(labelled)])
    store.close()
    assert bring_in(study, path, "csv") == 2
    assert "frozen" in capsys.readouterr().err
    assert stands(study) == {}
    other = create_study(tmp_path / "other")
    assert bring_in(other, path, "csv") == 0
    store = open_store(other)
    assert store.erase(lambda item: item.startswith("sub-P000"))
    store.close()
    left = stands(other)
    assert {item.split("_")[0] for _, item, _ in left} == {"sub-P001"}
    again = create_study(tmp_path / "again")
    assert bring_in(again, export(other, "jsonl", tmp_path / "left.jsonl"), "jsonl") == 0
    assert stands(again) == left


def test_elan_finds_items_by_time_where_nobody_named_them(labelled, tmp_path, capsys):
    """A tier that a person drew by hand over the video of one session."""
    path = tmp_path / "sub-P001_ses-01_AB.eaf"
    path.write_text(
        '<ANNOTATION_DOCUMENT><HEADER><MEDIA_DESCRIPTOR MEDIA_URL="file:///x/face_001.mkv"/>'
        '</HEADER><TIME_ORDER><TIME_SLOT TIME_SLOT_ID="t1" TIME_VALUE="4100"/>'
        '<TIME_SLOT TIME_SLOT_ID="t2" TIME_VALUE="5900"/>'
        '<TIME_SLOT TIME_SLOT_ID="t3" TIME_VALUE="6500"/></TIME_ORDER>'
        '<TIER TIER_ID="AB"><ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a"'
        ' TIME_SLOT_REF1="t1" TIME_SLOT_REF2="t2"><ANNOTATION_VALUE>Happy'
        "</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION><ANNOTATION>"
        '<ALIGNABLE_ANNOTATION ANNOTATION_ID="b" TIME_SLOT_REF1="t2" TIME_SLOT_REF2="t3">'
        "<ANNOTATION_VALUE>sad</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>"
        "</TIER></ANNOTATION_DOCUMENT>",
        encoding="utf-8",
    )
    study = create_study(tmp_path / "s")
    film(study, PEOPLE)
    assert bring_in(study, path, "elan") == 0
    assert "1 annotations that lie over no item" in capsys.readouterr().err
    assert stands(study) == {
        ("AB", "sub-P001_ses-01/trial-1", "A"): {"category": "happiness"}
    }

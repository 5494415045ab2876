"""Offline seats: nothing gets out that a rater must not know, all comes back once."""

from __future__ import annotations

import itertools
import json
import random
import shutil
import sqlite3
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from emer_studio.cli import main
from emer_studio.core.errors import BadInputError
from emer_studio.labels.bundle import Bundle, open_bundle, unpack_bundle, write_bundle
from emer_studio.labels.consensus import consensus
from emer_studio.labels.merge import merge, write_events
from emer_studio.labels.opaque import opaque_id
from emer_studio.labels.pieces import pieces_of
from emer_studio.labels.store import LabelStore, fold_stages, open_store
from emer_studio.study.folder import Study, create_study, open_study
from sessions import write_session

SHOWN: dict[str, Any] = {"visible": {"mode": "blind"}, "input_by": "key", "stage": "A"}
PEOPLE = ("R1", "R2", "R3")


@pytest.fixture(scope="module")
def away(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study, and what three raters did with their bundles elsewhere."""
    folder = tmp_path_factory.mktemp("away")
    study = create_study(folder / "study", seed=7)
    for code in ("P001", "P002"):
        write_session(study, code)
    store = open_store(study)
    rng = random.Random(1)
    for who in PEOPLE:
        write_bundle(study, store, who, pieces_of(study), folder / f"{who}.zip")
        bundle = unpack_bundle(folder / f"{who}.zip", folder / who)
        label(bundle, rng)
        labels = bundle.store()
        write_events(labels, folder / f"{who}.labels", study=bundle.study)
        labels.close()
    store.close()
    return folder


def label(bundle: Bundle, rng: random.Random) -> None:
    store = bundle.store()
    for number, item in enumerate(bundle.items):
        values = {"category": rng.choice(("fear", "anger")), "peak": item.frames - 1}
        store.append_many(bundle.annotator, item.item, values, position=number, **SHOWN)
    store.undo_commit(bundle.annotator, visible={}, input_by="key")
    store.redo_commit(bundle.annotator, visible={}, input_by="key")
    store.close()


@pytest.fixture
def study(away: Path, tmp_path: Path) -> Study:
    return open_study(Path(shutil.copytree(away / "study", tmp_path / "study")))


def test_a_bundle_gives_nothing_away(away: Path, study: Study) -> None:
    file = away / "R1.zip"
    words = [session.name for session in study.sessions()]
    words += ["P001", "P002", "trial", "face_001", "fear", "study", "2026", "sub-"]
    with zipfile.ZipFile(file) as packed:
        about = json.loads(packed.read("bundle.json"))
        names = packed.namelist()
        assert {entry.date_time for entry in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert set(about) == {"format", "version", "study", "annotator", "stage", "items"}
    raw = file.read_bytes()
    for word in words:
        assert word.encode() not in raw.replace(b'"study"', b""), word
    assert all(len(name) == len("0123456789.mkv") for name in names[:-1])
    order = [item["id"] for item in about["items"]]
    real = {opaque_id(7, "R1", piece.item): piece for piece in pieces_of(study)}
    assert [real[name].item for name in order] == [p.item for p in pieces_of(study)]
    others = {opaque_id(7, "R2", piece.item) for piece in pieces_of(study)}
    assert not others & set(order)
    with av.open(str(away / "R1" / names[0])) as container:
        assert [stream.type for stream in container.streams] == ["video"]
        said = {**container.metadata, **container.streams.video[0].metadata}
        assert {key.lower() for key in said} <= {"encoder", "duration"}


def test_a_repeat_is_silent(away: Path, study: Study, tmp_path: Path) -> None:
    store = open_store(study)
    first, *others = pieces_of(study)
    pieces = [first, *others, replace(first, again=True)]
    named = write_bundle(study, store, "R4", pieces, tmp_path / "R4.zip")
    assert len({name for name, _ in named}) == len(others) + 2
    bundle = unpack_bundle(tmp_path / "R4.zip", tmp_path / "R4")
    label(bundle, random.Random(3))
    labels = bundle.store()
    assert {event.stage for event in labels.events()} == {"A"}
    write_events(labels, tmp_path / "R4.labels", study=bundle.study)
    labels.close()
    store.freeze("lead", "A", [piece.item for piece in pieces])
    assert merge(store, [tmp_path / "R4.labels"]).late == 2 * len(pieces)
    stages = {key[2] for key in fold_stages(store.events(first.item))}
    assert stages == {"A", "A-repeat"}
    assert {e.item for e in store.events(stage="A-repeat")} == {first.item}
    store.close()


def test_a_cut_shows_exactly_the_frames_of_its_item(away: Path, study: Study) -> None:
    piece = pieces_of(study)[1]
    with av.open(str(piece.video)) as source:
        frames = list(source.decode(video=0))[piece.first : piece.last + 1]
    with av.open(str(away / "R1" / f"{opaque_id(7, 'R1', piece.item)}.mkv")) as cut:
        shown = list(cut.decode(video=0))
    assert len(shown) == len(frames) == piece.last + 1 - piece.first
    since = [float(f.time - frames[0].time) for f in frames]
    assert [float(f.time) for f in shown] == pytest.approx(since, abs=0.0011)
    for one, other in ((0, 0), (-1, -1)):
        apart = frames[one].to_ndarray(format="gray").astype(int)
        apart -= shown[other].to_ndarray(format="gray")
        assert np.abs(apart).mean() < 3


def test_any_order_gives_the_same_labels(away: Path, study: Study) -> None:
    files = [away / f"{who}.labels" for who in PEOPLE]
    outcomes = []
    for number, order in enumerate(itertools.permutations(files)):
        folder = study.folder.with_name(f"copy-{number}")
        copy = open_study(Path(shutil.copytree(study.folder, folder)))
        store = open_store(copy)
        for file in order:
            assert merge(store, [file]).known == 0
        again = merge(store, order)  # twice is once
        assert again.new == 0
        assert store.check() == []
        events = store.events()
        outcomes.append((fold_stages(events), consensus(events), [e.hash for e in events]))
        store.close()
    assert all(outcome == outcomes[0] for outcome in outcomes)
    stand = outcomes[0][0]
    pieces = pieces_of(study)
    assert {key[:2] for key in stand} == {(w, p.item) for w in PEOPLE for p in pieces}
    for piece in pieces:  # a peak is told by the frame of the study's own video
        assert stand["R1", piece.item, "A"]["peak"] == piece.last


def test_what_does_not_hold_is_refused_and_nothing_is_merged(
    away: Path, study: Study, tmp_path: Path
) -> None:
    store = open_store(study)
    good = away / "R1.labels"
    place = Path(shutil.copytree(away / "R2", tmp_path / "R2")) / "labels.sqlite"
    first, second = tmp_path / "one.labels", tmp_path / "two.labels"
    note(place, "before")
    older = place.read_bytes()
    for out in (first, second):  # put back from a copy, and gone on with twice
        place.write_bytes(older)
        note(place, out.name)
        again = LabelStore(place)
        write_events(again, out, study=store.store_id)
        again.close()
    with pytest.raises(BadInputError, match=r"chain of .*@.* forks at event \d+"):
        merge(store, [first, second])
    assert store.events() == []

    for change, said in (
        (lambda e: {**e, "value": "joy"} if e["seq"] == 2 else e, "content was changed"),
        (lambda e: {**e, "signature": "00"} if e["seq"] == 2 else e, "not signed"),
        (lambda e: {**e, "annotator": "R3"} if e["seq"] == 2 else e, "who, when or what"),
        (lambda e: None if e["seq"] == 2 else e, "missing"),
        (lambda e: None if e["seq"] == 0 else e, "begin with the key"),
    ):
        bad = changed(good, tmp_path / "bad.labels", change)
        with pytest.raises(BadInputError, match=rf"does not hold.*{said}"):
            merge(store, [away / "R3.labels", bad])
        assert store.events() == []
    other = create_study(tmp_path / "other", seed=7)
    theirs = open_store(other)
    with pytest.raises(BadInputError, match="another study"):
        merge(theirs, [good])
    theirs.close()
    with pytest.raises(BadInputError, match="holds no labels"):
        merge(store, [away / "R1.zip"])
    assert merge(store, [good]).new > 0
    store.close()


def note(place: Path, text: str) -> None:
    store = LabelStore(place)
    store.set("R2", store.events()[0].item, "note", text, **SHOWN)
    store.close()


def changed(file: Path, out: Path, change: Any) -> Path:
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(out, "w") as new:
        new.writestr("labels.json", old.read("labels.json"))
        lines = [json.loads(x) for x in old.read("events.jsonl").decode().splitlines()]
        kept = [json.dumps(line) for line in map(change, lines) if line is not None]
        new.writestr("events.jsonl", "\n".join(kept))
    return out


def test_what_was_erased_stays_erased_in_any_order(
    away: Path, study: Study, tmp_path: Path
) -> None:
    def of_one(item: str) -> bool:
        return item.startswith("sub-P001_ses-")

    files = [away / f"{who}.labels" for who in PEOPLE]
    whole = open_store(open_study(Path(shutil.copytree(study.folder, tmp_path / "whole"))))
    early = open_store(open_study(Path(shutil.copytree(study.folder, tmp_path / "early"))))
    merge(whole, files)
    assert whole.erase(of_one) > 0
    assert early.erase(of_one) == 0  # nobody has labelled yet, but the names are forgotten
    assert merge(early, files).erased > 0
    for store in (whole, early):
        assert not any(of_one(event.item) for event in store.events())
        assert store.check() == []
    stood = {key for key in fold_stages(whole.events()) if key[1]}
    assert {key for key in fold_stages(early.events()) if key[1]} == stood
    # A copy that knows nothing of the withdrawal learns of it, and one that does stays so.
    handed = tmp_path / "whole.labels"
    write_events(whole, handed)
    ignorant = open_store(study)
    merge(ignorant, files)
    assert merge(ignorant, [handed]).erased > 0
    assert merge(whole, files).new == 0
    for store in (ignorant, whole):
        assert fold_stages(store.events()).keys() == stood
        assert store.check() == []
    for store in (whole, early, ignorant):
        store.close()


def test_by_the_command_line_out_and_back(
    away: Path, study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def call(*words: str) -> tuple[int, dict[str, Any], str]:
        code = main(["labels", *words, "--json"])
        out, err = capsys.readouterr()
        lines = out.strip().splitlines()
        return code, json.loads(lines[-1]) if lines else {}, err

    folder, file = tmp_path / "R9", tmp_path / "R9.zip"
    code, told, _ = call("bundle", str(study.folder), "--for", "R9", "--out", str(file))
    assert (code, told["items"]) == (0, 4)
    assert call("bundle-open", str(file), str(folder))[0] == 0
    code, _, said = call("bundle-out", str(folder), "--out", str(tmp_path / "x.labels"))
    assert (code, "no labels to hand over" in said) == (2, True)
    label(open_bundle(folder), random.Random(2))
    assert call("bundle-out", str(folder), "--out", str(tmp_path / "R9.labels"))[0] == 0
    files = [str(tmp_path / "R9.labels"), str(away / "R1.labels")]
    code, told, _ = call("merge", str(study.folder), *files)
    assert (code, len(told["seats"])) == (0, 2)
    code, told, _ = call("verify", str(study.folder))
    assert (code, told["findings"]) == (0, [])
    code, told, _ = call("freeze", str(study.folder), "--by", "lead")
    assert (code, told["frozen"]) == (0, 0)  # two raters are too few
    store = open_store(study)
    one = sorted(item for _, item, stage in fold_stages(store.events()) if stage == "A")[0]
    store.close()
    code, told, _ = call("freeze", str(study.folder), "--by", "lead", "--item", one)
    assert (code, told["frozen"]) == (0, 1)
    assert call("freeze", str(study.folder), "--by", "lead", "--item", "x")[0] == 2
    code, told, _ = call("seats", str(study.folder))
    assert told["frozen"] == 1
    assert (code, {s["annotators"][0] for s in told["seats"]}) == (0, {"R1", "R9", "lead"})
    listed = tmp_path / "items.txt"
    listed.write_text("sub-P001_ses-01_x/trial-9\n")
    words = ("--for", "R9", "--out", str(tmp_path / "y.zip"), "--items", str(listed))
    code, _, said = call("bundle", str(study.folder), *words)
    assert (code, "no face of" in said) == (2, True)
    with sqlite3.connect(study.folder / "labels.sqlite") as raw:
        raw.execute("DROP TRIGGER no_UPDATE")
        raw.execute("UPDATE label_event SET value = '1' WHERE field = 'category'")
    raw.close()
    code, told, _ = call("verify", str(study.folder))
    assert code == 1
    assert {"its content was changed"} == {f["what"] for f in told["findings"]}

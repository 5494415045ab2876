"""A release tells nobody who, where or when; EMER's layout is one that can be read."""

from __future__ import annotations

import csv
import gzip
import json
import platform
import re
import shutil
import subprocess
import sys
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import av
import numpy as np
import pandas as pd
import pytest
from pyarrow.parquet import read_schema

from emer_studio.cli import main
from emer_studio.core.files import write_json
from emer_studio.dataset.cache import open_cache
from emer_studio.dataset.export.names import Released
from emer_studio.dataset.export.people import age_band
from emer_studio.dataset.import_emer import import_emer
from emer_studio.recording.reader import Recording
from emer_studio.schema.study import StudyFile
from emer_studio.study.folder import open_study
from sessions import write_session

Result = tuple[Path, dict[str, Any]]
VALIDATOR = str(Path(sys.executable).with_name("bids-validator-deno"))
SERIAL, HOST, NOTE = "SN-DISPLAY-471183", "LAB-PC-DR-MILLER", "my aunt lives in Uppsala"
_PAGES = """
  - {id: felt, kind: choice, labels: [happiness, sadness], question: {en: Felt}}
  - {id: move, kind: slider, dimensions: [valence]}
  - {id: mood, kind: items, points: 5, items: {tired: {en: Tired}}, question: {en: Now}}
  - {id: why, kind: text, question: {en: Why}}
blocks:"""
_ANSWERS = (
    ("felt", "choice", "sadness", {}),
    ("move", "slider", {"valence": 0.25}, {"mapped": {"valence": -0.5}}),
    ("mood", "items", {"tired": 4}, {"points": 5, "scores": {"rest": 4}}),
    ("why", "text", NOTE, {}),
)
_DEMOGRAPHICS = """
demographics:
  - {id: age, kind: number, question: {en: Age}, low: 18, high: 99}
  - {id: year_of_birth, kind: number, question: {en: Born}}
  - {id: handedness, kind: choice, question: {en: Hand}, labels: [left, both]}
  - {id: sex, kind: choice, question: {en: Sex}, labels: [female, male]}
  - {id: remark, kind: text, question: {en: Anything else}, optional: true}
"""


@pytest.fixture(scope="module")
def telling_study(
    recorded_study: Result, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[str]]:
    """A copy of the recorded study that tells who, where, when and with what."""
    study = tmp_path_factory.mktemp("telling") / "study"
    shutil.copytree(
        recorded_study[0], study, ignore=shutil.ignore_patterns("derived", "labels.sqlite")
    )
    (session,) = (study / "sessions").iterdir()
    path = session / "session.json"
    about = json.loads(path.read_text())
    about["display"] |= {"serial": SERIAL, "name": SERIAL}
    about["camera"] |= {"details": [f"/home/miller/{HOST}"]}
    about["source_ids"] = {k: f"{HOST}:{v}" for k, v in about["source_ids"].items()}
    write_json(path, about)
    decided = {"trial": 1, "decision": "keep", "reason": NOTE, "suggested": "keep"}
    line = json.dumps({**decided, "by": "miller", "utc": about["started"]})
    (session / "decisions.jsonl").write_text(line + "\n")
    with (session / "journal.jsonl").open("a") as journal:
        for page, kind, value, more in _ANSWERS:
            event = {"t_s": 1e9, "utc": about["started"], "event": "rating", "trial": 1}
            said = {"clip": "up", "page": page, "kind": kind, "value": value, **more}
            journal.write(json.dumps({**event, **said}) + "\n")
        asked = {"event": "answer", "when": "after", "kind": "items", "points": 5}
        for tired in (2, 3):  # asked again after a crash: the last answer counts
            said = {"t_s": 1e9 + tired, "page": "mood", "value": {"tired": tired}}
            journal.write(json.dumps({"utc": about["started"], **asked, **said}) + "\n")
    protocol = study / about["protocol"]
    text = protocol.read_text().replace("\nblocks:", _PAGES)
    protocol.write_text(text + _DEMOGRAPHICS)
    head = "participant\tutc\tprotocol\tage\tyear_of_birth\thandedness\tsex\tremark\n"
    row = f"P001\t{about['started']}\tshort\t23\t2003\tboth\tmale\t{NOTE}\n"
    (study / "demographics.tsv").write_text(head + row)
    write_session(open_study(study), "P077", trials=1)
    consent = {"participant": "P077", "utc": "x", "agreed": True, "given": ["take_part"]}
    line = json.dumps({**consent, "refused": ["share"]})
    (study / "consents.jsonl").write_text(line + "\n")
    day = about["started"][:10]
    words = ["P001", "P077", day, day.replace("-", ""), SERIAL, HOST, NOTE, "miller"]
    return study, [*words, platform.node(), str(study), session.name]


def texts_of(path: Path) -> str:
    """Return all that a file says, whatever it is packed in."""
    raw = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(raw).decode() + raw[:10].decode("latin-1")
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as parts:
            return "\n".join(parts.read(name).decode() for name in parts.namelist())
    if path.suffix == ".parquet":
        return pd.read_parquet(path).to_csv() + str(read_schema(path).metadata)
    if path.suffix == ".mkv":
        with av.open(str(path)) as film:
            assert [stream.type for stream in film.streams] == ["video"]
            return json.dumps([film.metadata, film.streams[0].metadata])
    return "" if path.suffix == ".jpg" else raw.decode()


@pytest.mark.parametrize("form", ["bids", "tables", "emer"])
def test_nothing_in_a_release_tells_who_where_or_when(
    telling_study: tuple[Path, list[str]], tmp_path: Path, form: str
) -> None:
    study, words = telling_study
    before = sorted(path for path in study.rglob("*") if "derived" not in path.parts)
    command = ["export", str(study), "--format", form, "--release", "--out"]
    plain = [*command[:4], "--out", str(tmp_path / "plain")]
    if form == "tables":  # the needles are found where they are: the search can fail
        assert main(plain) == 0
        found = "".join(texts_of(path) for path in (tmp_path / "plain").iterdir())
        assert all(word in found for word in ("P001", NOTE, "year_of_birth"))
    out, kept = tmp_path / "out", tmp_path / "map.csv"
    assert main([*command, str(out), "--keep-map", str(kept)]) == 0
    files = [path for path in out.rglob("*") if path.is_file()]
    assert len(files) > 8
    for path in files:
        said = f"{path.relative_to(out)}\n{texts_of(path)}"
        for word in words:
            edge = r"(?<![A-Za-z0-9]){}(?![A-Za-z0-9])"
            hit = re.search(edge.format(re.escape(word)), said)
            assert hit is None, f"{path.name}: {said[hit.start() - 60 : hit.end() + 60]}"
        raw = path.read_bytes()
        assert not [word for word in words if len(word) > 7 and word.encode() in raw]
    assert not [path for path in files if path.suffix in (".xdf", ".mka")]
    assert {"EULA.md", "DATASHEET.md"} <= {path.name for path in files}
    with kept.open(newline="") as stream:
        codes = {row["participant"]: row["new_code"] for row in csv.DictReader(stream)}
    assert codes["P001"] in "".join(map(texts_of, files))
    assert codes["P077"] not in "".join(map(texts_of, files))
    after = sorted(path for path in study.rglob("*") if "derived" not in path.parts)
    assert after == before
    if form == "bids":
        done = subprocess.run(
            [VALIDATOR, str(out)], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout
        (path,) = out.rglob("*_beh.tsv")
        questions = pd.read_csv(path, sep="\t")
        assert questions[["asked", "page", "value"]].values.tolist() == [
            ["after", "mood", 3]
        ]
        people = pd.read_csv(out / "participants.tsv", sep="\t")
        assert people[["sex", "handedness_answer"]].values.tolist() == [["male", "both"]]
    if form == "tables":
        people = pd.read_csv(out / "participants.csv")
        assert people["age_band"].tolist() == ["20-24"]
        assert not {"age", "remark", "year_of_birth"} & set(people)
        trials = pd.read_csv(out / "trials.csv")
        first = trials[trials["trial"] == 1].iloc[0]
        answers = first[["decision", "felt", "move_valence", "mood_tired", "er_emotion"]]
        assert answers.tolist() == ["keep", "sadness", 0.25, 4, "sadness"]
        assert first["er_valence"] == -0.5
        said = pd.read_csv(out / "ratings.csv")
        assert said[said["item"] == "score rest"]["value"].tolist() == ["4"]
        assert said[said["asked"] == "after"]["value"].tolist() == ["3"]
        assert "why" not in {*trials, *said["page"]}


def test_emer_layout_is_read_by_code_for_emer(
    telling_study: tuple[Path, list[str]], tmp_path: Path
) -> None:
    study, out = telling_study[0], tmp_path / "e"
    assert main(["export", str(study), "--format", "emer", "--out", str(out)]) == 0
    names = sorted(path.name for path in (out / "face/set1").iterdir())
    assert names == ["1_down", "1_up"]
    lines = (out / "emer_set.txt").read_text().split()
    assert lines == ["set1", *names, "set2", "set3", "set4", "set5"]
    (session,) = (study / "sessions").glob("sub-P001*")
    recording = Recording(session)
    clips = {event["trial"]: event["clip"] for event in recording.events("clip_onset")}
    felt = {
        f"1_{clips[one['trial']]}": one["mapped"]["valence"]
        for one in recording.ratings
        if isinstance(one.get("mapped"), dict)
    }
    labels = pd.read_excel(out / "EMER_label.xlsx")
    assert dict(zip(labels["ID"], labels["er_valence"], strict=True)) == felt
    for name in names:
        frames = sorted(path.name for path in (out / "face/set1" / name).iterdir())
        assert frames == [f"{k:05d}.jpg" for k in range(1, len(frames) + 1)]
        assert len(frames) > 50
    display = recording.manifest.display
    display_px = (float(display["width_px"]), float(display["height_px"]))
    back = import_emer(out, tmp_path / "back", display_px=display_px)
    assert (back.samples, back.columns, back.left_out, back.doubts) == (2, 39, [], [])
    dataset = open_cache(tmp_path / "back")
    for index, row in enumerate(dataset.samples):
        assert row.er_valence == felt[row.sample_id]
        eyes = pd.read_excel(out / f"eye/{row.sample_id}.xlsx")
        assert len(eyes) == pytest.approx(240, abs=6)
        gaze = np.asarray(dataset.clip(index).eyes)[:, 0] * display_px[0]
        told = eyes["Gaze point X [DACS px]"].to_numpy(float)
        assert gaze == pytest.approx(told, abs=1e-2, nan_ok=True)


def test_features_only_shows_nobody(
    telling_study: tuple[Path, list[str]], tmp_path: Path
) -> None:
    for form in ("bids", "emer"):
        out = tmp_path / form
        words = ["export", str(telling_study[0]), "--format", form, "--out", str(out)]
        assert main([*words, "--release", "--features-only"]) == 0
        suffixes = {path.suffix for path in out.rglob("*") if path.is_file()}
        assert suffixes.isdisjoint({".mkv", ".jpg", ".png", ".xdf", ".mka", ".npz"})
        assert json.loads((out / "export.json").read_text())["consent_scopes"] == ["share"]


def test_the_map_stays_out_of_the_export(
    telling_study: tuple[Path, list[str]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["export", str(telling_study[0]), "--format", "tables", "--release"]
    out = tmp_path / "out"
    for path in (out / "map.csv", Path(__file__)):
        assert main([*words, "--out", str(out), "--keep-map", str(path)]) == 2
        assert not out.exists()
    assert "already exists" in capsys.readouterr().err


def test_codes_and_days_are_new_and_stay_the_same() -> None:
    file = StudyFile(name="s", created="2026-01-01T00:00:00.000Z", seed=7)
    people = [f"P{k:03d}" for k in range(200)]
    latest = "2031-12-30T23:00:00.000Z"
    names = Released(file, people, latest)
    codes = [names.person(code) for code in people]
    assert len(set(codes)) == 200
    assert all(re.fullmatch(r"R[A-Z2-7]{6}", code) for code in codes)
    fewer = Released(file, people[:5], latest)
    assert [fewer.person(code) for code in people[:5]] == codes[:5]
    other = Released(file.model_copy(update={"seed": 8}), people, latest)
    assert not set(codes) & {other.person(code) for code in people}
    shifts = np.array([names.shift_days(code) for code in people])
    assert len(set(shifts.tolist())) > 180
    for code in people:
        first, last = (names.when(code, day) for day in ("2026-03-01T10:30:00Z", latest))
        days = date.fromisoformat(last[:10]) - date.fromisoformat(first[:10])
        assert days == date(2031, 12, 30) - date(2026, 3, 1)
        assert first.endswith("T10:30:00Z")
        assert int(last[:4]) <= 1925
    assert [age_band(years) for years in (18, 20, 24.9, 25)] == [
        "15-19",
        "20-24",
        "20-24",
        "25-29",
    ]

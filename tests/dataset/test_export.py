"""Exports of a recorded study: the official validator accepts them, consent decides."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from emer_studio.cli import main
from emer_studio.core.process import Child
from emer_studio.dataset.export.columns import Column, Table, as_tsv
from emer_studio.recording.reader import Recording, count_video_frames
from emer_studio.schema.consent import VIDEO_SCOPE
from emer_studio.study.consents import Consent, Consents
from emer_studio.study.folder import create_study
from sessions import write_session

Result = tuple[Path, dict[str, Any]]
VALIDATOR = str(Path(sys.executable).with_name("bids-validator-deno"))
_JUNK = shutil.ignore_patterns("derived", "labels.sqlite")


def exported(*words: object, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Run the command in this process and return its result."""
    capsys.readouterr()
    assert main(["export", *map(str, words), "--json"]) == 0, capsys.readouterr().err
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def judged(folder: Path) -> list[dict[str, Any]]:
    """Return the errors of the official validator."""
    done = subprocess.run(
        [VALIDATOR, str(folder), "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    found = json.loads(done.stdout)
    assert found["summary"]["totalFiles"] > 0
    return [one for one in found["issues"]["issues"] if one["severity"] == "error"]


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def agree(study: Path, code: str, *given: str, refused: tuple[str, ...] = ()) -> None:
    Consents(study).add(Consent(code, "2026-01-01T00:00:00Z", True, given, refused))


def test_bids_passes_the_official_validator(
    recorded_study: Result, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study, ran = recorded_study
    out = tmp_path / "bids"
    result = exported(study, "--format", "bids", "--out", out, capsys=capsys)
    assert result["consent_scopes"] == ["share", VIDEO_SCOPE]
    assert (result["trials"], result["left_out"], result["simulated"]) == (2, [], True)
    assert judged(out) == []
    recording = Recording(Path(str(ran["session"])))
    beh = out / "sub-P001/ses-01/beh"
    stem = "sub-P001_ses-01_task-emer"
    events = rows_of(beh / f"{stem}_events.tsv")
    onsets = [event["t_s"] for event in recording.events("clip_onset")]
    gaze = recording.gaze()
    assert gaze is not None
    zero_s = json.loads((beh / f"{stem}_recording-eye3_physio.json").read_text())[
        "ZeroLSLClock"
    ]
    told = [float(row["onset"]) + zero_s for row in events]
    assert told == pytest.approx(onsets, abs=1e-3)
    for row, rating in zip(events, recording.ratings, strict=True):
        assert int(row["sam_valence"]) == rating["value"]["valence"]
        assert float(row["er_arousal"]) == rating["mapped"]["arousal"]
        shown = recording.manifest.clips_sha256[row["stimulus"]]
        assert (row["stimulus_sha256"], row["trial_type"]) == (shown, "clip")
    for k in (1, 2, 3):
        raw = gzip.decompress((beh / f"{stem}_recording-eye{k}_physio.tsv.gz").read_bytes())
        times_s = np.array(
            [line.split("\t")[0] for line in raw.decode().splitlines()], float
        )
        assert times_s + zero_s == pytest.approx(gaze.stamps_s, abs=1e-5)
    source = out / "sourcedata/sub-P001/ses-01"
    assert count_video_frames(source / "face_001.mkv") == count_video_frames(
        recording.videos[0]
    )
    clips = set(recording.manifest.clips_sha256.values())
    files = [path for path in out.rglob("*") if path.is_file()]
    assert not clips & {hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    about = beh / f"{stem}_events.json"
    kept = json.loads(about.read_text())
    kept.pop("StimulusPresentation")
    about.write_text(json.dumps(kept))
    assert {one["code"] for one in judged(out)} == {"INCOMPLETE_STIMULUS_PRESENTATION"}


def test_tabs_and_quotes_do_not_break_a_table() -> None:
    columns = (Column("said", "words"), Column("n", "count", dtype="Int64"))
    rows = [{"said": 'a\t"b"\r\nc', "n": 1}, {"said": None}]
    assert as_tsv(Table("t", columns, rows).frame()) == 'said\tn\na "b" c\t1\nn/a\tn/a\n'


def test_an_export_never_overwrites(
    recorded_study: Result, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    words = ["export", str(recorded_study[0]), "--format", "tables", "--out", str(tmp_path)]
    assert main(words) == 2
    assert "not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_what_is_cut_off_leaves_nothing_that_looks_like_an_export(
    recorded_study: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("emer_studio.dataset.export.cmd_export.write_paperwork", full)
    words = ["export", str(recorded_study[0]), "--format", "tables", "--out"]
    assert main([*words, str(tmp_path / "out")]) == 1
    assert list(tmp_path.iterdir()) == []


def test_consent_decides_what_goes_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = create_study(tmp_path / "s", seed=1)
    for code in ("P001", "P002", "P003", "P004", "P005"):
        folder = write_session(study, code, trials=1)
        path = folder / "session.json"
        about = json.loads(path.read_text())
        about["display"] = {"width_px": 1920, "height_px": 1080}
        if code == "P005":
            about["video_withdrawn"] = "2026-01-02"
        path.write_text(json.dumps(about))
    table = study.folder / "participants.tsv"
    table.write_text(table.read_text().replace("\tyes\tsimulated", "\tno\ton paper"))
    agree(study.folder, "P001", "take_part", VIDEO_SCOPE, "share")
    agree(study.folder, "P002", "take_part", VIDEO_SCOPE, refused=("share",))
    agree(study.folder, "P003", "take_part", "share", refused=(VIDEO_SCOPE,))
    agree(study.folder, "P005", "take_part", VIDEO_SCOPE, "share")
    out = tmp_path / "out"
    words = (study.folder, "--format", "bids", "--out")
    result = exported(*words, out, capsys=capsys)
    told = {(one["participant"], one["what"]): one["reason"] for one in result["left_out"]}
    assert set(told) == {
        ("P002", "everything"),
        ("P003", "face video"),
        ("P004", "everything"),
        ("P005", "face video"),
    }
    assert "'share'" in told["P002", "everything"]
    assert "--on-paper P004" in told["P004", "everything"]
    assert {row["participant"] for row in rows_of(out / "left_out.tsv")} == {
        code for code, _ in told
    }
    people = [row["participant_id"] for row in rows_of(out / "participants.tsv")]
    assert people == ["sub-P001", "sub-P003", "sub-P005"]
    assert not list(out.rglob("*P002*")) + list(out.rglob("*P004*"))
    videos = [path.parts[-3] for path in out.rglob("*.mkv")]
    assert videos == ["sub-P001"]
    assert judged(out) == []
    paper = exported(*words, tmp_path / "b", "--on-paper", "P004", capsys=capsys)
    assert paper["participants"] == 4
    assert main(["export", *map(str, words), str(tmp_path / "c"), "--on-paper", "P9"]) == 2
    # taken back later: the last word about a scope counts
    agree(study.folder, "P001", refused=("share",))
    again = exported(*words, tmp_path / "d", capsys=capsys)
    assert again["participants"] == 2


def test_what_is_broken_is_told_and_the_rest_goes_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = create_study(tmp_path / "s", seed=1)
    deaf, unseen = (write_session(study, code, trials=1) for code in ("P001", "P002"))
    (deaf / "streams_001.xdf").unlink()
    (unseen / "face_001.mkv").write_bytes(b"no video")
    out = tmp_path / "out"
    result = exported(study.folder, "--format", "bids", "--out", out, capsys=capsys)
    told = {(one["participant"], one["what"]): one["reason"] for one in result["left_out"]}
    assert set(told) == {("P001", "eyes"), ("P002", "eyes"), ("P002", "face_001.mkv")}
    assert "no gaze stream" in told["P001", "eyes"]
    assert "size in pixels" in told["P002", "eyes"]
    assert result["trials"] == 2
    assert str(tmp_path) not in (out / "left_out.tsv").read_text()
    assert judged(out) == []


def test_tables_are_whole_and_every_column_is_explained(
    recorded_study: Result, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study, ran = recorded_study
    out = tmp_path / "t"
    result = exported(study, "--format", "tables", "--out", out, capsys=capsys)
    assert result["consent_scopes"] == ["share"]
    book = pd.read_csv(out / "data_dictionary.csv", keep_default_na=False)
    names = {path.stem for path in out.glob("*.parquet")}
    assert names == {"trials", "ratings", "eye_measures", "eye_events", "participants"}
    for name in sorted(names):
        stored = pd.read_parquet(out / f"{name}.parquet")
        text = pd.read_csv(out / f"{name}.csv")
        mine = book[book["table"] == name]
        assert list(stored) == list(text) == list(mine["column"])
        assert len(stored) == len(text) > 0
        assert (mine["meaning"].str.len() > 3).all()
        assert (mine["source"].str.len() > 3).all()
        for column in mine.loc[mine["unit"] != "", "column"]:
            values = stored[column].astype("Float64").to_numpy(float, na_value=np.nan)
            assert values == pytest.approx(text[column].to_numpy(float), nan_ok=True)
    recording = Recording(Path(str(ran["session"])))
    ratings = pd.read_csv(out / "ratings.csv")
    said = [value for one in recording.ratings for value in one["value"].values()]
    assert ratings["value"].tolist() == said
    measures = pd.read_csv(out / "eye_measures.csv")
    events = pd.read_csv(out / "eye_events.csv")
    counted = events[events["kind"] == "saccade"].groupby("trial").size()
    assert counted.tolist() == measures["saccades"].tolist()
    assert measures["pupil_unit"].tolist() == ["mm", "mm"]
    assert measures["pupil_baseline"].between(1.5, 9).all()


def test_a_dry_run_tells_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = create_study(tmp_path / "study", seed=1)
    for code in ("P001", "P002", "P003"):
        write_session(study, code)
    agree(study.folder, "P001", "share", refused=(VIDEO_SCOPE,))
    agree(study.folder, "P002", "take_part", refused=("share",))
    before = sorted(tmp_path.rglob("*"))
    words = (study.folder, "--format", "bids", "--dry-run")
    told = exported(*words, "--out", tmp_path / "out", capsys=capsys)
    assert told["dry_run"]
    out = {one["participant"]: one["video"] for one in told["goes_out"]}
    assert out == {"P001": False, "P003": True}
    kept = {(one["participant"], one["what"]) for one in told["left_out"]}
    assert kept == {("P001", "face video"), ("P002", "everything")}
    only = exported(*words, "--features-only", capsys=capsys)  # needs no folder
    assert (only["videos"], [one["what"] for one in only["left_out"]]) == (
        0,
        ["everything"],
    )
    assert sorted(tmp_path.rglob("*")) == before
    taken = ["export", *map(str, words), "--out", str(study.folder)]
    assert main(taken) == 2
    assert "not empty" in capsys.readouterr().err


def test_an_export_that_is_stopped_leaves_nothing(tmp_path: Path) -> None:
    study = create_study(tmp_path / "study", seed=1)
    write_session(study)
    out = tmp_path / "out"
    words = ["export", str(study.folder), "--format", "bids", "--out", str(out), "--events"]
    child = Child("export", words)
    assert child.stop(30.0) == 130
    assert sorted(path.name for path in tmp_path.iterdir()) == ["study"]

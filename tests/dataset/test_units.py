"""What experts label and what a dataset has as samples are the same spans of a clip."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emer_studio.cli import main
from emer_studio.core.files import write_json
from emer_studio.dataset.assembly import BuildReport
from emer_studio.dataset.build import build_dataset
from emer_studio.dataset.cache_reader import Dataset, open_cache
from emer_studio.dataset.clip_facts import read_clips
from emer_studio.labels.places import places_of
from emer_studio.labels.store import LabelStore, open_store
from emer_studio.labels.units import windows_of
from emer_studio.recording.reader import Recording
from emer_studio.schema.dataset import parse_sample
from emer_studio.study.folder import Study, create_study, open_study
from emer_studio.ui.explore.trial import ExploredSession
from emer_studio.ui.label.items import find_items
from sessions import write_session

VALIDATOR = str(Path(sys.executable).with_name("bids-validator-deno"))
_PROTOCOL = """
name: {name}
title: {{en: T}}
clips: ../stimuli/demo.yaml
label_unit: {unit}
rating_pages: [{{id: sam, kind: sam, dimensions: [valence, arousal]}}]
blocks: [{{id: main, ratings: [sam]}}]
"""
_CLIPS = """
name: demo
clips:
  - {id: happiness, file: h.mp4, emotion: happiness, trim_in_s: 0.1, peak_s: 0.3}
  - {id: sadness, file: s.mp4, emotion: sadness}
"""


def session_of(study: Study, code: str, unit: str) -> Path:
    """Record 0.6 s of two clips with a protocol of this unit; sadness is felt in both."""
    folder = write_session(study, code, trials=2, size=(320, 240))
    protocol = study.folder / "protocols" / f"{code}.yaml"
    protocol.parent.mkdir(exist_ok=True)
    protocol.write_text(_PROTOCOL.format(name=code, unit=unit))
    path = folder / "session.json"
    about = json.loads(path.read_text())
    about["display"] = {"width_px": 1920, "height_px": 1080}
    write_json(path, {**about, "protocol": f"protocols/{code}.yaml"})
    with (folder / "journal.jsonl").open("a") as journal:
        for trial in (1, 2):
            said = {"page": "felt", "kind": "choice", "value": "sadness", "trial": trial}
            event = {"t_s": 2e3, "utc": about["started"], "event": "rating", **said}
            journal.write(json.dumps(event) + "\n")
    return folder


@pytest.fixture(scope="module")
def built(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Study, Dataset, BuildReport]:
    """A study whose sessions label windows and peaks, and its dataset."""
    base = tmp_path_factory.mktemp("units")
    create_study(base / "study", seed=1)
    with (base / "study/study.yaml").open("a", encoding="utf-8") as stream:
        stream.write("consensus: {quorum: 1}\n")  # a lab of one rater
    study = open_study(base / "study")
    windowed = session_of(study, "P001", "{kind: windows, seconds: 0.2}")
    session_of(study, "P002", "{kind: peak, seconds: 0.25}")
    (study.folder / "stimuli").mkdir(exist_ok=True)
    (study.folder / "stimuli/demo.yaml").write_text(_CLIPS)
    store = LabelStore(study.folder / "labels.sqlite")
    for item, seen in (("trial-1/w-02", "fear"), ("trial-2", "anger")):
        name = f"{windowed.name}/{item}"
        store.set("E1", name, "category", seen, visible={"mode": "blind"}, input_by="key")
    store.close()
    report = build_dataset(study, base / "dataset", workers=1)
    return study, open_cache(base / "dataset"), report


def test_windows_leave_nothing_out() -> None:
    assert windows_of(10, 15.02, 2) == ((10, 12), (12, 14), (14, 15.02))
    assert windows_of(10, 14.9, 2) == ((10, 12), (12, 14), (14, 14.9))
    assert windows_of(10, 14.6, 2) == ((10, 12), (12, 14.6))  # the rest is too short
    assert windows_of(10, 11, 4) == ((10, 11),)
    assert [len(windows_of(0, end, 2)) for end in (3.95, 4.0, 4.05)] == [2, 2, 2]


def test_samples_are_what_experts_label(built: tuple[Study, Dataset, BuildReport]) -> None:
    study, dataset, report = built
    first, second = study.sessions()
    ids = [sample.sample_id for sample in dataset.samples]
    windows = [f"trial-{trial}/w-{w:02d}" for trial in (1, 2) for w in (1, 2, 3)]
    assert ids == [*(f"{first.name}/{w}" for w in windows), f"{second.name}/trial-1/peak"]
    assert ids == [item.id for item in find_items(study)]
    assert [item.part for item in find_items(study)][2:4] == ["w-03", "w-01"]
    assert (report.samples, report.trials, report.weak) == (7, 3, 7)
    units = ("the peak ± 0.25 s", "windows of 0.2 s")
    assert dataset.manifest.units == units
    assert "different kinds" in dataset.manifest.notes
    assert {sample.er_emotion for sample in dataset.samples} == {"sadness"}
    assert all(sample.er_weak for sample in dataset.samples)
    shown = Recording(second.folder).whole_clips[0]
    peak = dataset.samples[6]
    assert (peak.unit, peak.start_s) == ("peak", shown.onset_s)  # 0.2 - 0.25: cut
    assert peak.end_s - peak.start_s == pytest.approx(0.45)
    lost = {"session": second.name, "trial": 2}
    why = "the clip sadness has no peak_s in the session's clip manifest"
    assert report.left_out == [{**lost, "reason": why}]


def test_windows_are_cut_from_what_was_worked_out_for_the_whole(
    built: tuple[Study, Dataset, BuildReport],
) -> None:
    study, dataset, _ = built
    recording = Recording(study.sessions()[0].folder)
    frames, gaze = recording.frame_times(recording.videos[0]), recording.gaze()
    assert gaze is not None
    shown = recording.whole_clips[1]
    starts = [sample.start_s for sample in dataset.samples[3:6]]
    assert starts == pytest.approx([shown.onset_s + k * 0.2 for k in range(3)])
    for stamps, what in ((frames, "face_times_s"), (gaze.stamps_s, "eye_times_s")):
        own = [getattr(dataset.clip(index), what) for index in (3, 4, 5)]
        assert all(times.min() >= 0 and times.max() < 0.2 + 1e-6 for times in own)
        times = np.concatenate([t + s for t, s in zip(own, starts, strict=True)])
        inside = (stamps >= shown.onset_s) & (stamps < shown.end_s)
        assert times == pytest.approx(stamps[inside])
    measures = pd.read_csv(dataset.folder / "measures.csv")
    baselines = measures["pupil_baseline"][3:6]  # before the clip, not before the window
    assert baselines.nunique() == 1
    assert baselines.notna().all()


def test_experts_labels_belong_to_their_own_span(
    built: tuple[Study, Dataset, BuildReport],
) -> None:
    _, dataset, _ = built
    assert [s.fer_emotion for s in dataset.samples] == [None, "fear", *[None] * 5]
    with (dataset.folder / "votes.csv").open() as stream:
        votes = list(csv.DictReader(stream))
    named = [(row["sample_id"], row["fear"]) for row in votes]
    assert named == [(dataset.samples[1].sample_id, "1")]
    with (dataset.folder / "trials.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert all("no label of its parts" in row["remarks"] for row in rows[3:6])
    assert (rows[-1]["used"], rows[-1]["part"]) == ("left out", "")
    study = built[0]
    store = open_store(study)  # the explorer tells labels of what is frozen
    store.freeze("LEAD", "A", sorted({event.item for event in store.events()}))
    store.close()
    explored = ExploredSession(study, study.sessions()[0].folder)
    told = [
        {p: seen.category for p, seen in explored.story(k).labels.items()} for k in (0, 1)
    ]
    assert told == [{"w-02": "fear"}, {"": "anger"}]


def test_the_clips_are_told_with_what_they_are_meant_to_evoke(
    built: tuple[Study, Dataset, BuildReport],
) -> None:
    clips = read_clips(built[1].folder)
    assert {n: c.emotion for n, c in clips.items()} == {
        "happiness": "happiness", "sadness": "sadness",
    }  # fmt: skip


def test_places_of_parts_follow_one_another_in_the_video(
    built: tuple[Study, Dataset, BuildReport],
) -> None:
    places = places_of(built[0])
    trial = f"{built[0].sessions()[0].name}/trial-1"
    parts = [place for item, place in places.items() if item.startswith(f"{trial}/w-")]
    whole = places[trial]
    assert len(parts) == 3
    assert (parts[0].first, parts[-1].last) == (whole.first, whole.last)
    for before, after in pairwise(parts):
        assert before.last < after.first <= before.last + 2
        assert before.start_ms < before.end_ms <= after.start_ms + 1


def test_exports_tell_parts(
    built: tuple[Study, Dataset, BuildReport], tmp_path: Path
) -> None:
    words = ["export", str(built[0].folder), "--format"]
    for form in ("tables", "bids", "emer"):
        assert main([*words, form, "--out", str(tmp_path / form)]) == 0
    labels = pd.read_csv(tmp_path / "tables/labels.csv")
    assert labels["part"].tolist() == ["w-01", "w-02", "w-03"] * 2 + ["peak"]
    assert labels["fer_emotion"].dropna().tolist() == ["fear"]
    assert len(pd.read_csv(tmp_path / "tables/trials.csv")) == 4
    done = subprocess.run(
        [VALIDATOR, str(tmp_path / "bids")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    (events,) = (tmp_path / "bids/sub-P001").rglob("*_events.tsv")
    kinds = pd.read_csv(events, sep="\t")["trial_type"].tolist()
    assert kinds == ["clip", "part", "part", "part"] * 2
    sheet = pd.read_excel(tmp_path / "emer/EMER_label.xlsx")
    assert sheet["ID"].tolist()[1::5] == ["1_happiness_w02", "2_happiness_peak"]
    assert sheet["er_weak"].all()


def test_datasets_written_before_units_are_whole_clips() -> None:
    old = {
        "sample_id": "s/trial-1",
        "participant": "P",
        "stimulus": "c",
        "er_emotion": "fear",
    }
    data = dict.fromkeys(("frame_first", "n_frames", "eye_first", "n_eyes"), "0")
    sample = parse_sample({**old, **data, "sha256": "0" * 64}, "samples.csv")
    assert (sample.unit, sample.er_weak, sample.trial_id) == ("clip", False, "s/trial-1")


def test_a_clip_without_a_peak_is_told_before_anyone_sits_down(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clips = tmp_path / "stimuli/demo.yaml"
    clips.parent.mkdir()
    clips.write_text(_CLIPS.replace("emotion", "generate: joy, emotion"))
    protocol = tmp_path / "protocols/p.yaml"
    protocol.parent.mkdir()
    protocol.write_text(_PROTOCOL.format(name="p", unit="{kind: peak, seconds: 1}"))
    assert main(["protocol", "check", str(protocol)]) == 0
    told = "".join(capsys.readouterr())
    assert "1 of 2 clips have no peak_s in 'demo' and will be in no dataset" in told

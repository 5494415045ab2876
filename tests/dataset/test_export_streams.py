"""EDA, ECG, EEG and the like go out with units, and a release tells no device."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emer_studio.cli import main
from emer_studio.core.files import write_json
from emer_studio.recording.reader import Recording
from emer_studio.recording.xdf import XdfWriter
from emer_studio.study.folder import create_study
from sessions import write_session

VALIDATOR = str(Path(sys.executable).with_name("bids-validator-deno"))
SERIAL, HOST = "448812", "LAB-PC-DR-MILLER"
Channels = tuple[tuple[str, str], ...]
STREAMS: dict[str, tuple[str, float, str, Channels]] = {
    f"Wrist-{SERIAL}": ("EDA", 64.0, "float32", (("EDA", "microsiemens"),)),
    f"Cap-{SERIAL}": (
        "EEG",
        100.0,
        "double64",
        (("Fp1", "microvolts"), ("Fp1", "microvolts"), (f"aux-{SERIAL}", ""), ("", "")),
    ),
    "Beats": (f"Strap {SERIAL}", 0.0, "float32", (("rr interval", "ms"),)),
    "Keys": ("Keyboard", 0.0, "string", (("key", ""),)),
    "Desk": ("Audio", 8000.0, "float32", (("mono", ""),)),
}


def header(name: str) -> str:
    kind, rate, form, channels = STREAMS[name]
    listed = "".join(
        f"<channel><label>{text}</label><unit>{unit}</unit></channel>"
        for text, unit in channels
    )
    return (
        f'<?xml version="1.0"?><info><name>{name}</name><type>{kind}</type>'
        f"<channel_count>{len(channels)}</channel_count><nominal_srate>{rate}</nominal_srate>"
        f"<channel_format>{form}</channel_format><source_id>{HOST}-{name}</source_id>"
        f"<hostname>{HOST}</hostname><desc><channels>{listed}</channels></desc></info>"
    )


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session of two trials with streams of types that the program knows nothing of."""
    made = create_study(tmp_path_factory.mktemp("streams") / "study", seed=1)
    folder = write_session(made, trials=2)
    path = folder / "session.json"
    display = {"width_px": 1920, "height_px": 1080}
    write_json(path, {**json.loads(path.read_text()), "display": display})
    first_s, end_s = 1000.1, 1002.4
    writer = XdfWriter(folder / "streams_002.xdf")
    for name, (kind, rate, form, channels) in STREAMS.items():
        number = writer.add_stream(header(name))
        writer.offset(number, first_s, 0.0)
        times = np.arange(first_s, end_s, 1 / (rate or 3.0))
        if form == "string":
            writer.samples(number, times, [["a"] for _ in times])
            continue
        values = np.arange(len(times) * len(channels)).reshape(len(times), -1) / 8
        if kind == "EDA":  # lost for a while, in the middle of the first trial
            lost = (times > 1000.5) & (times < 1000.6)
            times, values = times[~lost], values[~lost]
        writer.samples(number, times, values.astype(form.replace("double", "float")))
    writer.close()
    return made.folder


def test_tables_have_every_sample_of_a_trial_and_what_it_amounts_to(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "t"
    words = ["export", str(study), "--format", "tables", "--out", str(out), "--json"]
    assert main(words) == 0
    result = json.loads(capsys.readouterr().out)
    told = {one["what"]: one["reason"] for one in result["left_out"]}
    assert set(told) == {"stream other2", "stream other3"}
    assert "text and no numbers" in told["stream other2"]
    assert "sound" in told["stream other3"]
    assert result["consent_scopes"] == ["share"]
    (session,) = (study / "sessions").iterdir()
    recording = Recording(session)
    eda = next(s for s in recording.streams if s.header.type == "EDA")
    shown = recording.whole_clips[0]
    inside = (eda.stamps_s >= shown.onset_s) & (eda.stamps_s < shown.end_s)
    rows = pd.read_csv(out / "streams/P001_ses-01_eda.csv")
    mine = rows[rows["trial"] == 1]
    assert mine["time_s"].to_numpy() + shown.onset_s == pytest.approx(eda.stamps_s[inside])
    assert mine["EDA"].tolist() == eda.values[inside, 0].tolist()
    stored = pd.read_parquet(out / "streams/P001_ses-01_eda.parquet")
    assert stored["EDA"].tolist() == rows["EDA"].tolist()
    summary = pd.read_csv(out / "streams.csv")
    one = summary[(summary["stream"] == "eda") & (summary["trial"] == 1)].iloc[0]
    assert (one["samples"], one["unit"]) == (len(mine), "microsiemens")
    assert one["share"] == pytest.approx(len(mine) / (64 * 0.6), abs=1e-3)
    assert one["share"] < 0.9  # the gap stays one
    assert one["mean"] == pytest.approx(mine["EDA"].mean(), rel=1e-5)
    assert one["sd"] == pytest.approx(mine["EDA"].std(), rel=1e-4)
    irregular = summary[summary["stream"] == "other"]
    assert irregular["share"].isna().all()
    book = pd.read_csv(out / "data_dictionary.csv", keep_default_na=False)
    units = book[book["table"] == "streams/*_eeg"].set_index("column")["unit"].to_dict()
    eeg = {"Fp1": "microvolts", "eeg_2": "microvolts", f"aux_{SERIAL}": "", "eeg_4": ""}
    assert {name: units[name] for name in eeg} == eeg
    assert list(summary) == book.loc[book["table"] == "streams", "column"].tolist()


@pytest.mark.parametrize("release", [False, True])
def test_bids_has_them_for_the_whole_session(
    study: Path, tmp_path: Path, release: bool
) -> None:
    out = tmp_path / "bids"
    words = ["export", str(study), "--format", "bids", "--out", str(out)]
    assert main([*words, *["--release"] * release]) == 0
    done = subprocess.run(
        [VALIDATOR, str(out)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout
    found = sorted(out.rglob("*_physio.tsv.gz"))
    labels = [path.name.split("_recording-")[1].split("_")[0] for path in found]
    assert labels == ["eda", "eeg", "eye1", "eye2", "eye3", "other"]
    facts = json.loads(found[0].with_suffix("").with_suffix(".json").read_text())
    lines = gzip.decompress(found[0].read_bytes()).decode().splitlines()
    (session,) = (study / "sessions").iterdir()
    recording = Recording(session)
    eda = next(s for s in recording.streams if s.header.type == "EDA")
    table = np.array([line.split("\t") for line in lines], float)
    assert facts["Columns"] == ["timestamp", "EDA"]
    assert (facts["SamplingFrequency"], facts["EDA"]["Units"]) == (64.0, "microsiemens")
    assert table[:, 0] == pytest.approx(eda.stamps_s - recording.journal[0]["t_s"])
    assert table[0, 0] == facts["StartTime"]
    assert table[:, 1].tolist() == eda.values[:, 0].tolist()
    beats = json.loads(found[-1].with_suffix("").with_suffix(".json").read_text())
    assert "Irregular" in beats
    assert beats["SamplingFrequency"] == pytest.approx(3.0, abs=0.01)
    texts = [str(p.relative_to(out)) for p in out.rglob("*")]
    texts += [p.read_text() for p in out.rglob("*") if p.suffix in (".json", ".tsv", ".md")]
    telling = [word for word in (SERIAL, HOST) if any(word in text for text in texts)]
    assert telling == ([] if release else [SERIAL])

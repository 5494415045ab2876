"""Tables of other programs, and a recorded TittaLSL stream, become the same gaze."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.features.eyes import read_gaze
from emer_studio.features.gaze_files import read_gaze_file
from emer_studio.recording.reader import load_streams
from emer_studio.recording.xdf import XdfWriter
from emer_studio.synthetic.gaze import GazeBatch, GazeModel
from gaze_headers import header, titta

N = 240
PX = (1920, 1080)


@pytest.fixture(scope="module")
def truth() -> GazeBatch:
    batch = GazeModel(5, 120.0, loss_hz=1.0).next(N)
    assert 0 < (~batch.valid).sum() < N
    return batch


def pro_lab(truth: GazeBatch, *, suffixed: bool) -> pd.DataFrame:
    """The columns of an export with an event row and a mouse row in it."""

    def name(text: str, unit: str) -> str:
        return f"{text} [{unit}]" if suffixed else text

    rows: dict[str, object] = {
        name("Recording timestamp", "ms"): truth.times_s * (1e3 if suffixed else 1e6),
        "Recording name": "Recording1",
        "Recording resolution width": PX[0],
        "Recording resolution height": PX[1],
        "Sensor": "Eye Tracker",
        "Event": None,
    }
    for i, eye in enumerate(("left", "right")):
        for k, axis in enumerate("XY"):
            place = truth.xy[:, i, k]
            rows[name(f"Gaze point {eye} {axis}", "DACS px")] = place * PX[k]
            rows[
                f"Gaze point {eye} {axis} " + ("[MCS norm]" if suffixed else "(MCSnorm)")
            ] = 0.5
        for k, axis in enumerate("XYZ"):
            unit = "[DACS mm]" if suffixed else "(DACSmm)"
            rows[f"Eye position {eye} {axis} {unit}"] = truth.origin_mm[:, i, k]
        rows[name(f"Pupil diameter {eye}", "mm")] = truth.pupil_mm[:, i]
        rows[f"Validity {eye}"] = np.where(truth.valid[:, i], "Valid", "Invalid")
    table = pd.DataFrame(rows)
    event = {**table.iloc[7].to_dict(), "Sensor": None, "Event": "VideoStimulusStart"}
    mouse = {**table.iloc[9].to_dict(), "Sensor": "Mouse"}
    extra = pd.DataFrame([event, mouse])
    eyes = [c for c in table if c.split()[0] in ("Gaze", "Eye", "Pupil", "Validity")]
    extra[eyes] = None
    return pd.concat([table.astype(object)[:8], extra, table.astype(object)[8:]])


def same(found: object, truth: GazeBatch) -> None:
    gaze = found.gaze  # type: ignore[attr-defined]
    np.testing.assert_allclose(gaze.xy[:, :2], truth.xy, atol=1e-6)
    np.testing.assert_allclose(gaze.pupil_mm[:, :2], truth.pupil_mm, atol=1e-6)
    np.testing.assert_allclose(gaze.origin_mm, truth.origin_mm, atol=1e-4)
    np.testing.assert_allclose(gaze.times_s, truth.times_s, atol=1e-9)
    np.testing.assert_array_equal(gaze.valid[:, :2], truth.valid)
    assert gaze.geometry.distance_from == "tracker"


def test_suffixed_names_with_decimal_commas_and_utf16(
    truth: GazeBatch, tmp_path: Path
) -> None:
    path = tmp_path / "export.tsv"
    table = pro_lab(truth, suffixed=True)
    table.to_csv(path, sep="\t", decimal=",", index=False, encoding="utf-16")
    found = read_gaze_file(path)
    same(found, truth)
    assert (found.skipped, found.display_px, found.notes) == (2, PX, ())


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_bare_names_say_what_was_taken_for_granted(
    truth: GazeBatch, tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"export.{ending}"
    table = pro_lab(truth, suffixed=False)
    table = table[table["Sensor"] != "Mouse"].drop(columns="Sensor")
    if ending == "csv":
        table.to_csv(path, index=False)
    else:
        table.to_excel(path, index=False)
    found = read_gaze_file(path, {"width_px": 1280, "height_px": 720})
    same(found, truth)
    assert found.skipped == 1  # the event
    time_note, size_note = found.notes
    assert "taken as µs" in time_note
    assert "1920 x 1080 goes before the given 1280 x 720" in size_note


def small(**columns: object) -> pd.DataFrame:
    return pd.DataFrame({"Recording timestamp [ms]": np.arange(4) * 10, **columns})


def test_studio_codes_and_rounded_times(tmp_path: Path) -> None:
    path = tmp_path / "studio.tsv"
    small(
        **{
            "Eyetracker timestamp [μs]": [5_000, 13_333, 21_667, 30_000],
            "GazePointLeftX (ADCSpx)": [96, 96, 0, 96],
            "GazePointLeftY (ADCSpx)": [540, 540, 0, 540],
            "ValidityLeft": [0, 1, 4, 2],
        }
    ).assign(**{"Recording timestamp [ms]": [0, 8, 8, 25]}).to_csv(
        path, sep="\t", index=False
    )
    found = read_gaze_file(path, {"width_px": 1920, "height_px": 1080})
    assert found.gaze.valid[:, 0].tolist() == [True, True, False, False]
    assert found.gaze.both[0].tolist() == [0.05, 0.5]
    np.testing.assert_allclose(np.diff(found.gaze.times_s), [0.008333, 0.008334, 0.008333])
    assert any("0 is the best" in note for note in found.notes)
    assert any("is rounded" in note for note in found.notes)


@pytest.mark.parametrize(("codes", "lost"), [([0, 0, 1, 0], 2), ([1, 1, 0, 1], 2)])
def test_validity_of_noughts_and_ones_is_told_by_where_gaze_is(
    tmp_path: Path, codes: list[int], lost: int
) -> None:
    path = tmp_path / "t.csv"
    place = [0.5, 0.5, None, 0.5]
    names = {"Gaze point left X (MCSnorm)": place, "Gaze point left Y (MCSnorm)": place}
    small(**names, **{"Validity left": codes}).to_csv(path, index=False)
    found = read_gaze_file(path)
    assert np.flatnonzero(~found.gaze.valid[:, 0]).tolist() == [lost]
    assert any("[MCS norm]" in note for note in found.notes)


def test_gaze_in_mm_alone_needs_the_size_in_mm(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    place = {f"Gaze point left {a} [DACS mm]": [150.0] * 4 for a in "XY"}
    small(**place).to_csv(path, index=False)
    with pytest.raises(BadInputError, match=r"size in mm is not known(.|\n)*--display-mm"):
        read_gaze_file(path, {"width_px": 1920, "height_px": 1080})
    found = read_gaze_file(path, {"given_mm": (600.0, 300.0)})
    assert found.gaze.both[0].tolist() == [0.25, 0.5]


def bad(text: str) -> pd.DataFrame:
    gaze = {"Gaze point X [MCS norm]": [0.5] * 4, "Gaze point Y [MCS norm]": [0.5] * 4}
    tables = {
        "no gaze is found in its columns: 'a', 'b'": pd.DataFrame({"a": [1], "b": [2]}),
        "no column says when": pd.DataFrame(gaze),
        "has no unit, and steps of 7e": small(**gaze)
        .rename(columns={"Recording timestamp [ms]": "Recording timestamp"})
        .assign(**{"Recording timestamp": [0, 7e9, 14e9, 21e9]}),
        "runs backwards at sample 3": small(**gaze).assign(
            **{"Recording timestamp [ms]": [0, 10, 5, 20]}
        ),
        "found 2: A, B": small(**gaze, **{"Recording name": list("AABB")}),
        "no time in 'Recording timestamp": small(**gaze).assign(
            **{"Recording timestamp [ms]": [0, "x", 5, 20]}
        ),
        "holds no rows": pd.DataFrame(columns=["a"]),
    }
    return tables[text]


@pytest.mark.parametrize(
    "text",
    [
        "no gaze is found in its columns: 'a', 'b'",
        "no column says when",
        "has no unit, and steps of 7e",
        "runs backwards at sample 3",
        "found 2: A, B",
        "no time in 'Recording timestamp",
        "holds no rows",
    ],
)
def test_what_is_wrong_is_one_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.csv"
    bad(text).to_csv(path, index=False)
    with pytest.raises(BadInputError, match=text):
        read_gaze_file(path)


def test_files_that_are_no_tables(tmp_path: Path) -> None:
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(b"PK\x03\x04 not a workbook")
    with pytest.raises(BadInputError, match="not a readable workbook"):
        read_gaze_file(broken)
    picture = tmp_path / "a.csv"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n\xff\xd8")
    with pytest.raises(BadInputError, match="not a readable table"):
        read_gaze_file(picture)
    commas = tmp_path / "commas.csv"
    commas.write_text("Gaze point X,Gaze point Y\n0,5,0,4\n")
    with pytest.raises(BadInputError, match="row 2 has 4 cells for 2 columns"):
        read_gaze_file(commas)
    video = tmp_path / "a.mp4"
    video.write_bytes(b"")
    with pytest.raises(BadInputError, match=r"expected a table \(\.tsv"):
        read_gaze_file(video)


def test_one_of_several_recordings_is_chosen(tmp_path: Path) -> None:
    path = tmp_path / "two.csv"
    place = [0.1, 0.2, 0.3, 0.4]
    gaze = {"Gaze point X [MCS norm]": place, "Gaze point Y [MCS norm]": place}
    names = {"Participant name": "P", "Recording name": list("AABB")}
    small(**gaze, **names).to_csv(path, index=False)
    found = read_gaze_file(path, recording="B")
    assert found.gaze.both[:, 0].tolist() == [0.3, 0.4]


def test_a_recorded_titta_stream_is_the_same_gaze(truth: GazeBatch, tmp_path: Path) -> None:
    channels = titta()
    labels = [channel["label"] for channel in channels]
    rows = np.full((N, len(channels)), np.nan)
    for i, eye in enumerate(("left", "right")):

        def put(label: str, values: object, eye: str = eye) -> None:
            rows[:, labels.index(f"{label}.{eye}_eye")] = values

        for k, axis in enumerate("xyz"):
            place = "position_in_user_coordinates.gaze_origin"
            put(f"{axis}.{place}", truth.origin_mm[:, i, k])
        for k, axis in enumerate("xy"):
            put(f"{axis}.position_on_display_area.gaze_point", truth.xy[:, i, k])
        put("diameter.pupil", truth.pupil_mm[:, i])
        put("diameter.eye_openness", truth.openness_mm[:, i])
        for flag in ("gaze_point", "pupil", "gaze_origin"):
            put(f"valid.{flag}", truth.valid[:, i])
        put("valid.eye_openness", np.isfinite(truth.openness_mm[:, i]))
    writer = XdfWriter(tmp_path / "titta.xdf")
    text = header(channels, name="Tobii_gaze", rate=120, fmt="double64")
    writer.samples(writer.add_stream(text), 500 + truth.times_s, rows)
    writer.close()
    (stream,) = load_streams(tmp_path / "titta.xdf")
    gaze = read_gaze(stream)
    np.testing.assert_allclose(gaze.xy[:, :2], truth.xy)
    np.testing.assert_allclose(gaze.pupil_mm[:, :2], truth.pupil_mm)
    np.testing.assert_allclose(gaze.openness_mm, truth.openness_mm)
    np.testing.assert_allclose(gaze.origin_mm, truth.origin_mm)
    np.testing.assert_allclose(gaze.times_s, 500 + truth.times_s)

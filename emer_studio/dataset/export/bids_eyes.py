"""Eye tracking as BIDS 1.11 has it: one physio file for each eye, and what the eyes did."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emer_studio.core.files import write_atomic, write_json
from emer_studio.dataset.export.columns import Column, as_tsv, sidecar
from emer_studio.dataset.export.gather import Gathered, OutSession
from emer_studio.features.eyes import Eyes
from emer_studio.features.runs import step_of

__all__ = ["TASK_NAME", "presentation", "write_eyes"]

TASK_NAME = "emotion induction"
EYES = ("left", "right", "cyclopean")
"""``eye1`` to ``eye3``: the order of `GazeTable`, under the names of BIDS."""
_UNITS = {"mm": "mm", "px": "pixel", "arbitrary": "arbitrary"}
_MICRO, _PX, _PUPIL = 6, 2, 4  # decimals of seconds, pixels and pupils

_EVENTS = (
    Column("onset", "of its first sample, in the recording's timestamps", "s"),
    Column("duration", "to the end of its last sample", "s"),
    Column(
        "trial_type",
        "what the eyes did",
        levels={
            "fixation": "on moving pictures: gaze-stable",
            "saccade": "a saccade",
            "blink": "a blink",
        },
    ),
    Column("x_coordinate", "mean place of a fixation, where a saccade ends", "pixel"),
    Column("y_coordinate", "the same, downwards", "pixel"),
    Column("amplitude", "of a saccade, from its first to its last place", "deg"),
    Column("peak_velocity", "of a saccade", "deg/s"),
    Column("dispersion", "of a fixation: standard deviation about its mean place", "deg"),
    Column(
        "pursuit",
        "whether the eye followed something during a fixation",
        levels={"yes": "it did", "no": "it rested"},
    ),
)


def presentation(one: OutSession, eyes: Eyes) -> dict[str, Any] | None:
    """Return ``StimulusPresentation``; None where the display's pixels are not known."""
    about, geometry = one.session.manifest, eyes.gaze.geometry
    pixels = one.display_px
    if pixels is None:
        return None
    metres = [round(mm / 1000, 4) for mm in (geometry.width_mm, geometry.height_mm)]
    found: dict[str, Any] = {
        "ScreenDistance": round(geometry.distance_mm / 1000, 4),
        "ScreenOrigin": ["top", "left"],
        "ScreenResolution": [int(side) for side in pixels],
        "ScreenSize": metres,
        "SoftwareName": "EMER Studio",
        "SoftwareVersion": about.app_version,
    }
    if about.display.get("refresh_hz"):
        found["ScreenRefreshRate"] = float(about.display["refresh_hz"])
    return found


def write_eyes(stem: Path, gathered: Gathered, one: OutSession) -> None:
    """Write the eyes of a session.

    Parameters
    ----------
    stem : Path
        Of the files, up to the task.
    gathered : Gathered
    one : OutSession
        Its display's size in pixels is known.
    """
    eyes, pixels = one.eyes, one.display_px
    assert pixels is not None
    about = _about(gathered, one, eyes)
    seen = [k for k in range(len(EYES)) if np.isfinite(eyes.gaze.xy[:, k]).any()]
    for k in seen or [EYES.index("cyclopean")]:
        path = stem.with_name(f"{stem.name}_recording-eye{k + 1}_physio.tsv.gz")
        frame = _samples(eyes, k, pixels, one.zero_s)
        columns = _columns(eyes, frame)
        _write_gz(path, frame)
        facts = {"RecordedEye": EYES[k], "Columns": list(frame), **about}
        write_json(_beside(path), {**facts, **sidecar(columns)})
    _write_events(stem, eyes, pixels, one.zero_s)


def _samples(
    eyes: Eyes, eye: int, pixels: tuple[float, float], zero_s: float
) -> pd.DataFrame:
    gaze = eyes.gaze
    place = np.round(gaze.px(pixels)[:, eye], _PX)
    columns = {
        "timestamp": np.round(gaze.times_s - zero_s, _MICRO),
        "x_coordinate": place[:, 0],
        "y_coordinate": place[:, 1],
    }
    if np.isfinite(gaze.pupil[:, eye]).any():
        columns["pupil_size"] = np.round(gaze.pupil[:, eye], _PUPIL)
    return pd.DataFrame(columns)


def _columns(eyes: Eyes, frame: pd.DataFrame) -> list[Column]:
    unit = _UNITS.get(eyes.gaze.pupil_unit, "arbitrary")
    known = (
        Column("timestamp", "from the session's zero, the same for all its files", "s"),
        Column("x_coordinate", "gaze from the display's left edge; n/a when lost", "pixel"),
        Column("y_coordinate", "gaze from its top edge, downwards; n/a when lost", "pixel"),
        Column("pupil_size", "diameter of the pupil; n/a when lost", unit),
    )
    return [column for column in known if column.name in frame]


def _about(gathered: Gathered, one: OutSession, eyes: Eyes) -> dict[str, Any]:
    stream, gaze = one.recording.gaze(), eyes.gaze
    assert stream is not None
    step_s, geometry = step_of(gaze.times_s), gaze.geometry
    about = {
        "TaskName": TASK_NAME,
        "SamplingFrequency": round(1 / step_s, 3) if step_s > 0 else 0.0,
        "StartTime": round(float(gaze.times_s[0]) - one.zero_s, _MICRO),
        "PhysioType": "eyetrack",
        "SampleCoordinateSystem": "gaze-on-screen",
        "EyeTrackerDistance": round(geometry.distance_mm / 1000, 4),
        "GeometrySources": f"screen size {geometry.size_from},"
        f" distance {geometry.distance_from}",
        "Simulated": stream.header.simulated,
        **_calibration(one),
    }
    if stream.header.manufacturer:
        about["Manufacturer"] = stream.header.manufacturer
    if not gathered.names.release:
        about["ZeroLSLClock"] = one.zero_s
    return about


def _calibration(one: OutSession) -> dict[str, Any]:
    """Return the last check of the tracker, which is against targets of ours."""
    checks = [e for e in one.recording.events("validation") if e.get("accuracy_deg")]
    if not checks:
        return {}
    last = checks[-1]
    found = {
        "CalibrationCount": len(checks),
        "CalibrationUnit": "degree",
        "AverageCalibrationError": last["accuracy_deg"],
    }
    if last.get("worst_deg"):
        found["MaximalCalibrationError"] = last["worst_deg"]
    return found


def _write_events(
    stem: Path, eyes: Eyes, pixels: tuple[float, float], zero_s: float
) -> None:
    found = eyes.events.table
    rests = found["kind"] == "fixation"
    values = {
        "onset": np.round(found["onset_s"] - zero_s, _MICRO),
        "duration": np.round(found["duration_s"], _MICRO),
        "trial_type": found["kind"],
        "x_coordinate": np.round(found["x"] * pixels[0], _PX),
        "y_coordinate": np.round(found["y"] * pixels[1], _PX),
        "amplitude": np.round(found["amplitude_deg"], 3),
        "peak_velocity": np.round(found["peak_deg_s"], 1),
        "dispersion": np.round(found["dispersion_deg"], 3),
        "pursuit": found["pursuit"].map({True: "yes", False: "no"}).where(rests),
    }
    path = stem.with_name(f"{stem.name}_recording-eye3_physioevents.tsv.gz")
    _write_gz(path, pd.DataFrame(values))
    parameters = eyes.parameters.model_dump(mode="json")
    facts = {
        "TaskName": TASK_NAME,
        "Description": "what the eyes did, found in the gaze of both",
        "Columns": list(values),
        "OnsetSource": "timestamp",
    }
    write_json(
        _beside(path), {**facts, **sidecar(_EVENTS), "DetectionParameters": parameters}
    )


def _write_gz(path: Path, frame: pd.DataFrame) -> None:
    """Write rows without a head; no name and no time of writing are kept in the file."""
    raw = io.BytesIO()
    with gzip.GzipFile(
        filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6
    ) as out:
        out.write(as_tsv(frame, head=False).encode())
    write_atomic(path, raw.getvalue())


def _beside(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(".tsv.gz") + ".json")

"""The eyes of a recording as tables for other programs, and maps of its clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from emer_studio.core.errors import BadInputError
from emer_studio.features.eye_events import KINDS
from emer_studio.features.eyes import Eyes
from emer_studio.features.fixation_map import Frame, fixation_map
from emer_studio.features.pupil import baseline_of
from emer_studio.features.scan_path import scan_path
from emer_studio.recording.reader import Recording, ShownClip
from emer_studio.schema.stimulus import load_manifest
from emer_studio.stimulus.library import clip_file, look_at

__all__ = [
    "MAP_COLUMNS",
    "ClipMap",
    "clip_maps",
    "events_table",
    "measures_table",
    "samples_table",
]

MAP_COLUMNS = 128
"""Columns of a map; rows follow the frame's shape. Chosen by us: cells of a third of a
degree on a usual display, below the width of the Gaussian."""


@dataclass(frozen=True, slots=True)
class ClipMap:
    """Where on one clip the eyes rested.

    Attributes
    ----------
    trial : int
    clip : str
    density : ndarray, shape (rows, columns), float32
    over : {"clip", "display"}
        What the map covers: the whole display where the clip's size is not known.
    """

    trial: int
    clip: str
    density: npt.NDArray[np.float32]
    over: str


def events_table(eyes: Eyes, clips: Sequence[ShownClip] = ()) -> pd.DataFrame:
    """Return the events; with `clips`, each with the trial it begins in."""
    table = eyes.events.table.copy()
    if clips:
        table.insert(0, "trial", _trials(table["onset_s"].to_numpy(np.float64), clips))
    return table


def measures_table(eyes: Eyes, clips: Sequence[ShownClip] = ()) -> pd.DataFrame:
    """Return the measures of `scan_path` by clip, or of the whole recording.

    Beside them stand the share of samples with gaze, the mean of the cleaned pupil and its
    change from the baseline before the clip, in the pupil's unit.
    """
    times_s = eyes.gaze.times_s
    if clips:
        spans = [({"trial": c.trial, "clip": c.clip}, c.onset_s, c.end_s) for c in clips]
    else:
        spans = [({}, float(times_s[0]), float(times_s[-1]))]
    return pd.DataFrame([_measures(eyes, about, a, b) for about, a, b in spans])


def samples_table(eyes: Eyes) -> pd.DataFrame:
    """Return every sample: places in degrees and fractions, pupil, event."""
    gaze, deg = eyes.gaze, eyes.gaze.deg
    columns: dict[str, object] = {"time_s": gaze.times_s}
    for i, eye in enumerate(("left", "right", "both")):
        for k, axis in enumerate("xy"):
            columns[f"{eye}_{axis}"] = gaze.xy[:, i, k]
            columns[f"{eye}_{axis}_deg"] = deg[:, i, k]
        columns[f"{eye}_pupil_{gaze.pupil_unit}"] = gaze.pupil[:, i]
    columns[f"pupil_cleaned_{gaze.pupil_unit}"] = eyes.pupil.size
    columns["speed_deg_s"] = eyes.events.speed_deg_s
    columns["event"] = np.array(KINDS)[eyes.events.codes]
    return pd.DataFrame(columns)


def clip_maps(
    eyes: Eyes, recording: Recording, display_px: tuple[float, float]
) -> list[ClipMap]:
    """Return the map of each clip of a session."""
    frames: dict[str, Frame | None] = {}
    fixations = eyes.events.of("fixation")
    maps = []
    for shown in recording.shown_clips:
        if shown.clip not in frames:
            frames[shown.clip] = _frame(recording, shown.clip, display_px)
        frame = frames[shown.clip]
        place = frame or Frame(0.0, 0.0, 1.0, 1.0)
        wide, high = place.width * display_px[0], place.height * display_px[1]
        density = fixation_map(
            fixations,
            place,
            eyes.gaze.geometry,
            (MAP_COLUMNS, max(round(MAP_COLUMNS * high / wide), 1)),
            start_s=shown.onset_s,
            end_s=shown.end_s,
        )
        over = "clip" if frame else "display"
        maps.append(ClipMap(shown.trial, shown.clip, density, over))
    return maps


def _frame(
    recording: Recording, clip_id: str, display_px: tuple[float, float]
) -> Frame | None:
    """Return where a clip was on the display; None when its file is not there any more."""
    manifest = recording.folder.resolve().parents[1] / recording.manifest.manifest
    try:
        look = look_at(clip_file(load_manifest(manifest).clip(clip_id), manifest))
    except (BadInputError, StopIteration):
        return None
    return Frame.fitted((look.width_px, look.height_px), display_px)


def _trials(
    onsets_s: npt.NDArray[np.float64], clips: Sequence[ShownClip]
) -> pd.Series[int]:
    trials = pd.Series(pd.NA, index=range(len(onsets_s)), dtype="Int64")
    for clip in clips:
        trials[(onsets_s >= clip.onset_s) & (onsets_s < clip.end_s)] = clip.trial
    return trials


def _measures(
    eyes: Eyes, about: dict[str, object], start_s: float, end_s: float
) -> dict[str, object]:
    times_s, size = eyes.gaze.times_s, eyes.pupil.size
    inside = (times_s >= start_s) & (times_s <= end_s)
    seen = np.asarray(eyes.gaze.valid[inside].any(axis=1))
    pupil = size[inside]
    mean = float(pupil[np.isfinite(pupil)].mean()) if np.isfinite(pupil).any() else np.nan
    before = baseline_of(times_s, size, start_s, eyes.parameters.pupil_baseline_s)
    return {
        **about,
        "start_s": start_s,
        "end_s": end_s,
        "seen": float(seen.mean()) if len(seen) else 0.0,
        **scan_path(eyes.events, start_s, end_s),
        "pupil": mean,
        "pupil_change": mean - before,
    }

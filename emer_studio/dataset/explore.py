"""What the trial explorer shows of the eyes, worked out once and kept like other pieces."""

from __future__ import annotations

from dataclasses import astuple
from pathlib import Path

import numpy as np
import numpy.typing as npt

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import write_json
from emer_studio.dataset.clip_places import ClipPlace, clip_places
from emer_studio.dataset.eye_work import EYE_VERSION, EyeWork, lit_eyes
from emer_studio.dataset.pieces import Arrays, Contents, Piece, key_of
from emer_studio.features.eye_events import KINDS
from emer_studio.features.eyes import Eyes
from emer_studio.features.fixation_map import fixation_map
from emer_studio.recording.reader import Recording, ShownClip
from emer_studio.schema.dataset import MAP_SHAPE
from emer_studio.schema.explored import EXPLORED_FILE, Explored, ExploredTrial
from emer_studio.study.folder import Study

__all__ = ["EVENT_FIELDS", "EXPLORE_VERSION", "explore_session"]

EXPLORE_VERSION = 1
"""Of what is kept; raise it when it comes out differently."""
EVENT_FIELDS = (
    "kind",
    "onset_s",
    "duration_s",
    "x",
    "y",
    "amplitude_deg",
    "peak_deg_s",
    "pursuit",
)
"""Columns of the array ``events``; `kind` is 1 fixation, 2 saccade, 3 blink."""


def explore_session(study: Study, session: Path) -> Explored:
    """Work out the eyes of a session for the explorer, and keep them.

    Parameters
    ----------
    study : Study
        Whose parameters and clips are used.
    session : Path
        One of its sessions.

    Returns
    -------
    Explored
        As written to ``derived/explored.json``; without gaze it says why there is none.

    Raises
    ------
    BadInputError
        When the folder is no session.
    """
    recording = Recording(session)
    shown = sorted(recording.whole_clips, key=lambda clip: clip.onset_s)
    places = clip_places(study, recording.manifest, {clip.clip for clip in shown})
    work = _work(study, recording, shown, places)
    piece = Piece(session, "explored", work.key)
    found = Explored(trials=tuple(_trial(study, clip, places[clip.clip]) for clip in shown))
    try:
        arrays = piece.load() or _kept(piece, work)
    except BadInputError as problem:
        found = found.model_copy(update={"problem": problem.message})
    else:
        facts = {
            "arrays": piece.path.name,
            "pupil_unit": str(arrays["pupil_unit"]),
            "light": bool(np.isfinite(arrays["pupil_lit"]).any()),
        }
        found = found.model_copy(update=facts)
    write_json(session / EXPLORED_FILE, found.model_dump(mode="json"))
    return found


def _work(
    study: Study,
    recording: Recording,
    shown: list[ShownClip],
    places: dict[str, ClipPlace],
) -> EyeWork:
    spans = tuple((clip.trial, clip.onset_s, clip.end_s) for clip in shown)
    on_display = tuple(places[clip.clip] for clip in shown)
    manifest, parameters = recording.manifest, study.file.eyes
    key = key_of(
        EXPLORE_VERSION,
        EYE_VERSION,
        Contents(recording.folder).of("*.xdf"),
        manifest.gaze_stream,
        manifest.display,
        spans,
        [(p.frame, p.file and p.file.name, p.trim_in_s) for p in on_display],
        parameters.model_dump(mode="json"),
    )
    return EyeWork(recording.folder, spans, on_display, parameters, key)


def _trial(study: Study, clip: ShownClip, place: ClipPlace) -> ExploredTrial:
    file = ""
    if place.file is not None and place.file.is_relative_to(study.folder):
        file = place.file.relative_to(study.folder).as_posix()
    return ExploredTrial(
        trial=clip.trial,
        clip=clip.clip,
        onset_s=clip.onset_s,
        end_s=clip.end_s,
        file=file,
        frame=astuple(place.frame),
    )


def _kept(piece: Piece, work: EyeWork) -> Arrays:
    eyes = lit_eyes(work)
    arrays = _curves(eyes) | _maps(eyes, work)
    piece.save(arrays)
    return arrays


def _curves(eyes: Eyes) -> Arrays:
    single = np.float32  # half the size; seconds alone need more
    nothing = np.full(len(eyes.gaze.times_s), np.nan)
    lit = nothing
    if eyes.light is not None and np.isfinite(eyes.light.gain):
        lit = eyes.light.corrected
    return {
        "times_s": eyes.gaze.times_s,
        "xy": eyes.gaze.both.astype(single),
        "speed_deg_s": eyes.events.speed_deg_s.astype(single),
        "pupil_raw": eyes.pupil.raw.astype(single),
        "pupil": eyes.pupil.size.astype(single),
        "pupil_lit": lit.astype(single),
        "pupil_unit": np.array(eyes.pupil.unit),
        "events": _events(eyes),
    }


def _events(eyes: Eyes) -> npt.NDArray[np.float64]:
    table = eyes.events.table
    columns = [
        table["kind"].map(KINDS.index) if name == "kind" else table[name]
        for name in EVENT_FIELDS
    ]
    return np.column_stack([np.asarray(column, np.float64) for column in columns])


def _maps(eyes: Eyes, work: EyeWork) -> Arrays:
    _, rows, columns = MAP_SHAPE
    rests = eyes.events.of("fixation")
    return {
        f"map-{number}": fixation_map(
            rests,
            place.frame,
            eyes.gaze.geometry,
            (columns, rows),
            start_s=start_s,
            end_s=end_s,
        )
        for (number, start_s, end_s), place in zip(work.spans, work.places, strict=True)
    }

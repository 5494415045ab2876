"""An old recording as a session of a study: gaze, a face video, and a table of trials."""

from __future__ import annotations

import json
import platform
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from emer_studio import __version__
from emer_studio.core.clock import utc_now
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import sha256_file, write_atomic, write_json
from emer_studio.dataset.import_streams import (
    FRAMES_STREAM,
    GAZE_STREAM,
    MARKERS_STREAM,
    write_streams,
)
from emer_studio.dataset.import_trials import ImportedTrial
from emer_studio.features.eye_sources import gaze_stream_of
from emer_studio.features.eyes import read_gaze
from emer_studio.features.gaze_files import read_gaze_file
from emer_studio.features.gaze_table import GazeTable
from emer_studio.recording.check import check_session
from emer_studio.recording.reader import load_streams
from emer_studio.recording.video_import import TakenVideo, take_video
from emer_studio.schema.study import SessionManifest
from emer_studio.study.folder import Study
from emer_studio.study.lock import locked

__all__ = ["CONSENT", "ImportedSession", "Sources", "import_session"]

CONSENT = "elsewhere"
"""The consent of a participant whose recording was imported: the lab has it."""
Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sources:
    """What a recording consists of; nothing of it is changed.

    Attributes
    ----------
    gaze : Path
        An XDF file, or a table of gaze.
    video : Path
        Of the face.
    video_starts_at_s : float
        When its first frame was taken, on the clock of the gaze.
    trials : Path
        The table that `trials_read` came from.
    recording : str
        Which one to read of a table of gaze with several.
    """

    gaze: Path
    video: Path
    video_starts_at_s: float
    trials: Path
    recording: str = ""


@dataclass
class ImportedSession:
    """What became of it.

    Attributes
    ----------
    folder : Path
    verdict : str
    findings, notes : list of str
        What `check` said; what was taken for granted.
    """

    folder: Path
    trials: int = 0
    ratings: int = 0
    samples: int = 0
    frames: int = 0
    verdict: str = ""
    findings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Gaze:
    """Gaze that was read: from a table, or in a stream of a file that is copied."""

    table: GazeTable
    stream: str
    copied: bool
    display_px: tuple[float, float] | None
    notes: tuple[str, ...]


def import_session(
    study: Study,
    participant: str,
    sources: Sources,
    trials: Sequence[ImportedTrial],
    display: Mapping[str, Any] | None = None,
) -> ImportedSession:
    """Make a session of an old recording, flagged as imported wherever it goes.

    Parameters
    ----------
    study : Study
    participant : str
        Code; entered when the study does not have it.
    sources : Sources
    trials : sequence of ImportedTrial
        In order of time.
    display : mapping, optional
        As in a session's manifest.

    Raises
    ------
    BadInputError
        When something cannot be read or does not fit together; the study is as it was.
    """
    study.check_code(participant, simulated=False)
    gaze = _gaze(sources, display or {})
    _on_one_clock(gaze.table, sources, trials)
    began = datetime.fromtimestamp(sources.gaze.stat().st_mtime, UTC)
    with locked(study.folder, f"an import for {participant}"):
        _never_imported(study, sources)
        number = study.session_number(participant, None)
        place = study.folder / "sessions"
        place.mkdir(exist_ok=True)
        name = f"sub-{participant}_ses-{number:02d}_{began:%Y%m%dT%H%M%S}"
        with tempfile.TemporaryDirectory(dir=place, prefix=".importing-") as made:
            folder = Path(made) / name
            folder.mkdir()
            video = take_video(
                sources.video, folder / "face_001.mkv", sources.video_starts_at_s
            )
            events = _journal(participant, number, trials)
            _write(folder, sources, gaze, video, events)
            facts = _facts(study, participant, number, sources, gaze, video, display or {})
            facts |= {"trials_planned": len(trials), "trials_done": len(trials)}
            facts["started"] = began.isoformat(timespec="milliseconds")
            done = _checked(folder, SessionManifest(**facts))
            study.add_participant(participant, simulated=False, consent=CONSENT)
            folder.rename(place / name)
    done.folder = place / name
    done.trials, done.samples = len(trials), len(gaze.table.times_s)
    done.frames = len(video.stamps_s)
    done.ratings = sum(event["event"] == "rating" for event in events)
    done.notes = [*gaze.notes]
    if video.encoded_anew:
        done.notes.append("the face video could not be kept as it is; it was encoded anew")
    return done


def _gaze(sources: Sources, display: Mapping[str, Any]) -> _Gaze:
    if sources.gaze.suffix.lower() != ".xdf":
        found = read_gaze_file(sources.gaze, display, recording=sources.recording)
        return _Gaze(found.gaze, GAZE_STREAM, False, found.display_px, found.notes)
    ours = {FRAMES_STREAM, MARKERS_STREAM}
    if held := [s for s in load_streams(sources.gaze) if s.header.name in ours]:
        raise BadInputError(
            f"{sources.gaze} holds {held[0].header.name} of a session of this program.",
            fix="Copy that session's folder into the study's sessions instead.",
        )
    stream = gaze_stream_of(sources.gaze)
    table = read_gaze(stream, display)
    return _Gaze(table, stream.header.name, True, None, ())


def _on_one_clock(
    gaze: GazeTable, sources: Sources, trials: Sequence[ImportedTrial]
) -> None:
    """Refuse trials of which none lies in the gaze: their times are on another clock."""
    times_s = gaze.times_s[np.isfinite(gaze.times_s)]
    if not len(times_s) or not gaze.valid.any():
        raise BadInputError(f"{sources.gaze} holds no sample with gaze.")
    first, last = float(times_s.min()), float(times_s.max())
    if not any(trial.onset_s <= last and trial.end_s >= first for trial in trials):
        raise BadInputError(
            f"{sources.trials}: the trials lie from {trials[0].onset_s:g} to"
            f" {trials[-1].end_s:g} s, the gaze from {first:g} to {last:g} s.",
            fix="Give onset_s and end_s in seconds on the clock of the gaze.",
        )


def _never_imported(study: Study, sources: Sources) -> None:
    """Refuse what was imported before: one recording twice would leak between folds.

    It is told by the video, because one export may hold the gaze of many people.
    """
    digest = sha256_file(sources.video)
    for session in study.sessions():
        if session.manifest.imported.get("video", "").endswith(digest):
            raise BadInputError(
                f"{sources.video} was imported before: it is {session.name}.",
                fix="Use that session; to import it anew, move its folder away first.",
            )


def _journal(participant: str, number: int, trials: Sequence[ImportedTrial]) -> list[Event]:
    """Return the events that a session with these trials would have written."""
    plan = [
        {
            "trial": one.trial,
            "clip": one.clip,
            "block": "imported",
            "ratings": [rating["page"] for rating in _ratings(one)],
        }
        for one in trials
    ]
    about = {"participant": participant, "session": number, "simulated": []}
    first, last = trials[0].onset_s, trials[-1].end_s
    events: list[Event] = [
        {"t_s": first, "event": "session_started", **about, "imported": True, "plan": plan}
    ]
    for one in trials:
        which = {"trial": one.trial, "clip": one.clip}
        start = {"block": "imported", "practice": False}
        events.append({"t_s": one.onset_s, "event": "trial_started", **which, **start})
        events.append({"t_s": one.onset_s, "event": "clip_onset", **which})
        events.append({"t_s": one.end_s, "event": "clip_end", **which})
        rated = {"t_s": one.end_s, "event": "rating", **which}
        events += [{**rated, **rating} for rating in _ratings(one)]
        events.append({"t_s": one.end_s, "event": "trial_done", **which})
    events.append({"t_s": last, "event": "session_done", "state": "complete"})
    return events


def _ratings(one: ImportedTrial) -> list[Event]:
    found: list[Event] = []
    if one.rated:
        felt = {"value": one.rated, "mapped": one.mapped}
        found.append({"page": "imported-felt", "kind": "sam", **felt})
    if one.emotion:
        page = {"page": "imported-emotion", "kind": "choice"}
        found.append({**page, "value": one.emotion})
    return found


def _write(
    folder: Path, sources: Sources, gaze: _Gaze, video: TakenVideo, events: list[Event]
) -> None:
    lines = [json.dumps(event, ensure_ascii=False) for event in events]
    write_atomic(folder / "journal.jsonl", "\n".join(lines) + "\n")
    if gaze.copied:
        shutil.copyfile(sources.gaze, folder / "streams_001.xdf")
        write_streams(folder / "streams_002.xdf", None, video, events)
    else:
        write_streams(folder / "streams_001.xdf", gaze.table, video, events)


def _facts(
    study: Study,
    participant: str,
    number: int,
    sources: Sources,
    gaze: _Gaze,
    video: TakenVideo,
    display: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the manifest; files are named by their hashes, names may be a person's."""
    shown = dict(display)
    if gaze.display_px:
        shown |= dict(zip(("width_px", "height_px"), gaze.display_px, strict=True))
    files = {"gaze": sources.gaze, "video": sources.video, "trials": sources.trials}
    origin = {
        name: f"{path.suffix.lower()} sha256:{sha256_file(path)}"
        for name, path in files.items()
    }
    return {
        "participant": participant,
        "session": number,
        "state": "complete",
        "simulated": False,
        "app_version": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "protocol": "",
        "protocol_sha256": "",
        "manifest": "",
        "manifest_sha256": "",
        "seed": study.file.seed,
        "participant_index": 0,
        "gaze_stream": gaze.stream,
        "camera": {"width_px": video.width_px, "height_px": video.height_px},
        "display": shown,
        "streams": ["streams_001.xdf", *(["streams_002.xdf"] if gaze.copied else [])],
        "videos": ["face_001.mkv"],
        "imported": {"utc": utc_now(), **origin},
    }


def _checked(folder: Path, manifest: SessionManifest) -> ImportedSession:
    """Write the manifest, check the session, and write down the verdict."""
    path = folder / "session.json"
    write_json(path, manifest.model_dump(mode="json"))
    found = check_session(folder)
    done = manifest.model_copy(update={"verdict": found["verdict"]})
    write_json(path, done.model_dump(mode="json"))
    return ImportedSession(folder, verdict=found["verdict"], findings=found["findings"])

"""The quality of a finished session, trial by trial: keep, look, or exclude.

``exclude`` is what a dataset leaves out: both ask `dataset.fitness`. ``look`` is ours: such
a trial is used. What a person decides about either lies in another file
(`study.decisions`) and goes before both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av

from emer_studio import __version__
from emer_studio.core.clock import utc_now
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import write_json
from emer_studio.dataset.fitness import (
    GazeSeen,
    doubt,
    gaze_in,
    gaze_of,
    nothing_of,
)
from emer_studio.features.face_presence import SAMPLING, FaceLook, Presence
from emer_studio.features.faces import open_detector
from emer_studio.features.gaze_table import GazeTable
from emer_studio.recording.check import DROPPED_PCT, check_session
from emer_studio.recording.check_stream import EYES_AMBER_PCT
from emer_studio.recording.reader import Recording
from emer_studio.report.trial_story import Story, stories
from emer_studio.schema.session_quality import (
    QUALITY_FILE,
    SessionQuality,
    StreamQuality,
    TrialQuality,
    kept_quality,
    sources_of,
)
from emer_studio.schema.study import rules_of

__all__ = ["quality_of", "session_quality"]

_FACE_LOST_PCT = 20.0  # chosen by us: as for the eyes, of which `check` says so at 20 %
_LATE_MS = 100.0  # chosen by us: three frames at 30 Hz; people see that something hangs


def quality_of(folder: Path, check: dict[str, Any] | None = None) -> SessionQuality:
    """Return the quality kept with a session, made anew where it is stale."""
    return kept_quality(folder) or session_quality(folder, check)


def session_quality(
    folder: Path,
    check: dict[str, Any] | None = None,
    tell: Callable[[int, int], None] = lambda _done, _of: None,
) -> SessionQuality:
    """Measure a session and keep the result in its ``derived`` folder.

    Parameters
    ----------
    folder : Path
        The session.
    check : dict, optional
        What `check_session` said of it; asked when it is not given.
    tell : callable
        ``tell(done, of)`` in trials.

    Raises
    ------
    BadInputError
        When the folder is no session, or its journal cannot be read.
    """
    recording = Recording(folder)
    told = stories(recording)
    found = check_session(folder) if check is None else check
    look = _Look(recording)
    trials = []
    for number, story in enumerate(told):
        tell(number, len(told))
        trials.append(look.at(story))
    tell(len(told), len(told))
    quality = SessionQuality(
        app_version=__version__,
        made=utc_now(),
        session=folder.resolve().name,
        participant=recording.manifest.participant,
        state=recording.manifest.state,
        simulated=recording.manifest.simulated,
        verdict=found["verdict"],
        findings=tuple(found["findings"]),
        streams=tuple(_stream(row) for row in found["streams"]),
        trials=tuple(trials),
        detector=look.detector,
        sampling=SAMPLING,
        sources=sources_of(folder),
    )
    write_json(folder / QUALITY_FILE, quality.model_dump(mode="json"))
    return quality


def _stream(row: dict[str, Any]) -> StreamQuality:
    same = ("name", "type", "declared_hz", "effective_hz", "samples", "loss_pct")
    return StreamQuality(
        **{key: row[key] for key in same},
        gaps=len(row["gaps"]),
        longest_gap_s=max((length for _, length in row["gaps"]), default=0.0),
        eyes_lost_pct=row.get("eyes_lost_pct"),
    )


class _Look:
    """Looks at one trial after the other of a session."""

    def __init__(self, recording: Recording) -> None:
        self._recording, self._rules = recording, rules_of(recording.folder)
        detector = open_detector()
        self.detector = detector.name
        self._gaze: GazeTable | None = None
        self._no_gaze = self._no_faces = ""
        try:
            self._gaze = gaze_of(recording)
        except BadInputError as problem:
            self._no_gaze = problem.message.rstrip(".")
        try:
            self._faces: FaceLook | None = FaceLook(
                recording, detector, self._rules.least_face
            )
        except BadInputError as problem:
            self._faces, self._no_faces = None, problem.message.rstrip(".")

    def at(self, story: Story) -> TrialQuality:
        """Return what was measured of a trial, with a suggestion."""
        gaze, faces = GazeSeen(0, 0.0, 0.0), Presence(0, 0)
        shown, late_ms, broken = 0, None, ""
        if story.start_s is not None and story.end_s is not None:
            span = (story.start_s, story.end_s)
            gaze = gaze_in(self._gaze, *span) if self._gaze else gaze
            shown, late_ms = _presented(self._recording, story.trial, *span)
            try:
                faces = self._faces.between(*span) if self._faces else faces
            except (av.FFmpegError, ValueError) as problem:
                broken = f"the face video cannot be read there: {problem}"
        out = story.gone or self._no_gaze or self._no_faces or broken
        out = out or nothing_of(faces.looked_at, gaze)
        can_be_kept = not out
        rated = bool(story.answered)
        out = out or doubt(story.marked, faces.share, gaze, self._rules, rated=rated)
        doubts = [
            *_losses(gaze, faces),
            *_timing(shown, story.expected, late_ms),
            *_unanswered(story),
            *story.odd,
        ]
        return TrialQuality(
            trial=story.trial,
            clip=story.clip,
            gaze_lost_pct=_lost_pct(gaze.seen) if gaze.samples else None,
            face_lost_pct=_lost_pct(faces.share) if faces.looked_at else None,
            faces_looked_at=faces.looked_at,
            shown=shown,
            expected=story.expected,
            onset_late_ms=late_ms,
            ratings=len(story.answered),
            asked=None if story.asked is None else len(story.asked),
            suggestion="exclude" if out else "look" if doubts else "keep",
            reasons=(out,) if out else tuple(doubts),
            can_be_kept=can_be_kept,
        )


def _lost_pct(share: float) -> float:
    return round(100.0 * (1.0 - share), 1)


def _presented(
    recording: Recording, trial: int, start_s: float, end_s: float
) -> tuple[int, float | None]:
    """Return how many frames of a clip were presented, and how late its first was."""
    edge_s = 1e-5  # the table has microseconds, the journal all digits
    late = []
    for row in recording.presented:
        try:
            mine = int(float(row["trial"])) == trial
            inside = start_s - edge_s <= float(row["shown_s"]) <= end_s + edge_s
            if mine and inside:
                late.append(float(row["late_ms"]))
        except (KeyError, TypeError, ValueError):
            continue  # a line that was cut off; `check` tells of it
    return len(late), late[0] if late else None


def _losses(gaze: GazeSeen, faces: Presence) -> Iterator[str]:
    if 100 * (1 - gaze.seen) >= EYES_AMBER_PCT:
        yield f"the eyes were lost in {1 - gaze.seen:.0%} of the samples"
    if 100 * (1 - faces.share) >= _FACE_LOST_PCT:
        yield f"no face in {1 - faces.share:.0%} of the frames looked at"


def _timing(shown: int, expected: int, late_ms: float | None) -> Iterator[str]:
    if expected and 100 * (expected - shown) / expected > DROPPED_PCT:
        yield f"{shown} of {expected} frames were shown"
    if late_ms is not None and late_ms > _LATE_MS:
        yield f"its first frame came {late_ms:.0f} ms late"


def _unanswered(story: Story) -> Iterator[str]:
    missing = [page for page in story.asked or () if page not in story.answered]
    if missing:
        yield f"not rated: {', '.join(missing)}"
    elif story.asked is None and not story.answered:
        yield "it has no rating"

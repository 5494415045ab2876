"""``derived/quality.json`` of a session: what was measured of each trial; a suggestion."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from zlib import crc32

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import read_json
from emer_studio.schema.base import Model, validate
from emer_studio.schema.study import rules_of

__all__ = [
    "QUALITY_FILE",
    "SUGGESTIONS",
    "SessionQuality",
    "StreamQuality",
    "Suggestion",
    "TrialQuality",
    "kept_quality",
    "sources_of",
]

QUALITY_FILE = "derived/quality.json"
Suggestion = Literal["keep", "look", "exclude"]
SUGGESTIONS: dict[str, str] = {"keep": "green", "look": "amber", "exclude": "red"}
"""What may be suggested for a trial, from good to bad, and in which verdict's colour."""

_SOURCES = ("journal.jsonl", "presented.csv", "*.xdf", "face_*.mkv", "face_*.frames.csv")


class StreamQuality(Model):
    """One recorded stream, as `recording.check` measured it.

    Attributes
    ----------
    declared_hz, effective_hz : float
        What it said, and what came.
    loss_pct : float
        Samples that are missing in gaps.
    gaps : int
    longest_gap_s : float
    eyes_lost_pct : float or None
        Samples without gaze over the whole session; None for other streams.
    """

    name: str
    type: str
    declared_hz: float | None
    effective_hz: float
    samples: int
    loss_pct: float
    gaps: int
    longest_gap_s: float
    eyes_lost_pct: float | None = None


class TrialQuality(Model):
    """One trial of a session; None where something could not be measured.

    Attributes
    ----------
    clip : str
        Id of the clip.
    gaze_lost_pct : float
        Share of the gaze samples without gaze while the clip was shown.
    face_lost_pct : float
        Share of the frames looked at without a face while the clip was shown.
    faces_looked_at : int
        How many frames that were; see `features.face_presence`.
    shown, expected : int
        Frames of the clip.
    onset_late_ms : float
        When its first frame was submitted, after it was planned.
    ratings, asked : int
        Rating pages answered, and asked for; `asked` is None where the journal does not
        tell.
    suggestion : {"keep", "look", "exclude"}
        ``exclude`` exactly where a dataset leaves the trial out.
    reasons : tuple of str
        Why it is not ``keep``.
    can_be_kept : bool
        Whether a dataset could take it if a person decides so.
    """

    trial: int
    clip: str
    gaze_lost_pct: float | None = None
    face_lost_pct: float | None = None
    faces_looked_at: int = 0
    shown: int = 0
    expected: int = 0
    onset_late_ms: float | None = None
    ratings: int = 0
    asked: int | None = None
    suggestion: Suggestion
    reasons: tuple[str, ...] = ()
    can_be_kept: bool


class SessionQuality(Model):
    """The quality of a session; practice trials and the closing clip are not in it.

    Attributes
    ----------
    verdict : {"green", "amber", "red"}
        Of `recording.check`, with its findings; it stands above the suggestions.
    detector : str
        What looked for faces.
    sampling : str
        How, in words.
    sources : dict of str to int
        Size in bytes of each file that this was made from; another size makes it stale.
    """

    format_version: Literal[1] = 1
    app_version: str
    made: str
    session: str
    participant: str
    state: str
    simulated: bool
    verdict: Literal["green", "amber", "red"]
    findings: tuple[str, ...] = ()
    streams: tuple[StreamQuality, ...] = ()
    trials: tuple[TrialQuality, ...] = ()
    detector: str
    sampling: str
    sources: dict[str, int]

    def count(self, suggestion: str) -> int:
        """Return for how many trials something is suggested."""
        return sum(trial.suggestion == suggestion for trial in self.trials)


def sources_of(folder: Path) -> dict[str, int]:
    """Return what a session's quality is made from: recorded files with their sizes.

    The limits that apply count too, by what they say: a session that is copied elsewhere
    keeps its quality unless its study's limits are not ours.
    """
    paths = sorted(path for pattern in _SOURCES for path in folder.glob(pattern))
    sizes = {path.name: path.stat().st_size for path in paths}
    return sizes | {"limits": crc32(rules_of(folder).model_dump_json().encode())}


def kept_quality(folder: Path) -> SessionQuality | None:
    """Return the quality kept with a session; None where there is none or it is stale."""
    path = folder / QUALITY_FILE
    if not path.is_file():
        return None
    try:
        found = validate(read_json(path), SessionQuality, source=str(path))
    except BadInputError:  # of an older program, or damaged: it is made again
        return None
    return found if found.sources == sources_of(folder) else None

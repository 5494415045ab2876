"""Which models may pre-label whom: what saw more than faces, or the person, may not.

Labels that were suggested by a model that knew the answer would be circular: it could have
learned the stimulus from the gaze, or the person's own labels.
"""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import read_json
from emer_studio.fer.runs import study_of
from emer_studio.schema.models import ModelEntry
from emer_studio.study.folder import open_study

__all__ = ["FACE_ONLY", "check_inputs", "mark_of", "why_not"]

FACE_ONLY = ("face",)
_MARK_DIGITS = 16


def mark_of(participant: str, seed: int) -> str:
    """Return what a model's manifest says instead of a participant's code.

    HMAC-SHA-256 of the code under the study's seed, 16 hexadecimal digits: another study
    cannot tell who it was, and this one can ask whether it was somebody.
    """
    digest = hmac.new(str(seed).encode(), participant.encode(), hashlib.sha256)
    return digest.hexdigest()[:_MARK_DIGITS]


def check_inputs(entry: ModelEntry) -> None:
    """Refuse a model that has seen more than faces.

    Raises
    ------
    BadInputError
    """
    if entry.inputs not in (None, FACE_ONLY):
        raise BadInputError(
            f"{entry.name} has seen {', '.join(entry.inputs or ()) or 'nobody knows what'};"
            " only a model that has seen nothing but faces may pre-label.",
            fix='Train a head on faces alone; its manifest says inputs = ["face"].',
        )


def why_not(entry: ModelEntry, video: Path) -> str:
    """Return why a model may not pre-label a session's recording; empty when it may."""
    if not entry.trained_on:
        return ""
    try:
        participant = str(read_json(video.parent / "session.json")["participant"])
    except (BadInputError, KeyError, TypeError):
        participant = ""
    study = study_of(video)
    if study is None or not participant:
        return (
            f"whether {entry.name} learned from this person cannot be told: the recording"
            " lies in no study's session"
        )
    if mark_of(participant, open_study(study).file.seed) in entry.trained_on:
        return f"{entry.name} learned from {participant}"
    return ""

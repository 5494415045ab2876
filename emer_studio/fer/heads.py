"""Which models may pre-label whom: what saw more than faces, or the person, may not.

Labels that were suggested by a model that knew the answer would be circular: it could have
learned the stimulus from the gaze, or the person's own labels.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from pathlib import Path

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import read_json
from emer_studio.fer.runs import study_of
from emer_studio.schema.models import ModelEntry
from emer_studio.study.folder import open_study

__all__ = ["FACE_ONLY", "Choice", "check_inputs", "choose", "mark_of", "why_not"]

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


@dataclass(frozen=True, slots=True)
class Choice:
    """Whether a model may pre-label a recording, and through which output.

    Attributes
    ----------
    output : str
        Empty for the model's first one.
    why_not : str
        Empty when it may.
    """

    output: str = ""
    why_not: str = ""


def choose(entry: ModelEntry, video: Path) -> Choice:
    """Return what a model may say of a session's recording.

    Of several heads the first one speaks that has not learned from the person.
    """
    if not entry.trained_on:
        return Choice(entry.heads[0].output if entry.heads else "")
    try:
        participant = str(read_json(video.parent / "session.json")["participant"])
    except (BadInputError, KeyError, TypeError):
        participant = ""
    study = study_of(video)
    if study is None or not participant:
        return Choice(
            why_not=f"whether {entry.name} learned from this person cannot be told: the"
            " recording lies in no study's session"
        )
    mark = mark_of(participant, open_study(study).file.seed)
    if not entry.heads and mark not in entry.trained_on:
        return Choice()
    for head in entry.heads:
        if mark not in head.trained_on:
            return Choice(head.output)
    return Choice(why_not=f"{entry.name} learned from {participant}")


def why_not(entry: ModelEntry, video: Path) -> str:
    """Return why a model may not pre-label a session's recording; empty when it may."""
    return choose(entry, video).why_not

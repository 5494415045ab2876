"""What there is to label in a study: one item for each label unit of a filmed session."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from emer_studio.labels.pieces import Piece, pieces_of
from emer_studio.study.folder import Study

__all__ = ["Item", "find_items"]


@dataclass(frozen=True, slots=True)
class Item:
    """The face frames of one trial, or of a window or the peak of its clip.

    Attributes
    ----------
    id : str
        As the label store knows it, see `labels.units.Span`.
    video : Path
        The face video.
    first, last : int
        Decoded frames taken between its beginning and its end, both included.
    session, participant, trial, part
        Of `labels.pieces.Piece`; empty where a rater works without the study.
    """

    id: str
    video: Path
    first: int
    last: int
    simulated: bool = False
    session: str = ""
    participant: str = ""
    trial: int = 0
    part: str = ""


def find_items(study: Study) -> list[Item]:
    """Return the items of every session, oldest session first, trials in order."""
    return [_item(piece) for piece in pieces_of(study)]


def _item(piece: Piece) -> Item:
    return Item(
        id=piece.item,
        video=piece.video,
        first=piece.first,
        last=piece.last,
        simulated=piece.simulated,
        session=piece.session,
        participant=piece.participant,
        trial=piece.trial,
        part=piece.part,
    )

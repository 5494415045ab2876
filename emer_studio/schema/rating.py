"""placeholder until ui branch merges"""

from typing import Literal
from emer_studio.schema.base import LocalText, Model


class RatingPage(Model):
    id: str
    kind: Literal["sam", "choice", "scale"]
    question: LocalText = {}
    dimensions: tuple[Literal["valence", "arousal", "dominance"], ...] = ()
    points: int = 9
    labels: tuple[str, ...] = ()
    low: LocalText = {}
    high: LocalText = {}

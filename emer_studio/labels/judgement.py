"""What an expert says about one item, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from emer_studio.core.emotions import EMOTIONS
from emer_studio.schema.labelling import Scheme

__all__ = ["CONFIDENCES", "QUALITIES", "Judgement"]

QUALITIES = ("unclear", "no_face")
"""Why a face cannot be judged; then no category is asked for."""
CONFIDENCES = (1, 2, 3)
"""Low, medium, high."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """None where nothing was said yet.

    Attributes
    ----------
    category, second : str or None
        Of the seven.
    intensity : int or None
        0 none, 1 weak, 2 clear, 3 strong.
    valence, arousal : float or None
        -1 to 1.
    confidence : int or None
        1 to 3.
    quality : str or None
        ``unclear`` or ``no_face``.
    flag : bool or None
        For the adjudicator to look at.
    peak : int or None
        Decoded frame in which the expression is strongest.
    note, reason : str or None
        `reason` is the adjudicator's.
    units : tuple of (str, str)
        FACS action units with their grade, such as ``("12", "C")``.
    """

    category: str | None = None
    second: str | None = None
    intensity: int | None = None
    valence: float | None = None
    arousal: float | None = None
    confidence: int | None = None
    quality: str | None = None
    flag: bool | None = None
    peak: int | None = None
    note: str | None = None
    reason: str | None = None
    units: tuple[tuple[str, str], ...] = ()

    def missing(self, scheme: Scheme, *, adjudicating: bool = False) -> str:
        """Return the first field that is still needed; empty when it can be committed."""
        if adjudicating and not self.reason:
            return "reason"
        if self.quality is not None:
            return ""
        if self.category is None:
            return "category"
        if self.intensity is None:
            return "intensity"
        if scheme.valence_arousal == "required" and None in (self.valence, self.arousal):
            return "valence"
        if scheme.confidence == "required" and self.confidence is None:
            return "confidence"
        return ""

    def choose(self, category: str) -> Judgement:
        """Take a category; neutral is without intensity, and what was it before is not."""
        level = 0 if category == "neutral" else self.intensity
        if self.category == "neutral" and category != "neutral":
            level = None
        second = None if self.second == category else self.second
        return replace(
            self, category=category, second=second, intensity=level, quality=None
        )

    def unusable(self, quality: str) -> Judgement:
        """Say why there is nothing to judge; the same again takes it back."""
        if self.quality == quality:
            return replace(self, quality=None)
        return replace(self, quality=quality, category=None, second=None, intensity=None)

    def values(self) -> dict[str, Any]:
        """Return what was said as label fields."""
        said = {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if field.name != "units" and getattr(self, field.name) is not None
        }
        return said | {f"au:{unit}": grade for unit, grade in self.units}

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Judgement:
        """Return what stands in a store; what cannot be a value counts as not said."""
        known = {f.name for f in fields(cls)} - {"units"}
        said = {name: value for name, value in stored.items() if name in known}
        for name in ("category", "second"):
            if said.get(name) not in EMOTIONS:
                said.pop(name, None)
        if isinstance(level := said.get("intensity"), int | float):
            said["intensity"] = int(level)
        units = tuple(
            (name.removeprefix("au:"), str(grade))
            for name, grade in stored.items()
            if name.startswith("au:") and grade
        )
        return cls(**said, units=units)

"""What a drawn face does for each of EMER's seven emotions.

The movements follow the prototypes of Ekman, Friesen & Hager, *FACS: Investigator's
Guide* (2002), table 10-1, one number for each facial action; the sizes are chosen by us.
"""

from __future__ import annotations

from dataclasses import dataclass

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError

__all__ = ["Expression", "expression_of"]


@dataclass(frozen=True, slots=True)
class Expression:
    """How far each facial action goes: 0 at rest, 1 (or -1) the full movement.

    Attributes
    ----------
    brow_inner, brow_outer : float
        Inner and outer brow raised (AU1, AU2); negative lowers.
    brow_in : float
        Brows drawn together (AU4).
    lid_open : float
        Upper lid raised (AU5); negative lets it droop.
    lid_lower : float
        Lower lid and cheek raised (AU6, AU7).
    nose : float
        Nose wrinkled (AU9).
    corners : float
        Lip corners up (AU12) or, negative, down (AU15).
    width : float
        Mouth stretched (AU20) or, negative, narrowed (AU23).
    jaw : float
        Jaw dropped (AU26).
    upper_lip : float
        Upper lip raised (AU10).
    press : float
        Lips pressed thin (AU24).
    """

    brow_inner: float = 0.0
    brow_outer: float = 0.0
    brow_in: float = 0.0
    lid_open: float = 0.0
    lid_lower: float = 0.0
    nose: float = 0.0
    corners: float = 0.0
    width: float = 0.0
    jaw: float = 0.0
    upper_lip: float = 0.0
    press: float = 0.0


_NEUTRAL = Expression()
_FULL: dict[str, Expression] = {
    "happiness": Expression(
        lid_lower=0.7, corners=1.0, width=0.7, jaw=0.35, upper_lip=0.3, brow_outer=0.1
    ),
    "sadness": Expression(
        brow_inner=0.9, brow_outer=-0.5, brow_in=0.5, lid_open=-0.5, corners=-0.9,
        width=-0.2,
    ),
    "fear": Expression(
        brow_inner=1.0, brow_outer=0.3, brow_in=0.7, lid_open=0.9, width=0.9, jaw=0.45,
        corners=-0.35,
    ),
    "surprise": Expression(
        brow_inner=1.0, brow_outer=1.1, lid_open=1.0, jaw=1.0, width=-0.45
    ),
    "disgust": Expression(
        brow_inner=-0.5, brow_outer=-0.2, brow_in=0.4, lid_lower=0.9, lid_open=-0.3,
        nose=1.0, upper_lip=1.0, corners=-0.5, jaw=0.12,
    ),
    "anger": Expression(
        brow_inner=-1.0, brow_outer=0.35, brow_in=1.0, lid_open=0.4, lid_lower=0.5,
        nose=0.2, width=-0.3, press=1.0, corners=-0.25,
    ),
    "neutral": _NEUTRAL,
}  # fmt: skip
_ACTIONS = tuple(Expression.__dataclass_fields__)


def expression_of(emotion: str, intensity: float = 1.0) -> Expression:
    """Return the expression for one of EMER's seven emotions.

    Parameters
    ----------
    emotion : str
        A name from ``EMOTIONS``.
    intensity : float
        0 is neutral, 1 the full movement; clipped to that range.

    Raises
    ------
    BadInputError
        For any other name.
    """
    full = _FULL.get(emotion)
    if full is None:
        raise BadInputError(
            f"Expected one of {', '.join(EMOTIONS)}; found {emotion!r}.",
            fix="Use EMER's seven names.",
        )
    scale = min(max(intensity, 0.0), 1.0)
    return Expression(**{name: scale * getattr(full, name) for name in _ACTIONS})

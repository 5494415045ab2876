"""When a trial is left out of training, unless a person decides otherwise."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from emer_studio.schema.base import Model

__all__ = ["ExclusionRules"]

_Share = Annotated[float, Field(ge=0, le=1)]


class ExclusionRules(Model):
    """Limits of a study (``exclude`` in ``study.yaml``); the defaults are chosen by us.

    Parameters
    ----------
    least_face : float
        Share of a clip's frames with the participant's face. Below half of them more is
        guessed than seen.
    least_gaze : float
        Share of a clip's gaze samples with gaze; the same.
    least_covered : float
        Share of a clip that has gaze samples at all, lost or not, as `check` asks for.
    most_elsewhere : float
        Share of the gaze that lies beside the display. Somebody who looks elsewhere for
        more than half of a clip has not watched it.
    rated : bool
        Whether a trial has to have a rating. Without one it has no ER label in any case.
    """

    least_face: _Share = 0.5
    least_gaze: _Share = 0.5
    least_covered: _Share = 0.9
    most_elsewhere: _Share = 0.5
    rated: bool = False

"""``derived/explored.json`` of a session: what the trial explorer needs worked out first.

The curves lie beside it in an ``.npz`` (see `EXPLORED_ARRAYS`); what a person or a model
said about the trials is read from where it is kept, so that it is never out of date.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import read_json
from emer_studio.schema.base import Model, validate

__all__ = ["EXPLORED_ARRAYS", "EXPLORED_FILE", "Explored", "ExploredTrial", "read_explored"]

EXPLORED_FILE = "derived/explored.json"
EXPLORED_ARRAYS = {
    "times_s": "(n,) of each gaze sample, recorder's LSL clock",
    "xy": "(n, 2) both eyes, fraction of the display, NaN where lost",
    "speed_deg_s": "(n,)",
    "pupil_raw": "(n,) mean of the eyes",
    "pupil": "(n,) cleaned",
    "pupil_lit": "(n,) cleaned, less the light of the clips; NaN where not known",
    "events": "(m, 8) see EVENT_FIELDS of `dataset.explore`",
    "map-N": "(36, 64) fixation density over the clip's frame in trial N",
}


class ExploredTrial(Model):
    """A clip that was shown to its end.

    Attributes
    ----------
    trial : int
    clip : str
    onset_s, end_s : float
        LSL clock of the recorder.
    file : str
        The clip, in the study's folder; empty where it is not there any more.
    frame : (float, float, float, float)
        Left, top, width and height of the clip on the display, as fractions of it.
    """

    trial: int
    clip: str
    onset_s: float
    end_s: float
    file: str = ""
    frame: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)


class Explored(Model):
    """A session.

    Attributes
    ----------
    arrays : str
        Name of the ``.npz`` in ``derived/dataset``; empty where there is no gaze.
    problem : str
        Why there is none.
    pupil_unit : str
    light : bool
        Whether the clips' light could be taken out of the pupil.
    trials : tuple of ExploredTrial
        In order of time.
    """

    format_version: Literal[1] = 1
    arrays: str = ""
    problem: str = ""
    pupil_unit: str = ""
    light: bool = False
    trials: tuple[ExploredTrial, ...] = ()


def read_explored(session: Path) -> Explored | None:
    """Return what was worked out of a session; None where that is still to be done."""
    path = session / EXPLORED_FILE
    try:
        return validate(read_json(path), Explored, source=str(path))
    except (OSError, BadInputError):
        return None

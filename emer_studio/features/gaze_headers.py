"""What the columns of an eye tracker's exported table are, told from their names.

The names are Tobii Pro Lab's, bare (``Gaze point X``) or with a unit behind them in
brackets (``Gaze point X [DACS px]``, ``Gaze point X (MCSnorm)``), and Tobii Studio's
(``GazePointLeftX (ADCSpx)``). EMER's own loader accepts the first two as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["GAZE_UNITS", "Heading", "gaze_unit_of", "heading", "is_known", "roles_of"]

GAZE_UNITS = ("px", "mm", "normalised")
"""The order in which gaze is taken where a table has it in several units."""

_UNIT = re.compile(r"^(?P<name>.*?)\s*[\[(](?P<unit>[^\])]*)[\])]$")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_MICRO = str.maketrans({"µ": "u", "μ": "u"})
_SYSTEMS = {
    "dacspx": "px",
    "adcspx": "px",
    "px": "px",
    "pixels": "px",
    "": "px",  # bare names are pixels of the display (Tobii Pro Lab)
    "dacsmm": "mm",
    "adcsmm": "mm",
    "mm": "mm",
    "mcsnorm": "normalised",
    "dacsnorm": "normalised",
    "adcsnorm": "normalised",
    "norm": "normalised",
}


@dataclass(frozen=True, slots=True)
class Heading:
    """The name of a column, taken apart.

    Attributes
    ----------
    text : str
        As it stands in the file.
    name : str
        In small letters with single spaces: ``gaze point left x``.
    unit : str
        What stands in brackets behind it, without spaces: ``dacspx``, ``us``; or empty.
    """

    text: str
    name: str
    unit: str


def heading(text: str) -> Heading:
    """Take a column's name apart."""
    found = _UNIT.match(text.strip())
    name, unit = (found["name"], found["unit"]) if found else (text.strip(), "")
    words = " ".join(word.lower() for word in _WORD.findall(name))
    return Heading(text, words, unit.replace(" ", "").lower().translate(_MICRO))


def gaze_unit_of(found: Heading) -> str:
    """Return the unit of a gaze column: one of `GAZE_UNITS`, or empty when unknown."""
    return _SYSTEMS.get(found.unit, "")


def _names() -> dict[str, str]:
    known = {
        "pupil diameter filtered": "both_pupil",
        "recording timestamp": "time",
        "timestamp": "time",
        "eyetracker timestamp": "tracker_time",
        "eye tracker timestamp": "tracker_time",
        "recording resolution width": "width_px",
        "recording resolution height": "height_px",
        "sensor": "sensor",
        "event": "event",
        "participant name": "participant",
        "recording name": "recording",
    }
    for eye in ("left", "right"):
        known |= {
            f"pupil diameter {eye}": f"{eye}_pupil",
            f"pupil {eye}": f"{eye}_pupil",
            f"validity {eye}": f"{eye}_valid",
            f"eye openness {eye}": f"{eye}_openness",
        }
        for axis in "xyz":
            known[f"eye position {eye} {axis}"] = f"{eye}_origin_{axis}"
            known[f"eye pos {eye} {axis}"] = f"{eye}_origin_{axis}"
    return known


_NAMES = _names()
_GAZE = {
    f"gaze point {eye}{axis}": f"{role}_{axis}"
    for eye, role in (("", "both"), ("left ", "left"), ("right ", "right"))
    for axis in "xy"
}


def is_known(name: str) -> bool:
    """Tell whether a column is one that `roles_of` may name."""
    return heading(name).name in _NAMES.keys() | _GAZE.keys()


def roles_of(names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return the columns that are known.

    Returns
    -------
    dict of str to dict
        ``""``: columns by role, such as ``left_pupil`` or ``time``; and by each of
        `GAZE_UNITS` that there is the gaze columns ``left_x``, ``both_y`` and so on.
    """
    found: dict[str, dict[str, str]] = {"": {}}
    for each in map(heading, names):
        if role := _NAMES.get(each.name):
            found[""].setdefault(role, each.text)
        elif (role := _GAZE.get(each.name)) and (unit := gaze_unit_of(each)):
            found.setdefault(unit, {}).setdefault(role, each.text)
    return found

"""What a simulated camera is told in its text: who it shows and what goes wrong.

``sim:KEY=VALUE,KEY=VALUE…``; a fault may be given several times. Times are seconds since
the device was first opened, frames are counted from 0 at that moment.

=================== ==================================================================
``seed=7``          who sits there
``emotion=disgust`` a fixed expression; otherwise it follows the session
``code=1``          every picture carries its frame number and stamp as a bar code
``pre=60``          60 pictures are drawn beforehand and shown in turn
``jpeg=1``          it delivers JPEG, as most webcams do (the pictures of ``pre``)
``drop=30-32``      frames 30 to 32 never come (``drop=30`` is one frame)
``stall=5+2``       at 5 s nothing comes for 2 s, then it goes on by itself
``unplug=10+3``     at 10 s the device is gone; it can be opened again 3 s later
``hang=8``          at 8 s the driver's call never returns
=================== ==================================================================
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from typing import Any

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError

__all__ = ["SimulationOptions", "parse_simulation"]

_NUMBER = r"\d+(?:\.\d+)?"
_SPAN = re.compile(rf"({_NUMBER})\+({_NUMBER})")
_FRAMES = re.compile(r"(\d+)(?:-(\d+))?")
_FORM = (
    "Expected sim:KEY=VALUE,… with seed=N, emotion=NAME, code=0|1, pre=N, jpeg=0|1,"
    " drop=N or drop=N-M (frames), stall=S+S, unplug=S+S (at, for how long), hang=S."
)


@dataclass(frozen=True, slots=True)
class SimulationOptions:
    """A parsed text.

    Attributes
    ----------
    drop : tuple of (int, int)
        First and last frame of each loss.
    stall, unplug : tuple of (float, float)
        Begin and length, seconds.
    hang : tuple of float
        When the driver's call stops returning, seconds.
    """

    seed: int = 1
    emotion: str = ""
    code: bool = False
    pre: int = 0
    jpeg: bool = False
    drop: tuple[tuple[int, int], ...] = ()
    stall: tuple[tuple[float, float], ...] = ()
    unplug: tuple[tuple[float, float], ...] = ()
    hang: tuple[float, ...] = ()


def parse_simulation(text: str) -> SimulationOptions:
    """Read what follows ``sim:``; an empty text is a camera without faults.

    Raises
    ------
    BadInputError
        When a part cannot be understood; the message names it and the form expected.
    """
    found = SimulationOptions()
    known = {field.name for field in fields(SimulationOptions)}
    for part in filter(None, text.split(",")):
        key, equals, value = part.partition("=")
        parsed = _value(key, value) if equals and key in known else None
        if parsed is None:
            raise BadInputError(
                f"{part!r} says nothing to the simulated camera.", fix=_FORM
            )
        if isinstance(parsed, tuple):
            parsed = (*getattr(found, key), *parsed)
        changed: dict[str, Any] = {key: parsed}
        found = replace(found, **changed)
    if found.jpeg and not found.pre:
        found = replace(found, pre=60)  # two seconds, compressed once
    return found


def _value(key: str, value: str) -> Any:
    """Return the value of one key, None when it is not of its form."""
    if key in ("seed", "pre"):
        return int(value) if value.isdigit() else None
    if key in ("code", "jpeg"):
        return {"0": False, "1": True}.get(value)
    if key == "emotion":
        return value if value in EMOTIONS else None
    if key == "hang":
        return (float(value),) if re.fullmatch(_NUMBER, value) else None
    if key == "drop":
        match = _FRAMES.fullmatch(value)
        return ((int(match[1]), int(match[2] or match[1])),) if match else None
    match = _SPAN.fullmatch(value)
    return ((float(match[1]), float(match[2])),) if match else None

"""Finding TittaPy and, with it, Tobii eye trackers.

TittaPy 2 brings two modules: one around version 2 of the Tobii Pro SDK and one around
version 1, which older trackers need. The extra ``emer-studio[tobii]`` installs both.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from dataclasses import dataclass
from typing import Any, cast

from emer_studio.core.errors import BadInputError, MissingError
from emer_studio.devices.eyetracker_tobii import Tobii, TobiiTracker

__all__ = ["FoundTobii", "connect", "find_trackers", "installed", "set_rate"]

_MODULES = ("TittaPy_v2", "TittaPy_v1", "TittaPy")  # the last is that of TittaPy 1
_INSTALL = f'Run: "{sys.executable}" -m pip install "TittaPy>=2.1,<3"'
_OTHERWISE = "or start TittaLSL on the tracker's computer (docs/trackers.md)."
_LOOK_FOR_IT = (
    "Switch it on and see that Tobii's Eye Tracker Manager shows it (there it also gets its"
    " display setup), or name it with --address."
)


@dataclass(frozen=True, slots=True)
class FoundTobii:
    """A tracker, and the module that found it."""

    tobii: Tobii
    address: str
    facts: dict[str, Any]
    """``model``, ``serial_number``, ``address``, ``frequency``,
    ``supported_frequencies`` …, as TittaPy tells them."""


def installed() -> tuple[str, ...]:
    """Return the names of TittaPy's modules that are there; nothing is imported."""
    return tuple(name for name in _MODULES if importlib.util.find_spec(name) is not None)


def _modules() -> list[Tobii]:
    """Import what is there.

    Raises
    ------
    MissingError
        When the extra is not installed, or does not load on this system.
    """
    names = installed()
    if not names:
        raise MissingError(
            "Tobii trackers need TittaPy, which is not installed.",
            fix=f"{_INSTALL}; {_OTHERWISE}",
        )
    try:
        return [cast("Tobii", importlib.import_module(name)) for name in names]
    except (ImportError, OSError) as problem:
        raise MissingError(
            f"TittaPy is installed but does not load: {problem}.",
            fix=f"{_INSTALL} --force-reinstall; {_OTHERWISE}",
        ) from None


def find_trackers() -> list[FoundTobii]:
    """Return the trackers that answer; takes two seconds for each version of the SDK.

    Raises
    ------
    MissingError
        Without TittaPy, and when no tracker answers.
    """
    for tobii in _modules():
        try:
            seen = [dict(one) for one in tobii.find_all_eye_trackers()]
        except RuntimeError as problem:
            raise MissingError(f"Tobii's SDK failed: {problem}.") from None
        if seen:
            return [FoundTobii(tobii, str(one["address"]), one) for one in seen]
    raise MissingError("No Tobii eye tracker answered.", fix=_LOOK_FOR_IT)


def connect(address: str = "") -> tuple[Tobii, TobiiTracker]:
    """Connect to a tracker; to the only one where no address is given.

    Raises
    ------
    MissingError
        When there is none, or it cannot be reached.
    BadInputError
        When there are several.
    """
    if not address:
        found = find_trackers()
        if len(found) > 1:
            names = "; ".join(f"{one.facts['model']} {one.address}" for one in found)
            raise BadInputError(
                f"Expected one Tobii eye tracker, found {len(found)}: {names}.",
                fix="Name one with --address.",
            )
        return found[0].tobii, _open(found[0].tobii, found[0].address)
    problems = []
    for tobii in _modules():
        try:
            return tobii, _open(tobii, address)
        except MissingError as problem:
            problems.append(problem)
    raise problems[0]


def _open(tobii: Tobii, address: str) -> TobiiTracker:
    try:
        return tobii.EyeTracker(address)
    except RuntimeError as problem:
        why = " ".join(str(problem).split())
        raise MissingError(
            f"The Tobii eye tracker at {address} cannot be reached: {why}",
            fix=_LOOK_FOR_IT,
        ) from None


def set_rate(tracker: TobiiTracker, rate_hz: float) -> None:
    """Set how often a tracker measures, Hz.

    Raises
    ------
    BadInputError
        When it cannot.
    """
    can = sorted(float(rate) for rate in tracker.supported_frequencies)
    if rate_hz not in can:
        listed = ", ".join(f"{rate:g}" for rate in can)
        raise BadInputError(
            f"Expected a rate that this {tracker.model} has ({listed} Hz), found"
            f" {rate_hz:g} Hz."
        )
    tracker.frequency = rate_hz

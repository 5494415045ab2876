"""Locking what a camera would otherwise change by itself while someone is filmed.

Automatic exposure follows the brightness of the clip on the participant's face, and may
halve the frame rate in the dark; automatic white balance and focus move too. So the camera
may adjust itself for a moment, then every automatic is switched off at the value reached,
and what could not be switched off is written down.

OpenCV passes numbers through to the system, and the systems disagree (the first two read
in OpenCV's ``cap_v4l.cpp`` and ``cap_dshow.cpp``, the third known from its users):

=========  ==========================================================================
V4L2       ``CAP_PROP_AUTO_EXPOSURE`` is the driver's menu: 1 manual, 3 automatic. With
           normalised ranges (an environment variable) it is a quarter of that: 0.25 and
           0.75. Unless they are normalised 0.25 is rounded to 0, automatic!
DSHOW      has no such property (it reads -1); writing ``CAP_PROP_EXPOSURE`` makes it
           manual. Writing the gain or white balance makes those manual too.
MSMF       0 manual, 1 automatic.
others     offer nothing of the kind; some read 0 for everything.
=========  ==========================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import cv2

__all__ = ["ControlReport", "Controls", "lock_controls"]

Locked = Literal["yes", "no", "unknown"]
_UNREADABLE = -1.0  # what OpenCV returns for a property a driver does not have
_CLOSE = 1e-3
_SYSTEMS = ("V4L2", "DSHOW", "MSMF")  # where what is read means something


class Controls(Protocol):
    """The part of ``cv2.VideoCapture`` that is used here."""

    def get(self, prop: int, /) -> float:
        """Read a property."""

    def set(self, prop: int, value: float, /) -> bool:
        """Write a property; tells whether it was taken."""

    def getBackendName(self) -> str:
        """Return which system it goes through."""


@dataclass(frozen=True, slots=True)
class ControlReport:
    """What became of one control.

    Attributes
    ----------
    wanted, got : float or None
        The value reached and written, and what was read back; None where unreadable.
    locked : str
        ``yes``, ``no`` (it still moves by itself) or ``unknown`` (the driver does not say).
    """

    name: str
    wanted: float | None
    got: float | None
    locked: Locked

    def detail(self) -> tuple[str, str]:
        """Return it as a fact: a name and a text."""
        wanted, got = (
            "unreadable" if v is None else f"{v:g}" for v in (self.wanted, self.got)
        )
        return self.name, f"locked={self.locked} wanted={wanted} got={got}"


@dataclass(frozen=True, slots=True)
class _Kind:
    """A value and the switch that lets it move by itself (None where it has none)."""

    name: str
    value: int
    switch: int | None


_KINDS = (
    _Kind("exposure", cv2.CAP_PROP_EXPOSURE, cv2.CAP_PROP_AUTO_EXPOSURE),
    _Kind("white_balance", cv2.CAP_PROP_WB_TEMPERATURE, cv2.CAP_PROP_AUTO_WB),
    _Kind("focus", cv2.CAP_PROP_FOCUS, cv2.CAP_PROP_AUTOFOCUS),
    _Kind("gain", cv2.CAP_PROP_GAIN, None),
)
# DirectShow reads the flags of the focus: 1 automatic, 2 manual; it writes 0 for manual.
_DSHOW_MANUAL_FOCUS = 2.0
_DSHOW_WHITE_BALANCE = cv2.CAP_PROP_WHITE_BALANCE_BLUE_U  # its only white balance


def lock_controls(
    camera: Controls, remembered: Mapping[str, float] | None = None
) -> tuple[ControlReport, ...]:
    """Switch every automatic off and hold the values.

    Parameters
    ----------
    camera : Controls
        An open ``cv2.VideoCapture`` that has had time to adjust itself.
    remembered : mapping of str to float, optional
        Values of an earlier opening, to be the same again; by name as in the reports.

    Returns
    -------
    reports : tuple of ControlReport
        Exposure, white balance, focus, gain, in this order.
    """
    system = camera.getBackendName()
    if system not in _SYSTEMS:
        return tuple(ControlReport(kind.name, None, None, "unknown") for kind in _KINDS)
    known = remembered or {}
    return tuple(_lock(camera, system, kind, known.get(kind.name)) for kind in _KINDS)


def _lock(
    camera: Controls, system: str, kind: _Kind, remembered: float | None
) -> ControlReport:
    value = kind.value
    if system == "DSHOW" and kind.name == "white_balance":
        value = _DSHOW_WHITE_BALANCE
    reached = remembered if remembered is not None else _read(camera, value)
    switched = _switch_off(camera, system, kind)
    taken = reached is not None and camera.set(value, reached)
    got = _read(camera, value)
    held = reached is not None and got is not None and abs(got - reached) <= _CLOSE
    locked: Locked = "unknown"
    if switched is False or (taken and not held):
        locked = "no"
    elif switched and (held or reached is None):
        locked = "yes"
    elif switched is None and system == "DSHOW" and taken and held:
        locked = "yes"  # there a written value is a manual one
    return ControlReport(kind.name, reached, got, locked)


def _switch_off(camera: Controls, system: str, kind: _Kind) -> bool | None:
    """Switch an automatic off; None when the driver does not say whether it is."""
    if kind.switch is None:
        return None
    for written, read in _manual(system, kind.name):
        before = _read(camera, kind.switch)
        if before is None:
            return None
        # A driver that is automatic takes the value only after being told again.
        if camera.set(kind.switch, written) or before == read:
            after = _read(camera, kind.switch)
            if after is not None and abs(after - read) <= _CLOSE:
                return True
    return False


def _manual(system: str, name: str) -> tuple[tuple[float, float], ...]:
    """Return (value to write, value then read) for «manual», in the order to be tried."""
    if name == "exposure" and system == "V4L2":
        return (1.0, 1.0), (0.25, 0.25)
    if name == "exposure" and system != "MSMF":
        return (0.25, 0.25), (1.0, 1.0)
    if name == "focus" and system == "DSHOW":
        return ((0.0, _DSHOW_MANUAL_FOCUS),)
    return ((0.0, 0.0),)


def _read(camera: Controls, prop: int) -> float | None:
    value = float(camera.get(prop))
    # An exposure of 2**-1 s is a legal value of DirectShow; no camera is set so slow.
    return None if value == _UNREADABLE else value

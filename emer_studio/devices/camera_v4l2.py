"""Controls of a Linux camera that OpenCV does not reach.

Two of them matter: the frequency of the mains (flicker), and whether automatic exposure
may lower the frame rate. Another handle of the same device may set them while it streams.
Numbers are those of ``linux/v4l2-controls.h`` and ``linux/videodev2.h``.
"""

from __future__ import annotations

import contextlib
import os
import struct
import sys
from collections.abc import Callable
from pathlib import Path

from emer_studio.devices.camera_controls import ControlReport

__all__ = ["set_linux_controls"]

Ioctl = Callable[[int, int, bytes], bytes]
_CONTROL = struct.Struct("=Ii")  # struct v4l2_control: id, value
_GET, _SET = 0xC008561B, 0xC008561C  # VIDIOC_G_CTRL, VIDIOC_S_CTRL
_POWER_LINE_FREQUENCY = 0x00980918
_EXPOSURE_AUTO_PRIORITY = 0x009A0903  # «dynamic frame rate»
_MENU = {50: 1, 60: 2}  # of the power line frequency; 0 is off, 3 automatic


def set_linux_controls(
    device: Path, mains_hz: int, *, ioctl: Ioctl | None = None
) -> tuple[ControlReport, ...]:
    """Set the mains frequency, hold the frame rate, and say what became of both.

    Parameters
    ----------
    device : Path
        ``/dev/video0`` …
    mains_hz : int
        50 or 60; 0 leaves it, and reports what it is.
    ioctl : callable, optional
        As ``fcntl.ioctl``, which is used without it; another one in tests.
    """
    unknown = ControlReport("mains_frequency", _MENU.get(mains_hz), None, "unknown")
    if not sys.platform.startswith("linux"):
        return (unknown,)
    if ioctl is None:
        import fcntl

        ioctl = fcntl.ioctl
    try:
        handle = os.open(device, os.O_RDWR | os.O_NONBLOCK)
    except OSError:
        return (unknown,)
    try:
        return (
            _one(ioctl, handle, "mains_frequency", _POWER_LINE_FREQUENCY,
                 _MENU.get(mains_hz)),
            _one(ioctl, handle, "exposure_lowers_rate", _EXPOSURE_AUTO_PRIORITY, 0),
        )  # fmt: skip
    finally:
        os.close(handle)


def _one(
    ioctl: Ioctl, handle: int, name: str, control: int, wanted: int | None
) -> ControlReport:
    if wanted is not None:
        with contextlib.suppress(OSError):  # what counts is what is read back
            ioctl(handle, _SET, _CONTROL.pack(control, wanted))
    try:
        _, got = _CONTROL.unpack(ioctl(handle, _GET, _CONTROL.pack(control, 0)))
    except OSError:
        return ControlReport(name, wanted, None, "unknown")
    fixed = got == wanted if wanted is not None else got in _MENU.values()
    return ControlReport(name, wanted, float(got), "yes" if fixed else "no")

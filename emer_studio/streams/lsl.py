"""What every outlet and inlet needs from liblsl before it may be trusted."""

from __future__ import annotations

import ctypes

import pylsl
from pylsl.lib import lib

from emer_studio.core import clock
from emer_studio.core.errors import MissingError
from emer_studio.streams import lsl_config

__all__ = ["FORMATS", "check_clock", "library_version", "offset_of"]

FORMATS = {
    "float32": pylsl.cf_float32,
    "double64": pylsl.cf_double64,
    "string": pylsl.cf_string,
    "int64": pylsl.cf_int64,
    "int32": pylsl.cf_int32,
    "int16": pylsl.cf_int16,
    "int8": pylsl.cf_int8,
}
_CLOCK_TOLERANCE_S = 0.001  # chosen by us: ten times the cost of reading both clocks
lib.lsl_time_correction_ex.restype = ctypes.c_double


def _configure() -> None:
    """Hand over the lab's configuration with our settings; liblsl reads it only once."""
    text = lsl_config.lab_text()
    merged = None if text is None else lsl_config.overlay(text)
    if merged is not None:
        pylsl.set_config_content(merged)


_configure()


def library_version() -> str:
    """Return the version of liblsl, as it writes it (e.g. 118 for 1.18)."""
    return str(pylsl.library_version())


def check_clock() -> None:
    """Make sure that `core.clock` and liblsl read the same counter.

    Raises
    ------
    MissingError
        When they differ by more than a millisecond on this system.
    """
    apart = min(abs(pylsl.local_clock() - clock.now_s()) for _ in range(5))
    if apart > _CLOCK_TOLERANCE_S:
        raise MissingError(
            f"liblsl's clock and Python's differ by {apart:.6f} s on this system,"
            " so stamps of different processes could not be compared.",
            fix="Run emer-studio doctor --json and report its output.",
        )


def offset_of(
    inlet: pylsl.StreamInlet, timeout_s: float
) -> tuple[float, float, float] | None:
    """Measure the clock offset of the sender of `inlet`.

    Returns
    -------
    measurement : tuple of float or None
        The moment it belongs to (sender's clock, s), the offset (s, to be added to the
        sender's stamps) and its uncertainty (s); None when the measurement failed.
    """
    remote, uncertainty = ctypes.c_double(), ctypes.c_double()
    code = ctypes.c_int32()
    offset = lib.lsl_time_correction_ex(
        inlet.obj,
        ctypes.byref(remote),
        ctypes.byref(uncertainty),
        ctypes.c_double(timeout_s),
        ctypes.byref(code),
    )
    return None if code.value else (remote.value, float(offset), uncertainty.value)

"""How many more sessions the disk has room for."""

from __future__ import annotations

import shutil
import statistics
from dataclasses import dataclass

from emer_studio.core.settings import Settings, load
from emer_studio.study.folder import Session, Study

__all__ = [
    "LEAST_BYTES",
    "STREAMS_BYTES_S",
    "Forecast",
    "camera_bytes_s",
    "forecast",
    "recorded_bytes",
    "sessions_left",
]

LEAST_BYTES = 1e9
"""Room that is left alone: below this a system itself is in trouble (chosen by us)."""
STREAMS_BYTES_S = 100_000.0
"""Gaze and markers by two recorders; chosen by us: 38 channels at 250 Hz, twice."""
_LEARNED_FROM = 10  # sessions; chosen by us: a lab changes its camera now and then
_MINUTES = 40.0  # of a session of unknown length; chosen by us
_USUAL_PX, _USUAL_HZ = 1280 * 720.0, 30.0  # a webcam's mode, where nothing was chosen
# Bits for a pixel of a face in front of a plain wall, in a webcam's noise. Chosen by us, on
# the large side; the first recorded session replaces them.
_BITS_A_PIXEL = {"h264": 0.4, "near-lossless": 1.6, "mjpeg": 1.2}


@dataclass(frozen=True, slots=True)
class Forecast:
    """Room on the disk of a study.

    Attributes
    ----------
    free_bytes, session_bytes : float
        Free now, and what a session takes.
    recorded : int
        Sessions that `session_bytes` was learned from; 0 when it is an estimate.
    """

    free_bytes: float
    session_bytes: float
    recorded: int

    @property
    def left(self) -> int:
        """How many more sessions there is room for."""
        return sessions_left(self.free_bytes, self.session_bytes)


def forecast(study: Study, known: Settings | None = None) -> Forecast:
    """Look at the disk of a study.

    Parameters
    ----------
    study : Study
    known : Settings, optional
        The camera that was chosen last, and its settings; those of this machine if left
        out.
    """
    known = load() if known is None else known
    simulated = known.last_camera.partition(":")[0] == "sim"
    sizes = recorded_bytes(study, simulated=simulated)
    rate = camera_bytes_s(known.last_size, known.last_fps, known.last_codec)
    guess = 60 * _MINUTES * (rate + STREAMS_BYTES_S)
    free = float(shutil.disk_usage(study.folder).free)
    return Forecast(free, statistics.median(sizes) if sizes else guess, len(sizes))


def recorded_bytes(
    study: Study, protocol_sha256: str = "", *, simulated: bool
) -> list[float]:
    """Return the sizes of the last finished sessions.

    Parameters
    ----------
    study : Study
    protocol_sha256 : str
        Only of sessions with this protocol; empty for any.
    simulated : bool
        Of those with a simulated camera, or of the others: a drawn face is small.
    """
    done = [
        session
        for session in study.sessions()
        if session.manifest.state == "complete"
        and not session.manifest.imported
        and protocol_sha256 in ("", session.manifest.protocol_sha256)
        and ("camera" in session.manifest.simulated_devices) == simulated
    ]
    return [_size(session) for session in done[-_LEARNED_FROM:]]


def camera_bytes_s(size: str, fps: str, codec: str) -> float:
    """Return about how many bytes a second a camera writes, by its settings.

    Parameters
    ----------
    size, fps, codec : str
        As the session form has them, e.g. ``1280x720``, ``30``, ``mjpeg``; empty: usual.
    """
    width, cross, height = size.partition("x")
    known = cross and width.isdigit() and height.isdigit()
    pixels = float(width) * float(height) if known else _USUAL_PX
    try:
        rate_hz = float(fps or _USUAL_HZ)
    except ValueError:
        rate_hz = _USUAL_HZ
    return pixels * rate_hz * _BITS_A_PIXEL.get(codec, _BITS_A_PIXEL["h264"]) / 8


def sessions_left(free_bytes: float, session_bytes: float) -> int:
    """Return how many sessions fit, with room to breathe left."""
    return max(int((free_bytes - LEAST_BYTES) // max(session_bytes, 1.0)), 0)


def _size(session: Session) -> float:
    files = (path for path in session.folder.rglob("*") if path.is_file())
    return float(sum(path.stat().st_size for path in files))

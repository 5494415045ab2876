"""A Tobii eye tracker through TittaPy, sent over LSL in the shape of TittaLSL.

Three streams: gaze (every sample of the device, all that the Tobii Pro SDK measures), the
device's clock against the computer's (time sync), and where the head is in the tracker's
box (positioning). What a sample is stamped with is Tobii's ``system_time_stamp``, brought
onto LSL's clock by comparing both clocks now; the raw stamps are channels.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from emer_studio.core import clock
from emer_studio.schema.streams import Channel
from emer_studio.streams.outlets import Outlet, OutletSpec

__all__ = [
    "GAZE_CHANNELS",
    "Tobii",
    "TobiiSender",
    "TobiiTracker",
    "clock_offset_s",
    "gaze_rows",
]

Samples = Mapping[str, Any]
"""What TittaPy returns: an array, or a list, for each field, one value per sample."""
_TICK_S = 0.01  # chosen by us: TittaPy keeps what comes meanwhile
# Chosen by us: with eye openness asked for, TittaPy holds back each sample until its
# openness comes; a tracker that announces openness and sends none would stay silent.
_OPENNESS_S = 2.0
_RECENT_S = 0.5
_US = 1e-6


class TobiiTracker(Protocol):
    """The part of ``TittaPy.EyeTracker`` that is used."""

    @property
    def model(self) -> str:
        """As Tobii names it, e.g. ``Tobii Pro Fusion``."""

    @property
    def serial_number(self) -> str:
        """Of the device."""

    @property
    def firmware_version(self) -> str:
        """Of the device."""

    @property
    def tracking_mode(self) -> str:
        """E.g. ``human``."""

    @property
    def supported_frequencies(self) -> Sequence[float]:
        """The rates it can be set to, Hz."""

    frequency: float
    """The rate that it is set to, Hz."""

    def has_stream(self, stream: str) -> bool:
        """Tell whether the device has a stream."""

    def start(self, stream: str) -> bool:
        """Begin to collect a stream."""

    def stop(self, stream: str) -> bool:
        """End that."""

    def consume_N(self, stream: str) -> Samples:
        """Return and forget what was collected."""

    def set_include_eye_openness_in_gaze(self, include: bool) -> object:
        """Join the stream of eye openness with that of gaze."""


class Tobii(Protocol):
    """The part of the module TittaPy that is used."""

    def get_system_timestamp(self) -> int:
        """Return the clock of ``system_time_stamp``, in microseconds."""

    def find_all_eye_trackers(self) -> Sequence[Mapping[str, Any]]:
        """Return what is known of each tracker; takes two seconds."""

    def EyeTracker(self, address: str) -> TobiiTracker:
        """Connect to one; raises RuntimeError."""


# Of each eye: label, type, unit, field, and the field that says whether it is valid.
_POINT, _PUPIL, _ORIGIN, _LIDS = "gaze_point", "pupil", "gaze_origin", "eye_openness"
_USER = "in_user_coordinates"


def _flags(of: str) -> list[tuple[str, str, str, str, str]]:
    return [
        (f"{kind}.{of}", f"{kind.capitalize()}Flag", "bool", f"{of}_{kind}", "")
        for kind in ("valid", "available")
    ]


_EYE = (
    *(
        (
            f"{axis}.position_on_display_area.{_POINT}",
            f"Screen{axis.upper()}",
            "normalized",
            f"{_POINT}_on_display_area_{axis}",
            f"{_POINT}_valid",
        )
        for axis in "xy"
    ),
    *(
        (
            f"{axis}.position_{_USER}.{_POINT}",
            f"Intersection{axis.upper()}",
            "mm",
            f"{_POINT}_{_USER}_{axis}",
            f"{_POINT}_valid",
        )
        for axis in "xyz"
    ),
    *_flags(_POINT),
    (f"diameter.{_PUPIL}", "Diameter", "mm", f"{_PUPIL}_diameter", f"{_PUPIL}_valid"),
    *_flags(_PUPIL),
    *(
        (
            f"{axis}.position_{_USER}.{_ORIGIN}",
            f"Pupil{axis.upper()}",
            "mm",
            f"{_ORIGIN}_{_USER}_{axis}",
            f"{_ORIGIN}_valid",
        )
        for axis in "xyz"
    ),
    *_flags(_ORIGIN),
    (f"diameter.{_LIDS}", "EyeLidDistance", "mm", f"{_LIDS}_diameter", f"{_LIDS}_valid"),
    *_flags(_LIDS),
)
_CLOCKS = ("device_time_stamp", "system_time_stamp")
_SYNC = ("system_request_time_stamp", "device_time_stamp", "system_response_time_stamp")
GAZE_CHANNELS = (
    *(
        Channel(f"{label}.{eye}_eye", kind, unit, eye)
        for eye in ("left", "right")
        for label, kind, unit, _, _ in _EYE
    ),
    *(Channel(name, "TimeStamp", "s") for name in _CLOCKS),
)
"""As TittaLSL's 38 channels; the track box, which newer ones add, is left out."""
_SYNC_CHANNELS = tuple(Channel(name, "TimeStamp", "us") for name in _SYNC)
_POSITION_CHANNELS = tuple(
    channel
    for eye, unit in (("left", "normalized"), ("right", "normalized"))
    for channel in (
        *(
            Channel(
                f"{axis}.user_position.{eye}_eye",
                f"Position{axis.upper()}",
                "normalized",
                eye,
            )
            for axis in "xyz"
        ),
        Channel(f"valid.user_position.{eye}_eye", "ValidFlag", "bool", eye),
    )
)


def gaze_rows(samples: Samples) -> npt.NDArray[np.float64]:
    """Return TittaPy's gaze as rows of `GAZE_CHANNELS`, shape (n, 38).

    What is not valid is NaN: the device may have left any number there.
    """
    columns = []
    for eye in ("left", "right"):
        for _, _, _, field, valid in _EYE:
            values = np.asarray(samples[f"{eye}_{field}"], dtype=np.float64)
            if valid:
                seen = np.asarray(samples[f"{eye}_{valid}"], dtype=bool)
                values = np.where(seen, values, np.nan)
            columns.append(values)
    columns += [np.asarray(samples[name], dtype=np.float64) * _US for name in _CLOCKS]
    return np.stack(columns, axis=1)


def position_rows(samples: Samples) -> npt.NDArray[np.float64]:
    """Return TittaPy's positioning as rows, shape (n, 8)."""
    columns = []
    for eye in ("left", "right"):
        name = f"{eye}_user_position"
        columns += [
            np.asarray(samples[f"{name}_{axis}"], dtype=np.float64) for axis in "xyz"
        ]
        columns.append(np.asarray(samples[f"{name}_valid"], dtype=np.float64))
    return np.stack(columns, axis=1)


def clock_offset_s(tobii: Tobii) -> float:
    """Return what is to be added to Tobii's system clock to get LSL's, in seconds.

    Nothing is taken for granted about the two being one clock. Of five readings the one
    counts that was held up least: it is wrong by half of its own length at most.
    """
    tries = []
    for _ in range(5):
        before_s = clock.now_s()
        theirs_s = tobii.get_system_timestamp() * _US
        after_s = clock.now_s()
        tries.append((after_s - before_s, (before_s + after_s) / 2 - theirs_s))
    return min(tries)[1]


class TobiiSender:
    """Sends what a tracker measures, from construction until `close`.

    Parameters
    ----------
    tobii : Tobii
        The module.
    tracker : TobiiTracker
        Connected.
    say : callable
        Called with a sentence when something is to be known.
    """

    def __init__(
        self, tobii: Tobii, tracker: TobiiTracker, say: Callable[[str], None]
    ) -> None:
        self._tobii, self._tracker, self._say = tobii, tracker, say
        self._rate_hz = float(tracker.frequency)
        self.sent = 0
        """Samples of gaze so far."""
        self.offset_s = clock_offset_s(tobii)
        self.problem = ""
        """Why it has ended by itself; empty while it sends."""
        self.recent: deque[Samples] = deque(maxlen=round(_RECENT_S / _TICK_S))
        """The last samples of gaze."""
        self.position: npt.NDArray[np.float64] = np.full(8, np.nan)
        """The last sample of the positioning stream."""
        self._openness = tracker.has_stream("eye_openness") and not _lacks_openness(tracker)
        if self._openness:
            tracker.set_include_eye_openness_in_gaze(True)
        self.gaze = Outlet(self._spec("gaze", "Gaze", GAZE_CHANNELS, self._rate_hz))
        self._sync = Outlet(self._spec("timeSync", "TimeSync", _SYNC_CHANNELS))
        self._place = Outlet(self._spec("positioning", "Positioning", _POSITION_CHANNELS))
        self._end = threading.Event()
        for stream in ("gaze", "time_sync", "positioning", "notification"):
            tracker.start(stream)
        self._began_s = clock.now_s()
        self._thread = threading.Thread(target=self._run, name="tobii")
        self._thread.start()

    def _spec(
        self, what: str, kind: str, channels: tuple[Channel, ...], rate_hz: float = 0.0
    ) -> OutletSpec:
        """Describe a stream; its source id is the same whenever this device sends it."""
        tracker, name = self._tracker, f"Tobii_{what}"
        return OutletSpec(
            name=name,
            type=kind,
            channels=channels,
            channel_format="double64",  # TittaLSL's int64 is refused by LabRecorder
            nominal_hz=rate_hz,
            source_id=f"EMERStudio:{name}@{tracker.serial_number}",
            manufacturer="Tobii",
            facts=(
                ("model", tracker.model),
                ("serial_number", tracker.serial_number),
                ("firmware_version", tracker.firmware_version),
                ("tracking_mode", tracker.tracking_mode),
                ("application", "EMER Studio"),
            ),
        )

    def close(self) -> None:
        """Send what is left, and end."""
        self._end.set()
        self._thread.join()
        for stream in ("gaze", "time_sync", "positioning", "notification"):
            self._tracker.stop(stream)
        for outlet in (self.gaze, self._sync, self._place):
            outlet.close()

    def _run(self) -> None:
        try:
            while not self._end.wait(_TICK_S):
                self._send_all()
            self._send_all()  # what came meanwhile
        except RuntimeError as problem:  # the kind that TittaPy raises
            self.problem = " ".join(str(problem).split())

    def _send_all(self) -> None:
        self.offset_s = clock_offset_s(self._tobii)
        self._send_gaze()
        self._send_sync()
        self._send_position()
        self._tell()

    def _send_gaze(self) -> None:
        samples = self._tracker.consume_N("gaze")
        rows = gaze_rows(samples)
        if len(rows):
            self.gaze.push_rows(rows, rows[:, -1] + self.offset_s)
            self.recent.append(samples)
            self.sent += len(rows)
        elif self._openness and not self.sent and self._silent_for(_OPENNESS_S):
            self._openness = False
            self._tracker.set_include_eye_openness_in_gaze(False)
            self._say(f"{self._tracker.model} sends no eye openness; gaze goes without it")

    def _silent_for(self, seconds: float) -> bool:
        return clock.now_s() - self._began_s > seconds

    def _send_sync(self) -> None:
        samples = self._tracker.consume_N("time_sync")
        rows = np.stack([np.asarray(samples[name], dtype=np.float64) for name in _SYNC], 1)
        self._sync.push_rows(rows, rows[:, 0] * _US + self.offset_s)

    def _send_position(self) -> None:
        """Stamped when it is read: these samples have no stamp of their own."""
        rows = position_rows(self._tracker.consume_N("positioning"))
        if len(rows):
            self._place.push_rows(rows, np.full(len(rows), clock.now_s()))
            self.position = rows[-1]

    def _tell(self) -> None:
        for kind in self._tracker.consume_N("notification")["notification_type"]:
            self._say(f"{self._tracker.model}: {kind.name.replace('_', ' ')}")


def _lacks_openness(tracker: TobiiTracker) -> bool:
    """Tell of the one tracker known to announce eye openness at a rate without it.

    Source: the workaround in Titta for PsychoPy, which asks for none of it at 250 Hz.
    """
    return tracker.model == "Tobii Pro Fusion" and float(tracker.frequency) == 250.0

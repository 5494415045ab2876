"""Outlets: the streams that this program itself puts on the network."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pylsl

from emer_studio.core import clock
from emer_studio.schema.streams import Channel
from emer_studio.streams.lsl import FORMATS, check_clock

__all__ = ["Outlet", "OutletSpec", "is_ours", "new_source_id", "open_outlets"]

_OURS = "emer-studio:"  # how the source ids of this program begin
_open: set[str] = set()


def new_source_id(kind: str) -> str:
    """Return a source id that no other device on any machine has."""
    return f"{_OURS}{kind}:{socket.gethostname()}:{uuid.uuid4().hex}"


def is_ours(source_id: str) -> bool:
    """Tell whether this program puts a stream on the network, on whatever computer."""
    return source_id.startswith(_OURS)


def open_outlets() -> list[str]:
    """Return the source ids of the outlets that are open in this process."""
    return sorted(_open)


@dataclass(frozen=True, slots=True)
class OutletSpec:
    """What a stream says about itself.

    Attributes
    ----------
    nominal_hz : float
        0 for an irregular stream.
    simulated : bool
        Written into the header, so a recording cannot hide it.
    can_drop_samples : bool
        Tells readers never to smooth the stamps.
    facts : tuple of (str, str)
        More facts for the header, e.g. the video file a frame index belongs to.
    """

    name: str
    type: str
    channels: tuple[Channel, ...]
    channel_format: str
    nominal_hz: float
    source_id: str
    manufacturer: str = "EMER Studio"
    simulated: bool = False
    can_drop_samples: bool = False
    facts: tuple[tuple[str, str], ...] = ()


class Outlet:
    """One stream on the network, open from construction until `close`."""

    def __init__(self, spec: OutletSpec) -> None:
        check_clock()
        self.spec = spec
        self._outlet: pylsl.StreamOutlet | None = pylsl.StreamOutlet(_info(spec))
        _open.add(spec.source_id)

    def push(self, values: Sequence[object], t_s: float | None = None) -> None:
        """Send one sample stamped `t_s` (LSL clock; now when absent)."""
        if self._outlet is not None:
            self._outlet.push_sample(list(values), clock.now_s() if t_s is None else t_s)

    def push_rows(
        self, rows: npt.NDArray[np.generic], stamps_s: npt.NDArray[np.float64]
    ) -> None:
        """Send samples, shape (n, n_channels), each with its own stamp, shape (n,)."""
        for row, stamp in zip(rows.tolist(), stamps_s.tolist(), strict=True):
            self.push(row, stamp)

    @property
    def watched(self) -> bool:
        """Whether anyone listens."""
        return self._outlet is not None and bool(self._outlet.have_consumers())

    def wait_until_watched(self, timeout_s: float) -> bool:
        """Wait for a first listener; tell whether there is one."""
        return self._outlet is not None and bool(self._outlet.wait_for_consumers(timeout_s))

    def close(self) -> None:
        """Take the stream off the network."""
        self._outlet = None
        _open.discard(self.spec.source_id)


def _info(spec: OutletSpec) -> pylsl.StreamInfo:
    info = pylsl.StreamInfo(
        spec.name,
        spec.type,
        len(spec.channels),
        spec.nominal_hz,
        FORMATS[spec.channel_format],
        spec.source_id,
    )
    desc = info.desc()
    acquisition = desc.append_child("acquisition")
    acquisition.append_child_value("manufacturer", spec.manufacturer)
    acquisition.append_child_value("simulated", "true" if spec.simulated else "false")
    for key, value in spec.facts:
        acquisition.append_child_value(key, value)
    if spec.can_drop_samples:
        desc.append_child("synchronization").append_child_value("can_drop_samples", "true")
    channels = desc.append_child("channels")
    for channel in spec.channels:
        node = channels.append_child("channel")
        for key in ("label", "eye", "type", "unit"):
            if value := getattr(channel, key):
                node.append_child_value(key, value)
    return info

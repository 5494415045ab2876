"""The LSL stream that carries a camera's frame index, one for the life of the camera."""

from __future__ import annotations

import time
from pathlib import Path

from emer_studio.devices.camera import CameraFacts
from emer_studio.schema.streams import Channel
from emer_studio.streams.outlets import Outlet, OutletSpec, new_source_id

__all__ = ["STREAM_NAME", "CameraOutlet", "outlet_spec"]

STREAM_NAME = "EMER_Webcam"
_CHANNELS = (
    Channel("frame_index", "FrameNumber", "count"),
    Channel("video_time", "Time", "seconds"),
    Channel("queue_delay", "Delay", "milliseconds"),
    Channel("dropped_before", "Dropped", "count"),
    # Which video the index counts in: 1 is face_001, 2 is face_002.
    Channel("file", "FileNumber", "count"),
)


_MOST_HELD = 600  # chosen by us: twenty seconds of a webcam; who comes later comes late
_LAST_S = 0.2  # liblsl sends on a thread of its own, which ends with the outlet


class CameraOutlet(Outlet):
    """Holds rows back until somebody listens.

    A camera that was begun anew writes its video at once; the recorder needs a second to
    find it, and must not miss the index of what was written meanwhile. Stamps are given,
    so that a row which is sent late is not a late row.
    """

    def __init__(self, spec: OutletSpec) -> None:
        super().__init__(spec)
        self._held: list[tuple[list[float], float]] | None = []

    def push_index(self, values: list[float], t_s: float) -> None:
        """Send a row of the frame index, or keep it until it is heard."""
        if self._held is None:
            self.push(values, t_s)
            return
        self._held.append((values, t_s))
        if self.watched or len(self._held) >= _MOST_HELD:
            self._let_go()

    def close(self) -> None:
        """Send what is still held, if somebody came in the last moment."""
        if self._held and self.watched:
            self._let_go()
            time.sleep(_LAST_S)
        super().close()

    def _let_go(self) -> None:
        held, self._held = self._held, None
        for row, stamp in held or ():
            self.push(row, stamp)


def outlet_spec(
    facts: CameraFacts, path: Path, *, codec: str, source_id: str = ""
) -> OutletSpec:
    """Describe the stream of a camera that writes to `path`.

    Parameters
    ----------
    source_id : str
        Of the source this one continues; a new one when empty.
    """
    kind, _, rest = facts.spec.partition(":")
    named = kind if kind in ("file", "once") and rest else facts.spec  # no paths in files
    return OutletSpec(
        name=STREAM_NAME,
        type="VideoFrames",
        channels=_CHANNELS,
        channel_format="double64",
        nominal_hz=0.0,  # a declared rate would let readers smooth the stamps
        source_id=source_id or new_source_id("camera"),
        manufacturer=facts.driver,
        simulated=facts.simulated,
        can_drop_samples=True,
        facts=(
            ("video_file", path.name),
            ("codec", codec),
            ("camera", named),
            ("width_px", str(facts.width_px)),
            ("height_px", str(facts.height_px)),
            ("configured_fps", f"{facts.fps:.6g}"),
            ("pixel_format", facts.pixel_format),
            *facts.details,
        ),
    )

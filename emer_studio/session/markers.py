"""The marker stream of a session: the journal's events, mirrored onto LSL."""

from __future__ import annotations

import json
from typing import Any

from emer_studio.schema.streams import Channel
from emer_studio.streams.outlets import Outlet, OutletSpec

__all__ = ["MARKER_STREAM", "MarkerOutlet"]

MARKER_STREAM = "EMER_Markers"


class MarkerOutlet:
    """Sends each event as one JSON text, stamped with the event's own time."""

    def __init__(self, session_id: str, source_id: str, *, simulated: bool) -> None:
        self.source_id = source_id
        self._outlet = Outlet(
            OutletSpec(
                name=MARKER_STREAM,
                type="Markers",
                channels=(Channel("event", "Marker"),),
                channel_format="string",
                nominal_hz=0.0,
                source_id=self.source_id,
                simulated=simulated,
                facts=(("session", session_id),),
            )
        )

    def send(self, name: str, t_s: float, **fields: Any) -> None:
        """Send one event."""
        text = json.dumps({"event": name, **fields}, ensure_ascii=False)
        self._outlet.push([text], t_s)

    def close(self) -> None:
        """Take the stream off the network."""
        self._outlet.close()

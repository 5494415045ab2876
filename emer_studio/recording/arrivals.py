"""When the markers of other programs arrived, beside the stamps that they carry.

A foreign program may stamp its markers with a clock of its own, or wrongly; the moment of
arrival is then all there is to judge it by.
"""

from __future__ import annotations

import threading
from xml.sax.saxutils import escape

import numpy as np
import numpy.typing as npt

from emer_studio.recording.xdf import XdfWriter
from emer_studio.streams.inlets import Found
from emer_studio.streams.outlets import is_ours

__all__ = ["STREAM_NAME", "Arrivals"]

STREAM_NAME = "EMER_Arrivals"
_LABELS = (("stream_number", "count"), ("stamp_sent", "seconds"))


class Arrivals:
    """A stream of the recorder's own: one row per marker, stamped when it arrived.

    Its channels are the number of the marker's stream in this file and the stamp that
    the marker was sent with (sender's clock, s); its own stamp is the arrival (recorder's
    clock, s; at most a pull later than the network's).
    """

    def __init__(self, writer: XdfWriter) -> None:
        self._writer = writer
        self._lock = threading.Lock()
        self._number = 0  # the stream is in the file only when there is something to note

    def note(
        self,
        number: int,
        found: Found,
        stamps_s: npt.NDArray[np.float64],
        arrived_s: float,
    ) -> None:
        """Write down when samples arrived, if they are markers of another program."""
        if found.channel_format != "string" or is_ours(found.source_id):
            return
        with self._lock:
            if not self._number:
                self._number = self._writer.add_stream(_header())
                self._writer.offset(self._number, arrived_s, 0.0)  # our own clock
        count = len(stamps_s)
        rows = np.column_stack([np.full(count, float(number)), stamps_s])
        self._writer.samples(self._number, np.full(count, arrived_s), rows)


def _header() -> str:
    channels = "".join(
        f"<channel><label>{escape(label)}</label><unit>{unit}</unit></channel>"
        for label, unit in _LABELS
    )
    return (
        f'<?xml version="1.0"?><info><name>{STREAM_NAME}</name><type>Arrivals</type>'
        f"<channel_count>{len(_LABELS)}</channel_count><nominal_srate>0</nominal_srate>"
        "<channel_format>double64</channel_format><source_id>emer-studio:arrivals"
        f"</source_id><desc><channels>{channels}</channels></desc></info>"
    )

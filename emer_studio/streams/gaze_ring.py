"""One stream into a ring, to be looked at: nothing is recorded."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np

from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import write_atomic
from emer_studio.core.ring import RingWriter
from emer_studio.streams.inlets import Inlet, find_one
from emer_studio.streams.survey import ANSWER_S

__all__ = ["offer"]

_ROWS = 4096  # chosen by us: three seconds of the fastest trackers
_PULL_S, _GATHER_S = 0.2, 0.02  # as the recorder's


def offer(query: str, ring: Path, console: Console, stop: threading.Event) -> None:
    """Offer a stream's newest samples until `stop`; its header lies beside as ``.xml``.

    Rows are the sender's stamp and the channels. The event ``offered`` says that the ring
    is there.

    Parameters
    ----------
    query : str
        As `streams.inlets.find_one` takes it.
    ring : Path
        File to create.

    Raises
    ------
    MissingError
        When there is no such stream, or it is lost.
    BadInputError
        When it sends text.
    """
    inlet = Inlet(find_one(query, timeout_s=ANSWER_S))
    try:
        inlet.open(ANSWER_S, stop.is_set)
        header = inlet.header
        if header.channel_format == "string":
            raise BadInputError(f"The stream {header.name!r} sends text, not samples.")
        write_atomic(ring.with_suffix(".xml"), inlet.header_xml)
        writer = RingWriter(ring, _ROWS, (header.channel_count + 1,))
        try:
            console.event("offered", ring=str(ring), simulated=header.simulated)
            console.note(f"offering {header.name} in {ring} (Ctrl-C ends it)")
            while not stop.wait(_GATHER_S):
                values, stamps = inlet.pull(_PULL_S)
                if len(stamps):
                    writer.write_rows(np.column_stack([stamps, values]))
        finally:
            writer.close()
    finally:
        inlet.close()

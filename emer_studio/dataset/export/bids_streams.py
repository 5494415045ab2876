"""EDA, ECG, EEG and the like as BIDS physio files: one for each stream of a session."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emer_studio.core.files import write_json
from emer_studio.dataset.export.bids_eyes import TASK_NAME
from emer_studio.dataset.export.columns import Column, as_tsv, sidecar
from emer_studio.dataset.export.gather import Gathered, OutSession
from emer_studio.dataset.export.other_streams import OtherStream, other_streams

__all__ = ["write_streams"]

_MICRO = 6  # decimals of seconds
_ROWS = 100_000  # written at once, so that an hour of EEG never stands in memory as text
_TIMESTAMP = Column("timestamp", "from the session's zero, the same for all its files", "s")


def write_streams(stem: Path, gathered: Gathered, one: OutSession) -> None:
    """Write what else was recorded of a session, as long as it was recorded.

    Parameters
    ----------
    stem : Path
        Of the files, up to the task.
    gathered : Gathered
        Is added to where a stream cannot go out.
    one : OutSession
    """
    for stream in other_streams(gathered, one):
        path = stem.with_name(f"{stem.name}_recording-{stream.label}_physio.tsv.gz")
        _write_rows(path, stream)
        facts = _about(stream, release=gathered.names.release)
        columns = (_TIMESTAMP, *stream.channels)
        listed = [column.name for column in columns]
        beside = path.with_name(path.name.removesuffix(".tsv.gz") + ".json")
        write_json(beside, {**facts, "Columns": listed, **sidecar(columns)})


def _about(stream: OtherStream, *, release: bool) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "TaskName": TASK_NAME,
        "PhysioType": "generic",
        "SamplingFrequency": round(stream.rate_hz or stream.mean_hz, 3),
        "StartTime": round(float(stream.times_s[0]), _MICRO),
        "Simulated": stream.header.simulated,
    }
    if not stream.rate_hz:
        facts["Irregular"] = "no rate is declared; the frequency is the mean of the session"
    if not release:
        facts |= {"StreamName": stream.header.name, "StreamType": stream.header.type}
    return facts


def _write_rows(path: Path, stream: OtherStream) -> None:
    """Write rows without a head; no name and no time of writing are kept in the file."""
    names = [column.name for column in stream.channels]
    with (
        path.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6) as out,
    ):
        for first in range(0, len(stream.times_s), _ROWS):
            rows = slice(first, first + _ROWS)
            frame = pd.DataFrame(stream.values[rows], columns=names)
            frame.insert(0, "timestamp", np.round(stream.times_s[rows], _MICRO))
            out.write(as_tsv(frame, head=False).encode())

"""EDA, ECG, EEG and the like as tables: what each trial has of them, and every sample.

Samples are written session by session, a file for each stream, so that no study has to
fit into memory; the summary of all trials is one table.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from emer_studio.dataset.export.columns import Column, Table, write_text
from emer_studio.dataset.export.gather import Gathered, OutSession
from emer_studio.dataset.export.other_streams import OtherStream, other_streams
from emer_studio.dataset.trials import Trial

__all__ = ["FOLDER", "StreamTables"]

FOLDER = "streams"
_WHOSE = (
    Column("participant", "code", source="the export"),
    Column("session", "number of the session", source="session.json", dtype="Int64"),
    Column("trial", "number of the trial", source="journal", dtype="Int64"),
)
_TIME = Column("time_s", "from the clip's onset", "s", "recording")
_SUMMARY = (
    *_WHOSE,
    Column("stream", "its label, by its type, as in its files' names", source="recording"),
    Column("channel", "column of the stream's files", source="recording"),
    Column("unit", "of mean and sd, as the sender tells it", source="recording"),
    Column("samples", "stamped while the clip was shown", "1", "recording", dtype="Int64"),
    Column(
        "share",
        "of the samples that the declared rate promises; missing without one",
        "1",
        "recording",
    ),
    Column("mean", "over the clip, in its unit", "", "recording", dtype="Float64"),
    Column("sd", "standard deviation, the same", "", "recording", dtype="Float64"),
)
_MICRO, _DIGITS = 6, 6


class StreamTables:
    """Collects the streams of a study, session by session.

    Parameters
    ----------
    gathered : Gathered
        Is added to where a stream cannot go out.
    out : Path
        Folder of the export.
    """

    def __init__(self, gathered: Gathered, out: Path) -> None:
        self._gathered, self._out = gathered, out
        self._columns: dict[str, dict[tuple[str, str], Column]] = {}
        self.summary = Table("streams", _SUMMARY)

    @property
    def samples(self) -> list[Table]:
        """What the files of samples have as columns, without their rows."""
        return [
            Table(f"{FOLDER}/*_{label}", (*_WHOSE, _TIME, *columns.values()))
            for label, columns in sorted(self._columns.items())
        ]

    def add(self, one: OutSession) -> None:
        """Write the samples of a session's trials and note what they amount to."""
        for stream in other_streams(self._gathered, one):
            known = self._columns.setdefault(stream.label, {})
            known |= {(c.name, c.unit): c for c in stream.channels}
            cuts = [(trial, _inside(one, stream, trial)) for trial in one.trials]
            for trial, inside in cuts:
                about = self._about(one, trial)
                self.summary.rows.extend(
                    {**about, **row} for row in _measured(stream, trial, inside)
                )
            self._write(one, stream, cuts)

    def _about(self, one: OutSession, trial: Trial) -> dict[str, Any]:
        person = self._gathered.names.person(one.code)
        number = one.session.manifest.session
        return {"participant": person, "session": number, "trial": trial.number}

    def _write(
        self,
        one: OutSession,
        stream: OtherStream,
        cuts: list[tuple[Trial, npt.NDArray[np.bool_]]],
    ) -> None:
        names = [column.name for column in stream.channels]
        parts = []
        for trial, inside in cuts:
            onset_s = trial.onset_s - one.zero_s
            part = pd.DataFrame(stream.values[inside], columns=names)
            part.insert(0, "time_s", np.round(stream.times_s[inside] - onset_s, _MICRO))
            for name, value in reversed(self._about(one, trial).items()):
                part.insert(0, name, value)
            parts.append(part)
        frame = pd.concat(parts, ignore_index=True)
        person = self._gathered.names.person(one.code)
        stem = f"{FOLDER}/{person}_ses-{one.label}_{stream.label}"
        text = frame.to_csv(index=False, lineterminator="\n")
        write_text(self._out / f"{stem}.csv", text)
        frame.to_parquet(self._out / f"{stem}.parquet", index=False)


def _inside(one: OutSession, stream: OtherStream, trial: Trial) -> npt.NDArray[np.bool_]:
    from_s, to_s = trial.onset_s - one.zero_s, trial.end_s - one.zero_s
    return np.asarray((stream.times_s >= from_s) & (stream.times_s < to_s))


def _measured(
    stream: OtherStream, trial: Trial, inside: npt.NDArray[np.bool_]
) -> Iterator[dict[str, Any]]:
    values = stream.values[inside].astype(np.float64)
    count = int(inside.sum())
    expected = stream.rate_hz * (trial.end_s - trial.onset_s)
    for column, own in zip(stream.channels, values.T, strict=True):
        known = own[np.isfinite(own)]
        yield {
            "stream": stream.label,
            "channel": column.name,
            "unit": column.unit or None,
            "samples": count,
            "share": round(count / expected, 4) if expected > 0 else None,
            "mean": _cell(known.mean()) if len(known) else None,
            "sd": _cell(known.std(ddof=1)) if len(known) > 1 else None,
        }


def _cell(value: Any) -> float | None:
    """Return a number with six digits; statistics of channels may be of any size."""
    return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None

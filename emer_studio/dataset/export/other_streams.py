"""Streams that the program only records (EDA, ECG, EEG …), ready to go out.

They are recordings of the participant without a picture, so they need the scope ``share``
as gaze does. What is a voice, a picture or text goes out another way, or not at all. A
stream is called by its type: its name may be a device's serial number.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emer_studio.dataset.export.columns import Column
from emer_studio.dataset.export.gather import Gathered, OutSession
from emer_studio.recording.reader import RecordedStream
from emer_studio.schema.streams import Channel, StreamHeader

__all__ = ["OtherStream", "other_streams"]

_OURS = re.compile(r"EMER_.*")
_KNOWN_ELSEWHERE = ("VideoFrames", "AudioBlocks")  # indices of files of ours
_TYPES = {
    "acc": "acc", "accelerometer": "acc", "bvp": "bvp", "ecg": "ecg", "eda": "eda",
    "eeg": "eeg", "ekg": "ecg", "emg": "emg", "eog": "eog", "fnirs": "nirs", "gsr": "gsr",
    "ibi": "ibi", "mocap": "mocap", "nirs": "nirs", "ppg": "ppg", "resp": "resp",
    "respiration": "resp", "rr": "rr", "temp": "temp", "temperature": "temp",
}  # fmt: skip
_OTHER = "other"
_SHOWS = {
    "audio": "sound goes out as a file, where consent covers it",
    "video": "pictures go out as a file, where consent covers them",
    "videoraw": "pictures go out as a file, where consent covers them",
    "gaze": "another eye tracker than the session's own",
}
_LEAST = 2  # samples, below which there is no rate
_TELLING = re.compile(r"\d{3}")  # three digits in a row may be of a serial number
_LONGEST = 16  # characters of a label or unit that a release keeps; chosen by us


@dataclass(frozen=True, slots=True)
class OtherStream:
    """One stream of numbers.

    Attributes
    ----------
    label : str
        By its type, numbered where there are several: ``eda``, ``eda2``, ``other``.
    header : StreamHeader
    channels : tuple of Column
        By the labels of the sender, with its units.
    times_s : ndarray, shape (n,), float64
        From the session's zero, as recorded: gaps stay gaps.
    values : ndarray, shape (n, n_channels)
    """

    label: str
    header: StreamHeader
    channels: tuple[Column, ...]
    times_s: npt.NDArray[np.float64]
    values: npt.NDArray[np.generic]

    @property
    def rate_hz(self) -> float:
        """The rate that the sender declares; 0 for an irregular stream."""
        return self.header.expected_hz

    @property
    def mean_hz(self) -> float:
        """The rate at which samples came, over the whole recording."""
        span_s = float(self.times_s.max() - self.times_s.min())
        return (len(self.times_s) - 1) / span_s if span_s > 0 else 0.0


def other_streams(gathered: Gathered, one: OutSession) -> list[OtherStream]:
    """Return the streams of a session that are neither gaze nor the program's own.

    Parameters
    ----------
    gathered : Gathered
        Is added to where a stream cannot go out.
    one : OutSession
    """
    found, count = [], Counter[str]()
    for stream in _foreign(one):
        header, kind = stream.header, _kind(stream.header)
        count[kind] += 1
        label = f"{kind}{count[kind]}" if count[kind] > 1 else kind
        why = _why_not(stream)
        if why:
            gathered.leave_out(one, f"stream {label}", f"{header.name}: {why}")
            continue
        channels = _columns(header, kind, release=gathered.names.release)
        times_s = stream.stamps_s - one.zero_s
        values = np.asarray(stream.values).reshape(len(times_s), -1)
        found.append(OtherStream(label, header, channels, times_s, values))
    return found


def _foreign(one: OutSession) -> Iterator[RecordedStream]:
    gaze = one.recording.gaze()
    for stream in one.recording.streams:
        ours = _OURS.fullmatch(stream.header.name)
        if stream is not gaze and not ours and stream.header.type not in _KNOWN_ELSEWHERE:
            yield stream


def _kind(header: StreamHeader) -> str:
    return _TYPES.get(header.type.strip().lower(), _OTHER)


def _why_not(stream: RecordedStream) -> str:
    """Return why a stream cannot go out; empty when it can."""
    header = stream.header
    if header.channel_format == "string":
        return "text and no numbers"
    if len(stream.stamps_s) < _LEAST:
        return f"{len(stream.stamps_s)} samples only"
    return _SHOWS.get(header.type.strip().lower(), "")


def _columns(header: StreamHeader, kind: str, *, release: bool) -> tuple[Column, ...]:
    """Return a column for each channel, also where the sender describes fewer."""
    described = [*header.channels, *[Channel("")] * header.channel_count]
    columns: list[Column] = []
    for number, channel in enumerate(described[: header.channel_count], start=1):
        plain = f"{kind}_{number}"
        told = _told(channel.label, header, release=release)
        name = re.sub(r"\W+", "_", told, flags=re.ASCII).strip("_") or plain
        taken = {*_TIMES, *(column.name for column in columns)}
        unit = _told(channel.unit, header, release=release)
        what = f"channel {number} of the {kind} stream" if kind != _OTHER else plain
        columns.append(
            Column(
                plain if name in taken else name,
                what if unit else f"{what}; its sender tells no unit",
                unit,
                "recording",
                dtype="Float64",
            )
        )
    return tuple(columns)


_TIMES = ("participant", "session", "trial", "time_s", "timestamp")


def _told(text: str, header: StreamHeader, *, release: bool) -> str:
    """Return a sender's word; in a release none that may tell the device or the place."""
    names = (header.name, header.hostname, header.source_id)
    private = _TELLING.search(text) or len(text) > _LONGEST
    private = private or any(n and n.lower() in text.lower() for n in names)
    return "" if release and private else text

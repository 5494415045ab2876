"""The streams of one XDF file on the recorder's clock.

Stamps are corrected on reading, from the clock offsets in the file (`clock_fit`); they are
never smoothed, so gaps stay gaps and jitter stays jitter. Whatever is wrong with the file
is a finding beside what could be read.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from emer_studio.recording.clock_fit import FAR_S, ClockFit, correct
from emer_studio.recording.xdf_chunks import Finding, RawStream, parse_xdf
from emer_studio.recording.xdf_decode import Decoded
from emer_studio.schema.streams import StreamHeader

__all__ = [
    "LoadedXdf",
    "RecordedStream",
    "Values",
    "load_streams",
    "load_xdf",
]

Floats = npt.NDArray[np.float64]
Values = Any  # ndarray of shape (n, n_channels), or a list of rows of text


def _none() -> Floats:
    return np.empty(0)


def _nothing() -> npt.NDArray[np.bool_]:
    return np.empty(0, dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class RecordedStream:
    """One stream of a recording.

    Attributes
    ----------
    stamps_s : ndarray, shape (n,), float64
        Recorder's clock.
    values : ndarray, shape (n, n_channels), or list of rows of text
    offsets_s : ndarray, shape (m, 2), float64
        When each clock offset was measured (sender's clock) and its value.
    footer_count : int
        Samples according to the footer; -1 when the file has none.
    uncertain : ndarray, shape (n,), bool
        Samples whose clock could not be told, beside a reset or a step.
    raw_stamps_s : ndarray, shape (n,), float64
        Sender's clock, as recorded.
    drift_ppm : float
        How much too fast the sender's clock runs; nan when unknown.
    offset_uncertainty_s : float
        Robust standard deviation of the clock offsets about their fit; nan when unknown.
    resets_s : tuple of float
        Where (sender's clock) the clock was found to have been reset or stepped.
    findings : tuple of Finding
        What was wrong with the stream in the file.
    """

    header: StreamHeader
    stamps_s: Floats
    values: Values
    offsets_s: Floats
    footer_count: int
    uncertain: npt.NDArray[np.bool_] = field(default_factory=_nothing)
    raw_stamps_s: Floats = field(default_factory=_none)
    drift_ppm: float = float("nan")
    offset_uncertainty_s: float = float("nan")
    resets_s: tuple[float, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class LoadedXdf:
    """What an XDF file holds, and what is wrong with the file as a whole.

    `recorded_s` is when the recording began and ended (recorder's clock), where the
    recorder has written it down.
    """

    streams: list[RecordedStream]
    findings: tuple[Finding, ...]
    recorded_s: tuple[float, float] | None = None


def load_streams(path: Path) -> list[RecordedStream]:
    """Read every readable stream of an XDF file; see `load_xdf`."""
    return load_xdf(path).streams


def load_xdf(path: Path) -> LoadedXdf:
    """Read an XDF file.

    A damaged file is read as far as it is sound; the findings say what was skipped.

    Raises
    ------
    BadInputError
        When the file is missing or does not begin as an XDF file.
    """
    parsed = parse_xdf(path)
    streams = [_stream(raw) for raw in parsed.streams.values()]
    spans = map(_recorded_s, (raw.footer for raw in parsed.streams.values()))
    known = next((span for span in spans if span is not None), None)
    return LoadedXdf(streams, tuple(parsed.findings), known)


def _recorded_s(footer: str) -> tuple[float, float] | None:
    """Return when the recording began and ended, from a footer of ours."""
    try:
        info = ET.fromstring(footer)
        return float(info.findtext("recorded_from") or ""), float(
            info.findtext("recorded_to") or ""
        )
    except (ET.ParseError, ValueError):
        return None


def _stream(raw: RawStream) -> RecordedStream:
    found = raw.decode()
    offsets = np.array(raw.offsets, dtype=np.float64).reshape(-1, 2)
    fit = correct(found.stamps_s, offsets)
    count, footer_finding = _footer_count(raw.footer)
    return RecordedStream(
        header=raw.header,
        stamps_s=fit.stamps_s,
        values=found.values,
        offsets_s=offsets,
        footer_count=count,
        uncertain=fit.uncertain,
        raw_stamps_s=found.stamps_s,
        drift_ppm=fit.drift_ppm,
        offset_uncertainty_s=fit.uncertainty_s,
        resets_s=fit.resets,
        findings=(*footer_finding, *_findings(found, fit, offsets)),
    )


def _footer_count(footer: str) -> tuple[int, list[Finding]]:
    """Return the sample count of a footer, -1 without one."""
    if not footer:
        return -1, []
    try:
        return int(ET.fromstring(footer).findtext("sample_count") or ""), []
    except (ET.ParseError, ValueError):
        return -1, [Finding("footer", "the footer cannot be read")]


def _findings(found: Decoded, fit: ClockFit, offsets: Floats) -> list[Finding]:
    items = []
    if found.damaged:
        text = f"{len(found.damaged)} sample chunks are damaged and were skipped"
        items.append(Finding("corrupted", text))
    if found.replaced:
        text = f"{found.replaced} texts are not valid UTF-8; shown with '\ufffd'"
        items.append(Finding("text", text))
    if fit.resets:
        text = (
            f"the sender's clock was reset or stepped {len(fit.resets)} times;"
            f" {int(np.sum(fit.uncertain))} samples beside it are uncertain"
        )
        items.append(Finding("clock", text))
    absurd = int(np.sum(~np.all(np.abs(offsets) < FAR_S, axis=1)))
    if fit.outliers or absurd:
        wrong = fit.outliers + absurd
        items.append(Finding("clock", f"{wrong} implausible clock offsets were not used"))
    return items

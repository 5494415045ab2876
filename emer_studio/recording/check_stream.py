"""Is one stream sound? Counts, gaps, clock, and what the file itself says about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from emer_studio.recording.clock_fit import FAR_S
from emer_studio.recording.gaps import StreamStats, missing_between, stream_stats
from emer_studio.recording.xdf_chunks import Finding
from emer_studio.recording.xdf_load import RecordedStream
from emer_studio.schema.streams import gaze_layout

__all__ = ["EYES_AMBER_PCT", "Findings", "check_stream", "tell"]

# Limits chosen by us; a lab's own limits come with its protocol.
_LOSS_AMBER_PCT, _LOSS_RED_PCT = 1.0, 10.0
_RATE_TOLERANCE = 0.02
_DRIFT_PPM = 200.0  # a sound quartz stays below 100 ppm; corrected, but worth a look
_UNCERTAINTY_S = 0.001  # the error of one measurement that liblsl's documentation names
_FAR_OFF_S = 10.0  # chosen by us: more than a recording's edges can explain
_EDGE_S = 1.0  # a stream that begins later or ends earlier than this missed something
EYES_AMBER_PCT, _EYES_RED_PCT = 20.0, 50.0
_RED = ("corrupted", "header")  # kinds of finding that mean that data are missing


class Findings:
    """Findings and the worst colour so far."""

    def __init__(self) -> None:
        self.items: list[str] = []
        self._worst = 0

    def amber(self, text: str) -> None:
        """Note something to look at."""
        self._add(1, text)

    def red(self, text: str) -> None:
        """Note something missing or not to be trusted."""
        self._add(2, text)

    def _add(self, level: int, text: str) -> None:
        self._worst = max(self._worst, level)
        self.items.append(f"{('green', 'amber', 'red')[level]}: {text}")

    @property
    def verdict(self) -> str:
        """The worst colour."""
        return ("green", "amber", "red")[self._worst]


def tell(found: Iterable[Finding], who: str, findings: Findings) -> None:
    """Take over what the reader found; `who` is the file or the stream."""
    for finding in found:
        colour = findings.red if finding.kind in _RED else findings.amber
        colour(f"{who}: {finding.text}")


def check_stream(
    stream: RecordedStream,
    findings: Findings,
    span: tuple[float, float] | None,
    cuts: Sequence[tuple[float, float]] = (),
) -> dict[str, Any]:
    """Check one stream.

    Parameters
    ----------
    stream : RecordedStream
    findings : Findings
        Where to note what is wrong.
    span : tuple of float, optional
        The time (s, recorder's clock) that the stream should cover.
    cuts : sequence of tuple of float
        Times in which nothing was recorded, because the session was cut off.

    Returns
    -------
    row : dict
        The stream's line of the verdict.
    """
    header = stream.header
    tell(stream.findings, header.name, findings)
    stats = _without(_check_stamps(stream, findings, span), cuts, header.expected_hz)
    _check_counts(stream, stats, findings)
    spread_s = _check_clock(stream, findings)
    row: dict[str, Any] = {
        "name": header.name,
        "type": header.type,
        "declared_hz": _number(header.nominal_hz, 6),
        "samples": len(stream.stamps_s),
        "effective_hz": round(stats.effective_hz, 3),
        "loss_pct": round(stats.loss_pct, 3),
        "gaps": [[round(start, 4), round(length, 4)] for start, length in stats.gaps],
        "offsets": len(stream.offsets_s),
        "offset_spread_ms": _number(spread_s * 1e3, 4),
        "offset_uncertainty_ms": _number(stream.offset_uncertainty_s * 1e3, 4),
        "drift_ppm": _number(stream.drift_ppm, 2),
        "clock_resets": len(stream.resets_s),
        "uncertain": int(np.sum(stream.uncertain)),
        "simulated": header.simulated,
    }
    seen = _eyes_seen(stream)
    if seen is not None and len(seen):
        lost_pct = 100 * (1 - float(np.mean(seen)))
        row["eyes_lost_pct"] = round(lost_pct, 2)
        if lost_pct >= EYES_AMBER_PCT:
            colour = findings.red if lost_pct >= _EYES_RED_PCT else findings.amber
            colour(f"{header.name}: the eyes were lost in {lost_pct:.0f} % of the samples")
    return row


def _without(
    stats: StreamStats, cuts: Sequence[tuple[float, float]], expected_hz: float
) -> StreamStats:
    """Take the gaps out that lie in a cut: nobody lost those samples."""

    def cut_off(start_s: float, length_s: float) -> bool:
        middle_s = start_s + length_s / 2
        return any(first <= middle_s <= last for first, last in cuts)

    out = [gap for gap in stats.gaps if cut_off(*gap)]
    if not out or stats.effective_hz <= 0:
        return stats
    length_s = sum(length for _, length in out)
    not_lost = sum(missing_between(length, expected_hz) for _, length in out)
    span_s = (stats.samples - 1) / stats.effective_hz - length_s
    return replace(
        stats,
        effective_hz=(stats.samples - 1 - len(out)) / span_s if span_s > 0 else 0.0,
        lost=max(stats.lost - not_lost, 0),
        gaps=tuple(gap for gap in stats.gaps if gap not in out),
    )


def _number(value: float, digits: int) -> float | None:
    """Return a number for JSON, which has neither NaN nor infinity."""
    return round(value, digits) if np.isfinite(value) else None


def _check_stamps(
    stream: RecordedStream, findings: Findings, span: tuple[float, float] | None
) -> StreamStats:
    """Check that the stamps are sound and cover `span`; count the gaps between them."""
    name, stamps = stream.header.name, stream.stamps_s
    expected_hz = stream.header.expected_hz
    if not np.isfinite(expected_hz) or expected_hz < 0:
        findings.amber(f"{name}: declares a rate of {expected_hz}, which is none")
        expected_hz = 0.0
    sound = stamps[np.isfinite(stamps)]
    if len(sound) < len(stamps):
        findings.red(f"{name}: {len(stamps) - len(sound)} stamps that are no number")
    back = int(np.sum(np.diff(sound) < 0))
    if back:
        findings.red(f"{name}: stamps go backwards, {back} times")
    regular = stream.header.nominal_hz > 0
    stats = stream_stats(sound, expected_hz=expected_hz, regular=regular)
    if span is None or not expected_hz or not len(sound):
        return stats
    if sound[-1] < span[0] - _FAR_OFF_S or sound[0] > span[1] + _FAR_OFF_S:
        findings.red(
            f"{name}: its stamps lie {_apart(sound, span):.0f} s beside the recording: its"
            " clock cannot be brought onto ours"
        )
        return stats
    late_s, early_s = float(sound[0]) - span[0], span[1] - float(sound[-1])
    if late_s > _EDGE_S:
        findings.red(f"{name}: begins {late_s:.1f} s late")
    if early_s > _EDGE_S:
        findings.red(f"{name}: ends {early_s:.1f} s before the recording does")
    missed_s = sum(edge for edge in (late_s, early_s) if edge > _EDGE_S)
    return replace(stats, lost=stats.lost + round(missed_s * expected_hz))


def _apart(stamps: npt.NDArray[np.float64], span: tuple[float, float]) -> float:
    return float(max(span[0] - stamps[-1], stamps[0] - span[1]))


def _check_counts(stream: RecordedStream, stats: StreamStats, findings: Findings) -> None:
    """Compare how many samples there are with the footer, the rate and the gaps."""
    header, n = stream.header, len(stream.stamps_s)
    name = header.name
    if stream.footer_count not in (-1, n):
        findings.red(
            f"{name}: the footer says {stream.footer_count} samples, {n} are in the file"
        )
    if not n and header.channel_format != "string":
        findings.red(f"{name}: not a single sample")
    if stats.loss_pct >= _LOSS_RED_PCT:
        findings.red(f"{name}: {stats.loss_pct:.1f} % lost")
    elif stats.loss_pct >= _LOSS_AMBER_PCT:
        findings.amber(f"{name}: {stats.loss_pct:.1f} % lost in {len(stats.gaps)} gaps")
    rate = header.nominal_hz
    known = np.isfinite(rate) and rate > 0
    if known and n > rate and abs(stats.effective_hz / rate - 1) > _RATE_TOLERANCE:
        findings.amber(
            f"{name}: declares {rate:g} Hz, delivered {stats.effective_hz:.2f} Hz"
        )


def _check_clock(stream: RecordedStream, findings: Findings) -> float:
    """Say how sure the stream's place on our clock is; return the offsets' spread (s)."""
    name, values = stream.header.name, stream.offsets_s[:, 1]
    values = values[np.abs(values) < FAR_S]
    if not len(values):
        findings.amber(f"{name}: no clock offset was measured")
        return 0.0
    if abs(stream.drift_ppm) > _DRIFT_PPM:
        findings.amber(
            f"{name}: its clock runs {stream.drift_ppm:+.0f} ppm against ours (corrected)"
        )
    if stream.offset_uncertainty_s > _UNCERTAINTY_S:
        findings.amber(
            f"{name}: its clock offset is known to"
            f" {stream.offset_uncertainty_s * 1e3:.1f} ms only"
        )
    return float(np.ptp(values))


def _eyes_seen(stream: RecordedStream) -> npt.NDArray[np.bool_] | None:
    """Return for each sample whether any eye was tracked; None when that cannot be told."""
    layout = gaze_layout(stream.header)
    if layout is None or stream.header.channel_format == "string":
        return None
    values = np.asarray(stream.values, dtype=np.float64)
    seen = np.zeros(len(values), dtype=bool)
    for eye in layout.eyes:
        good = np.isfinite(values[:, layout.columns[f"{eye}_x"]])
        for said in {f"{eye}_valid", "both_valid"} & layout.columns.keys():
            good &= values[:, layout.columns[said]] >= layout.valid_from
        seen |= good
    return seen

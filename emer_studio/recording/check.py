"""Is this recording sound? One verdict with its reasons.

``green``: nothing to say. ``amber``: usable, look at the findings. ``red``: something that
was meant to be recorded is missing or cannot be trusted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from emer_studio.core.errors import BadInputError
from emer_studio.recording.gaps import stream_stats
from emer_studio.recording.reader import (
    RecordedStream,
    Recording,
    count_video_frames,
    load_streams,
)
from emer_studio.schema.streams import gaze_layout

__all__ = ["check_session", "check_xdf"]

# Limits chosen by us; a lab's own limits come with its protocol.
_LOSS_AMBER_PCT, _LOSS_RED_PCT = 1.0, 10.0
_RATE_TOLERANCE = 0.02
_OFFSET_SPREAD_S = 0.005
_DROPPED_PCT = 2.0
_TEXT_ROWS = ("string",)
_EDGE_S = 1.0  # a stream that begins later or ends earlier than this missed something
_COVERED_PCT = 90.0  # of a clip, by gaze samples
_EYES_AMBER_PCT, _EYES_RED_PCT = 20.0, 50.0


class _Findings:
    """Findings and the worst colour so far."""

    def __init__(self) -> None:
        self.items: list[str] = []
        self._worst = 0

    def amber(self, text: str) -> None:
        self._add(1, text)

    def red(self, text: str) -> None:
        self._add(2, text)

    def _add(self, level: int, text: str) -> None:
        self._worst = max(self._worst, level)
        self.items.append(f"{('green', 'amber', 'red')[level]}: {text}")

    @property
    def verdict(self) -> str:
        return ("green", "amber", "red")[self._worst]


def check_xdf(path: Path) -> dict[str, Any]:
    """Check one XDF file.

    Returns
    -------
    verdict : dict
        ``{"verdict", "findings", "streams": [...]}``.
    """
    findings = _Findings()
    streams = load_streams(path)
    if not streams:
        findings.red("the file holds no stream")
    stamps = [s.stamps_s for s in streams if s.header.expected_hz > 0 and len(s.stamps_s)]
    span = (min(t[0] for t in stamps), max(t[-1] for t in stamps)) if stamps else None
    table = [_check_stream(stream, findings, span) for stream in streams]
    return {"verdict": findings.verdict, "findings": findings.items, "streams": table}


def check_session(folder: Path) -> dict[str, Any]:
    """Check a whole session: streams, video against index, journal against markers.

    Returns
    -------
    verdict : dict
        ``{"verdict", "findings", "streams", "video", "trials", "ratings"}``.
    """
    recording = Recording(folder)
    findings = _Findings()
    manifest = recording.manifest
    if manifest.state == "running":
        findings.red("the session did not end; it was cut off")
    elif manifest.state != "complete":
        findings.amber(f"the session ended as {manifest.state} {manifest.problem}".rstrip())
    try:
        streams = recording.streams
    except BadInputError as problem:
        findings.red(str(problem))
        streams = []
    began = next((e["t_s"] for e in recording.events("session_started")), None)
    ended = next((e["t_s"] for e in recording.events("session_done")), None)
    span = (began, ended) if began is not None and ended is not None else None
    table = [_check_stream(stream, findings, span) for stream in streams]
    gaze = recording.gaze() if streams else None
    if gaze is None:
        findings.red("there is no gaze stream in the recording")
    elif gaze_layout(gaze.header) is None:
        findings.amber(
            f"{gaze.header.name}: its channels do not say which is the gaze (XDF Gaze"
            " Meta-Data convention); recorded, but of no use to a dataset"
        )
    if gaze is not None:
        _check_trials(recording, gaze, findings)
    video = _check_video(recording, streams, findings)
    trials = _check_journal(recording, findings)
    _check_markers(recording, streams, findings)
    _check_presented(recording, findings)
    for event in recording.events("finding"):
        findings.amber(f"during the session: {event.get('what')}")
    return {
        "session": str(folder),
        "verdict": findings.verdict,
        "findings": findings.items,
        "simulated": manifest.simulated,
        "state": manifest.state,
        "streams": table,
        "video": video,
        **trials,
    }


def _check_stream(
    stream: RecordedStream, findings: _Findings, span: tuple[float, float] | None
) -> dict[str, Any]:
    """Check one stream; `span` is the time (s) that it should cover."""
    header, stamps = stream.header, stream.stamps_s
    name = header.name
    regular = header.nominal_hz > 0
    stats = stream_stats(stamps, expected_hz=header.expected_hz, regular=regular)
    if span is not None and header.expected_hz > 0 and stats.samples:
        late_s, early_s = float(stamps[0]) - span[0], span[1] - float(stamps[-1])
        if late_s > _EDGE_S:
            findings.red(f"{name}: begins {late_s:.1f} s late")
        if early_s > _EDGE_S:
            findings.red(f"{name}: ends {early_s:.1f} s before the recording does")
        missed_s = sum(edge for edge in (late_s, early_s) if edge > _EDGE_S)
        stats = replace(stats, lost=stats.lost + round(missed_s * header.expected_hz))
    if not np.all(np.isfinite(stamps)):
        findings.red(f"{name}: stamps that are no number")
    elif len(stamps) > 1 and np.any(np.diff(stamps) < 0):
        findings.red(f"{name}: stamps go backwards")
    if stream.footer_count not in (-1, stats.samples):
        findings.red(f"{name}: the footer says {stream.footer_count} samples")
    if stream.footer_count == -1:
        findings.amber(f"{name}: no footer, the recorder was cut off")
    if not stats.samples and header.channel_format not in _TEXT_ROWS:
        findings.red(f"{name}: not a single sample")
    if stats.loss_pct >= _LOSS_RED_PCT:
        findings.red(f"{name}: {stats.loss_pct:.1f} % lost")
    elif stats.loss_pct >= _LOSS_AMBER_PCT:
        findings.amber(f"{name}: {stats.loss_pct:.1f} % lost in {len(stats.gaps)} gaps")
    rate = header.nominal_hz
    if (
        rate
        and stats.samples > rate
        and abs(stats.effective_hz / rate - 1) > _RATE_TOLERANCE
    ):
        findings.amber(
            f"{name}: declares {rate:g} Hz, delivered {stats.effective_hz:.2f} Hz"
        )
    spread_s = float(np.ptp(stream.offsets_s[:, 1])) if len(stream.offsets_s) else 0.0
    if not len(stream.offsets_s):
        findings.amber(f"{name}: no clock offset was measured")
    elif spread_s > _OFFSET_SPREAD_S:
        findings.amber(f"{name}: its clock moved by {spread_s * 1e3:.1f} ms against ours")
    row = {
        "name": name,
        "type": header.type,
        "declared_hz": header.nominal_hz,
        "samples": stats.samples,
        "effective_hz": round(stats.effective_hz, 3),
        "loss_pct": round(stats.loss_pct, 3),
        "gaps": [[round(start, 4), round(length, 4)] for start, length in stats.gaps],
        "offsets": len(stream.offsets_s),
        "offset_spread_ms": round(spread_s * 1e3, 4),
        "simulated": header.simulated,
    }
    seen = _eyes_seen(stream)
    if seen is not None and len(stamps):
        lost_pct = 100 * (1 - float(np.mean(seen)))
        row["eyes_lost_pct"] = round(lost_pct, 2)
        if lost_pct >= _EYES_AMBER_PCT:
            tell = findings.red if lost_pct >= _EYES_RED_PCT else findings.amber
            tell(f"{name}: the eyes were lost in {lost_pct:.0f} % of the samples")
    return row


def _eyes_seen(stream: RecordedStream) -> npt.NDArray[np.bool_] | None:
    """Return for each sample whether any eye was tracked; None when that cannot be told."""
    layout = gaze_layout(stream.header)
    if layout is None or stream.header.channel_format in _TEXT_ROWS:
        return None
    values = np.asarray(stream.values, dtype=np.float64)
    seen = np.zeros(len(values), dtype=bool)
    for eye in ("left", "right"):
        if f"{eye}_x" not in layout.columns:
            continue
        good = np.isfinite(values[:, layout.columns[f"{eye}_x"]])
        if f"{eye}_valid" in layout.columns:
            good &= values[:, layout.columns[f"{eye}_valid"]] >= 0.5
        seen |= good
    return seen


def _check_trials(recording: Recording, gaze: RecordedStream, findings: _Findings) -> None:
    """Check that the gaze covers every clip, and that its sound could be heard."""
    onsets = {event["trial"]: event["t_s"] for event in recording.events("clip_onset")}
    person = "participant" not in recording.manifest.simulated_devices
    for end in recording.events("clip_end"):
        trial, start_s, end_s = end["trial"], onsets.get(end["trial"]), end["t_s"]
        if person and end.get("summary", {}).get("audio") == "silent":
            findings.amber(f"trial {trial}: its sound could not be played")
        if start_s is None or gaze.header.nominal_hz <= 0 or end_s <= start_s:
            continue
        inside = np.sum((gaze.stamps_s >= start_s) & (gaze.stamps_s < end_s))
        covered = 100 * float(inside) / (gaze.header.nominal_hz * (end_s - start_s))
        if covered < _COVERED_PCT:
            findings.red(
                f"trial {trial}: gaze samples for {covered:.0f} % of the clip only"
            )


def _check_video(
    recording: Recording, streams: Iterable[RecordedStream], findings: _Findings
) -> dict[str, Any]:
    indexed = next((s for s in streams if s.header.type == "VideoFrames"), None)
    frames = 0
    for path in recording.videos:
        try:
            frames += count_video_frames(path)
        except BadInputError as problem:
            findings.red(str(problem))
    for path in sorted(recording.folder.glob("face_*.mkv.writing")):
        findings.red(
            f"{path.name} was cut off: {count_video_frames(path)} frames are in it"
        )
    if not recording.videos:
        findings.red("there is no finished face video")
    count = 0 if indexed is None else len(indexed.stamps_s)
    if indexed is not None and count:
        index = np.asarray(indexed.values)[:, 0]
        if np.any(np.diff(index) != 1) or index[0] != 0:
            findings.red("the video's frame index has holes")
        dropped = int(np.asarray(indexed.values)[:, 3].sum())
        if dropped:
            findings.amber(f"the camera process dropped {dropped} frames")
    if frames != count:
        findings.red(f"the video has {frames} frames, its index {count}")
    return {"frames": frames, "indexed": count}


def _check_journal(recording: Recording, findings: _Findings) -> dict[str, Any]:
    started = next(iter(recording.events("session_started")), {})
    planned = [entry["trial"] for entry in started.get("plan", [])]
    done = {event["trial"] for event in recording.events("trial_done")}
    rated = [event["trial"] for event in recording.events("rating")]
    onsets = [event["trial"] for event in recording.events("clip_onset")]
    missing = [trial for trial in planned if trial not in done]
    if missing:
        findings.amber(f"trials that were not finished: {', '.join(map(str, missing))}")
    for trial in sorted(done):
        if trial not in rated:
            findings.red(f"trial {trial} has no rating")
        if trial not in onsets:
            findings.red(f"trial {trial} has no clip onset")
    return {"planned": len(planned), "trials": len(done), "ratings": len(rated)}


def _check_markers(
    recording: Recording, streams: Iterable[RecordedStream], findings: _Findings
) -> None:
    markers = next((s for s in streams if s.header.name == "EMER_Markers"), None)
    if markers is None:
        findings.red("the journal's markers are not in the recording")
        return
    mirrored: list[str] = []
    for row in markers.values:
        try:
            mirrored.append(json.loads(row[0])["event"])
        except (ValueError, KeyError, TypeError):
            findings.amber("a marker is not in our own form")
    unmirrored = ("rating_change",)  # journal only
    written = [e["event"] for e in recording.journal if e["event"] not in unmirrored]
    if len(mirrored) < len(written):
        findings.amber(f"{len(written) - len(mirrored)} journal events have no marker")


def _check_presented(recording: Recording, findings: _Findings) -> None:
    for event in recording.events("clip_end"):
        summary = event.get("summary", {})
        shown, expected = int(summary.get("shown", 0)), int(summary.get("expected", 0))
        if expected and 100 * (expected - shown) / expected > _DROPPED_PCT:
            findings.amber(
                f"trial {event['trial']}: {shown} of {expected} frames were shown"
            )
    rows = {int(float(row["trial"])) for row in recording.presented}
    for event in recording.events("clip_onset"):
        if event["trial"] not in rows:
            findings.red(f"trial {event['trial']} has no rows in presented.csv")

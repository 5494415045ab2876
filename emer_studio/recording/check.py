"""Is this recording sound? One verdict with its reasons.

``green``: nothing to say. ``amber``: usable, look at the findings. ``red``: something that
was meant to be recorded is missing or cannot be trusted.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from emer_studio.recording.check_journal import (
    check_journal,
    guarded,
    session_cuts,
    session_span,
)
from emer_studio.recording.check_sound import check_sound
from emer_studio.recording.check_stream import Findings, check_stream, tell
from emer_studio.recording.check_video import check_video
from emer_studio.recording.reader import RecordedStream, Recording
from emer_studio.recording.sync_marks import sync_lags
from emer_studio.recording.xdf_load import load_xdf
from emer_studio.schema.streams import recognise, value_doubts

__all__ = ["DROPPED_PCT", "check_session", "check_xdf"]

# Limits chosen by us; a lab's own limits come with its protocol.
DROPPED_PCT = 2.0
_LOOKED_AT = 1000  # samples spread over the session: enough to see what its values are
_LAG_CHANGE_MS = 10.0  # a third of a frame at 30 Hz, beyond three standard errors
_COVERED_PCT = 90.0  # of a clip, by gaze samples
_IMPORTED = (
    "imported from elsewhere: onsets and the video's start are as they were given, and"
    " nothing tells which frames of a clip were shown"
)


def check_xdf(path: Path) -> dict[str, Any]:
    """Check one XDF file.

    Returns
    -------
    verdict : dict
        ``{"verdict", "findings", "streams": [...]}``.
    """
    findings = Findings()
    loaded = load_xdf(path)
    streams = loaded.streams
    tell(loaded.findings, "the file", findings)
    if not streams:
        findings.red("the file holds no stream")
    for stream in streams:
        if stream.footer_count == -1:
            findings.amber(f"{stream.header.name}: no footer, the recorder was cut off")
    span = loaded.recorded_s or _common_span(streams)
    table = [check_stream(stream, findings, span) for stream in streams]
    return {"verdict": findings.verdict, "findings": findings.items, "streams": table}


def _common_span(streams: Sequence[RecordedStream]) -> tuple[float, float] | None:
    """Return the time that most streams share: one with a wild clock must not set it."""
    own = [t[np.isfinite(t)] for t in (s.stamps_s for s in streams if s.header.expected_hz)]
    spans = [(float(t[0]), float(t[-1])) for t in own if len(t)]

    def together(span: tuple[float, float]) -> list[tuple[float, float]]:
        return [other for other in spans if other[0] <= span[1] and span[0] <= other[1]]

    if not spans:
        return None
    group = max((together(span) for span in spans), key=len)
    return min(start for start, _ in group), max(end for _, end in group)


def check_session(folder: Path) -> dict[str, Any]:
    """Check a whole session: streams, video against index, journal against markers.

    Returns
    -------
    verdict : dict
        ``{"verdict", "findings", "streams", "video", "trials", "ratings"}``.
    """
    recording = Recording(folder)
    findings = Findings()
    manifest = recording.manifest
    if manifest.state == "running":
        findings.red("the session did not end; it was cut off")
    elif manifest.state != "complete":
        findings.amber(f"the session ended as {manifest.state} {manifest.problem}".rstrip())
    if manifest.override:
        findings.amber(f"begun although something stood in the way: {manifest.override}")
    if manifest.imported:
        findings.amber(_IMPORTED)
    streams = recording.streams
    _check_files(recording, findings)
    span, cuts = session_span(recording), session_cuts(recording)
    table = [check_stream(stream, findings, span, cuts) for stream in streams]
    guarded(findings, "marks", partial(_check_marks, recording, findings))
    gaze = recording.gaze()
    if gaze is None:
        findings.red("there is no gaze stream in the recording")
    else:
        _check_layout(gaze, findings)
        guarded(findings, "clips", partial(_check_trials, recording, gaze, findings))
    video = check_video(recording, streams, findings)
    sound = check_sound(folder, findings)
    trials = check_journal(recording, streams, findings)
    guarded(findings, "presented", partial(_check_presented, recording, findings))
    sync: dict[str, Any] = {}
    guarded(findings, "sync marks", lambda: sync.update(sync_lags(recording)))
    _judge_sync(sync, findings)
    for event in recording.events("finding"):
        findings.amber(f"during the session: {event.get('what')}")
    return {
        "session": str(folder),
        "verdict": findings.verdict,
        "findings": findings.items,
        "simulated": manifest.simulated,
        "state": manifest.state,
        "segments": [*recording.files, *recording.standby_files],
        "filled_from_standby": recording.filled,
        "streams": table,
        "video": video,
        "sound": sound,
        "sync": sync,
        "gaze_checks": recording.events("validation"),
        **trials,
    }


def _judge_sync(sync: dict[str, Any], findings: Findings) -> None:
    """Say where a lag has changed for certain; a flash that is not seen is no fault."""
    for device, lags in sync.items():
        drift_ms = lags.get("drift_ms", 0.0)
        certain_ms = abs(drift_ms) - 3 * lags.get("drift_se_ms", 0.0)
        if certain_ms > _LAG_CHANGE_MS:
            findings.amber(f"the {device}'s lag changed by {drift_ms:+.0f} ms")
        for which in ("start", "end"):
            if (lag := lags.get(which)) and lag["lag_ms"] + 3 * lag["se_ms"] < 0:
                findings.red(f"the {device} is {-lag['lag_ms']:.0f} ms ahead of the screen")


def _check_layout(gaze: RecordedStream, findings: Findings) -> None:
    """Say whether a dataset can use the gaze, and what about it is doubtful."""
    name, layout = gaze.header.name, recognise(gaze.header)
    if layout is None:
        findings.amber(
            f"{name}: its channels do not say which is the gaze (XDF Gaze Meta-Data"
            " convention); recorded, but of no use to a dataset"
        )
    elif not layout.usable:
        findings.red(f"{name}: {layout.refusal}")
    else:
        values = np.asarray(gaze.values)
        for doubt in value_doubts(layout, values[:: len(values) // _LOOKED_AT + 1]):
            findings.amber(f"{name}: {doubt}")


def _check_trials(recording: Recording, gaze: RecordedStream, findings: Findings) -> None:
    """Check that the gaze covers every clip, and that its sound could be heard."""
    onsets = {event["trial"]: event["t_s"] for event in recording.events("clip_onset")}
    person = "participant" not in recording.manifest.simulated_devices
    for end in recording.events("clip_end"):
        trial, start_s, end_s = end["trial"], onsets.get(end["trial"]), end["t_s"]
        if person and end.get("summary", {}).get("audio") == "silent":
            findings.amber(f"trial {trial}: its sound could not be played")
        if not end.get("complete", True):
            continue  # broken off by a pause, which the journal's findings tell
        if start_s is None or gaze.header.nominal_hz <= 0 or end_s <= start_s:
            continue
        inside = np.sum((gaze.stamps_s >= start_s) & (gaze.stamps_s < end_s))
        covered = 100 * float(inside) / (gaze.header.nominal_hz * (end_s - start_s))
        if covered < _COVERED_PCT:
            findings.red(
                f"trial {trial}: gaze samples for {covered:.0f} % of the clip only"
            )


def _check_marks(recording: Recording, findings: Findings) -> None:
    for trial, why in recording.marks.items():
        findings.amber(f"trial {trial}: {why}")


def _check_files(recording: Recording, findings: Findings) -> None:
    """Say what is wrong with the recorders' files, and what the standby made up for."""
    files = {**recording.files, **recording.standby_files}
    manifest = recording.manifest
    for name in (*manifest.streams, *manifest.standby):
        if name not in files:
            findings.red(f"{name} is gone: the session had it at its end")
    if not recording.files:
        findings.red("there is no file of the first recorder")
    for name, loaded in files.items():
        tell(loaded.findings, name, findings)
        cut = [s for s in loaded.streams if s.footer_count == -1]
        if cut:
            findings.amber(f"{name}: no footers, its recorder was cut off")
    for stream, count in recording.filled.items():
        findings.amber(f"{stream}: {count} missing samples are from the standby recorder")


def _check_presented(recording: Recording, findings: Findings) -> None:
    for event in recording.events("clip_end"):
        summary = event.get("summary", {})
        shown, expected = int(summary.get("shown", 0)), int(summary.get("expected", 0))
        whole = event.get("complete", True)
        if whole and expected and 100 * (expected - shown) / expected > DROPPED_PCT:
            findings.amber(
                f"trial {event['trial']}: {shown} of {expected} frames were shown"
            )
    if recording.manifest.imported:
        return  # there was no such log; it is said once
    rows = {int(float(row["trial"])) for row in recording.presented}
    for event in recording.events("clip_onset"):
        if event["trial"] not in rows:
            findings.red(f"trial {event['trial']} has no rows in presented.csv")

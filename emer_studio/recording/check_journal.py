"""The journal of a session: is it whole, and do the recorded markers say the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from emer_studio.recording.check_stream import Findings
from emer_studio.recording.reader import RecordedStream, Recording, journal_lines

__all__ = ["check_journal", "guarded", "session_cuts", "session_span"]

_UNMIRRORED = ("rating_change",)  # in the journal only: one for each change of mind
_SAME_S = 0.001  # a marker carries the journal's own stamp; correction moves it a little
Event = dict[str, Any]


def guarded(findings: Findings, what: str, check: Callable[[], object]) -> None:
    """Run a check over text that anyone may have edited; what breaks it is a finding."""
    try:
        check()
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        findings.red(f"{what}: an entry is not in our own form ({problem!r})")


def session_span(recording: Recording) -> tuple[float, float] | None:
    """Return when the session began and ended, by its journal."""
    began, ended = (recording.events(name) for name in ("session_started", "session_done"))
    return (began[0]["t_s"], ended[-1]["t_s"]) if began and ended else None


def session_cuts(recording: Recording) -> list[tuple[float, float]]:
    """Return from when to when nothing was recorded, because the session was cut off."""
    found, before_s = [], 0.0
    for event in recording.journal:
        if event["event"] == "session_resumed":
            found.append((before_s, event["t_s"]))
        before_s = event["t_s"]
    return found


def check_journal(
    recording: Recording, streams: Iterable[RecordedStream], findings: Findings
) -> Event:
    """Check the journal by itself, against the manifest and against the markers.

    Returns
    -------
    counts : dict
        ``{"planned", "trials", "ratings"}``.
    """
    counts: Event = {"planned": 0, "trials": 0, "ratings": 0}
    broken = journal_lines(recording.folder)[1]
    if broken:
        lines = ", ".join(map(str, broken[:10]))
        findings.red(f"the journal's lines {lines} are no events: changed or damaged")
    guarded(findings, "journal", lambda: counts.update(_events(recording, findings)))
    guarded(findings, "markers", lambda: _markers(recording, streams, findings))
    return counts


def _events(recording: Recording, findings: Findings) -> Event:
    """Check the journal against the plan and the manifest."""
    manifest = recording.manifest
    started = next(iter(recording.events("session_started")), None)
    if started is None:
        findings.red("the journal does not hold the beginning of the session")
    if manifest.state in ("complete", "stopped") and not recording.events("session_done"):
        findings.red("the journal does not hold the end of the session")
    plan = (started or {}).get("plan", [])
    done = {event["trial"] for event in recording.events("trial_done")}
    if manifest.state in ("complete", "stopped") and len(done) != manifest.trials_done:
        findings.red(
            f"the journal holds {len(done)} finished trials, the session had"
            f" {manifest.trials_done}"
        )
    rated = [event["trial"] for event in recording.ratings]
    onsets = [event["trial"] for event in recording.events("clip_onset")]
    replaced = _interruptions(recording, done, findings)
    missing = [
        entry["trial"]
        for entry in plan
        if entry["trial"] not in done and entry["trial"] not in replaced
    ]
    if missing:
        findings.amber(f"trials that were not finished: {', '.join(map(str, missing))}")
    unrated = {entry["trial"] for entry in plan if not entry.get("ratings", True)}
    for trial in sorted(done):
        if trial not in rated and trial not in unrated:
            findings.red(f"trial {trial} has no rating")
        if trial not in onsets:
            findings.red(f"trial {trial} has no clip onset")
    return {"planned": len(plan), "trials": len(done), "ratings": len(rated)}


def _interruptions(recording: Recording, done: set[int], findings: Findings) -> set[int]:
    """Tell of clips that a pause broke off; return those that others stand in for."""
    replaced = set()
    for event in recording.events("trial_interrupted"):
        trial, other = event["trial"], event.get("replaced_by")
        if other in done:
            findings.amber(f"trial {trial} was broken off; trial {other} took its place")
            replaced.add(trial)
        else:
            findings.amber(f"trial {trial} was broken off and has no replacement")
    for event in recording.events("trial_skipped"):
        findings.amber(f"trial {event['trial']} was skipped by the operator")
    return replaced


def _markers(
    recording: Recording, streams: Iterable[RecordedStream], findings: Findings
) -> None:
    """Compare event by event: name, time and content."""
    markers = next((s for s in streams if s.header.name == "EMER_Markers"), None)
    if markers is None:
        findings.red("the journal's markers are not in the recording")
        return
    mirrored: list[tuple[float, Event]] = []
    for stamp, row in zip(markers.stamps_s.tolist(), markers.values, strict=True):
        try:
            mirrored.append((stamp, dict(json.loads(row[0]))))
        except (ValueError, TypeError):
            findings.amber("a marker is not in our own form")
    written = [
        (event["t_s"], {k: v for k, v in event.items() if k not in ("t_s", "utc")})
        for event in recording.journal
        if event["event"] not in _UNMIRRORED
    ]
    unmatched = [event for t_s, event in mirrored if not _take(written, t_s, event)]
    if unmatched:
        findings.red(
            f"{len(unmatched)} markers say what the journal does not: {_names(unmatched)}"
        )
    if written:
        left = _names([event for _, event in written])
        findings.amber(f"{len(written)} journal events have no such marker: {left}")


def _take(written: list[tuple[float, Event]], t_s: float, marker: Event) -> bool:
    """Take the journal's event that a marker mirrors; False when there is none."""
    for index, (written_s, event) in enumerate(written):
        if event == marker and abs(written_s - t_s) <= _SAME_S:
            del written[index]
            return True
    return False


def _names(events: Iterable[Event]) -> str:
    return ", ".join(sorted({str(event.get("event")) for event in events}))

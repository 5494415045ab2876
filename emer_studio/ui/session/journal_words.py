"""The journal's events in plain words, for the operator's log."""

from __future__ import annotations

import re
from typing import Any

from emer_studio.ui.session.mapping_words import line

__all__ = ["in_words"]

_DIED = re.compile(
    r"the (?P<who>.+) process ended unexpectedly(?: \(exit code (?P<code>-?\d+)\))?"
    r"(?:; started again within (?P<took>[\d.]+) s| (?P<over>and is not started again))?$"
)


def in_words(entry: dict[str, Any]) -> tuple[str, str]:
    """Return a sentence for a journal event and its weight: "", ``amber`` or ``red``."""
    kind = str(entry.get("event", ""))
    trial, clip = entry.get("trial"), entry.get("clip")
    if kind == "session_started":
        count = len(entry.get("plan", []))
        return f"Session started: {entry.get('protocol')}, {count} trials", ""
    if kind == "trial_started":
        return f"Trial {trial} begins: {clip}", ""
    if kind == "session_resumed":
        left = len(entry.get("trials_left", []))
        return f"Gone on with, {left} trials left", "amber"
    if kind == "clip_onset":
        return f"First frame of {clip} is on the screen", ""
    if kind == "audio_onset":
        return "Sound began", ""
    if kind == "clip_end":
        return _clip_end(entry)
    if kind == "trial_marked":
        return f"{clip}: {'; '.join(entry.get('why', []))}", "amber"
    if kind == "rating":
        values = entry.get("value")
        said = (
            ", ".join(f"{key} {value}" for key, value in values.items())
            if isinstance(values, dict)
            else str(values)
        )
        return f"{'Changed' if entry.get('revised') else 'Rated'} {clip}: {said}", ""
    if kind == "rating_back":
        return f"Back from the page {entry.get('page')}", ""
    if kind == "answer":
        scores = entry.get("scores") or {}
        said = ", ".join(f"{key} {value}" for key, value in scores.items())
        return f"Answered {entry.get('page')}{': ' if said else ''}{said}", ""
    if kind == "text_shown":
        return f"Reading: {entry.get('what')}", ""
    if kind in ("text_done", "clip_baseline_done"):
        return "", ""
    if kind == "trial_done":
        return f"Trial {trial} done", ""
    if kind == "sync_mark":
        clicks = "" if entry.get("clicks") else ", without sound"
        return f"Flash and click shown ({entry.get('which')}{clicks})", ""
    if kind == "validation":
        return _validation(entry)
    whence = f" (from {entry['who']})" if entry.get("who") else ""
    if kind == "operator":
        asked = str(entry.get("asked")).replace("_", " ")
        if entry.get("too_late"):
            return f"Operator: {asked}{whence}. Too late, that trial is over", "amber"
        return f"Operator: {asked}{whence}", ""
    if kind == "request_too_late":
        return f"Trial {trial} is over: {entry.get('asked')} came too late", "amber"
    if kind == "note":
        return f"Note: {entry.get('text')}{whence}", ""
    if kind == "moment":
        return f"A moment was marked{whence}", ""
    if kind == "remote_console":
        return f"Console {entry.get('who')} {'joined' if entry.get('here') else 'left'}", ""
    if kind == "trial_skipped":
        return f"Trial {trial} was skipped", "amber"
    if kind == "paused" and entry.get("by") == "suspend":
        return "Paused because the computer slept", "amber"
    if kind == "paused":
        return f"Paused by the {entry.get('by')}", "amber"
    if kind == "resumed":
        return f"Gone on, by the {entry.get('by')}", ""
    if kind == "trial_interrupted":
        then = entry.get("replaced_by")
        more = f"trial {then} takes its place" if then else "nothing takes its place"
        return f"Trial {trial} was broken off; {more}", "amber"
    if kind == "finding":
        return _finding(str(entry.get("what", "")))
    if kind == "gaze_layout":
        return _gaze_layout(entry)
    if kind == "session_done":
        state = str(entry.get("state", ""))
        return f"Session ended: {state}", "" if state == "complete" else "red"
    return kind.replace("_", " ").capitalize(), ""


def _finding(what: str) -> tuple[str, str]:
    """Return a finding; of a process that died, what it means for the recording."""
    died = _DIED.fullmatch(what)
    if died is None:
        return what[:1].upper() + what[1:], "amber"
    said = f"{died['who'][:1].upper()}{died['who'][1:]}: stopped unexpectedly"
    if died["took"]:
        return f"{said}, started again within {died['took']} s", "amber"
    if died["over"]:
        return f"{said} and could not be started again", "red"
    return said, "red"


def _gaze_layout(entry: dict[str, Any]) -> tuple[str, str]:
    stream = entry.get("stream")
    if not entry.get("layout"):
        return f"Gaze from {stream}: channels that do not say which is the gaze", "amber"
    what = " · ".join(line({**entry, "usable": True}).split(" · ")[:-1])  # no rate here
    confirmed = " · confirmed" if entry.get("confirmed") else ""
    return f"Gaze from {stream}: {what}{confirmed}", ""


def _validation(entry: dict[str, Any]) -> tuple[str, str]:
    said = "accepted" if entry.get("accepted") else "; ".join(entry.get("why", ()))
    if entry.get("accuracy_deg") is None:
        return f"Gaze could not be measured: {said}", "amber"
    if not entry.get("accepted") and not entry.get("last"):
        said += "; once more"
    text = (
        f"Gaze checked: error {entry['accuracy_deg']:.1f}° on average,"
        f" {entry['worst_deg']:.1f}° at worst, noise {entry['rms_deg'] or 0:.2f}°,"
        f" {entry['loss_pct']:.0f} % lost; {said}"
    )
    return text, "" if entry.get("accepted") else "amber"


def _clip_end(entry: dict[str, Any]) -> tuple[str, str]:
    summary = entry.get("summary") or {}
    shown, expected = summary.get("shown"), summary.get("expected")
    if shown is None or not expected:
        return f"{entry.get('clip')} ended", ""
    if not entry.get("complete", True):
        return f"{entry.get('clip')} was broken off after {shown} of {expected} frames", ""
    lost = shown < 0.98 * expected
    return f"{entry.get('clip')} ended: {shown} of {expected} frames shown", (
        "amber" if lost else ""
    )

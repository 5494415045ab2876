"""What the numbers of a rig mean: a line each, with what to do about it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psutil

from emer_studio.recording.reader import frame_table
from emer_studio.recording.xdf_load import load_streams
from emer_studio.session.accept.rig import Measured, recorded_bytes
from emer_studio.session.preflight import disk, power
from emer_studio.session.preflight_item import DOUBT, GO, NO_GO, Item

__all__ = ["Judged", "judge_rig"]

# Limits, chosen by us. An acceptance is stricter than the check of a session: nobody sat
# there, so whatever is lost is the hardware's.
_LOST_PCT, _MUCH_LOST_PCT = 0.1, 1.0
_SLOW = 0.95  # of the rate that a camera promised
_WRITTEN_MS = 200.0  # from a frame to its place in the file: six frames of a webcam
_AGE_MS = 100.0  # of a sample on arrival; a cable takes 1 to 5 ms
_UNEVEN = 0.25  # of an interval, spread of a tracker's ticks
_LATE_PCT = 2.0  # of the clips' frames, as `recording.check` has it
_STALL_MS, _LONG_STALL_MS = 20.0, 250.0  # a program's time to be woken: p99, longest
_BUSY_PCT = 85.0
_TOLD_ELSEWHERE = ("% lost", "the eyes were lost")  # nobody sat there
_SESSION_S = 3600.0  # what a session may take, for the room on the disk
_LESS = "Close other programs, choose a smaller picture or a lower rate, a faster computer."


@dataclass
class Judged:
    """Lines, and the numbers behind them."""

    items: list[Item] = field(default_factory=list)
    measures: dict[str, float | None] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """The worst state of all lines."""
        states = {item.state for item in self.items}
        return next((one for one in (NO_GO, DOUBT) if one in states), GO)


def judge_rig(found: Measured) -> Judged:
    """Judge what was measured."""
    judged = Judged()
    for look in (_camera, _tracker, _microphone, _recorders, _clips, _computer, _room):
        judged.items += look(found, judged.measures)
    judged.items += [
        Item("process", NO_GO, text, "See what happened; a session would have felt it.")
        for text in found.troubles
        if " process " in text
    ]
    return judged


Measures = dict[str, float | None]


def _state(share_pct: float) -> str:
    if share_pct > _MUCH_LOST_PCT:
        return NO_GO
    return DOUBT if share_pct > _LOST_PCT else GO


def _item(name: str, state: str, said: str, fix: str) -> Item:
    return Item(name, state, said, "" if state == GO else fix)


def _camera(found: Measured, measures: Measures) -> Iterator[Item]:
    counts, fps = found.results.get("camera") or {}, float(found.camera.get("fps") or 0)
    tables = [frame_table(path) for path in sorted(found.folder.glob("face_*.mkv"))]
    t_s = np.concatenate([table["t_s"] for table in tables]) if tables else np.empty(0)
    if len(t_s) < 2:
        yield Item("camera", NO_GO, "it delivered no pictures", "Look at its cable.")
        return
    rate_hz = (len(t_s) - 1) / float(t_s[-1] - t_s[0])
    dropped, missed = int(counts.get("dropped") or 0), int(counts.get("missed") or 0)
    lost_pct = 100 * (dropped + missed) / (len(t_s) + dropped + missed)
    written = np.concatenate([table["queue_delay_ms"] for table in tables])
    p50, p99 = np.percentile(written, (50, 99))
    measures |= {
        "camera_rate_hz": round(rate_hz, 3),
        "camera_frames": float(len(t_s)),
        "camera_dropped": float(dropped),
        "camera_missed": float(missed),
        "camera_late": float(counts.get("late") or 0),
        "camera_written_p50_ms": round(float(p50), 2),
        "camera_written_p99_ms": round(float(p99), 2),
    }
    state = _state(lost_pct)
    if state == GO and rate_hz < _SLOW * fps:
        state = DOUBT
    said = f"{rate_hz:.2f} of {fps:g} Hz, {dropped} dropped, {missed} missed"
    fix = "Another port or cable, more light, no other program on the camera. " + _LESS
    yield _item("camera", state, said, fix)
    said = f"a frame is in its file after {p50:.0f} ms, 99 % within {p99:.0f} ms"
    yield _item("encoder", DOUBT if p99 > _WRITTEN_MS else GO, said, _LESS)


def _tracker(found: Measured, measures: Measures) -> Iterator[Item]:
    name = found.tracker.name
    row: dict[str, Any] = next(
        (one for one in found.recorded["streams"] if one["name"] == name), {}
    )
    stamps_s = next(
        (
            s.stamps_s
            for s in load_streams(found.folder / "streams_001.xdf")
            if s.header.name == name
        ),
        np.empty(0),
    )
    if not row or len(stamps_s) < 2:
        yield Item("tracker", NO_GO, f"{name} brought no samples", "Start the tracker.")
        return
    steps_ms = 1e3 * np.diff(stamps_s)
    middle, (low, high) = float(np.median(steps_ms)), np.percentile(steps_ms, (1, 99))
    spread = float(np.std(steps_ms[np.abs(steps_ms - middle) < middle / 2]))
    measures |= {
        "tracker_rate_hz": row["effective_hz"],
        "tracker_samples": float(row["samples"]),
        "tracker_lost_pct": row["loss_pct"],
        "tracker_interval_ms": round(middle, 4),
        "tracker_interval_sd_ms": round(spread, 4),
        "tracker_interval_p01_ms": round(float(low), 4),
        "tracker_interval_p99_ms": round(float(high), 4),
        "tracker_drift_ppm": row["drift_ppm"],
        "tracker_clock_resets": float(row["clock_resets"]),
    }
    declared = f" of {row['declared_hz']:g}" if row["declared_hz"] else ""
    said = f"{row['effective_hz']:.2f}{declared} Hz, {row['loss_pct']:.2f} % lost"
    fix = "A cable instead of wireless, a lower rate, nothing else on its computer."
    yield _item("tracker", _state(float(row["loss_pct"])), said, fix)
    said = f"{middle:.2f} ms apart, ± {spread:.2f} ms"
    fix = "Let the sender stamp samples with the tracker's own clock."
    yield _item("ticks", DOUBT if spread > _UNEVEN * middle else GO, said, fix)
    if found.ages_ms is None:
        fix = "Let its computer pass the firewall (UDP 16571 to 16604)."
        yield Item("age", DOUBT, "the sender's clock could not be measured", fix)
        return
    p50, p99 = found.ages_ms
    measures |= {"tracker_age_p50_ms": p50, "tracker_age_p99_ms": p99}
    said = f"samples arrive after {p50:.1f} ms, 99 % within {p99:.1f} ms"
    fix = "A cable instead of wireless; nothing else on the tracker's computer."
    yield _item("age", DOUBT if p99 > _AGE_MS else GO, said, fix)


def _microphone(found: Measured, measures: Measures) -> Iterator[Item]:
    counts = found.results.get("microphone")
    if counts is None:
        return
    dropped, missing = (
        int(counts.get(f"{what}_samples") or 0) for what in ("dropped", "missing")
    )
    measures |= {"sound_dropped": float(dropped), "sound_missing": float(missing)}
    lost_pct = 100 * (dropped + missing) / max(int(counts.get("samples") or 0), 1)
    said = f"{dropped} samples dropped, {missing} missed"
    fix = "Another port, and no other program on the microphone. " + _LESS
    yield _item("microphone", _state(lost_pct), said, fix)


def _recorders(found: Measured, _measures: Measures) -> Iterator[Item]:
    """Take over what the check of the file finds, but for what is told elsewhere."""
    texts = [
        text
        for text in found.recorded["findings"]
        if not any(words in text for words in _TOLD_ELSEWHERE)
    ]
    texts += [text for text in found.troubles if " process " not in text]
    for text in dict.fromkeys(texts):
        colour, _, said = text.partition(": ")
        state = NO_GO if colour == "red" else DOUBT
        said = said if colour in ("red", "amber") else text
        yield Item(
            "recording",
            state,
            said,
            "Look at its cable, and at what else the computer does.",
        )
    if not texts:
        yield Item("recording", GO, "nothing to find in the recorded file")


def _clips(found: Measured, measures: Measures) -> Iterator[Item]:
    shown, expected = (
        sum(int(c.get(n) or 0) for c in found.clips) for n in ("shown", "expected")
    )
    p99, longest = (
        max((c.get(f"interval_{n}_ms") or 0.0 for c in found.clips), default=0)
        for n in ("p99", "max")
    )
    breaks = sum(int(c.get("audio_underflows") or 0) for c in found.clips)
    lost_pct = 100 * (expected - shown) / max(expected, 1)
    measures |= {
        "clips": float(len(found.clips)),
        "clip_frames_shown": float(shown),
        "clip_frames_expected": float(expected),
        "clip_interval_p99_ms": p99,
        "clip_interval_max_ms": longest,
        "sound_breaks": float(breaks),
    }
    state = NO_GO if lost_pct > _LATE_PCT else DOUBT if shown < expected else GO
    said = f"{shown} of {expected} frames shown, at most {longest:.0f} ms apart"
    yield _item("clips", state, said, _LESS)
    if found.audio.get("silent"):
        fix = "Connect loudspeakers or headphones, and choose them in the system."
        yield Item("sound", DOUBT, "there is no sound output", fix)
    else:
        fix = "Another output; no energy saving of the sound card. " + _LESS
        yield _item("sound", DOUBT if breaks else GO, f"it broke off {breaks} times", fix)


def _computer(found: Measured, measures: Measures) -> Iterator[Item]:
    seen = found.disturbances
    if seen is None:
        return
    measures |= {
        "woken_late_p99_ms": seen.late_p99_ms,
        "woken_late_max_ms": seen.late_max_ms,
        "clock_steps": float(len(seen.clock_steps_ms)),
        "asleep_s": seen.asleep_s,
        "cpu_pct": seen.cpu_pct,
    }
    slow = seen.late_p99_ms > _STALL_MS or seen.late_max_ms > _LONG_STALL_MS
    busy = seen.cpu_pct > _BUSY_PCT
    said = (
        f"{seen.cpu_pct:.0f} % of the processor used; programs are woken"
        f" {seen.late_p99_ms:.1f} ms late (99 %), {seen.late_max_ms:.0f} ms at most"
    )
    yield _item("computer", DOUBT if slow or busy else GO, said, _LESS)
    if seen.asleep_s:
        fix = "Let the computer never sleep."
        yield Item("suspended", NO_GO, f"it slept for {seen.asleep_s:.0f} s", fix)
    steps = ", ".join(f"{step:+.0f} ms" for step in seen.clock_steps_ms)
    fix = "Let the system set its clock before sessions, or slew it (chrony, ntpd -x)."
    said = f"the clock was set by {steps}" if steps else "the clock was not set"
    yield _item("clock", DOUBT if steps else GO, said, fix)


def _room(found: Measured, measures: Measures) -> Iterator[Item]:
    per_s = recorded_bytes(found.folder) / max(found.seconds, 1.0)
    measures["recorded_mb_per_min"] = round(60 * per_s / 1e6, 2)
    yield disk(shutil.disk_usage(found.folder).free, _SESSION_S * per_s)
    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    yield power(battery, _SESSION_S)

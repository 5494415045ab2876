"""Go or no-go before a participant sits down: everything a session needs, looked at once.

Devices are tried by the very processes that a session starts, for a few seconds each.
"""

from __future__ import annotations

import shutil
import statistics
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError, EmerError, StoppedError
from emer_studio.core.files import sha256_file
from emer_studio.schema.base import localised
from emer_studio.schema.protocol import Protocol, find_protocol, load_protocol
from emer_studio.schema.streams import StreamHeader
from emer_studio.session.accept.kept import acceptances, hardware_of, rig_item
from emer_studio.session.preflight_devices import (
    Filmed,
    film,
    listen_to_gaze,
    look_at_window,
    try_microphone,
)
from emer_studio.session.preflight_gaze import calibration
from emer_studio.session.preflight_item import DOUBT, GO, NO_GO, Item
from emer_studio.session.protocol_check import Soundness, check_protocol
from emer_studio.stimulus.library import (
    Look,
    clip_file,
    display_doubts,
    look_at,
    manifest_of,
)
from emer_studio.study.folder import Study
from emer_studio.study.forecast import STREAMS_BYTES_S, recorded_bytes, sessions_left

__all__ = ["Preflight", "preflight"]

_LONGER = 1.5  # than planned; chosen by us: people take their time
_FEW_LEFT = 3  # sessions; room for fewer is a doubt (chosen by us: a morning)
_LEAST_SESSION_BYTES = 1e6  # a session that was over at once teaches nothing


@dataclass(frozen=True, slots=True)
class Preflight:
    """What a session is to use; see `session.live.Devices` for the devices."""

    study: Study
    protocol: str
    camera: str
    gaze: str
    microphone: str = ""
    camera_options: tuple[str, ...] = ()
    language: str = ""
    display: int | None = None
    windowed: bool = False
    gaze_wait_s: float = 5.0


@dataclass
class _Known:
    """What one check found out that another one needs."""

    protocol: Protocol | None = None
    language: str = ""
    soundness: Soundness | None = None
    looks: dict[str, Look] | None = None
    sound: bool = False
    filmed: Filmed | None = None
    tracker: StreamHeader | None = None
    display: dict[str, Any] | None = None

    def take_tracker(self, header: StreamHeader) -> None:
        """Keep whose gaze it is."""
        self.tracker = header


def preflight(
    wanted: Preflight, folder: Path, console: Console, stop: threading.Event
) -> list[Item]:
    """Look at everything and return what was found, in the order of a session.

    Parameters
    ----------
    wanted : Preflight
    folder : Path
        For what the devices record meanwhile; it is empty.
    console : Console
        Hears of each item as it is known.
    stop : Event
        Ends it when set.

    Raises
    ------
    StoppedError
        When `stop` was set.
    """
    known, found = _Known(), list[Item]()
    checks: tuple[tuple[str, Callable[[], Iterator[Item]]], ...] = (
        ("protocol", lambda: _protocol(wanted, known)),
        ("consent", lambda: _consent(known)),
        ("clips", lambda: _clips(wanted, known)),
        ("power", lambda: _power(known)),
        (
            "gaze",
            lambda: listen_to_gaze(
                wanted.gaze, wanted.gaze_wait_s, stop, known.take_tracker
            ),
        ),
        ("calibration", lambda: _calibration(wanted, known)),
        ("camera", lambda: _camera(wanted, known, folder)),
        ("microphone", lambda: try_microphone(wanted.microphone, folder)),
        ("display", lambda: _window(wanted, known, folder)),
        ("disk", lambda: _disk(wanted, known)),
        ("rig", lambda: _rig(known)),
    )
    for number, (name, check) in enumerate(checks):
        if stop.is_set():
            raise StoppedError("The preflight was broken off.")
        console.progress("preflight", number, len(checks), item=name)
        for item in _guarded(name, check):
            found.append(item)
            console.event("item", **item.facts)
    console.progress("preflight", len(checks), len(checks))
    return found


def _guarded(name: str, check: Callable[[], Iterator[Item]]) -> Iterator[Item]:
    """Turn an error of a check into a no-go of its own; the others go on."""
    try:
        yield from check()
    except StoppedError:
        raise
    except EmerError as problem:
        yield Item(name, NO_GO, problem.message, problem.fix)
    except OSError as problem:
        yield Item(name, NO_GO, f"the system refused: {problem}", "Check the folder.")


def _protocol(wanted: Preflight, known: _Known) -> Iterator[Item]:
    path = find_protocol(wanted.protocol)
    protocol = load_protocol(path)
    language = wanted.language or protocol.languages[0]
    if language not in protocol.languages:
        raise BadInputError(
            f"The protocol {protocol.name!r} has no language {language!r}.",
            fix=f"Choose one of: {', '.join(protocol.languages)}.",
        )
    known.protocol, known.language = protocol, language
    known.soundness = check_protocol(protocol, path)
    said = f"{known.soundness.trials} trials, about {known.soundness.minutes:.0f} min"
    yield Item("protocol", GO, f"{protocol.name}: {said}")
    for warning in known.soundness.warnings:
        yield Item("protocol", DOUBT, warning, "See emer-studio protocol check.")


def _consent(known: _Known) -> Iterator[Item]:
    if known.protocol is None:
        return
    text = localised(known.protocol.consent, known.language)
    if not text.strip():
        fix = "Take consent on paper, or write 'consent' into the protocol."
        yield Item("consent", DOUBT, "the protocol has no consent text", fix)
    elif known.language not in known.protocol.consent:
        said = f"the consent text is not in the session's language ({known.language})"
        yield Item("consent", DOUBT, said, "Translate it.")
    else:
        yield Item("consent", GO, f"a text of {len(text.split())} words")


def _calibration(wanted: Preflight, known: _Known) -> Iterator[Item]:
    """Look at a real tracker's last measurement."""
    if known.protocol is not None and known.tracker is not None and wanted.gaze != "sim":
        now = datetime.now(UTC)
        yield calibration(wanted.study, known.protocol, known.tracker.name, now)


def _clips(wanted: Preflight, known: _Known) -> Iterator[Item]:
    """Decode the beginning of each clip, and compare it with what it was."""
    if known.protocol is None:
        return
    manifest, path = manifest_of(known.protocol, find_protocol(wanted.protocol))
    before = _shown_before(wanted.study, path)
    known.looks, drawn, bad = {}, 0, 0
    for clip in manifest.clips:
        source = clip_file(clip, path)
        if clip.generate is not None and not source.is_file():
            drawn += 1
            continue
        try:
            known.looks[clip.id] = look_at(source)
        except BadInputError as problem:
            bad += 1
            yield Item("clips", NO_GO, problem.message, problem.fix)
            continue
        digest = sha256_file(source)
        if clip.sha256 and clip.sha256 != digest:
            bad += 1
            fix = "Put the right file back, or correct its sha256 in the manifest."
            yield Item("clips", NO_GO, f"{clip.id} is not the manifest's file", fix)
        elif before.get(clip.id, digest) != digest:
            fix = "Put the earlier file back, or give the clip another id."
            said = f"{clip.id} is not the file that earlier sessions showed"
            yield Item("clips", DOUBT, said, fix)
    known.sound = drawn > 0 or any(look.sound for look in known.looks.values())
    if not bad:
        more = f", {drawn} will be drawn" if drawn else ""
        yield Item("clips", GO, f"{len(known.looks)} decode and are unchanged{more}")


def _shown_before(study: Study, clips: Path) -> dict[str, str]:
    """Return the SHA-256 of each clip in the latest session with these clips."""
    found: dict[str, str] = {}
    for session in study.sessions():
        if Path(session.manifest.manifest).name.split(".")[0] == clips.stem:
            found |= session.manifest.clips_sha256
    return found


def _power(known: _Known) -> Iterator[Item]:
    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    yield power(battery, 60 * known.soundness.minutes if known.soundness else 0.0)


def power(battery: Any, session_s: float) -> Item:
    """Judge a battery as psutil describes it; None is a machine without one."""
    if battery is None:
        return Item("power", GO, "mains, no battery")
    said = f"battery at {battery.percent:.0f} %"
    if battery.power_plugged:
        return Item("power", GO, f"mains, {said}")
    left_s = battery.secsleft if battery.secsleft and battery.secsleft > 0 else None
    short = left_s is not None and left_s < _LONGER * session_s
    state = NO_GO if short else DOUBT
    more = f", {left_s / 60:.0f} min left" if left_s is not None else ""
    return Item("power", state, f"on battery: {said}{more}", "Plug it in.")


def _camera(wanted: Preflight, known: _Known, folder: Path) -> Iterator[Item]:
    known.filmed = film(wanted.camera, wanted.camera_options, folder)
    yield from known.filmed.items


def _window(wanted: Preflight, known: _Known, folder: Path) -> Iterator[Item]:
    display, audio = look_at_window(
        wanted.display, known.language or "en", folder, windowed=wanted.windowed
    )
    known.display = display
    size = int(display["width_px"]), int(display["height_px"])
    refresh_hz = float(display.get("refresh_hz") or 0)
    name = display.get("name") or "display"
    if display.get("platform") == "offscreen":
        yield Item("display", DOUBT, "no visible display", "Start it on a desktop.")
    else:
        said = f"{name} {size[0]} x {size[1]} at {refresh_hz:g} Hz"
        yield Item("display", GO, said)
        for doubt in display_doubts(known.looks or {}, *size, refresh_hz=refresh_hz):
            yield Item("display", DOUBT, doubt, "Choose another mode in the system.")
    if audio.get("silent") and not known.sound:
        yield Item("sound", GO, "none, and the clips have none")
    elif audio.get("silent"):
        problem = str(audio.get("problem") or "There is no sound output")
        said, _, fix = problem.partition(". ")
        fix = fix or "Connect loudspeakers or headphones, and choose them in the system."
        yield Item("sound", NO_GO, said, fix)
    else:
        yield Item("sound", GO, f"{audio.get('output')}, {audio.get('rate_hz')} Hz")


def _disk(wanted: Preflight, known: _Known) -> Iterator[Item]:
    """Compare the free room with past sessions of this protocol, else with the camera."""
    digest = sha256_file(find_protocol(wanted.protocol)) if known.protocol else ""
    drawn = wanted.camera.partition(":")[0] == "sim"
    sizes = recorded_bytes(wanted.study, digest, simulated=drawn)
    minutes = known.soundness.minutes if known.soundness else 60.0
    rate = known.filmed.bytes_per_s if known.filmed else 0.0
    guess = 60 * minutes * _LONGER * (rate + STREAMS_BYTES_S)
    need = max(statistics.median(sizes), _LEAST_SESSION_BYTES) if sizes else guess
    yield disk(shutil.disk_usage(wanted.study.folder).free, need, recorded=len(sizes))


def _rig(known: _Known) -> Iterator[Item]:
    """Ask for the acceptance of what is there; simulated devices are no rig."""
    if known.filmed is None or known.tracker is None or known.display is None:
        return
    if known.tracker.simulated or known.filmed.facts["simulated"]:
        return
    hardware = hardware_of(known.filmed.facts, known.tracker, known.display)
    yield rig_item(hardware, acceptances())


def disk(free_bytes: float, need_bytes: float, *, recorded: int = 0) -> Item:
    """Judge the free room for a session that needs `need_bytes`.

    `recorded` is how many sessions that was learned from; 0 when it is estimated.
    """
    left = sessions_left(free_bytes, need_bytes)
    learned = f" (by {recorded} recorded)" if recorded else ""
    said = (
        f"{free_bytes / 1e9:.1f} GB free, a session takes about {need_bytes / 1e9:.1f} GB"
        f"{learned}: room for {left} more"
    )
    fix = "Move finished sessions to another disk, and check the copies."
    if left < 1:
        return Item("disk", NO_GO, said, fix)
    few = left < _FEW_LEFT
    return Item("disk", DOUBT, said, fix) if few else Item("disk", GO, said)

"""The devices of a preflight, each tried by the process that a session starts for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from emer_studio.core.errors import WorkFailedError
from emer_studio.recording.gaze_internal import to_internal
from emer_studio.recording.picture import FaceSeen, advice, faces_seen
from emer_studio.recording.reader import frame_table
from emer_studio.schema.streams import GazeLayout, StreamHeader
from emer_studio.session.beside import child_of, started
from emer_studio.session.gaze_check import layout_of
from emer_studio.session.live import SIM_GAZE
from emer_studio.session.preflight_item import DOUBT, GO, NO_GO, Item
from emer_studio.streams.inlets import Inlet, find_one

__all__ = [
    "Filmed",
    "face_items",
    "film",
    "gaze_items",
    "listen_to_gaze",
    "look_at_window",
    "try_microphone",
]

_LISTEN_S, _FILM_S = 2.0, 3.0
_SLOW = 0.95  # of the declared rate, chosen by us: what drifts is within a per cent
_LITTLE_SEEN = 0.5  # of the samples, chosen by us: nobody need sit there yet


OnHeader = Callable[[StreamHeader], None]


def listen_to_gaze(
    query: str, wait_s: float, stop: threading.Event, on_header: OnHeader
) -> Iterator[Item]:
    """Receive two seconds of gaze and judge them; `on_header` hears whose they are."""
    if query != "sim":
        yield from _listen(query, wait_s, stop, on_header)
        return
    with child_of(["simulate", "gaze", "--name", SIM_GAZE, "--events"]) as simulator:
        sender = started(simulator, "sending")["source_id"]
        yield from _listen(f"id:{sender}", wait_s, stop, on_header)


def _listen(
    query: str, wait_s: float, stop: threading.Event, on_header: OnHeader
) -> Iterator[Item]:
    inlet = Inlet(find_one(query, timeout_s=wait_s, stop=stop.is_set))
    try:
        inlet.open(wait_s, stop.is_set)
        inlet.pull(1.0)  # the first ones wait for the connection
        until, parts = time.monotonic() + _LISTEN_S, []
        while time.monotonic() < until:
            values, stamps_s = inlet.pull(0.1)
            if len(stamps_s):
                parts.append(np.asarray(values))
        header = inlet.header
        on_header(header)
    finally:
        inlet.close()
    if not parts:
        fix = "Start the tracker itself, not only its sender."
        yield Item("gaze", NO_GO, f"{header.name} is there but sends nothing", fix)
        return
    yield from gaze_items(header, layout_of(header), np.concatenate(parts), _LISTEN_S)


def gaze_items(
    header: StreamHeader, layout: GazeLayout, values: npt.NDArray[Any], seconds: float
) -> Iterator[Item]:
    """Judge samples that came within `seconds`: their rate, their layout, the eyes."""
    rate_hz, declared_hz = len(values) / seconds, header.nominal_hz
    said = f"{header.name} ({layout.name}) at {rate_hz:.0f} Hz"
    trusted = declared_hz > 0 and not layout.declared_rate_wrong
    if trusted and rate_hz < _SLOW * declared_hz:
        fix = "Choose a lower rate in the sender, or give it a faster connection."
        yield Item("gaze", DOUBT, f"{said}, declared {declared_hz:g} Hz", fix)
    else:
        yield Item("gaze", GO, said)
    for doubt in layout.doubts:
        yield Item("gaze", DOUBT, doubt, "See emer-studio streams, and confirm it.")
    sizes = {"display_px": (1.0, 1.0), "display_mm": (1.0, 1.0)}  # only what is seen counts
    valid = to_internal(layout, values, **sizes).valid.any(axis=1)
    share = float(valid.mean())
    if share < _LITTLE_SEEN:
        fix = "Seat the participant in the tracker's range, and calibrate."
        yield Item("eyes", DOUBT, f"eyes are seen in {100 * share:.0f} % of samples", fix)
    else:
        yield Item("eyes", GO, f"seen in {100 * share:.0f} % of samples")


@dataclass(frozen=True, slots=True)
class Filmed:
    """What a few seconds of the camera told, and how much they weigh on the disk.

    `facts` are the camera's own.
    """

    items: tuple[Item, ...]
    bytes_per_s: float
    facts: dict[str, Any]


def film(spec: str, options: Sequence[str], folder: Path) -> Filmed:
    """Record three seconds as a session does, and look at rate, face and light."""
    video = folder / "face_001.mkv"
    with child_of(
        ["camera", "--camera", spec, "--out", str(video), *options, "--events"]
    ) as camera:
        facts = started(camera, "camera_ready")["facts"]
        camera.send("begin")
        started(camera, "begun")
        time.sleep(_FILM_S)
    t_s = frame_table(video)["t_s"]
    if len(t_s) < 2:
        raise WorkFailedError("The camera opened but delivered no pictures.")
    seconds = float(t_s[-1] - t_s[0])
    rate_hz = (len(t_s) - 1) / seconds
    size = f"{facts['width_px']} x {facts['height_px']} at {rate_hz:.1f} Hz"
    if rate_hz < _SLOW * float(facts["fps"]):
        fix = "More light (a dark picture is exposed longer), a smaller size, another port."
        first = Item("camera", DOUBT, f"{size} instead of {facts['fps']:g} Hz", fix)
    else:
        first = Item("camera", GO, size)
    items = (first, *face_items(faces_seen(video)))
    return Filmed(items, video.stat().st_size / max(seconds, 1e-3), facts)


def face_items(seen: Sequence[FaceSeen]) -> Iterator[Item]:
    """Judge the face in pictures spread over the recording."""
    faces = [one for one in seen if one.height_px]
    if 2 * len(faces) <= len(seen):
        found = f"a face in {len(faces)} of {len(seen)} pictures"
        yield Item("face", DOUBT, found, advice(FaceSeen(0.0, 0.0))[1])
        return
    height, brightness, sharpness = (
        float(np.median([getattr(one, name) for one in faces]))
        for name in ("height_px", "brightness", "sharpness")
    )
    typical = FaceSeen(height, brightness, sharpness)
    said = (
        f"{typical.height_px:.0f} pixels high, brightness {typical.brightness:.0f} of 255"
    )
    wrong, fix = advice(typical)
    if wrong:
        yield Item("face", DOUBT, f"{wrong}: {said}", fix)
    else:
        yield Item("face", GO, said)


def try_microphone(spec: str, folder: Path) -> Iterator[Item]:
    """Open the microphone, if one is wanted."""
    if not spec:
        return
    out = ["--out", str(folder / "voice_001.mka"), "--events"]
    with child_of(["microphone", "--source", spec, *out]) as microphone:
        facts = started(microphone, "microphone_ready")["facts"]
    yield Item("microphone", GO, f"{facts.get('name') or spec} opens")


def look_at_window(
    display: int | None, language: str, folder: Path, *, windowed: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Open the participant's window for a moment; return display and sound output."""
    words = ["participant", "--presented", str(folder / "presented.csv")]
    words += ["--language", language, *(["--windowed"] if windowed else [])]
    words += [] if display is None else ["--display", str(display)]
    with child_of(words) as window:
        facts = started(window, "ready")
    return facts["display"], facts["audio"]

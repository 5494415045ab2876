"""Acceptances that are kept, and whether the latest one still speaks for a rig."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from emer_studio.core import settings
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import next_free, read_json, write_json
from emer_studio.schema.acceptance import Acceptance, Hardware
from emer_studio.schema.base import validate
from emer_studio.schema.streams import StreamHeader
from emer_studio.session.preflight_item import DOUBT, GO, NO_GO, Item

__all__ = ["acceptances", "hardware_of", "keep", "rig_item"]

STALE_DAYS = 90
"""Chosen by us: a quarter; systems and drivers update themselves more often than that."""
_FIX = "Run emer-studio accept-rig (ten minutes), in the window under More."


def hardware_of(
    camera: Mapping[str, Any], tracker: StreamHeader, display: Mapping[str, Any]
) -> Hardware:
    """Return what a rig consists of.

    Parameters
    ----------
    camera, display : mapping
        As their processes describe them.
    tracker : StreamHeader
    """
    size = f"{camera['width_px']} x {camera['height_px']}"
    rate = f"{float(camera['fps']):.0f} Hz, {camera['pixel_format']}"
    maker = f" by {tracker.manufacturer}" if tracker.manufacturer else ""
    channels = f"{tracker.channel_count} channels at {tracker.nominal_hz:g} Hz"
    shown = f"{display['width_px']} x {display['height_px']}"
    memory_gb = psutil.virtual_memory().total / 2**30
    return Hardware(
        camera=f"{camera['driver']} {camera['spec']}, {size} at {rate}",
        tracker=f"{tracker.name}{maker} on {tracker.hostname}, {channels}",
        display=f"{display['name'] or 'display'}, {shown} at"
        f" {float(display['refresh_hz']):.0f} Hz",
        computer=f"{platform.node()}, {platform.system()}, {psutil.cpu_count()} cores,"
        f" {memory_gb:.0f} GB",
    )


def keep(acceptance: Acceptance) -> Path:
    """Write an acceptance into the settings folder; nothing is replaced."""
    text = "\n".join(acceptance.hardware.model_dump().values())
    rig = hashlib.sha256(text.encode()).hexdigest()[:8]
    day = acceptance.made[:10]
    path = next_free(_folder() / f"{day}_rig-{rig}.json")
    write_json(path, acceptance.model_dump(mode="json"))
    return path


def acceptances() -> list[Acceptance]:
    """Return what is kept, the latest last; a file that is not one is left out."""
    found = []
    for path in _folder().glob("*.json"):
        try:
            found.append(validate(read_json(path), Acceptance, source=str(path)))
        except BadInputError:
            continue
    return sorted(found, key=lambda one: one.made)


def rig_item(
    hardware: Hardware, known: Iterable[Acceptance], now: datetime | None = None
) -> Item:
    """Return what a preflight says: whether this rig was accepted, and how long ago."""
    real = [one for one in known if not one.simulated]
    mine = [one for one in real if one.hardware == hardware]
    if not real:
        return Item("rig", DOUBT, "this rig was never measured", _FIX)
    if not mine:
        changed = _changed(real[-1].hardware, hardware)
        said = f"not measured since the {changed} changed (last on {real[-1].made[:10]})"
        return Item("rig", DOUBT, said, _FIX)
    last = mine[-1]
    days = ((now or datetime.now(UTC)) - datetime.fromisoformat(last.made)).days
    said = f"measured on {last.made[:10]}"
    if days > STALE_DAYS:
        return Item("rig", DOUBT, f"{said}, {days} days ago", _FIX)
    if last.verdict == NO_GO:
        stops = "; ".join(f"{r.name}: {r.said}" for r in last.lines if r.state == NO_GO)
        return Item("rig", DOUBT, f"{said} and not accepted: {stops}", _FIX)
    unsure = ", ".join(row.name for row in last.lines if row.state == DOUBT)
    return Item("rig", GO, f"{said}, with a doubt about: {unsure}" if unsure else said)


def _changed(before: Hardware, now: Hardware) -> str:
    """Return which parts differ, in words."""
    names = [n for n in Hardware.model_fields if getattr(before, n) != getattr(now, n)]
    return " and the ".join(names)


def _folder() -> Path:
    return settings.config_dir() / "acceptance"

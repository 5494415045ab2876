"""What this computer remembers of its own chains, so that a cut-off end is missed.

A chain tells when something in it changed, and not when its last events are gone. Each
seat therefore keeps in the settings folder how far its chain had come when it was closed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from emer_studio.core import settings
from emer_studio.core.files import write_json
from emer_studio.labels.events import LabelEvent
from emer_studio.labels.verify import Finding

__all__ = ["forgotten_end", "remember"]

_MOST = 500  # stores; chosen by us: more than anybody labels in
_FILE = "label-ends.json"
_KNOWN = ("event_id", "seat", "seq", "hash")


def remember(store: str, last: LabelEvent) -> None:
    """Keep the last event that was written from here.

    Parameters
    ----------
    store : str
        Id and place of the store.
    last : LabelEvent
    """
    known = _read()
    known.pop(store, None)
    kept = [*known.items(), (store, {name: getattr(last, name) for name in _KNOWN})]
    write_json(settings.config_dir() / _FILE, dict(kept[-_MOST:]))


def forgotten_end(store: str, events: Iterable[LabelEvent]) -> list[Finding]:
    """Return a finding when the last event that was written from here is not there."""
    last = _read().get(store)
    if last is None or any(event.hash == last["hash"] for event in events):
        return []
    what = "it was written from this computer and is gone, and what came before it may be"
    return [Finding(last["event_id"], last["seat"], last["seq"], what)]


def _read() -> dict[str, dict[str, Any]]:
    """Return what is known; a damaged file is as good as none."""
    try:
        known = json.loads((settings.config_dir() / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    entries = known.items() if isinstance(known, dict) else ()
    return {k: v for k, v in entries if isinstance(v, dict) and set(_KNOWN) <= set(v)}

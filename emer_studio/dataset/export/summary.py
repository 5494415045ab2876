"""What an export holds and leaves out, for a person and for a program."""

from __future__ import annotations

import dataclasses
from typing import Any

from emer_studio.dataset.export.gather import Gathered
from emer_studio.dataset.export.paperwork import scopes_of

__all__ = ["lines_of", "result_of"]


def result_of(gathered: Gathered, *, pictures: bool) -> dict[str, Any]:
    """Return the facts of an export, also of one that has not been written yet.

    Parameters
    ----------
    gathered : Gathered
    pictures : bool
        Whether it shows faces where consent allows it.
    """
    return {
        "release": gathered.names.release,
        "consent_scopes": scopes_of(pictures=pictures),
        "participants": len(gathered.codes),
        "sessions": len(gathered.sessions),
        "trials": sum(len(one.trials) for one in gathered.sessions),
        "videos": sum(pictures and one.permission.video for one in gathered.sessions),
        "simulated": gathered.simulated,
        "imported": gathered.imported,
        "goes_out": [
            {
                "participant": one.code,
                "session": one.session.name,
                "trials": len(one.trials),
                "consent": one.permission.how,
                "video": pictures and one.permission.video,
            }
            for one in gathered.sessions
        ],
        "left_out": [
            dataclasses.asdict(entry)
            for entry in gathered.left_out
            if pictures or entry.what != "face video"
        ],
    }


def lines_of(gathered: Gathered, *, pictures: bool) -> list[str]:
    """Return the same in lines; the first says how much it is."""
    facts = result_of(gathered, pictures=pictures)
    counts = [
        f"{facts[what]} {what if facts[what] != 1 else what[:-1]}"
        for what in ("participants", "sessions", "trials")
    ]
    counts += [f"face video of {facts['videos']}"] if pictures else ["no face video"]
    lines = [f"{', '.join(counts)}. Consent this needs: {_scopes(facts)}."]
    if gathered.notes:
        lines.append(f"  {gathered.notes}")
    return lines + [
        f"  left out: {' '.join(filter(None, (one['participant'], one['session'])))}"
        f" ({one['what']}): {one['reason']}"
        for one in facts["left_out"]
    ]


def _scopes(facts: dict[str, Any]) -> str:
    return ", ".join(facts["consent_scopes"])

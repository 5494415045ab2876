"""What a reader has to know of where the data come from, before any number."""

from __future__ import annotations

from collections.abc import Iterable

from emer_studio.schema.dataset import DatasetManifest
from emer_studio.schema.study import SessionManifest

__all__ = ["MARKS", "dataset_banners", "dataset_marks", "marks_of", "session_banners"]

MARKS = ("simulated", "imported")
"""What a session can be."""
_IMPORTED = (
    "IMPORTED: {who} recorded elsewhere; the times of clips and of the face video are as"
    " they were given when the recordings were brought in."
)


def marks_of(manifests: Iterable[SessionManifest]) -> list[str]:
    """Return ``simulated`` and ``imported`` where a session is."""
    listed = list(manifests)
    return [mark for mark in MARKS if any(getattr(one, mark) for one in listed)]


def session_banners(manifests: Iterable[SessionManifest]) -> list[str]:
    """Return the sentences that stand over a report of sessions."""
    listed, found = list(manifests), []
    devices = sorted({name for one in listed for name in one.simulated_devices})
    if any(one.simulated for one in listed):
        what = ", ".join(devices) or "participants"
        found.append(f"SIMULATED: {what}. These recordings say nothing about people.")
    imported = sum(bool(one.imported) for one in listed)
    if imported:
        were = "session was" if imported == 1 else "sessions were"
        found.append(_IMPORTED.format(who=f"{imported} of {len(listed)} {were}"))
    return found


def dataset_marks(manifest: DatasetManifest) -> list[str]:
    """Return ``synthetic``, ``simulated`` and ``imported`` where a dataset is."""
    names = ("synthetic", "simulated", "imported")
    return [name for name in names if getattr(manifest, name)]


def dataset_banners(manifest: DatasetManifest) -> list[str]:
    """Return the sentences that stand over a report of a dataset."""
    said = {
        "synthetic": "SYNTHETIC: a check of the software, not evidence about people.",
        "simulated": "SIMULATED recordings: they say nothing about people.",
        "imported": _IMPORTED.format(who="some of its sessions were"),
    }
    return [said[mark] for mark in dataset_marks(manifest)]

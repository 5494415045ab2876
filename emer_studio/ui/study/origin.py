"""Where a session was recorded, in a word for the table of sessions."""

from __future__ import annotations

from emer_studio.schema.study import SessionManifest

__all__ = ["origin"]


def origin(about: SessionManifest) -> tuple[str, str]:
    """Return whether a session was recorded here, in a word, and more about it."""
    if about.simulated:
        return "simulated", f"simulated: {', '.join(about.simulated_devices)}"
    if about.imported:
        files = ", ".join(name for name in about.imported if name != "utc")
        return "imported", f"recorded elsewhere and imported: {files}"
    return "real", ""

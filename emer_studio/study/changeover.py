"""The checklist between two participants: what is on it, and what was ticked when.

The ticks are kept in the manifest of the session that has just ended.
"""

from __future__ import annotations

from emer_studio.core.clock import utc_now
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import read_json, write_json
from emer_studio.schema.protocol import load_protocol
from emer_studio.study.folder import Session, Study

__all__ = ["DEFAULT_ITEMS", "items_of", "open_items", "tick"]

# Chosen by us: what spoils the next recording when it is forgotten, and hygiene.
DEFAULT_ITEMS = (
    "Said goodbye, remarks noted",
    "Chair, chin rest, headphones cleaned",
    "Camera, tracker and light as before",
    "Phones silent, no update waiting",
    "The next code is ready",
)


def items_of(study: Study, session: Session) -> tuple[str, ...]:
    """Return the checklist of a session's protocol, else the default one."""
    try:
        own = load_protocol(study.folder / session.manifest.protocol).changeover
    except BadInputError:  # a frozen protocol that is gone, or of an older program
        own = None
    return DEFAULT_ITEMS if own is None else own


def open_items(study: Study, session: Session) -> tuple[str, ...]:
    """Return what of the checklist is not ticked yet; nothing while the session runs.

    Nobody sat there for an imported session.
    """
    if session.manifest.state == "running" or session.manifest.imported:
        return ()
    done = session.manifest.changeover
    return tuple(item for item in items_of(study, session) if item not in done)


def tick(session: Session, item: str, *, done: bool) -> None:
    """Keep that an item was ticked now, or no longer is; nothing else is touched."""
    path = session.folder / "session.json"
    about = read_json(path)
    ticks = {key: at for key, at in about.get("changeover", {}).items() if key != item}
    now = {item: utc_now()} if done else {}
    write_json(path, {**about, "changeover": ticks | now})

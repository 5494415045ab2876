"""What a participant has seen before: a first reaction happens once."""

from __future__ import annotations

import contextlib

from emer_studio.core.errors import BadInputError
from emer_studio.recording.reader import read_journal
from emer_studio.study.folder import Study

__all__ = ["seen_clips"]


def seen_clips(study: Study, participant: str) -> tuple[str, ...]:
    """Return the ids of the clips whose first picture a participant was shown, in order.

    Sessions without a readable journal say nothing. A clip has the same id in every
    session of a study: its manifest is frozen there.
    """
    found: dict[str, None] = {}
    for session in study.sessions():
        if session.manifest.participant != participant:
            continue
        with contextlib.suppress(BadInputError):
            for event in read_journal(session.folder):
                if event["event"] == "clip_onset" and isinstance(event.get("clip"), str):
                    found[event["clip"]] = None
    return tuple(found)

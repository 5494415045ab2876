"""Where each clip of a session was on the display, and where its file is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from emer_studio.core.errors import BadInputError
from emer_studio.features.fixation_map import WHOLE, Frame
from emer_studio.schema.stimulus import load_manifest
from emer_studio.schema.study import SessionManifest
from emer_studio.stimulus.library import clip_file, look_at
from emer_studio.study.folder import Study

__all__ = ["ClipPlace", "clip_places"]


@dataclass(frozen=True, slots=True)
class ClipPlace:
    """A clip on the display.

    Attributes
    ----------
    frame : Frame
        The whole display where the clip's size is not known.
    file : Path or None
        As the study keeps it.
    trim_in_s : float
        Where in the file it begins.
    """

    frame: Frame = WHOLE
    file: Path | None = None
    trim_in_s: float = 0.0


def clip_places(
    study: Study, session: SessionManifest, clips: Iterable[str]
) -> dict[str, ClipPlace]:
    """Return the place of each clip of a session.

    Parameters
    ----------
    study : Study
        Keeps the clips that its sessions showed.
    session : SessionManifest
    clips : iterable of str
        Their ids.
    """
    display = (
        float(session.display.get("width_px") or 0),
        float(session.display.get("height_px") or 0),
    )
    path = study.folder / session.manifest
    places = dict.fromkeys(clips, ClipPlace())
    if not all(display) or not path.is_file():
        return places
    for clip in load_manifest(path).clips:
        if clip.id in places:
            file = clip_file(clip, path)
            try:
                look = look_at(file)
            except BadInputError:  # deleted since, perhaps for lack of a licence
                continue
            size = (float(look.width_px), float(look.height_px))
            frame = Frame.fitted(size, display)
            places[clip.id] = ClipPlace(frame, file, clip.trim_in_s or 0.0)
    return places

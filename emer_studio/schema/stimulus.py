"""The clip manifest: which clips there are, where they come from, what they are for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from emer_studio.schema.base import LocalText, Model, load_yaml

__all__ = ["Clip", "ClipManifest", "Mood", "is_manifest", "load_manifest"]

_CLIP_LIST = re.compile(r"^clips:\s*(?:#.*)?$", re.MULTILINE)
_PROTOCOL = re.compile(r"^(?:rating_pages|blocks):", re.MULTILINE)

Emotion = Literal["happiness", "sadness", "fear", "surprise", "disgust", "anger", "neutral"]
Mood = Literal["joy", "sorrow", "dread", "calm"]


class Clip(Model):
    """One stimulus clip.

    `file` is relative to the manifest. A clip with `generate` is drawn by the program
    itself when its file is absent: demo clips need no binaries.
    """

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
    file: str
    emotion: Emotion
    group: str = ""
    sha256: str = ""
    trim_in_s: Annotated[float, Field(ge=0)] = 0.0
    trim_out_s: float | None = None
    gain_db: float = 0.0
    generate: Mood | None = None
    source: str = ""
    licence: str = ""
    language: str = ""
    warning: LocalText = {}
    categories: tuple[str, ...] = ()
    peak_s: Annotated[float, Field(ge=0)] | None = None


class ClipManifest(Model):
    """All clips of a study."""

    format_version: Literal[1] = 1
    name: str
    clips: Annotated[tuple[Clip, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _ids_differ(self) -> ClipManifest:
        ids = [clip.id for clip in self.clips]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise ValueError(f"the clip id {twice[0]!r} stands there more than once")
        return self

    def clip(self, clip_id: str) -> Clip:
        """Return the clip with this id."""
        return next(clip for clip in self.clips if clip.id == clip_id)


def is_manifest(path: Path) -> bool:
    """Tell whether a YAML file looks like a clip manifest, without judging it."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return bool(_CLIP_LIST.search(text)) and not _PROTOCOL.search(text)


def load_manifest(path: Path) -> ClipManifest:
    """Read a clip manifest; mistakes come with file and line."""
    return load_yaml(path, ClipManifest)

"""The copies of protocols, manifests and clips that a study keeps: which belongs to which.

A session freezes what it uses as ``name.<first 8 digits of its SHA-256>.ext``. The relative
paths inside such a copy lead nowhere any more; the sessions know what they were used with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import read_json

__all__ = ["frozen_clip", "frozen_figures", "frozen_manifest", "is_frozen"]

_FROZEN = re.compile(r"\.[0-9a-f]{8}\.[A-Za-z0-9]+$")


def is_frozen(path: Path) -> bool:
    """Tell whether a file is a copy that a study keeps."""
    return _FROZEN.search(path.name) is not None and _study_of(path) is not None


def frozen_manifest(protocol_path: Path) -> Path | None:
    """Return the clip manifest that a frozen protocol was used with, the latest if several.

    None when the file is no frozen protocol, or no session that used it is left.
    """
    study = _study_of(protocol_path) if is_frozen(protocol_path) else None
    if study is None:
        return None
    for session in _sessions(study):
        if study / str(session.get("protocol")) == protocol_path.resolve():
            found = study / str(session.get("manifest"))
            if found.is_file():
                return found
    return None


def frozen_clip(manifest_path: Path, clip_id: str, file: str) -> Path | None:
    """Return the copy of a clip that was shown with a frozen manifest.

    None when the manifest is none, or no session of the study showed the clip.
    """
    study = _study_of(manifest_path) if is_frozen(manifest_path) else None
    if study is None:
        return None
    name = Path(file)
    for session in _sessions(study):
        if study / str(session.get("manifest")) != manifest_path.resolve():
            continue
        digest = (session.get("clips_sha256") or {}).get(clip_id)
        kept = study / "stimuli" / f"{name.stem}.{str(digest)[:8]}{name.suffix}"
        drawn = study / "stimuli" / f"{clip_id}.drawn.mp4"
        for copy in (kept, drawn):
            if digest and copy.is_file():
                return copy
    return None


def frozen_figures(protocol_path: Path, sha256: str) -> Path | None:
    """Return the folder in which a study keeps the figures of a frozen protocol."""
    study = _study_of(protocol_path) if is_frozen(protocol_path) else None
    folder = study / "stimuli" / f"figures-{sha256[:8]}" if study else None
    return folder if folder is not None and folder.is_dir() else None


def _study_of(path: Path) -> Path | None:
    """Return the study in whose ``protocols`` or ``stimuli`` folder a file lies."""
    study = path.resolve().parent.parent
    return study if (study / "study.yaml").is_file() else None


def _sessions(study: Path) -> Iterator[dict[str, Any]]:
    """Yield the manifests of the sessions that can be read, the latest first."""
    folders = (study / "sessions").glob("sub-*")
    for folder in sorted(
        folders, key=lambda path: path.name.rpartition("_")[2], reverse=True
    ):
        try:
            about = read_json(folder / "session.json")
        except BadInputError:
            continue
        if isinstance(about, dict):
            yield about

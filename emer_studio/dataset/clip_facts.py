"""What a dataset knows of its stimuli: which file each was, and what it is meant to evoke.

A clip leaks as a person does, also when two of its copies have different names: the hash
tells. The meant emotion is what the best guess without looking at anybody is made of.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from emer_studio.core.errors import BadInputError
from emer_studio.schema.stimulus import Clip, load_manifest
from emer_studio.schema.study import SessionManifest

__all__ = ["CLIPS_FILE", "ClipFacts", "clip_table", "read_clips"]

CLIPS_FILE = "clips.csv"
_HEAD = ["stimulus", "sha256", "emotion"]


@dataclass(frozen=True, slots=True)
class ClipFacts:
    """One stimulus.

    Attributes
    ----------
    sha256 : str
        Of its file; empty where the session did not keep it.
    emotion : str
        What it is meant to evoke; empty where nobody said.
    """

    sha256: str
    emotion: str


def clip_table(
    study: Path, shown: Iterable[tuple[SessionManifest, Sequence[str]]]
) -> list[list[str]]:
    """Return the table of the clips that some sessions showed, its head first.

    Where two sessions showed different files under one name, the last one's is told.
    """
    rows: dict[str, list[str]] = {}
    for about, clips in shown:
        known = _manifest(study / about.manifest)
        for name in clips:
            emotion = known[name].emotion if name in known else ""
            rows[name] = [name, about.clips_sha256.get(name, ""), emotion or ""]
    return [_HEAD, *(rows[name] for name in sorted(rows))]


def read_clips(dataset: Path) -> Mapping[str, ClipFacts]:
    """Return what is known of the stimuli by name; empty where the dataset does not tell.

    Raises
    ------
    BadInputError
        When the table is damaged.
    """
    path = dataset / CLIPS_FILE
    if not path.is_file():
        return {}
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            return {
                row["stimulus"]: ClipFacts(row["sha256"], row["emotion"])
                for row in csv.DictReader(stream)
            }
    except (UnicodeDecodeError, csv.Error, KeyError, TypeError) as problem:
        raise BadInputError(
            f"{path} is damaged ({problem}): expected {', '.join(_HEAD)}.",
            fix="Build the dataset again.",
        ) from None


def _manifest(path: Path) -> Mapping[str, Clip]:
    """Return the clips of a manifest; none where the study no longer has it."""
    try:
        return {clip.id: clip for clip in load_manifest(path).clips}
    except BadInputError:
        return {}

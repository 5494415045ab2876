"""Short protocols for tests: two drawn clips of two seconds."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from emer_studio.schema.protocol import find_protocol
from emer_studio.schema.stimulus import Mood
from emer_studio.stimulus.demo_clips import write_demo_clip

__all__ = ["SMALL", "write_short_pilot", "write_short_protocol"]

SMALL = ("--size", "320x240")
"""For `run` where nobody looks at the face: half of a simulated session is its camera."""

_PROTOCOL = """
format_version: 1
name: short
title: {en: Short}
clips: short-clips.yaml
sync_marks: false
instructions: {en: Watch and rate.}
rating_pages:
  - id: sam
    kind: sam
    dimensions: [valence, arousal]
    points: 9
    question: {en: How did you feel}
blocks:
  - {id: main, trial: {fixation_s: 0.3, washout_s: 0.2}, ratings: [sam]}
"""
_CLIPS = """
format_version: 1
name: short
clips:
  - {id: up, file: up.mp4, emotion: happiness}
  - {id: down, file: down.mp4, emotion: sadness}
"""


def write_short_protocol(
    folder: Path, seconds: float = 2.0, *, sync_marks: bool = False
) -> Path:
    """Write protocol, manifest and clips; return the protocol's file."""
    folder.mkdir(parents=True, exist_ok=True)
    text = _PROTOCOL.replace("sync_marks: false", f"sync_marks: {str(sync_marks).lower()}")
    (folder / "short.yaml").write_text(text)
    (folder / "short-clips.yaml").write_text(_CLIPS)
    (folder / "up.mp4").write_bytes(_drawn("joy", seconds))
    (folder / "down.mp4").write_bytes(_drawn("sorrow", seconds))
    return folder / "short.yaml"


@cache
def _drawn(mood: Mood, seconds: float) -> bytes:
    """Draw a clip once: that takes as long as showing it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        write_demo_clip(path, mood, seconds)
        return path.read_bytes()


def write_short_pilot(folder: Path, seconds: float = 2.0) -> Path:
    """Write the pilot that ships, but for two clips, without its waits and flashes."""
    write_short_protocol(folder, seconds)
    text = find_protocol("pilot").read_text(encoding="utf-8")
    for old, new in (
        ("../../stimuli/pilot.yaml", "short-clips.yaml"),
        ("every: 10", "every: 1"),
        ("languages: [en, zh]", "languages: [en, zh]\nsync_marks: false"),
        ("least_s: 5.0", "least_s: 0.1"),
        ("{fixation_s: 1.0, washout_s: 3.0}", "{fixation_s: 0.3, washout_s: 0.2}"),
    ):
        assert old in text
        text = text.replace(old, new)
    (folder / "pilot.yaml").write_text(text, encoding="utf-8")
    return folder / "pilot.yaml"

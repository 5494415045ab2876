"""The clips of a session: found, looked at, and frozen into the study."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import av

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import sha256_file
from emer_studio.schema.protocol import Protocol
from emer_studio.schema.stimulus import Clip, ClipManifest, load_manifest
from emer_studio.stimulus.container import hdr_problem, shown_size, video_stream
from emer_studio.study.folder import Study
from emer_studio.study.frozen import frozen_clip, frozen_manifest

__all__ = [
    "FrozenClips",
    "Look",
    "clip_file",
    "display_doubts",
    "freeze_clips",
    "look_at",
    "manifest_of",
]

_LOOK_FRAMES = 15  # chosen by us: enough to know that decoding works, cheap for long clips


@dataclass(frozen=True, slots=True)
class Look:
    """What the beginning of a clip tells; its size is the one it is shown with."""

    duration_s: float
    width_px: int
    height_px: int
    fps: float
    sound: bool = False


@dataclass(frozen=True, slots=True)
class FrozenClips:
    """The files that a session shows."""

    files: dict[str, Path]
    sha256: dict[str, str]
    looks: dict[str, Look]


def manifest_of(protocol: Protocol, protocol_path: Path) -> tuple[ClipManifest, Path]:
    """Return the clip manifest that a protocol names, and its file."""
    path = (protocol_path.parent / protocol.clips).resolve()
    if not path.is_file():
        path = frozen_manifest(protocol_path) or path
    if not path.is_file():
        raise BadInputError(
            f"{protocol_path}: 'clips' names {protocol.clips!r}, but {path} is not there.",
            fix="Give the clip manifest's place as seen from the protocol's folder.",
        )
    return load_manifest(path), path


def clip_file(clip: Clip, manifest_path: Path) -> Path:
    """Return where a clip is, or would be: beside its manifest, or as a study keeps it."""
    path = manifest_path.parent / clip.file
    if path.is_file():
        return path
    return frozen_clip(manifest_path, clip.id, clip.file) or path


def look_at(path: Path) -> Look:
    """Decode the beginning of a clip and return what it is.

    Raises
    ------
    BadInputError
        When it is missing, has no picture, does not decode, or is HDR.
    """
    if not path.is_file():
        raise BadInputError(
            f"The clip {path} does not exist.",
            fix="Put it there, or correct its 'file' in the clip manifest.",
        )
    try:
        with av.open(str(path)) as container:
            stream = video_stream(container, path)
            hdr = hdr_problem(path, stream)
            if hdr is not None:
                raise BadInputError(hdr[0], fix=hdr[1])
            frames = list(islice(container.decode(stream), _LOOK_FRAMES))
            if not frames:
                raise BadInputError(f"The clip {path} holds no frame that decodes.")
            width_px, height_px = shown_size(
                frames[0], float(stream.sample_aspect_ratio or 1) or 1.0
            )
            return Look(
                duration_s=float(container.duration or 0) / av.time_base,
                width_px=width_px,
                height_px=height_px,
                fps=float(stream.average_rate or 0),
                sound=bool(container.streams.audio),
            )
    except av.FFmpegError as problem:
        raise BadInputError(
            f"The clip {path} does not decode: {problem.strerror or problem}.",
            fix="Export it again as MP4 (H.264 and AAC).",
        ) from None


def display_doubts(
    looks: dict[str, Look], width_px: int, height_px: int, refresh_hz: float
) -> list[str]:
    """Return what a display cannot show as the clips are.

    Parameters
    ----------
    looks : dict of str to Look
        The clips by id.
    width_px, height_px, refresh_hz
        The participant's display.
    """
    found = [
        f"the clip {name} has {look.width_px} x {look.height_px} pixels, the display"
        f" {width_px} x {height_px}: it is shown smaller than it is"
        for name, look in looks.items()
        if look.width_px > width_px or look.height_px > height_px
    ]
    rates = {round(look.fps, 2) for look in looks.values() if look.fps > 0}
    uneven = sorted(rate for rate in rates if refresh_hz > 0 and _uneven(refresh_hz, rate))
    if uneven:
        listed = ", ".join(f"{rate:g}" for rate in uneven)
        found.append(
            f"clips of {listed} pictures a second cannot be even on a display of"
            f" {refresh_hz:g} Hz: set it to a multiple, or export the clips at a fraction"
        )
    return found


def _uneven(refresh_hz: float, fps: float) -> bool:
    """Tell whether a picture stands for unequal numbers of refreshes (within 1 %)."""
    times = refresh_hz / fps
    return abs(times - round(times)) > 0.01 * times


def freeze_clips(
    study: Study, manifest: ClipManifest, manifest_path: Path, wanted: set[str]
) -> FrozenClips:
    """Check the clips that are wanted and copy them into the study, once per content.

    A demo clip without a file is drawn straight into the study.

    Raises
    ------
    BadInputError
        When a clip is missing, does not decode, or is not the file the manifest means.
    """
    files: dict[str, Path] = {}
    hashes: dict[str, str] = {}
    looks: dict[str, Look] = {}
    for clip in manifest.clips:
        if clip.id not in wanted:
            continue
        source = clip_file(clip, manifest_path)
        if not source.is_file() and clip.generate is not None:
            files[clip.id] = _draw(study, clip)
        else:
            look_at(source)
            digest = sha256_file(source)
            if clip.sha256 and clip.sha256 != digest:
                raise BadInputError(
                    f"The clip {source} is not the file that the manifest means: expected"
                    f" SHA-256 {clip.sha256[:12]}…, found {digest[:12]}…."
                )
            files[clip.id] = study.freeze(source, "stimuli")
        hashes[clip.id] = sha256_file(files[clip.id])
        looks[clip.id] = look_at(files[clip.id])
    return FrozenClips(files, hashes, looks)


def _draw(study: Study, clip: Clip) -> Path:
    from emer_studio.stimulus.demo_clips import write_demo_clip

    assert clip.generate is not None
    target = study.folder / "stimuli" / f"{clip.id}.drawn.mp4"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        write_demo_clip(target, clip.generate)
    look_at(target)
    return target

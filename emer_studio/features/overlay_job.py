"""``features --overlay``: maps over clips, of the trials of a session or of a study."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import refuse_taken, write_atomic
from emer_studio.core.stopping import stop_check
from emer_studio.features.clip_overlay import write_maps, write_video
from emer_studio.features.own_use import OWN_USE, OWN_USE_FILE
from emer_studio.features.viewings import Viewing, viewings_of, viewings_of_study
from emer_studio.schema.eye_parameters import EyeParameters
from emer_studio.study.folder import open_study

__all__ = ["write_overlays"]


def write_overlays(
    source: Path,
    out: Path,
    console: Console,
    *,
    parameters: EyeParameters | None,
    trials: list[int],
    window_s: float,
) -> int:
    """Write a video and maps for each trial of a session, or for each clip of a study.

    Parameters
    ----------
    source : Path
        A session, or a study: then everybody's first viewing of a clip is pooled.
    out : Path
        Folder to create.
    console : Console
    parameters : EyeParameters, optional
        For a session; a study has its own.
    trials : list of int
        Of a session; all when empty.
    window_s : float
        Of the maps in time.

    Raises
    ------
    BadInputError
        When nothing can be drawn.
    """
    refuse_taken(out)
    if window_s <= 0:
        raise BadInputError(f"A window of {window_s:g} s holds nothing; give more than 0.")
    named, notes = _named(source, console, parameters, trials)
    if not named:
        why = "; ".join(notes) or "no clip was shown to its end"
        raise BadInputError(f"Nothing of {source} can be laid over a clip: {why}.")
    out.mkdir(parents=True, exist_ok=True)
    write_atomic(out / OWN_USE_FILE, OWN_USE)
    check_stop, done = stop_check(console.events), []
    for number, (name, viewings) in enumerate(named):

        def on_picture(share: float, before: int = number) -> None:
            part = round(100 * (before + share))
            console.progress("drawing", min(part, 100 * len(named)), 100 * len(named))
            check_stop()

        video, maps = out / f"{name}.overlay.mkv", out / f"{name}.maps.npz"
        write_maps(viewings, maps, window_s)
        pictures = write_video(viewings, video, window_s, on_picture)
        done.append(_about(viewings, video, maps, pictures))
    console.progress("drawing", len(named), len(named))
    lines = [f"{out}: {len(done)} clips. {OWN_USE.splitlines()[0]}"]
    lines += [f"  - {note}" for note in notes]
    console.result({"out": str(out), "overlays": done, "notes": notes}, "\n".join(lines))
    return 0


def _named(
    source: Path, console: Console, parameters: EyeParameters | None, trials: list[int]
) -> tuple[list[tuple[str, list[Viewing]]], list[str]]:
    """Return what is drawn under which name, and what cannot be."""
    if not (source / "study.yaml").is_file():
        viewings, notes = viewings_of(source, parameters or EyeParameters(), trials)
        name = source.resolve().name
        listed = [(f"{name}.trial_{v.trial:03d}.{v.clip}", [v]) for v in viewings]
        return listed, notes
    if trials:
        raise BadInputError(
            "--trial goes with a session; a study is pooled clip by clip.",
            fix="Name a session's folder.",
        )
    study = open_study(source)
    if parameters is not None:
        raise BadInputError(
            "A study's limits stand in its study.yaml (eyes:), not in --parameters.",
        )
    pooled, notes = viewings_of_study(
        study, lambda done, total: console.progress("reading sessions", done, total)
    )
    return list(_distinct(pooled)), notes


def _distinct(
    pooled: dict[tuple[str, Path], list[Viewing]],
) -> Iterator[tuple[str, list[Viewing]]]:
    """Yield names that differ also where a clip was replaced under its id."""
    taken: dict[str, int] = {}
    for (clip, _file), viewings in pooled.items():
        taken[clip] = taken.get(clip, 0) + 1
        version = f"_{taken[clip]}" if taken[clip] > 1 else ""
        yield f"{clip}{version}", viewings


def _about(
    viewings: list[Viewing], video: Path, maps: Path, pictures: int
) -> dict[str, Any]:
    return {
        "clip": viewings[0].clip,
        "participants": [one.participant for one in viewings],
        "trial": viewings[0].trial if len(viewings) == 1 else None,
        "video": video.name if pictures else None,
        "pictures": pictures,
        "maps": maps.name,
        "simulated": any(one.simulated for one in viewings),
    }

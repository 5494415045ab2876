"""``emer-studio features``: what the eyes did, as tables beside each other."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.description = (
        "Fixations, saccades, blinks and pupil of sessions, XDF files and exported tables"
        " (Tobii Pro Lab: .tsv, .csv, .xlsx): NAME.events.csv, NAME.measures.csv, and for"
        " a session a map of each clip (NAME.maps.npz). With --overlay instead of --out, a"
        " video for each trial of a session, or for each clip of a study with everybody's"
        " gaze: the clip with the moving fixation map, and the maps of each window of time."
        " Such a video holds the clip, which is copyrighted: it is for the lab's own use."
    )
    parser.add_argument("inputs", nargs="+", type=Path, metavar="FILE|SESSION|XDF|STUDY")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--out", type=Path, metavar="DIR", help="folder for the tables")
    where.add_argument(
        "--overlay",
        type=Path,
        metavar="DIR",
        help="folder to create for clips with maps over them (for the lab's own use)",
    )
    parser.add_argument(
        "--trial",
        action="append",
        type=int,
        default=[],
        metavar="N",
        help="with --overlay: only this trial (repeatable)",
    )
    parser.add_argument(
        "--window",
        type=float,
        metavar="S",
        help="with --overlay: seconds of a map in time (default 1)",
    )
    parser.add_argument("--method", choices=("ivt", "idt"), help="how fixations are found")
    parser.add_argument(
        "--parameters", type=Path, metavar="FILE.yaml", help="limits to set, by name"
    )
    parser.add_argument(
        "--samples", action="store_true", help="every sample, too: NAME.samples.csv"
    )
    add_display_arguments(parser)
    parser.add_argument(
        "--recording", default="", metavar="NAME", help="of a table with several"
    )
    add_output_arguments(parser)


def add_display_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what is to be known of the display where the data do not say it."""
    size: dict[str, Any] = {"type": float, "nargs": 2, "metavar": ("W", "H")}
    parser.add_argument("--display-px", **size, help="where the data do not say it")
    parser.add_argument("--display-mm", **size, help="measured")
    parser.add_argument("--distance-mm", type=float, help="from the eyes to the display")


def display_of(args: argparse.Namespace) -> dict[str, Any]:
    """Return what was said of the display, as a session's manifest has it."""
    display: dict[str, Any] = {}
    for size in (args.display_px, args.display_mm):
        if size is not None and min(size) <= 0:
            raise BadInputError(f"A display cannot be {size[0]:g} x {size[1]:g} in size.")
    if args.display_px:
        display |= {"width_px": args.display_px[0], "height_px": args.display_px[1]}
    if args.display_mm:
        display["given_mm"] = tuple(args.display_mm)
    if args.distance_mm is not None:
        if args.distance_mm <= 0:
            raise BadInputError("The distance to the display has to be above 0.")
        display["distance_mm"] = args.distance_mm
    return display


def run(args: argparse.Namespace) -> int:
    """Look at each input; one that cannot be read is told, the others are done."""
    from emer_studio.features.eye_sources import open_source

    console = Console.of(args)
    if args.overlay is not None:
        return _overlay(args, console)
    if args.trial or args.window is not None:
        raise BadInputError("--trial and --window go with --overlay.")
    parameters, display = _parameters(args), display_of(args)
    _names_differ(args.inputs)
    if args.out.exists() and not args.out.is_dir():
        raise BadInputError(f"{args.out} is a file, and the tables need a folder.")
    done: list[dict[str, Any]] = []
    failed: list[tuple[Path, BadInputError]] = []
    for number, path in enumerate(args.inputs, start=1):
        try:
            source = open_source(path, display, recording=args.recording)
            done.append(_write(args, source, parameters))
        except BadInputError as problem:
            failed.append((path, problem))
            if len(args.inputs) > 1:
                console.say(f"left out: {problem.message}")
        console.progress("looking at eyes", number, len(args.inputs))
    if not done:
        raise failed[0][1]
    left_out = [{"input": str(path), "reason": why.message} for path, why in failed]
    console.result(
        {"out": str(args.out), "inputs": done, "left_out": left_out},
        "\n".join(_lines(done)),
    )
    return 1 if failed else 0


def _overlay(args: argparse.Namespace, console: Console) -> int:
    from emer_studio.features.clip_overlay import WINDOW_S
    from emer_studio.features.overlay_job import write_overlays

    if len(args.inputs) > 1:
        raise BadInputError("An overlay is of one session or of one study; name one.")
    return write_overlays(
        args.inputs[0],
        args.overlay,
        console,
        parameters=_parameters(args) if args.parameters or args.method else None,
        trials=args.trial,
        window_s=WINDOW_S if args.window is None else args.window,
    )


def _parameters(args: argparse.Namespace) -> Any:
    from emer_studio.schema.base import load_yaml
    from emer_studio.schema.eye_parameters import EyeParameters

    found = load_yaml(args.parameters, EyeParameters) if args.parameters else None
    found = found or EyeParameters()
    return found.model_copy(update={"method": args.method}) if args.method else found


def _name(path: Path) -> str:
    return path.resolve().name if path.is_dir() else path.stem


def _names_differ(inputs: list[Path]) -> None:
    names = [_name(path) for path in inputs]
    twice = next((name for name in names if names.count(name) > 1), "")
    if twice:
        raise BadInputError(
            f"Two inputs are called {twice!r}; their tables would be one.",
            fix="Rename one, or use two folders.",
        )


def _write(args: argparse.Namespace, source: Any, parameters: Any) -> dict[str, Any]:
    from emer_studio.features.eye_tables import (
        events_table,
        measures_table,
        samples_table,
    )
    from emer_studio.features.eyes import eyes_of

    kinds = ["events", "measures", *(["samples"] if args.samples else [])]
    paths = {kind: args.out / f"{source.name}.{kind}.csv" for kind in kinds}
    maps = args.out / f"{source.name}.maps.npz"
    for path in (*paths.values(), maps):
        if path.exists():
            raise BadInputError(
                f"{path} already exists; nothing was written for {source.name}.",
                fix="Choose another folder, or move it away.",
            )
    if not len(source.gaze.times_s):
        raise BadInputError(f"{source.name}: the gaze stream holds no sample.")
    eyes = eyes_of(source.gaze, parameters)
    clips = source.recording.shown_clips if source.recording else ()
    tables = {"events": events_table(eyes, clips), "measures": measures_table(eyes, clips)}
    if args.samples:
        tables["samples"] = samples_table(eyes)
    args.out.mkdir(parents=True, exist_ok=True)
    for kind, path in paths.items():
        tables[kind].to_csv(path, index=False)
    notes = [*source.notes, *_geometry_notes(source.gaze.geometry)]
    files = [path.name for path in paths.values()]
    if clips:
        notes += _maps(eyes, source, maps)
        files += [maps.name] if maps.is_file() else []
    counts = eyes.events.table["kind"].value_counts()
    found = {f"{kind}s": int(counts.get(kind, 0)) for kind in _KINDS}
    about = {"name": source.name, "samples": len(source.gaze.times_s)}
    method = parameters.model_dump(mode="json")
    return {**about, **found, "files": files, "notes": notes, "parameters": method}


_KINDS = ("fixation", "saccade", "blink")


def _geometry_notes(geometry: Any) -> list[str]:
    notes = []
    if geometry.size_from == "assumed":
        size = f"{geometry.width_mm:g} x {geometry.height_mm:g} mm"
        notes.append(f"the display's size is not known; {size} are assumed for degrees")
    if geometry.distance_from == "assumed":
        distance = f"{geometry.distance_mm:g} mm"
        notes.append(f"the eyes' distance is not known; {distance} are assumed")
    return notes


def _maps(eyes: Any, source: Any, path: Path) -> list[str]:
    """Write the maps of a session's clips; return what there is to say of them."""
    import numpy as np

    from emer_studio.features.eye_tables import clip_maps

    if source.display_px is None:
        return ["the display's size in pixels is not known: no maps of the clips"]
    maps = clip_maps(eyes, source.recording, source.display_px)
    about = [{"trial": m.trial, "clip": m.clip, "over": m.over} for m in maps]
    arrays: dict[str, Any] = {f"trial_{m.trial:03d}": m.density for m in maps}
    with path.open("xb") as stream:
        np.savez_compressed(stream, about=np.array(json.dumps(about)), **arrays)
    whole = [m.clip for m in maps if m.over == "display"]
    names = ", ".join(dict.fromkeys(whole))
    said = f"the frozen clips are not there: maps over the whole display ({names})"
    return [said] if whole else []


def _lines(done: list[dict[str, Any]]) -> list[str]:
    lines = []
    for one in done:
        counts = ", ".join(f"{one[f'{kind}s']} {kind}s" for kind in _KINDS)
        lines.append(f"{one['name']}: {one['samples']} samples, {counts}")
        lines += [f"  - {note}" for note in one["notes"]]
    return lines

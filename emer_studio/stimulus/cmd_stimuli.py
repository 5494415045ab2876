"""``emer-studio stimuli check``: decode every clip of a manifest and say what it is."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import sha256_file
from emer_studio.schema.stimulus import Clip, load_manifest
from emer_studio.stimulus.inspect import ClipReport, inspect_clip

_GAIN_APART_DB = 1.0  # a gain that differs by less is not worth a word (chosen by us)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="check")
    check = actions.add_parser("check", help="decode and measure every clip")
    check.add_argument("file", type=Path, metavar="FILE", help="a clip manifest, or a clip")
    check.add_argument(
        "--luminance",
        action="store_true",
        help="with the luminance of every frame (--json)",
    )
    add_output_arguments(check)


def run(args: argparse.Namespace) -> int:
    """Look at all clips; exit code 1 when one of them cannot be shown."""
    console = Console.of(args)
    clips = _clips(args.file)
    rows = []
    for number, clip in enumerate(clips, start=1):
        rows.append(_row(clip, args.file.parent, luminance=args.luminance))
        console.progress("stimuli", number, len(clips), clip=clip.id)
    failed = [row["clip"] for row in rows if row["errors"]]
    result = {"file": str(args.file), "clips": rows, "failed": failed}
    console.result(result, "\n".join(_text(row) for row in rows))
    return 1 if failed else 0


def _clips(path: Path) -> list[Clip]:
    if path.suffix.lower() in (".yaml", ".yml"):
        return list(load_manifest(path).clips)
    if not path.is_file():
        raise BadInputError(f"{path} does not exist.")
    return [Clip(id="clip", file=path.name, emotion="neutral")]


def _row(clip: Clip, folder: Path, *, luminance: bool) -> dict[str, Any]:
    """Return what is known of one clip, what is wrong and what is worth a look."""
    path = folder / clip.file
    row: dict[str, Any] = {"clip": clip.id, "file": clip.file, "errors": [], "notes": []}
    if clip.generate is not None and not path.is_file():
        row["notes"].append("not there: the program draws a placeholder")
        return row
    try:
        report = inspect_clip(path)
    except BadInputError as problem:
        row["errors"].append(" ".join(filter(None, (problem.message, problem.fix))))
        return row
    digest = sha256_file(path)
    row |= {
        "sha256": digest,
        "duration_s": round(report.duration_s, 3),
        "size_px": [report.width_px, report.height_px],
        "fps": round(report.fps, 3),
        "variable_rate": report.variable,
        "frames": report.frames,
        "video": report.codec,
        "audio": report.audio,
        "lufs": _number(report.lufs, 1),
        "true_peak_dbtp": _number(report.true_peak_dbtp, 1),
        "suggested_gain_db": round(report.gain_db, 1),
        "mean_luminance": round(report.mean_luminance, 3),
        "black": [list(part) for part in report.black],
        "frozen": [list(part) for part in report.frozen],
    }
    if luminance:
        row["luminance"] = [round(float(value), 4) for value in report.luminance]
    row["errors"] += _errors(clip, report, digest)
    row["notes"] += _notes(clip, report)
    return row


def _errors(clip: Clip, report: ClipReport, digest: str) -> list[str]:
    """Return why the clip must not be shown as it is."""
    found = []
    if clip.sha256 and clip.sha256 != digest:
        found.append(
            f"it is not the file that the manifest means: SHA-256 {digest[:12]}…,"
            f" expected {clip.sha256[:12]}…"
        )
    if report.hdr:
        found.append(" ".join(report.hdr))
    end_s = clip.trim_out_s if clip.trim_out_s is not None else report.duration_s
    if end_s > report.duration_s + 0.05 or clip.trim_in_s >= end_s:
        found.append(
            f"the part from {clip.trim_in_s:g} to {end_s:g} s is not inside its"
            f" {report.duration_s:.2f} s"
        )
    if clip.peak_s is not None and not clip.trim_in_s <= clip.peak_s <= end_s:
        found.append(f"its peak at {clip.peak_s:g} s is not in the part that is shown")
    return found


def _notes(clip: Clip, report: ClipReport) -> list[str]:
    """Return what someone should look at."""
    notes = list(report.problems)
    if report.variable:
        notes.append("its rate is variable")
    if report.rotation_deg:
        notes.append(f"it is rotated by {report.rotation_deg}°")
    notes += [f"black from {start:g} s for {length:g} s" for start, length in report.black]
    notes += [
        f"stands still from {start:g} s for {length:g} s" for start, length in report.frozen
    ]
    if not report.audio:
        notes.append("it has no sound")
    elif abs(report.gain_db - clip.gain_db) > _GAIN_APART_DB:
        notes.append(
            f"gain_db: {report.gain_db:.1f} would bring it to the common loudness"
            f" (it has {clip.gain_db:g})"
        )
    return notes


def _number(value: float, digits: int) -> float | None:
    return round(value, digits) if math.isfinite(value) else None


def _text(row: dict[str, Any]) -> str:
    if "duration_s" not in row:
        return f"{row['clip']:<20} {'; '.join(row['errors'] or row['notes'])}"
    width, height = row["size_px"]
    loud = "no sound" if row["lufs"] is None else f"{row['lufs']:.1f} LUFS"
    head = (
        f"{row['clip']:<20} {row['duration_s']:>7.2f} s  {width}x{height}"
        f" {row['fps']:g} fps  {loud}  luminance {row['mean_luminance']:.2f}"
    )
    lines = [f"    error: {text}" for text in row["errors"]]
    lines += [f"    {text}" for text in row["notes"]]
    return "\n".join([head, *lines])

"""``emer-studio import-session``: an old recording becomes a session of a study."""

from __future__ import annotations

import argparse
import dataclasses
import math
from pathlib import Path

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError
from emer_studio.features.cmd_features import add_display_arguments, display_of
from emer_studio.study.folder import open_study

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.description = (
        "A LabRecorder XDF file or a tracker's exported table, a face video and a table of"
        " trials (columns trial, clip, onset_s, end_s; valence, arousal, emotion if rated)"
        " become a session, flagged as imported. Nothing of the source is changed."
    )
    parser.add_argument("study", type=Path, metavar="STUDY")
    parser.add_argument("--participant", required=True, metavar="CODE")
    gaze = parser.add_mutually_exclusive_group(required=True)
    gaze.add_argument("--xdf", type=Path, metavar="FILE", help="copied byte by byte")
    gaze.add_argument("--gaze", type=Path, metavar="FILE", help=".tsv, .csv or .xlsx")
    parser.add_argument("--video", type=Path, required=True, metavar="FACE.mp4")
    parser.add_argument(
        "--video-starts-at",
        type=float,
        required=True,
        metavar="S",
        help="when its first frame was taken, on the clock of the gaze",
    )
    parser.add_argument("--trials", type=Path, required=True, metavar="TRIALS.csv")
    parser.add_argument(
        "--rating-range",
        type=float,
        nargs=2,
        default=(1.0, 9.0),
        metavar=("LOW", "HIGH"),
        help="of valence and arousal in that table (default: 1 9, as SAM has)",
    )
    add_display_arguments(parser)
    parser.add_argument(
        "--recording", default="", metavar="NAME", help="of a table with several"
    )
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Import, and say what `check` finds in the session."""
    from emer_studio.dataset.import_session import Sources, import_session
    from emer_studio.dataset.import_trials import read_trials

    console = Console.of(args)
    study, display = open_study(args.study), display_of(args)
    low, high = args.rating_range
    if not low < high:
        raise BadInputError(f"Expected a rating range from low to high: {low:g} {high:g}.")
    if not math.isfinite(args.video_starts_at):
        raise BadInputError("--video-starts-at has to be a number of seconds.")
    source = args.xdf or args.gaze
    if args.xdf is not None and args.xdf.suffix.lower() != ".xdf":
        raise BadInputError(f"{args.xdf} is not an .xdf file; tables come with --gaze.")
    for path in (source, args.video, args.trials):
        if not path.is_file():
            raise BadInputError(f"{path} does not exist.")
    trials = read_trials(args.trials, (low, high))
    sources = Sources(source, args.video, args.video_starts_at, args.trials, args.recording)
    done = import_session(study, args.participant, sources, trials, display)
    lines = [
        f"{done.folder}: {done.trials} trials, {done.ratings} ratings,"
        f" {done.samples} samples of gaze, {done.frames} frames; verdict: {done.verdict}"
    ]
    lines += [f"  - {text}" for text in (*done.findings, *done.notes)]
    result = {**dataclasses.asdict(done), "session": str(done.folder)}
    result.pop("folder")
    console.result(result, "\n".join(lines))
    return 0

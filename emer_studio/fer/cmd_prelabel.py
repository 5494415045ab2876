"""The command ``prelabel``: a model's view of every frame, for experts to look at later."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import cv2

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.features.faces import FaceDetector, open_detector
from emer_studio.fer import prelabel, runs
from emer_studio.fer.calibrate import temperatures_for
from emer_studio.fer.cmd_prelabel_runs import calibrate_study, import_external
from emer_studio.fer.external import TOOLS
from emer_studio.fer.heads import check_inputs, why_not
from emer_studio.fer.panel import Panel
from emer_studio.schema.predictions import PrelabelSummary

__all__ = ["arguments", "run"]

DEFAULT_MODEL = "mini-xception"
"""The smallest, and free for every use."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "inputs",
        nargs="+",
        type=Path,
        metavar="STUDY|SESSION|VIDEO|IMAGE",
        help="a study or session folder (results go to its derived folder) or media files;"
        " `import STUDY|VIDEO --from TOOL FILE.csv` takes another tool's predictions;"
        " `calibrate STUDY` fits how sure the model may be on the experts' labels",
    )
    parser.add_argument(
        "--from",
        dest="tool",
        nargs=2,
        metavar=("TOOL", "FILE.csv"),
        help=f"with `import`: {', '.join(TOOLS)} and its table",
    )
    parser.add_argument(
        "--model",
        help="expression model, or several with commas (default: the one last used in the"
        " study, else mini-xception)",
    )
    parser.add_argument(
        "--detector",
        choices=("auto", "yunet", "haar"),
        default="auto",
        help="face detector",
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE.csv", help="table of a single media file"
    )
    parser.add_argument(
        "--again", action="store_true", help="also where an up-to-date result exists"
    )
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Pre-label everything that was named."""
    console = Console.of(args)
    if args.model is None:
        args.model = runs.last_shown(args.inputs).replace("+", ",") or DEFAULT_MODEL
    if args.inputs[0] == Path("import") or args.tool:
        return import_external(console, args)
    if args.inputs[0] == Path("calibrate"):
        return calibrate_study(console, args)
    jobs = _jobs(args.inputs)
    if args.out is not None and args.out.exists():
        raise BadInputError(
            f"{args.out} already exists; nothing was written.", fix="Choose another name."
        )
    if args.out is not None and (len(jobs) != 1 or jobs[0][1]):
        raise BadInputError("--out takes the table of exactly one video or picture.")
    cv2.setNumThreads(1)  # more make finding faces no quicker, and decoding slower
    panel = Panel.open(args.model)
    jobs = _allowed(console, jobs, panel)
    detector = open_detector(args.detector, width_px=prelabel.DETECTION_WIDTH_PX)
    if detector.name == "haar" and args.detector == "auto":
        console.say(
            "YuNet is not installed; the Haar detector is used, which finds more false"
            " faces (`emer-studio models install yunet`)."
        )
    summaries, outputs = [], []
    for path, recorded in jobs:
        summary, output = _one(console, args, path, recorded, panel, detector)
        summaries.append(summary)
        outputs += [str(output)] if output else []
        if summary.damaged:
            console.say(
                f"{path}: damaged after frame {summary.frames - 1}: {summary.damaged}"
            )
    result = _total(summaries, panel, detector, outputs)
    console.result(result, _text(result) if outputs or args.out else "")
    return 0


def _allowed(
    console: Console, jobs: list[tuple[Path, bool]], panel: Panel
) -> list[tuple[Path, bool]]:
    """Return the jobs that the models may do; somebody they learned from is left out."""
    refused: dict[Path, str] = {}
    for model in panel.models:
        check_inputs(model.entry)
        for path, _ in jobs:
            refused[path] = refused.get(path) or why_not(model.entry, path)
    for path, reason in refused.items():
        if reason:
            console.say(f"{path}: left out, {reason}")
    left = [job for job in jobs if not refused[job[0]]]
    if not left:
        raise BadInputError(
            f"Nothing can be pre-labelled by {panel.name}: {next(iter(refused.values()))}.",
            fix="Take a model that has not learned from these participants.",
        )
    return left


def _jobs(inputs: list[Path]) -> list[tuple[Path, bool]]:
    """Return every file to work on and whether it is a session's recording."""
    jobs: list[tuple[Path, bool]] = []
    for path in inputs:
        if path.is_dir():
            jobs += [(video, True) for video in runs.recordings_of(path)]
        elif path.is_file():
            jobs.append((path, False))
        else:
            raise BadInputError(f"{path} does not exist.")
    return jobs


def _one(
    console: Console,
    args: argparse.Namespace,
    path: Path,
    recorded: bool,
    panel: Panel,
    detector: FaceDetector,
) -> tuple[PrelabelSummary, Path | None]:
    def progress(done: int, total: int, fps: float) -> None:
        console.progress(path.name, done, total, fps=round(fps))

    panel = panel.for_recording(path)
    if recorded:
        table, summary, fresh = prelabel.prelabel_recording(
            path,
            panel,
            detector,
            temperatures=temperatures_for(path, panel),
            again=args.again,
            progress=progress,
        )
        console.say(f"{path}: {_counts(summary)}" + ("" if fresh else " (kept)"))
        return summary, table
    with tempfile.TemporaryDirectory(prefix="emer-prelabel-") as folder:
        table = args.out or Path(folder) / "table.csv"
        summary = prelabel.prelabel_file(
            path, panel, detector, table, progress=progress, anew=args.again
        )
        if args.out is None and not (args.json or args.events):
            with table.open(encoding="utf-8", newline="") as stream:
                shutil.copyfileobj(stream, sys.stdout)
    console.say(f"{path}: {_counts(summary)}")
    return summary, args.out


def _counts(summary: PrelabelSummary) -> str:
    return (
        f"{summary.frames} frames, {summary.frames_with_face} with a face"
        f" ({summary.frames_multi} with several), {summary.fps:.0f} frames/s"
    )


def _total(
    summaries: list[PrelabelSummary],
    panel: Panel,
    detector: FaceDetector,
    outputs: list[str],
) -> dict[str, Any]:
    frames = sum(one.frames for one in summaries)
    weight = sum(one.frames_with_face for one in summaries)
    seconds = sum(one.frames / one.fps for one in summaries if one.fps > 0)
    means: dict[str, float | None] = dict.fromkeys(EMOTIONS)
    for emotion in EMOTIONS if weight else ():
        total = sum(
            (one.mean_p[emotion] or 0.0) * one.frames_with_face for one in summaries
        )
        means[emotion] = round(total / weight, 6)
    return {
        "frames": frames,
        "faces": sum(one.faces for one in summaries),
        "frames_with_face": weight,
        "frames_multi": sum(one.frames_multi for one in summaries),
        "fps": round(frames / seconds, 1) if seconds else 0.0,
        "mean_p": means,
        "model": panel.name,
        "model_sha256": panel.sha256,
        "detector": detector.name,
        "outputs": outputs,
    }


def _text(result: dict[str, Any]) -> str:
    means = "  ".join(
        f"{emotion} {'–' if value is None else format(value, '.2f')}"
        for emotion, value in result["mean_p"].items()
    )
    return (
        f"{result['frames']} frames, {result['frames_with_face']} with a face,"
        f" {result['fps']} frames/s, {result['model']} with {result['detector']}\n{means}\n"
        + "\n".join(result["outputs"])
    )

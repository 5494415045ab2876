"""``prelabel import`` and ``prelabel calibrate``: other tools' runs, temperatures."""

from __future__ import annotations

import argparse
from pathlib import Path

from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError
from emer_studio.fer.calibrate import as_json, calibrate
from emer_studio.fer.external import TOOLS
from emer_studio.fer.import_run import import_run, video_of
from emer_studio.study.folder import open_study

__all__ = ["calibrate_study", "import_external"]


def import_external(console: Console, args: argparse.Namespace) -> int:
    """Take another tool's table as a run."""
    if args.tool is None or len(args.inputs) != 2 or args.inputs[0] != Path("import"):
        raise BadInputError(
            "Expected `prelabel import STUDY|VIDEO --from TOOL FILE.csv`.",
            fix=f"TOOL is one of {', '.join(TOOLS)}.",
        )
    name, table = args.tool[0], Path(args.tool[1])
    if name not in TOOLS:
        raise BadInputError(f"Expected one of {', '.join(TOOLS)}; found {name!r}.")
    if not table.is_file():
        raise BadInputError(f"{table} does not exist.")
    video = video_of(args.inputs[1], table)
    output, summary = import_run(video, name, table)
    result = {
        "video": str(video),
        "model": name,
        "frames": summary.frames,
        "faces": summary.faces,
        "frames_with_face": summary.frames_with_face,
        "mean_p": summary.mean_p,
        "remark": summary.remark,
        "outputs": [str(output)],
    }
    said = f"{video}: {summary.frames} frames, {summary.frames_with_face} with a face"
    lines = [said, summary.remark, str(output)]
    console.result(result, "\n".join(line for line in lines if line))
    return 0


def calibrate_study(console: Console, args: argparse.Namespace) -> int:
    """Fit the temperatures of the models that are named."""
    if len(args.inputs) != 2:
        raise BadInputError("Expected `prelabel calibrate STUDY`.")
    names = sorted({name.strip() for name in args.model.split(",") if name.strip()})
    made = calibrate(open_study(args.inputs[1]), names)
    lines = [
        f"{name}: temperature {one.temperature:.2f}; calibration error"
        f" {one.ece_before:.3f}, with it {one.ece_after:.3f}"
        f" ({one.n} labels of {one.participants} participants)"
        for name, one in made.items()
    ]
    lines.append(f"Used from the next `emer-studio prelabel {args.inputs[1]}` on.")
    console.result({"models": as_json(made)}, "\n".join(lines))
    return 0

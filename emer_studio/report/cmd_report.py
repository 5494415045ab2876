"""``emer-studio report``: the report of a study, a training run or a dataset."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError
from emer_studio.study.folder import open_study
from emer_studio.study.runs import open_run


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument("source", type=Path, metavar="STUDY|RUN|DATASET")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.html")
    parser.add_argument(
        "--labels", action="store_true", help="of a study: how far its raters agree"
    )
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Write the report; an existing file is never overwritten."""
    from emer_studio.report.collect import (
        SessionFacts,
        collect_run,
        collect_session,
        runs_of,
    )
    from emer_studio.report.write import write_report

    console = Console.of(args)
    if args.out.exists():
        raise BadInputError(
            f"{args.out} already exists; nothing was written.", fix="Choose another name."
        )
    if args.labels:
        return _of_labels(args.source, args.out, console)
    if (args.source / "samples.csv").is_file():
        return _of_dataset(args.source, args.out, console)
    sessions: list[SessionFacts] = []
    damaged: list[tuple[str, str]] = []
    if (args.source / "results.json").is_file():
        runs = [collect_run(args.source)]
        title, kind = f"Training run {args.source.name}", "run"
    elif not (args.source / "study.yaml").is_file() and _runs_in(args.source):
        state = open_run(args.source).state
        raise BadInputError(
            f"The training run {args.source} is not finished ({state}); it has no results.",
            fix=f"emer-studio train --resume {args.source}",
        )
    else:
        study = open_study(args.source)
        listed, damaged = study.sessions(), study.damaged()
        for number, session in enumerate(listed, start=1):
            sessions.append(collect_session(session))
            console.progress("reading sessions", number, len(listed))
        runs = runs_of(study)
        title, kind = f"Study {study.file.name}", "study"
    write_report(
        args.out, title=title, sessions=sessions, runs=runs, damaged=damaged, kind=kind
    )
    console.result(
        {"report": str(args.out), "sessions": len(sessions), "runs": len(runs)},
        str(args.out),
    )
    return 0


def _of_dataset(source: Path, out: Path, console: Console) -> int:
    from emer_studio.dataset.cache_reader import open_cache
    from emer_studio.report.write_gap import read_gap, write_gap

    dataset = open_cache(source)
    gap = read_gap(dataset)
    write_gap(out, dataset, gap)
    floor = None if gap.floor is None else dataclasses.asdict(gap.floor)
    of_what = f"{gap.trials} trials"
    if gap.samples > gap.trials or gap.weak:
        of_what = (
            f"{gap.samples} samples ({', '.join(gap.units)}) of {gap.trials} trials,"
            f" {gap.weak} with what was felt in the whole clip"
        )
    console.result(
        {
            "report": str(out),
            "trials": gap.trials,
            "samples": gap.samples,
            "units": list(gap.units),
            "weak": gap.weak,
            "discordance": dataclasses.asdict(gap.discordance),
            "floor": floor,
            "synthetic": dataset.manifest.synthetic,
            "simulated": dataset.manifest.simulated,
        },
        f"{out}\nfelt and shown differ in {gap.discordance} of {of_what};"
        f" raters among themselves: {gap.floor or 'not known'}",
    )
    return 0


def _runs_in(folder: Path) -> bool:
    return next(folder.rglob("run.json"), None) is not None


def _of_labels(source: Path, out: Path, console: Console) -> int:
    from emer_studio.report.label_report import collect_labels, write_labels

    study = open_study(source)
    found = collect_labels(study)
    write_labels(out, study, found)
    panel = found.panel
    facts = {
        "report": str(out),
        **found.agreement.as_json(),
        "anchoring": [dataclasses.asdict(one) for one in found.anchoring],
        "model_accuracy": None if panel is None else dataclasses.asdict(panel.accuracy),
        "ece": None if panel is None else dataclasses.asdict(panel.before.ece),
        "study_hash": found.study_hash,
        "simulated": found.simulated,
    }
    first = found.agreement.rows[0]
    told = first.reason or f"{first.value:.2f} [{first.low:.2f}, {first.high:.2f}]"
    console.result(facts, f"{out}\n{first.name}: {told}")
    return 0

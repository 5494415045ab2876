"""The command line: a table of sub-commands, each imported only when it is called.

A command is one module with ``arguments(parser)`` and ``run(args) -> int``; adding one is
a file in the layer it belongs to and a line here.
"""

from __future__ import annotations

import argparse
import importlib
import io
import json
import os
import sys
from collections.abc import Sequence
from typing import NamedTuple

from emer_studio import __version__
from emer_studio.core import logs
from emer_studio.core.errors import BadInputError, EmerError, WorkFailedError
from emer_studio.core.process import SPARE

__all__ = ["COMMANDS", "main"]


class Command(NamedTuple):
    """Where a sub-command lives and what it does, in one line."""

    module: str
    help: str


COMMANDS: dict[str, Command] = {
    "gui": Command("emer_studio.ui.cmd_gui", "open the window"),
    "demo": Command("emer_studio.demo", "a whole study with simulated devices"),
    "new": Command("emer_studio.study.cmd_new", "make a study"),
    "vault": Command("emer_studio.study.cmd_vault", "names and contacts, encrypted"),
    "withdraw": Command(
        "emer_studio.withdrawal.cmd_withdraw", "erase a participant who withdraws"
    ),
    "backup": Command("emer_studio.study.cmd_backup", "a second, verified copy of a study"),
    "today": Command("emer_studio.study.cmd_today", "who comes today, what is left to do"),
    "demographics": Command(
        "emer_studio.study.cmd_demographics", "what the protocol asks of each participant"
    ),
    "run": Command("emer_studio.session.cmd_run", "run a session"),
    "console": Command(
        "emer_studio.ui.console.cmd_console", "follow a session from a second PC"
    ),
    "record": Command("emer_studio.recording.cmd_record", "record LSL streams to XDF"),
    "streams": Command(
        "emer_studio.streams.cmd_streams", "LSL streams on the network, gaze layouts"
    ),
    "simulate": Command("emer_studio.devices.cmd_simulate", "simulated LSL sources"),
    "tobii": Command("emer_studio.devices.cmd_tobii", "send a Tobii eye tracker over LSL"),
    "camera": Command("emer_studio.recording.cmd_camera", "capture one camera to a file"),
    "microphone": Command("emer_studio.recording.cmd_microphone", "record a microphone"),
    "participant": Command("emer_studio.ui.cmd_participant", "the participant's window"),
    "check": Command("emer_studio.recording.cmd_check", "check a session or XDF file"),
    "salvage": Command("emer_studio.recording.cmd_salvage", "rescue a cut XDF file"),
    "protocol": Command(
        "emer_studio.session.cmd_protocol", "check a protocol, try a trial"
    ),
    "stimuli": Command("emer_studio.stimulus.cmd_stimuli", "measure the clips"),
    "selftest": Command(
        "emer_studio.session.cmd_selftest", "how late display, camera and sound are"
    ),
    "validate": Command(
        "emer_studio.session.cmd_validate", "how accurate the eye tracker is"
    ),
    "preflight": Command(
        "emer_studio.session.cmd_preflight", "go or no-go, before a session"
    ),
    "accept-rig": Command(
        "emer_studio.session.cmd_accept_rig", "ten minutes on the lab's own hardware"
    ),
    "plan": Command("emer_studio.session.cmd_plan", "print the trial order"),
    "models": Command("emer_studio.fer.cmd_models", "list, install, import, verify"),
    "prelabel": Command("emer_studio.fer.cmd_prelabel", "pre-label facial expressions"),
    "labels": Command(
        "emer_studio.labels.cmd_labels", "experts' labels: agreement, exchange, bundles"
    ),
    "features": Command(
        "emer_studio.features.cmd_features", "what the eyes did, as tables"
    ),
    "dataset": Command("emer_studio.dataset.cmd_dataset", "build or synthesise a dataset"),
    "explore": Command(
        "emer_studio.dataset.cmd_explore", "work out what the trial explorer shows"
    ),
    "import-session": Command(
        "emer_studio.dataset.cmd_import_session", "an old recording becomes a session"
    ),
    "export": Command(
        "emer_studio.dataset.export.cmd_export", "a study as BIDS, EMER's layout or tables"
    ),
    "train": Command("emer_studio.training.cmd_train", "train EMERT on a dataset"),
    "train-folds": Command(
        "emer_studio.training.cmd_train_folds", "what train --parallel starts"
    ),
    "train-head": Command(
        "emer_studio.training.cmd_train_head", "train the next pre-labeller on blind labels"
    ),
    "evaluate": Command("emer_studio.training.cmd_evaluate", "evaluate a training run"),
    "live": Command(
        "emer_studio.training.cmd_live", "try a model on a running camera and tracker"
    ),
    "bench": Command("emer_studio.training.cmd_bench", "how fast training is here"),
    "robustness": Command(
        "emer_studio.report.cmd_robustness", "what a training run makes of worse clips"
    ),
    "ablate": Command(
        "emer_studio.report.cmd_ablate", "what each stream and part of EMERT is good for"
    ),
    "export-onnx": Command(
        "emer_studio.training.cmd_export_onnx", "the networks of a training run as ONNX"
    ),
    "runs": Command(
        "emer_studio.report.cmd_runs", "list, name, compare and delete training runs"
    ),
    "quality": Command("emer_studio.report.cmd_quality", "the quality of a session"),
    "norms": Command("emer_studio.report.cmd_norms", "what a study's clips bring about"),
    "report": Command("emer_studio.report.cmd_report", "write the HTML report"),
    "doctor": Command("emer_studio.doctor", "what works here, and how to fix it"),
}


def _parser(name: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="emer-studio",
        description="From the first participant to the results table.",
        epilog="Without a command, the window opens.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument("-v", "--verbose", action="store_true", help="log more")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for command, (module, text) in COMMANDS.items():
        sub = commands.add_parser(command, help=text, description=text)
        if command == name:
            importlib.import_module(module).arguments(sub)
    return parser


def _words_for_spare(name: str) -> list[str]:
    """Import a command ahead of time and wait for its words, or for the end of input.

    They come as one JSON list in the first line; what follows is the command's own.
    """
    if name not in COMMANDS:
        raise BadInputError(f"There is no command {name!r} to keep a spare of.")
    importlib.import_module(COMMANDS[name].module)
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)  # not sys.stdin, which would take more than the line
        if not byte:
            sys.exit(0)
        line += byte
    try:
        return [str(word) for word in json.loads(line)]
    except (ValueError, TypeError):
        raise BadInputError("A spare process expects a JSON list of words.") from None


def _fail(args: argparse.Namespace, problem: EmerError) -> int:
    if getattr(args, "events", False):
        line = {"event": "error", "text": str(problem), "code": problem.exit_code}
        print(json.dumps(line), flush=True)  # noqa: T201 - the command line prints
    print(f"emer-studio: {problem}", file=sys.stderr)  # noqa: T201
    return problem.exit_code


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0 done, 1 the work failed, 2 bad input or usage, 3 something external is missing,
    130 interrupted with the data closed cleanly.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")  # Windows pipes are not
    given = list(sys.argv[1:] if argv is None else argv)
    if given[:1] == [SPARE]:
        try:
            given = _words_for_spare("".join(given[1:2]))
        except BadInputError as problem:
            return _fail(argparse.Namespace(), problem)
    name = next((word for word in given if not word.startswith("-")), None)
    if name is None and not {"-h", "--help", "--version"} & set(given):
        given, name = [*given, "gui"], "gui"
    args = _parser(name).parse_args(given)
    logs.configure(verbose=args.verbose)
    try:
        return int(importlib.import_module(COMMANDS[args.command].module).run(args))
    except EmerError as problem:
        return _fail(args, problem)
    except OSError as problem:
        where = f" ({problem.filename})" if problem.filename else ""
        text = f"The system refused: {problem.strerror or problem}{where}."
        fix = "Check the folder, its permissions and the free space."
        return _fail(args, WorkFailedError(text, fix=fix))
    except KeyboardInterrupt:
        print("emer-studio: interrupted", file=sys.stderr)  # noqa: T201
        return 130

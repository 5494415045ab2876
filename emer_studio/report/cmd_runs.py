"""``emer-studio runs``: the training runs of a study; a table of sub-commands."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import write_atomic
from emer_studio.study.run_changes import (
    annotate,
    asked_only,
    check_deletable,
    delete,
    forget,
    pin,
    rename,
)
from emer_studio.study.runs import Entry, open_run, runs_at

__all__ = ["SUBCOMMANDS", "arguments", "run"]


class SubCommand(NamedTuple):
    """Something to do with runs."""

    help: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace, Console], None]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands."""
    commands = parser.add_subparsers(dest="runs_command", metavar="WHAT", required=True)
    for name, sub in SUBCOMMANDS.items():
        child = commands.add_parser(name, help=sub.help, description=sub.help)
        sub.arguments(child)
        add_output_arguments(child)


def run(args: argparse.Namespace) -> int:
    """Run the chosen sub-command."""
    SUBCOMMANDS[args.runs_command].run(args, Console.of(args))
    return 0


def _facts(entry: Entry) -> dict[str, Any]:
    score = entry.score
    return {
        "folder": str(entry.folder),
        "name": entry.name,
        "protocol": entry.info.protocol,
        "model": entry.info.model,
        "kind": entry.kind,
        "preset": entry.info.preset,
        "folds": entry.folds,
        "seed": entry.info.seed,
        "epochs": entry.info.epochs,
        "score": None if score is None else dataclasses.asdict(score),
        "state": entry.state,
        "started": entry.info.started,
        "pinned": entry.notes.pinned,
        "note": entry.notes.note,
        "dataset": entry.info.dataset_name,
        "synthetic": entry.info.synthetic,
        "simulated": entry.info.simulated,
    }


def _one(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, metavar="RUN", help="run folder")


def _list_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "place", type=Path, metavar="DIR", help="a study, a dataset or a folder of runs"
    )


def _list(args: argparse.Namespace, console: Console) -> None:
    from emer_studio.report.run_tables import list_text

    entries, damaged = runs_at(args.place)
    broken = [{"folder": str(folder), "why": why} for folder, why in damaged]
    found = {"runs": [_facts(entry) for entry in entries], "damaged": broken}
    console.result(found, list_text(entries, damaged))


def _rename_arguments(parser: argparse.ArgumentParser) -> None:
    _one(parser)
    parser.add_argument("name", metavar="NAME", help='"" gives the first name back')


def _rename(args: argparse.Namespace, console: Console) -> None:
    entry = rename(args.run, args.name)
    console.result(_facts(entry), f"{args.run} is called {entry.name}.")


def _pin(args: argparse.Namespace, console: Console) -> None:
    entry = pin(args.run, pinned=args.runs_command == "pin")
    told = "pinned: not to be deleted" if entry.notes.pinned else "no longer pinned"
    console.result(_facts(entry), f"{entry.name} is {told}.")


def _note_arguments(parser: argparse.ArgumentParser) -> None:
    _one(parser)
    parser.add_argument(
        "text", metavar="TEXT", help='what is to be remembered; "" for none'
    )


def _note(args: argparse.Namespace, console: Console) -> None:
    entry = annotate(args.run, args.text)
    console.result(_facts(entry), f"{entry.name}: {entry.notes.note or 'no note'}")


def _delete_arguments(parser: argparse.ArgumentParser) -> None:
    _one(parser)
    parser.add_argument("--yes", action="store_true", help="delete it for good")


def _delete(args: argparse.Namespace, console: Console) -> None:
    if asked_only(args.run):
        _forget(args.run, console)
        return
    entry = check_deletable(args.run)
    if not args.yes:
        raise BadInputError(
            f"{entry.name} ({entry.info.protocol}, {entry.state}) would be deleted for"
            " good, with its weights and predictions; nothing was deleted.",
            fix="Add --yes.",
        )
    size = delete(args.run)
    console.result(
        {"deleted": str(args.run), "name": entry.name, "bytes": size},
        f"{entry.name} is deleted ({size / 1e6:.1f} MB).",
    )


def _forget(folder: Path, console: Console) -> None:
    """Delete a training that ended before there was a run: no numbers, no weights."""
    size = forget(folder)
    console.result(
        {"deleted": str(folder), "name": folder.name, "bytes": size},
        f"{folder} is deleted; nothing had been trained.",
    )


def _compare_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "runs", type=Path, nargs="+", metavar="RUN",
        help="at least two; the others are compared with the first",
    )  # fmt: skip
    parser.add_argument("--all-pairs", action="store_true", help="compare each with each")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write it as a page too")


def _compare(args: argparse.Namespace, console: Console) -> None:
    from emer_studio.report.run_tables import comparison_text
    from emer_studio.training.comparing.runs import compare_runs

    if args.html is not None:
        _refuse_existing(args.html)
    entries = [open_run(folder) for folder in args.runs]
    told = compare_runs(entries, all_pairs=args.all_pairs)
    found, text = told.as_json(), comparison_text(told)
    if args.html is not None:
        from emer_studio.report.write_compare import write_comparison

        write_comparison(args.html, told)
        found, text = found | {"html": str(args.html)}, f"{text}\n{args.html}"
    console.result(found, text)


def _card_arguments(parser: argparse.ArgumentParser) -> None:
    _one(parser)
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="FILE.md or FILE.html (default: printed)"
    )


def _card(args: argparse.Namespace, console: Console) -> None:
    from emer_studio.report.model_card import model_card

    out: Path | None = args.out
    if out is not None and out.suffix not in (".md", ".html"):
        raise BadInputError(f"Expected a name ending in .md or .html, found {out.name}.")
    if out is not None:
        _refuse_existing(out)
    page = out is not None and out.suffix == ".html"
    card = model_card(open_run(args.run), figures=page)
    if out is None:
        console.result({"card": card.markdown()}, card.markdown())
        return
    write_atomic(out, card.html() if page else card.markdown())
    console.result({"card": str(out)}, str(out))


def _figures_arguments(parser: argparse.ArgumentParser) -> None:
    _one(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="new folder")


def _figures(args: argparse.Namespace, console: Console) -> None:
    from emer_studio.report.run_figures import save_figures

    saved = [str(path) for path in save_figures(open_run(args.run), args.out)]
    console.result({"figures": saved}, "\n".join(saved))


def _refuse_existing(path: Path) -> None:
    if path.exists():
        raise BadInputError(
            f"{path} already exists; nothing was written.", fix="Choose another name."
        )


SUBCOMMANDS = {
    "list": SubCommand("what there is, and how good", _list_arguments, _list),
    "rename": SubCommand("give a run another name", _rename_arguments, _rename),
    "pin": SubCommand("protect a run from being deleted", _one, _pin),
    "unpin": SubCommand("no longer protect it", _one, _pin),
    "note": SubCommand("write down something about a run", _note_arguments, _note),
    "delete": SubCommand("delete a run for good", _delete_arguments, _delete),
    "compare": SubCommand("paired tests between runs", _compare_arguments, _compare),
    "card": SubCommand("write its model card", _card_arguments, _card),
    "figures": SubCommand("save its figures as SVG and PNG", _figures_arguments, _figures),
}

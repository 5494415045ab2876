"""The command ``models``: list, install, import and verify model files."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.fer import store
from emer_studio.schema.models import ModelEntry

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    add_output_arguments(actions.add_parser("list", help="what exists and what is here"))
    add_output_arguments(
        actions.add_parser("verify", help="re-check the files that are here")
    )
    install = actions.add_parser("install", help="fetch a model and verify it")
    install.add_argument("name", metavar="NAME")
    add_output_arguments(install)
    imported = actions.add_parser("import", help="take a model from a file and verify it")
    imported.add_argument("name", metavar="NAME")
    imported.add_argument("file", metavar="FILE", type=Path)
    imported.add_argument(
        "--trust",
        action="store_true",
        help="take FILE for a model whose hash is not known to us, and remember its hash",
    )
    add_output_arguments(imported)


def run(args: argparse.Namespace) -> int:
    """Carry out the action; 1 when a file that is here has the wrong content."""
    console = Console.of(args)
    if args.action in ("list", "verify"):
        return _report(console, store.verify(), failing=args.action == "verify")
    if args.action == "install":
        console.say(f"Fetching {args.name} …")
        path = store.install(
            args.name, lambda done, total: console.progress(args.name, done, total)
        )
    else:
        path = store.import_file(args.name, args.file, trust=args.trust)
    entry, _ = store.find(args.name)
    console.result(
        {"name": entry.name, "path": str(path), "sha256": entry.sha256},
        f"{entry.name} is installed: {path}\n  licence {entry.licence};"
        f" trained on {entry.training_data}",
    )
    return 0


def _report(console: Console, states: list[store.State], *, failing: bool) -> int:
    wrong = [state for state in states if state.state == "wrong"]
    lines = [
        f"{state.entry.name:<16} {state.state:<10} {state.entry.task:<15}"
        f" {_size(state.entry):>10}  {state.entry.licence:<10}"
        f" {state.path or ''}"
        for state in states
    ]
    lines += [f"{s.entry.name}: {s.problem}" for s in states if s.problem]
    console.result(
        {"ok": not wrong, "models": [_as_json(state) for state in states]}, "\n".join(lines)
    )
    return 1 if failing and wrong else 0


def _size(entry: ModelEntry) -> str:
    return f"{entry.size_bytes / 1000:.0f} kB" if entry.size_bytes else "?"


def _as_json(state: store.State) -> dict[str, Any]:
    entry = state.entry
    return {
        "name": entry.name,
        "title": entry.title,
        "task": entry.task,
        "state": state.state,
        "path": str(state.path) if state.path else None,
        "problem": state.problem,
        "sha256": entry.sha256,
        "size_bytes": entry.size_bytes,
        "licence": entry.licence,
        "training_data": entry.training_data,
    }

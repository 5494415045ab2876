"""``emer-studio vault``: the names and contacts behind the codes.

Name and contact are asked at the terminal, or read as two lines of standard input: what
stands on a command line can be seen by everybody on the machine.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError
from emer_studio.study.folder import Study, check_code, open_study
from emer_studio.study.passphrase import NEW_PASSPHRASE, ask_passphrase
from emer_studio.study.vault import Vault, vault_path

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument("study", type=Path, metavar="STUDY")
    parser.add_argument(
        "what",
        choices=("list", "set", "remove", "passphrase"),
        help="set reads name and contact from standard input",
    )
    parser.add_argument("code", nargs="?", default="", metavar="CODE", help="such as P001")
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Open the vault and do one thing with it."""
    study, console = open_study(args.study), Console.of(args)
    if bool(args.code) != (args.what in ("set", "remove")):
        raise BadInputError(
            f"vault {args.what} takes {'no' if args.code else 'a'} participant code."
        )
    there = vault_path(study.folder).is_file()
    if args.what == "set":
        _check_known(study, args.code)
    elif not there:
        raise BadInputError(
            f"{study.folder} has no vault.", fix="vault STUDY set CODE begins one."
        )
    vault = Vault(study.folder, ask_passphrase(begins=not there))
    {"list": _list, "set": _set, "remove": _remove, "passphrase": _passphrase}[args.what](
        vault, args.code, console
    )
    return 0


def _check_known(study: Study, code: str) -> None:
    check_code(code)
    if any(row.withdrawn for row in study.participants() if row.participant == code):
        raise BadInputError(f"{code} has withdrawn from this study.")


def _list(vault: Vault, _code: str, console: Console) -> None:
    rows = [
        f"{code}\t{entry.get('name', '')}\t{entry.get('contact', '')}"
        for code, entry in sorted(vault.entries.items())
    ]
    console.result({"entries": vault.entries}, "\n".join(rows) or "The vault is empty.")


def _set(vault: Vault, code: str, console: Console) -> None:
    entry = {what: _read(what) for what in ("name", "contact")}
    if not entry["name"]:
        raise BadInputError("Expected a name. Nothing was changed.")
    vault.put(code, entry)
    console.result({"code": code, "set": True}, f"{code} is in the vault.")


def _read(what: str) -> str:
    if sys.stdin.isatty():
        return input(f"{what.capitalize()}: ").strip()
    return sys.stdin.readline().strip()


def _remove(vault: Vault, code: str, console: Console) -> None:
    if not vault.remove(code):
        raise BadInputError(f"{code} is not in the vault.")
    console.result({"code": code, "removed": True}, f"{code} is out of the vault.")


def _passphrase(vault: Vault, _code: str, console: Console) -> None:
    vault.change_passphrase(ask_passphrase(NEW_PASSPHRASE, begins=True))
    console.result({"changed": True}, "The vault has its new passphrase.")

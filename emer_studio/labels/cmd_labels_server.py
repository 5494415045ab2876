"""``emer-studio labels server``: prepare a PostgreSQL database for several seats."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

import sqlalchemy as sa

from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError
from emer_studio.labels.database import open_postgres
from emer_studio.labels.postgres import Login, prepare
from emer_studio.study.folder import open_study


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument("study", type=Path, metavar="STUDY")
    parser.add_argument(
        "--raters",
        nargs="+",
        default=[],
        metavar="CODE",
        help="annotators, each of which gets a login",
    )
    parser.add_argument(
        "--leads",
        nargs="+",
        default=[],
        metavar="NAME",
        help="who else freezes, merges, adjudicates and erases",
    )


def run(args: argparse.Namespace) -> int:
    """Prepare the server, or add people to it."""
    url = open_study(args.study).file.labels
    if not url:
        raise BadInputError(
            f"{args.study / 'study.yaml'} names no label server.",
            fix="Make an empty PostgreSQL database for this study and add the line"
            " labels: postgresql+psycopg://HOST/DATABASE",
        )
    database = open_postgres(url)
    try:
        logins = prepare(database, args.raters, args.leads)
    finally:
        database.engine.dispose()
    Console.of(args).result(
        {"logins": [asdict(login) for login in logins]}, _in_words(url, logins)
    )
    return 0


def _in_words(url: str, logins: list[Login]) -> str:
    if not logins:
        return "The server is ready; add people with --raters and --leads."
    place = sa.make_url(url)
    where = f"{place.host or 'localhost'}:{place.port or 5432}:{place.database}"
    lines = [
        "The server is ready. Each person sets PGUSER to their login and puts their line",
        "into ~/.pgpass (mode 600). Passwords are shown this once:",
    ]
    for login in logins:
        who = login.annotator or "study lead"
        line = f"{where}:{login.login}:{login.password}" if login.password else "as before"
        lines.append(f"  {who:<12} {login.login:<20} {line}")
    return "\n".join(lines)

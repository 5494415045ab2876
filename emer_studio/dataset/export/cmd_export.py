"""``emer-studio export``: a study as BIDS, in EMER's layout, or as plain tables."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import new_folder, write_atomic
from emer_studio.dataset.export.bids import write_bids
from emer_studio.dataset.export.emer import write_emer
from emer_studio.dataset.export.gather import Gathered, gather
from emer_studio.dataset.export.names import check_map_file
from emer_studio.dataset.export.paperwork import scopes_of, write_paperwork
from emer_studio.dataset.export.tables import write_tables
from emer_studio.study.folder import open_study

__all__ = ["FORMATS", "arguments", "run"]

FORMATS = ("bids", "emer", "tables")
_PICTURES = ("bids", "emer")  # the formats that show faces


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument("study", type=Path, metavar="STUDY")
    parser.add_argument("--format", required=True, choices=FORMATS)
    parser.add_argument("--out", type=Path, required=True, help="folder to create")
    parser.add_argument(
        "--on-paper",
        action="append",
        default=[],
        metavar="CODE",
        help="this participant agreed to sharing on a signed form (repeatable); only for"
        " those without a record of consent",
    )
    parser.add_argument(
        "--release",
        action="store_true",
        help="new codes, shifted dates, ages in bands; no sound, free text, host names,"
        " device ids or raw streams",
    )
    parser.add_argument(
        "--features-only", action="store_true", help="no picture and no video of anybody"
    )
    parser.add_argument(
        "--keep-map",
        type=Path,
        metavar="FILE",
        help="with --release: write which new code is whose; keep it confidential",
    )
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Export what consent covers and tell what was left out."""
    console, study = Console.of(args), open_study(args.study)
    if args.keep_map is not None:
        if not args.release:
            raise BadInputError(
                "--keep-map goes with --release: else codes stay as they are."
            )
        check_map_file(args.keep_map, args.out)
    gathered = gather(study, release=args.release, on_paper=args.on_paper)
    pictures = args.format in _PICTURES and not args.features_only

    def on_session(done: int, total: int) -> None:
        console.progress("exporting sessions", done, total)

    def on_trial(done: int, total: int) -> None:
        console.progress("cutting trials", done, total)

    with _whole(args.out) as out:
        if args.format == "bids":
            write_bids(gathered, out, pictures=pictures, on_session=on_session)
        elif args.format == "emer":
            write_emer(gathered, out, pictures=pictures, on_trial=on_trial)
        else:
            write_tables(gathered, out, on_session=on_session)
        write_paperwork(gathered, out, form=args.format, pictures=pictures)
        if args.keep_map is not None:
            write_atomic(args.keep_map, gathered.names.map_text())
            args.keep_map.chmod(0o600)  # whose code is whose is nobody else's to read
    _tell(console, gathered, args, pictures=pictures)
    return 0


@contextlib.contextmanager
def _whole(out: Path) -> Iterator[Path]:
    """Give a folder beside `out`, which takes its place when everything is written.

    What was cut off leaves nothing behind that looks like an export.
    """
    new_folder(out)
    half = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    half.chmod(out.stat().st_mode)  # others may read it as they may read new folders
    try:
        yield half
        out.rmdir()
        half.rename(out)
    finally:
        shutil.rmtree(half, ignore_errors=True)
        with contextlib.suppress(OSError):
            out.rmdir()  # only where it is still empty


def _tell(
    console: Console, gathered: Gathered, args: argparse.Namespace, *, pictures: bool
) -> None:
    scopes = scopes_of(pictures=pictures)
    trials = sum(len(one.trials) for one in gathered.sessions)
    lines = [
        f"{args.out}: {len(gathered.codes)} participants,"
        f" {len(gathered.sessions)} sessions, {trials} trials."
        f" Consent this needs: {', '.join(scopes)}."
    ]
    if gathered.notes:
        lines.append(f"  {gathered.notes}")
    lines += [
        f"  left out: {' '.join(filter(None, (o.participant, o.session)))}"
        f" ({o.what}): {o.reason}"
        for o in gathered.left_out
    ]
    result = {
        "out": str(args.out),
        "format": args.format,
        "release": args.release,
        "consent_scopes": scopes,
        "participants": len(gathered.codes),
        "sessions": len(gathered.sessions),
        "trials": trials,
        "simulated": gathered.simulated,
        "imported": gathered.imported,
        "left_out": [dataclasses.asdict(entry) for entry in gathered.left_out],
    }
    console.result(result, "\n".join(lines))

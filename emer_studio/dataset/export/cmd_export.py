"""``emer-studio export``: a study as BIDS, in EMER's layout, or as plain tables."""

from __future__ import annotations

import argparse
import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import new_folder, refuse_taken, write_atomic
from emer_studio.core.stopping import stop_check
from emer_studio.dataset.export.bids import write_bids
from emer_studio.dataset.export.emer import write_emer
from emer_studio.dataset.export.gather import Gathered, gather
from emer_studio.dataset.export.names import check_map_file
from emer_studio.dataset.export.paperwork import write_paperwork
from emer_studio.dataset.export.summary import lines_of, result_of
from emer_studio.dataset.export.tables import write_tables
from emer_studio.study.folder import open_study

__all__ = ["FORMATS", "arguments", "run"]

FORMATS = ("bids", "emer", "tables")
_PICTURES = ("bids", "emer")  # the formats that show faces


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument("study", type=Path, metavar="STUDY")
    parser.add_argument("--format", required=True, choices=FORMATS)
    parser.add_argument("--out", type=Path, help="folder to create")
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="write nothing; tell what would go out, what would not, and why",
    )
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
    _check_places(args)
    check_stop = stop_check(args.events)
    gathered = gather(study, release=args.release, on_paper=args.on_paper)
    pictures = args.format in _PICTURES and not args.features_only

    def on_session(done: int, total: int) -> None:
        console.progress("exporting sessions", done, total)
        check_stop()

    def on_trial(done: int, total: int) -> None:
        console.progress("cutting trials", done, total)
        check_stop()

    if args.dry_run:
        _tell(console, gathered, args, pictures=pictures)
        return 0
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


def _check_places(args: argparse.Namespace) -> None:
    """Refuse places that cannot be written to before any work is done."""
    if args.out is None and not args.dry_run:
        raise BadInputError(
            "An export needs a folder.", fix="Name it with --out, or look with --dry-run."
        )
    if args.out is not None:
        refuse_taken(args.out)
    if args.keep_map is not None:
        if not args.release:
            raise BadInputError(
                "--keep-map goes with --release: else codes stay as they are."
            )
        check_map_file(args.keep_map, args.out)


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
    first, *lines = lines_of(gathered, pictures=pictures)
    head = "nothing was written; this would go out" if args.dry_run else str(args.out)
    result = {
        "out": str(args.out or ""),
        "format": args.format,
        "dry_run": args.dry_run,
        **result_of(gathered, pictures=pictures),
    }
    console.result(result, "\n".join([f"{head}: {first}", *lines]))

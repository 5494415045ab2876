"""``emer-studio today``: who comes, who was here, what is left to do."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path
from typing import Any

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError
from emer_studio.study.appointments import Appointments, parse_when
from emer_studio.study.folder import Study, open_study
from emer_studio.study.forecast import forecast
from emer_studio.study.today import Visit, visits_on


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument("study", type=Path, metavar="STUDY")
    parser.add_argument("--add", metavar="CODE", help="enter an appointment, with --at")
    parser.add_argument("--at", metavar="TIME", help="10:30, or '2026-11-22 10:30'")
    parser.add_argument("--drop", metavar="CODE", help="take out the day's appointment")
    parser.add_argument("--date", default="", metavar="DAY", help="else today: 2026-11-22")
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Change the appointments where asked to, then print the day."""
    console, study = Console.of(args), open_study(args.study)
    day = _day(args.date)
    book = Appointments(study.folder)
    if bool(args.add) != bool(args.at):
        raise BadInputError("Who, and when?", fix="Give both: --add P007 --at 10:30.")
    if args.add:
        _may_come(study, args.add)
        when = parse_when(args.at, day)
        book.add(args.add, when)
        day = when.date()
    if args.drop and not book.drop(args.drop, day):
        raise BadInputError(f"{args.drop} has no appointment on {day}.")
    visits, room = visits_on(study, day), forecast(study)
    lines = [f"{study.file.name}, {day}"]
    lines += [_line(visit) for visit in visits] or ["  nobody"]
    lines.append(
        f"  room for {room.left} more sessions, {room.free_bytes / 1e9:.0f} GB free"
    )
    result = {
        "date": day.isoformat(),
        "visits": [_facts(visit) for visit in visits],
        "room_for_sessions": room.left,
        "session_bytes": room.session_bytes,
    }
    console.result(result, "\n".join(lines))
    return 0


def _may_come(study: Study, code: str) -> None:
    if any(row.participant == code and row.withdrawn for row in study.participants()):
        raise BadInputError(
            f"{code} has withdrawn from this study; the code is not used again.",
            fix="Use another code.",
        )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text) if text else date.today()
    except ValueError:
        raise BadInputError(f"{text!r} is no day.", fix="Write 2026-11-22.") from None


def _line(visit: Visit) -> str:
    state = visit.state or "due"
    return f"  {visit.at}  {visit.participant:<8} {state:<28} {visit.next or 'done'}"


def _facts(visit: Visit) -> dict[str, Any]:
    return {
        "participant": visit.participant,
        "at": visit.at,
        "session": visit.session.name if visit.session is not None else "",
        "state": visit.state,
        "next": visit.next,
    }

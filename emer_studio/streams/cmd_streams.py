"""``emer-studio streams``: what is on the network, and where the gaze is in it."""

from __future__ import annotations

import argparse
import math
import threading
import time
from pathlib import Path
from typing import Any

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError, MissingError
from emer_studio.core.process import Control
from emer_studio.core.stopping import signals_set
from emer_studio.schema.streams import (
    recognise,
    value_doubts,
)
from emer_studio.streams.gaze_ring import offer
from emer_studio.streams.inlets import Found, Inlet, find, find_one
from emer_studio.streams.mapping_text import mapping_facts, mapping_text, table
from emer_studio.streams.survey import ANSWER_S, Survey, gaze_facts, stream_facts

_LOOK_S = 1.0  # values are looked at for this time: some blinks are shorter
_TELL_S = 1.0  # chosen by us: what comes and goes is seen within two to three seconds
_RATE_OFF = 0.1  # pyxdf warns of rates that are off by more, too


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument(
        "--wait", type=float, default=2.0, metavar="S", help="how long to look for streams"
    )
    parser.add_argument(
        "--stream",
        metavar="NAME",
        help="show every channel of one stream (a name, id:SOURCE_ID or type:TYPE)",
    )
    parser.add_argument(
        "--watch",
        action="store_true",
        help="go on looking until Ctrl-C: what comes and goes, and which streams send",
    )
    parser.add_argument(
        "--ring",
        type=Path,
        metavar="FILE",
        help="with --stream: offer its newest samples there until Ctrl-C, for a preview;"
        " nothing is recorded",
    )
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """List the streams, or show one in full."""
    console = Console.of(args)
    if args.watch:
        return _watch(console)
    if args.ring and not args.stream:
        raise BadInputError("Which stream? --ring goes with --stream NAME.")
    if args.ring:
        return _offer(args.stream, args.ring, console)
    if args.stream:
        found = find_one(args.stream, timeout_s=max(args.wait, 1.0))
        console.result(*_one(found))
        return 0
    rows = [_row(found) for found in find(args.wait)]
    rows.sort(key=lambda row: str(row["name"]))
    if not rows:
        raise MissingError(
            f"No LSL stream answered within {args.wait:g} s.",
            fix="Start a sender (docs/trackers.md says which one an eye tracker needs), and"
            " check that the firewall lets it through.",
        )
    console.result({"streams": rows}, _list_text(rows))
    return 0


def _row(found: Found) -> dict[str, Any]:
    row = stream_facts(found)
    try:
        inlet = Inlet(found)
        try:
            header = inlet.fetch_header(ANSWER_S)
        finally:
            inlet.close()
    except MissingError as problem:
        return {**row, "layout": "", "usable": False, "why_not": problem.message}
    return {**row, **gaze_facts(header, recognise(header))}


def _watch(console: Console) -> int:
    """Tell what is there every second, until Ctrl-C or the end of the parent."""
    stop = threading.Event()
    if console.events:
        Control(on_end=stop.set)
    survey, told = Survey(), ""
    with signals_set(stop):
        try:
            while not stop.wait(_TELL_S):
                rows = survey.rows()
                console.event("streams", streams=rows)
                text = _watch_text(rows)
                if text != told:
                    told = text
                    console.note(f"{time.strftime('%H:%M:%S')}\n{text}\n")
        finally:
            survey.close()
    return 0


def _offer(query: str, ring: Path, console: Console) -> int:
    """Offer a stream for display, until Ctrl-C or the end of the parent."""
    stop = threading.Event()
    if console.events:
        Control(on_end=stop.set)
    with signals_set(stop):
        offer(query, ring, console, stop)
    return 0


def _watch_text(rows: list[dict[str, Any]]) -> str:
    """Return the table without what changes all the time."""
    if not rows:
        return "no stream at the moment"
    heads = ("name", "type", "host", "channels", "Hz", "gaze layout", "now")
    names = ("name", "type", "host", "channels", "declared_hz", "layout", "state")
    cells = [tuple(f"{row[name] or '-'}" for name in names) for row in rows]
    return table(heads, cells)


def _one(found: Found) -> tuple[dict[str, Any], str]:
    """Return everything about one stream, as JSON and as text to be confirmed."""
    inlet = Inlet(found)
    try:
        header = inlet.fetch_header(ANSWER_S)
        layout = recognise(header)
        rows, measured_hz = _values(inlet) if layout is not None else ([], 0.0)
    finally:
        inlet.close()
    result: dict[str, Any] = {
        "name": header.name,
        "type": header.type,
        "host": header.hostname,
        "source_id": header.source_id,
        "declared_hz": header.nominal_hz,
        "simulated": header.simulated,
        **gaze_facts(header, layout),
        "header_xml": inlet.header_xml,
    }
    result |= mapping_facts(header, layout)
    if layout is None:
        why = result["why_not"] or "not a gaze stream"
        return result, f"{header.name}: {why}\n{mapping_text(header, None)}"
    result["doubts"] += value_doubts(layout, rows)
    if (
        measured_hz
        and abs(measured_hz - header.nominal_hz) > _RATE_OFF * header.nominal_hz > 0
    ):
        result["doubts"].append(
            f"it declares {header.nominal_hz:g} Hz and sends {measured_hz:.4g} Hz"
        )
    result["measured_hz"] = round(measured_hz, 2)
    return result, mapping_text(header, layout, result["doubts"])


def _values(inlet: Inlet) -> tuple[list[list[float]], float]:
    """Return what a stream sends within a second, and its rate by its own stamps, Hz."""
    if inlet.header.channel_format == "string":
        return [], 0.0
    inlet.open(ANSWER_S)
    until = time.monotonic() + _LOOK_S
    rows: list[list[float]] = []
    stamps: list[float] = []
    while (left_s := until - time.monotonic()) > 0:
        values, new = inlet.pull(min(left_s, 0.2))
        rows += values.tolist()
        stamps += new.tolist()
    span_s = stamps[-1] - stamps[0] if stamps else 0.0
    return rows, (len(stamps) - 1) / span_s if span_s > 0 else 0.0


def _list_text(rows: list[dict[str, Any]]) -> str:
    heads = ("name", "type", "host", "channels", "Hz", "source id", "gaze layout", "usable")
    cells = []
    for row in rows:
        rate = row["declared_hz"]
        usable = "yes" if row["usable"] else ("no" if row["why_not"] else "-")
        cells.append(
            (
                row["name"],
                row["type"],
                row["host"],
                str(row["channels"]),
                f"{rate:g}" if rate and math.isfinite(rate) else "irregular",
                row["source_id"],
                row["layout"] or "-",
                usable,
            )
        )
    notes = [
        f"{row['name']}: {note}"
        for row in rows
        for note in (row["why_not"], row.get("fix", ""), *row.get("doubts", ()))
        if note
    ]
    return "\n".join([table(heads, cells), *notes])

"""``emer-studio labels consensus``: one label for each item, made anew from the events."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from emer_studio import __version__
from emer_studio.core.clock import utc_now
from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import write_json
from emer_studio.labels.consensus import State, consensus
from emer_studio.labels.exchange.consensus_rows import consensus_rows
from emer_studio.labels.exchange.files import csv_text, refuse_existing, write_new
from emer_studio.labels.places import places_of
from emer_studio.labels.ratings import events_of, fingerprint
from emer_studio.schema.consensus import ConsensusRules
from emer_studio.study.folder import open_study

__all__ = ["arguments", "rules_for", "run"]

_STATES: dict[State, str] = {
    "agreed": "agreed",
    "adjudicated": "adjudicated",
    "model": "decided by the model of Dawid and Skene",
    "disagreed": "wait for adjudication: no majority",
    "flagged": "wait for adjudication: flagged",
    "too few": "have fewer raters than the quorum",
    "unclear": "cannot be judged",
    "no_face": "show no face",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument("study", type=Path, metavar="STUDY")
    parser.add_argument(
        "--method",
        choices=("majority", "dawid-skene"),
        help="otherwise than study.yaml says (majority)",
    )
    parser.add_argument(
        "--quorum", type=int, metavar="N", help="raters that an item needs (3)"
    )
    parser.add_argument("--out", type=Path, metavar="FILE.csv")


def run(args: argparse.Namespace) -> int:
    """Work out the consensus, tell it, and write it where that is asked for."""
    console = Console.of(args)
    study = open_study(args.study)
    if args.out is not None:
        refuse_existing(args.out)
    rules = rules_for(study.file.consensus, args.method, args.quorum)
    events = events_of(study)
    agreed = consensus(events, rules)
    states = Counter(one.state for one in agreed.values())
    facts = {
        "method": rules.method,
        "quorum": rules.quorum,
        "items": len(agreed),
        "states": dict(states),
        "code_version": __version__,
        "study_hash": fingerprint(study, events),
        "made": utc_now(),
    }
    if args.out is not None:
        rows = consensus_rows(agreed, places_of(study))
        write_new(args.out, csv_text(rows) if rows else "item\n")
        write_json(args.out.with_suffix(".json"), facts)
    head = f"{len(agreed)} items, {rules.method}, quorum {rules.quorum}"
    known = [(states[state], text) for state, text in _STATES.items() if states[state]]
    told = "\n".join([head, *(f"{n:5d}  {text}" for n, text in known)])
    written = f"\n{args.out}" if args.out else ""
    console.result({**facts, "out": str(args.out or "")}, told + written)
    return 0


def rules_for(
    rules: ConsensusRules, method: str | None, quorum: int | None
) -> ConsensusRules:
    """Return the study's rules, with what was asked for otherwise.

    Raises
    ------
    BadInputError
        When the quorum is no number of raters.
    """
    if quorum is not None and not 1 <= quorum <= 50:
        raise BadInputError(f"A quorum is a number of raters from 1 to 50, not {quorum}.")
    wanted = {"method": method, "quorum": quorum}
    return rules.model_copy(update={k: v for k, v in wanted.items() if v is not None})

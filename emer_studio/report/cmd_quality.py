"""``emer-studio quality``: the quality of a session, and what a person decides about it."""

from __future__ import annotations

import argparse
from pathlib import Path

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError, StoppedError
from emer_studio.core.process import Control
from emer_studio.schema.decisions import WORDS, Decisions, counts, outcome
from emer_studio.schema.session_quality import SUGGESTIONS, SessionQuality, TrialQuality
from emer_studio.study.decisions import DECISIONS_FILE, decide, decisions_of


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.description = (
        "Streams, and for each trial: loss of gaze and face, timing, ratings, and whether"
        " to keep it, look at it or exclude it (as a dataset will). The result is kept in"
        f" derived/quality.json. What you decide about a trial is kept in {DECISIONS_FILE}"
        " and goes before the suggestion; the last decision counts."
    )
    parser.add_argument("session", type=Path, metavar="SESSION")
    parser.add_argument("--trial", type=int, metavar="N", help="which trial is decided on")
    parser.add_argument(
        "--decide", choices=WORDS, help="'suggestion' takes back what was decided"
    )
    parser.add_argument("--because", default="", metavar="TEXT", help="why, in a few words")
    parser.add_argument(
        "--by", default="", metavar="NAME", help="who decides (default: this account)"
    )
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Measure, keep and print; write down a decision where there is one."""
    from emer_studio.report.session_quality import quality_of, session_quality

    if (args.trial is None) != (args.decide is None):
        raise BadInputError(
            "A decision needs both the trial and what is decided.",
            fix='For example --trial 7 --decide exclude --because "he was on the phone".',
        )
    console = Console.of(args)
    control = Control() if args.events else None

    def tell(done: int, of: int) -> None:
        if control is not None and control.stopped.is_set():
            raise StoppedError("The quality was not looked at to the end.")
        console.progress("quality", done, of)

    if args.decide is None:
        quality = session_quality(args.session, tell=tell)
    else:
        quality = quality_of(args.session)
        about = {"reason": args.because, "by": args.by}
        decide(args.session, quality, args.trial, args.decide, **about)
    decisions = decisions_of(args.session)
    found = counts(quality, decisions)
    result = {
        **quality.model_dump(mode="json"),
        "counts": {name: found[name] for name in SUGGESTIONS},
        "decisions": [one.model_dump(mode="json") for one in decisions.values()],
    }
    console.result(result, "\n".join(_lines(quality, decisions)))
    return 0


def _lines(quality: SessionQuality, decisions: Decisions) -> list[str]:
    simulated = " (SIMULATED)" if quality.simulated else ""
    lines = [f"{quality.session}{simulated}: {quality.verdict}"]
    lines += [f"  - {text}" for text in quality.findings]
    lines += [
        f"  {s.name:<20} {s.effective_hz:>9.2f} Hz  lost {s.loss_pct:.2f} %  {s.gaps} gaps"
        for s in quality.streams
    ]
    lines.append(
        "  trial                   gaze lost  face lost  frames      late  ratings"
    )
    lines += [_line(trial, decisions) for trial in quality.trials]
    found = counts(quality, decisions)
    return [*lines, f"  {', '.join(f'{name} {found[name]}' for name in SUGGESTIONS)}"]


def _line(trial: TrialQuality, decisions: Decisions) -> str:
    def number(value: float | None, unit: str) -> str:
        return "–" if value is None else f"{value:.0f} {unit}"

    gaze, face = number(trial.gaze_lost_pct, "%"), number(trial.face_lost_pct, "%")
    frames = f"{trial.shown}/{trial.expected}"
    cells = f"{gaze:>9}  {face:>9}  {frames:<9} {number(trial.onset_late_ms, 'ms'):>6}"
    why = f"  {'; '.join(trial.reasons)}" if trial.reasons else ""
    rated = f"{trial.ratings}" + (f"/{trial.asked}" if trial.asked is not None else "")
    head = f"  {trial.trial:>5}  {trial.clip[:16]:<16}"
    return f"{head} {cells}  {rated:<7}  {trial.suggestion}{why}{_said(trial, decisions)}"


def _said(trial: TrialQuality, decisions: Decisions) -> str:
    """Return what a person decided about a trial; empty when nobody did."""
    decision = decisions.get(trial.trial)
    if decision is None:
        return ""
    because = f": {decision.reason}" if decision.reason else ""
    return f"  → {outcome(trial, decisions)}, decided by {decision.by}{because}"

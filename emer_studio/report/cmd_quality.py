"""``emer-studio quality``: the quality of a session, trial by trial."""

from __future__ import annotations

import argparse
from pathlib import Path

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import StoppedError
from emer_studio.core.process import Control
from emer_studio.schema.session_quality import SUGGESTIONS, SessionQuality, TrialQuality


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.description = (
        "Streams, and for each trial: loss of gaze and face, timing, ratings, and whether"
        " to keep it, look at it or exclude it (as a dataset will). The result is kept in"
        " derived/quality.json."
    )
    parser.add_argument("session", type=Path, metavar="SESSION")
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Measure, keep and print."""
    from emer_studio.report.session_quality import session_quality

    console = Console.of(args)
    control = Control() if args.events else None

    def tell(done: int, of: int) -> None:
        if control is not None and control.stopped.is_set():
            raise StoppedError("The quality was not looked at to the end.")
        console.progress("quality", done, of)

    quality = session_quality(args.session, tell=tell)
    counts = {name: quality.count(name) for name in SUGGESTIONS}
    result = {**quality.model_dump(mode="json"), "counts": counts}
    console.result(result, "\n".join(_lines(quality)))
    return 0


def _lines(quality: SessionQuality) -> list[str]:
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
    lines += [_line(trial) for trial in quality.trials]
    told = [f"{name} {quality.count(name)}" for name in SUGGESTIONS]
    return [*lines, f"  {', '.join(told)}"]


def _line(trial: TrialQuality) -> str:
    def number(value: float | None, unit: str) -> str:
        return "–" if value is None else f"{value:.0f} {unit}"

    gaze, face = number(trial.gaze_lost_pct, "%"), number(trial.face_lost_pct, "%")
    frames = f"{trial.shown}/{trial.expected}"
    cells = f"{gaze:>9}  {face:>9}  {frames:<9} {number(trial.onset_late_ms, 'ms'):>6}"
    why = f"  {'; '.join(trial.reasons)}" if trial.reasons else ""
    rated = f"{trial.ratings}" + (f"/{trial.asked}" if trial.asked is not None else "")
    head = f"  {trial.trial:>5}  {trial.clip[:16]:<16}"
    return f"{head} {cells}  {rated:<7}  {trial.suggestion}{why}"

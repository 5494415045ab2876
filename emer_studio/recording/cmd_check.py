"""``emer-studio check``: the verdict on a session or an XDF file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.recording.check import check_session, check_xdf


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument("path", type=Path, metavar="SESSION|FILE.xdf")
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Print the verdict; a red one is exit code 1."""
    result = check_session(args.path) if args.path.is_dir() else check_xdf(args.path)
    lines = [
        f"verdict: {result['verdict']}",
        *(f"  - {text}" for text in result["findings"]),
    ]
    lines += [
        f"  {row['name']:<20} {row['samples']:>8} samples {row['effective_hz']:>9.3f} Hz"
        f"  lost {row['loss_pct']:.2f} %"
        for row in result["streams"]
    ]
    lines += _sync_lines(result.get("sync", {}))
    lines += [_gaze_line(check) for check in result.get("gaze_checks", ())]
    Console.of(args).result(result, "\n".join(lines))
    return 1 if result["verdict"] == "red" else 0


def _gaze_line(check: dict[str, Any]) -> str:
    """Return what a check of the eye tracker told."""
    error_deg, worst_deg = check.get("accuracy_deg"), check.get("worst_deg")
    if error_deg is None or worst_deg is None:
        told = "; ".join(map(str, check.get("why", ())))
        return f"  gaze check ({check.get('when')}): no error could be measured: {told}"
    told = f"error {error_deg:.2f}°, at worst {worst_deg:.2f}°"
    verdict = "accepted" if check.get("accepted") else "not accepted"
    lost = f"{check.get('loss_pct', 0):.0f} % lost"
    return f"  gaze check ({check.get('when')}): {told}, {lost}, {verdict}"


def _sync_lines(sync: dict[str, Any]) -> list[str]:
    """Return what flash and click told, a line for each device."""
    lines = []
    for device, lags in sync.items():
        told = [
            f"{which} {lag['lag_ms']:.1f} ± {lag['se_ms']:.1f} ms"
            for which in ("start", "end")
            if (lag := lags.get(which))
        ]
        if "drift_ms" in lags:
            told.append(f"change {lags['drift_ms']:+.1f} ± {lags['drift_se_ms']:.1f} ms")
        said = ", ".join(told) or "did not catch the flash or click"
        lines.append(f"  lag of the {device} after the screen or loudspeaker: {said}")
    return lines

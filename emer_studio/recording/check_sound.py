"""Is the sound of the participant's room sound? Each file against its own facts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import read_json
from emer_studio.recording.audio_file import facts_path
from emer_studio.recording.check_stream import Findings

__all__ = ["check_sound"]

_DRIFT_PPM = 500.0  # chosen by us: sound cards are wrong by less than 100 ppm


def check_sound(folder: Path, findings: Findings) -> list[dict[str, Any]]:
    """Check the sound files of a session; return one row for each."""
    rows = []
    for path in sorted(folder.glob("voice_*.mka*")):
        name = path.name.removesuffix(".writing")
        if path.suffix == ".writing":
            findings.amber(f"{path.name} was cut off; it plays up to the last moments")
        try:
            facts = read_json(facts_path(path.with_name(name)))
        except BadInputError as problem:
            findings.amber(f"{name}: {problem}")
            continue
        rate, nominal = facts.get("true_rate_hz") or 0.0, facts["nominal_rate_hz"]
        drift_ppm = (rate / nominal - 1) * 1e6 if rate else 0.0
        if facts["missing_samples"]:
            findings.amber(
                f"{name}: {facts['missing_samples']} samples are missing in"
                f" {facts['gap_count']} gaps"
            )
        if abs(drift_ppm) > _DRIFT_PPM:
            findings.amber(f"{name}: its clock runs {drift_ppm:+.0f} ppm against ours")
        rows.append(
            {
                "name": path.name,
                "samples": facts["samples"],
                "drift_ppm": round(drift_ppm, 1),
            }
        )
    return rows

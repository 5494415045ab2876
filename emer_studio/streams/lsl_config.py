"""liblsl's configuration: the lab's own file, and what we add where it says nothing.

liblsl reads one configuration, once, at its first call. A lab may have a file of its own
(network, peers, tuning), and that file holds; only settings that it leaves open get our
values. The lab's text is handed over unchanged, ours is appended.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

__all__ = ["DEFAULTS", "lab_files", "lab_text", "overlay"]

DEFAULTS: Mapping[str, Mapping[str, str]] = {
    # Chosen by us: liblsl's INFO lines are for developers; warnings and errors are shown.
    "log": {"level": "-1"},
    # When and how the senders' clocks are measured. The values belong together (a round
    # of probes must end before the next begins), so a lab that sets one sets them all.
    "tuning": {
        # Chosen by us; liblsl: 2 s. At 1000 ppm a clock drifts 1 ms a second, and a line
        # through ten seconds has 20 points instead of five. 16 small packets a second.
        "TimeUpdateInterval": "0.5",
        # Chosen by us; liblsl: 0.064 s. A round ends after 8 x 0.03 + 0.128 = 0.37 s,
        # before the next begins, and the first measurement is there in the first second.
        # (The LSL documentation, "LSLAPICFG", suggests 0.01 s for wireless networks.)
        "TimeProbeInterval": "0.03",
        # liblsl's own (api_config.cpp): of 8 probes at least 6 must return within 128 ms,
        # and the one with the shortest round trip counts.
        "TimeProbeCount": "8",
        "TimeUpdateMinProbes": "6",
        "TimeProbeMaxRTT": "0.128",
    },
}
"""Settings by section, each with its source."""


def lab_files() -> list[Path]:
    """Return where liblsl looks for a configuration, in its order (api_config.cpp)."""
    named = os.environ.get("LSLAPICFG")
    home = os.environ.get("HOME") or os.environ.get("USERPROFILE")
    places = [Path(named)] if named else []
    places.append(Path("lsl_api.cfg"))
    if home:
        places.append(Path(home) / "lsl_api" / "lsl_api.cfg")
    return [*places, Path("/etc/lsl_api/lsl_api.cfg")]


def lab_text() -> str | None:
    """Return the configuration that liblsl would read; empty without one.

    Returns
    -------
    text : str or None
        None when it is no text we can read: then liblsl had better read it itself, and
        say what is wrong with it.
    """
    for path in lab_files():
        try:
            return path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            return None
        except OSError:
            continue
    return ""


def overlay(text: str) -> str | None:
    """Return a configuration with our settings where `text` has none of that kind.

    Parameters
    ----------
    text : str
        A configuration as liblsl reads it.

    Returns
    -------
    text : str or None
        None when liblsl would refuse `text`.
    """
    known = _keys(text)
    if known is None:
        return None
    lines = [text.rstrip("\n")] if text.strip() else []
    for section, settings in DEFAULTS.items():
        ours = {f"{section}.{key}" for key in settings}
        if section == "log":
            ours |= {"log.file"}
        if known & ours:
            continue
        lines += [f"[{section}]", *(f"{key} = {value}" for key, value in settings.items())]
    return "\n".join(lines) + "\n"


def _keys(text: str) -> set[str] | None:
    """Return the settings of a configuration as ``section.key``; None for a broken one.

    The rules are those of liblsl's own reader (inireader.cpp): ``;`` begins a comment
    line, sections may be repeated, a key may not.
    """
    found: set[str] = set()
    section = ""
    for line in text.split("\n"):
        if line.startswith(";") or not line.strip():
            continue
        if line.startswith("["):
            name, closed, _ = line[1:].partition("]")
            if not closed:
                return None
            section = f"{name}."
            continue
        key, equals, value = line.partition("=")
        full = section + key.strip()
        if not equals or not key.strip() or not value.strip() or full in found:
            return None
        found.add(full)
    return found

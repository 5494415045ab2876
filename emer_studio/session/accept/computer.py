"""Settings of a computer that spoil sessions: sleep, screen saver, notifications, updates.

Each is asked of the tool that the system has for it. What cannot be asked is said to be
unknown; nothing is ever changed.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

from emer_studio.session.accept.linux import linux_settings
from emer_studio.session.accept.windows import windows_settings
from emer_studio.session.preflight_item import DOUBT, GO, Item

__all__ = ["Ask", "computer_items", "run_tool"]

Ask = Callable[[str], str | None]
"""Runs a command line (words apart by blanks, ``~`` a blank in a word) and returns what it
prints; None if it fails or is not there."""
_ANSWER_S = 10.0
_SUBJECTS = {
    "sleep": "Let the computer never sleep while it is plugged in.",
    "screen saver": "Switch the screen saver and the blanking of the screen off.",
    "notifications": "Switch notifications off (do not disturb).",
    "updates": "Install what is pending, restart, and let no update restart it by itself.",
    "power plan": "Choose the balanced plan or the one for performance.",
}
"""What is looked at, and what to do about it."""


def computer_items(ask: Ask | None = None, system: str = sys.platform) -> Iterator[Item]:
    """Yield a line for each kind of setting.

    Parameters
    ----------
    ask : callable, optional
        Another one in tests.
    system : str
        As `sys.platform`.
    """
    ask = ask or run_tool
    looks = {"linux": linux_settings, "win32": windows_settings}
    look = looks.get(system)
    found: dict[str, tuple[bool, str]] = dict(look(ask)) if look is not None else {}
    for name, fix in _SUBJECTS.items():
        if name not in found:
            yield Item(name, DOUBT, "this system does not tell", f"Look yourself: {fix}")
            continue
        good, said = found[name]
        yield Item(name, GO if good else DOUBT, said, "" if good else fix)


def run_tool(line: str) -> str | None:
    """Run one of the system's tools."""
    try:
        done = subprocess.run(
            [word.replace("~", " ") for word in line.split(" ")],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_ANSWER_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None

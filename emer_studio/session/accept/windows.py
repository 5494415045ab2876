"""The settings of Windows that spoil sessions. Written from its documentation, untested."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

__all__ = ["windows_settings"]

Ask = Callable[[str], str | None]
Found = tuple[str, tuple[bool, str]]
_SAVER = "a1841308-3541-4fab-bc81-f71556f20b4a"  # the plan "power saver" of every Windows
_VERSION = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion"
_TOASTS = r"HKCU\Software\Microsoft\Windows\CurrentVersion\PushNotifications"
_NUMBER = re.compile(r"0x[0-9a-f]+", re.IGNORECASE)


def windows_settings(ask: Ask) -> Iterator[Found]:
    """Yield what ``powercfg`` and the registry say; see `session.accept.computer`.

    Numbers are read and words are not: Windows speaks the user's language.
    """
    asleep_s = _on_mains_s(ask, "SUB_SLEEP STANDBYIDLE")
    if asleep_s is not None:
        yield "sleep", _after(asleep_s, "sleeps", "never while plugged in")
    blank_s = _on_mains_s(ask, "SUB_VIDEO VIDEOIDLE")
    saver = ask(r"reg query HKCU\Control~Panel\Desktop /v ScreenSaveActive")
    if saver is not None and saver.split()[-1] == "1":
        yield "screen saver", (False, "a screen saver is chosen")
    elif blank_s is not None:
        yield "screen saver", _after(blank_s, "the screen goes blank", "off")
    toasts = ask(rf"reg query {_TOASTS} /v ToastEnabled")
    if toasts is not None:
        off = _number(toasts) == 0
        yield "notifications", (off, "off" if off else "shown over other windows")
    # These keys are there only while a restart is pending.
    pending = (
        rf"{_VERSION}\WindowsUpdate\Auto~Update\RebootRequired",
        rf"{_VERSION}\Component~Based~Servicing\RebootPending",
    )
    if ask(rf"reg query {_VERSION} /v ProgramFilesDir") is not None:
        waits = any(ask(f"reg query {key}") is not None for key in pending)
        yield "updates", (not waits, "a restart is pending" if waits else "none pending")
    plan = ask("powercfg /getactivescheme")
    if plan is not None:
        name = re.search(r"\((.+)\)", plan)
        yield "power plan", (_SAVER not in plan.lower(), name[1] if name else "set")


def _on_mains_s(ask: Ask, setting: str) -> int | None:
    """Return a time-out on mains: the last number but one; the last is on battery."""
    numbers = _NUMBER.findall(ask(f"powercfg /query SCHEME_CURRENT {setting}") or "")
    return int(numbers[-2], 16) if len(numbers) >= 2 else None


def _after(seconds: int, what: str, never: str) -> tuple[bool, str]:
    return (True, never) if not seconds else (False, f"{what} after {seconds / 60:.0f} min")


def _number(text: str) -> int | None:
    found = _NUMBER.findall(text)
    return int(found[-1], 16) if found else None

"""The settings of a Linux desktop that spoil sessions: GNOME's, X's, systemd's, apt's."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

__all__ = ["linux_settings"]

Ask = Callable[[str], str | None]
Found = tuple[str, tuple[bool, str]]  # what, whether it is well, and what it is
_POWER = "gsettings get org.gnome.settings-daemon.plugins.power"
_RESTART = Path("/var/run/reboot-required")  # Debian's and Ubuntu's sign


def linux_settings(
    ask: Ask, restart: Path = _RESTART, desktop: str | None = None
) -> Iterator[Found]:
    """Yield what the system's tools say; nothing where they are missing.

    Parameters
    ----------
    ask : callable
        See `session.accept.computer`.
    restart : Path
        The file that says that a restart is pending.
    desktop : str, optional
        What the desktop calls itself, else as it does now. GNOME's settings are there
        where it is installed, and count where it runs.
    """
    desktop = os.environ.get("XDG_CURRENT_DESKTOP", "") if desktop is None else desktop
    gnome = "gnome" in desktop.lower()

    def of_what_runs(line: str) -> str | None:
        return None if line.startswith("gsettings ") and not gnome else ask(line)

    for look in (_sleep, _screen_saver, _notifications, _power_plan):
        yield from look(of_what_runs)
    yield from _updates(ask, restart)


def _sleep(ask: Ask) -> Iterator[Found]:
    held = [
        line.split()[0]
        for line in (
            ask("systemd-inhibit --list --no-legend --no-pager") or ""
        ).splitlines()
        if re.search(r"\b(sleep|idle)\b", line) and line.rstrip().endswith("block")
    ]
    kind, after = (ask(f"{_POWER} sleep-inactive-ac-{n}") for n in ("type", "timeout"))
    if held:
        yield "sleep", (True, f"held off by {held[0]}")
    elif kind is not None:
        seconds = int((after or "0").split()[-1])
        if "nothing" in kind or not seconds:
            yield "sleep", (True, "never while plugged in")
        else:
            yield (
                "sleep",
                (False, f"{kind.strip().strip(chr(39))} after {_minutes(seconds)}"),
            )


def _screen_saver(ask: Ask) -> Iterator[Found]:
    delays = []
    idle = ask("gsettings get org.gnome.desktop.session idle-delay")
    if idle is not None:
        delays.append(int(idle.split()[-1]))
    x = ask("xset q")
    if x is not None and (saver := re.search(r"timeout:\s+(\d+)", x)):
        delays.append(int(saver[1]))
        off = re.search(r"Standby: (\d+)\s+Suspend: (\d+)\s+Off: (\d+)", x)
        if off and "DPMS is Enabled" in x:
            delays += map(int, off.groups())
    wanted = [seconds for seconds in delays if seconds]
    if wanted:
        yield (
            "screen saver",
            (False, f"the screen goes blank after {_minutes(min(wanted))}"),
        )
    elif delays:
        yield "screen saver", (True, "off")


def _notifications(ask: Ask) -> Iterator[Found]:
    banners = ask("gsettings get org.gnome.desktop.notifications show-banners")
    if banners is not None:
        on = banners.strip() == "true"
        yield "notifications", (not on, "shown over other windows" if on else "off")


def _power_plan(ask: Ask) -> Iterator[Found]:
    plan = ask("powerprofilesctl get")
    if plan is not None:
        yield "power plan", (plan.strip() != "power-saver", plan.strip())


def _updates(ask: Ask, restart: Path) -> Iterator[Found]:
    if restart.exists():
        yield "updates", (False, "a restart is pending")
        return
    settings = ask("apt-config dump")
    if settings is None:
        return
    reboot = re.search(r'Unattended-Upgrade::Automatic-Reboot "(\w+)"', settings)
    by_itself = re.search(r'APT::Periodic::Unattended-Upgrade "(\d+)"', settings)
    if reboot and reboot[1].lower() in ("true", "1", "yes"):
        yield "updates", (False, "they restart the computer by themselves")
    elif by_itself and by_itself[1] != "0":
        yield "updates", (False, "they are installed by themselves, at any time")
    else:
        yield "updates", (True, "none pending, none by themselves")


def _minutes(seconds: int) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds} s"

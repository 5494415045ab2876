"""``acceptance/*.json`` in the settings folder: what a rig was found to be, and when."""

from __future__ import annotations

from typing import Literal

from emer_studio.schema.base import Model

__all__ = ["Acceptance", "AcceptedLine", "Hardware"]


class Hardware(Model):
    """What a rig consists of, each part in words that change when the part does.

    Source ids and port numbers are left out: they change with every start.
    """

    camera: str
    tracker: str
    display: str
    computer: str


class AcceptedLine(Model):
    """One thing that was looked at, as `session.preflight_item.Item` has it."""

    name: str
    state: Literal["go", "doubt", "no-go"]
    said: str
    fix: str = ""


class Acceptance(Model):
    """One acceptance.

    Attributes
    ----------
    made : str
        When, UTC.
    seconds : float
        How long was measured.
    simulated : tuple of str
        The devices that were not real; such an acceptance says nothing of a rig.
    measures : dict
        Every number behind the lines, with its unit in its name.
    """

    format_version: Literal[1] = 1
    made: str
    app_version: str
    seconds: float
    hardware: Hardware
    simulated: tuple[str, ...] = ()
    verdict: Literal["go", "doubt", "no-go"]
    lines: tuple[AcceptedLine, ...]
    measures: dict[str, float | None] = {}

"""Where the gaze is in a stream: one recogniser per sender, the most specific first.

`recognise` says all that the header tells, also about gaze that cannot be used;
`gaze_layout` gives only what can be used as gaze on the screen. What the header cannot
tell is a doubt, shown to the operator; the header itself is kept as it was sent.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from emer_studio.schema import gaze_roles as roles
from emer_studio.schema.gaze_senders import (
    HEAD_WORN,
    MAP_IT,
    SCENE_CAMERA,
    SENDERS,
    Sender,
)
from emer_studio.schema.stream_header import Channel, StreamHeader

__all__ = [
    "GazeLayout",
    "LayoutRow",
    "describe",
    "gaze_layout",
    "layout_facts",
    "mapping_signature",
    "recognise",
]


@dataclass(frozen=True, slots=True)
class GazeLayout:
    """Which channel holds what, and in which unit and frame.

    Attributes
    ----------
    name : str
        The sender's layout, e.g. ``TittaLSL``.
    channels : tuple of Channel
        As the sender describes them.
    columns : dict of str to int
        Channel index by role: ``left_x``, ``right_pupil``, ``left_valid``,
        ``both_x`` (both eyes together), ``left_openness``, ``left_origin_x`` and so on;
        a role the stream lacks is absent.
    gaze_unit : str
        ``normalised`` (0..1 of the display), ``px`` or ``mm``.
    frame : str
        What gaze coordinates refer to, and their origin.
    pupil_unit : str
        ``mm``, ``px`` or ``arbitrary``; empty when the sender does not say.
    validity : str
        ``boolean``, ``confidence`` (0..1), or empty: then a lost eye is NaN.
    valid_from : float
        A sample counts from this validity on.
    refusal, fix : str
        Why this is no gaze on the screen, and what to do; empty when it is.
    declared_rate_wrong : bool
        The sender is known to declare a rate that is not the tracker's.
    lost_at : tuple of float
        Values that stand for a lost eye where both of its coordinates have them.
    doubts : tuple of str
        What was taken for granted, for the operator to confirm.
    """

    name: str
    channels: tuple[Channel, ...]
    columns: Mapping[str, int]
    gaze_unit: str
    frame: str
    pupil_unit: str
    validity: str
    valid_from: float
    refusal: str = ""
    fix: str = ""
    declared_rate_wrong: bool = False
    lost_at: tuple[float, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def normalised(self) -> bool:
        """Gaze in units of the display (0..1)."""
        return self.gaze_unit == "normalised"

    @property
    def usable(self) -> bool:
        """Whether it can be used as gaze on the screen."""
        return not self.refusal

    @property
    def eyes(self) -> tuple[str, ...]:
        """The eyes with a place on the screen, of ``left``, ``right``, ``both``."""
        return tuple(
            eye for eye in roles.EYES if {f"{eye}_x", f"{eye}_y"} <= self.columns.keys()
        )


class LayoutRow(NamedTuple):
    """One channel as the operator sees it; the role is empty when it is not used."""

    role: str
    number: int
    label: str
    unit: str


def gaze_layout(header: StreamHeader) -> GazeLayout | None:
    """Return where the gaze on the screen is in a stream.

    None when that cannot be told, or when it is no gaze on the screen (`recognise` says
    why).
    """
    found = recognise(header)
    return found if found is not None and found.usable else None


def recognise(header: StreamHeader) -> GazeLayout | None:
    """Return what a header says about gaze; None when it says nothing about it."""
    for sender in SENDERS:
        if sender.is_it(header) and (found := _read(sender, header)):
            return found
    return None


def describe(layout: GazeLayout) -> list[LayoutRow]:
    """Return every channel with its role, for the operator to confirm."""
    names = {index: role for role, index in layout.columns.items()}
    return [
        LayoutRow(names.get(index, ""), index + 1, channel.label, channel.unit)
        for index, channel in enumerate(layout.channels)
    ]


def layout_facts(layout: GazeLayout) -> dict[str, Any]:
    """Return a layout as a journal, a window or a script takes it."""
    return {
        "layout": layout.name,
        "gaze_unit": layout.gaze_unit,
        "frame": layout.frame,
        "pupil_unit": layout.pupil_unit,
        "validity": layout.validity,
        "valid_from": layout.valid_from,
        "channels": [row._asdict() for row in describe(layout)],
    }


def mapping_signature(facts: Mapping[str, Any]) -> str:
    """Return a short text that differs whenever a mapping would have to be confirmed anew.

    Parameters
    ----------
    facts : mapping
        As from `layout_facts`, with the sender's ``source_id``.
    """
    rows = [(r["role"], r["label"], r["unit"]) for r in facts.get("channels", ())]
    names = ("layout", "gaze_unit", "frame", "pupil_unit", "source_id")
    told = json.dumps([*(facts.get(name, "") for name in names), rows])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _read(sender: Sender, header: StreamHeader) -> GazeLayout | None:
    columns = _columns(sender, header)
    places = [columns[role] for eye in roles.EYES for role in _place(eye, columns)]
    if not places:
        return None
    unit, unit_doubt = _gaze_unit(sender, header, columns)
    pupil, pupil_doubt = _pupil_unit(sender, header, columns)
    world = header.channels[places[0]].coordinate_system.lower()
    head_worn = world.startswith(("world", "camera")) and not sender.refusal
    doubts = (unit_doubt, pupil_doubt, *_doubts(sender, header, columns))
    return GazeLayout(
        name=sender.name,
        channels=header.channels,
        columns=columns,
        gaze_unit=unit,
        frame=SCENE_CAMERA if head_worn else sender.frame,
        pupil_unit=pupil,
        validity=_validity(header, columns),
        valid_from=sender.valid_from,
        refusal=HEAD_WORN if head_worn else sender.refusal,
        fix=MAP_IT if head_worn else sender.fix,
        declared_rate_wrong=sender.declared_rate_wrong,
        lost_at=sender.lost_at,
        doubts=tuple(doubt for doubt in doubts if doubt),
    )


def _columns(sender: Sender, header: StreamHeader) -> dict[str, int]:
    """Return the first channel of each role; of several pupils the one in mm."""
    found: dict[str, int] = {}
    for index, channel in enumerate(header.channels[: header.channel_count]):
        role = sender.role(channel)
        if role is None:
            continue
        mm = role.endswith("_pupil") and _unit(channel) == "mm"
        if role not in found or (mm and _unit(header.channels[found[role]]) != "mm"):
            found[role] = index
    return found


def _place(eye: str, columns: Mapping[str, int]) -> tuple[str, ...]:
    both = (f"{eye}_x", f"{eye}_y")
    return both if set(both) <= columns.keys() else ()


_UNITS = {
    **dict.fromkeys(("normalized", "normalised", "norm", "screencoords"), "normalised"),
    **dict.fromkeys(("pixel", "pixels", "px"), "px"),
    **dict.fromkeys(("mm", "millimeter", "millimeters", "millimetre", "millimetres"), "mm"),
    **dict.fromkeys(("arbitrary", "au", "a.u."), "arbitrary"),
}


def _unit(channel: Channel) -> str:
    """Return the unit in our words; from the label where the sender gives none."""
    given = channel.unit.lower()
    if given:
        return _UNITS.get(given, given)
    hints = [_UNITS[word] for word in roles.words(channel.label) if word in _UNITS]
    return hints[0] if hints else ""


def _gaze_unit(
    sender: Sender, header: StreamHeader, columns: Mapping[str, int]
) -> tuple[str, str]:
    if sender.gaze_unit:
        return sender.gaze_unit, ""
    index = next(columns[f"{eye}_x"] for eye in roles.EYES if _place(eye, columns))
    unit = _unit(header.channels[index])
    if unit in ("normalised", "px", "mm"):
        return unit, ""
    what = f"is given as {unit!r}, which we do not know" if unit else "is not given"
    return "normalised", f"the unit of the gaze {what}; it is taken as 0..1 of the display"


def _pupil_unit(
    sender: Sender, header: StreamHeader, columns: Mapping[str, int]
) -> tuple[str, str]:
    index = next((columns[r] for r in columns if r.endswith("_pupil")), None)
    if index is None:
        return "", ""
    unit = sender.pupil_unit or _unit(header.channels[index])
    if unit in ("mm", "px", "arbitrary"):
        text = "the pupil is not in mm; columns in mm stay empty"
        return unit, "" if unit == "mm" else text
    return "", "the unit of the pupil is not given; it is taken as mm where values fit"


def _validity(header: StreamHeader, columns: Mapping[str, int]) -> str:
    index = next((columns[r] for r in columns if r.endswith("_valid")), None)
    if index is None:
        return ""
    channel = header.channels[index]
    said = f"{channel.type} {channel.label}".lower()
    return "confidence" if "confidence" in said else "boolean"


def _doubts(sender: Sender, header: StreamHeader, columns: Mapping[str, int]) -> list[str]:
    found = []
    if sender.declared_rate_wrong:
        found.append(
            f"the declared rate of {header.nominal_hz:g} Hz is what this sender declares"
            " for every tracker; the true rate is measured"
        )
    if sender.name == "labelled":
        found.append("channels are told by their labels; the origin is taken as top left")
    if not any(_place(eye, columns) for eye in ("left", "right")):
        found.append("one gaze for both eyes together: there is nothing by eye")
    return found

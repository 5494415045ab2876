"""Labels from ELAN's .eaf files."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emer_studio.core.errors import BadInputError
from emer_studio.labels.exchange.elan import ITEMS_TIER
from emer_studio.labels.exchange.incoming import Incoming
from emer_studio.labels.exchange.values import STAGES
from emer_studio.labels.places import Place

__all__ = ["labels_of_elan"]

_LEAST_OVERLAP = 0.5
"""What an annotation and an item have in common, of what they take up together, for it to
speak of the item; chosen by us."""
_NOWHERE = "annotations that lie over no item"


@dataclass(frozen=True, slots=True)
class _Part:
    """An annotation: its time in milliseconds and its text."""

    start_ms: float
    end_ms: float
    text: str


def labels_of_elan(
    text: bytes, path: Path, places: Mapping[str, Place]
) -> tuple[list[Incoming], dict[str, int]]:
    """Return the labels of an ELAN file, and what was passed over.

    Which item an annotation speaks of is told by the tier ``items``, else by the study's
    own places in the video of that name, of which there must be one.

    Raises
    ------
    BadInputError
        When it is no ELAN file, or it cannot be told what it is about.
    """
    root = _parse(text, path)
    slots = {s.get("TIME_SLOT_ID"): s.get("TIME_VALUE") for s in root.iter("TIME_SLOT")}
    tiers = {t.get("TIER_ID", ""): t for t in root.iter("TIER")}
    parts = _parts(tiers, slots, path)
    items = [(p.text, p) for p in parts.get(ITEMS_TIER, {}).values()]
    if not items:
        items = _by_video(root, path, places)
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    passed: dict[str, int] = {}
    for name, tier in tiers.items():
        if name == ITEMS_TIER:
            continue
        annotator, stage, field = _named(name, tier)
        for part in parts[name].values():
            item = _item_of(part, items)
            if item is None:
                passed[_NOWHERE] = passed.get(_NOWHERE, 0) + 1
            elif part.text:
                found.setdefault((annotator, item, stage), {})[field] = part.text
    labels = [
        Incoming(annotator, item, stage, fields, f"{annotator}'s tier, item {item}")
        for (annotator, item, stage), fields in found.items()
    ]
    return labels, passed


def _parse(text: bytes, path: Path) -> ET.Element:
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise BadInputError(f"{path} declares entities, which no ELAN file does.")
    try:
        root = ET.fromstring(text)
    except ET.ParseError as problem:
        raise BadInputError(f"{path} is not valid XML: {problem}.") from None
    if root.tag != "ANNOTATION_DOCUMENT":
        raise BadInputError(
            f"{path}: expected ELAN's ANNOTATION_DOCUMENT, found {root.tag}."
        )
    return root


def _parts(
    tiers: Mapping[str, ET.Element], slots: Mapping[str | None, str | None], path: Path
) -> dict[str, dict[str, _Part]]:
    """Return each tier's annotations by id; dependent ones have their parent's time."""
    found: dict[str, dict[str, _Part]] = {name: {} for name in tiers}
    known: dict[str, _Part] = {}
    waiting: list[tuple[str, str, str, str]] = []
    for name, tier in tiers.items():
        for one in tier.iter("ALIGNABLE_ANNOTATION"):
            made = one.get("ANNOTATION_ID", "")
            try:
                ends = [float(slots[one.get(f"TIME_SLOT_REF{k}")] or "") for k in (1, 2)]
            except (KeyError, ValueError):
                raise BadInputError(
                    f"{path}: the annotation {made} of the tier {name!r} has no time.",
                    fix="Give its time slots a value in ELAN.",
                ) from None
            known[made] = found[name][made] = _Part(ends[0], ends[1], _text(one))
        for one in tier.iter("REF_ANNOTATION"):
            made, parent = one.get("ANNOTATION_ID", ""), one.get("ANNOTATION_REF", "")
            waiting.append((name, made, parent, _text(one)))
    while waiting:
        ready = [entry for entry in waiting if entry[2] in known]
        if not ready:
            raise BadInputError(
                f"{path}: the annotation {waiting[0][1]} hangs on {waiting[0][2]!r}, which"
                " is not there."
            )
        for name, made, parent, text in ready:
            over = known[parent]
            known[made] = found[name][made] = _Part(over.start_ms, over.end_ms, text)
        waiting = [entry for entry in waiting if entry[1] not in known]
    return found


def _text(annotation: ET.Element) -> str:
    return (annotation.findtext("ANNOTATION_VALUE") or "").strip()


def _by_video(
    root: ET.Element, path: Path, places: Mapping[str, Place]
) -> list[tuple[str, _Part]]:
    names = {
        (m.get("MEDIA_URL") or "").replace("\\", "/").rsplit("/", 1)[-1]
        for m in root.iter("MEDIA_DESCRIPTOR")
    }
    stem = path.stem
    here = [
        p
        for p in places.values()
        if p.video.name in names and (p.session in stem or _only(p, places))
    ]
    if len({p.video for p in here}) != 1:
        raise BadInputError(
            f"{path}: it cannot be told which video this is about"
            f" ({', '.join(sorted(filter(None, names))) or 'none is named'}).",
            fix="Put the session's name into the file's name, as `labels export` does.",
        )
    return [(p.item, _Part(p.start_ms, p.end_ms, p.item)) for p in here]


def _only(place: Place, places: Mapping[str, Place]) -> bool:
    return len({p.video for p in places.values() if p.video.name == place.video.name}) == 1


def _named(name: str, tier: ET.Element) -> tuple[str, str, str]:
    """Return annotator, stage and field of a tier, by its name as we give it."""
    words = name.split(" ")
    annotator = tier.get("ANNOTATOR") or words[0]
    rest = name.removeprefix(annotator).split()
    stage = rest.pop(0) if rest and rest[0] in STAGES else ""
    return annotator, stage, " ".join(rest) or "category"


def _item_of(part: _Part, items: Sequence[tuple[str, _Part]]) -> str | None:
    best, most = None, _LEAST_OVERLAP
    for item, place in items:
        shared = min(part.end_ms, place.end_ms) - max(part.start_ms, place.start_ms)
        union = max(part.end_ms, place.end_ms) - min(part.start_ms, place.start_ms)
        if union > 0 and shared / union >= most:
            best, most = item, shared / union
    return best

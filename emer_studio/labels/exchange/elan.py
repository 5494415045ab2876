"""ELAN's .eaf: for each face video one file, for each annotator and stage one tier.

Times are milliseconds of the video's own time stamps. The tier ``items`` says which item
lies where. A tier such as ``E1 A`` has the category; everything else that was said hangs on
it in tiers of its own, ``E1 A valence``.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path

from emer_studio.core.clock import utc_now
from emer_studio.labels.places import Place
from emer_studio.labels.ratings import Rating

__all__ = ["ITEMS_TIER", "elan_files"]

ITEMS_TIER = "items"
_TYPES = (
    ("label", {"TIME_ALIGNABLE": "true"}),
    ("said", {"TIME_ALIGNABLE": "false", "CONSTRAINTS": "Symbolic_Association"}),
)
_CONSTRAINT = "1-1 association with a parent annotation"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"


def elan_files(ratings: Sequence[Rating], places: Mapping[str, Place]) -> dict[str, bytes]:
    """Return the files by name, one for each video with a labelled item.

    Whole clips and parts of clips go into different files: annotations of one tier must
    not overlap.

    Parameters
    ----------
    ratings : sequence of Rating
        Items that lie in no video have no time and are left out.
    places : mapping of str to Place
    """
    groups: dict[tuple[Path, bool], list[Rating]] = {}
    for rating in ratings:
        if rating.item in places:
            key = places[rating.item].video, _is_part(rating.item)
            groups.setdefault(key, []).append(rating)
    return {
        f"{video.parent.name}_{video.stem}{'_parts' * parts}.eaf": _document(
            [place for place in places.values()
             if (place.video, _is_part(place.item)) == (video, parts)],
            said, places,
        )
        for (video, parts), said in groups.items()
    }  # fmt: skip


def _is_part(item: str) -> bool:
    return item.count("/") > 1


class _Builder:
    """Builds one document: time slots first, then tiers, then their types."""

    def __init__(self, video: Path) -> None:
        self.root = ET.Element(
            "ANNOTATION_DOCUMENT",
            {
                "AUTHOR": "EMER Studio",
                "DATE": utc_now(),
                "FORMAT": "3.0",
                "VERSION": "3.0",
                f"{{{_XSI}}}noNamespaceSchemaLocation":
                    "http://www.mpi.nl/tools/elan/EAFv3.0.xsd",
            },
        )  # fmt: skip
        header = ET.SubElement(
            self.root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"}
        )
        ET.SubElement(
            header,
            "MEDIA_DESCRIPTOR",
            {"MEDIA_URL": video.name, "MIME_TYPE": "video/x-matroska"},
        )
        self._order = ET.SubElement(self.root, "TIME_ORDER")
        self._numbers = count(1)
        self._slots: dict[str, tuple[str, str]] = {}

    def tier(
        self, name: str, kind: str, annotator: str = "", parent: str = ""
    ) -> ET.Element:
        about = {"LINGUISTIC_TYPE_REF": kind, "TIER_ID": name}
        about |= {"ANNOTATOR": annotator} if annotator else {}
        about |= {"PARENT_REF": parent} if parent else {}
        return ET.SubElement(self.root, "TIER", about)

    def over(self, tier: ET.Element, place: Place, text: str) -> str:
        """Add an annotation over an item's time; return its id."""
        first, last = self._slots_of(place)
        ends = {"TIME_SLOT_REF1": first, "TIME_SLOT_REF2": last}
        return self._annotation(tier, "ALIGNABLE_ANNOTATION", ends, text)

    def on(self, tier: ET.Element, parent: str, text: str) -> None:
        """Add an annotation that hangs on another one."""
        self._annotation(tier, "REF_ANNOTATION", {"ANNOTATION_REF": parent}, text)

    def text(self) -> bytes:
        """Return the document, whole."""
        for name, more in _TYPES:
            about = {"LINGUISTIC_TYPE_ID": name, "GRAPHIC_REFERENCES": "false", **more}
            ET.SubElement(self.root, "LINGUISTIC_TYPE", about)
        ET.SubElement(
            self.root,
            "CONSTRAINT",
            {"DESCRIPTION": _CONSTRAINT, "STEREOTYPE": "Symbolic_Association"},
        )
        ET.indent(self.root)
        return bytes(ET.tostring(self.root, encoding="UTF-8", xml_declaration=True))

    def _annotation(
        self, tier: ET.Element, kind: str, where: dict[str, str], text: str
    ) -> str:
        made = f"a{next(self._numbers)}"
        outer = ET.SubElement(tier, "ANNOTATION")
        inner = ET.SubElement(outer, kind, {"ANNOTATION_ID": made, **where})
        ET.SubElement(inner, "ANNOTATION_VALUE").text = text
        return made

    def _slots_of(self, place: Place) -> tuple[str, str]:
        if place.item not in self._slots:
            names = []
            for time_ms in (place.start_ms, place.end_ms):
                names.append(f"ts{len(self._order) + 1}")
                slot = {"TIME_SLOT_ID": names[-1], "TIME_VALUE": str(round(time_ms))}
                ET.SubElement(self._order, "TIME_SLOT", slot)
            self._slots[place.item] = (names[0], names[1])
        return self._slots[place.item]


def _document(
    here: Sequence[Place], said: Sequence[Rating], places: Mapping[str, Place]
) -> bytes:
    builder = _Builder(here[0].video)
    items = builder.tier(ITEMS_TIER, "label")
    for place in sorted(here, key=lambda place: place.start_ms):
        builder.over(items, place, place.item)
    for annotator, stage in sorted({(r.annotator, r.stage) for r in said}):
        mine = [r for r in said if (r.annotator, r.stage) == (annotator, stage)]
        _tiers(builder, f"{annotator} {stage}", annotator, mine, places)
    return builder.text()


def _tiers(
    builder: _Builder,
    name: str,
    annotator: str,
    mine: Sequence[Rating],
    places: Mapping[str, Place],
) -> None:
    main = builder.tier(name, "label", annotator)
    ids = {
        r.item: builder.over(main, places[r.item], str(r.fields.get("category", "")))
        for r in sorted(mine, key=lambda r: places[r.item].start_ms)
    }
    for field in sorted({f for r in mine for f in r.fields} - {"category"}):
        tier = builder.tier(f"{name} {field}", "said", annotator, name)
        for r in mine:
            if field in r.fields:
                builder.on(tier, ids[r.item], str(r.fields[field]))

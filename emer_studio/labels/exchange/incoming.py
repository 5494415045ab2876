"""Labels from elsewhere become events: imported, their source named.

What their raters could see is unknown to us. That a file says "blind" is kept as its claim.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from emer_studio.core.errors import BadInputError
from emer_studio.labels.blind import unproven
from emer_studio.labels.chain import frozen_as
from emer_studio.labels.exchange.values import STAGES, checked
from emer_studio.labels.ratings import BLIND, CLAIMED, IMPORTED, events_of, ratings_of
from emer_studio.labels.store import open_store
from emer_studio.study.folder import Study

__all__ = ["Incoming", "Stored", "cleaned", "source_of", "store_labels", "text_of"]

_TOLD = 8  # mistakes told one by one; chosen by us: what fits on a screen


@dataclass(frozen=True, slots=True)
class Incoming:
    """What one annotator said of one item, elsewhere.

    Attributes
    ----------
    annotator, item, stage : str
    fields : mapping of str to object
        As the file has them.
    where : str
        Line or task, for messages.
    position : int or None
        Place of the item in the annotator's own order.
    elapsed_ms : int or None
    blind : bool
        Whether the file says that nothing was in view but the face.
    """

    annotator: str
    item: str
    stage: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    where: str = ""
    position: int | None = None
    elapsed_ms: int | None = None
    blind: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a file.

    Attributes
    ----------
    labels, known : int
        Labels written, and labels that stood already.
    items : tuple of str
    unproven : int
        Ratings of the blind stage of which the file does not say that they were blind.
    """

    labels: int
    known: int
    items: tuple[str, ...]
    unproven: int = 0


def text_of(path: Path) -> str:
    """Return a file's text.

    Raises
    ------
    BadInputError
        When there is none.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise BadInputError(f"{path} does not exist.") from None
    except (OSError, UnicodeDecodeError) as problem:
        raise BadInputError(f"{path} cannot be read as text: {problem}.") from None


def source_of(path: Path, kind: str) -> str:
    """Return how events name a file: its kind and hash; labs name files after people."""
    return f"{kind} {hashlib.sha256(path.read_bytes()).hexdigest()[:16]}"


def cleaned(labels: Iterable[Incoming], path: Path) -> list[Incoming]:
    """Return the labels with values as the store has them.

    Raises
    ------
    BadInputError
        Telling every kind of value that is none, and how often.
    """
    found, mistakes = [], Counter[str]()
    for one in labels:
        values = {}
        for name, value in one.fields.items():
            try:
                value = checked(name, value)
            except ValueError as problem:
                mistakes[f"{problem}, first at {one.where}"] += 1
                continue
            if value is not None:
                values[name] = value
        stage = one.stage or BLIND
        if stage not in STAGES:
            mistakes[f"{stage!r} is no stage ({', '.join(STAGES)})"] += 1
        if not one.annotator or not one.item:
            mistakes[f"no annotator or no item at {one.where}"] += 1
        if values:
            found.append(replace(one, stage=stage, fields=values))
    if mistakes:
        raise BadInputError(
            f"{path}: {_many(mistakes.total(), 'label')} cannot be understood, nothing was"
            f" imported: {_told(mistakes)}.",
            fix="Correct the file, or say in a mapping (--map FILE.yaml) what they mean.",
        )
    if not found:
        raise BadInputError(f"{path} holds no labels that could be imported.")
    return found


def _told(mistakes: Counter[str]) -> str:
    told: dict[str, int] = {}
    firsts: dict[str, str] = {}
    for text, n in mistakes.items():
        what, _, where = text.partition(", first at ")
        told[what] = told.get(what, 0) + n
        firsts.setdefault(what, where)
    lines = [
        f"{what} ({_many(n, 'time')}{', first at ' * bool(firsts[what])}{firsts[what]})"
        for what, n in list(told.items())[:_TOLD]
    ]
    return "; ".join([*lines, "…"] if len(told) > _TOLD else lines)


def _many(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def store_labels(study: Study, labels: Sequence[Incoming], source: str) -> Stored:
    """Append labels as events; what stands already is not said twice.

    Parameters
    ----------
    study : Study
    labels : sequence of Incoming
        Checked by `cleaned`.
    source : str
        See `source_of`.

    Raises
    ------
    BadInputError
        When a stage of an item is frozen; nothing is stored then.
    """
    standing = {(r.annotator, r.item, r.stage): r for r in ratings_of(events_of(study))}
    written = known = 0
    store = open_store(study)
    try:
        into = {(frozen_as(one.stage), one.item) for one in labels}
        closed = sorted(into & store.frozen().keys())
        if closed:
            stage, item = closed[0]
            raise BadInputError(
                f"Stage {stage} of {item} is frozen ({len(closed)} such items); nothing was"
                " imported.",
                fix="Give the labels another stage (stage: in a mapping).",
            )
        for one in labels:
            there = standing.get((one.annotator, one.item, one.stage))
            claims = one.blind and there is not None and unproven(there)
            before = {} if there is None or claims else there.fields
            new = {k: v for k, v in one.fields.items() if before.get(k) != v}
            known += len(one.fields) - len(new)
            written += len(new)
            if new:
                store.append_many(
                    one.annotator,
                    one.item,
                    new,
                    visible=_visible(one, source),
                    input_by=IMPORTED,
                    stage=one.stage,
                    position=one.position,
                    elapsed_ms=one.elapsed_ms,
                )
    finally:
        store.close()
    silent = sum(one.stage == BLIND and not one.blind for one in labels)
    return Stored(written, known, tuple(dict.fromkeys(x.item for x in labels)), silent)


def _visible(one: Incoming, source: str) -> dict[str, str]:
    """Return what stands in the event of what could be seen."""
    return {
        "mode": "unknown",
        "source": source,
        **({CLAIMED: "blind"} if one.blind else {}),
    }

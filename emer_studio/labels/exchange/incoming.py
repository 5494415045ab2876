"""Labels from elsewhere become events: imported, their source named, never blind."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emer_studio.core.errors import BadInputError
from emer_studio.labels.chain import frozen_as
from emer_studio.labels.exchange.values import STAGES, checked
from emer_studio.labels.ratings import BLIND, IMPORTED, events_of, ratings_of
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
    """

    annotator: str
    item: str
    stage: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    where: str = ""
    position: int | None = None
    elapsed_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a file: labels written, labels that stood already, items."""

    labels: int
    known: int
    items: tuple[str, ...]


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
            found.append(
                Incoming(one.annotator, one.item, stage, values, one.where,
                         one.position, one.elapsed_ms)
            )  # fmt: skip
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
    standing = {
        (r.annotator, r.item, r.stage): r.fields for r in ratings_of(events_of(study))
    }
    written = known = 0
    store = open_store(study)
    visible = {"mode": "unknown", "source": source}
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
            before = standing.get((one.annotator, one.item, one.stage), {})
            new = {k: v for k, v in one.fields.items() if before.get(k) != v}
            known += len(one.fields) - len(new)
            written += len(new)
            if new:
                store.append_many(
                    one.annotator,
                    one.item,
                    new,
                    visible=visible,
                    input_by=IMPORTED,
                    stage=one.stage,
                    position=one.position,
                    elapsed_ms=one.elapsed_ms,
                )
    finally:
        store.close()
    return Stored(written, known, tuple(dict.fromkeys(one.item for one in labels)))

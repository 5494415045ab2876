"""A label event: what was done, by whom, from which seat, and how it is sealed.

An event has a head and a payload. The head (seat, place in its chain, annotator, time, kind
of act, stage) and the hash of the payload are hashed together with the hash of the event
before it, and that is what the seat signs. The payload (item, value, what was visible …)
carries a random salt, so its hash tells nothing once both are gone: a withdrawal empties
the payload, and chain and signature still hold.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emer_studio.core.errors import BadInputError

__all__ = [
    "BOOKKEEPING",
    "FREEZE",
    "HEAD",
    "LEGACY",
    "PAYLOAD",
    "LabelEvent",
    "answer_to",
    "canonical",
    "digest",
    "head_hash",
    "payload_hash",
    "plain",
    "sealed",
]

HEAD = (
    "seat", "seq", "event_id", "annotator", "utc", "op", "stage", "prev_hash",
    "payload_hash",
)  # fmt: skip
PAYLOAD = (
    "item", "field", "value", "visible", "input", "position", "elapsed_ms", "commit",
    "salt",
)  # fmt: skip
BOOKKEEPING = ("seat", "upgrade")
"""Acts of the store itself, which `LabelStore.events` leaves out."""
FREEZE = "freeze"
LEGACY = "legacy-"
"""Seats of labels from before there were seats: unsigned, one for each annotator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelEvent:
    """One thing an annotator did.

    Attributes
    ----------
    event_id : str
        Random, 32 hexadecimal digits.
    annotator : str
        Code of the person; in brackets where the program acts, ``(withdrawal)``.
    op : str
        ``set``, ``undo`` and ``redo`` (their value is the id of the event that is undone
        or stands again), ``seen`` (the annotator was shown something), ``freeze`` (its
        stage of its item is closed), ``erase`` (its value are the hashes of erased
        events), ``seat`` (a seat and its key), ``upgrade`` (labels from before there were
        seats).
    item : str
        What was labelled, see `labels.units.Span`.
    field : str
        ``category``, ``intensity``, ``peak`` …
    value : object
        Anything JSON has; None clears the field.
    stage : str
        ``training``, ``A``, ``A-repeat``, ``B``, ``adjudication``, or empty.
    utc : str
        Wall clock in microseconds, never before an earlier event of the same chain.
    visible : dict
        What the annotator could see: the mode, and which prediction if any.
    input : str
        ``key``, ``mouse`` …
    position : int or None
        Place of the item in the annotator's own order, from 1.
    elapsed_ms : int or None
        Since the item was shown, by a clock that is never set.
    commit : str
        Events that were stored together share it.
    seat : str
        Whose key signed; made from the public key.
    seq : int
        Place in the seat's chain; 0 is its introduction.
    erased : bool
        The payload is gone; item, value and so on are empty.
    """

    event_id: str
    annotator: str
    op: str
    item: str = ""
    field: str = ""
    value: Any = None
    stage: str = ""
    utc: str = ""
    visible: dict[str, Any] = dataclasses.field(default_factory=dict)
    input: str = ""
    position: int | None = None
    elapsed_ms: int | None = None
    commit: str = ""
    seat: str = ""
    seq: int = 0
    erased: bool = False
    salt: str = ""
    prev_hash: str = ""
    payload_hash: str = ""
    hash: str = ""
    signature: str = ""

    @property
    def signed(self) -> bool:
        """Whether a seat stands for it."""
        return not self.seat.startswith(LEGACY)


def canonical(value: Any) -> bytes:
    """Return the one JSON text of a value that hashes are made of."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode()


def plain(value: Any) -> Any:
    """Return a value as JSON gives it back.

    Raises
    ------
    BadInputError
        When JSON has no such value.
    """
    try:
        return json.loads(canonical(value))
    except (TypeError, ValueError):
        raise BadInputError(
            f"{value!r} cannot be a label: JSON has no such value."
        ) from None


def digest(value: Any) -> str:
    """Return the SHA-256 of a value's canonical text, 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def payload_hash(event: LabelEvent) -> str:
    """Return the salted hash of what may be erased."""
    return digest({name: getattr(event, name) for name in PAYLOAD})


def head_hash(event: LabelEvent) -> str:
    """Return the hash that is chained and signed."""
    return digest({name: getattr(event, name) for name in HEAD})


def sealed(draft: LabelEvent, facts: Mapping[str, Any]) -> LabelEvent:
    """Return a draft at its place in a chain, hashed but not signed.

    Parameters
    ----------
    draft : LabelEvent
    facts : mapping
        ``seat``, ``seq``, ``utc`` and ``prev_hash``; a ``salt`` where it is not drawn.
    """
    placed = dataclasses.replace(draft, **{"salt": secrets.token_hex(16), **facts})
    placed = dataclasses.replace(placed, payload_hash=payload_hash(placed))
    return dataclasses.replace(placed, hash=head_hash(placed))


def answer_to(
    label: LabelEvent, op: str, visible: Mapping[str, Any], by: str
) -> LabelEvent:
    """Return a draft that undoes a label, or lets it stand again."""
    return LabelEvent(
        event_id=uuid.uuid4().hex,
        annotator=label.annotator,
        op=op,
        item=label.item,
        field=label.field,
        value=label.event_id,
        visible=plain(dict(visible)),
        input=by,
        stage=label.stage,
        position=label.position,
    )

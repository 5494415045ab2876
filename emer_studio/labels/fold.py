"""What stands: labels are a fold over events, and undo and redo are events too."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from emer_studio.labels.events import LabelEvent

__all__ = ["fold", "fold_stages", "in_order", "standing", "to_redo", "to_undo"]


def fold(events: Iterable[LabelEvent]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return what stands over all stages: ``{(annotator, item): {field: value}}``."""
    state: dict[tuple[str, str], dict[str, Any]] = {}
    for event in standing(events):
        _put(state.setdefault((event.annotator, event.item), {}), event)
    return {key: fields for key, fields in state.items() if fields}


def fold_stages(
    events: Iterable[LabelEvent],
) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Return what stands, by stage: ``{(annotator, item, stage): {field: value}}``."""
    state: dict[tuple[str, str, str], dict[str, Any]] = {}
    for event in standing(events):
        key = (event.annotator, event.item, event.stage)
        _put(state.setdefault(key, {}), event)
    return {key: fields for key, fields in state.items() if fields}


def _put(fields: dict[str, Any], event: LabelEvent) -> None:
    if event.value is None:
        fields.pop(event.field, None)
    else:
        fields[event.field] = event.value


def in_order(events: Iterable[LabelEvent]) -> list[LabelEvent]:
    """Return events in the one order they are folded in, however they came together.

    By time, which never runs backwards within a chain, then by seat and place.
    """
    return sorted(events, key=lambda event: (event.utc, event.seat, event.seq))


def standing(events: Iterable[LabelEvent]) -> list[LabelEvent]:
    """Return the labels that are not undone, in order. Nobody undoes another's."""
    listed = list(events)
    undone: set[tuple[str, Any]] = set()
    for event in listed:
        if event.erased:
            continue
        if event.op == "undo":
            undone.add((event.annotator, event.value))
        elif event.op == "redo":
            undone.discard((event.annotator, event.value))
    return [
        event
        for event in listed
        if event.op == "set"
        and not event.erased
        and (event.annotator, event.event_id) not in undone
    ]


def to_undo(events: Iterable[LabelEvent]) -> list[LabelEvent]:
    """Return the labels of the last commit that still stands, the last one first."""
    left = standing(events)
    last = [e for e in left if _commit(e) == _commit(left[-1])] if left else []
    return last[::-1]


def to_redo(events: Iterable[LabelEvent]) -> list[LabelEvent]:
    """Return the labels that the last undo took back, unless something was set since."""
    listed = [event for event in events if not event.erased]
    by_id = {event.event_id: event for event in listed}
    taken: list[tuple[str, list[LabelEvent]]] = []  # commits of undo events, the last last
    for event in listed:
        if event.op == "set":
            taken.clear()
        elif event.op == "undo" and event.value in by_id:
            if not taken or taken[-1][0] != _commit(event):
                taken.append((_commit(event), []))
            taken[-1][1].append(by_id[event.value])
        elif event.op == "redo":
            for _commit_id, labels in taken:
                labels[:] = [label for label in labels if label.event_id != event.value]
            taken = [entry for entry in taken if entry[1]]
    return taken[-1][1][::-1] if taken else []


def _commit(event: LabelEvent) -> str:
    return event.commit or event.event_id

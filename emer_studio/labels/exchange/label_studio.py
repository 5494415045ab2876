"""Label Studio's JSON: tasks with annotations by people and predictions by models.

A task is an item: its ``data`` has the video, the part of it in milliseconds and the item
itself. Each field of a label is one region-less result. Which annotator and stage an
annotation has stands beside Label Studio's own keys.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.labels.exchange.incoming import Incoming
from emer_studio.labels.exchange.values import FIELDS
from emer_studio.labels.places import Place
from emer_studio.labels.predictions import Predicted
from emer_studio.labels.ratings import CLAIMED, Rating

__all__ = ["label_studio_tasks", "labels_of_tasks"]

_CHOICES = ("category", "second", "quality")
_NUMBERS = ("intensity", "valence", "arousal", "confidence", "peak")
_TARGET = "video"


def label_studio_tasks(
    ratings: Sequence[Rating],
    places: Mapping[str, Place],
    predicted: Mapping[str, Predicted],
    folder: Path,
) -> list[dict[str, Any]]:
    """Return one task for each item that is labelled or has a prediction.

    Parameters
    ----------
    ratings : sequence of Rating
    places : mapping of str to Place
    predicted : mapping of str to Predicted
    folder : Path
        Of the study, which videos are named from.
    """
    by_item: dict[str, list[Rating]] = {item: [] for item in predicted}
    for rating in ratings:
        by_item.setdefault(rating.item, []).append(rating)
    return [
        {
            "id": number,
            "data": _data(item, places.get(item), folder),
            "annotations": [_annotation(rating) for rating in said],
            "predictions": [_prediction(predicted[item])] if item in predicted else [],
        }
        for number, (item, said) in enumerate(by_item.items(), start=1)
    ]


def _data(item: str, place: Place | None, folder: Path) -> dict[str, Any]:
    if place is None:
        return {"item": item}
    video = place.video.relative_to(folder).as_posix()
    times = {"start_ms": round(place.start_ms, 3), "end_ms": round(place.end_ms, 3)}
    return {"item": item, _TARGET: video, **times}


def _annotation(rating: Rating) -> dict[str, Any]:
    made: dict[str, Any] = {
        "annotator": rating.annotator,
        "stage": rating.stage,
        "visible": rating.visible,
        "created_at": rating.utc,
        "was_cancelled": False,
        "result": [_result(name, value) for name, value in rating.fields.items()],
    }
    if rating.elapsed_ms is not None:
        made["lead_time"] = rating.elapsed_ms / 1000.0
    return made


def _prediction(one: Predicted) -> dict[str, Any]:
    best = int(one.probabilities.argmax())
    shares = zip(EMOTIONS, one.probabilities.tolist(), strict=True)
    return {
        "model_version": f"{one.model} {one.model_sha256[:16]}",
        "score": round(float(one.probabilities[best]), 6),
        "result": [_result("category", EMOTIONS[best])],
        "probabilities": {name: round(p, 6) for name, p in shares},
    }


def _result(name: str, value: Any) -> dict[str, Any]:
    if name in _CHOICES or name.startswith("au:"):
        kind, inside = "choices", {"choices": [str(value)]}
    elif name in _NUMBERS:
        kind, inside = "number", {"number": value}
    else:
        kind, inside = "textarea", {"text": [str(value)]}
    return {"from_name": name, "to_name": _TARGET, "type": kind, "value": inside}


def labels_of_tasks(text: str, path: Path) -> tuple[list[Incoming], dict[str, int]]:
    """Return the labels of people in a Label Studio export, and what was passed over.

    Predictions are never labels. Of an annotator that only Label Studio knows, its number
    becomes the code, ``LS7``.

    Raises
    ------
    BadInputError
        When it is no such export.
    """
    try:
        tasks = json.loads(text)
    except ValueError as problem:
        raise BadInputError(f"{path} is not valid JSON: {problem}.") from None
    if not isinstance(tasks, list) or not all(isinstance(t, dict) for t in tasks):
        raise BadInputError(
            f"{path}: expected a list of Label Studio tasks.",
            fix="Export from Label Studio as JSON (not JSON-MIN).",
        )
    passed: dict[str, int] = {}
    found = list(_labels(tasks, path, passed))
    return found, passed


def _labels(
    tasks: Sequence[dict[str, Any]], path: Path, passed: dict[str, int]
) -> Iterator[Incoming]:
    for number, task in enumerate(tasks, start=1):
        where = f"task {task.get('id', number)}"
        item = _inside(task, "data", dict, where, path).get("item")
        if not isinstance(item, str) or not item:
            raise BadInputError(
                f"{path}, {where}: its data have no 'item', so nobody knows what it is.",
                fix="Make the tasks by `labels export --format label-studio`, or give each"
                " its item (SESSION/trial-N).",
            )
        _count(passed, "predictions", len(task.get("predictions") or ()))
        for annotation in _inside(task, "annotations", list, where, path):
            if not isinstance(annotation, dict) or annotation.get("was_cancelled"):
                _count(passed, "cancelled annotations", 1)
                continue
            fields: dict[str, Any] = {}
            for result in _inside(annotation, "result", list, where, path):
                pair = _field(result)
                if pair is None:
                    _count(passed, "results that are no labels of a clip", 1)
                else:
                    fields[pair[0]] = pair[1]
            seconds = annotation.get("lead_time")
            yield Incoming(
                _annotator(annotation),
                item,
                str(annotation.get("stage") or ""),
                fields,
                where,
                elapsed_ms=round(seconds * 1000)
                if isinstance(seconds, int | float)
                else None,
                blind=_said_blind(annotation.get("visible")),
            )


def _said_blind(visible: Any) -> bool:
    """Tell whether an annotation says what ours say of blind ones."""
    return isinstance(visible, dict) and "blind" in (
        visible.get("mode"), visible.get(CLAIMED)
    )  # fmt: skip


def _count(passed: dict[str, int], what: str, n: int) -> None:
    if n:
        passed[what] = passed.get(what, 0) + n


def _inside(value: dict[str, Any], key: str, kind: type, where: str, path: Path) -> Any:
    found = value.get(key, kind())
    if not isinstance(found, kind):
        raise BadInputError(
            f"{path}, {where}: {key!r} is a {type(found).__name__}, expected a"
            f" {kind.__name__}."
        )
    return found


def _annotator(annotation: dict[str, Any]) -> str:
    code = annotation.get("annotator")
    if isinstance(code, str) and code:
        return code
    by = annotation.get("completed_by")
    number = by.get("id") if isinstance(by, dict) else by  # never an address of a person
    return f"LS{number}" if number is not None else ""


def _field(result: Any) -> tuple[str, Any] | None:
    """Return field and value of one result; None where it is about something else."""
    if not isinstance(result, dict) or not isinstance(result.get("value"), dict):
        return None
    name, kind, value = result.get("from_name"), result.get("type"), result["value"]
    if kind == "choices" and name not in FIELDS and not str(name).startswith("au:"):
        name = "category"  # a lab's own name for its one question
    if name not in FIELDS and not str(name).startswith("au:"):
        return None
    inside = value.get({"textarea": "text"}.get(str(kind), str(kind)))
    if isinstance(inside, list):
        inside = inside[0] if len(inside) == 1 else None
    return (str(name), inside) if inside is not None else None

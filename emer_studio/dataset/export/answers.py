"""What the participants answered: one row for each answer, and columns of a trial."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from emer_studio.dataset.export.columns import Column, Table
from emer_studio.dataset.export.gather import Gathered, OutSession
from emer_studio.dataset.trials import Trial
from emer_studio.schema.rating import RatingPage, local_text

__all__ = ["answer_columns", "answers_of", "ratings_table"]

_ENDS = {
    "valence": ("unpleasant", "pleasant"),
    "arousal": ("calm", "excited"),
    "dominance": ("controlled", "in control"),
}
_ASKED = "the participant's answer"
_ASKED_WHEN = {
    "trial": "after a clip",
    "before": "before the first block",
    "after": "after the last block",
}
_ON_POINTS = ("sam", "scale", "items")

RATING_COLUMNS = (
    Column("participant", "code", source="the export"),
    Column("session", "number of the session", source="session.json", dtype="Int64"),
    Column("asked", "when it was asked", source="journal", levels=_ASKED_WHEN),
    Column(
        "trial",
        "number of the trial; missing for what belongs to none",
        source="journal",
        dtype="Int64",
    ),
    Column("page", "id of the page", source="protocol"),
    Column("kind", "kind of the page", source="protocol"),
    Column(
        "item", "dimension or item of the page; missing where it has one", source="journal"
    ),
    Column("value", "as it was answered", source="journal"),
    Column("mapped", "on the range from -1 to 1, the scale's middle at 0", "1", "journal"),
    Column("points", "points of the scale", "1", "journal", dtype="Int64"),
    Column("answered_s", "when it was confirmed, from the session's zero", "s", "journal"),
    Column("answer_time_s", "from the page's appearance to the answer", "s", "journal"),
)


def ratings_table(gathered: Gathered, sessions: list[OutSession] | None = None) -> Table:
    """Return the answers of finished trials, and those that belong to no trial.

    Answers in free words are there only where this is no release.

    Parameters
    ----------
    gathered : Gathered
    sessions : list of OutSession, optional
        Only of these.
    """
    rows = []
    for one in gathered.sessions if sessions is None else sessions:
        for event in _given(one):
            if gathered.names.release and not _is_closed(event, one):
                continue
            about = {
                "participant": gathered.names.person(one.code),
                "session": one.session.manifest.session,
                "asked": event.get("when", "trial"),
                "trial": event.get("trial"),
                "page": event.get("page"),
                "kind": _kind(event, one),
                "points": event.get("points"),
                "answered_s": round(event["t_s"] - one.zero_s, 4),
                "answer_time_s": _rounded(event.get("rt_s")),
            }
            for item, value in _items(event.get("value")):
                mapped = _part(event.get("mapped"), item)
                values = {"item": item or None, "value": str(value), "mapped": mapped}
                rows.append({**about, **values})
            for name, total in event.get("scores", {}).items():
                rows.append({**about, "item": f"score {name}", "value": str(total)})
    return Table("ratings", RATING_COLUMNS, rows)


def _given(one: OutSession) -> list[dict[str, Any]]:
    """Return the last answer to each page of each trial, and of each questionnaire."""
    numbers = {trial.number for trial in one.trials}
    apart = {(e.get("when"), e.get("page")): e for e in one.recording.events("answer")}
    rated = (event for event in one.recording.ratings if event.get("trial") in numbers)
    return sorted([*rated, *apart.values()], key=lambda event: float(event["t_s"]))


def answers_of(one: OutSession, trial: Trial, *, release: bool) -> dict[str, Any]:
    """Return the answers of a trial by the names of their columns."""
    return {
        _column(str(event.get("page", "")), item): value
        for event in trial.ratings
        if not release or _is_closed(event, one)
        for item, value in _items(event.get("value"))
    }


def answer_columns(sessions: list[OutSession], *, release: bool) -> tuple[Column, ...]:
    """Return the columns that the answers of these sessions' trials need."""
    found: dict[str, Column] = {}
    for one in sessions:
        for trial in one.trials:
            for event in trial.ratings:
                if release and not _is_closed(event, one):
                    continue
                for column in _columns(event, one.pages.get(str(event.get("page")))):
                    found.setdefault(column.name, column)
    return tuple(found.values())


def _columns(event: dict[str, Any], page: RatingPage | None) -> Iterator[Column]:
    asked = local_text(page.question, "en") if page else ""
    points = event.get("points")
    for item, _ in _items(event.get("value")):
        name = _column(str(event.get("page", "")), item)
        low, high = _ends(item, page)
        about = f"{item or 'answer'} to {asked!r}" if asked else item or "answer"
        if page is not None and page.kind == "choice":
            labels = {label: label for label in page.labels}
            yield Column(name, about, source=_ASKED, levels=labels)
        elif page is not None and page.kind in _ON_POINTS and isinstance(points, int):
            levels = {str(k): f"point {k} of {points}" for k in range(1, points + 1)}
            levels["1"] += f": {low}" if low else ""
            levels[str(points)] += f": {high}" if high else ""
            yield Column(name, about, source=_ASKED, levels=levels, dtype="Int64")
        elif page is not None and page.kind == "slider":
            yield Column(name, f"{about}, from {low} at 0 to {high} at 1", "1", _ASKED)
        else:
            yield Column(name, f"{about} ({low} to {high})" if low else about, "", _ASKED)


def _ends(item: str, page: RatingPage | None) -> tuple[str, str]:
    if item in _ENDS:
        return _ENDS[item]
    if page is None:
        return "", ""
    return local_text(page.low, "en"), local_text(page.high, "en")


def _items(value: Any) -> list[tuple[str, Any]]:
    return (
        [(str(k), v) for k, v in value.items()]
        if isinstance(value, dict)
        else [("", value)]
    )


def _part(mapped: Any, item: str) -> Any:
    return mapped.get(item) if isinstance(mapped, dict) else None if item else mapped


def _kind(event: dict[str, Any], one: OutSession) -> str:
    page = one.pages.get(str(event.get("page")))
    return str(event.get("kind") or (page.kind if page else ""))


def _is_closed(event: dict[str, Any], one: OutSession) -> bool:
    """Tell whether an answer was chosen and not written in the person's own words."""
    page = one.pages.get(str(event.get("page")))
    if page is not None and page.kind == "text":
        return False
    values = [value for _, value in _items(event.get("value"))]
    if all(isinstance(value, int | float) for value in values):
        return True
    return page is not None and all(value in page.labels for value in values)


def _column(page: str, item: str) -> str:
    name = f"{page}_{item}" if item else page
    return re.sub(r"\W", "_", name)


def _rounded(value: Any) -> float | None:
    return round(float(value), 4) if isinstance(value, int | float) else None

"""The table of the participants: what the protocols asked of them, if it may go out."""

from __future__ import annotations

from emer_studio.dataset.export.columns import Column, Table
from emer_studio.dataset.export.gather import Gathered
from emer_studio.schema.demographics import DemographicItem
from emer_studio.study.demographics import Demographics

__all__ = ["AGE_BAND_YEARS", "age_band", "people_table"]

AGE_BAND_YEARS = 5
"""Width of the bands that ages come in, in a release; chosen by us, as archives do."""
_ANSWER = "the participant's answer"
_BANDS = "age_band"

_ABOUT = (
    Column("participant", "code", source="the export"),
    Column(
        "simulated",
        "whether no person was there",
        source="participants.tsv",
        levels={"yes": "simulated, not data about a person", "no": "a person"},
    ),
    Column(
        "consent",
        "where consent to sharing was given",
        source="consents.jsonl",
        levels={
            "on screen": "in the program",
            "on paper": "on a signed form",
            "simulated": "nobody was there",
        },
    ),
    Column(
        "sessions", "how many sessions are in the export", "1", "the export", dtype="Int64"
    ),
)


def people_table(gathered: Gathered) -> Table:
    """Return one row for each participant who goes out.

    A release has no answers in free words, no years of birth, and ages in bands.
    """
    answers = Demographics(gathered.study.folder).all()
    simulated = {row.participant: row.simulated for row in gathered.study.participants()}
    items = [
        (item, column)
        for item in gathered.items().values()
        if (column := _column(item, release=gathered.names.release)) is not None
    ]
    rows = []
    for code in gathered.codes:
        mine = [one for one in gathered.sessions if one.code == code]
        nobody = simulated.get(code, mine[0].session.manifest.simulated)
        about = {
            "participant": gathered.names.person(code),
            "simulated": "yes" if nobody else "no",
            "consent": mine[0].permission.how,
            "sessions": len(mine),
        }
        said = answers.get(code, {})
        given = {
            column.name: _value(item, said.get(item.id, ""), column)
            for item, column in items
        }
        rows.append({**about, **given})
    return Table("participants", (*_ABOUT, *(column for _, column in items)), rows)


def age_band(years: float) -> str:
    """Return the band of an age, such as ``20-24``."""
    low = int(years // AGE_BAND_YEARS) * AGE_BAND_YEARS
    return f"{low}-{low + AGE_BAND_YEARS - 1}"


def _column(item: DemographicItem, *, release: bool) -> Column | None:
    about = f"answer to {item.asked('en')!r}"
    name = item.id if item.id not in {c.name for c in _ABOUT} else f"{item.id}_answer"
    if item.kind == "choice":
        labels = {label: label for label in item.labels}
        return Column(name, about, source=_ANSWER, levels=labels)
    if _is_age(item):
        if release:
            bands = f"{about}, in bands of {AGE_BAND_YEARS} years"
            return Column(_BANDS, bands, source=_ANSWER)
        return Column(name, about, "years", _ANSWER)
    if release and (item.kind == "text" or "birth" in item.id.lower()):
        return None
    dtype = "Float64" if item.kind == "number" else "string"
    return Column(name, about, source=_ANSWER, dtype=dtype)


def _is_age(item: DemographicItem) -> bool:
    return item.kind == "number" and item.id.lower().split("_")[0] == "age"


def _value(item: DemographicItem, said: str, column: Column) -> str | float | None:
    if not said or item.mistake(said):
        return None
    if item.kind != "number":
        return said
    value = float(said)
    return age_band(value) if column.name == _BANDS else value

"""The table of experts' labels where they speak of windows or peaks instead of clips."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emer_studio.dataset.export.columns import Column, Table
from emer_studio.dataset.export.gather import Gathered, OutSession
from emer_studio.dataset.export.trial_rows import SEEN_COLUMNS, said_of

__all__ = ["PART", "label_table"]

PART = Column(
    "part",
    "which part of the clip the experts labelled: a window (w-01 and so on) or its peak",
    source="protocol",
)
_COLUMNS = (
    Column("participant", "code", source="the export"),
    Column("session", "number of the session", source="session.json", dtype="Int64"),
    Column("trial", "number of the trial", source="journal", dtype="Int64"),
    PART,
    Column("onset_s", "when the part begins, from the session's zero", "s", "protocol"),
    Column("duration_s", "how long it is", "s", "protocol"),
    *SEEN_COLUMNS,
)


def label_table(gathered: Gathered, sessions: list[OutSession] | None = None) -> Table:
    """Return one row for each part of a clip that is a label unit, labelled or not.

    Whole clips have their labels in the table of trials.

    Parameters
    ----------
    gathered : Gathered
    sessions : list of OutSession, optional
        Only of these.
    """
    some = gathered.sessions if sessions is None else sessions
    rows = [row for one in some for row in _rows(gathered, one)]
    return Table("labels", _COLUMNS, rows)


def _rows(gathered: Gathered, one: OutSession) -> Iterator[dict[str, Any]]:
    for trial in one.trials:
        for span in trial.spans:
            if span.part:
                yield {
                    "participant": gathered.names.person(one.code),
                    "session": one.session.manifest.session,
                    "trial": span.trial,
                    "part": span.part,
                    "onset_s": round(span.start_s - one.zero_s, 4),
                    "duration_s": round(span.end_s - span.start_s, 4),
                    **said_of(gathered.labels.get(span.item)),
                }

"""A study as a BIDS dataset (1.11, with eye tracking)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from emer_studio import __version__
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import write_json
from emer_studio.dataset.export.answers import ratings_table
from emer_studio.dataset.export.bids_eyes import TASK_NAME, presentation, write_eyes
from emer_studio.dataset.export.bids_streams import write_streams
from emer_studio.dataset.export.columns import (
    Column,
    Table,
    as_tsv,
    readme,
    sidecar,
    write_text,
)
from emer_studio.dataset.export.gather import Gathered, OutSession
from emer_studio.dataset.export.label_rows import PART, label_table
from emer_studio.dataset.export.people import people_table
from emer_studio.dataset.export.source_files import copy_sources
from emer_studio.dataset.export.trial_rows import SEEN_COLUMNS, trial_table

__all__ = ["BIDS_VERSION", "write_bids"]

BIDS_VERSION = "1.11.0"
_TASK = "emer"
_CLIP = Column(
    "trial_type", "what happened", levels={"clip": "an emotional clip was shown and rated"}
)
_PARTS = replace(
    _CLIP, levels={**_CLIP.levels, "part": "a part of it, which experts labelled"}
)
_SEEN = tuple(column.name for column in SEEN_COLUMNS)
_WORDS = {
    "sex": {"female", "male", "other", "f", "m", "o"},
    "handedness": {"left", "right", "ambidextrous", "l", "r", "a"},
}
"""What BIDS lets these columns of the participants say."""
_NO_PIXELS = (
    "the display's size in pixels is not in session.json, so gaze has no place on it"
)


def write_bids(
    gathered: Gathered, out: Path, *, pictures: bool, on_session: Callable[[int, int], None]
) -> None:
    """Write the dataset; every file but those of the root is a session's own.

    Parameters
    ----------
    gathered : Gathered
        Is added to where a part cannot go out.
    out : Path
        An empty folder.
    pictures : bool
        Whether face video goes out where consent allows it.
    on_session : callable
        Called with the number of sessions done and their total.
    """
    _write_root(gathered, out)
    for done, one in enumerate(gathered.sessions, start=1):
        person = gathered.names.person(one.code)
        place = Path(f"sub-{person}") / f"ses-{one.label}"
        stem = out / place / "beh" / f"sub-{person}_ses-{one.label}_task-{_TASK}"
        stem.parent.mkdir(parents=True)
        shown = _eyes(stem, gathered, one)
        write_streams(stem, gathered, one)
        _write_events(stem, gathered, one, shown)
        copy_sources(gathered, one, out / "sourcedata" / place, pictures=pictures)
        one.forget()
        on_session(done, len(gathered.sessions))
    _write_sessions(gathered, out)


def _eyes(stem: Path, gathered: Gathered, one: OutSession) -> dict[str, Any] | None:
    """Write the eyes where there are any; return how the clips stood before them."""
    try:
        shown = presentation(one, one.eyes)
    except BadInputError as problem:
        gathered.leave_out(one, "eyes", problem.message)
        return None
    if shown is None:
        gathered.leave_out(one, "eyes", _NO_PIXELS)
    else:
        write_eyes(stem, gathered, one)
    return shown


def _write_events(
    stem: Path, gathered: Gathered, one: OutSession, shown: dict[str, Any] | None
) -> None:
    trials = trial_table(gathered, [one])
    own = {"onset_s": "onset", "duration_s": "duration"}
    rest = [n for n in trials.names if n not in (*own, "participant", "session")]
    table = trials.called({**own, **{name: name for name in rest}})
    columns = (*table.columns[:2], _CLIP, *table.columns[2:])
    rows = [{**row, "trial_type": "clip"} for row in table.rows]
    parts = label_table(gathered, [one]).called(
        {**own, **{name: name for name in ("trial", "part", *_SEEN)}}
    )
    if parts.rows:
        columns = (*columns[:2], _PARTS, *columns[3:], PART)
        rows += [{**row, "trial_type": "part"} for row in parts.rows]
        rows.sort(key=lambda row: (row["onset"], row["trial_type"]))
    _write_table(stem.with_name(f"{stem.name}_events.tsv"), Table("events", columns, rows))
    _write_answers(stem, gathered, one)
    facts = {"StimulusPresentation": shown} if shown else {}
    path = stem.with_name(f"{stem.name}_events.json")
    write_json(path, {**sidecar(columns), **facts})


def _write_answers(stem: Path, gathered: Gathered, one: OutSession) -> None:
    """Write the questionnaires, which belong to no trial, where there were any."""
    answers = ratings_table(gathered, [one])
    names = [n for n in answers.names if n not in ("participant", "session", "trial")]
    table = answers.called({name: name for name in names})
    apart = [row for row in table.rows if row["asked"] != "trial"]
    if apart:
        asked = Table("beh", table.columns, apart)
        _write_table(stem.with_name(f"{stem.name}_beh.tsv"), asked)
        facts = {"TaskName": TASK_NAME, **sidecar(asked.columns)}
        write_json(stem.with_name(f"{stem.name}_beh.json"), facts)


def _write_root(gathered: Gathered, out: Path) -> None:
    study = gathered.study.file
    write_json(
        out / "dataset_description.json",
        {
            "Name": study.name,
            "BIDSVersion": BIDS_VERSION,
            "DatasetType": "raw",
            "GeneratedBy": [{"Name": "EMER Studio", "Version": __version__}],
        },
    )
    people = people_table(gathered)
    names = {column.name: _bids_name(column) for column in people.columns}
    table = people.called({**names, "participant": "participant_id"})
    for row in table.rows:
        row["participant_id"] = f"sub-{row['participant_id']}"
    _write_table(out / "participants.tsv", table)
    write_json(out / "participants.json", sidecar(table.columns))
    write_text(out / "README.md", _readme(gathered))
    write_text(out / ".bidsignore", "left_out.tsv\nexport.json\nEULA.md\nDATASHEET.md\n")
    write_json(
        out / f"task-{_TASK}_events.json",
        {"TaskName": TASK_NAME, "TaskDescription": _TASK_TEXT},
    )


def _bids_name(column: Column) -> str:
    """Return another name for a column that BIDS knows and that says something else."""
    words = _WORDS.get(column.name)
    other = words is not None and not {*map(str.lower, column.levels)} <= words
    if column.name == "age":
        other = column.unit != "years"
    return f"{column.name}_answer" if other else column.name


def _write_sessions(gathered: Gathered, out: Path) -> None:
    started = Column("acq_time", "when the session began, UTC")
    columns = (Column("session_id", "number of the session"), started)
    for code in gathered.codes:
        person = gathered.names.person(code)
        rows = [
            {
                "session_id": f"ses-{one.label}",
                "acq_time": gathered.names.when(code, one.session.manifest.started),
            }
            for one in gathered.sessions
            if one.code == code
        ]
        path = out / f"sub-{person}" / f"sub-{person}_sessions.tsv"
        _write_table(path, Table("sessions", columns, rows))


def _write_table(path: Path, table: Table) -> None:
    write_text(path, as_tsv(table.frame()))


_TASK_TEXT = (
    "Clips that are meant to make people feel something are watched while the face is"
    " filmed and the eyes are tracked; after each one the participant says what was felt."
)


def _readme(gathered: Gathered) -> str:
    text = f"""{_TASK_TEXT}

* `sub-*/ses-*/beh/*_events.tsv`: one row for each trial, with the clip (its id and hash,
  never the clip), what was felt and what experts saw in the face. `*_beh.tsv`: answers to
  questionnaires, which belong to no trial.
* `*_recording-eye1_physio.tsv.gz` is the left eye, `eye2` the right one, `eye3` the mean of
  those that were seen; `*_physioevents.tsv.gz` holds fixations, saccades and blinks.
* Other `*_recording-*_physio.tsv.gz` files are what else was recorded (EDA, ECG, EEG …).
* `sourcedata/`: face video and recorded streams, where consent and kind of export allow it.
* `left_out.tsv` says what was left out and why, `export.json` which consent this needed.

All times of a session are seconds from one zero, the beginning of its journal; what the
tracker sent before it is negative.
"""
    return readme(gathered.study.file.name, gathered.notes, text)

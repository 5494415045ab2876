"""The report of a dataset: the gap between felt and shown, and what was left out."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd

from emer_studio import __version__
from emer_studio.core.clock import utc_now
from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import write_atomic
from emer_studio.dataset.cache_reader import Dataset
from emer_studio.features.trial_measures import TRIAL_MEASURES
from emer_studio.report import gap_figures
from emer_studio.report.gap import Gap, gap_of
from emer_studio.report.marks import dataset_banners, dataset_marks
from emer_studio.report.write import template

__all__ = ["read_gap", "write_gap"]

Figures = list[tuple[str, str, str]]


def read_gap(dataset: Dataset) -> Gap:
    """Work out the gap of a dataset, with its eye measures and votes where it has them.

    Raises
    ------
    BadInputError
        When no trial has both a felt and a shown emotion.
    """
    gap = gap_of(dataset, _measures(dataset.folder), _votes(dataset.folder))
    if not gap.trials:
        raise BadInputError(
            f"No trial of {dataset.folder} has both a felt and a shown emotion.",
            fix="Label the faces (page Label of the window), then build the dataset again.",
        )
    return gap


def write_gap(out: Path, dataset: Dataset, gap: Gap) -> None:
    """Write the report of a dataset to `out`, atomically: one file that needs nothing."""
    manifest = dataset.manifest
    html = template("gap.html.j2").render(
        kind="gap",
        marks=dataset_marks(manifest),
        title=f"Felt and shown: {manifest.name}",
        subtitle=f"{len(dataset.samples)} samples ({', '.join(gap.units)}),"
        f" {gap.samples} with both labels",
        banners=dataset_banners(manifest),
        gap=gap,
        figures=_figures(dataset, gap),
        meanings=TRIAL_MEASURES,
        left_out=[row for row in _rows(dataset.folder / "trials.csv") if row["reason"]],
        version=__version__,
        written=utc_now(),
    )
    write_atomic(out, html)


def _figures(dataset: Dataset, gap: Gap) -> Figures:
    rows = "Share of each row, with its interval; in brackets the trials."
    found = [
        ("Seven emotions", rows, gap_figures.table_of_shares(gap.seven)),
        ("Three classes of valence", rows, gap_figures.table_of_shares(gap.three)),
    ]
    if gap.by_emotion:
        image = gap_figures.intervals(gap.by_emotion, gap.floor)
        found.append(("Discordance by felt emotion", "", image))
    if gap.by_stimulus:
        image = gap_figures.intervals(gap.by_stimulus, gap.floor)
        found.append(("Discordance by stimulus", "", image))
    if gap.shifts:
        image = gap_figures.arrows(_felt_places(dataset), gap.shifts)
        text = "From what was felt to what the face showed, by felt emotion."
        found.append(("Valence and arousal", text, image))
    known = [c for c in gap.contrasts if np.isfinite(c.difference.value)]
    if known:
        text = "Coloured where the interval leaves zero out."
        image = gap_figures.contrasts(known)
        found.append(("What the eyes did in discordant trials", text, image))
    return found


def _felt_places(dataset: Dataset) -> dict[str, tuple[float, float]]:
    found = {}
    for emotion in EMOTIONS:
        places = [
            (s.er_valence, s.er_arousal)
            for s in dataset.samples
            if s.er_emotion == emotion and None not in (s.er_valence, s.er_arousal)
        ]
        if places:
            valence, arousal = np.array(places, float).mean(axis=0)
            found[emotion] = float(valence), float(arousal)
    return found


def _measures(folder: Path) -> pd.DataFrame | None:
    path = folder / "measures.csv"
    return pd.read_csv(path, index_col="sample_id") if path.is_file() else None


def _votes(folder: Path) -> dict[str, dict[str, int]]:
    return {
        row["sample_id"]: {name: int(row[name]) for name in EMOTIONS if int(row[name] or 0)}
        for row in _rows(folder / "votes.csv")
    }


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))

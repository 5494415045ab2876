"""The report of a study's labels: how far raters agree, what drew them, what a model is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from emer_studio import __version__
from emer_studio.core.clock import utc_now
from emer_studio.core.emotions import ABBREVIATIONS, EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import write_atomic
from emer_studio.core.resampling import DRAWS
from emer_studio.fer.calibration import cross_softened
from emer_studio.labels.agreement.rows import SECTIONS, Row
from emer_studio.labels.agreement.summary import Agreement, agreement_of
from emer_studio.labels.agreement.words import TABLES
from emer_studio.labels.anchoring import Anchoring, anchoring_of, reviewed_of
from emer_studio.labels.blind import unled
from emer_studio.labels.consensus import Consensus, consensus_of_ratings
from emer_studio.labels.model_panel import Judged, ModelPanel, judged_of, model_panel
from emer_studio.labels.places import Place, places_of
from emer_studio.labels.predictions import predicted_of
from emer_studio.labels.ratings import Rating, events_of, fingerprint, ratings_of
from emer_studio.report import figures, label_figures
from emer_studio.report.write import template
from emer_studio.study.folder import Study

__all__ = ["LabelReport", "collect_labels", "write_labels"]

Figures = list[tuple[str, str, str]]


@dataclass(frozen=True)
class LabelReport:
    """Everything that the report tells.

    Attributes
    ----------
    agreement : Agreement
        Of the blind stage.
    agreed : dict of str to Consensus
        Of all stages, by the study's rules.
    anchoring : list of Anchoring
        Empty without a review.
    panel : ModelPanel or None
        None without predictions.
    study_hash : str
    simulated : bool
    """

    agreement: Agreement
    agreed: dict[str, Consensus]
    anchoring: list[Anchoring]
    panel: ModelPanel | None
    study_hash: str
    simulated: bool


def collect_labels(study: Study, *, draws: int = DRAWS) -> LabelReport:
    """Work out what the report tells.

    Raises
    ------
    BadInputError
        When nobody has labelled anything blind.
    """
    events = events_of(study)
    ratings, places = ratings_of(events), places_of(study)
    agreement = agreement_of(ratings, places, draws=draws)
    if not agreement.items:
        raise BadInputError(
            f"Nobody has labelled anything blind in {study.folder}.",
            fix="Label the faces (page Label of the window), or import labels.",
        )
    anchoring, panel = _against_the_model(study, ratings, places, draws)
    return LabelReport(
        agreement=agreement,
        agreed=consensus_of_ratings(ratings, study.file.consensus),
        anchoring=anchoring,
        panel=panel,
        study_hash=fingerprint(study, events),
        simulated=any(places[r.item].simulated for r in ratings if r.item in places),
    )


def _against_the_model(
    study: Study, ratings: Sequence[Rating], places: dict[str, Place], draws: int
) -> tuple[list[Anchoring], ModelPanel | None]:
    predicted = predicted_of(places)
    about = {item: (place.participant, place.stimulus) for item, place in places.items()}
    suggested = {
        item: EMOTIONS[int(one.probabilities.argmax())] for item, one in predicted.items()
    }
    reviewed = reviewed_of(ratings, suggested, about)
    agreed = consensus_of_ratings(filter(unled, ratings), study.file.consensus)
    judged = judged_of(agreed, predicted, about)
    panel = None
    if len(judged.truth):
        panel = model_panel(judged, _calibrated(judged), draws=draws)
    return anchoring_of(reviewed, draws=draws), panel


def _calibrated(judged: Judged) -> npt.NDArray[np.float64] | None:
    """Return probabilities with a temperature; None with too few labels to fit one."""
    groups = np.array(judged.participants)
    try:
        return cross_softened(judged.probabilities, judged.truth, groups)
    except BadInputError:
        return None


def write_labels(out: Path, study: Study, found: LabelReport) -> None:
    """Write the report to `out`, atomically: one file that needs nothing beside it."""
    agreement = found.agreement
    sections = {
        title: rows
        for key, title in SECTIONS.items()
        if (rows := [row for row in agreement.rows if row.section == key])
    }
    states = Counter(one.state for one in found.agreed.values())
    html = template("labels.html.j2").render(
        kind="labels",
        marks=["simulated"] * found.simulated,
        title=f"Labels of {study.file.name}",
        subtitle=f"{agreement.items} items of {agreement.participants} participants,"
        f" {len(agreement.raters)} raters",
        banners=_banners(found),
        found=found,
        headline=agreement.rows[0],
        sections=sections,
        figures=_figures(agreement),
        confusions=_confusions(agreement),
        panel_figures=_panel_figures(found.panel) if found.panel else [],
        states=states,
        waiting=[one for one in found.agreed.values() if one.waits],
        rules=study.file.consensus,
        tables=TABLES,
        version=__version__,
        written=utc_now(),
    )
    write_atomic(out, html)


def _banners(found: LabelReport) -> list[str]:
    told = []
    if found.simulated:
        told.append("SIMULATED recordings: they say nothing about people.")
    if n := found.agreement.imported:
        told.append(f"{n} ratings were imported: nobody knows what those raters could see.")
    if n := found.agreement.shown:
        told.append(
            f"{n} ratings outside a review were made with a prediction in view: left out."
        )
    return told


def _figures(agreement: Agreement) -> Figures:
    def of(section: str) -> list[Row]:
        return [row for row in agreement.rows if row.section == section]

    text = "κ falls where a class is rare, AC1 does not: read both beside the share."
    found = [("Each class", text, label_figures.classes(of("classes")))]
    if len(agreement.raters) > 1:
        image = label_figures.pairs(agreement.raters, of("pairs"))
        found.append(("Pairs of raters", "Cohen's κ.", image))
    return found


def _confusions(agreement: Agreement) -> list[tuple[str, str]]:
    """Return for each rater a picture of what it says where the others say otherwise."""
    short = [ABBREVIATIONS[name] for name in EMOTIONS]
    return [
        (
            f"What {rater} says, and what the majority of the others says",
            figures.confusion(short, table.tolist(), rows="the others", columns=rater),
        )
        for rater, table in agreement.confusions.items()
        if table.any()
    ]


def _panel_figures(panel: ModelPanel) -> Figures:
    short = [ABBREVIATIONS[name] for name in EMOTIONS]
    table: Any = panel.confusion.tolist()
    text = "Rows: the blind consensus. Columns: the model's likeliest category."
    confusion = figures.confusion(short, table, rows="consensus", columns=panel.model)
    curve = label_figures.reliability(panel.before, panel.after)
    below = "A dot below the line: the model is surer than it is right."
    return [("Consensus and model", text, confusion), ("Reliability", below, curve)]

"""Writing stimulus norms: a report to read, and the same numbers as a table."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from emer_studio import __version__
from emer_studio.core.clock import utc_now
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import write_atomic
from emer_studio.report import norm_figures
from emer_studio.report.marks import marks_of, session_banners
from emer_studio.report.norms import COLUMNS, LEAST_HITS, LEAST_PEOPLE, ClipNorms
from emer_studio.report.write import template
from emer_studio.study.folder import Study

__all__ = ["files_of", "write_norms"]


def files_of(out: Path) -> tuple[Path, Path | None]:
    """Return the table and, where `out` is a page, the page that go by this name.

    Raises
    ------
    BadInputError
        When one of them is there already, or the ending is neither of a table nor a page.
    """
    if out.suffix.lower() not in (".csv", ".html"):
        raise BadInputError(
            f"{out} ends in {out.suffix or 'nothing'}; expected .html or .csv.",
            fix="Use .html for a report and its table beside it, .csv for the table.",
        )
    page = out if out.suffix.lower() == ".html" else None
    csv_file = out.with_suffix(".csv") if page else out
    for path in filter(None, (page, csv_file)):
        if path.exists():
            raise BadInputError(
                f"{path} already exists; nothing was written.", fix="Choose another name."
            )
    return csv_file, page


def write_norms(study: Study, norms: Sequence[ClipNorms], out: Path) -> list[Path]:
    """Write the norms of a study; return the files that were written.

    Parameters
    ----------
    study : Study
    norms : sequence of ClipNorms
        At least one.
    out : Path
        See `files_of`.
    """
    table, page = files_of(out)
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for one in norms:
        writer.writerow({k: _cell(v) for k, v in one.row().items()})
    write_atomic(table, text.getvalue())
    if page is None:
        return [table]
    write_atomic(page, _page(study, norms, table.name))
    return [page, table]


def _page(study: Study, norms: Sequence[ClipNorms], table: str) -> str:
    manifests = [session.manifest for session in study.sessions()]
    figures = []
    asked = [one for one in norms if np.isfinite(one.hits.value)]
    if asked:
        figures.append(("Hit rates", norm_figures.hit_rates(asked)))
    rated = [
        one for one in norms if np.isfinite([one.valence.value, one.arousal.value]).all()
    ]
    if rated:
        figures.append(("Valence and arousal", norm_figures.sam_plane(rated)))
    return template("norms.html.j2").render(
        kind="norms",
        marks=marks_of(manifests),
        title=f"Stimulus norms: {study.file.name}",
        subtitle=f"{len(norms)} clips, {len(study.sessions())} sessions",
        banners=session_banners(manifests),
        norms=norms,
        recommended=[one for one in norms if one.recommended],
        asked=bool(asked),
        figures=figures,
        least_people=LEAST_PEOPLE,
        least_hits=LEAST_HITS,
        table=table,
        version=__version__,
        written=utc_now(),
    )


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.4f}"
    return str(value).lower() if isinstance(value, bool) else value

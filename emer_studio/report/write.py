"""Writing the report: one HTML file that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import jinja2

from emer_studio import __version__
from emer_studio.core.clock import utc_now
from emer_studio.core.files import data_dir, write_atomic
from emer_studio.features.face_presence import SAMPLING
from emer_studio.report import figures
from emer_studio.report.collect import RunFacts, SessionFacts
from emer_studio.report.marks import marks_of, session_banners
from emer_studio.report.run_story import run_story
from emer_studio.schema.study import SessionManifest

__all__ = ["template", "write_report"]


def write_report(
    out: Path,
    *,
    title: str,
    sessions: Sequence[SessionFacts],
    runs: Sequence[RunFacts],
    damaged: Sequence[tuple[str, str]] = (),
    kind: str = "study",
) -> None:
    """Write the report of sessions and training runs to `out`, atomically.

    `damaged` are the folders of sessions that cannot be read, each with the reason; `kind`
    is what the window lists it as, ``study`` or ``run``.
    """
    manifests = [facts.session.manifest for facts in sessions]
    html = template("report.html.j2").render(
        kind=kind,
        marks=_marks(manifests, runs),
        title=title,
        subtitle=_subtitle(sessions, runs),
        banners=[
            *session_banners(manifests),
            *_run_banners(runs),
            *(f"Session {name} cannot be read: {why}" for name, why in damaged),
        ],
        sessions=sessions,
        sampling=SAMPLING,
        s_figures={facts.session.name: _session_figures(facts) for facts in sessions},
        runs=[run_story(facts) for facts in runs],
        version=__version__,
        written=utc_now(),
    )
    write_atomic(out, html)


def template(name: str) -> jinja2.Template:
    """Return one of the report's templates; a name that is missing is an error."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(data_dir() / "assets" / "report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(name)


def _subtitle(sessions: Sequence[SessionFacts], runs: Sequence[RunFacts]) -> str:
    people = {facts.session.manifest.participant for facts in sessions}
    counts = (
        (len(people), "participant"),
        (len(sessions), "session"),
        (len(runs), "training run"),
    )
    return ", ".join(f"{n} {what}{'' if n == 1 else 's'}" for n, what in counts if n)


def _marks(manifests: Sequence[SessionManifest], runs: Sequence[RunFacts]) -> list[str]:
    found = set(marks_of(manifests))
    for name in ("synthetic", "simulated", "imported"):
        found |= {name} if any(run.results.get(name) for run in runs) else set()
    return sorted(found)


def _run_banners(runs: Sequence[RunFacts]) -> list[str]:
    found = []
    if any(run.results.get("synthetic") for run in runs):
        found.append(
            "SYNTHETIC training data: a check of the software, not evidence about people."
        )
    if any(run.results.get("simulated") for run in runs):
        found.append("A training run used SIMULATED recordings.")
    return found


def _session_figures(facts: SessionFacts) -> list[tuple[str, str]]:
    found = []
    points = [
        (t.mapped["valence"], t.mapped["arousal"], t.clip)
        for t in facts.trials
        if {"valence", "arousal"} <= t.mapped.keys()
    ]
    if points:
        found.append(("Felt: valence and arousal", figures.affect_map(points)))
    seen = [t for t in facts.trials if len(t.times_s)]
    if seen:
        maps = [(t.clip, t.gaze_xy) for t in seen]
        found.append(("Where they looked", figures.gaze_maps(maps)))
        pupils = [(t.clip, t.times_s, t.pupil_mm) for t in seen]
        found.append(("Pupil", figures.pupil_traces(pupils)))
    rows = [(t.clip, t.fer) for t in facts.trials if t.fer]
    if rows:
        caption = (
            f"Shown: what {facts.fer_model} sees in the face (a suggestion, not a label)"
        )
        found.append((caption, figures.shown(rows)))
    return found

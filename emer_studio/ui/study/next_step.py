"""What to do next in a study, derived from what its folder holds."""

from __future__ import annotations

from dataclasses import dataclass

from emer_studio.study.folder import Study
from emer_studio.study.lock import cut_off
from emer_studio.ui.label.items import Item, find_items
from emer_studio.ui.workspace import count_labelled, datasets_of, reports_of, runs_of

__all__ = ["NextStep", "next_step"]


@dataclass(frozen=True, slots=True)
class NextStep:
    """A sentence, and the page that does it."""

    text: str
    page: str
    action: str


def next_step(study: Study) -> NextStep:
    """Return the first thing that is still to be done, in the order of the work."""
    for name, why in study.damaged():
        return NextStep(
            f"The session {name} cannot be read ({why}) Keep its folder as it is.",
            "session",
            "Run a session",
        )
    sessions = study.sessions()
    if not sessions:
        return NextStep(
            "This study is empty. Run the first session; simulated devices do for a try.",
            "session",
            "Run a session",
        )
    for session in cut_off(study):
        about = session.manifest
        return NextStep(
            f"The session of {about.participant} was cut off. What was recorded is kept;"
            " it can be gone on with.",
            "session",
            "Go to it",
        )
    last = sessions[-1]
    if last.manifest.verdict == "red":
        return NextStep(
            f"The last session ({last.manifest.participant}) is red: select it below and"
            " read what was found before the next participant comes.",
            "session",
            "Run a session",
        )
    items = find_items(study)
    if not items:
        return NextStep(
            "No session has a face video with a finished trial yet.",
            "session",
            "Run a session",
        )
    labelled = count_labelled(study, [item.id for item in items])
    if labelled < len(items):
        return NextStep(
            f"{labelled} of {len(items)} {_kind(items)} carry an expert's label.",
            "label",
            "Label faces",
        )
    if not datasets_of(study):
        return NextStep(
            "Every trial is labelled. Build a dataset from the recordings.",
            "train",
            "Build a dataset",
        )
    if not any(run.results for run in runs_of(study)):
        return NextStep(
            "A dataset is there. Train on it, fold by participant.", "train", "Train"
        )
    if not reports_of(study):
        return NextStep("A training run is done. Write the report.", "report", "Report")
    return NextStep(
        "Everything is up to date. The next participant may come.",
        "session",
        "Run a session",
    )


def _kind(items: list[Item]) -> str:
    return "parts of clips" if any(item.part for item in items) else "trials"

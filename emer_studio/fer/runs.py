"""Where results lie: a folder for each model, and above them the one last asked for.

``derived/prelabel/RUN/VIDEO.csv`` has its summary ``.json`` beside it, its items
``.items.json`` and, where we looked ourselves, ``.faces``. The first three of the run last
asked for also lie in ``derived/prelabel``: what the window, datasets and reports show.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import atomic_stream, read_json, write_json
from emer_studio.schema.predictions import PredictedItems, PrelabelSummary, read_summary

__all__ = [
    "Place",
    "last_shown",
    "recordings_of",
    "run_of",
    "show",
    "shown_place",
    "simulated",
    "study_of",
    "write_about",
]


@dataclass(frozen=True, slots=True)
class Place:
    """The files of one result.

    Attributes
    ----------
    table, summary, items, faces : Path
    """

    table: Path

    @property
    def summary(self) -> Path:
        """Where it comes from and what it amounts to."""
        return self.table.with_suffix(".json")

    @property
    def items(self) -> Path:
        """What it amounts to for each item."""
        return self.table.with_suffix(".items.json")

    @property
    def faces(self) -> Path:
        """What the table was made from."""
        return self.table.with_suffix(".faces")

    def found(self) -> PrelabelSummary | None:
        """Return the summary of a whole result, None where there is none."""
        if not self.table.is_file() or not self.items.is_file():
            return None
        try:
            return read_summary(self.summary)
        except BadInputError:
            return None


def shown_place(video: Path) -> Place:
    """Return the place that the window, datasets and reports read."""
    return Place(video.parent / "derived" / "prelabel" / f"{video.stem}.csv")


def run_of(video: Path, name: str) -> Place:
    """Return the place of a model's own result."""
    return Place(video.parent / "derived" / "prelabel" / name / f"{video.stem}.csv")


def write_about(place: Place, summary: PrelabelSummary, items: PredictedItems) -> None:
    """Write what stands beside the table; the summary last, which says all is there."""
    write_json(place.items, items.model_dump())
    write_json(place.summary, summary.model_dump())


def show(video: Path, name: str) -> bool:
    """Put a run where everybody looks; false when it is there already."""
    ours, shown = run_of(video, name), shown_place(video)
    parts = ("summary", "items")
    if shown.found() and all(_same(getattr(ours, p), getattr(shown, p)) for p in parts):
        return False
    for part in ("table", "items", "summary"):
        with (
            getattr(ours, part).open("rb") as source,
            atomic_stream(getattr(shown, part)) as target,
        ):
            shutil.copyfileobj(source, target)
    return True


def last_shown(folders: Iterable[Path], *, imported: bool = False) -> str:
    """Return the model whose run was last put where everybody looks, empty for none.

    Parameters
    ----------
    folders : iterable of Path
        Studies or sessions; what is neither is passed over.
    imported : bool
        Count other tools' runs too.
    """
    found: list[tuple[int, str]] = []
    for folder in folders:
        for pattern in ("", "sessions/*/"):
            for path in folder.glob(f"{pattern}derived/prelabel/face_*.items.json"):
                summary = Place(path.with_name(path.name.replace(".items.json", ".csv")))
                known = summary.found()
                if known is not None and (imported or not known.imported):
                    found.append((path.stat().st_mtime_ns, known.model))
    return max(found, default=(0, ""))[1]


def _same(one: Path, other: Path) -> bool:
    return one.read_bytes() == other.read_bytes()


def recordings_of(folder: Path) -> list[Path]:
    """Return the finished face recordings of a study or of one session.

    Raises
    ------
    BadInputError
        When the folder is neither, or holds no finished recording.
    """
    if (folder / "study.yaml").is_file():
        found = sorted(folder.glob("sessions/*/face_*.mkv"))
    elif (folder / "session.json").is_file() or any(folder.glob("face_*.mkv")):
        found = sorted(folder.glob("face_*.mkv"))
    else:
        raise BadInputError(
            f"{folder} is neither a study (study.yaml) nor a session (session.json).",
            fix="Give a study, a session, a video or a picture.",
        )
    if not found:
        raise BadInputError(f"{folder} holds no finished face recording (face_*.mkv).")
    return found


def study_of(video: Path) -> Path | None:
    """Return the study that a recording lies in, None when it lies in none."""
    study = video.resolve().parent.parent.parent
    return study if (study / "study.yaml").is_file() else None


def simulated(session: Path) -> bool | None:
    """Return the session's own flag; None where nobody says."""
    path = session / "session.json"
    manifest = read_json(path) if path.is_file() else None
    value = manifest.get("simulated") if isinstance(manifest, dict) else None
    return value if isinstance(value, bool) else None

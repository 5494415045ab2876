"""How a head does on people it had not seen, beside the model that it would replace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.fer.items import top_frames
from emer_studio.fer.runs import last_shown, run_of, shown_place
from emer_studio.labels.calibration_curve import calibration_of
from emer_studio.recording.reader import Recording
from emer_studio.schema.fer_head import Against, HeadScores
from emer_studio.schema.predictions import read_items
from emer_studio.schema.results import Difference
from emer_studio.study.folder import Study
from emer_studio.training.comparing.compare import compare, draws_of
from emer_studio.training.fer_head.clips import HeadClips
from emer_studio.training.scores.metrics import (
    bootstrap_classification,
    classification_scores,
    confusion_matrix,
)

__all__ = ["Rival", "against", "rival_of", "scores_of", "spoken", "spoken_by_mean"]

Floats = NDArray[np.float64]
_N = len(EMOTIONS)


@dataclass(frozen=True, slots=True)
class Rival:
    """What another model said of the items of a study.

    Attributes
    ----------
    model : str
    said : dict of str to (7,) float64
        By item, from the frames that speak for it.
    """

    model: str
    said: dict[str, Floats]


def spoken(frames: Sequence[Floats]) -> Floats:
    """Return each clip's probabilities (N, 7) as pre-labels of items are made."""
    return np.stack([p[top_frames(p)].mean(axis=0) for p in frames])


def spoken_by_mean(frames: Sequence[Floats]) -> Floats:
    """Return each clip's mean over its frames, (N, 7)."""
    return np.stack([p.mean(axis=0) for p in frames])


def rival_of(study: Study, wanted: str | None) -> Rival | None:
    """Return what a model said; the one last asked for unless it is named.

    Raises
    ------
    BadInputError
        When the named one has said nothing.
    """
    name = wanted or last_shown([study.folder], imported=True)
    said = _said(study, name) if name else {}
    if wanted and not said:
        raise BadInputError(
            f"No session of {study.folder} has been pre-labelled by {wanted}.",
            fix=f"Run `emer-studio prelabel {study.folder} --model {wanted}` first.",
        )
    return Rival(name, said) if said else None


def _said(study: Study, name: str) -> dict[str, Floats]:
    found: dict[str, Floats] = {}
    for session in study.sessions():
        for video in Recording(session.folder).videos:
            found |= _said_of(video, name)
    return found


def _said_of(video: Path, name: str) -> dict[str, Floats]:
    for place in (run_of(video, name), shown_place(video)):
        if not place.items.is_file():
            continue
        one = read_items(place.items)
        if one.model == name:
            rows = ((item, row.p_top) for item, row in one.items.items())
            return {
                item: np.array([p[e] for e in EMOTIONS], np.float64)
                for item, p in rows
                if all(p[e] is not None for e in EMOTIONS)
            }
    return {}


def scores_of(
    p: Floats, truth: NDArray[np.int64], participants: Sequence[str], seed: int
) -> HeadScores:
    """Return the scores of probabilities (N, 7)."""
    said = p.argmax(axis=1)
    table = confusion_matrix(truth, said, _N)
    counts = table.sum(axis=1)
    recall = {
        name: float(table[k, k] / counts[k]) if counts[k] else None
        for k, name in enumerate(EMOTIONS)
    }
    return HeadScores(
        clips=len(truth),
        participants=len(set(participants)),
        **classification_scores(table),
        ci95=bootstrap_classification(truth, said, participants, _N, seed),
        ece=calibration_of(p, truth, np.ones((2, len(truth)))).ece.value,
        recall=recall,
        counts=dict(zip(EMOTIONS, counts.tolist(), strict=True)),
    )


def against(clips: HeadClips, p: Floats, rival: Rival, seed: int) -> Against | None:
    """Compare on the clips that both have an answer to; None without any."""
    ids = [sample.sample_id for sample in clips.samples]
    both = np.array([k for k, name in enumerate(ids) if name in rival.said], np.int64)
    if not len(both):
        return None
    theirs = np.stack([rival.said[ids[k]] for k in both])
    truth = clips.truth[both]
    people = [clips.participants[k] for k in both]
    draws = draws_of(people, [clips.stimuli[k] for k in both], seed)
    ours, other = (x.argmax(axis=1).astype(np.float64) for x in (p[both], theirs))
    gaps = compare(truth.astype(np.float64), ours, other, _N, draws)
    return Against(
        model=rival.model,
        head=scores_of(p[both], truth, people, seed),
        other=scores_of(theirs, truth, people, seed),
        differences={n: Difference.model_validate(gap) for n, gap in gaps.items()},
    )

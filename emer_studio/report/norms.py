"""What clips bring about: numbers for choosing those that bring about one emotion.

Hits, intensity and the success index are those of Gross & Levenson 1995, *Emotion
elicitation using films* (Cognition & Emotion 9): a participant counts as a hit when the
target emotion was felt at least one point more strongly than every other; the index is the
sum of the standardised hit rate and intensity. Where only one emotion was chosen, a hit is
that the target was chosen, and there is no intensity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.core.resampling import Interval, drawn_weights, mean_interval
from emer_studio.recording.reader import Recording
from emer_studio.schema.stimulus import load_manifest
from emer_studio.study.folder import Study

__all__ = [
    "COLUMNS",
    "LEAST_HITS",
    "LEAST_PEOPLE",
    "ClipNorms",
    "Viewing",
    "norms_of",
    "viewings",
]

LEAST_PEOPLE = 8
"""Fewer who saw a clip say too little to recommend it. Chosen by us: the interval of a hit
rate of 80 % then still reaches from about 50 % to 100 %."""
LEAST_HITS = 0.5
"""Hit rate below which a clip is not recommended, however it compares. Chosen by us: more
often than not it has to bring about what it is meant to."""
_RECOMMENDED = 3  # clips per emotion; chosen by us
_OTHERS = 1.0  # points by which the target has to be stronger (Gross & Levenson 1995)


@dataclass(frozen=True, slots=True)
class Viewing:
    """One participant's answers after one clip.

    Attributes
    ----------
    hit : float
        1 or 0; NaN where no emotion was asked.
    strength : float
        Of the target emotion, in points of its scale; NaN where it was not asked.
    valence, arousal : float
        From -1 to 1; NaN where not rated.
    """

    participant: str
    clip: str
    emotion: str
    hit: float
    strength: float
    valence: float
    arousal: float


@dataclass(frozen=True, slots=True)
class ClipNorms:
    """One clip, over the participants who saw it.

    Attributes
    ----------
    hits, strength, valence, arousal : Interval
        Mean over participants with its 95 % interval.
    success : float
        Standardised hit rate and, where it was asked, intensity, added; within the study.
    recommended : bool
        Among the best of its emotion, where enough people saw it.
    """

    clip: str
    emotion: str
    people: int
    hits: Interval
    strength: Interval
    valence: Interval
    arousal: Interval
    success: float
    recommended: bool = False

    def row(self) -> dict[str, Any]:
        """Return the cells of a table, intervals as three."""
        found: dict[str, Any] = {}
        for name, value in asdict(self).items():
            if isinstance(value, dict):
                ends = {f"{name}_low": value["low"], f"{name}_high": value["high"]}
                found |= {name: value["value"], **ends}
            else:
                found[name] = value
        return found


_NOTHING = Interval(float("nan"), float("nan"), float("nan"))
COLUMNS = tuple(
    ClipNorms("", "", 0, _NOTHING, _NOTHING, _NOTHING, _NOTHING, success=0.0).row()
)
"""Of `ClipNorms.row`."""


def viewings(
    study: Study, on_session: Callable[[int, int], None] = lambda _done, _total: None
) -> list[Viewing]:
    """Return what was answered after every clip that was shown to its end, once.

    `on_session` is called with the number of sessions done and their total.
    """
    found, sessions = [], study.sessions()
    for number, session in enumerate(sessions, start=1):
        on_session(number, len(sessions))
        try:
            recording = Recording(session.folder)
            manifest = load_manifest(study.folder / session.manifest.manifest)
            emotions = {clip.id: clip.emotion for clip in manifest.clips}
            for shown in recording.shown_clips:
                mine = [r for r in recording.ratings if r.get("trial") == shown.trial]
                if shown.done and shown.clip in emotions:
                    target = emotions[shown.clip]
                    person = session.manifest.participant
                    found.append(_viewing(person, shown.clip, target, mine))
        except (BadInputError, OSError):  # `check` tells what is wrong with it
            continue
    return found


def norms_of(seen: Iterable[Viewing]) -> list[ClipNorms]:
    """Return the norms of each clip, by emotion, the most successful first."""
    by_clip: dict[str, list[Viewing]] = {}
    for one in seen:
        by_clip.setdefault(one.clip, []).append(one)
    plain = [_norms(clip, views) for clip, views in by_clip.items()]
    success = _standardised([n.hits.value for n in plain])
    strength = _standardised([n.strength.value for n in plain])
    index = success + np.where(np.isfinite(strength), strength, 0.0)
    ranked = sorted(
        zip(plain, index.tolist(), strict=True),
        key=lambda pair: (EMOTIONS.index(pair[0].emotion), -_or_least(pair[1])),
    )
    left = dict.fromkeys(EMOTIONS, _RECOMMENDED)
    found = []
    for norms, value in ranked:
        good = norms.people >= LEAST_PEOPLE and norms.hits.value >= LEAST_HITS
        good = good and left[norms.emotion] > 0
        left[norms.emotion] -= good
        facts = {k: getattr(norms, k) for k in ClipNorms.__slots__}
        found.append(ClipNorms(**facts | {"success": value, "recommended": good}))
    return found


def _viewing(
    participant: str, clip: str, target: str, ratings: list[dict[str, Any]]
) -> Viewing:
    hit = strength = valence = arousal = float("nan")
    for rating in ratings:
        value, mapped = rating.get("value"), rating.get("mapped")
        if rating.get("kind") == "items" and isinstance(value, dict) and target in value:
            others = [float(v) for name, v in value.items() if name != target]
            strength = float(value[target])
            hit = float(strength >= max(others, default=0.0) + _OTHERS)
        elif value in EMOTIONS and np.isnan(strength):
            hit = float(value == target)
        elif isinstance(mapped, dict):
            valence = float(mapped.get("valence", valence))
            arousal = float(mapped.get("arousal", arousal))
    return Viewing(participant, clip, target, hit, strength, valence, arousal)


def _norms(clip: str, views: list[Viewing]) -> ClipNorms:
    people = [view.participant for view in views]
    weights = drawn_weights(people, [clip] * len(views))

    def over(name: str) -> Interval:
        return mean_interval(weights, np.array([getattr(v, name) for v in views]))

    return ClipNorms(
        clip=clip,
        emotion=views[0].emotion,
        people=len(set(people)),
        hits=over("hit"),
        strength=over("strength"),
        valence=over("valence"),
        arousal=over("arousal"),
        success=0.0,
    )


def _standardised(values: list[float]) -> npt.NDArray[np.float64]:
    numbers = np.array(values, float)
    known = np.isfinite(numbers)
    spread = numbers[known].std() if known.any() else 0.0
    if spread == 0:
        return np.where(known, 0.0, np.nan)
    return np.asarray((numbers - numbers[known].mean()) / spread)


def _or_least(value: float) -> float:
    return value if np.isfinite(value) else -np.inf

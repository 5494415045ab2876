"""Make a synthetic EMER: drawn faces and invented gaze with labels of known origin.

A software check, not evidence about people; every output made from it says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.dataset.assembly import measures_row
from emer_studio.dataset.cache import CacheWriter
from emer_studio.dataset.synth_model import WORLDS, SynthModel, reachable_limits
from emer_studio.dataset.synth_raters import Raters
from emer_studio.features.eye_table import eye_table
from emer_studio.features.eyes import Eyes, eyes_of
from emer_studio.features.gaze_table import eyes_table
from emer_studio.features.trial_measures import TRIAL_MEASURES, trial_measures
from emer_studio.labels.votes import majority
from emer_studio.recording.screen_geometry import geometry_of
from emer_studio.schema.dataset import FACE_SIZE, DatasetManifest, SampleRow
from emer_studio.synthetic.face import FaceRenderer
from emer_studio.synthetic.gaze import GazeModel

__all__ = ["SYNTHETIC_NOTE", "SynthConfig", "synthesise"]

SYNTHETIC_NOTE = (
    "Synthetic: drawn faces and invented gaze. A software check, not evidence about people."
)
_VALENCE_AROUSAL = {
    "happiness": (0.75, 0.50),
    "sadness": (-0.75, -0.25),
    "fear": (-0.50, 0.75),
    "surprise": (0.25, 0.75),
    "disgust": (-0.75, 0.25),
    "anger": (-0.75, 0.50),
    "neutral": (0.0, -0.25),
}
"""Invented centre of each emotion; the signs follow common circumplex drawings."""
_MEAN_OF = 4
"""Raters whose mean the valence, arousal and intensity seen in a face are."""


@dataclass(frozen=True, slots=True)
class SynthConfig:
    """What to make.

    Attributes
    ----------
    participants, clips : int
        Every participant sees every clip once.
    seed : int
        Everything is determined by it.
    frames : int
        Face frames of each sample.
    clip_s : float
        Length of a clip, seconds.
    rate_hz : float
        Eye rows per second.
    missing : float
        Share of the frames without a face; gaze is lost five times as often per second,
        for some 80 ms each.
    shuffled : bool
        Labels are those of another, independent draw: nothing can be learnt from anything.
    raters : Raters
        The experts; the consensus of their votes is the FER label.
    """

    participants: int
    clips: int
    seed: int = 0
    frames: int = 32
    clip_s: float = 8.0
    rate_hz: float = 60.0
    missing: float = 0.02
    shuffled: bool = False
    raters: Raters = field(default_factory=Raters)


def synthesise(
    folder: Path,
    config: SynthConfig,
    model: SynthModel | None = None,
    on_sample: Callable[[int, int], None] | None = None,
) -> DatasetManifest:
    """Write a synthetic dataset and return its manifest.

    Parameters
    ----------
    folder : Path
        Created; an existing folder that is not empty is refused.
    config : SynthConfig
        What to make.
    model : SynthModel, optional
        The generating model.
    on_sample : callable, optional
        Called with (done, total) after each sample.
    """
    for what in ("participants", "clips", "frames"):
        if getattr(config, what) < 1:
            raise BadInputError(
                f"Expected at least 1 for {what}, found {getattr(config, what)}."
            )
    if not 0 <= config.missing < 1:
        raise BadInputError(f"Expected a missing share of 0 to 1, found {config.missing}.")
    if config.seed < 0:
        raise BadInputError(f"Expected a seed of 0 or more, found {config.seed}.")
    config.raters.check()
    model = model or SynthModel()
    if model.world not in WORLDS:
        raise BadInputError(
            f"Expected the world {', '.join(WORLDS)}; found {model.world!r}."
        )
    if model.world == "luminance" and config.clips % (2 * len(EMOTIONS)):
        raise BadInputError(
            f"Expected a multiple of {2 * len(EMOTIONS)} clips in the world luminance,"
            f" found {config.clips}: else a clip's light would tell its emotion."
        )
    clips = _clips(config)
    prior = np.bincount(clips, minlength=len(EMOTIONS)) / len(clips)
    writer = CacheWriter(
        folder,
        name=f"synthetic EMER, seed {config.seed}",
        synthetic=True,
        notes=SYNTHETIC_NOTE,
        limits=reachable_limits(model, prior, shuffled=config.shuffled),
        generator={
            "participants": config.participants,
            "clips": [EMOTIONS[target] for target in clips],
            "seed": config.seed,
            "frames": config.frames,
            "clip_s": config.clip_s,
            "rate_hz": config.rate_hz,
            "missing": config.missing,
            "shuffled": config.shuffled,
            "model": model.described(),
            "raters": config.raters.described(prior @ model.shown_given_target()),
        },
    )
    tables = _Tables()
    with writer:
        for person in range(config.participants):
            _person(writer, config, model, clips, person, tables, on_sample)
        writer.add_table("measures.csv", tables.measures)
        writer.add_table("votes.csv", tables.votes)
        writer.add_table("truth.csv", tables.truth)
    return writer.manifest


@dataclass
class _Tables:
    """What is written beside the samples, heads first.

    ``truth.csv`` says what the faces and eyes were drawn from, which labels may not.
    """

    measures: list[list[str]] = field(
        default_factory=lambda: [["sample_id", *TRIAL_MEASURES]]
    )
    votes: list[list[str]] = field(default_factory=lambda: [["sample_id", *EMOTIONS]])
    truth: list[list[str]] = field(
        default_factory=lambda: [["sample_id", "target", "felt", "shown"]]
    )


def _clips(config: SynthConfig) -> NDArray[np.int64]:
    """Return the target emotion of each clip, the seven in turn in a drawn order."""
    order = np.random.default_rng([config.seed, 1]).permutation(len(EMOTIONS))
    return np.asarray(np.resize(order, config.clips))


def _person(
    writer: CacheWriter,
    config: SynthConfig,
    model: SynthModel,
    clips: NDArray[np.int64],
    person: int,
    tables: _Tables,
    on_sample: Callable[[int, int], None] | None,
) -> None:
    face_seed = int(np.random.default_rng([config.seed, 2, person]).integers(2**31))
    renderer = FaceRenderer(face_seed, 320, 240)
    order = np.random.default_rng([config.seed, 3, person]).permutation(len(clips))
    for position, clip in enumerate(order):
        rng = np.random.default_rng([config.seed, 4, person, int(clip)])
        target = int(clips[clip])
        felt, shown = _drawn(model, target, rng)
        told = (felt, shown)
        if config.shuffled:
            told = _drawn(model, int(rng.choice(clips)), rng)
        strength = float(rng.uniform(0.6, 1.0))
        start_s = position * (config.clip_s + 20.0)
        # Of their own, so that raters change neither faces nor eyes.
        draw = np.random.default_rng([config.seed, 5, person, int(clip)])
        votes = config.raters.votes(told[1], draw)
        row = SampleRow(
            sample_id=f"S{person + 1:03d}_c{clip + 1:02d}_{EMOTIONS[target]}",
            participant=f"S{person + 1:03d}",
            session="ses-01",
            stimulus=f"c{clip + 1:02d}_{EMOTIONS[target]}",
            trial=position + 1,
            start_s=start_s,
            end_s=start_s + config.clip_s,
            **_self_report(told[0], rng),
            **_expert_labels(told[1], strength, votes, rng),
        )
        faces, valid, times = _faces(renderer, shown, strength, start_s, config, rng)
        bright = clip // len(EMOTIONS) % 2 == 0  # every emotion in turn, then the next
        centre = model.eye_centre(felt, target, bright=bool(bright))
        eyes = _eyes(model, centre, config, rng)
        table = eye_table(eyes, 0.0, np.inf)
        writer.add(row, faces, valid, times, table, eyes.gaze.times_s)
        measured = trial_measures(eyes, 0.0, config.clip_s)
        tables.measures.append(measures_row(row.sample_id, measured))
        tables.votes.append([row.sample_id, *(str(votes.get(e, 0)) for e in EMOTIONS)])
        names = (EMOTIONS[kind] for kind in (target, felt, shown))
        tables.truth.append([row.sample_id, *names])
        if on_sample is not None:
            on_sample(writer.n_samples, config.participants * len(clips))


def _drawn(model: SynthModel, target: int, rng: np.random.Generator) -> tuple[int, int]:
    """Draw what is felt at a clip and what the face shows of it."""
    felt = int(rng.choice(len(EMOTIONS), p=model.felt_given_target()[target]))
    return felt, int(rng.choice(len(EMOTIONS), p=model.shown_given_felt()[felt]))


def _self_report(felt: int, rng: np.random.Generator) -> dict[str, float | str]:
    """Return the felt emotion and its ratings on a 9-point scale mapped to [-1, 1]."""
    centre = np.array(_VALENCE_AROUSAL[EMOTIONS[felt]])
    steps = np.clip(np.round((centre + rng.normal(0, 0.15, 2)) * 4), -4, 4) / 4 + 0.0
    return {
        "er_emotion": EMOTIONS[felt],
        "er_valence": float(steps[0]),
        "er_arousal": float(steps[1]),
    }


def _expert_labels(
    shown: int, strength: float, votes: dict[str, int], rng: np.random.Generator
) -> dict[str, float | str | None]:
    """Return what raters see: their majority, and means over raters to 0.01.

    The means do not depend on how many vote.
    """
    emotion = EMOTIONS[shown]
    visible = 0.0 if emotion == "neutral" else strength
    valence, arousal = np.array(_VALENCE_AROUSAL[emotion]) * max(visible, 0.2)
    noise = rng.normal(0, 0.12, (3, _MEAN_OF)).mean(axis=1)
    return {
        "fer_emotion": majority(votes),
        "fer_valence": _rounded(valence + noise[0], -1, 1),
        "fer_arousal": _rounded(arousal + noise[1], -1, 1),
        "fer_intensity": _rounded(3 * visible + 2 * noise[2], 0, 3),
    }


def _rounded(value: float, low: float, high: float) -> float:
    return round(float(np.clip(value, low, high)), 2) + 0.0


def _faces(
    renderer: FaceRenderer,
    shown: int,
    strength: float,
    start_s: float,
    config: SynthConfig,
    rng: np.random.Generator,
) -> tuple[NDArray[np.uint8], NDArray[np.bool_], NDArray[np.float64]]:
    """Draw the face frames: the expression rises, holds and fades a little."""
    times = (np.arange(config.frames) + 0.5) * config.clip_s / config.frames
    part = times / config.clip_s
    rise = np.minimum(part / 0.25, 1.0) * (1.0 - 0.3 * np.maximum(part - 0.7, 0.0) / 0.3)
    valid = rng.random(config.frames) >= config.missing
    faces = np.zeros((config.frames, FACE_SIZE, FACE_SIZE, 3), np.uint8)
    for i in np.flatnonzero(valid):
        picture = renderer.render_crop(
            EMOTIONS[shown],
            strength * float(rise[i]),
            FACE_SIZE,
            t_s=start_s + float(times[i]),
        )
        faces[i] = picture[..., ::-1]  # drawn as BGR, stored as RGB
    return faces, valid, times


def _eyes(
    model: SynthModel,
    centre: NDArray[np.float64],
    config: SynthConfig,
    rng: np.random.Generator,
) -> Eyes:
    source = GazeModel(int(rng.integers(2**31)), config.rate_hz, loss_hz=5 * config.missing)
    n = max(round(config.clip_s * config.rate_hz), 1)
    drawn = source.next(n, response=model.draw_eyes(centre, rng))
    gaze = eyes_table(
        drawn.times_s,
        drawn.xy,
        drawn.pupil_mm,
        drawn.openness_mm,
        drawn.origin_mm,
        geometry_of({}, drawn.origin_mm),
    )
    return eyes_of(gaze)

"""From recorded sessions to a dataset: a sample of each clip, or of each part of it.

Faces are worked out trial by trial and eyes session by session, side by side, and kept
(`dataset.pieces`); what is kept already is not done again. Then the samples are put
together. A trial that cannot become a sample is told with its reason; the rest is built.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import refuse_taken
from emer_studio.dataset.assembly import Assembly, BuildReport, Planned
from emer_studio.dataset.blind import BLIND_FILE, BlindPass
from emer_studio.dataset.cache import CacheWriter
from emer_studio.dataset.clip_facts import CLIPS_FILE, clip_table
from emer_studio.dataset.clip_places import clip_places
from emer_studio.dataset.eye_work import EYE_VERSION, EyeWork
from emer_studio.dataset.face_work import DETECTION_WIDTH_PX, FACE_VERSION, FaceWork
from emer_studio.dataset.jobs import Work, cores, work_out
from emer_studio.dataset.pieces import Contents, key_of
from emer_studio.dataset.trials import Trial, trials_of
from emer_studio.features.faces import FaceDetector, open_detector
from emer_studio.labels.blind import unled, unproven
from emer_studio.labels.consensus import Consensus, consensus, consensus_of_ratings
from emer_studio.labels.ratings import events_of, ratings_of
from emer_studio.labels.units import Units
from emer_studio.recording.reader import Recording
from emer_studio.schema.decisions import Decisions
from emer_studio.schema.eye_parameters import EyeParameters
from emer_studio.study.decisions import decisions_of
from emer_studio.study.demographics import Demographics
from emer_studio.study.folder import Session, Study

__all__ = [
    "BuildReport",
    "blind_pass_of",
    "build_dataset",
    "consensus_of",
    "notes_of",
]

OnTrial = Callable[[int, int], None]


def build_dataset(
    study: Study,
    out: Path,
    *,
    workers: int | None = None,
    on_trial: OnTrial = lambda _done, _of: None,
) -> BuildReport:
    """Build a dataset from every finished trial of a study.

    Parameters
    ----------
    study : Study
        The study.
    out : Path
        Folder to create; one that holds something is refused.
    workers : int, optional
        Processes; as many as there are cores unless it is given.
    on_trial : callable
        Called with the number of trials done and their total.

    Raises
    ------
    BadInputError
        When the study has no trial that can become a sample.
    """
    refuse_taken(out)
    report, detector = BuildReport(), open_detector(width_px=DETECTION_WIDTH_PX)
    report.detector = detector.name
    report.left_out += [{"session": name, "reason": why} for name, why in study.damaged()]
    planned = list(_plans(study, detector, report))
    if not any(plan.trials for plan in planned) and not report.left_out:
        raise BadInputError(
            f"The study {study.folder} has no finished trial.",
            fix="Record a session first.",
        )
    problems = _worked_out(planned, workers or cores(), report, on_trial)
    _put_together(study, out, planned, problems, report)
    return report


def _plans(study: Study, detector: FaceDetector, report: BuildReport) -> Iterator[Planned]:
    for session in study.sessions():
        try:
            recording = Recording(session.folder)
            decisions = decisions_of(session.folder)
            units = Units(recording)
            trials = tuple(trials_of(recording, decisions, units))
            unit = units.unit.words
            yield _plan(study, session, decisions, unit, trials, detector)
        except BadInputError as problem:
            report.left_out.append({"session": session.name, "reason": problem.message})


def _plan(
    study: Study,
    session: Session,
    decisions: Decisions,
    unit: str,
    trials: tuple[Trial, ...],
    detector: FaceDetector,
) -> Planned:
    contents, folder = Contents(session.folder), session.folder
    videos = contents.of("face_*.mkv", "face_*.frames.csv")
    seen_by = (FACE_VERSION, detector.name, detector.sha256, DETECTION_WIDTH_PX, videos)
    faces = tuple(
        FaceWork(folder, t.number, t.onset_s, t.end_s, key_of(*seen_by, t.onset_s, t.end_s))
        for t in trials
    )
    spans = tuple((t.number, t.onset_s, t.end_s) for t in trials)
    places = clip_places(study, session.manifest, {t.clip for t in trials})
    on_display = tuple(places[t.clip] for t in trials)
    made_of = (contents.of("*.xdf"), session.manifest.gaze_stream, session.manifest.display)
    # Of a clip its name, which holds its hash; where the study lies does not matter.
    shown = [(p.frame, p.file and p.file.name, p.trim_in_s) for p in on_display]
    parameters = study.file.eyes
    cuts = tuple(trial.spans for trial in trials)
    parts = [(s.name, s.start_s, s.end_s) for cut in cuts for s in cut if s.part]
    key = key_of(EYE_VERSION, made_of, spans, shown, _dumped(parameters), *parts)
    eyes = EyeWork(folder, spans, on_display, parameters, key, cuts)
    return Planned(session, decisions, unit, trials, faces, eyes)


def _dumped(parameters: EyeParameters) -> dict[str, Any]:
    return parameters.model_dump(mode="json")


def _worked_out(
    planned: list[Planned], workers: int, report: BuildReport, on_trial: OnTrial
) -> dict[Work, str]:
    """Work out what is not kept yet; return why some could not be."""
    faces = [work for plan in planned for work in plan.faces]
    eyes = [plan.eyes for plan in planned if plan.trials]
    # Eyes first: one of them takes as long as several trials.
    works: list[Work] = [*eyes, *faces]
    todo = [work for work in works if not work.piece.whole]
    done = len(faces) - sum(isinstance(work, FaceWork) for work in todo)
    report.worked_out = len(todo)
    if done:
        on_trial(done, len(faces))

    def one_more(work: Work) -> None:
        nonlocal done
        if isinstance(work, FaceWork):
            done += 1
            on_trial(done, len(faces))

    return work_out(todo, workers, one_more)


def _put_together(
    study: Study,
    out: Path,
    planned: list[Planned],
    problems: dict[Work, str],
    report: BuildReport,
) -> None:
    simulated = any(plan.session.manifest.simulated for plan in planned)
    imported = any(plan.session.manifest.imported for plan in planned)
    report.units = sorted({plan.unit for plan in planned if plan.trials})
    notes = [notes_of(simulated=simulated, imported=imported)]
    if len(report.units) > 1:
        notes.append(f"Samples are of different kinds: {', '.join(report.units)}.")
    with CacheWriter(
        out,
        name=study.file.name,
        simulated=simulated,
        imported=imported,
        units=report.units,
        maps=True,
        notes=" ".join(filter(None, notes)),
    ) as writer:
        labels, unled = consensus_of(study), blind_pass_of(study)
        rules = study.file.exclude
        assembly = Assembly(writer, rules, labels, unled, problems, report)
        for plan in planned:
            assembly.add(plan)
        if not report.samples:
            reasons = sorted({entry["reason"].rstrip(".") for entry in report.left_out})
            raise BadInputError(
                f"No trial could become a sample: {'; '.join(reasons)}.",
                fix="emer-studio check SESSION tells more about each recording.",
            )
        writer.add_table("trials.csv", assembly.table)
        writer.add_table("measures.csv", assembly.measures)
        writer.add_table("votes.csv", assembly.votes)
        writer.add_table(BLIND_FILE, assembly.blind)
        shown = [(p.session.manifest, [t.clip for t in p.trials]) for p in planned]
        writer.add_table(CLIPS_FILE, clip_table(study.folder, shown))
        writer.add_table("participants.csv", _participants(study, assembly.people))


def notes_of(*, simulated: bool, imported: bool) -> str:
    """Return what whoever uses the data must know before anything else."""
    simulation = "Contains simulated recordings. Not data about people."
    elsewhere = "Contains recordings from elsewhere, timed as they were given."
    return " ".join([simulation] * simulated + [elsewhere] * imported)


def _participants(study: Study, people: set[str]) -> list[list[str]]:
    """Return the table of the people in a dataset, with what the protocols asked them."""
    known = Demographics(study.folder).all()
    items = list(
        dict.fromkeys(item for code in sorted(people) for item in known.get(code, {}))
    )
    rows = [
        [code, *(known.get(code, {}).get(item, "") for item in items)] for code in people
    ]
    return [["participant", *items], *sorted(rows)]


def consensus_of(study: Study) -> dict[str, Consensus]:
    """Return what the experts agree on, by sample; empty where nobody labelled."""
    return consensus(events_of(study), study.file.consensus)


def blind_pass_of(study: Study) -> BlindPass:
    """Return the same of the blind pass alone: what no suggestion can have led."""
    ratings = ratings_of(events_of(study))
    agreed = consensus_of_ratings(filter(unled, ratings), study.file.consensus)
    return BlindPass(agreed, Counter(r.item for r in ratings if unproven(r)))

"""One job that trains EMERT and its variants, and says what each difference is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import write_json
from emer_studio.schema.training import RunInfo
from emer_studio.study.runs import Entry, open_run
from emer_studio.training.ablation.variants import DEVIATIONS, WHOLE, Variant
from emer_studio.training.comparing.comparison import Pair
from emer_studio.training.comparing.runs import compare_runs
from emer_studio.training.fit.job import Settings, Watch
from emer_studio.training.models.registry import model_named
from emer_studio.training.prepare import Prepared
from emer_studio.training.runs.crew import Crew
from emer_studio.training.runs.experiment import train_all
from emer_studio.training.runs.run_info import describe, read_run

__all__ = ["FILE", "ONE_SEED", "ablate"]

FILE = "ablation.json"
ONE_SEED = (
    "One seed: the differences hold what another seed would change; intervals are over"
    " people and stimuli only."
)
_MODEL = "emert"
_HOW = (
    "protocol", "model", "preset", "view", "modalities", "maps", "face_net", "cnn_init",
    "variant", "without", "changes", "epochs", "batch_size", "seed", "precision", "split",
    "folds", "dataset_manifest_sha256",
)  # fmt: skip


def ablate(
    prepared: Prepared,
    settings: Settings,
    chosen: Sequence[Variant],
    folder: Path,
    watch: Watch,
    cnn_init: str = "random",
    crew: Crew | None = None,
) -> dict[str, Any]:
    """Train what is not trained yet and compare everything with the whole model.

    Parameters
    ----------
    prepared : Prepared
        The same folds for all.
    settings : Settings
        Of the whole model.
    chosen : sequence of Variant
        From `variants.variants`; the whole model first.
    folder : Path
        Gets a run folder for each variant and ``ablation.json``. What is there already is
        gone on with.
    watch : Watch
        Who hears the progress and may end it.
    cnn_init : str, optional
        Where the face network starts: "random", or the hash of a weights file.
    crew : Crew, optional
        Trains several folds at the same time.

    Returns
    -------
    dict
        What was written.

    Raises
    ------
    BadInputError
        When the folder holds runs that were made in another way.
    """
    learner = model_named(_MODEL)
    plan = []
    for one in chosen:
        mine = one.change(replace(settings, variant=one.name))
        plan.append((one, mine, describe(prepared, learner.name, mine, cnn_init)))
    waiting = [step for step in plan if not _done(folder / step[0].name, step[2])]
    for number, (one, mine, info) in enumerate(waiting, start=1):
        watch.check_stop()
        watch.console.event(
            "variant", name=one.name, number=number, of=len(waiting), seed=mine.seed
        )
        watch.console.note(f"-- {number} of {len(waiting)}: {one.name}, {one.words}")
        run = folder / one.name
        run.mkdir(parents=True, exist_ok=True)
        train_all(prepared, learner, mine, run, watch, info, crew)
    told = _told(prepared, settings, chosen, folder)
    write_json(folder / FILE, told)
    return told


def _done(run: Path, wanted: RunInfo) -> bool:
    """Return whether a variant is trained; refuse one that was begun in another way."""
    if not (run / "run.json").is_file():
        return False
    found = read_run(run)
    other = [name for name in _HOW if getattr(found, name) != getattr(wanted, name)]
    if other:
        raise BadInputError(
            f"{run} was begun in another way ({', '.join(other)} differ).",
            fix="Choose another folder with --out, or give the same options again.",
        )
    return found.state == "done" and (run / "results.json").is_file()


def _told(
    prepared: Prepared, settings: Settings, chosen: Sequence[Variant], folder: Path
) -> dict[str, Any]:
    runs = {one.name: open_run(folder / one.name) for one in chosen}
    whole = runs[WHOLE.name]
    others = [runs[one.name] for one in chosen if one is not WHOLE]
    pairs = compare_runs([whole, *others]).pairs if others else ()
    less_whole = {one.name: pair for one, pair in zip(chosen[1:], pairs, strict=True)}
    manifest = prepared.dataset.manifest
    return {
        "format_version": 1,
        "protocol": prepared.benchmark.name,
        "folder": str(folder),
        "dataset": str(prepared.dataset.folder),
        "dataset_manifest_sha256": prepared.dataset.manifest_sha256,
        "synthetic": manifest.synthetic,
        "simulated": manifest.simulated,
        "folds": len(prepared.split),
        "folds_by": prepared.folds,
        "epochs": settings.epochs,
        "seed": settings.seed,
        "variants": [
            {
                "name": one.name,
                "words": one.words,
                "group": one.group,
                "run": str(folder / one.name),
                "score": None if (score := runs[one.name].score) is None else asdict(score),
                "less_whole": _gaps(less_whole.get(one.name)),
                "before": one.before or None,
                "part": one.part or None,
                "less_before": _less_before(one, runs),
            }
            for one in chosen
        ],
        "deviations": [
            {"name": one.name, "ours": one.ours, "official": one.official}
            for one in DEVIATIONS
        ],
        "remarks": _remarks(prepared, settings, chosen),
    }


def _less_before(one: Variant, runs: dict[str, Entry]) -> list[dict[str, Any]]:
    """Return the differences to the step before; a pair alone is corrected for nothing."""
    if not one.before:
        return []
    gaps = _gaps(compare_runs([runs[one.before], runs[one.name]]).pairs[0])
    return [{**gap, "p_holm": None, "p_crossed_holm": None} for gap in gaps]


def _gaps(pair: Pair | None) -> list[dict[str, Any]]:
    """Return the difference in the main score of each label."""
    if pair is None:
        return []
    return [{"label": label.label, **asdict(label.scores[0])} for label in pair.labels]


def _remarks(
    prepared: Prepared, settings: Settings, chosen: Sequence[Variant]
) -> list[str]:
    remarks = [ONE_SEED]
    steps = any(one.before for one in chosen)
    if len(chosen) > 2:
        remarks.append(
            "p (Holm) is corrected for all variants that stand here, each less the whole"
            " model" + "; that of a step less the one before is not corrected" * steps + "."
        )
    if any(one.group == "matrix" for one in chosen):
        remarks.append(
            "A part that is left out of some streams is also compared with the same streams"
            " and every part; what is not in a network of these streams stays empty."
        )
    if any(one.group == "official" for one in chosen):
        remarks.append(
            "The steps to official-2024 add up; each is also compared with the step before."
            " All were trained for the same number of epochs; official-2024 asks for 200."
        )
    if settings.maps:
        remarks.append(
            "Fixation maps were looked at with the gaze; official-2024 has none."
        )
    elif prepared.dataset.maps is not None:
        remarks.append("Fixation maps were not looked at.")
    return remarks

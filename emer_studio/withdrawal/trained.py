"""What learned from a participant: nothing is unlearned, so a person has to hear of it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import sha256_file
from emer_studio.core.lockfile import holder_of
from emer_studio.core.modelfiles import search_folders
from emer_studio.fer.heads import mark_of
from emer_studio.fer.known import own_entry
from emer_studio.schema.fer_head import BEGUN_FILE
from emer_studio.study.folder import Study
from emer_studio.study.runs import LOCK_FILE
from emer_studio.withdrawal.places import files_below, object_at

__all__ = [
    "datasets_outside",
    "facts_of",
    "knowing",
    "may_have",
    "refuse_running",
    "runs_with",
]

_RUN = "run.json"
_LEARNED = ("train", "validation")  # who chose the epoch has been learned from as well
_PARTS = (*_LEARNED, "test")
_SAME = ("dataset_manifest_sha256", "protocol", "model", "split_sha256")
"""What an exported network and its run both say; older files know no split."""


def runs_with(study: Study, participant: str) -> Iterator[Path]:
    """Yield the runs that had a participant, and those of which nobody can tell."""
    for path in files_below(study.folder):
        if path.name == _RUN and may_have(path, participant):
            yield path.parent


def may_have(about: Path, participant: str) -> bool:
    """Tell of what a training wrote of itself whether it had a participant, or may have."""
    run = object_at(about)
    people = {code for fold in run.get("split", ()) for code in _people_of(fold, _PARTS)}
    return not run or (not run.get("synthetic") and participant in people)


def refuse_running(study: Study) -> None:
    """Refuse while a training runs: it would write down what is being erased.

    Raises
    ------
    BadInputError
    """
    for path in files_below(study.folder):
        if path.name == LOCK_FILE and (holder := holder_of(path)):
            raise BadInputError(
                f"{path.parent} is in use: {holder.get('what')} by process"
                f" {holder.get('pid')}; it may be learning from this participant."
                " Nothing was erased.",
                fix="Stop it first, where it was started."
                if (path.parent / BEGUN_FILE).is_file()
                else f"Stop it first: emer-studio train --stop {path.parent}",
            )


def knowing(
    study: Study, participant: str, runs: Sequence[Path], datasets: Collection[Path]
) -> Iterator[str]:
    """Tell in sentences what learned from a participant, and what to do about it.

    Parameters
    ----------
    study : Study
    participant : str
    runs : sequence of Path
        From `runs_with`.
    datasets : collection of Path
        Those that hold the participant.
    """
    for run in runs:
        yield from _of_run(study, participant, run)
    hashes = {_dataset_of(run) for run in runs}
    hashes |= {
        sha256_file(manifest)
        for folder in datasets
        if (manifest := folder / "manifest.json").is_file()
    }
    for path in files_below(study.folder):
        if path.suffix == ".onnx" and path.parent not in runs:
            yield from _of_network(study, participant, path, runs, hashes - {""})
    yield from _installed(study, participant)


def datasets_outside(study: Study, runs: Sequence[Path]) -> Iterator[str]:
    """Tell of datasets that runs were trained on and that lie outside of the study."""
    home = study.folder.resolve()
    found = {str(object_at(run / _RUN).get("dataset") or home) for run in runs}
    for data in sorted(map(Path, found)):
        if data.is_dir() and home not in (data.resolve(), *data.resolve().parents):
            yield f"the dataset {data}, outside of the study, which runs were trained on"


def _of_run(study: Study, participant: str, run: Path) -> Iterator[str]:
    about, name = object_at(run / _RUN), _name(study, run)
    if not about:
        yield f"{name}, whose run.json cannot be read: it may have learned from anybody"
        return
    anew = "train anew without this person, then `runs delete` it"
    knows = [fold for fold in about["split"] if participant in _people_of(fold, _LEARNED)]
    folds = f"fold{'s' * (len(knows) > 1)} "
    folds += ", ".join(str(fold.get("fold")) for fold in knows)
    which = f"those of {folds} of {len(about['split'])}"
    if about.get("kind") == "fer-head":
        which = "those of everybody" + (f" and of {folds}" if knows else "")
        anew = "train-head anew, then delete the folder"
    elif not knows:
        yield f"the scores of {name}: {participant} was tested there, not learned from"
        return
    yield f"the weights of {name}: {which} learned from {participant}; {anew}"


def _of_network(
    study: Study,
    participant: str,
    path: Path,
    runs: Sequence[Path],
    hashes: Collection[str],
) -> Iterator[str]:
    """Tell of an exported network; one of a fold that left the person out knows nothing."""
    facts = facts_of(path)
    copied = {object_at(run / _RUN).get("model_sha256") for run in runs} - {None}
    if facts.get("dataset_manifest_sha256") in hashes:
        alike = [
            fold
            for run in runs
            if all((about := object_at(run / _RUN)).get(key) == facts.get(key)
                   for key in _SAME if key in facts)
            for fold in about.get("split", ())
            if fold.get("fold") == facts.get("fold")
        ]  # fmt: skip
        if alike and not any(participant in _people_of(f, _LEARNED) for f in alike):
            return
    elif not copied or sha256_file(path) not in copied:
        return
    yield (
        f"the network {_name(study, path)}: it learned from {participant}; delete it, and"
        " export one that was trained without"
    )


def facts_of(path: Path) -> dict[str, Any]:
    """Return what one of our ONNX files says of itself."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load(str(path), load_external_data=False)
        return {one.key: json.loads(one.value) for one in model.metadata_props}
    except (DecodeError, ValueError, OSError):
        return {}  # not ours


def _installed(study: Study, participant: str) -> Iterator[str]:
    """Tell of the pre-labellers of this computer."""
    mark = mark_of(participant, study.file.seed)
    for path in (p for folder in search_folders() for p in sorted(folder.glob("*.toml"))):
        try:
            entry = own_entry(path)
        except BadInputError:
            continue  # `models list` says what is wrong with it
        if mark in (entry.trained_on or ()):
            yield (
                f"the model {entry.name} on this computer: it learned from {participant};"
                " train-head anew and take that one, then delete"
                f" {path.with_name(entry.file)} and {path.name}; and so on every computer"
                " that has it"
            )


def _people_of(fold: dict[str, Any], parts: Sequence[str]) -> set[str]:
    return {code for part in parts for code in fold.get(part, ())}


def _dataset_of(run: Path) -> str:
    return str(object_at(run / _RUN).get("dataset_manifest_sha256", ""))


def _name(study: Study, path: Path) -> str:
    return path.relative_to(study.folder).as_posix()

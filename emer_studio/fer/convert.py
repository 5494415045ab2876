"""Turns a Keras HDF5 network into a small ONNX file, for the layers we need and no other.

Reads the layer graph (JSON) and the weights as data; neither Keras nor TensorFlow is
involved. The weights are copied bit for bit and the file is written deterministically,
so the same input gives the same bytes, and their hash can stand in the manifest.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from emer_studio.core.errors import BadInputError

__all__ = ["OPSET", "keras_to_onnx"]

OPSET = 13  # the oldest with Squeeze's axes as an input; read by every onnxruntime >= 1.8
_IR_VERSION = 8
Array = npt.NDArray[np.float32]
Shape = tuple[int, int, int]  # channels, height, width


@dataclass(slots=True)
class _Graph:
    weights: dict[str, dict[str, Array]]
    nodes: list[Any] = field(default_factory=list)
    tensors: list[Any] = field(default_factory=list)
    parameters: int = 0
    shapes: dict[str, Shape] = field(default_factory=dict)

    def tensor(self, name: str, values: npt.NDArray[Any], *, counts: bool = True) -> str:
        from onnx import numpy_helper

        self.tensors.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        self.parameters += values.size if counts else 0
        return name

    def node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> None:
        from onnx import helper

        self.nodes.append(
            helper.make_node(kind, inputs, [output], name=f"{output}/{kind}", **attributes)
        )


def keras_to_onnx(content: bytes) -> tuple[bytes, int]:
    """Convert a Keras functional model to ONNX.

    Parameters
    ----------
    content : bytes
        An HDF5 file with ``model_config`` and ``model_weights``; channels last.

    Returns
    -------
    model : bytes
        ONNX with one input ``input`` (n, channels, height, width), float32, and one
        output ``output``.
    parameters : int
        Number of weights, moving statistics included.

    Raises
    ------
    BadInputError
        When the file is no such model or uses a layer that is not supported.
    """
    config, weights = _read(content)
    graph = _Graph(weights)
    try:
        last = ""
        for layer in config["layers"]:
            last = _add_layer(graph, layer)
        return _finish(graph, last), graph.parameters
    except (KeyError, IndexError, ValueError) as problem:
        raise BadInputError(
            f"The Keras model is not as expected: {problem!r}."
        ) from problem


def _read(content: bytes) -> tuple[dict[str, Any], dict[str, dict[str, Array]]]:
    import h5py

    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            config = json.loads(file.attrs["model_config"])
            weights = {
                name: _layer_weights(group) for name, group in file["model_weights"].items()
            }
    except (OSError, KeyError, ValueError) as problem:
        raise BadInputError(
            f"Expected a Keras model in HDF5; found something else: {problem}."
        ) from None
    if config.get("class_name") not in ("Model", "Functional"):
        raise BadInputError(
            f"Expected a Keras functional model; found {config.get('class_name')!r}."
        )
    return config["config"], weights


def _layer_weights(group: Any) -> dict[str, Array]:
    """Return the weights of a layer by their short name, e.g. ``gamma``."""
    found: dict[str, Array] = {}
    for full in group.attrs.get("weight_names", []):
        path = full.decode() if isinstance(full, bytes) else str(full)
        short = path.rsplit("/", 1)[-1].split(":")[0]
        found[short] = np.asarray(group[path], np.float32)
    return found


def _add_layer(graph: _Graph, layer: dict[str, Any]) -> str:
    kind, name, config = layer["class_name"], layer["name"], layer["config"]
    if kind == "InputLayer":
        _, height, width, channels = config["batch_input_shape"]
        graph.shapes[name] = (channels, height, width)
        return str(name)
    build = _BUILDERS.get(kind)
    if build is None:
        raise BadInputError(
            f"The layer {name!r} is a {kind}; expected one of {', '.join(_BUILDERS)}."
        )
    if config.get("data_format", "channels_last") != "channels_last":
        raise BadInputError(f"The layer {name!r} does not keep its channels last.")
    sources = [str(entry[0]) for entry in layer["inbound_nodes"][0]]
    build(graph, name, config, sources)
    if kind != "Activation" and config.get("activation", "linear") != "linear":
        raise BadInputError(f"The layer {name!r} has a built-in activation.")
    return str(name)


def _window(
    shape: Shape, kernel: list[int], strides: list[int], padding: str
) -> tuple[list[int], list[int]]:
    """Return ONNX pads (top, left, bottom, right) and the output size (h, w).

    "same" is TensorFlow's: output ceil(n / stride), the odd pixel of padding at the end.
    """
    before, after, size = [], [], []
    for length, width, step in zip(shape[1:], kernel, strides, strict=True):
        if padding == "valid":
            before.append(0)
            after.append(0)
            size.append((length - width) // step + 1)
            continue
        if padding != "same":
            raise BadInputError(f"Expected padding valid or same; found {padding!r}.")
        out = -(-length // step)
        total = max((out - 1) * step + width - length, 0)
        before.append(total // 2)
        after.append(total - total // 2)
        size.append(out)
    return [*before, *after], size


def _conv(graph: _Graph, name: str, config: dict[str, Any], sources: list[str]) -> None:
    shape, weights = graph.shapes[sources[0]], graph.weights[name]
    kernel, strides = config["kernel_size"], config["strides"]
    pads, size = _window(shape, kernel, strides, config["padding"])
    values = weights["kernel"].transpose(3, 2, 0, 1)  # (h, w, in, out) to (out, in, h, w)
    inputs = [sources[0], graph.tensor(f"{name}/kernel", values)]
    if config["use_bias"]:
        inputs.append(graph.tensor(f"{name}/bias", weights["bias"]))
    graph.node("Conv", inputs, name, kernel_shape=kernel, strides=strides, pads=pads)
    graph.shapes[name] = (values.shape[0], size[0], size[1])


def _separable(
    graph: _Graph, name: str, config: dict[str, Any], sources: list[str]
) -> None:
    shape, weights = graph.shapes[sources[0]], graph.weights[name]
    kernel, strides = config["kernel_size"], config["strides"]
    pads, size = _window(shape, kernel, strides, config["padding"])
    depth = weights["depthwise_kernel"]  # (h, w, in, multiplier)
    values = depth.reshape(*depth.shape[:2], 1, -1).transpose(3, 2, 0, 1)
    graph.node(
        "Conv",
        [sources[0], graph.tensor(f"{name}/depthwise", values)],
        f"{name}/between",
        kernel_shape=kernel,
        strides=strides,
        pads=pads,
        group=shape[0],
    )
    points = weights["pointwise_kernel"].transpose(3, 2, 0, 1)
    inputs = [f"{name}/between", graph.tensor(f"{name}/pointwise", points)]
    if config["use_bias"]:
        inputs.append(graph.tensor(f"{name}/bias", weights["bias"]))
    graph.node("Conv", inputs, name, kernel_shape=[1, 1])
    graph.shapes[name] = (points.shape[0], size[0], size[1])


def _batch_norm(
    graph: _Graph, name: str, config: dict[str, Any], sources: list[str]
) -> None:
    weights, channels = graph.weights[name], graph.shapes[sources[0]][0]
    plain = {
        "gamma": np.ones(channels, np.float32),
        "beta": np.zeros(channels, np.float32),
    }
    inputs = [sources[0]]
    for part in ("gamma", "beta", "moving_mean", "moving_variance"):
        values = weights[part] if part in weights else plain[part]
        inputs.append(graph.tensor(f"{name}/{part}", values, counts=part in weights))
    graph.node("BatchNormalization", inputs, name, epsilon=float(config["epsilon"]))
    graph.shapes[name] = graph.shapes[sources[0]]


def _activation(
    graph: _Graph, name: str, config: dict[str, Any], sources: list[str]
) -> None:
    kind = {"relu": "Relu", "softmax": "Softmax"}.get(config["activation"])
    if kind is None:
        raise BadInputError(f"The activation {config['activation']!r} is not supported.")
    graph.node(kind, sources, name, **({"axis": 1} if kind == "Softmax" else {}))
    graph.shapes[name] = graph.shapes[sources[0]]


def _max_pool(graph: _Graph, name: str, config: dict[str, Any], sources: list[str]) -> None:
    shape, kernel, strides = (
        graph.shapes[sources[0]],
        config["pool_size"],
        config["strides"],
    )
    pads, size = _window(shape, kernel, strides, config["padding"])
    graph.node("MaxPool", sources, name, kernel_shape=kernel, strides=strides, pads=pads)
    graph.shapes[name] = (shape[0], size[0], size[1])


def _add(graph: _Graph, name: str, config: dict[str, Any], sources: list[str]) -> None:
    if len(sources) != 2:
        raise BadInputError(f"The layer {name!r} adds {len(sources)} inputs; expected 2.")
    graph.node("Add", sources, name)
    graph.shapes[name] = graph.shapes[sources[0]]


def _mean(graph: _Graph, name: str, config: dict[str, Any], sources: list[str]) -> None:
    graph.node("GlobalAveragePool", sources, f"{name}/mean")
    axes = graph.tensor(f"{name}/axes", np.asarray([2, 3], np.int64), counts=False)
    graph.node("Squeeze", [f"{name}/mean", axes], name)
    graph.shapes[name] = (graph.shapes[sources[0]][0], 1, 1)


_BUILDERS = {
    "Conv2D": _conv,
    "SeparableConv2D": _separable,
    "BatchNormalization": _batch_norm,
    "Activation": _activation,
    "MaxPooling2D": _max_pool,
    "Add": _add,
    "GlobalAveragePooling2D": _mean,
}


def _finish(graph: _Graph, last: str) -> bytes:
    import onnx
    from onnx import TensorProto, helper

    first, shape = next(iter(graph.shapes.items()))
    for node in graph.nodes:
        node.input[:] = ["input" if name == first else name for name in node.input]
        node.output[:] = ["output" if name == last else name for name in node.output]
    done = graph.shapes[last]
    size = [done[0]] if done[1:] == (1, 1) else list(done)
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "converted",
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", *shape])],
            [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["n", *size])],
            graph.tensors,
        ),
        producer_name="emer-studio",
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=_IR_VERSION,
    )
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))

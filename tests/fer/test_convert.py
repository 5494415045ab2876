"""Our ONNX of a Keras network against an independent forward pass in NumPy."""

from __future__ import annotations

import io
import json

import h5py
import numpy as np
import onnxruntime
import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.fer.convert import keras_to_onnx

# -- the reference: channels last, loops over windows, written from Keras's definitions


def _pad_same(x, kernel, stride, fill):
    pads = [(0, 0)]
    for length in x.shape[1:3]:
        total = max((-(-length // stride) - 1) * stride + kernel - length, 0)
        pads.append((total // 2, total - total // 2))
    return np.pad(x, [*pads, (0, 0)], constant_values=fill)


def _windows(x, kernel, stride):
    n, height, width, channels = x.shape
    rows, columns = (height - kernel) // stride + 1, (width - kernel) // stride + 1
    out = np.empty((n, rows, columns, kernel, kernel, channels))
    for i in range(rows):
        for j in range(columns):
            y, z = i * stride, j * stride
            out[:, i, j] = x[:, y : y + kernel, z : z + kernel]
    return out


def _conv(x, kernel, stride=1, same=True):
    x = _pad_same(x, kernel.shape[0], stride, 0.0) if same else x
    return np.einsum("nijhwc,hwco->nijo", _windows(x, kernel.shape[0], stride), kernel)


def _depthwise(x, kernel):
    windows = _windows(_pad_same(x, kernel.shape[0], 1, 0.0), kernel.shape[0], 1)
    out = np.einsum("nijhwc,hwcm->nijcm", windows, kernel)
    return out.reshape(*out.shape[:3], -1)


def _norm(x, w):
    scale = w["gamma"] / np.sqrt(w["moving_variance"] + 1e-3)
    return (x - w["moving_mean"]) * scale + w["beta"]


def _reference(x, w):
    x = np.maximum(_norm(_conv(x, w["c1"]["kernel"], same=False), w["b1"]), 0.0)
    short = _norm(_conv(x, w["c2"]["kernel"], stride=2), w["b2"])
    deep = _conv(_depthwise(x, w["s1"]["depthwise_kernel"]), w["s1"]["pointwise_kernel"])
    deep = _windows(_pad_same(_norm(deep, w["b3"]), 3, 2, -np.inf), 3, 2).max(axis=(3, 4))
    last = _conv(short + deep, w["c3"]["kernel"]) + w["c3"]["bias"]
    mean = last.mean(axis=(1, 2))
    top = np.exp(mean - mean.max(axis=1, keepdims=True))
    return top / top.sum(axis=1, keepdims=True)


# -- the same network as a Keras file


def _layer(kind, name, after, **config):
    inbound = [[[source, 0, 0, {}] for source in after]] if after else []
    return {"class_name": kind, "name": name, "config": config, "inbound_nodes": inbound}


def _layers(size):
    plain = {"data_format": "channels_last", "activation": "linear", "use_bias": False}
    wide = plain | {"kernel_size": [3, 3], "strides": [1, 1], "padding": "same"}
    half = {"strides": [2, 2], "padding": "same"}
    return [
        _layer("InputLayer", "in", [], batch_input_shape=[None, size, size, 1]),
        _layer("Conv2D", "c1", ["in"], **wide | {"padding": "valid"}),
        _layer("BatchNormalization", "b1", ["c1"], epsilon=1e-3),
        _layer("Activation", "r1", ["b1"], activation="relu"),
        _layer("Conv2D", "c2", ["r1"], kernel_size=[1, 1], **plain, **half),
        _layer("BatchNormalization", "b2", ["c2"], epsilon=1e-3),
        _layer("SeparableConv2D", "s1", ["r1"], **wide),
        _layer("BatchNormalization", "b3", ["s1"], epsilon=1e-3),
        _layer("MaxPooling2D", "m1", ["b3"], pool_size=[3, 3], **half),
        _layer("Add", "a1", ["m1", "b2"]),
        _layer("Conv2D", "c3", ["a1"], **wide | {"use_bias": True}),
        _layer("GlobalAveragePooling2D", "g1", ["c3"]),
        _layer("Activation", "p1", ["g1"], activation="softmax"),
    ]


def _weights(seed):
    rng = np.random.default_rng(seed)

    def norm(channels):
        parts = ("gamma", "beta", "moving_mean", "moving_variance")
        return {part: rng.uniform(0.2, 1.5, channels).astype("f4") for part in parts}

    def values(*shape):
        return rng.normal(0.0, 0.7, shape).astype("f4")

    return {
        "c1": {"kernel": values(3, 3, 1, 4)},
        "b1": norm(4),
        "c2": {"kernel": values(1, 1, 4, 6)},
        "b2": norm(6),
        "s1": {
            "depthwise_kernel": values(3, 3, 4, 2),
            "pointwise_kernel": values(1, 1, 8, 6),
        },
        "b3": norm(6),
        "c3": {"kernel": values(3, 3, 6, 7), "bias": values(7)},
    }


def _keras_file(layers, weights):
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        config = {"class_name": "Model", "config": {"layers": layers}}
        file.attrs["model_config"] = json.dumps(config)
        for layer in layers:
            group = file.create_group(f"model_weights/{layer['name']}")
            mine = weights.get(layer["name"], {})
            group.attrs["weight_names"] = [f"{layer['name']}/{k}:0".encode() for k in mine]
            for key, value in mine.items():
                group.create_dataset(f"{layer['name']}/{key}:0", data=value)
    return stream.getvalue()


@pytest.mark.parametrize("size", [12, 13, 15, 16])
def test_same_numbers_as_the_independent_pass(size):
    weights = _weights(size)
    content, parameters = keras_to_onnx(_keras_file(_layers(size), weights))
    session = onnxruntime.InferenceSession(content)
    x = np.random.default_rng(1).normal(0.0, 1.0, (5, size, size, 1)).astype(np.float32)
    (found,) = session.run(None, {"input": x.transpose(0, 3, 1, 2)})
    expected = _reference(x.astype(np.float64), weights)
    assert found.shape == (5, 7)
    assert np.ptp(expected) > 0.05  # otherwise nothing was compared
    np.testing.assert_allclose(found, expected, atol=2e-6)
    assert parameters == sum(v.size for layer in weights.values() for v in layer.values())


def test_the_same_file_gives_the_same_bytes():
    content = _keras_file(_layers(12), _weights(0))
    assert keras_to_onnx(content) == keras_to_onnx(content)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"class_name": "LSTM"}, "LSTM"),
        ({"config": {"activation": "swish"}}, "swish"),
    ],
)
def test_a_layer_we_do_not_know_is_refused(change, words):
    layers = _layers(12)
    layers[3] = layers[3] | change
    with pytest.raises(BadInputError, match=words):
        keras_to_onnx(_keras_file(layers, _weights(0)))


def test_missing_weights_and_other_files_are_refused():
    weights = _weights(0)
    del weights["c3"]["bias"]
    with pytest.raises(BadInputError, match="bias"):
        keras_to_onnx(_keras_file(_layers(12), weights))
    with pytest.raises(BadInputError, match="HDF5"):
        keras_to_onnx(b"PK not a network")

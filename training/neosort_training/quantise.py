"""A graph of floats as a graph of eight bits: post-training, static, by `onnxruntime.quantization`.

What is eight bits wide follows from the graph alone: everything that lies *between* convolutions. The compression of
the field, which comes before the first of them, stays in float, and so do the last convolutions of each branch and all
that follows: peaks are picked, and items cut out and judged, on float values.

Activations are unsigned. Weights are signed, each output channel with a scale of its own, and use seven of their eight
bits: without VNNI, processors add two products of an unsigned and a signed byte in sixteen bits, which saturate where
both are large (Intel's VPMADDUBSW). With 255 · 64 · 2 they never do, so that a bundle says the same on every machine;
signed activations, the other way out, take almost twice the time there.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QDQQuantizer, QuantType
from onnxruntime.quantization.calibrate import CalibrationMethod, TensorData, TensorsData, create_calibrator

from neosort_datasets.window import BeltWindow
from neosort_inference.bundle import feeds_of

SCHEME = "static QDQ, activations uint8, weights int8 of 7 bits per output channel, ranges by minimum and maximum"
PICTURE = "picture"
_EIGHT_BITS = ("Conv", "Add", "Relu", "Clip", "Concat", "Resize", "MaxPool", "AveragePool", "GlobalAveragePool")
_LAYOUT = ("Transpose", "Reshape", "Squeeze", "Unsqueeze", "Slice")


def calibrated_ranges(model: onnx.ModelProto, windows: Iterable[BeltWindow]) -> TensorsData:
    """The least and the greatest value of every tensor that will be eight bits wide, over ``windows``.

    ``model``: as `with_picture_as_codes` returns it. The same network at another window size has tensors of the same
    names, so that the ranges serve there too.
    """
    with tempfile.TemporaryDirectory() as folder:
        plain, augmented = Path(folder) / "plain.onnx", Path(folder) / "augmented.onnx"
        onnx.save(model, plain)
        names = sorted({node.op_type for node in _trunk(model)})
        calibrator = create_calibrator(plain, names, str(augmented), CalibrationMethod.MinMax)
        calibrator.collect_data(_Windows(windows))
        ranges: TensorsData = calibrator.compute_data()
    for node in model.graph.node:
        if node.op_type == "DequantizeLinear":
            zero = _constant(model, node.input[2]) or 0.0
            ranges[node.output[0]] = TensorData(lowest=np.float32(-zero), highest=np.float32(255.0 - zero))
    return ranges


def quantised(model: onnx.ModelProto, ranges: TensorsData) -> onnx.ModelProto:
    """``model`` (as `with_picture_as_codes` returns it) in eight bits."""
    trunk = _trunk(model)
    quantizer = QDQQuantizer(
        model=onnx.shape_inference.infer_shapes(model),
        per_channel=True,
        reduce_range=True,
        weight_qType=QuantType.QInt8,
        activation_qType=QuantType.QUInt8,
        tensors_range=ranges,
        nodes_to_quantize=[node.name for node in trunk],
        nodes_to_exclude=[],
        op_types_to_quantize=sorted({node.op_type for node in trunk}),
        extra_options={"WeightSymmetric": True, "ActivationSymmetric": False},
    )
    quantizer.quantize_model()
    found: onnx.ModelProto = quantizer.model.model
    del found.graph.value_info[:]
    return found


def float_convolutions(model: onnx.ModelProto) -> tuple[str, ...]:
    """Names of the convolutions that stay in float."""
    inside = {node.name for node in _trunk(model)}
    return tuple(node.name for node in model.graph.node if node.op_type == "Conv" and node.name not in inside)


def with_picture_as_codes(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy in which the picture's bytes are the codes of the first convolution's input.

    "As float, less a grey" is what dequantising with scale 1 and that grey as zero means; said so, the runtime takes
    the bytes as they are and the picture never exists in float. A graph that treats its picture otherwise stays as it
    is.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    graph, found = copy.graph, _centring(copy)
    if found is not None:
        name, cast, less, grey = found
        graph.initializer.append(numpy_helper.from_array(np.array(1.0, dtype=np.float32), "picture_scale"))
        graph.initializer.append(numpy_helper.from_array(np.array(grey, dtype=np.uint8), "picture_zero"))
        inputs = [name, "picture_scale", "picture_zero"]
        codes = helper.make_node("DequantizeLinear", inputs, [less.output[0]], name="picture_as_codes")
        place = list(graph.node).index(cast)
        graph.node.remove(less)
        graph.node.remove(cast)
        graph.node.insert(place, codes)
    read = {name for node in graph.node for name in node.input}
    for unread in [tensor for tensor in graph.initializer if tensor.name not in read]:
        graph.initializer.remove(unread)  # the runtime would complain about each
    return copy


def _centring(model: onnx.ModelProto) -> tuple[str, onnx.NodeProto, onnx.NodeProto, int] | None:
    """The picture's bytes as they are cast to float, that node, the one that takes a grey off, and the grey."""
    readers = _readers(model)
    names = [PICTURE]
    for name in names:  # grows while it is gone through
        for reader in readers.get(name, []):
            if reader.op_type in _LAYOUT:
                names.append(reader.output[0])
            less = readers.get(reader.output[0], []) if reader.op_type == "Cast" else []
            grey = _constant(model, less[0].input[1]) if len(less) == 1 and less[0].op_type == "Sub" else None
            if grey is not None and grey == round(grey) and 0 <= grey <= 255:
                return name, reader, less[0], round(grey)
    return None


def _trunk(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    """Nodes that can be eight bits wide and have a convolution behind them, and one before them or are one.

    What comes after peaks were picked is no part of it.
    """
    nodes = _whole_window(model)
    before: set[str] = set()
    after: set[str] = set()
    leads: dict[int, bool] = {}
    for number, node in enumerate(nodes):
        leads[number] = node.op_type == "Conv" or any(name in before for name in node.input)
        if leads[number]:
            before.update(node.output)
    trunk = []
    for number, node in reversed(list(enumerate(nodes))):
        wanted = any(name in after for name in node.output)
        if wanted and leads[number] and node.op_type in _EIGHT_BITS:
            trunk.append(node)
        if wanted or node.op_type == "Conv":
            after.update(node.input)
    return trunk[::-1]


def _whole_window(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    """The nodes, in order, that work on the window before any peak is picked."""
    of_peaks: set[str] = set()
    whole = []
    for node in model.graph.node:
        if node.op_type == "TopK" or any(name in of_peaks for name in node.input):
            of_peaks.update(node.output)
        else:
            whole.append(node)
    return whole


def _readers(model: onnx.ModelProto) -> dict[str, list[onnx.NodeProto]]:
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in model.graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    return readers


def _constant(model: onnx.ModelProto, name: str) -> float | None:
    """The one number that an initializer holds, or None."""
    found = [tensor for tensor in model.graph.initializer if tensor.name == name]
    values = numpy_helper.to_array(found[0]).ravel() if found else np.zeros(0)
    return float(values[0]) if len(values) == 1 else None


class _Windows(CalibrationDataReader):  # type: ignore[misc]
    """Windows as the library asks for them."""

    def __init__(self, windows: Iterable[BeltWindow]) -> None:
        self._windows: Iterator[BeltWindow] = iter(windows)

    def get_next(self) -> dict[str, Any] | None:
        """The next window's arrays, None behind the last."""
        window = next(self._windows, None)
        return None if window is None else feeds_of(window)

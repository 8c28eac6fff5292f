"""Eight bits: what is made eight bits wide, and that it says what float says. The graphs are built by hand."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import helper, numpy_helper

from neosort_datasets.window import BeltWindow, WindowGrid
from neosort_training.config import ModelConfig
from neosort_training.graphs import float_model
from neosort_training.model import NeoNet
from neosort_training.quantise import calibrated_ranges, float_convolutions, quantised, with_picture_as_codes

GRID = WindowGrid(rows=32, cols=64)
U8, F32 = onnx.TensorProto.UINT8, onnx.TensorProto.FLOAT


def small_model(grey: float = 114.0) -> onnx.ModelProto:
    """A picture branch, a field branch that begins with Asinh, their sum, and a head whose output is a score."""
    rng = np.random.default_rng(0)

    def weight(name, *shape):
        return numpy_helper.from_array(rng.normal(0, 1 / np.sqrt(np.prod(shape[1:])), shape).astype(np.float32), name)

    def conv(name, x, stride, pads):
        return helper.make_node(
            "Conv", [x, f"{name}_w", f"{name}_b"], [name], name=name, strides=[stride] * 2, pads=[pads] * 4
        )

    nodes = [
        helper.make_node("Transpose", ["picture"], ["nchw"], perm=[0, 3, 1, 2], name="transpose"),
        helper.make_node("Cast", ["nchw"], ["floats"], to=F32, name="cast"),
        helper.make_node("Sub", ["floats", "grey"], ["centred"], name="sub"),
        conv("patch", "centred", 16, 0),
        helper.make_node("Relu", ["patch"], ["patch_r"], name="relu_1"),
        helper.make_node("Asinh", ["field_ut"], ["squeezed"], name="asinh"),
        helper.make_node("Concat", ["squeezed", "field_mask"], ["felt"], axis=1, name="concat"),
        conv("feel", "felt", 1, 1),
        helper.make_node("Add", ["patch_r", "feel"], ["sum"], name="add"),
        helper.make_node("Relu", ["sum"], ["sum_r"], name="relu_2"),
        conv("middle", "sum_r", 1, 1),
        helper.make_node("Relu", ["middle"], ["middle_r"], name="relu_3"),
        conv("head", "middle_r", 1, 0),
        helper.make_node("Sigmoid", ["head"], ["score"], name="sigmoid"),
    ]
    weights = {"patch": (16, 3, 16, 16), "feel": (16, 5, 3, 3), "middle": (16, 16, 3, 3), "head": (1, 16, 1, 1)}
    initializers = [weight(f"{name}_w", *shape) for name, shape in weights.items()]
    initializers[-1] = numpy_helper.from_array(0.03 * numpy_helper.to_array(initializers[-1]), "head_w")
    initializers += [numpy_helper.from_array(np.zeros(s[0], dtype=np.float32), f"{n}_b") for n, s in weights.items()]
    initializers += [
        numpy_helper.from_array(np.array(grey, dtype=np.float32), "grey"),
        numpy_helper.from_array(np.zeros(1, dtype=np.float32), "read by nobody"),
    ]
    value = helper.make_tensor_value_info
    inputs = [
        value("picture", U8, [1, 32, 64, 3]),
        value("field_ut", F32, [1, 3, 2, 4]),
        value("field_mask", F32, [1, 2, 2, 4]),
    ]
    graph = helper.make_graph(nodes, "small", inputs, [value("score", F32, [1, 1, 2, 4])], initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def windows(count: int) -> list[BeltWindow]:
    rng = np.random.default_rng(1)
    return [
        BeltWindow(
            grid=GRID,
            start_mm=0.0,
            picture=rng.integers(60, 200, (32, 64, 3), dtype=np.uint8),  # never quite black, never quite white
            field_ut=rng.normal(0, 50, (3, 2, 4)).astype(np.float32),
            field_mask=np.ones((2, 2, 4), dtype=np.float32),
            last_input_ns=0,
            sequence=number,
        )
        for number in range(count)
    ]


def feeds(window: BeltWindow) -> dict[str, np.ndarray]:
    return {"picture": window.picture[None], "field_ut": window.field_ut[None], "field_mask": window.field_mask[None]}


def answers(model: onnx.ModelProto, seen: list[BeltWindow]) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.stack([session.run(None, feeds(window))[0] for window in seen])


def eight_bits(model: onnx.ModelProto, count: int = 16) -> onnx.ModelProto:
    coded = with_picture_as_codes(model)
    return quantised(coded, calibrated_ranges(coded, windows(count)))


def test_eight_bits_say_nearly_what_float_says():
    model, seen = small_model(), windows(8)
    exact, found = answers(model, seen), answers(eight_bits(model), seen)
    assert np.abs(found - exact).mean() < 0.05 * exact.std(), "the answers differ among themselves by far more"
    assert np.abs(found - exact).max() < 0.03


def test_what_lies_between_convolutions_is_eight_bits_wide_and_nothing_else():
    model = eight_bits(small_model())
    made_by = {name: node for node in model.graph.node for name in node.output}
    weights = {
        node.name: made_by[node.input[1]].op_type
        for node in model.graph.node
        if node.op_type == "Conv" and node.input[1] in made_by
    }
    assert weights == dict.fromkeys(("patch", "feel", "middle"), "DequantizeLinear")
    assert float_convolutions(small_model()) == ("head",)
    assert made_by["squeezed"].input[0] == "field_ut"
    score = next(node for node in model.graph.node if node.op_type == "Sigmoid")
    assert made_by[score.input[0]].op_type == "Conv", "peaks are picked on float scores"


def test_items_are_judged_in_float():
    torch.manual_seed(0)
    net = NeoNet(ModelConfig(stem=8, stride_8=16, stride_16=32, stride_32=32, field=16, neck=16, item_head=32), 3)
    model = with_picture_as_codes(float_model(net.eval(), WindowGrid(rows=64, cols=64)))
    order = [node.op_type for node in model.graph.node]
    picked = order.index("TopK")
    inside = {node.name for node in model.graph.node if node.op_type == "Conv"} - set(float_convolutions(model))
    assert len(inside) > 10, "the trunk is eight bits wide"
    assert not inside & {node.name for node in model.graph.node[picked:]}, "what follows the peaks is not"
    assert "DequantizeLinear" in order, "though items are cut out of it, the picture goes in as codes"


def test_weights_use_seven_bits_so_that_sixteen_never_saturate():
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in eight_bits(small_model()).graph.initializer}
    weights = [values for values in stored.values() if values.dtype == np.int8 and values.ndim == 4]
    assert len(weights) == 3
    assert max(int(np.abs(values.astype(int)).max()) for values in weights) <= 64
    scales = [values for name, values in stored.items() if name.startswith("middle_w") and values.dtype == np.float32]
    assert scales[0].shape == (16,), "each output channel has a scale of its own"


def test_the_picture_goes_in_as_it_is():
    model = with_picture_as_codes(small_model())
    ops = [node.op_type for node in model.graph.node]
    assert "Cast" not in ops
    assert ops.count("DequantizeLinear") == 1
    assert "read by nobody" not in {tensor.name for tensor in model.graph.initializer}
    np.testing.assert_array_equal(answers(model, windows(2)), answers(small_model(), windows(2)))
    black = windows(1)
    black[0].picture[:] = 0
    exact, found = answers(small_model(), black), answers(eight_bits(small_model()), black)
    assert np.abs(found - exact).max() < 0.05, "no byte is clipped, whatever the ranges were found on"


@pytest.mark.parametrize("grey", [114.5, -1.0, 300.0])
def test_a_picture_treated_otherwise_stays_as_it_is(grey):
    ops = [node.op_type for node in with_picture_as_codes(small_model(grey)).graph.node]
    assert {"Cast", "Sub"} <= set(ops)


def test_ranges_serve_the_same_network_at_another_size():
    """Names of tensors are all that the ranges hang on."""
    coded = with_picture_as_codes(small_model())
    ranges = calibrated_ranges(coded, windows(4))
    assert ranges["centred"].range_value == (-114.0, 141.0)
    again = quantised(with_picture_as_codes(small_model()), ranges)
    assert again.SerializeToString() == quantised(coded, ranges).SerializeToString()

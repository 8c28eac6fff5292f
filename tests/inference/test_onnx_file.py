"""ONNX files read off their bytes: what may be run passes, what reaches outside, loops or is torn does not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neosort_inference.onnx_file import MAX_NODES, OnnxFileError, inspect
from neosort_inference.opening import bundle_path

pytestmark = pytest.mark.computes

onnx = pytest.importorskip("onnx", reason="onnx builds the models that these tests read")
h = onnx.helper
FLOAT = onnx.TensorProto.FLOAT
WEIGHT = onnx.numpy_helper.from_array(np.arange(6, dtype=np.float32), "w")


def model(*nodes, initializers=(WEIGHT,), **more):
    nodes = nodes or (h.make_node("Add", ["x", "w"], ["y"]),)
    value = h.make_tensor_value_info
    graph = h.make_graph(list(nodes), "g", [value("x", FLOAT, [6])], [value("y", FLOAT, [6])], list(initializers))
    return h.make_model(graph, opset_imports=[h.make_opsetid("", 18)], ir_version=9, **more)


WHOLE = model(
    h.make_node("Add", ["x", "w"], ["z"]), h.make_node("Relu", ["z"], ["y"]), doc_string="µ"
).SerializeToString()


def refused(data: bytes) -> str:
    with pytest.raises(OnnxFileError) as caught:
        inspect(data)
    return str(caught.value)


def test_a_plain_model_is_read():
    proto = model(h.make_node("Add", ["x", "w"], ["z"]), h.make_node("Add", ["z", "w"], ["y"]))
    data = proto.SerializeToString()
    entry = onnx.StringStringEntryProto(key="k", value="wörter")
    found = inspect(data + onnx.ModelProto(metadata_props=[entry]).SerializeToString())
    assert found.ops == {"Add": 2}
    assert found.opset == 18
    assert found.initializer_bytes >= 24
    assert found.metadata == {"k": "wörter".encode()}
    assert found.graph_ends == len(data)


def test_the_shipped_bundle_is_read():
    data = bundle_path(None).read_bytes()
    found = inspect(data)
    assert found.ops["Conv"] > 10
    told = sum(len(entry) for entry in found.metadata.values())  # the card, and the weights to go on learning from
    assert 0.9 < (found.initializer_bytes + told) / len(data) < 1.0


def test_data_in_another_file_are_refused_wherever_the_tensor_stands():
    reaching = onnx.TensorProto(name="w", data_type=FLOAT, dims=[6], data_location=onnx.TensorProto.EXTERNAL)
    reaching.external_data.add(key="location", value="../../secrets")
    assert "another file" in refused(model(initializers=(reaching,)).SerializeToString())
    constant = h.make_node("Constant", [], ["y"])
    constant.attribute.add(name="value", type=onnx.AttributeProto.TENSOR).t.CopyFrom(reaching)
    assert "another file" in refused(model(constant).SerializeToString())
    only_named = onnx.TensorProto(name="w", data_type=FLOAT, dims=[6])
    only_named.external_data.add(key="location", value="x")
    assert "another file" in refused(model(initializers=(only_named,)).SerializeToString())


def test_operators_of_somebody_else_are_refused():
    data = model(h.make_node("Shell", ["x"], ["y"], domain="com.example")).SerializeToString()
    assert "'Shell'" in refused(data)
    assert "com.example" in refused(data)


@pytest.mark.parametrize("attribute", ["g", "graphs"])
def test_a_graph_in_the_graph_is_refused(attribute):
    body = h.make_graph([], "body", [], [])
    node = h.make_node("Loop", ["x"], ["y"], body=body if attribute == "g" else [body])
    assert "branches or loops" in refused(model(node).SerializeToString())


def test_functions_of_its_own_are_refused():
    proto = model()
    proto.functions.add(name="f", domain="mine")
    assert "functions" in refused(proto.SerializeToString())


def test_metadata_twice_are_refused():
    entry = onnx.StringStringEntryProto(key="k", value="v")
    tail = onnx.ModelProto(metadata_props=[entry, entry]).SerializeToString()
    assert "'k' twice" in refused(WHOLE + tail)


def test_two_graphs_are_refused():
    assert "2 graphs" in refused(WHOLE + WHOLE)


def test_too_many_operators_are_refused():
    nodes = [h.make_node("Relu", ["x"], [f"y{number}"]) for number in range(MAX_NODES + 1)]
    assert str(MAX_NODES) in refused(model(*nodes).SerializeToString())


@settings(deadline=None)
@given(st.integers(0, len(WHOLE) - 1))
def test_a_torn_file_is_refused_or_has_lost_whole_fields_at_its_end(length):
    """A cut between two fields leaves a shorter, well-formed message; the bundle's checksum catches that."""
    try:
        found = inspect(WHOLE[:length])
    except OnnxFileError:
        return
    assert found.graph_ends == length


def said_of(data: bytes) -> str:
    try:
        inspect(data)
    except OnnxFileError as error:
        return str(error)
    return "may be run"


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_in_one_line(data):
    assert said_of(data).count("\n") == 0


@settings(deadline=None)
@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255))
def test_any_changed_byte_is_read_or_refused_in_one_line(place, byte):
    data = bytearray(WHOLE)
    data[place] = byte
    assert said_of(bytes(data)).count("\n") == 0

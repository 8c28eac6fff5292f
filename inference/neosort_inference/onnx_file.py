"""What stands in an ONNX file, read off its bytes before any library is let near it.

A bundle comes from somewhere else. So that the runtime is never handed a file that opens others, calls code of its own
or goes round in circles, the few fields that could do so are looked for in the wire format of protocol buffers
(protobuf.dev, "Encoding"), whose field numbers for ONNX stand in onnx.proto. Everything else is passed over unread.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

# Domains whose operators come with every runtime and follow a specification; anything else is somebody's own code.
KNOWN_DOMAINS = frozenset({"", "ai.onnx"})
MAX_NODES = 10_000
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_MAX_VARINT_BYTES = 10
_MODEL_GRAPH, _MODEL_OPSET, _MODEL_METADATA, _MODEL_TRAINING, _MODEL_FUNCTIONS = 7, 8, 14, 20, 25
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_SPARSE = 1, 5, 15
_NODE_OP, _NODE_ATTRIBUTE, _NODE_DOMAIN = 4, 5, 7
_ATTRIBUTE_TENSOR, _ATTRIBUTE_GRAPH, _ATTRIBUTE_TENSORS, _ATTRIBUTE_GRAPHS = 5, 6, 10, 11
_ATTRIBUTE_SPARSE = (22, 23)
_TENSOR_EXTERNAL, _TENSOR_LOCATION = 13, 14


class OnnxFileError(Exception):
    """A file is no ONNX model, or one that may not be run. The text is the cause, in a few words."""


@dataclass(slots=True)
class OnnxFile:
    """``ops``: how often each operator occurs. ``metadata``: its entries. ``graph_ends``: where in the file the last
    field ends that is not metadata."""

    opset: int = 0
    nodes: int = 0
    ops: Counter[str] = field(default_factory=Counter)
    initializer_bytes: int = 0
    metadata: dict[str, bytes] = field(default_factory=dict)
    graph_ends: int = 0


@dataclass(frozen=True, slots=True)
class _Field:
    number: int
    value: int | memoryview
    end: int

    def message(self) -> memoryview:
        if not isinstance(self.value, memoryview):
            raise OnnxFileError(f"not an ONNX model (field {self.number} is a number where a message belongs)")
        return self.value

    def text(self) -> str:
        try:
            return bytes(self.message()).decode("utf-8")
        except UnicodeDecodeError as error:
            raise OnnxFileError(f"not an ONNX model (field {self.number} is no text)") from error


def inspect(data: bytes) -> OnnxFile:
    """Walk through a file. Raises `OnnxFileError` for what is torn or foreign, reaches for other files, brings code of
    its own, or may loop."""
    found, graphs = OnnxFile(), 0
    for one in _fields(memoryview(data)):
        if one.number == _MODEL_METADATA:
            _take_metadata(one, found)
            continue
        found.graph_ends = one.end
        if one.number == _MODEL_GRAPH:
            graphs += 1
            _walk_graph(one.message(), found)
        elif one.number == _MODEL_OPSET:
            _take_opset(one.message(), found)
        elif one.number in (_MODEL_TRAINING, _MODEL_FUNCTIONS):
            raise OnnxFileError("it brings functions or training steps of its own")
    if graphs != 1:
        raise OnnxFileError(f"not an ONNX model ({graphs} graphs)")
    return found


def _take_metadata(one: _Field, found: OnnxFile) -> None:
    entry = {part.number: part for part in _fields(one.message())}
    key = entry[1].text() if 1 in entry else ""
    if key in found.metadata:
        raise OnnxFileError(f"its metadata hold {key[:60]!r} twice")
    found.metadata[key] = bytes(entry[2].message()) if 2 in entry else b""


def _take_opset(message: memoryview, found: OnnxFile) -> None:
    entry = {part.number: part for part in _fields(message)}
    domain = entry[1].text() if 1 in entry else ""
    version = entry[2].value if 2 in entry else 0
    if domain in KNOWN_DOMAINS and isinstance(version, int):
        found.opset = version


def _walk_graph(message: memoryview, found: OnnxFile) -> None:
    for one in _fields(message):
        if one.number == _GRAPH_NODE:
            _walk_node(one.message(), found)
        elif one.number == _GRAPH_INITIALIZER:
            found.initializer_bytes += len(one.message())
            _must_be_inside(one.message())
        elif one.number == _GRAPH_SPARSE:
            raise OnnxFileError("it holds sparse tensors")


def _walk_node(message: memoryview, found: OnnxFile) -> None:
    op = domain = ""
    for one in _fields(message):
        if one.number == _NODE_OP:
            op = one.text()
        elif one.number == _NODE_DOMAIN:
            domain = one.text()
        elif one.number == _NODE_ATTRIBUTE:
            _walk_attribute(one.message())
    if domain not in KNOWN_DOMAINS:
        raise OnnxFileError(f"operator {op[:60]!r} is of the domain {domain[:60]!r}, only ONNX's own are allowed")
    found.ops[op] += 1
    found.nodes += 1
    if found.nodes > MAX_NODES:
        raise OnnxFileError(f"it has more than {MAX_NODES} operators")


def _walk_attribute(message: memoryview) -> None:
    for one in _fields(message):
        if one.number in (_ATTRIBUTE_GRAPH, _ATTRIBUTE_GRAPHS):
            raise OnnxFileError("it branches or loops (a graph inside its graph): what a window costs must be fixed")
        if one.number in (_ATTRIBUTE_TENSOR, _ATTRIBUTE_TENSORS):
            _must_be_inside(one.message())
        if one.number in _ATTRIBUTE_SPARSE:
            raise OnnxFileError("it holds sparse tensors")


def _must_be_inside(tensor: memoryview) -> None:
    for one in _fields(tensor):
        if one.number == _TENSOR_EXTERNAL or (one.number == _TENSOR_LOCATION and one.value != 0):
            raise OnnxFileError("it reaches outside itself: the data of a tensor lie in another file")


def _fields(data: memoryview) -> Iterator[_Field]:
    """The fields of one message in order. Raises `OnnxFileError` where they do not end with it."""
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        number, wire = tag >> 3, tag & 7
        value: int | memoryview
        if wire == _VARINT:
            value, place = _varint(data, place)
        elif wire in (_LENGTH, _FIXED64, _FIXED32):
            length, place = _varint(data, place) if wire == _LENGTH else (8 if wire == _FIXED64 else 4, place)
            value = data[place : place + length]
            if len(value) != length:
                raise OnnxFileError(f"torn: {length} bytes announced, {len(value)} there")
            place += length
        else:
            raise OnnxFileError("not a protocol buffer")
        if number == 0:
            raise OnnxFileError("not a protocol buffer")
        yield _Field(number, value, place)


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    value = 0
    for count in range(_MAX_VARINT_BYTES):
        if place + count >= len(data):
            raise OnnxFileError("torn in the middle of a number")
        byte = data[place + count]
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            return value, place + count + 1
    raise OnnxFileError("not a protocol buffer")

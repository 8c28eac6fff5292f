"""Bundles: a whole one runs, everything else is refused in one sentence. The models here are built by hand."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

from neosort_datasets.window import BeltWindow, WindowGrid
from neosort_inference.bundle import BundleError, load_bundle

pytestmark = pytest.mark.computes

onnx = pytest.importorskip("onnx", reason="onnx builds the models that these tests load")
FLOAT, U8 = 1, 2
GRID = WindowGrid(rows=32, cols=64)
SHAPES = {"boxes_mm": [1, 64, 4], "score": [1, 64], "kind_p": [1, 64, 2], "p_ndfeb": [1, 64], "magnet_g": [1, 64]}
SHAPES |= {"magnet_g_sigma": [1, 64]}


def model_bytes(shapes=SHAPES, picture=(1, 32, 64, 3)):
    """A model whose outputs are the field's sum plus the output's number, which is enough to tell them apart."""
    h = onnx.helper
    inputs = [
        h.make_tensor_value_info("picture", U8, list(picture)),
        h.make_tensor_value_info("field_ut", FLOAT, [1, 3, 2, 4]),
        h.make_tensor_value_info("field_mask", FLOAT, [1, 2, 2, 4]),
    ]
    nodes, constants, outputs = [h.make_node("ReduceSum", ["field_ut"], ["sum"], keepdims=0)], [], []
    for number, (name, shape) in enumerate(shapes.items()):
        constants.append(onnx.numpy_helper.from_array(np.full(shape, number, dtype=np.float32), f"c_{name}"))
        nodes.append(h.make_node("Add", [f"c_{name}", "sum"], [name]))
        outputs.append(h.make_tensor_value_info(name, FLOAT, shape))
    graph = h.make_graph(nodes, "hand-made", inputs, outputs, constants)
    model = h.make_model(graph, opset_imports=[h.make_opsetid("", 18)], ir_version=9)
    return model.SerializeToString()


def metadata(model, **changes):
    fields = {
        "schema_version": 2,
        "name": "hand-made",
        "precision": "fp32",
        "kinds": ["disk", "steel"],
        "grid": {"rows": 32, "cols": 64, "mm_per_px": 1.0, "across_start_mm": -20.0, "cell_px": 16},
        "units": {"boxes_mm": "mm"},
        "thresholds": [{"purity_target": 0.9, "p_ndfeb": 0.5, "recovery": 0.8, "purity": 0.92, "n": 10}],
        "score_min": 0.25,
        "training": {
            "command": "neosort-train train x.toml",
            "config": "",
            "datasets": [{"path": "stores/train", "split": "train", "windows": 3, "seeds": [1]}],
            "epochs": 1,
            "steps": 2,
            "versions": {"torch": "2"},
            "made_at": "2025-01-01T00:00:00+00:00",
        },
        "model_bytes": len(model),
        "sha256": hashlib.sha256(model).hexdigest(),
    }
    return fields | changes


def tail(fields):
    entry = onnx.StringStringEntryProto(key="neosort", value=json.dumps(fields))
    return onnx.ModelProto(metadata_props=[entry]).SerializeToString()


def write(path, *, model=None, **changes):
    model = model_bytes() if model is None else model
    path.write_bytes(model + tail(metadata(model, **changes)))
    return path


def belt_window(grid=GRID):
    return BeltWindow(
        grid=grid,
        start_mm=0.0,
        picture=np.zeros((grid.rows, grid.cols, 3), dtype=np.uint8),
        field_ut=np.full((3, grid.field_rows, grid.field_cols), 0.5, dtype=np.float32),
        field_mask=np.ones((2, grid.field_rows, grid.field_cols), dtype=np.float32),
        last_input_ns=0,
        sequence=0,
    )


def test_whole_bundle_runs(tmp_path):
    bundle = load_bundle(write(tmp_path / "model.onnx"))
    assert bundle.metadata.kinds == ("disk", "steel")
    assert bundle.metadata.grid == GRID
    assert bundle.warm_up(2) > 0
    found = bundle.run(belt_window())
    assert found.boxes_mm.shape == (64, 4)
    assert found.kind_p.shape == (64, 2)
    values = [found.boxes_mm, found.score, found.kind_p, found.p_ndfeb, found.magnet_g, found.magnet_g_sigma]
    assert [float(array.flat[0]) for array in values] == [12.0, 13.0, 14.0, 15.0, 16.0, 17.0]


def test_window_of_another_grid_is_refused(tmp_path):
    bundle = load_bundle(write(tmp_path / "model.onnx"))
    with pytest.raises(ValueError, match="rows=64"):
        bundle.run(belt_window(WindowGrid(rows=64, cols=64)))


def refused(path):
    """The sentence with which ``path`` is refused."""
    with pytest.raises(BundleError) as caught:
        load_bundle(path)
    text = str(caught.value)
    assert str(path) in text
    assert "\n" not in text
    return text


def test_missing_foreign_and_empty_files(tmp_path):
    assert "No such file" in refused(tmp_path / "missing.onnx")
    for name, data in (("text.onnx", b"not a model at all, merely words\n" * 9), ("empty.onnx", b"")):
        (tmp_path / name).write_bytes(data)
        assert "not an ONNX model" in refused(tmp_path / name)
    assert "cannot be read" in refused(tmp_path)
    plain = tmp_path / "plain.onnx"
    plain.write_bytes(model_bytes())
    assert "not a neosort bundle" in refused(plain)


def test_no_truncation_passes(tmp_path):
    whole = write(tmp_path / "model.onnx").read_bytes()
    torn = tmp_path / "torn.onnx"
    for length in np.linspace(0, len(whole) - 1, 60).astype(int):
        torn.write_bytes(whole[:length])
        refused(torn)


def test_altered_weight_is_noticed(tmp_path):
    path = write(tmp_path / "model.onnx")
    data = bytearray(path.read_bytes())
    three = np.full(16, 3.0, dtype=np.float32).tobytes()
    data[data.index(three)] ^= 1
    path.write_bytes(data)
    assert "torn or altered" in refused(path)


def test_a_second_graph_behind_the_checksum_is_noticed(tmp_path):
    path = write(tmp_path / "model.onnx")
    more = onnx.ModelProto(producer_name="somebody else").SerializeToString()
    path.write_bytes(path.read_bytes() + more)
    assert "more than metadata" in refused(path)


def test_a_model_that_reaches_for_another_file_never_gets_to_the_runtime(tmp_path, monkeypatch):
    monkeypatch.setattr("neosort_inference.bundle.open_session", lambda *_: pytest.fail("the runtime was asked"))
    model = onnx.load_from_string(model_bytes())
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    path = write(tmp_path / "reaching.onnx", model=model.SerializeToString())
    assert "outside itself" in refused(path)


def test_a_model_the_runtime_does_not_know_is_refused(tmp_path):
    model = onnx.load_from_string(model_bytes())
    model.graph.node[0].op_type = "ReduceEverything"
    assert "the runtime does not take it" in refused(write(tmp_path / "odd.onnx", model=model.SerializeToString()))


def test_oversized_file_is_not_even_read(tmp_path):
    path = tmp_path / "huge.onnx"
    with path.open("wb") as stream:
        stream.truncate(65 * 1024 * 1024)
    assert "at most" in refused(path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"schema_version": 1}, "schema_version = 1"),
        ({"precision": "int8"}, "quantisation goes with"),
        ({"kinds": []}, "kinds"),
        ({"kinds": ["disk", "disk"]}, "twice"),
        ({"surprise": 1}, "unknown key 'surprise'"),
        ({"kinds": ["disk", "steel", "pcb"]}, "output 'kind_p'"),
        ({"grid": {"rows": 64, "cols": 64, "mm_per_px": 1.0, "across_start_mm": 0.0, "cell_px": 16}}, "input 'field"),
    ],
)
def test_metadata_that_does_not_fit(tmp_path, changes, words):
    assert words in refused(write(tmp_path / "model.onnx", **changes))


def test_wrong_borders(tmp_path):
    other = SHAPES | {"kind_p": [1, 40, 2]}
    assert "must be ('tensor(float)', [1, 64, 2])" in refused(write(tmp_path / "other.onnx", model=model_bytes(other)))
    fewer = {name: shape for name, shape in SHAPES.items() if name != "magnet_g"}
    assert "output 'magnet_g' is None" in refused(write(tmp_path / "fewer.onnx", model=model_bytes(fewer)))
    more = SHAPES | {"extra": [1]}
    assert "output 'extra'" in refused(write(tmp_path / "more.onnx", model=model_bytes(more)))
    shape = model_bytes(picture=(1, 32, 64, 4))
    assert "input 'picture'" in refused(write(tmp_path / "shape.onnx", model=shape))
